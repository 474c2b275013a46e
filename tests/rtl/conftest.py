"""The fixture of the benches: each test that takes `simulator` runs under Verilator and under Icarus."""

from __future__ import annotations

import pytest

from npusim_hls.simulators import SIMULATORS, missing


@pytest.fixture(params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> str:
    """Name of a simulator that is installed; the test is skipped, with the reason, for one that is not."""
    problem = missing(request.param)
    if problem is not None:
        pytest.skip(problem)
    return str(request.param)
