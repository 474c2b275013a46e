"""Place the semaphore tokens: the least set that makes the three queues' free running equal to program order.

Each queue starts its chains in order and completes them in order.  A chain that touches what an earlier chain touches
has to wait for that chain's completion, unless the order of its own queue already guarantees it; waiting is a token
that the earlier chain gives.  Tokens of one semaphore are taken in the order in which they are given, so the j-th wait
is matched with the j-th give.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from npusim import isa
from npusim.chain import Chain, ComputeChain, Memory, Region, decode_stream
from npusim.chain.addresses import PADDING, nest, window
from npusim.config import NpuConfig
from npusim.isa import Queue, Space
from npusim.pipeline import chain_times, entry_times, operand_delay, output_times, read_times, write_times

I64 = npt.NDArray[np.int64]
NEVER = -1


Places = slice | I64
"""An index into a table of addresses."""


def on_chip(regions: list[Region]) -> list[Region]:
    """Regions outside DRAM that have any address."""
    return [r for r in regions if r.memory is not Memory.DRAM and len(r.spans)]


def places_of(region: Region) -> Places:
    """Return an index of exactly the region's addresses."""
    if len(region.spans) == 1:
        return slice(int(region.spans[0, 0]), int(region.spans[0, 1]))
    return region.addresses


@dataclass(slots=True)
class _Track:
    """For every address of one memory the last chain of each queue that wrote and that read it (index in queue)."""

    written: I64
    read: I64
    ready: I64  # when the last compute chain's write is readable, on the clock of `Tracker.clock`


@dataclass(slots=True)
class Tracker:
    """Last writers and readers of every on-chip address.

    clock: occupancy of all compute chains so far.  Chains start in order, each at the earliest when the one before has
    left the reader, so the starts of two chains are at least the difference of their clocks apart.
    """

    config: NpuConfig
    clock: int = 0
    memories: dict[Memory, _Track] = field(default_factory=dict)

    def _track(self, memory: Memory) -> _Track:
        if memory not in self.memories:
            c = self.config
            depth = c.mrf_slots * (1 if c.shared_weights else c.engines)
            depth = depth if memory is Memory.MATRIX_RF else c.depth(Space(memory))
            blank = np.full((len(Queue), depth), NEVER, np.int64)
            self.memories[memory] = _Track(blank, blank.copy(), np.zeros(depth, np.int64))
        return self.memories[memory]

    def needed(self, chain: Chain, reads: list[Region], writes: list[Region]) -> list[int]:
        """For each queue: the last of its chains (index in queue) that must be complete, or `NEVER`.

        Order within a queue: weight moves only write, in order.  Compute chains read in the order in which they start,
        and write in that order behind a pipeline of constant depth; only reading what an earlier one writes can go
        wrong (`overtakes`).  Vector moves overlap freely on chip; DRAM serves them in order and is not tracked.
        """
        queue = chain.queue
        need = [NEVER] * len(Queue)
        if isinstance(chain, ComputeChain):
            need[Queue.COMPUTE] = self.overtakes(chain, reads)

        def look(places: Places, table: I64) -> None:
            for other in Queue:
                if other is queue and queue is not Queue.VECTOR:
                    continue
                need[other] = max(need[other], int(table[other][places].max()))

        for region in on_chip(reads):
            look(places_of(region), self._track(region.memory).written)
        for region in on_chip(writes):
            track, places = self._track(region.memory), places_of(region)
            look(places, track.written)
            look(places, track.read)
        return need

    def overtakes(self, chain: ComputeChain, reads: list[Region]) -> int:
        """Return the last compute chain whose results this one could read before they are there, or `NEVER`.

        Once started, a compute chain never stalls: its reads and an earlier chain's writes are apart by known cycles.
        """
        if all(
            not (self._track(region.memory).ready[places_of(region)] > self.clock).any() for region in on_chip(reads)
        ):
            return NEVER
        found = NEVER
        for memory, addresses, times in timed_reads(chain, self.config):
            track = self._track(memory)
            late = track.ready[addresses] > self.clock + times
            if late.any():
                found = max(found, int(track.written[Queue.COMPUTE][addresses[late]].max()))
        return found

    def record(self, chain: Chain, index: int, reads: list[Region], writes: list[Region]) -> None:
        """Note that chain `index` of its queue touches these regions."""
        queue = chain.queue
        for region in on_chip(reads):
            self._track(region.memory).read[queue][places_of(region)] = index
        for region in on_chip(writes):
            self._track(region.memory).written[queue][places_of(region)] = index
        if isinstance(chain, ComputeChain):
            for memory, addresses, times in timed_writes(chain, self.config):
                self._track(memory).ready[addresses] = self.clock + times
            self.clock += chain_times(chain, self.config).busy


