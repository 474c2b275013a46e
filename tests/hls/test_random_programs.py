"""Random kernels: plain Python, every stage of the compiler, numba and Verilated RTL agree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hls_programs import load, programs  # type: ignore[import-not-found]
from hypothesis import HealthCheck, Phase, given, settings

from npusim_hls.check import compare, run_numba, run_plain
from npusim_hls.frontend import trace
from npusim_hls.ir import Graph, evaluate
from npusim_hls.kernel import Instance
from npusim_hls.lower import lower
from npusim_hls.rtl_executor import simulate
from npusim_hls.simplify import simplify
from npusim_hls.vectors import operands


def explore(count: int, folder: Path, *, with_numba: bool) -> list[Instance]:
    """Generate `count` programs and compare all executors but the RTL; returns the instances."""
    found: dict[str, Instance] = {}

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(programs())
    def one(source: str) -> None:
        if source in found:
            return
        instance = load(source, folder, f"random_{len(found)}")
        sets = sample(instance, 120)
        want = run_plain(instance, sets)
        traced = trace(instance)
        for name, stage in stages_of(traced).items():
            got = [evaluate(stage, values) for values in sets]
            assert compare(instance, name, sets, want, got) is None, source
        if with_numba:
            assert compare(instance, "numba", sets, want, run_numba(instance, sets)) is None, source
        found[source] = instance

    one()
    return list(found.values())


def stages_of(traced: Graph) -> dict[str, Graph]:
    simple = simplify(traced)
    return {"the front end's graph": traced, "the simplified graph": simple, "the lowered graph": lower(simple)}


def sample(instance: Instance, count: int) -> list[list[int]]:
    sets = operands(instance, count, seed=3)
    return random.Random(4).sample(sets, min(count, len(sets)))


def compare_rtl(instances: list[Instance]) -> None:
    work = [(instance, sample(instance, 300)) for instance in instances]
    for (instance, sets), result in zip(work, simulate(work, "verilator"), strict=True):
        problem = compare(instance, "verilator", sets, run_plain(instance, sets), result.outputs)
        assert problem is None, f"{problem}\n{Path(instance.kernel.source.path).read_text()}"
        assert result.latencies == [result.latency]


@pytest.mark.rtl
def test_a_few_dozen_random_programs_agree_everywhere(tmp_path: Path) -> None:
    instances = explore(60, tmp_path, with_numba=True)
    assert len(instances) >= 36
    compare_rtl(instances)


def test_random_programs_agree_through_the_compiler(tmp_path: Path) -> None:
    assert len(explore(150, tmp_path, with_numba=False)) >= 100


@pytest.mark.slow
@pytest.mark.rtl
def test_two_hundred_random_programs_agree_everywhere(tmp_path: Path) -> None:
    instances = explore(340, tmp_path, with_numba=True)
    assert len(instances) >= 200
    for first in range(0, len(instances), 50):
        compare_rtl(instances[first : first + 50])
