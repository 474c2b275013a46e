"""The small parts of the DMA engines: the queue, the gearbox, bursts and beats; all of them lint clean."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from bench import GAPS, RTL, lint, simulate
from cocotb.triggers import RisingEdge
from dma_bench import SOURCES, parameters
from streams import Bench, Sink, Source, compare, known, pack, unpack

from npusim.chain.addresses import nest
from npusim.config import load_config

pytestmark = pytest.mark.rtl


@cocotb.test()
async def fifo(dut: Any) -> None:
    """Order kept, nothing lost, as many words held as there is room for."""
    bench = Bench(dut)
    await bench.reset()
    source, sink = Source(bench, "s"), Sink(bench, "m")
    want = [bench.rng.getrandbits(8) for _ in range(300)]
    source.send(want)
    compare(await sink.take(len(want), timeout=5000), want)


@cocotb.test()
async def gearbox(dut: Any) -> None:
    """Words with units in front and behind that do not count, taken in words of other sizes."""
    bench = Bench(dut)
    job, rng, width = bench.job, bench.rng, 8
    for name in ("s_valid", "s_data", "s_skip", "s_count", "m_ready", "m_take"):
        getattr(dut, name).value = 0
    dut.m_take.value = job["takes"][0]
    await bench.reset()
    sent: list[int] = []
    got: list[int] = []
    word: tuple[list[int], int, int] | None = None
    take, idle = job["takes"][0], 0
    while len(got) < 1500:
        if word is None and not bench.gap("source"):
            skip = rng.randrange(job["in"]) if job["skips"] else 0
            units = [rng.getrandbits(width) for _ in range(job["in"])]
            word = units, skip, rng.randint(1, job["in"] - skip)
        ready = not bench.gap("sink")
        dut.s_valid.value, dut.m_ready.value, dut.m_take.value = int(word is not None), int(ready), take
        if word is not None:
            dut.s_data.value, dut.s_skip.value, dut.s_count.value = pack(word[0], width), word[1], word[2]
        await RisingEdge(dut.clk)
        moved = False
        if word is not None and known(dut.s_ready):
            sent += word[0][word[1] : word[1] + word[2]]
            word, moved = None, True
        if ready and known(dut.m_valid):
            got += unpack(known(dut.m_data), job["out"], width)[:take]
            take, moved = rng.choice(job["takes"]), True
        idle = 0 if moved else idle + 1
        assert idle < 60, f"nothing moves after {len(got)} units"
    compare(got, sent[: len(got)])


@cocotb.test()
async def bursts(dut: Any) -> None:
    """Bursts cover a nest's bytes in order, and keep the rules of AXI and of turns."""
    bench = Bench(dut)
    rng, job = bench.rng, bench.job
    unit, turn, bus = job["unit"], job["turn"], job["bus"]
    base, size = 0x7_0000_0040, 1 << 40
    for name in ("pop", "start", "l_addr", "l_count", "l_inner", "l_row", "l_col", "m_ready"):
        getattr(dut, name).value = 0
    await bench.reset(cfg_dram_base=base, cfg_dram_size=size)
    for _ in range(60):
        rows, inner = rng.randint(1, 6), rng.randint(1, 70)
        count = rng.randint(1, rows * inner)
        row, col = rng.choice([inner, rng.randint(0, 200)]), rng.choice([1, 1, 1, rng.randint(0, 5)])
        at = rng.randrange(1 << 12) * 64
        dut.l_addr.value, dut.l_count.value, dut.l_inner.value = at, count, inner
        dut.l_row.value, dut.l_col.value, dut.pop.value = row, col, 1
        await bench.tick()
        dut.pop.value = 0
        await bench.tick(2)
        offsets = [at + unit * int(n) for n in nest(count, inner, row, col)]
        left, in_turn, moved, started = [*offsets], 0, 0, False
        inside = 0  # bytes of the present unit that have passed
        while True:
            dut.start.value = int(not started)
            dut.m_ready.value = int(not bench.gap("sink"))
            await RisingEdge(dut.clk)
            started = True
            if not known(dut.m_ready):
                continue
            assert not known(dut.m_fault)
            address, count_bytes = known(dut.m_addr) - base, known(dut.m_bytes)
            assert known(dut.m_first) == (in_turn == 0)
            if in_turn == 0:
                assert known(dut.m_turn) == min(turn, len(offsets) * unit - moved)
            assert (base + address) // 4096 == (base + address + count_bytes - 1) // 4096, "a burst crosses 4 KiB"
            assert (base + address) % bus + count_bytes <= 256 * bus, "a burst has more than 256 beats"
            moved, in_turn = moved + count_bytes, in_turn + count_bytes
            while count_bytes:
                assert address == left[0] + inside, f"byte {address} is asked for, want {left[0] + inside}"
                part = min(count_bytes, unit - inside)
                address, count_bytes, inside = address + part, count_bytes - part, inside + part
                if inside == unit:
                    left.pop(0)
                    inside = 0
            over = moved == len(offsets) * unit
            assert known(dut.m_last) == (in_turn == turn or over)
            assert known(dut.m_end) == over
            in_turn = 0 if in_turn == turn else in_turn
            if over:
                break
        dut.start.value = dut.m_ready.value = 0
        await bench.tick(2)


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("bypass", [0, 1])
def test_fifo(bypass: int, gaps: str, simulator: str) -> None:
    simulate("npu_fifo", ["npu_fifo.v"], __name__, simulator, cases=["fifo"], gaps=gaps,
             parameters={"WIDTH": 8, "DEPTH": 4, "BYPASS": bypass})  # fmt: skip


