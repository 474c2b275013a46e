"""The account of one inference: latency, bounds, where every cycle went, layer by layer.

`build_report` joins what a program means (its layer table) with what its run took (`Timing`).  Everything here adds up:
the budget to the run's cycles, and so do the layers, each of which owns its chains' occupancy, the waits before them,
and the bytes of its moves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from npusim.chain import WeightMove
from npusim.engine.timing import CAUSES, Timing
from npusim.program import NodeRow, Program
from npusim.report.bounds import bound_cycles
from npusim.report.crossings import Crossing, crossings
from npusim.report.layers import KINDS, LayerRow, layer_rows

MEANING = {
    "compute": "matrix-vector unit busy",
    "vector": "pooling and other chains without a matrix",
    "weights": "waiting for weights from DRAM",
    "dram": "waiting for spilled feature maps or constants",
    "link": "waiting for the host link, most of it the first rows of the input (fill)",
    "dependency": "waiting for an earlier layer's results in the pipeline",
    "drain": "pipeline emptying: between chains, and at the end of the run",
    "dispatch": "waiting for instructions",
}
"""What each line of the budget is."""

BOUNDS = {"compute": "tile-multiplies", "reader": "the reader", "dram": "DRAM", "stream": "weights in order"}
"""The bounds of `bound_cycles` by name."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many ONNX nodes went where, and their multiply-accumulates."""

    nodes: dict[str, int]
    macs: dict[str, int]

    @property
    def share(self) -> dict[str, float]:
        """Share of the multiply-accumulates."""
        total = sum(self.macs.values())
        return {where: (macs / total if total else 0.0) for where, macs in self.macs.items()}


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host step: ONNX nodes, why they are there, and what ONNX Runtime took for them."""

    name: str
    nodes: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    macs: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tiles and tile-multiplies: this program's, and the straightforward tiling's, convolutions apart."""

    weight_tiles: int
    tile_multiplies: int
    plain_conv: tuple[int, int]  # tiles, tile-multiplies
    plain_other: tuple[int, int]

    @property
    def plain_tile_multiplies(self) -> int:
        """Tile-multiplies of the straightforward tiling."""
        return self.plain_conv[1] + self.plain_other[1]

    @property
    def gain(self) -> float:
        """How many times fewer tile-multiplies this program needs."""
        return self.plain_tile_multiplies / self.tile_multiplies if self.tile_multiplies else 1.0


@dataclass(frozen=True, slots=True)
class Compared:
    """A latency measured or published elsewhere, in milliseconds; `note` says how or by whom."""

    what: str
    ms: float
    note: str


