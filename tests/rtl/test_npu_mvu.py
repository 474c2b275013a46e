"""The matrix-vector unit against the arithmetic of the golden model: values, their cycles, and the overflow pulses."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from mvu_work import Work
from streams import Bench, known, pack, unpack

from npusim.config import NpuConfig, load_config
from npusim.rtl.kernels import kernel_modules

pytestmark = pytest.mark.rtl

SOURCES = [
    f"npu_{name}.v"
    for name in ("mvu", "mrf", "ram", "row", "dot", "accumulator", "hold", "delay")
]  # fmt: skip
KERNELS = ("f16_to_bfp", "bfp_dot", "int_to_f32", "f32_add", "f32_to_f16")
FIELDS = (
    "native_dim", "lanes", "engines", "shared_weights", "weight_mantissa", "act_mantissa", "mrf_tiles", "lat_bfp",
    "lat_dot", "lat_convert", "lat_acc", "lat_round",
)  # fmt: skip
GEOMETRIES = {
    "tiny": {},
    "alone": {"engines": 1, "lat_acc": 3},
    "three": {"native_dim": 12, "lanes": 3, "engines": 3, "mrf_tiles": 9, "lat_dot": 5, "lat_bfp": 6},
    "odd": {"native_dim": 10, "lanes": 2, "engines": 4, "mrf_tiles": 20, "weight_mantissa": 7, "act_mantissa": 2},
    "flat": {"native_dim": 6, "lanes": 6, "engines": 1, "mrf_tiles": 3, "clock_mhz": 10, "lat_acc": 1, "lat_dot": 2,
             "lat_bfp": 1, "lat_convert": 1, "lat_round": 1},
    "seven": {"native_dim": 16, "lanes": 2, "engines": 7, "mrf_tiles": 28, "act_mantissa": 7, "weight_mantissa": 3},
}  # fmt: skip
SLOW = ("alone", "three", "seven")
ALL_SEEN = (
    "sent", "held", "begun", "continued", "flushed", "cancelled", "summand saturated", "sum saturated",
    "result saturated",
)  # fmt: skip


def machine(name: str, shared: bool) -> NpuConfig:
    """A geometry as a configuration, at a clock at which the kernels keep its latencies."""
    changes = {"clock_mhz": 60, **GEOMETRIES[name]}
    size = changes.get("native_dim", 8)
    return replace(load_config("tiny"), shared_weights=shared, block=size, **changes)  # type: ignore[arg-type]


# ---- in the simulator ------------------------------------------------------------------------------------------------


class Driver:
    """Drives s_* and w_* by cycle, junk in between, and watches what comes out."""

    def __init__(self, bench: Bench, config: NpuConfig) -> None:
        self.bench, self.config = bench, config

    def drive(self, side: str, values: dict[str, Any] | None) -> None:
        """Set the fields of one cycle; while valid is low they carry random bits."""
        dut, rng = self.bench.dut, self.bench.rng
        names = ("slot", "engine", "chunk", "data")
        names = ("data", "engine", "count", "slot", "first", "last", "acc", "hold") if side == "s" else names
        getattr(dut, f"{side}_valid").value = int(values is not None)
        for name in names:
            signal = getattr(dut, f"{side}_{name}")
            value = rng.getrandbits(len(signal)) if values is None else values[name]
            signal.value = pack(value, 16) if isinstance(value, tuple) else int(value)

    async def run(self, work: Work, cycles: int) -> tuple[dict[int, list[int]], set[int]]:
        """Play the work's first cycles; returns results and overflow pulses by cycle."""
        dut, results, overflows = self.bench.dut, {}, set()
        for cycle in range(cycles):
            self.drive("s", work.vectors.get(cycle))
            self.drive("w", work.writes.get(cycle))
            await self.bench.tick()
            if known(dut.m_valid):
                results[cycle] = unpack(known(dut.m_data), self.config.native_dim, 16)
            if known(dut.overflow):
                overflows.add(cycle)
        return results, overflows


def check(got: dict[int, list[int]], want: dict[int, tuple[int, ...]]) -> None:
    """Compare results by cycle and lane."""
    for number, cycle in enumerate(sorted(want)):
        assert cycle in got, f"result {number}: none in cycle {cycle}; results in cycles {sorted(got)[:20]}"
        for lane, (value, right) in enumerate(zip(got[cycle], want[cycle], strict=True)):
            assert value == right, f"result {number}, cycle {cycle}, lane {lane}: got {value:#06x}, want {right:#06x}"
    extra = sorted(set(got) - set(want))
    assert not extra, f"results in cycles {extra[:20]}, where there should be none"


@cocotb.test()
async def multiplies(dut: Any) -> None:
    """Random chains; with `broken` a reset in their middle, after which new ones run."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    driver = Driver(bench, config)
    driver.drive("s", None)
    driver.drive("w", None)
    for run in range(bench.job["runs"]):
        work = Work(config, random.Random(1000 * bench.seed + run))
        while len(work.vectors) < bench.job["vectors"]:
            work.chain()
        missing = [what for what in ALL_SEEN if not work.seen.get(what)]
        assert not missing, f"the random chains never had: {', '.join(missing)}; raise `vectors`"
        await bench.reset()
        if run < bench.job["runs"] - 1:
            await driver.run(work, bench.rng.randrange(work.cycles // 2, work.cycles))
            continue
        results, overflows = await driver.run(work, work.cycles)
        check(results, work.results)
        assert sorted(overflows) == sorted(work.overflows)


# ---- in pytest -------------------------------------------------------------------------------------------------------


def prepare(config: NpuConfig, folder: Path) -> tuple[list[str | Path], dict[str, int]]:
    """Sources, the configuration's kernels written to the folder, and parameters."""
    modules = kernel_modules(config)
    for name in KERNELS:
        (folder / f"k_{name}.v").write_text(modules[f"k_{name}.v"])
    paths: list[str | Path] = [*SOURCES, *(folder / f"k_{name}.v" for name in KERNELS)]
    return paths, {name.upper(): int(getattr(config, name)) for name in FIELDS}


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
@pytest.mark.parametrize(
    "geometry", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in GEOMETRIES]
)
def test_chains_give_the_golden_results_in_their_cycles(
    simulator: str, geometry: str, shared: bool, tmp_path: Path
) -> None:
    config = machine(geometry, shared)
    sources, parameters = prepare(config, tmp_path)
    job = {"config": config.to_dict(), "vectors": 600, "runs": 1}
    simulate("npu_mvu", sources, __name__, simulator, parameters=parameters, job=job)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
def test_a_reset_drops_the_work(simulator: str, shared: bool, tmp_path: Path) -> None:
    config = machine("tiny", shared)
    sources, parameters = prepare(config, tmp_path)
    job = {"config": config.to_dict(), "vectors": 300, "runs": 4}
    simulate("npu_mvu", sources, __name__, simulator, parameters=parameters, job=job)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
@pytest.mark.parametrize("geometry", ["tiny", "flat", "odd"])
def test_lint_is_clean(geometry: str, shared: bool, tmp_path: Path) -> None:
    sources, parameters = prepare(machine(geometry, shared), tmp_path)
    lint("npu_mvu", sources, parameters)
