"""A run as a timeline: Chrome's trace format, which ui.perfetto.dev opens.

One track for each unit.  Slices are named after the ONNX node whose work they do; where the matrix-vector unit has
nothing to do its track says why.  Times are microseconds, cut to nanoseconds; `args` has the exact cycles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from npusim.atomic import NewFile
from npusim.chain import Chain, ComputeChain, VectorMove, WeightMove
from npusim.config import NpuConfig
from npusim.engine.timing import Span, Timing
from npusim.isa import Space
from npusim.pipeline import tail_latency
from npusim.program import Program

TRACKS = ("host link", "DMA", "weight stream", "matrix-vector unit", "MFU0", "MFU1", "write-back")
"""Names in the order in which they are shown."""

_COMPUTE = "matrix-vector unit"
_NET = (Space.NET_IN_Q, Space.NET_OUT_Q)


def trace_events(program: Program, timing: Timing) -> list[dict[str, Any]]:
    """Return the events of one run."""
    maker = _Maker(program, timing)
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 1, "name": "process_name", "args": {"name": f"{program.model} on {program.config.name}"}}
    ]
    for number, name in enumerate(TRACKS):
        events.append({"ph": "M", "pid": 1, "tid": number + 1, "name": "thread_name", "args": {"name": name}})
        events.append(
            {"ph": "M", "pid": 1, "tid": number + 1, "name": "thread_sort_index", "args": {"sort_index": number}}
        )
    return [*events, *maker.slices(), *maker.counters()]


def trace_file(path: str, program: Program, timing: Timing) -> NewFile:
    """Return the timeline, to be written."""
    text = json.dumps({"displayTimeUnit": "ns", "traceEvents": trace_events(program, timing)}, allow_nan=False)
    return NewFile(path, [text.encode()], "the trace")


class _Maker:
    """Turns spans into slices; a track's slices never overlap."""

    def __init__(self, program: Program, timing: Timing) -> None:
        self.program, self.timing = program, timing
        self.config: NpuConfig = program.config
        self.free = dict.fromkeys(TRACKS, 0)
        self.rates: list[tuple[int, float]] = []  # cycle, change of DRAM bytes a cycle

    def slices(self) -> Iterator[dict[str, Any]]:
        """Yield every unit's slices, in program order."""
        end = 0
        for span in self.timing.spans:
            match span.chain:
                case ComputeChain():
                    yield from self._compute(span, span.chain)
                    end = max(end, span.busy)
                case WeightMove():
                    yield from self._weights(span, span.chain)
                case VectorMove():
                    yield from self._vectors(span, span.chain)
        if self.timing.cycles > end:
            yield from self._slice(_COMPUTE, "wait: drain", end, self.timing.cycles, "stall", {"cause": "drain"})

    def counters(self) -> Iterator[dict[str, Any]]:
        """Yield the DRAM rate over time, averaged over each move."""
        level = 0.0
        for cycle, change in sorted(self.rates):
            level += change
            rate = max(0.0, level) * self.config.clock_mhz * 1e-3
            yield {"ph": "C", "pid": 1, "name": "DRAM GB/s", "ts": self._us(cycle), "args": {"GB/s": round(rate, 3)}}

    def _us(self, cycle: int) -> float:
        return (cycle * 1000 // self.config.clock_mhz) / 1000

    def _slice(
        self, track: str, name: str, start: int, end: int, kind: str, args: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        start = max(start, self.free[track])  # moves are served in fractions of a cycle
        if end <= start:
            return
        self.free[track] = end
        begin, stop = self._us(start), self._us(end)
        yield {
            "ph": "X",
            "pid": 1,
            "tid": TRACKS.index(track) + 1,
            "name": name,
            "cat": kind,
            "ts": begin,
            "dur": round(stop - begin, 3),
            "args": {"start": start, "cycles": end - start, **args},
        }

    def _name(self, chain: Chain) -> str:
        nodes = self.program.nodes
        if chain.node >= len(nodes):
            return f"node {chain.node}"
        row = nodes[chain.node]
        return row.nodes[0] if row.nodes else row.layer

    def _args(self, chain: Chain) -> dict[str, Any]:
        return {"chain": chain.index, "word": chain.first}

    def _compute(self, span: Span, chain: ComputeChain) -> Iterator[dict[str, Any]]:
        name, args = self._name(chain), self._args(chain)
        if span.stall:
            cause = {"cause": span.cause, "before": name}
            yield from self._slice(
                _COMPUTE, f"wait: {span.cause}", span.start - span.stall, span.start, "stall", args | cause
            )
        work = {"positions": chain.positions, "window": chain.window}
        if chain.matmul is None:
            yield from self._slice(_COMPUTE, f"{name} (reader only)", span.start, span.busy, "vector", args | work)
        else:
            tiles = {
                "tiles": chain.window * chain.row_tiles,
                "tile_multiplies": chain.positions * chain.window * chain.row_tiles,
            }
            yield from self._slice(_COMPUTE, name, span.start, span.busy, "compute", args | work | tiles)
        if chain.holds:
            return
        c = self.config
        first, last = span.tail
        mfu = c.lat_mul + c.lat_add + c.lat_act
        for track, unit, delay in (("MFU0", chain.mfu0, 0), ("MFU1", chain.mfu1, mfu + c.lat_reduce)):
            does = [
                word for word in (unit.mul and "mul", unit.addsub and unit.addsub.op, unit.act and unit.act.op) if word
            ]
            if track == "MFU0" and chain.reduce is not None:
                does.append(f"reduce {chain.reduce}")
            if does:
                what = {"does": ", ".join(does), "elements": chain.elements if track == "MFU0" else chain.outputs}
                yield from self._slice(track, name, first + delay, last + 1 + delay, "tail", args | what)
        delay = tail_latency(c) - c.lat_write
        to = {"vectors": chain.outputs, "to": ", ".join(t.space.name for t in chain.targets)}
        yield from self._slice("write-back", name, first + delay, last + 1 + delay, "tail", args | to)

    def _weights(self, span: Span, chain: WeightMove) -> Iterator[dict[str, Any]]:
        size = chain.tiles * self.config.tile_bytes
        self._rate(span, size)
        args = self._args(chain) | {"tiles": chain.tiles, "slot": chain.tile, "bytes": size}
        yield from self._slice("weight stream", self._name(chain), span.start, span.busy, "move", args)

    def _vectors(self, span: Span, chain: VectorMove) -> Iterator[dict[str, Any]]:
        size = chain.positions * self.config.vector_bytes
        targets = [t.space for t in chain.targets]
        args = self._args(chain) | {
            "vectors": chain.positions, "bytes": size, "from": chain.source.space.name,
            "to": ", ".join(space.name for space in targets),
        }  # fmt: skip
        if chain.source.space is Space.DRAM or Space.DRAM in targets:
            self._rate(span, size)
            yield from self._slice("DMA", self._name(chain), span.start, span.busy, "move", args)
        if chain.source.space in _NET or any(space in _NET for space in targets):
            yield from self._slice("host link", self._name(chain), span.start, span.busy, "move", args)

    def _rate(self, span: Span, size: int) -> None:
        cycles = max(1, span.busy - span.start)
        self.rates += [(span.start, size / cycles), (span.busy, -size / cycles)]
