"""The first disagreement of a run in words: which instruction, for which layer, where, and what both sides have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npusim import isa
from npusim.asm import format_instr
from npusim.chain import Chain, ComputeChain, VectorMove, WeightMove
from npusim.config import NpuConfig
from npusim.isa import SPACE_NAMES, Space, Stage
from npusim.program import U64, NodeRow
from npusim.rtl.checksum import MATRIX_RF, targets, tile_writes
from npusim.rtl.compare import Comparison, first_by_time, vectors_of
from npusim.rtl.expect import Expected, describe
from npusim.rtl.run import RtlRun, Written

NAMES = {**{int(space): name for space, name in SPACE_NAMES.items()}, MATRIX_RF: "MatrixRf"}


def explain(
    found: Comparison,
    expected: Expected,
    rtl: RtlRun,
    config: NpuConfig,
    words: U64,
    nodes: Sequence[NodeRow] = (),
    dram: np.ndarray | None = None,
) -> list[str]:
    """Return the report's lines, none where everything agrees; rtl.writes holds the writes of the chain at fault."""
    lines = list(found.problems)
    chains, spans = expected.decoded.chains, expected.timing.spans
    if found.values:
        chain = chains[first_by_time(found.values, spans, rtl)]
        where = _value(chain, expected, rtl, config, dram)
        lines += [f"first difference in values, of {len(found.values)} chains that differ:"]
        lines += [*_chain(chain, words, nodes, where[0]), *where[1], _cycles(chain, expected, rtl)]
    if found.cycles:
        chain = chains[first_by_time(found.cycles, spans, rtl)]
        if not found.values or chain.index != first_by_time(found.values, spans, rtl):
            lines += [f"first difference in cycles, of {len(found.cycles)} chains that differ:"]
            lines += [*_chain(chain, words, nodes, None), _cycles(chain, expected, rtl)]
    if not lines and found.simulated != found.rtl:
        lines.append(f"the run took {found.rtl} cycles on the RTL, {found.simulated} in the simulator")
    return lines


def chain_at_fault(found: Comparison, expected: Expected, rtl: RtlRun) -> int | None:
    """Return the chain whose writes the report needs."""
    return first_by_time(found.values, expected.timing.spans, rtl) if found.values else None


def _chain(chain: Chain, words: U64, nodes: Sequence[NodeRow], space: int | None) -> list[str]:
    """What the chain is, and its instructions; the one that writes to `space` is marked."""
    lines = [f"  chain {chain.index}, a {describe(chain)}, words {chain.first} to {chain.end}{_layer(chain, nodes)}"]
    for at in range(chain.first, chain.end + 1):
        row, values = isa.decode(int(words[at]))
        writes = row.stage == Stage.WRITE and values.get("space", MATRIX_RF) == space
        lines.append(f"  {'>' if writes else ' '} {at:>5}: {format_instr(row, values)}")
    return lines


def _layer(chain: Chain, nodes: Sequence[NodeRow]) -> str:
    if chain.node >= len(nodes):
        return ""
    row = nodes[chain.node]
    return f", layer {chain.node}: {', '.join(row.nodes) or row.layer} ({row.op})"


def _cycles(chain: Chain, expected: Expected, rtl: RtlRun) -> str:
    span = expected.timing.spans[chain.index]
    pairs = [
        ("dispatched", rtl.dispatched.get(chain.index), span.dispatched),
        ("started", rtl.started.get(chain.index), span.start),
        ("complete", rtl.completed.get(chain.index), span.complete),
    ]
    parts = [f"{name} {_cycle(got, want)}" for name, got, want in pairs]
    return f"  cycles: {', '.join(parts)}"


def _cycle(got: int | None, want: int) -> str:
    if got == want:
        return f"{want} in both"
    return f"{'never' if got is None else got} on the RTL, {want} in the simulator"


