"""Windows, address sets and own reads of chains, against loops written from the document."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chain_programs import PRIVATE, SHARED, decode, program
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from npusim import isa
from npusim.chain import ComputeChain, Memory, decode_stream, reduce_windows
from npusim.config import NpuConfig
from npusim.errors import ProgramError
from npusim.isa import Space

# ---- windows ---------------------------------------------------------------------------------------------------------


def windows_by_element(n: int, head: int, overlap: int, run: int, tail: int, elements: int) -> list[tuple[int, int]]:
    """Section 3.4, one element after the other."""
    found = []
    for base in range(0, elements, run):
        start, size, first = 0, head, True
        while start < run:
            length = min(size, run - start)
            new = length - (0 if first else overlap)
            if length == size or (tail and new > 0):
                found.append((base + start, length))
            start, size, first = start + size - overlap, n, False
    return found


@given(
    st.integers(1, 6), st.integers(1, 9), st.integers(0, 1), st.integers(1, 20), st.integers(0, 1), st.integers(1, 3)
)
def test_windows(n: int, head: int, overlap: int, run: int, tail: int, runs: int) -> None:
    assume(n > overlap)
    windows = reduce_windows(n, head, overlap, run, tail, run * runs)
    assert [tuple(w) for w in windows.tolist()] == windows_by_element(n, head, overlap, run, tail, run * runs)


# ---- address sets ----------------------------------------------------------------------------------------------------

SMALL = st.integers(1, 3)
PITCH = st.integers(0, 5)
ANY_REGS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("ROWS", "COLS", "KH", "KW", "KC", "STRIDE_H", "STRIDE_W", "DILATION_H", "DILATION_W"), SMALL),
        **dict.fromkeys(("PAD_TOP", "PAD_LEFT"), st.integers(0, 2)),
        **dict.fromkeys(("IN_H", "IN_W", "OUT_COLS", "MV_ROWS", "CHANNELS", "TILES"), st.integers(1, 4)),
        **dict.fromkeys(("RD_ROW", "RD_COL", "OP0_ROW", "OP0_COL", "OP1_ROW", "OP1_COL", "WR_ROW", "WR_COL"), PITCH),
        **dict.fromkeys(("RED_N", "RED_HEAD"), SMALL),
        **dict.fromkeys(("RED_OVERLAP", "RED_TAIL"), st.integers(0, 1)),
    }
)
ADDR = st.integers(0, 8)


def trace(chain: ComputeChain, config: NpuConfig) -> list[tuple[str, Memory, int, int]]:
    """Every access of a compute chain by the loops of the document: ("r" or "w", memory, address, word), in order."""
    r, log = chain.regs, []
    lanes, engines = config.native_dim, 1 if config.shared_weights else config.engines
    count = r.mv_rows if chain.matmul else 1
    windows = [(i, 1) for i in range(chain.elements)]
    if chain.reduce:
        tail = (r.red_n, r.red_head, r.red_overlap, r.red_run, r.red_tail, chain.elements)
        windows = windows_by_element(*tail)
    element = number = 0

    def emit() -> None:
        nonlocal number
        while number < len(windows) and sum(windows[number]) <= element:
            i, j = number // r.out_cols, number % r.out_cols
            for o in chain.mfu1.operands:
                step = i * r.op1_row + j * r.op1_col if o.step else number % count
                log.append(("r", Memory(o.space), o.addr + step, o.word))
            log.extend(("w", Memory(t.space), t.addr + i * r.wr_row + j * r.wr_col, t.word) for t in chain.targets)
            number += 1

    def mfu0(row: int, column: int, tile: int) -> None:
        nonlocal element
        for o in chain.mfu0.operands:
            step = row * r.op0_row + column * r.op0_col if o.step else 0
            log.append(("r", Memory(o.space), o.addr + step + tile, o.word))
        element += 1
        emit()

    for row in range(r.rows):
        for column in range(r.cols):
            taps = []
            for i in range(r.kh):
                for j in range(r.kw):
                    y = row * r.stride_h + i * r.dilation_h - r.pad_top
                    x = column * r.stride_w + j * r.dilation_w - r.pad_left
                    inside = 0 <= y < r.in_h and 0 <= x < r.in_w
                    if chain.source.space == Space.EXPANDER:
                        places = {y * r.rd_row + (x * r.channels + ch) // lanes for ch in range(r.channels)}
                        places = {(chain.source.addr + place) % config.expander for place in places}
                        taps += [("r", Memory.EXPANDER, place, chain.source.word) for place in places if inside]
                        continue
                    for k in range(r.kc):
                        at = chain.source.addr + y * r.rd_row + x * r.rd_col + k
                        taps.append(("r", Memory.INITIAL_VRF, at if inside else -1, chain.source.word))
            if chain.matmul is None and chain.source.space == Space.EXPANDER:
                log += taps
                for _ in range(r.kc):
                    mfu0(row, column, 0)
            elif chain.matmul is None:
                for tap in taps:
                    log.append(tap)
                    mfu0(row, column, 0)
            else:
                log += taps
                for tile in range(count):
                    for k in range(chain.window):
                        slot = chain.matmul.tile + tile // engines * chain.window + k
                        at = slot % config.mrf_slots * engines + tile % engines
                        log.append(("r", Memory.MATRIX_RF, at, chain.matmul.word))
                    if not chain.matmul.hold:
                        mfu0(row, column, tile)
    return [entry for entry in log if entry[2] >= 0]


@st.composite
def compute_programs(draw: st.DrawFn, big: NpuConfig) -> list[int]:
    """Programs of one compute chain with every combination of stages."""
    regs = dict(draw(ANY_REGS))
    expands = draw(st.booleans())
    if expands:
        regs["KC"] = -(-regs["KH"] * regs["KW"] * regs["CHANNELS"] // big.native_dim)
        regs["RD_ROW"] += -(-regs["IN_W"] * regs["CHANNELS"] // big.native_dim)
    lines = [f"v_rd {'Expander' if expands else 'InitialVrf'} {draw(ADDR)}"]
    matmul = draw(st.booleans())
    if not matmul or big.shared_weights:
        regs["MV_ROWS"] = 1
    if matmul:
        lines.append(f"mv_mul {draw(st.integers(0, 5))}")
    stages = draw(st.sets(st.sampled_from(["vv_mul mfu0", "vv_max mfu0", "red", "vv_mul mfu1", "vv_a_sub_b mfu1"])))
    elements = (
        regs["ROWS"]
        * regs["COLS"]
        * (regs["MV_ROWS"] if matmul else regs["KC"] * (1 if expands else regs["KH"] * regs["KW"]))
    )
    for stage in ("vv_mul mfu0", "vv_max mfu0", "red", "vv_mul mfu1", "vv_a_sub_b mfu1"):
        if stage == "red" and stage in stages and regs["MV_ROWS"] == 1:
            regs["RED_RUN"] = draw(st.sampled_from([d for d in range(1, elements + 1) if elements % d == 0]))
            lines.append("v_red_max")
        elif stage != "red" and stage in stages:
            lines.append(f"{stage} {draw(ADDR)}{draw(st.sampled_from(['', ' step']))}")
    spaces = draw(st.sets(st.sampled_from(["InitialVrf", "AddSubVrf_0", "AddSubVrf_1", "MultiplyVrf_1"]), min_size=1))
    lines += [f"v_wr {space} {draw(ADDR)}" for space in sorted(spaces)]
    return program("|".join([*lines, "end_chain"]), **regs)


BIG = [
    replace(
        config, mrf_tiles=256, expander=23, initial_vrf=4096, addsub_vrf_0=4096, addsub_vrf_1=4096,
        multiply_vrf_0=4096, multiply_vrf_1=4096,
    )
    for config in (SHARED, PRIVATE)
]  # fmt: skip


@pytest.mark.parametrize("big", BIG, ids=["shared", "private"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_address_sets_and_own_reads(big: NpuConfig, data: st.DataObject) -> None:
    words = data.draw(compute_programs(big))
    if "RED_OVERLAP is" in (message := refusal(words, big)) or "RED_N is" in message or "no window" in message:
        return
    if message:  # an own read: decode with the target out of the way to see what the refused chain would have done
        assert "reads later" in message
        word = int(message.split()[1])
        fields = isa.decode(words[word])[1]
        moved = [*words[:word], isa.encode("v_wr", **{**fields, "addr": 2048}), *words[word + 1 :]]
        if refusal(moved, big):
            return
        (chain,) = decode_stream(moved, big).chains
        assert isinstance(chain, ComputeChain)
        written: set[int] = set()
        memory, offset = Memory(fields["space"]), fields["addr"] - 2048
        clash = False
        for kind, space, at, at_word in trace(chain, big):
            if kind == "w" and at_word == word:
                written.add(at + offset)
            clash |= kind == "r" and space == memory and at in written
        assert clash
        return
    (chain,) = decode_stream(words, big).chains
    assert isinstance(chain, ComputeChain)
    log = trace(chain, big)
    fresh: set[tuple[Memory, int]] = set()
    for kind, space, at, _ in log:
        assert kind == "w" or (space, at) not in fresh, "an own read was not refused"
        if kind == "w":
            fresh.add((space, at))
    reads = {(region.memory, at) for region in chain.reads(big) for at in region.addresses.tolist()}
    writes = {(region.memory, at) for region in chain.writes(big) for at in region.addresses.tolist()}
    assert reads == {(space, at) for kind, space, at, _ in log if kind == "r"}
    assert writes == {(space, at) for kind, space, at, _ in log if kind == "w"}
    for region in (*chain.reads(big), *chain.writes(big)):
        assert (region.spans[:, 0] < region.spans[:, 1]).all()
        assert (region.spans[:-1, 1] < region.spans[1:, 0]).all()
        assert region.size == len(region.addresses)


def refusal(words: list[int], config: NpuConfig) -> str:
    try:
        decode_stream(words, config)
    except ProgramError as error:
        return str(error)
    return ""


@given(regs=ANY_REGS, source=st.sampled_from(["DRAM", "NetInQ", "MultiplyVrf_1"]), addr=ADDR, to=ADDR, data=st.data())
def test_address_sets_of_vector_moves(
    regs: dict[str, int], source: str, addr: int, to: int, data: st.DataObject
) -> None:
    off_chip = source != "MultiplyVrf_1"
    targets = ["NetOutQ", *(["DRAM"] if source != "DRAM" else []), *(["InitialVrf", "Expander"] if off_chip else [])]
    target = data.draw(st.sampled_from(targets))
    unit = {"DRAM": 8}
    base = 8 * 1024 + 8 * to if target == "DRAM" else to
    big = BIG[0]
    text = f"v_rd {source} {addr * unit.get(source, 1)} | v_wr {target} {base} | end_chain"
    (move,) = decode(text, big, **regs).chains
    rows, columns, reads, writes = regs["ROWS"], regs["COLS"], set(), set()
    for n in range(rows * columns):
        read = addr + n // columns * regs["RD_ROW"] + n % columns * regs["RD_COL"]
        write = n // regs["OUT_COLS"] * regs["WR_ROW"] + n % regs["OUT_COLS"] * regs["WR_COL"]
        if source == "DRAM":
            reads |= {("DRAM", 8 * read + b) for b in range(8)}
        elif source != "NetInQ":
            reads.add(("MULTIPLY_VRF_1", read))
        if target == "DRAM":
            writes |= {("DRAM", base + 8 * write + b) for b in range(8)}
        elif target == "InitialVrf":
            writes.add(("INITIAL_VRF", base + write))
        elif target == "Expander":
            writes.add(("EXPANDER", (base + write) % big.expander))
    assert {(g.memory.name, at) for g in move.reads(big) for at in g.addresses.tolist()} == reads
    assert {(g.memory.name, at) for g in move.writes(big) for at in g.addresses.tolist()} == writes


@pytest.mark.parametrize(("config", "first", "tiles"), [(SHARED, 9, 5), (PRIVATE, 5, 3), (PRIVATE, 0, 12)])
def test_address_sets_of_weight_moves(config: NpuConfig, first: int, tiles: int) -> None:
    (move,) = decode(f"m_rd 640 | m_wr {first} | end_chain", config, TILES=tiles).chains
    ways = 1 if config.shared_weights else config.engines
    (read,), (write,) = move.reads(config), move.writes(config)
    assert read.spans.tolist() == [[640, 640 + tiles * config.tile_bytes]]
    want = {((first + n // ways) % config.mrf_slots) * ways + n % ways for n in range(tiles)}
    assert set(write.addresses.tolist()) == want
