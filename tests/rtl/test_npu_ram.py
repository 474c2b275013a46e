"""The memory wrapper against a list, with both ports at work on few words."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from streams import Bench, known

pytestmark = pytest.mark.rtl

WIDTH = 20


@cocotb.test()
async def keeps_words(dut: Any) -> None:
    """Reads give the word as it was before the cycle's writes, a cycle later, and keep it."""
    bench = Bench(dut)
    rng, depth, dual = bench.rng, bench.job["depth"], bench.job["dual"]
    words: list[int | None] = [None] * depth
    shown: dict[str, int | None] = {"a": None, "b": None}
    compared = held = 0
    for _ in range(1500):
        due, writes = dict(shown), {}
        for port in "ab":
            enable, write, addr, data = (
                rng.randint(0, 1),
                rng.randint(0, 1),
                rng.randrange(depth),
                rng.getrandbits(WIDTH),
            )
            if not dual:
                write = int(port == "a")
            if enable and write and addr in writes:
                enable = 0
            for name, value in (("en", enable), ("we", write), ("addr", addr), ("wdata", data)):
                getattr(dut, f"{port}_{name}").value = value
            if enable and write:
                writes[addr] = data
            elif enable:
                due[port] = words[addr]
        await bench.tick()
        for port in "ab":
            if shown[port] is not None:
                assert known(getattr(dut, f"{port}_rdata")) == shown[port]
                compared, held = compared + 1, held + (due[port] == shown[port])
        shown = due
        for addr, data in writes.items():
            words[addr] = data
    assert min(compared, held) > 100


@pytest.mark.parametrize(("depth", "dual"), [(5, 0), (5, 1), (1, 1), (16, 0)])
def test_ram(simulator: str, depth: int, dual: int) -> None:
    sizes = {"WIDTH": WIDTH, "DEPTH": depth, "TRUE_DUAL": dual}
    simulate("npu_ram", ["npu_ram.v"], __name__, simulator, parameters=sizes, job={"depth": depth, "dual": dual})


@pytest.mark.parametrize("dual", [0, 1])
def test_lint_is_clean(dual: int) -> None:
    lint("npu_ram", ["npu_ram.v"], {"WIDTH": WIDTH, "DEPTH": 5, "TRUE_DUAL": dual})