def _value(
    chain: Chain, expected: Expected, rtl: RtlRun, config: NpuConfig, dram: np.ndarray | None
) -> tuple[int | None, list[str]]:
    """The space of the first difference, and the difference in words."""
    writes = rtl.writes.get(chain.index)
    if isinstance(chain, WeightMove):
        return MATRIX_RF, _weight_value(chain, writes or [], config, dram)
    assert isinstance(chain, ComputeChain | VectorMove)
    bits = expected.outputs[chain.index]
    for space, addresses in targets(chain, config):
        if space is Space.NET_OUT_Q:
            place = sorted(expected.sent).index(chain.index)
            got = vectors_of(rtl.sent[place], config) if place < len(rtl.sent) else bits[:0]
            found = {(0, n): int.from_bytes(v.tobytes(), "little") for n, v in enumerate(got)}
        elif writes is None:
            return None, ["  (the writes were not listed)"]
        elif space is Space.DRAM:
            difference = _dram_value(addresses, bits, writes, config)
            if difference:
                return int(space), difference
            continue
        else:
            found = {(w.address, w.number): w.data for w in writes if w.space == space}
        for number, address in enumerate(addresses.tolist()):
            key = (0 if space is Space.NET_OUT_Q else address, number)
            want = int.from_bytes(bits[number].astype("<u2").tobytes(), "little")
            got_word = found.pop(key, None)
            if got_word == want:
                continue
            where = "" if space is Space.NET_OUT_Q else f"[{address}]"
            text = f"output {number} to {NAMES[int(space)]}{where}"
            if got_word is None:
                other = [w for w in writes or [] if w.space == space and w.number == number]
                instead = f"; it wrote [{other[0].address}] instead" if other else ""
                return int(space), [f"  {text}: the RTL did not write it{instead}"]
            return int(space), [f"  {text}, {_lane(got_word, bits[number])}"]
        if found:
            address, number = min(found)
            return int(space), [f"  the RTL also wrote {NAMES[int(space)]}[{address}], as write number {number}"]
    return None, ["  every write that was listed agrees; the difference is in their order or number"]


def _lane(got: int, want: np.ndarray) -> str:
    halves = [(got >> (16 * lane)) & 0xFFFF for lane in range(len(want))]
    lane = next(lane for lane, half in enumerate(halves) if half != want[lane])
    more = sum(half != want[at] for at, half in enumerate(halves)) - 1
    rest = f" ({more} more lanes differ)" if more else ""
    return f"lane {lane}: RTL {_half(halves[lane])}, simulator {_half(int(want[lane]))}{rest}"


def _half(bits: int) -> str:
    number = float(np.array([bits], np.uint16).view(np.float16)[0])
    return f"0x{bits:04x} ({number:.5g})"


def _dram_value(addresses: np.ndarray, bits: np.ndarray, writes: list[Written], config: NpuConfig) -> list[str]:
    found = {w.address: w.data for w in writes if w.space == Space.DRAM}
    for number, address in enumerate(addresses.tolist()):
        for lane in range(config.native_dim):
            got = found.pop(address + 2 * lane, None)
            if got != int(bits[number, lane]):
                place = f"  output {number} to DRAM byte {address}, lane {lane}:"
                want = _half(int(bits[number, lane]))
                return [f"{place} {'RTL wrote nothing' if got is None else f'RTL {_half(got)}'}, simulator {want}"]
    return [f"  the RTL also wrote DRAM byte {min(found)}"] if found else []


def _weight_value(chain: WeightMove, writes: list[Written], config: NpuConfig, dram: np.ndarray | None) -> list[str]:
    if dram is None or not writes:
        return ["  (the writes were not listed)"]
    size = config.tile_bytes
    tiles = dram[chain.addr : chain.addr + chain.tiles * size].reshape(chain.tiles, size)
    ways = 1 if config.shared_weights else config.engines
    found = {(w.address, w.number): w.data for w in writes}
    for number, halves in enumerate(tile_writes(tiles, config)):
        for tile in range(chain.tiles):
            slot = (chain.tile * ways + tile) % (config.mrf_slots * ways)
            want = int.from_bytes(halves[tile].astype("<u2").tobytes(), "little")
            got = found.get((slot, number))
            what = "exponents" if number == config.tile_cycles else f"chunk {number}"
            engine = f", engine {slot % ways}" if ways > 1 else ""
            place = f"  tile {tile} to MatrixRf slot {slot // ways}{engine}, {what}"
            if got is None:
                return [f"{place}: the RTL did not write it"]
            if got != want:
                bit = ((got ^ want) & -(got ^ want)).bit_length() - 1
                width = 8 if number == config.tile_cycles else config.weight_mantissa + 1
                unit, mask = bit // width, (1 << width) - 1
                row = f"row {unit}" if width == 8 else f"row {unit // config.lanes}, lane {unit % config.lanes}"
                values = [_signed(word >> (unit * width) & mask, width) for word in (got, want)]
                return [f"{place}, {row}: RTL {values[0]}, simulator {values[1]}"]
    return ["  every write that was listed agrees; the difference is in their order or number"]


def _signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> (width - 1) else value
