"""The DMA engines on other memories and in trouble: a bus with pauses and delays, error answers, addresses outside."""

from __future__ import annotations

import random
from typing import Any

import cocotb
import pytest
from bench import GAPS
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiBus, AxiRam
from descriptor import descriptor, place
from dma_bench import DmaBench, check_values, run_bench
from dma_model import VRFS, Expected, Moves, random_moves, random_vectors
from streams import known

from npusim.chain import Decoded
from npusim.config import load_config
from npusim.engine.timing import simulate_time
from npusim.isa import Space

pytestmark = pytest.mark.rtl
IMAGE, SCRATCH = 1 << 14, 1 << 16
BASE = 0x1_0000_0F40  # of DRAM on the bus: beyond 32 bits, not on a page


def pauses(rng: random.Random, share: float) -> Any:
    while True:
        yield rng.random() < share


@cocotb.test()
async def outside(dut: Any) -> None:
    """Random programs on a memory that knows no turns, pauses on all channels and answers late."""
    dma = DmaBench(dut)
    rng, job = dma.bench.rng, dma.bench.job
    await dma.begin()  # a model of the memory cannot do with unknown signals
    ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=1 << 33)
    if job["pauses"]:
        for channel in (ram.read_if.ar_channel, ram.read_if.r_channel, ram.write_if.aw_channel,
                        ram.write_if.w_channel, ram.write_if.b_channel):  # fmt: skip
            channel.set_pause_generator(pauses(rng, 0.4))
    for number in job["programs"]:
        data = random.Random(number)
        incoming = random_vectors(data, 2000, dma.config.native_dim)
        image = random_vectors(data, IMAGE // dma.config.vector_bytes, dma.config.native_dim).tobytes()
        decoded = random_moves(data, dma.config, 20, IMAGE, SCRATCH).decoded()
        before = image.ljust(IMAGE + SCRATCH, b"\0")
        want = Expected(decoded, dma.config, before, incoming)
        ram.write(BASE, before)
        await dma.begin(base=BASE, bus=False)
        spans = simulate_time(decoded, dma.config).spans
        seen = await dma.run(decoded, want.net_in, {s.chain.index: s.dispatched for s in spans}, 60_000)
        check_values(seen, want)
        got = ram.read(BASE, len(before))
        wrong = [at for at in range(len(before)) if got[at] != want.dram[at]]
        assert not wrong, (
            f"program {number}: DRAM byte {wrong[0]}: got {got[wrong[0]]:02x}, want {want.dram[wrong[0]]:02x}"
        )
        await dma.bench.tick(2)
        assert known(dut.idle) == 1


@cocotb.test()
async def order(dut: Any) -> None:
    """A write follows a read of the same bytes, and a read a write, in the order of the queue."""
    dma = DmaBench(dut)
    await dma.begin()  # a model of the memory cannot do with unknown signals
    ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=1 << 33)
    ram.read_if.ar_channel.set_pause_generator(pauses(dma.bench.rng, 0.8))
    ram.write_if.b_channel.set_pause_generator(pauses(dma.bench.rng, 0.8))
    config = dma.config
    incoming = random_vectors(dma.bench.rng, 200, config.native_dim)
    image = random_vectors(dma.bench.rng, 64, config.native_dim).tobytes()
    moves = Moves(config)
    moves.vectors((Space.NET_IN_Q, 0), [(VRFS[1], 0)], cols=30, give=2)
    moves.vectors((Space.NET_IN_Q, 0), [(VRFS[1], 40)], cols=1, wait=2)
    for n in range(6):
        at = 64 * n
        moves.vectors((Space.DRAM, at), [(VRFS[0], 10 * n)], cols=3)
        moves.vectors((VRFS[1], n), [(Space.DRAM, at)], cols=3)
        moves.vectors((Space.DRAM, at), [(VRFS[0], 10 * n + 5)], cols=3)
    decoded = moves.decoded()
    want = Expected(decoded, config, image, incoming)
    ram.write(0, image)
    await dma.begin(bus=False)
    spans = simulate_time(decoded, config).spans
    check_values(await dma.run(decoded, want.net_in, {s.chain.index: s.dispatched for s in spans}, 20_000), want)
    assert ram.read(0, len(image)) == bytes(want.dram)


async def fault(dma: DmaBench, decoded: Decoded, incoming: list[int], changed: dict[int, int] | None = None) -> Any:
    """Run until a fault, stop as npu_control does, and return what was seen; the bus must come to rest."""
    spans = simulate_time(decoded, dma.config).spans
    seen = await dma.run(decoded, incoming, {s.chain.index: s.dispatched for s in spans}, 5000, until_fault=True,
                         changed=changed or {})  # fmt: skip
    assert seen.faults, "the program ran to its end without a fault"
    dut = dma.dut
    dut.stop.value = 1
    dma.rest()
    for _ in range(400):
        await RisingEdge(dut.clk)
        assert not known(dut.vec_valid), "a vector is written after the stop"
        assert not known(dut.w_valid), "a tile is written after the stop"
    assert known(dut.idle) == 1, "the bus is not at rest"
    dut.clear.value = 1
    await RisingEdge(dut.clk)
    dut.clear.value = 0
    dut.stop.value = 0
    await RisingEdge(dut.clk)
    return seen


def filled(dma: DmaBench) -> tuple[Moves, Any]:
    """A program that fills a register file first; further vectors come in."""
    moves = Moves(dma.config)
    moves.vectors((Space.NET_IN_Q, 0), [(VRFS[0], 0)], cols=40, give=2)
    moves.vectors((Space.NET_IN_Q, 0), [(VRFS[0], 40)], cols=1, wait=2)
    return moves, random_vectors(dma.bench.rng, 400, dma.config.native_dim)


