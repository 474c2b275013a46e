"""When everything happens: the formulas of `docs/architecture.md`, section 5, event by event.

The cost grows with the number of chains, never with the cycles they take.  Values are not looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from npusim.chain import Chain, ComputeChain, Decoded, VectorMove, WeightMove
from npusim.config import NpuConfig
from npusim.engine.dram import Dram, Transfer
from npusim.isa import Queue, Space
from npusim.pipeline import chain_times, source_latency

CAUSES = ("weights", "dram", "link", "dependency", "drain", "dispatch")
"""Why the compute queue waited, in the order in which ties are charged."""

NetReady = Callable[[int], int]
"""Given the number of the network-queue tensor, the cycle in which its first vector can be taken."""


@dataclass(frozen=True, slots=True)
class Span:
    """Times of one chain in cycles.

    start: first read or first transfer; busy: end of the occupancy of its queue's unit (exclusive); complete: its
    results are in place; cause, stall: why and how long the compute queue's unit waited before it.
    """

    chain: Chain
    dispatched: int
    start: int
    busy: int
    complete: int
    cause: str = ""
    stall: int = 0
    tail: tuple[int, int] = (0, 0)  # first and last cycle in which an element enters MFU0


@dataclass(frozen=True, slots=True)
class Timing:
    """One run: a span for each chain in program order, and the account of all cycles.

    account: cycles by kind: "compute" and "vector" are busy, the others are `CAUSES`; they add up to `cycles`.
    """

    spans: tuple[Span, ...]
    cycles: int
    account: dict[str, int]
    dram_read: int
    dram_written: int

    @property
    def stalls(self) -> dict[str, int]:
        """The causes alone."""
        return {cause: self.account[cause] for cause in CAUSES}


_QUEUES_OF = tuple(tuple(queue for queue in Queue if mask >> queue & 1) for mask in range(1 << len(Queue)))
"""The queues of a `wait` or `give` mask."""


@dataclass(slots=True)
class _QueueState:
    """One queue: chains not yet started, the tokens it can take, when its unit is free."""

    waiting: deque[tuple[Chain, int]] = field(default_factory=deque)  # chain, cycle dispatched
    started: list[int] = field(default_factory=list)
    count: int = 0  # chains dispatched
    free: int = 0
    complete: int = -1  # moves: when the last one is complete


class Simulation:
    """Runs the clockwork of one program."""

    def __init__(
        self,
        decoded: Decoded,
        config: NpuConfig,
        net_ready: NetReady | None = None,
        pinned: frozenset[int] = frozenset(),
    ) -> None:
        self.config = config
        self.pinned = pinned
        self.chains = decoded.chains
        self.words = decoded.dispatched
        self.net_ready = net_ready or (lambda number: 0)
        self.dram = Dram(config)
        self.queues = {q: _QueueState() for q in Queue}
        self.tokens: dict[tuple[Queue, Queue], deque[tuple[int, str]]] = {(a, b): deque() for a in Queue for b in Queue}
        self.spans: list[Span | None] = [None] * len(self.chains)
        self.next = 0  # next chain to dispatch
        self.dispatched = 0  # cycle in which the word behind the chain before can be dispatched
        self.previous: tuple[int, int, int] = (0, 0, -1)  # compute: start, busy end, last tail entry E
        self.passed = 0  # cycle from which on vectors may arrive at the matrix-vector unit
        self.account = dict.fromkeys(("compute", "vector", *CAUSES), 0)
        self.nets = 0

    def run(self) -> Timing:
        """Simulate to the end; the program must have passed `compiler.verify`."""
        while True:
            while self._dispatch() | self._compute() | self._moves():
                pass
            transfer = self.dram.serve()
            if transfer is None:
                break
            if transfer.turns:  # it begins
                if not transfer.write:
                    self.queues[transfer.chain.queue].started.append(transfer.began)
            else:
                self._finish(transfer)
        assert all(span is not None for span in self.spans), "a verified program cannot block"
        spans = tuple(span for span in self.spans if span is not None)
        before = self.chains[-1].dispatch + 1 if self.chains else 0
        halt = self.dispatched + (self.words - 1 - before) * self.config.dispatch_interval
        cycles = max([halt + 1, *(s.complete for s in spans)])
        self.account["drain"] += cycles - self.previous[1]
        return Timing(spans, cycles, self.account, self.dram.read, self.dram.written)

    # ---- dispatch ----------------------------------------------------------------------------------------------

    def _dispatch(self) -> bool:
        """Dispatch chains as long as their queues have room."""
        moved = False
        while self.next < len(self.chains):
            chain = self.chains[self.next]
            state = self.queues[chain.queue]
            number, room = state.count, 0
            if number >= self.config.queue_depth:
                earlier = number - self.config.queue_depth
                if earlier >= len(state.started):
                    return moved
                room = state.started[earlier]
            before = self.chains[self.next - 1].dispatch + 1 if self.next else 0
            interval = self.config.dispatch_interval
            at = max(self.dispatched + (chain.dispatch - before) * interval, room)
            state.waiting.append((chain, at))
            state.count += 1
            self.dispatched = at + interval
            self.next += 1
            moved = True
        return moved

    # ---- semaphores --------------------------------------------------------------------------------------------

    def _ready(self, chain: Chain, dispatched: int) -> tuple[int, str] | None:
        """Cycle in which the chain was dispatched and holds all tokens, and the last cause; None if not known yet."""
        latest = (dispatched + 1, "dispatch")
        if not chain.wait:
            return latest
        semaphores = [self.tokens[other, chain.queue] for other in _QUEUES_OF[chain.wait]]
        if not all(semaphores):
            return None
        for tokens in semaphores:
            at, cause = tokens.popleft()
            if at > latest[0] or (at == latest[0] and CAUSES.index(cause) < CAUSES.index(latest[1])):
                latest = (at, cause)
        return latest

    def _complete(self, span: Span) -> None:
        chain = span.chain
        self.spans[chain.index] = span
        for other in _QUEUES_OF[chain.give]:
            self.tokens[chain.queue, other].append((span.complete + self.config.lat_sem, _token_cause(chain)))

    # ---- compute -----------------------------------------------------------------------------------------------

    def _compute(self) -> bool:
        state, moved = self.queues[Queue.COMPUTE], False
        while state.waiting:
            chain, dispatched = state.waiting[0]
            assert isinstance(chain, ComputeChain)
            ready = self._ready(chain, dispatched)
            if ready is None:
                return moved
            state.waiting.popleft()
            times = chain_times(chain, self.config)
            _, free, entered = self.previous
            at, cause = ready[0] + self.config.lat_issue, ready[1]
            start = max(free, at)
            source = source_latency(chain, self.config)
            if chain.matmul is not None and self.passed - source > start:
                start, cause = self.passed - source, "drain"
            if entered + 1 - times.first > start:
                start, cause = entered + 1 - times.first, "drain"
            stall = start - free
            self.account[cause] += stall
            self.account["compute" if chain.matmul is not None else "vector"] += times.busy
            self.previous = (start, start + times.busy, start + times.last)
            if chain.matmul is not None:
                self.passed = start + times.busy + source
            state.started.append(start)
            tail = (start + times.first, start + times.last)
            done = start + times.complete
            self._complete(
                Span(chain, dispatched, start, start + times.busy, done, cause if stall else "", stall, tail)
            )
            moved = True
        return moved

    # ---- moves -------------------------------------------------------------------------------------------------

    def _moves(self) -> bool:
        moved = False
        for queue in (Queue.WEIGHT, Queue.VECTOR):
            state = self.queues[queue]
            while state.waiting and not self.dram.active(queue):
                chain, dispatched = state.waiting[0]
                ready = self._ready(chain, dispatched)
                if ready is None:
                    break
                state.waiting.popleft()
                self._begin(chain, dispatched, ready[0] + self.config.lat_issue)
                moved = True
        return moved

    def _begin(self, chain: Chain, dispatched: int, at: int) -> None:
        """Start a move: queue its DRAM turns, or complete it at once if it needs none."""
        c, state = self.config, self.queues[chain.queue]
        if isinstance(chain, WeightMove):
            if chain.index in self.pinned:
                state.started.append(at)
                self._complete(Span(chain, dispatched, at, at, self._in_order(chain, at)))
                return
            self.dram.request(Transfer(chain, dispatched, at, chain.tiles, c.tile_bytes, chain.tiles * c.tile_bytes))
            return
        assert isinstance(chain, VectorMove)
        size = chain.positions * c.vector_bytes
        start = max(at, state.free)
        targets = [t.space for t in chain.targets]
        stream = -(-size // c.net_bytes)
        if chain.source.space is Space.NET_IN_Q:
            start = max(start, self.net_ready(self.nets))
            self.nets += 1
            if Space.DRAM in targets:
                self._write(chain, dispatched, start, size, start + stream)
                return
            end = start + stream
        elif chain.source.space is Space.DRAM:
            turns = -(-size // c.dram_burst)
            self.dram.request(Transfer(chain, dispatched, start, turns, c.dram_burst, size))
            return
        elif Space.DRAM in targets:
            self._write(chain, dispatched, start, size, start + c.lat_read + c.lat_dma)
            return
        else:
            end = start + c.lat_read + stream
            self.nets += 1
        state.free = end
        state.started.append(start)
        self._complete(Span(chain, dispatched, start, end, self._in_order(chain, end + c.lat_dma)))

    def _write(self, chain: Chain, dispatched: int, start: int, size: int, first: int) -> None:
        turns = -(-size // self.config.dram_burst)
        self.queues[chain.queue].started.append(start)
        self.dram.request(Transfer(chain, dispatched, first, turns, self.config.dram_burst, size, start, True))

    def _finish(self, done: Transfer) -> None:
        """Complete a move whose last DRAM turn has been served."""
        c, chain, free = self.config, done.chain, done.end
        complete = done.end
        if not done.write:
            complete += c.dram_latency + c.lat_dma
            if isinstance(chain, VectorMove) and any(t.space is Space.NET_OUT_Q for t in chain.targets):
                free = complete = complete + -(-done.size // c.net_bytes)
                self.nets += 1
        self.queues[chain.queue].free = free
        start = done.start if done.write else done.began
        complete = self._in_order(chain, complete)
        self._complete(Span(chain, done.dispatched, start, max(done.end, start + 1), complete))

    def _in_order(self, chain: Chain, complete: int) -> int:
        """Return when a move is complete that needs no longer than until `complete`: behind the one before it."""
        state = self.queues[chain.queue]
        state.complete = max(complete, state.complete + 1)
        return state.complete


def _token_cause(chain: Chain) -> str:
    """How a wait for a token of this chain is charged."""
    if isinstance(chain, WeightMove):
        return "weights"
    if isinstance(chain, ComputeChain):
        return "dependency"
    spaces = {chain.source.space, *(t.space for t in chain.targets)}
    return "link" if spaces & {Space.NET_IN_Q, Space.NET_OUT_Q} else "dram"


def simulate_time(
    decoded: Decoded, config: NpuConfig, net_ready: NetReady | None = None, pinned: frozenset[int] = frozenset()
) -> Timing:
    """Return the times of a verified program.

    net_ready: for the n-th move on the network queues the cycle in which it can begin (host tensors arrive late).
    pinned: weight moves, by chain, whose tiles are in MatrixRf already: they start, take no time and give their tokens.
    """
    return Simulation(decoded, config, net_ready, pinned).run()
