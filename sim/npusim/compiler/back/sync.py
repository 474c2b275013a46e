"""Place the semaphore tokens: the least set that makes the three queues' free running equal to program order.

Each queue starts its chains in order and completes them in order.  A chain that touches what an earlier chain touches
has to wait for that chain's completion, unless the order of its own queue already guarantees it; waiting is a token
that the earlier chain gives.  Tokens of one semaphore are taken in the order in which they are given, so the j-th wait
is matched with the j-th give.

A loop's body is in instruction memory once, with the same masks at every iteration.  Therefore tokens never cross an
edge of a loop: each block of words between loop instructions gives as many as it takes, and what a later block relies
on, the last chain of its queue has waited for.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from npusim import isa
from npusim.chain import Chain, ComputeChain, Memory, Region, decode_stream
from npusim.chain.addresses import PADDING, nest, window
from npusim.config import NpuConfig
from npusim.errors import ProgramError
from npusim.isa import QUEUE_NAMES, Queue, Space
from npusim.pipeline import chain_times, entry_times, operand_delay, output_times, read_times, write_times

I64 = npt.NDArray[np.int64]
NEVER = -1


Places = slice | I64
"""An index into a table of addresses."""


def on_chip(regions: list[Region]) -> list[Region]:
    """Regions outside DRAM that have any address."""
    return [r for r in regions if r.memory is not Memory.DRAM and len(r.spans)]


def touched(chain: Chain, config: NpuConfig) -> tuple[list[Region], list[Region]]:
    """Return the regions that a chain reads and writes."""
    return chain.memo.get("touched", lambda: (chain.reads(config), chain.writes(config)))


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
        timed = chain.memo.get("timed reads", lambda: timed_reads(chain, self.config))
        for memory, addresses, times in timed:
            track = self._track(memory)
            late = track.ready[addresses] > self.clock + times
            if late.any():
                found = max(found, int(track.written[Queue.COMPUTE][addresses[late]].max()))
        return found

    def record(self, chain: Chain, index: int, reads: list[Region], writes: list[Region]) -> None:
        """Note that chain `index` of its queue touches these regions.

        A chain that writes has waited for what other queues did there before: whoever relies on it relies on that, too.
        """
        queue = chain.queue
        for region in on_chip(reads):
            self._track(region.memory).read[queue][places_of(region)] = index
        for region in on_chip(writes):
            track, places = self._track(region.memory), places_of(region)
            for other in Queue:
                track.written[other][places] = index if other is queue else NEVER
                if other is not queue:
                    track.read[other][places] = NEVER
        if isinstance(chain, ComputeChain):
            timed = chain.memo.get("timed writes", lambda: timed_writes(chain, self.config))
            for memory, addresses, times in timed:
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


_FIRST, _LAST = 4, 2
"""Runs of a loop's body whose needs are looked at; those between need what their neighbours need."""


@dataclass(slots=True)
class _Block:
    """One run of the words between two loop instructions: for each queue, its chains in order."""

    static: int  # which words: number of loop instructions in front of them
    chains: dict[Queue, list[Chain]] = field(default_factory=lambda: {q: [] for q in Queue})


def _blocks(words: list[int], chains: tuple[Chain, ...]) -> tuple[list[_Block], list[_Block]]:
    """Return all blocks in the order of dispatch, and the block of every chain."""
    loops = {isa.BY_NAME[name].opcode for name in ("loop", "end_loop")}
    edges = [at for at, word in enumerate(words) if word >> isa.OPCODE_LSB in loops]
    blocks: list[_Block] = []
    home: list[_Block] = []
    before = -1
    for chain in chains:
        static = bisect(edges, chain.first)
        if chain.first <= before or not blocks or blocks[-1].static != static:
            blocks.append(_Block(static))
        before = chain.first
        blocks[-1].chains[chain.queue].append(chain)
        home.append(blocks[-1])
    return blocks, home