@cocotb.test()
async def answers(dut: Any) -> None:
    """SLVERR or DECERR to a load, a spill, a weight move; then the machine works again."""
    dma = DmaBench(dut)
    kind = dma.bench.job["kind"]
    for again in range(2):
        moves, incoming = filled(dma)
        if kind == "load":
            moves.vectors((Space.DRAM, 0), [(VRFS[1], 0)], cols=20)
            moves.vectors((Space.DRAM, 0x2000), [(VRFS[1], 50)], cols=60)
        elif kind == "spill":
            moves.vectors((VRFS[0], 0), [(Space.DRAM, 0x2000)], cols=40)
        else:
            moves.weights(0x2000, 0, 5)
        decoded = moves.decoded()
        want = Expected(decoded, dma.config, bytes(1 << 15), incoming)
        await dma.begin()
        seen = await fault(dma, decoded, want.net_in)
        queue = "w" if kind == "weights" else "v"
        assert seen.faults[0] == (queue, 6, decoded.chains[-1].end), f"round {again}: fault {seen.faults[0]}"
        moves, incoming = filled(dma)
        moves.vectors((VRFS[0], 0), [(Space.NET_OUT_Q, 0)], cols=40)
        decoded = moves.decoded()
        want = Expected(decoded, dma.config, bytes(1 << 15), incoming)
        spans = simulate_time(decoded, dma.config).spans
        check_values(await dma.run(decoded, want.net_in, {s.chain.index: s.dispatched for s in spans}, 5000), want)


@cocotb.test()
async def ranges(dut: Any) -> None:
    """Addresses outside DRAM, register files, Expander, MatrixRf; nothing outside is asked for or written."""
    dma = DmaBench(dut)
    config, size = dma.config, 0x3000
    wrong = [
        ("v", lambda m: m.vectors((Space.DRAM, size - 64), [(VRFS[1], 0)], cols=20), ("", 0), 0),
        ("v", lambda m: m.vectors((Space.DRAM, 0), [(VRFS[1], 0)], rows=3, cols=2, rd=(0x400, 1)), ("", 0), 0),
        ("v", lambda m: m.vectors((VRFS[0], 0), [(Space.DRAM, size - 64)], cols=20), ("", 0), 0),
        ("v", lambda m: m.vectors((Space.NET_IN_Q, 0), [(Space.DRAM, size)], cols=2), ("", 0), 0),
        ("w", lambda m: m.weights(size - 64, 0, 3), ("", 0), 0),
        ("w", lambda m: m.weights(0, 0, 3), ("TILE", 0), config.mrf_slots),
        ("v", lambda m: m.vectors((Space.DRAM, 0), [(VRFS[1], 0)], cols=9), ("WR_ADDR", 5), config.addsub_vrf_0 - 8),
        ("v", lambda m: m.vectors((Space.NET_IN_Q, 0), [(VRFS[4], 0)], cols=3), ("WR_ADDR", 8), 0xFFFFFF),
        ("v", lambda m: m.vectors((Space.DRAM, 0), [(Space.EXPANDER, 0)], cols=3), ("WR_ADDR", 3), config.expander),
        ("v", lambda m: m.vectors((VRFS[0], 0), [(Space.NET_OUT_Q, 0)], cols=3), ("ADDR", 0), config.initial_vrf - 1),
        ("v", lambda m: m.vectors((Space.DRAM, 0), [(VRFS[1], 0)], rows=3, wr=(1, 0), out_cols=1), ("REG", 21), 2**31),
    ]  # fmt: skip
    for number, (queue, add, (name, index), value) in enumerate(wrong):
        moves, incoming = filled(dma)
        add(moves)
        decoded = moves.decoded()
        changed = {}
        if name:
            offset, width = place(name, index)
            bus = descriptor(decoded.chains[-1]) & ~(((1 << width) - 1) << offset)
            changed = {decoded.chains[-1].index: bus | value << offset}
        want = Expected(decoded, config, bytes(1 << 20), incoming)
        await dma.begin(size=size)
        dma.limit = size
        seen = await fault(dma, decoded, want.net_in, changed)
        assert seen.faults[0] == (queue, 3, decoded.chains[-1].end), f"case {number}: fault {seen.faults[0]}"
        depths = {space: config.depth(space) for space in seen.memories}
        assert all(at < depths[space] for space, found in seen.memories.items() for at in found), f"case {number}"


@pytest.mark.parametrize("gaps", GAPS)
def test_other_memory(gaps: str, simulator: str) -> None:
    job = {"programs": [1, 2], "pauses": gaps in ("sink", "both")}
    run_bench(__name__, "outside", simulator, load_config("tiny"), job, gaps=gaps, MEMORY=0)


def test_order(simulator: str) -> None:
    run_bench(__name__, "order", simulator, load_config("tiny"), {}, MEMORY=0)


@pytest.mark.parametrize("kind", ["load", "spill", "weights"])
def test_error_answer(kind: str, simulator: str) -> None:
    plusargs = ("+dram_error_at=8300", f"+dram_error_code={2 if kind == 'load' else 3}")
    run_bench(__name__, "answers", simulator, load_config("tiny"), {"kind": kind}, plusargs=plusargs)


def test_ranges(simulator: str) -> None:
    run_bench(__name__, "ranges", simulator, load_config("tiny"), {})
