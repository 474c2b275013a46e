"""The clock of `docs/architecture.md`, section 5, cycle by cycle: slow, for small programs, written from the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from npusim.chain import Chain, ComputeChain, Decoded, VectorMove, WeightMove
from npusim.config import NpuConfig
from npusim.isa import Queue, Space


@dataclass
class Clock:
    """Runs a program; afterwards `start` and `complete` hold a cycle for each chain index."""

    decoded: Decoded
    config: NpuConfig
    start: dict[int, int] = field(default_factory=dict)
    complete: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        c = self.config
        ends = {chain.dispatch: chain for chain in self.decoded.chains}
        queues: dict[Queue, list[Chain]] = {q: [] for q in Queue}  # dispatched, not started
        entered: dict[int, int] = {}  # chain -> cycle dispatched
        tokens: dict[tuple[Queue, Queue], list[int]] = {(a, b): [] for a in Queue for b in Queue}
        ready: dict[int, int] = {}
        reader_free = entry_free = unit_free = 0
        dma: dict[Queue, Chain | None] = {Queue.WEIGHT: None, Queue.VECTOR: None}
        dma_free = {Queue.WEIGHT: 0, Queue.VECTOR: 0}
        left: dict[Queue, int] = {}  # bytes of DRAM turns left of the DMA's move
        turn_ready: dict[Queue, int] = {}
        channel, last = Fraction(0), Queue.VECTOR
        word, cycle, next_word = 0, 0, 0

        def give(chain: Chain, at: int) -> None:
            if chain.queue is not Queue.COMPUTE:  # moves complete in order, one a cycle
                before = [self.complete[x.index] for x in self.decoded.chains if x.queue is chain.queue
                          and x.index in self.complete]  # fmt: skip
                at = max([at, *(cycle + 1 for cycle in before)])
            self.complete[chain.index] = at
            for q in Queue:
                if chain.give >> q & 1:
                    tokens[chain.queue, q].append(at + c.lat_sem)

        def take_tokens() -> None:
            """The chains of a queue take their tokens in order."""
            for q in Queue:
                for chain in queues[q]:
                    if chain.index in ready:
                        continue
                    needs = [(other, q) for other in Queue if chain.wait >> other & 1]
                    if cycle <= entered[chain.index] or any(not tokens[n] or tokens[n][0] > cycle for n in needs):
                        break
                    for n in needs:
                        tokens[n].pop(0)
                    ready[chain.index] = cycle + c.lat_issue

        def load(q: Queue) -> None:
            """Hand the next move of a queue to its DMA, if it needs DRAM turns to start."""
            chain = next((x for x in queues[q] if x.index not in self.start), None)
            if dma[q] is not None or chain is None or chain.index not in ready:
                return
            if isinstance(chain, WeightMove):
                dma[q], left[q], turn_ready[q] = chain, chain.tiles * c.tile_bytes, ready[chain.index]
            elif isinstance(chain, VectorMove) and chain.source.space is Space.DRAM:
                dma[q], left[q] = chain, chain.positions * c.vector_bytes
                turn_ready[q] = max(ready[chain.index], dma_free[q])

        while len(self.complete) < len(self.decoded.chains):
            take_tokens()
            for q in dma:
                load(q)
            # DRAM: turns that begin within this cycle
            while True:
                waiting = {q: max(channel, Fraction(turn_ready[q])) for q in left if left[q]}
                waiting = {q: at for q, at in waiting.items() if at < cycle + 1}
                if not waiting:
                    break
                first = min(waiting.values())
                ties = [q for q in waiting if waiting[q] == first]
                q = ties[0] if len(ties) == 1 else next(t for t in ties if t is not last)
                chain = dma[q]
                assert chain is not None
                if isinstance(chain, VectorMove) and chain.source.space is not Space.DRAM:
                    pass  # a write started before its first turn
                elif chain.index not in self.start:
                    self.start[chain.index] = cycle
                    queues[q].remove(chain)
                size = min(left[q], c.tile_bytes if q is Queue.WEIGHT else c.dram_burst)
                channel = first + Fraction(size) / c.dram_rate
                left[q] -= size
                last = q
                if not left[q]:
                    end = -(-channel.numerator // channel.denominator)
                    del left[q]
                    dma[q], dma_free[q] = None, end
                    if isinstance(chain, VectorMove) and chain.source.space is not Space.DRAM:
                        give(chain, end)
                    elif isinstance(chain, VectorMove) and chain.targets[0].space is Space.NET_OUT_Q:
                        stream = -(-chain.positions * c.vector_bytes // c.net_bytes)
                        dma_free[q] = end + c.dram_latency + c.lat_dma + stream
                        give(chain, dma_free[q])
                    else:
                        give(chain, end + c.dram_latency + c.lat_dma)
                    load(q)
            # starts
            q = Queue.VECTOR
            if dma[q] is None and queues[q] and queues[q][0].index in ready:
                chain = queues[q][0]
                assert isinstance(chain, VectorMove)
                size = chain.positions * c.vector_bytes
                stream = -(-size // c.net_bytes)
                if cycle >= max(ready[chain.index], dma_free[q]):
                    self.start[chain.index] = cycle
                    queues[q].remove(chain)
                    if chain.targets[0].space is Space.DRAM:
                        delay = stream if chain.source.space is Space.NET_IN_Q else c.lat_read + c.lat_dma
                        dma[q], left[q], turn_ready[q] = chain, size, cycle + delay
                    else:
                        more = 0 if chain.source.space is Space.NET_IN_Q else c.lat_read
                        dma_free[q] = cycle + stream + more
                        give(chain, dma_free[q] + c.lat_dma)
            compute = queues[Queue.COMPUTE]
            if compute:
                chain = compute[0]
                assert isinstance(chain, ComputeChain)
                if chain.index in ready:
                    first, last_entry, busy = self.entries(chain)
                    arrives = cycle + (c.lat_expand if chain.source.space is Space.EXPANDER else c.lat_read)
                    free = chain.matmul is None or arrives >= unit_free
                    if cycle >= max(ready[chain.index], reader_free) and cycle + first > entry_free and free:
                        self.start[chain.index] = cycle
                        compute.pop(0)
                        reader_free, entry_free = cycle + busy, cycle + last_entry
                        unit_free = unit_free if chain.matmul is None else arrives + busy
                        tail = 2 * (c.lat_mul + c.lat_add + c.lat_act) + c.lat_reduce + c.lat_write
                        give(chain, cycle + last_entry + tail)
            # dispatch one word
            if cycle >= next_word and word in ends:
                chain = ends[word]
                if len(queues[chain.queue]) < c.queue_depth:
                    queues[chain.queue].append(chain)
                    entered[chain.index] = cycle
                    word, next_word = word + 1, cycle + c.dispatch_interval
            elif cycle >= next_word and word < self.decoded.dispatched - 1:
                word, next_word = word + 1, cycle + c.dispatch_interval
            cycle += 1
            assert cycle < 1_000_000

    def entries(self, chain: ComputeChain) -> tuple[int, int, int]:
        """First and last entry into MFU0 after the start, and the reader's occupancy, element by element."""
        c, r = self.config, chain.regs
        source = c.lat_expand if chain.source.space is Space.EXPANDER else c.lat_read
        if chain.matmul is None:
            taps = 1 if chain.source.space is Space.EXPANDER else r.kh * r.kw
            count = chain.positions * taps * r.kc
            return source, source + count - 1, count
        tc = c.native_dim // c.lanes
        matrix = c.lat_bfp + tc + c.lat_dot + c.lat_convert + c.lat_acc + c.lat_round
        when, rounds = [], 0
        if c.shared_weights:
            for p in range(chain.positions):
                rounds = p // c.engines + 1
                when.append(rounds * chain.window * tc + p % c.engines)
        else:
            for _ in range(chain.positions):
                for row in range(r.mv_rows):
                    if row % c.engines == 0:
                        rounds += 1
                    when.append(rounds * chain.window * tc + row % c.engines)
        return source + matrix - tc + when[0], source + matrix - tc + when[-1], rounds * chain.window * tc
