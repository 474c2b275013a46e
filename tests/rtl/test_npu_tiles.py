"""npu_tiles: which tiles are written, against a set of them."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from cocotb.triggers import ReadOnly, RisingEdge
from streams import Bench, known

pytestmark = pytest.mark.rtl
MACHINES = [{"ENGINES": 4, "SHARED_WEIGHTS": 1, "MRF_TILES": 13}, {"ENGINES": 3, "SHARED_WEIGHTS": 0, "MRF_TILES": 15}]


@pytest.mark.parametrize("machine", MACHINES, ids=["shared", "private"])
def test_tiles(simulator: str, machine: dict[str, int]) -> None:
    simulate("npu_tiles", ["npu_tiles.v"], __name__, simulator, parameters=machine, job=machine)


@pytest.mark.parametrize("check", [0, 1])
def test_lint(check: int) -> None:
    for machine in MACHINES:
        lint("npu_tiles", ["npu_tiles.v"], {**machine, "CHECK_INIT": check})


@cocotb.test()
async def knows_what_is_missing(dut: Any) -> None:
    """Tiles are written and read at random, from nothing to everything; a new run forgets them all."""
    bench = Bench(dut)
    ways = 1 if bench.job["SHARED_WEIGHTS"] else bench.job["ENGINES"]
    slots, rng = bench.job["MRF_TILES"] // ways, bench.rng
    for name in ("w_valid", "w_slot", "w_engine", "s_valid", "s_slot", "s_count"):
        getattr(dut, name).value = 0
    await bench.reset()
    tiles: set[tuple[int, int]] = set()
    seen = {True: 0, False: 0}
    for now in range(1500):
        clear = now % 300 == 299
        write, read = rng.random() < 0.1, rng.random() < 0.8
        slot, engine = rng.randrange(slots), rng.randrange(ways)
        wanted, count = rng.randrange(slots), rng.randint(1, ways)
        dut.rst.value, dut.w_valid.value, dut.s_valid.value = int(clear), int(write), int(read)
        dut.w_slot.value, dut.w_engine.value = slot, engine
        dut.s_slot.value, dut.s_count.value = wanted, count
        await ReadOnly()
        missing = read and any((wanted, way) not in tiles for way in range(count))
        assert known(dut.missing) == missing, f"cycle {now}: slot {wanted}, {count} engines, of {sorted(tiles)}"
        seen[missing] += read
        await RisingEdge(dut.clk)
        if write:
            tiles.add((slot, engine))
        if clear:
            tiles.clear()
    assert min(seen.values()) > 100, seen
