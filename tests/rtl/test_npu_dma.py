"""The DMA engines with DRAM as the cycle model has it: values, starts and completions of single moves and mixes."""

from __future__ import annotations

import random
from typing import Any

import cocotb
import pytest
from bench import GAPS
from dma_bench import DmaBench, check_times, check_values, run_bench
from dma_model import VRFS, Expected, Halves, Moves, random_moves, random_vectors

from npusim.chain import Decoded
from npusim.config import NpuConfig, load_config
from npusim.engine.timing import simulate_time
from npusim.isa import Space

pytestmark = pytest.mark.rtl
IMAGE = 1 << 14
SCRATCH = 1 << 16


def image(rng: random.Random, config: NpuConfig) -> bytes:
    """DRAM's contents: any finite float16 patterns."""
    return random_vectors(rng, IMAGE // config.vector_bytes, config.native_dim).tobytes()[:IMAGE]


def singles(config: NpuConfig) -> dict[str, Moves]:
    """Programs of one move of interest each, behind one that fills a register file."""
    found: dict[str, Moves] = {}

    def add(name: str, *args: Any, **kwargs: Any) -> None:
        moves = Moves(config)
        filled = args[0][0] in VRFS
        if filled:
            moves.vectors((Space.NET_IN_Q, 0), [(args[0][0], 0)], rows=40, wr=(1, 0), out_cols=1, give=2)
        moves.vectors(*args, **kwargs, wait=2 if filled else 0)
        found[name] = moves

    size = config.vector_bytes
    vrf, unit = VRFS[0], min(64, size & -size)
    for n in (1, 2, 3, 16, 17, 40):
        add(f"load {n}", (Space.DRAM, 0), [(vrf, 0)], cols=n)
        add(f"load odd {n}", (Space.DRAM, unit), [(vrf, 0)], cols=n)
        add(f"load page {n}", (Space.DRAM, 4096 - 2 * size), [(Space.EXPANDER, 9)], cols=n)
        add(f"multicast {n}", (Space.DRAM, 64), [(s, 3) for s in VRFS], cols=n)
        add(f"take {n}", (Space.NET_IN_Q, 0), [(vrf, 0), (Space.EXPANDER, config.expander - 1)], cols=n)
        add(f"pour {n}", (Space.NET_IN_Q, 0), [(Space.DRAM, IMAGE + unit)], cols=n)
        add(f"pass {n}", (Space.NET_IN_Q, 0), [(Space.NET_OUT_Q, 0)], cols=n)
        add(f"spill {n}", (vrf, 0), [(Space.DRAM, IMAGE + 4096 - size)], cols=n)
        add(f"send {n}", (vrf, 0), [(Space.NET_OUT_Q, 0)], cols=n)
        add(f"emit {n}", (Space.DRAM, 0), [(Space.NET_OUT_Q, 0)], cols=n)
        weights = Moves(config)
        weights.weights(64, config.mrf_slots - 1, min(n, config.mrf_tiles))
        found[f"weights {n}"] = weights
    add("rows", (Space.DRAM, 0), [(VRFS[1], 0)], rows=5, cols=4, rd=(6, 1), out_cols=3, wr=(4, 1))
    add("columns", (Space.DRAM, 0), [(VRFS[2], 0)], rows=5, cols=4, rd=(1, 5), out_cols=20)
    add("again", (Space.DRAM, 128), [(VRFS[3], 0)], rows=3, cols=4, rd=(0, 0))
    add("spread", (VRFS[4], 0), [(Space.DRAM, IMAGE)], rows=2, cols=6, rd=(7, 1), out_cols=4, wr=(9, 2))
    add("big pour", (Space.NET_IN_Q, 0), [(Space.DRAM, IMAGE)], rows=10, cols=20, wr=(20, 1))
    add("big emit", (Space.DRAM, 0), [(Space.NET_OUT_Q, 0)], rows=10, cols=20, rd=(20, 1))
    return found


def case(job: dict[str, Any], config: NpuConfig, name: str = "") -> tuple[Decoded, bytes, Halves]:
    """The program of a job, or the single move of this name, with its data."""
    rng = random.Random(job["data"])
    incoming = random_vectors(rng, 2000, config.native_dim)
    dram = image(rng, config)
    moves = singles(config)[name] if name else random_moves(rng, config, job["moves"], IMAGE, SCRATCH)
    return moves.decoded(), dram, incoming


async def run_case(dma: DmaBench, name: str = "") -> Expected:
    """Reset, run one program, compare."""
    job, words = dma.bench.job, dma.dut.g_memory.memory_i.words
    decoded, dram, incoming = case(job, dma.config, name)
    before = dram.ljust(IMAGE + SCRATCH, b"\0")
    want = Expected(decoded, dma.config, before, incoming)
    timing = simulate_time(decoded, dma.config)
    dma.traffic = job.get("traffic", 0.0)
    await dma.begin()
    dma.known_dram = dma.known_dram or await dma.dump(len(before))
    for at in range(0, len(before), 8):
        if dma.known_dram[at : at + 8] != before[at : at + 8]:
            words[at // 8].value = int.from_bytes(before[at : at + 8], "big")
    seen = await dma.run(decoded, want.net_in, {s.chain.index: s.dispatched for s in timing.spans}, 20 * timing.cycles)
    check_values(seen, want)
    if job.get("timed", True):
        check_times(seen, decoded, dma.config, job.get("slack", 0))
    got = await dma.dump(len(before))
    dma.known_dram = got
    for at in range(len(before)):
        assert got[at] == want.dram[at], f"DRAM byte {at}: got {got[at]:02x}, want {want.dram[at]:02x}"
    return want


@cocotb.test()
async def all_singles(dut: Any) -> None:
    """Every single move by itself."""
    dma, wrong = DmaBench(dut), []
    for name in singles(dma.config):
        try:
            await run_case(dma, name)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    assert not wrong, "\n".join([f"{len(wrong)} moves differ", *wrong[:12]])


@cocotb.test()
async def mixes(dut: Any) -> None:
    """Random programs, one after the other."""
    dma = DmaBench(dut)
    for number in dma.bench.job["programs"]:
        dma.bench.job["data"] = number
        try:
            await run_case(dma)
        except AssertionError as error:
            raise AssertionError(f"program {number}: {error}") from None


def test_singles(simulator: str) -> None:
    config = load_config("tiny")
    run_bench(__name__, "all_singles", simulator, config, {"data": 1})


MACHINES: dict[str, dict[str, Any]] = {
    "tiny": {},
    "private": {"shared_weights": False},
    "fraction": {"dram_gbps": 0.77, "dram_efficiency": 0.967, "dram_burst": 192, "weight_mantissa": 4, "lat_dma": 3},
    "wide": {"native_dim": 32, "block": 32, "lanes": 8, "engines": 3, "dram_gbps": 2.9, "net_bytes": 16, "lat_read": 2},
    "narrow": {"native_dim": 16, "block": 16, "lanes": 4, "net_bytes": 64, "lat_issue": 3, "lat_sem": 2},
}
"""Machines of the mixes, as they differ from tiny. Beats of `narrow` hold two vectors: NetInQ is faster than the
memories' port, which takes a vector a cycle, so that its times are longer than the simulator's."""


def machine(name: str) -> NpuConfig:
    return NpuConfig(**{**load_config("tiny").to_dict(), "name": name, **MACHINES[name]})


@pytest.mark.parametrize("name", MACHINES)
def test_mixes(name: str, simulator: str) -> None:
    job = {"programs": [1, 2, 3], "moves": 20, "timed": name != "narrow"}
    run_bench(__name__, "mixes", simulator, machine(name), job)


def test_busy_memories(simulator: str) -> None:
    """The compute path takes bank ports from the DMA: the margins of LAT_DMA hide it."""
    run_bench(__name__, "mixes", simulator, load_config("tiny"), {"programs": [4, 5], "moves": 20, "traffic": 0.2})


@pytest.mark.parametrize("gaps", GAPS[1:])
def test_gaps(gaps: str, simulator: str) -> None:
    """NetInQ pauses, NetOutQ is not ready: values only."""
    run_bench(__name__, "mixes", simulator, load_config("tiny"), {"programs": [6, 7], "moves": 20, "timed": False,
                                                                  "traffic": 0.6}, gaps=gaps)  # fmt: skip