SHAPES = [(1, 2, [2], 0), (2, 3, [3], 0), (8, 1, [1], 0), (4, 4, [1, 2, 3, 4], 1), (2, 6, [6, 2], 0), (5, 3, [1, 3], 1)]


@pytest.mark.parametrize("gaps", ["free", "both"])
@pytest.mark.parametrize(("words", "out", "takes", "bypass"), SHAPES)
def test_gearbox(words: int, out: int, takes: list[int], bypass: int, gaps: str, simulator: str) -> None:
    job = {"in": words, "out": out, "takes": takes, "skips": not bypass}
    args = ["-Wno-WIDTHTRUNC"] if simulator == "verilator" else []  # TAKES from the command line has 32 bits
    simulate("npu_gearbox", ["npu_gearbox.v"], __name__, simulator, cases=["gearbox"], gaps=gaps, job=job,
             build_args=args,
             parameters={"UNIT_W": 8, "IN_N": words, "OUT_N": out, "BYPASS": bypass,
                         "TAKES": sum(1 << take for take in takes)})  # fmt: skip


@pytest.mark.parametrize(("unit", "turn", "bus"), [(16, 256, 8), (256, 4096, 128), (64, 192, 16)])
def test_bursts(unit: int, turn: int, bus: int, simulator: str) -> None:
    simulate("npu_bursts", ["npu_bursts.v"], __name__, simulator, cases=["bursts"], gaps="sink",
             job={"unit": unit, "turn": turn, "bus": bus},
             parameters={"UNIT": unit, "TURN": turn, "ALIGN": min(unit, 64), "AXI_BYTES": bus})  # fmt: skip


@pytest.mark.parametrize("name", ["tiny", "tiny_private", "arria10", "arria10_rnn"])
@pytest.mark.parametrize("top", ["npu_weight_dma", "npu_vector_dma", "npu_dram"])
def test_lint(top: str, name: str) -> None:
    every = parameters(load_config(name))
    parts = [source for source in SOURCES if isinstance(source, str) and _part(source)]
    declared = (RTL / f"{top}.v").read_text()
    given = {key: value for key, value in every.items() if f"parameter {key} " in declared}
    lint(top, [f"{top}.v", *parts], given)


def _part(name: str) -> bool:
    others = ("bursts", "beats", "gearbox", "fifo", "skid", "flush", "later")
    return name.startswith("npu_dma") or name in {f"npu_{part}.v" for part in others}
