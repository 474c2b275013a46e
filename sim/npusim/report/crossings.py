"""Tensors that cross between host and NPU: what the link costs, and when the host's answers can arrive.

Device cycles count from the input in NetInQ to the last result in NetOutQ.  A tensor that the host computes in the
middle of a network begins to enter NetInQ once everything it depends on has left NetOutQ, crossed the link, and come
back: twice the link's latency and both transfers.  The host's own computing time is measured, not simulated, and never
part of device cycles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from npusim.chain import Decoded, VectorMove
from npusim.config import NpuConfig
from npusim.engine.timing import Simulation, Span, Timing
from npusim.isa import Space
from npusim.program import Port, Program


@dataclass(frozen=True, slots=True)
class Crossing:
    """One tensor on the link, as float16 vectors; `inside` the device's cycles or before and behind them."""

    tensor: str
    direction: str  # "in", "out"
    bytes: int
    microseconds: float
    inside: bool


def link_cycles(size: int, config: NpuConfig) -> Fraction:
    """Cycles of one transfer: the link's latency, then the bytes at its rate."""
    seconds = Fraction(str(config.link_latency_us)) / 10**6 + Fraction(size) / (Fraction(str(config.link_gbps)) * 10**9)
    return seconds * config.clock_mhz * 10**6


def depends_on(program: Program) -> dict[int, list[int]]:
    """Return for every inward port the outward ports that the host needs first; none for the network's own inputs."""
    made = {name: step for step in program.host_steps for name in step.outputs}
    sent = {port.tensor: at for at, port in enumerate(program.io) if port.direction == "out"}

    def needed(tensor: str, seen: set[str]) -> set[int]:
        if tensor in seen:
            return set()
        seen.add(tensor)
        if tensor in sent:
            return {sent[tensor]}
        step = made.get(tensor)
        return set().union(*(needed(name, seen) for name in step.inputs)) if step is not None else set()

    return {at: sorted(needed(port.tensor, set())) for at, port in enumerate(program.io) if port.direction == "in"}


def crossings(program: Program) -> list[Crossing]:
    """Return every tensor that crosses the link, in order.

    A result that comes back to the host and goes no further is behind the device's cycles, an input of the network
    before them; the others are inside.
    """
    waits = depends_on(program)
    back = {at for needed in waits.values() for at in needed}
    found = []
    for at, port in enumerate(program.io):
        inside = bool(waits[at]) if port.direction == "in" else at in back
        size = _bytes(port, program.config)
        time = float(link_cycles(size, program.config)) / program.config.clock_mhz
        found.append(Crossing(port.tensor, port.direction, size, time, inside))
    return found


def outside_ms(program: Program) -> float:
    """Milliseconds that the link adds to the device's: inputs in front, results behind, each at its own turn."""
    return sum(c.microseconds for c in crossings(program) if not c.inside) * 1e-3


def run_clock(program: Program, decoded: Decoded, pinned: frozenset[int] = frozenset()) -> Timing:
    """Return the run's times, with tensors from the host arriving when they can; pinned: see `simulate_time`."""
    arrivals = _Arrivals(program, decoded)
    if not any(arrivals.waits.values()):
        return Simulation(decoded, program.config, pinned=pinned).run()
    simulation = Simulation(decoded, program.config, lambda number: arrivals.ready(number, simulation.spans), pinned)
    return simulation.run()


def arrivals(program: Program, decoded: Decoded, timing: Timing) -> dict[int, int]:
    """Return for every NetInQ move, by chain, the cycle in which its vectors are there."""
    found = _Arrivals(program, decoded)
    order = enumerate(found.order)
    return {i: found.ready(n, timing.spans) for n, (i, at) in order if program.io[at].direction == "in"}


class _Arrivals:
    """When the host's answers are there: order of the moves on the network queues, and what each waits for."""

    def __init__(self, program: Program, decoded: Decoded) -> None:
        self.program, self.waits = program, depends_on(program)
        self.moves = _moves_by_port(program, decoded)
        self.order = sorted((index, at) for at, indices in self.moves.items() for index in indices)

    def ready(self, number: int, spans: Sequence[Span | None]) -> int:
        """Return the cycle for the n-th move on the queues; spans: of the chains, None where not known yet."""
        at, config = self.order[number][1], self.program.config
        if not self.waits[at]:
            return 0
        complete = 0
        for sent in self.waits[at]:
            found = [spans[index] for index in self.moves[sent]]
            gone = [span.complete for span in found if span is not None]
            assert len(gone) == len(found), "the vector queue works in order"
            there = link_cycles(_bytes(self.program.io[sent], config), config)
            complete = max(complete, max(gone) + math.ceil(there))
        return complete + math.ceil(link_cycles(_bytes(self.program.io[at], config), config))


def _bytes(port: Port, config: NpuConfig) -> int:
    return port.vectors * config.vector_bytes


def _moves_by_port(program: Program, decoded: Decoded) -> dict[int, list[int]]:
    """Return port number -> indices of the chains that pass its vectors through NetInQ or NetOutQ."""
    found: dict[int, list[int]] = {at: [] for at in range(len(program.io))}
    waiting = {way: [at for at, port in enumerate(program.io) if port.direction == way] for way in ("in", "out")}
    left = [port.vectors for port in program.io]
    for chain in decoded.chains:
        if not isinstance(chain, VectorMove):
            continue
        passes = {"in": chain.source.space is Space.NET_IN_Q}
        passes["out"] = any(t.space is Space.NET_OUT_Q for t in chain.targets)
        for way in (way for way, does in passes.items() if does):
            at = waiting[way][0]
            found[at].append(chain.index)
            left[at] -= chain.positions
            if left[at] == 0:
                waiting[way].pop(0)
    return found