@dataclass(slots=True)
class _Demands:
    """Which chain of a block has to wait for which, by word: waiter -> queue -> word of the giver's `end_chain`."""

    blocks: list[_Block]
    home: list[_Block]
    number: dict[int, int] = field(init=False)  # identity of a block -> place in `blocks`
    words: dict[int, dict[Queue, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.number = {id(block): at for at, block in enumerate(self.blocks)}

    def add(self, chain: Chain, giver: Chain) -> None:
        """Let a chain wait for the completion of another one.

        Tokens never cross the edge of a block, so that every run of a loop finds the same number.  A chain that needs
        one of an earlier block relies on a chain of its own queue that waited there, or on a later chain of the giver's
        queue in its own block.
        """
        here = self.number[id(self.home[chain.index])]
        there = self.number[id(self.home[giver.index])]
        for at in range(there, here + 1):
            block = self.blocks[at]
            first = giver if at == there else next(iter(block.chains[giver.queue]), None)
            last = chain if at == here else next(reversed(block.chains[chain.queue]), None)
            if first is not None and last is not None and first.index < last.index:
                found = self.words.setdefault(last.end, {})
                found[giver.queue] = max(found.get(giver.queue, NEVER), first.end)
                return
        raise ProgramError(
            f"word {chain.end}: the chain needs the one that ends at word {giver.end} ({QUEUE_NAMES[giver.queue]} "
            "queue) beyond the edge of a loop, where no chain can wait for it"
        )


def synchronise(words: list[int], config: NpuConfig) -> npt.NDArray[np.uint64]:
    """Return the program with `wait` and `give` masks in every `end_chain`; the input carries none."""
    decoded = decode_stream(words, config)
    blocks, home = _blocks(words, decoded.chains)
    demands = _demands(blocks, home, config)
    out = np.array(words, np.uint64)
    row = isa.BY_NAME["end_chain"]
    done: set[int] = set()
    for block in blocks:
        if block.static not in done:
            done.add(block.static)
            for word, (wait, give) in _tokens(block, demands.words).items():
                out[word] |= np.uint64(wait << row.field("wait").lsb | give << row.field("give").lsb)
    return out


def _demands(blocks: list[_Block], home: list[_Block], config: NpuConfig) -> _Demands:
    """Find what every chain has to wait for, beyond what it knows from what it waits for."""
    tracker, clocks, demands = Tracker(config), Clocks(), _Demands(blocks, home)
    total = Counter(block.static for block in blocks)
    seen: Counter[int] = Counter()
    queued: dict[Queue, list[Chain]] = {q: [] for q in Queue}
    for block in blocks:
        seen[block.static] += 1
        usual = _FIRST < seen[block.static] <= total[block.static] - _LAST
        for chain in _in_order(block):
            reads, writes = touched(chain, config)
            needs = {} if usual else dict(zip(Queue, tracker.needed(chain, reads, writes), strict=True))
            waits = _waits(clocks, chain.queue, needs)
            clocks.start(chain.queue, waits)
            for other, needed in waits:
                demands.add(chain, queued[other][needed])
            tracker.record(chain, len(queued[chain.queue]), reads, writes)
            queued[chain.queue].append(chain)
    return demands


def _in_order(block: _Block) -> list[Chain]:
    return sorted((chain for chains in block.chains.values() for chain in chains), key=lambda c: c.index)


def _waits(clocks: Clocks, queue: Queue, needs: dict[Queue, int]) -> list[tuple[Queue, int]]:
    """Return the needs that the queue's next chain has to wait for: one may bring knowledge that makes another
    superfluous, so the queue that knows most is asked first."""
    waits: list[tuple[Queue, int]] = []
    learnt = list(clocks.current[queue])
    for other, needed in sorted(needs.items(), key=lambda n: (n[0] is not Queue.COMPUTE, n[0])):
        if needed > learnt[other]:
            waits.append((other, needed))
            learnt[other] = needed
            for q, value in enumerate(clocks.history[other][needed]):
                learnt[q] = max(learnt[q], value)
    return waits


def _tokens(block: _Block, demands: dict[int, dict[Queue, int]]) -> dict[int, tuple[int, int]]:
    """Return word -> (wait, give) for the chains of a block: the fewest tokens that meet the demands."""
    clocks = Clocks()
    places = {c.end: at for chains in block.chains.values() for at, c in enumerate(chains)}
    wait, give = dict.fromkeys(places, 0), dict.fromkeys(places, 0)
    for chain in _in_order(block):
        needs = {other: places[word] for other, word in demands.get(chain.end, {}).items()}
        waits = _waits(clocks, chain.queue, needs)
        clocks.start(chain.queue, waits)
        for other, needed in waits:
            wait[chain.end] |= 1 << other
            give[block.chains[other][needed].end] |= 1 << chain.queue
    return {word: (wait[word], give[word]) for word in places}