@dataclass(slots=True)
class Report:
    """Everything that `bench` and `run` print and write."""

    model: str
    config: str
    clock_mhz: int
    cycles: int
    layers: tuple[LayerRow, ...]
    budget: dict[str, int]
    coverage: Coverage
    host: tuple[HostRow, ...]
    tiling: Tiling
    macs_useful: int
    peak_macs_per_cycle: int
    bound_ms: dict[str, float]
    dram_bytes: dict[str, int]
    crossings: list[Crossing]
    wall_s: dict[str, float | None] = field(default_factory=dict)
    check: dict[str, Any] | None = None
    golden: dict[str, Any] | None = None
    overflow: bool | None = None
    warm: bool = False
    compared: list[Compared] = field(default_factory=list)
    over_onnxruntime: float | None = None  # wall time of the bit-exact simulation over ONNX Runtime's, one thread each

    @property
    def latency_ms(self) -> float:
        """Device: first word dispatched to last result in NetOutQ."""
        return self.ms(self.cycles)

    @property
    def latency_with_link_ms(self) -> float:
        """Device and link: inputs across, device, results back.  Crossings in the middle are in the device's cycles."""
        return self.latency_ms + sum(c.microseconds for c in self.crossings if not c.inside) * 1e-3

    @property
    def host_ms(self) -> float | None:
        """Measured time of all host steps; None if they did not run."""
        times = [row.seconds for row in self.host]
        return None if any(t is None for t in times) else 1e3 * sum(t for t in times if t is not None)

    @property
    def latency_with_link_and_host_ms(self) -> float | None:
        """Device, link, and measured host steps; None if these did not run."""
        return None if self.host_ms is None else self.latency_with_link_ms + self.host_ms

    @property
    def stalls(self) -> dict[str, int]:
        """Cycles in which nothing ran, by cause."""
        return {cause: self.budget[cause] for cause in CAUSES}

    @property
    def bound_by(self) -> str:
        """The bound that is the best possible."""
        return max(BOUNDS, key=lambda name: self.bound_ms[name])

    @property
    def utilisation(self) -> float:
        """Useful multiply-accumulates over what the matrix-vector unit could do in the run's time."""
        return self.macs_useful / (self.cycles * self.peak_macs_per_cycle) if self.cycles else 0.0

    def ms(self, cycles: float) -> float:
        """Cycles in milliseconds."""
        return float(cycles) / (self.clock_mhz * 1e3)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of `--json`; keys are documented in docs/read-the-report.md."""
        data: dict[str, Any] = {
            "model": self.model,
            "config": self.config,
            "clock_mhz": self.clock_mhz,
            "cycles": self.cycles,
            "latency_ms": self.latency_ms,
            "latency_with_link_ms": self.latency_with_link_ms,
            "latency_with_link_and_host_ms": self.latency_with_link_and_host_ms,
            "host_ms": self.host_ms,
            "macs_useful": self.macs_useful,
            "tile_multiplies": self.tiling.tile_multiplies,
            "weight_tiles": self.tiling.weight_tiles,
            "utilisation": self.utilisation,
            "bound_ms": self.bound_ms,
            "bound_by": self.bound_by,
            "budget": self.budget,
            "stalls": self.stalls,
            "layers": [row.to_json() for row in self.layers],
            "dram_bytes": self.dram_bytes,
            "crossings": [dataclasses.asdict(c) for c in self.crossings],
            "coverage": {"nodes": self.coverage.nodes, "macs": self.coverage.macs, "share": self.coverage.share},
            "host": [dataclasses.asdict(row) for row in self.host],
            "tiling": {
                "plain_conv": dict(zip(("weight_tiles", "tile_multiplies"), self.tiling.plain_conv, strict=True)),
                "plain_other": dict(zip(("weight_tiles", "tile_multiplies"), self.tiling.plain_other, strict=True)),
                "gain": self.tiling.gain,
            },
            "compared": [dataclasses.asdict(row) for row in self.compared],
            "simulation_over_onnxruntime": self.over_onnxruntime,
            "wall_s": self.wall_s,
            "overflow": self.overflow,
            "warm": self.warm,
        }
        if self.check is not None:
            data["check"] = self.check
        if self.golden is not None:
            data["golden"] = self.golden
        return data


def build_report(
    program: Program, timing: Timing, host_s: Mapping[str, float] | None = None, *, warm: bool = False
) -> Report:
    """Return the report of one run; host_s: measured seconds by host step; warm: weights were in MatrixRf before.

    Raises nothing: a verified program and its own timing always make one.
    """
    c = program.config
    layers = layer_rows(program, timing)
    assert sum(timing.account.values()) == timing.cycles, "every cycle has exactly one kind"
    assert sum(row.cycles for row in layers) == timing.cycles, "every cycle belongs to exactly one layer"
    return Report(
        model=program.model,
        config=c.name,
        clock_mhz=c.clock_mhz,
        cycles=timing.cycles,
        layers=layers,
        budget={kind: timing.account[kind] for kind in KINDS},
        coverage=_coverage(program),
        host=tuple(
            HostRow(s.name, s.nodes, s.reasons, s.macs, None if host_s is None else host_s.get(s.name, 0.0))
            for s in program.host_steps
        ),
        tiling=tiling(program),
        macs_useful=sum(row.macs for row in program.nodes),
        peak_macs_per_cycle=c.macs_per_cycle,
        bound_ms={name: cycles / (c.clock_mhz * 1e3) for name, cycles in bound_cycles(program, timing, warm).items()},
        dram_bytes={
            "read": timing.dram_read,
            "written": timing.dram_written,
            "weights": c.tile_bytes * sum(s.chain.tiles for s in timing.spans if isinstance(s.chain, WeightMove)),
        },
        crossings=crossings(program),
        warm=warm,
    )


def tiling(program: Program) -> Tiling:
    """Count tiles and tile-multiplies of a program and of the straightforward tiling."""
    conv = [row for row in program.nodes if row.op == "Conv"]
    other = [row for row in program.nodes if row.op != "Conv"]

    def plain(rows: list[NodeRow]) -> tuple[int, int]:
        return sum(r.plain_weight_tiles for r in rows), sum(r.plain_tile_multiplies for r in rows)

    return Tiling(
        sum(r.weight_tiles for r in program.nodes),
        sum(r.tile_multiplies for r in program.nodes),
        plain(conv),
        plain(other),
    )


def _coverage(program: Program) -> Coverage:
    nodes, macs = dict.fromkeys(("npu", "host", "folded"), 0), dict.fromkeys(("npu", "host", "folded"), 0)
    for info in program.coverage:
        nodes[info.where] += 1
        macs[info.where] += info.macs
    return Coverage(nodes, macs)
