"""The pipeline of passes from an instance to Verilog."""

from __future__ import annotations

from npusim_hls.emit import Options, emit
from npusim_hls.frontend import trace
from npusim_hls.ir import Graph
from npusim_hls.kernel import Instance
from npusim_hls.lower import lower
from npusim_hls.schedule import Schedule, schedule, schedule_in, stages_at
from npusim_hls.simplify import simplify

CLOCK_MHZ = 300.0  # of the machine's presets; the committed Verilog is scheduled for it


def dataflow(instance: Instance) -> Graph:
    """The simplified graph, before hardware is thought of; the numba executor runs it."""
    return simplify(trace(instance))


def plan(instance: Instance, clock_mhz: float = CLOCK_MHZ) -> Schedule:
    """The lowered graph in pipeline stages."""
    return schedule(lower(dataflow(instance)), clock_mhz)


def plan_in(instance: Instance, stages: int) -> Schedule:
    """The lowered graph in exactly `stages` pipeline stages, for the fastest clock that they reach."""
    return schedule_in(lower(dataflow(instance)), stages)


def stages_needed(instance: Instance, clock_mhz: float) -> int:
    """The fewest stages of an instance at a clock."""
    return stages_at(lower(dataflow(instance)), clock_mhz)


def verilog(instance: Instance, clock_mhz: float = CLOCK_MHZ, options: Options | None = None) -> str:
    """The Verilog file of an instance."""
    return emit(instance, plan(instance, clock_mhz), options)
