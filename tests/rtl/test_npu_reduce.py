"""The reduce stage against exact sums and maxima: signs of zeros, cancellation, long sums."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from descriptor import constant
from streams import Bench, halves, known, pack, unpack
from tail_work import vector

from npusim import arith
from npusim.config import NpuConfig, load_config
from npusim.rtl.kernels import kernel_modules

pytestmark = pytest.mark.rtl

SOURCES = ["npu_reduce.v", "npu_reduce_lane.v", "npu_delay.v"]
LARGEST, LOWEST, MINUS_ZERO = 0x7BFF, 0xFBFF, 0x8000


def total(values: list[int]) -> tuple[int, bool]:
    """The exact sum, rounded once."""
    units = 0
    for bits in values:
        magnitude = (1024 + bits % 1024) << (bits >> 10 & 31) >> 1 if bits & 0x7C00 else 0
        units += -magnitude if bits & MINUS_ZERO else magnitude
    result, overflow = arith.sum_to_f16(units)
    return result, bool(overflow)


def expected(op: str, window: list[tuple[int, ...]]) -> tuple[list[int], bool]:
    lanes = [list(values) for values in zip(*window, strict=True)]
    if op == "ADD":
        sums = [total(values) for values in lanes]
        return [bits for bits, _ in sums], any(flag for _, flag in sums)
    return [reduce(arith.f16_max, values) for values in lanes], False


class Driver:
    """Plays marked elements; `want` and `flags` are by cycle."""

    def __init__(self, bench: Bench, config: NpuConfig) -> None:
        self.bench, self.config, self.dut = bench, config, bench.dut
        self.want: dict[int, tuple[list[int], bool, str]] = {}
        self.cycle = self.checked = 0

    async def step(self, values: dict[str, int] | None) -> None:
        dut, rng, n = self.dut, self.bench.rng, self.config.native_dim
        dut.s_valid.value = int(values is not None)
        for name in ("red", "load", "seed", "out", "data"):
            signal = getattr(dut, f"s_{name}")
            signal.value = rng.getrandbits(len(signal)) if values is None else values[name]
        await self.bench.tick()
        if self.cycle in self.want:
            right, _, what = self.want[self.cycle]
            got = unpack(known(dut.m_data), n)
            assert got == right, f"{what}: got {halves(pack(got), n)}, want {halves(pack(right), n)}"
            self.checked += 1
        flag = self.want.get(self.cycle - 1, (None, False, ""))[1]
        assert bool(known(dut.overflow)) == flag, f"overflow in cycle {self.cycle}: want {flag}"
        self.cycle += 1

    async def element(self, op: str, data: tuple[int, ...], load: int, seed: int, result: Any, what: str) -> None:
        """One element; result: what it completes, or None."""
        while self.bench.rng.random() < 0.2:
            await self.step(None)
        if result is not None:
            self.want[self.cycle + self.config.lat_reduce] = (*result, what)
        marks = {"load": load, "seed": seed, "out": int(result is not None)}
        await self.step({"red": constant(f"RED_{op}"), "data": pack(data), **marks})


@cocotb.test()
async def reduces(dut: Any) -> None:
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    driver, rng, n = Driver(bench, config), bench.rng, config.native_dim
    dut.s_valid.value = 0
    await bench.reset()
    for number in range(bench.job["chains"]):
        op, overlap, carried = rng.choice(("MAX", "ADD", "NONE")), rng.randint(0, 1), []
        for window in range(rng.randint(1, 6)):
            length = 1 if op == "NONE" else rng.randint(1 + len(carried), 6)
            elements = carried + [vector(rng, n) for _ in range(length - len(carried))]
            if rng.random() < 0.3:  # what cancels, to zero and almost
                elements[-1] = tuple(bits ^ MINUS_ZERO for bits in elements[0])
            dropped = op != "NONE" and rng.random() < 0.2
            for k, data in enumerate(elements[len(carried) :], len(carried)):
                last = k == length - 1
                result = expected(op, elements) if last and not dropped else None
                seed = int(last and overlap and op != "NONE")
                await driver.element(op, data, int(k == 0), seed, result, f"chain {number}, window {window}, {op}")
            carried = elements[-1:] if overlap and op != "NONE" else []
    for _ in range(config.lat_reduce + 3):
        await driver.step(None)
    assert driver.checked == len(driver.want)
    assert {flag for _, flag, _ in driver.want.values()} == {False, True}


@cocotb.test()
async def keeps_long_sums_exact(dut: Any) -> None:
    """Many of the largest number, the smallest one, then as many of the lowest: the smallest is left."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    driver, n, half = Driver(bench, config), config.native_dim, bench.job["long"]
    dut.s_valid.value = 0
    await bench.reset()
    signal = {name: getattr(dut, f"s_{name}") for name in ("valid", "red", "load", "seed", "out", "data")}
    for name, value in {"valid": 1, "red": constant("RED_ADD"), "load": 1, "seed": 0, "out": 0}.items():
        signal[name].value = value
    for value, count in ((LARGEST, half), (0x0400, 1), (LOWEST, half)):
        signal["data"].value = pack([value] * n)
        for _ in range(count):
            await bench.tick()
            signal["load"].value = 0
    await driver.element("ADD", (MINUS_ZERO,) * n, 0, 0, ([0x0400] * n, False), "long sum")
    for _ in range(config.lat_reduce + 3):
        await driver.step(None)
    assert driver.checked == 1


@pytest.mark.parametrize("latency", [3, 7])
def test_windows(simulator: str, latency: int, tmp_path: Path) -> None:
    config = replace(load_config("tiny"), clock_mhz=60, native_dim=4, lanes=1, block=4, lat_reduce=latency)
    kernels = [tmp_path / name for name in ("k_f16_to_fixed.v", "k_sum_to_f16.v")]
    for path in kernels:
        path.write_text(kernel_modules(config)[path.name])
    sources = [*SOURCES, *kernels]
    parameters = {"NATIVE_DIM": 4, "LAT_REDUCE": latency}
    lint("npu_reduce", sources, parameters)
    job = {"config": config.to_dict(), "chains": 150, "long": 3000}
    simulate("npu_reduce", sources, __name__, simulator, parameters=parameters, job=job)
