"""Run a program on the simulator and on the RTL, compare, and explain the first disagreement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from npusim.chain import Decoded
from npusim.config import NpuConfig
from npusim.engine.moves import NetPort
from npusim.engine.timing import Span, Timing
from npusim.engine.values import Engine
from npusim.program import NodeRow, Program
from npusim.rtl.build import Built, build
from npusim.rtl.compare import Comparison, compare
from npusim.rtl.expect import Expected, expect
from npusim.rtl.explain import chain_at_fault, explain
from npusim.rtl.run import Job, RtlRun, run
from npusim.runtime import Host, Session, Tensors

LISTED = 1 << 22  # halves written by a program whose writes are all listed at once
PATIENCE = 20_000  # cycles beyond the simulator's, and twice those, that the RTL may take


@dataclass(frozen=True, slots=True)
class Subject:
    """A program with all that surrounds it; arrivals: cycle in which the vectors of a NetInQ move are there."""

    config: NpuConfig
    words: npt.NDArray[np.uint64]
    engine: Engine
    timing: Timing
    net: NetPort
    arrivals: dict[int, int] = field(default_factory=dict)
    nodes: Sequence[NodeRow] = ()

    @property
    def decoded(self) -> Decoded:
        """Its chains."""
        return self.engine.decoded


@dataclass(slots=True)
class Outcome:
    """One co-simulation: both sides, what differs, and the report's lines (none where they agree)."""

    expected: Expected
    rtl: RtlRun
    comparison: Comparison
    lines: list[str]

    def timing(self) -> Timing:
        """The run's times as the RTL had them, for a timeline; the ends of occupancies are as long as simulated."""
        spans = tuple(_span(span, self.rtl) for span in self.expected.timing.spans)
        return replace(self.expected.timing, spans=spans, cycles=self.comparison.rtl)


def of_program(session: Session, inputs: Tensors) -> Subject:
    """Return a compiled program on these inputs."""
    from npusim.report.crossings import arrivals, run_clock

    program: Program = session.program
    timing = run_clock(program, session.decoded)
    host = Host(program, session.nodes, inputs)
    when = arrivals(program, session.decoded, timing)
    return Subject(program.config, program.words, session.engine, timing, host, when, program.nodes)


def cosimulate(
    subject: Subject,
    simulator: str,
    *,
    seed: int = 1,
    gaps: int = 0,
    waves: Path | None = None,
    window: tuple[int, int] | None = None,
    expected: Expected | None = None,
    say: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Outcome:
    """Run both sides and compare.

    seed: of the RTL's initial register values; gaps: idle cycles on the network queues (cycles then differ); window:
    first and last cycle in the waveform; expected: the simulator's side, if it has been run.  Raises `RtlError`.
    """

    def show(what: str, total: int) -> Callable[[int], None]:
        return lambda done: None if progress is None else progress(what, done, total)

    config, decoded = subject.config, subject.decoded
    size = max(subject.engine.size, len(subject.engine.image))
    built = build(config, simulator, size, waves=waves is not None, say=say)
    if expected is None:
        expected = expect(subject.engine, subject.timing, subject.net, show("simulating", len(decoded.chains)))
    cycles = subject.timing.cycles
    job = Job(
        words=np.asarray(subject.words, np.uint64),
        dram=subject.engine.image,
        size=size,
        incoming=[(subject.arrivals.get(at, 0), vectors) for at, vectors in sorted(expected.incoming.items())],
        timeout=2 * cycles + PATIENCE + gaps * _beats(expected, config),
        watchdog=cycles + PATIENCE,
        gaps=gaps,
        seed=seed,
        detail=(0, len(decoded.chains)) if _halves(expected) <= LISTED else None,
        waves=waves,
        waves_window=window,
    )
    tick = show(f"running the RTL of {config.name} in {simulator}", cycles)
    rtl = run(built, config, job, tick)
    found = compare(expected, rtl, config)
    fault = chain_at_fault(found, expected, rtl)
    if fault is not None and job.detail is None:  # once more, for the writes of the chain at fault
        rtl.writes = run(built, config, replace(job, detail=(fault, fault), waves=None), tick).writes
    lines = explain(found, expected, rtl, config, subject.words, subject.nodes, subject.engine.image)
    return Outcome(expected, rtl, found, lines)


def _halves(expected: Expected) -> int:
    return sum(bits.size for bits in expected.outputs.values())


def _beats(expected: Expected, config: NpuConfig) -> int:
    moved = sum(bits.size for part in (expected.incoming, expected.sent) for bits in part.values())
    return 2 * moved // config.net_bytes + len(expected.decoded.chains)


def _span(span: Span, rtl: RtlRun) -> Span:
    start = rtl.started.get(span.chain.index, span.start)
    later = start - span.start
    return replace(
        span,
        dispatched=rtl.dispatched.get(span.chain.index, span.dispatched),
        start=start,
        busy=span.busy + later,
        complete=rtl.completed.get(span.chain.index, span.complete),
        tail=(span.tail[0] + later, span.tail[1] + later),
    )


__all__ = ["Built", "Outcome", "Subject", "cosimulate", "of_program"]
