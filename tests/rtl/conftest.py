"""The fixture of the benches: each test that takes `simulator` runs under Verilator and under Icarus."""

from __future__ import annotations

from pathlib import Path

import pytest

from npusim_hls.simulators import SIMULATORS, missing


@pytest.fixture(params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> str:
    """Name of a simulator that is installed; the test is skipped, with the reason, for one that is not."""
    problem = missing(request.param)
    if problem is not None:
        pytest.skip(problem)
    return str(request.param)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make test-long` what lies between the first and the last parameters of a bench, on each simulator.

    Benches list the usual machine first and the most unusual one last, and gaps from none to everywhere. Every machine
    is a build of its own, which takes longer than the run.
    """
    groups: dict[tuple[str, str], list[pytest.Item]] = {}
    for item in items:
        call = getattr(item, "callspec", None)
        if call is None or not item.path.name.startswith("test_npu_") or item.path.parent != Path(__file__).parent:
            continue
        name = f"{item.path.name}::{getattr(item, 'originalname', item.name)}"
        groups.setdefault((name, str(call.params.get("simulator", ""))), []).append(item)
    for group in groups.values():
        for item in group[1:-1]:
            item.add_marker(pytest.mark.slow)