def timed_reads(chain: ComputeChain, config: NpuConfig) -> list[tuple[Memory, I64, I64]]:
    """Return (memory, addresses, cycle of each read after the chain's start) for the vectors of a compute chain."""
    r = chain.regs
    found: list[tuple[Memory, I64, I64]] = []
    if chain.source.space is Space.INITIAL_VRF:
        offsets, times = window(r).ravel(), read_times(chain, config).ravel()
        real = offsets != PADDING
        found.append((Memory.INITIAL_VRF, chain.source.addr + offsets[real], times[real]))
    entries = entry_times(chain, config)
    repeat = len(entries) // chain.positions  # reader vectors or row tiles of a position
    row_tile = np.arange(len(entries), dtype=np.int64) % r.mv_rows
    for operand in chain.mfu0.operands:
        steps = np.repeat(nest(chain.positions, r.cols, r.op0_row, r.op0_col), repeat) if operand.step else 0
        times = entries + operand_delay(operand.space, config)
        found.append((Memory(operand.space), operand.addr + steps + row_tile, times))
    if chain.mfu1.operands:
        outputs = output_times(chain, config)
        for operand in chain.mfu1.operands:
            at: I64 = np.arange(chain.outputs, dtype=np.int64) % r.mv_rows
            if operand.step:
                at = nest(chain.outputs, r.out_cols, r.op1_row, r.op1_col)
            times = outputs + operand_delay(operand.space, config)
            found.append((Memory(operand.space), operand.addr + at, times))
    return found


def timed_writes(chain: ComputeChain, config: NpuConfig) -> list[tuple[Memory, I64, I64]]:
    """Return (memory, addresses, cycle after the chain's start from which each is readable)."""
    if not chain.targets:
        return []
    r = chain.regs
    steps = nest(chain.outputs, r.out_cols, r.wr_row, r.wr_col)
    times = write_times(chain, config)
    return [(Memory(t.space), t.addr + steps, times) for t in chain.targets]


class Clocks:
    """Which chains are known to be complete when each chain starts, and when each completes.

    A vector clock per chain: for each queue the index of its last chain known to be complete.
    """

    def __init__(self) -> None:
        self.current = [[NEVER] * len(Queue) for _ in Queue]  # at the start of the queue's latest chain
        self.history: list[list[tuple[int, ...]]] = [[] for _ in Queue]  # at each chain's start

    def start(self, queue: Queue, waits_for: list[tuple[Queue, int]]) -> list[int]:
        """Begin the next chain of a queue after the completion of the given chains; returns its clock."""
        clock = self.current[queue]
        for other, index in waits_for:
            clock[other] = max(clock[other], index)
            for q, value in enumerate(self.history[other][index]):
                clock[q] = max(clock[q], value)
        self.history[queue].append(tuple(clock))
        return clock


def synchronise(words: list[int], config: NpuConfig) -> npt.NDArray[np.uint64]:
    """Return the program with `wait` and `give` masks in every `end_chain`; the input carries none."""
    decoded = decode_stream(words, config)
    tracker, clocks = Tracker(config), Clocks()
    chains: dict[Queue, list[Chain]] = {q: [] for q in Queue}
    wait: dict[int, int] = {}
    give: dict[int, int] = {}
    for chain in decoded.chains:
        queue, index = chain.queue, len(chains[chain.queue])
        reads, writes = chain.reads(config), chain.writes(config)
        known = clocks.current[queue]
        waits: list[tuple[Queue, int]] = []
        # a token may bring knowledge that makes another superfluous: ask the queue that knows most first
        needs = sorted(enumerate(tracker.needed(chain, reads, writes)), key=lambda n: n[0] != int(Queue.COMPUTE))
        learnt = list(known)
        for number, needed in needs:
            other = Queue(number)
            if needed > learnt[other]:
                waits.append((other, needed))
                learnt[other] = needed
                for q, value in enumerate(clocks.history[other][needed]):
                    learnt[q] = max(learnt[q], value)
        clocks.start(queue, waits)
        for other, needed in waits:
            wait[chain.end] = wait.get(chain.end, 0) | 1 << other
            giver = chains[other][needed].end
            give[giver] = give.get(giver, 0) | 1 << queue
        chains[queue].append(chain)
        tracker.record(chain, index, reads, writes)
    out = np.array(words, np.uint64)
    row = isa.BY_NAME["end_chain"]
    for at, mask in wait.items():
        out[at] |= np.uint64(mask << row.field("wait").lsb)
    for at, mask in give.items():
        out[at] |= np.uint64(mask << row.field("give").lsb)
    return out
