"""The DRAM channel: two DMA engines take turns, exactly, in fractions of a cycle."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.chain import Chain
from npusim.config import NpuConfig
from npusim.isa import Queue


@dataclass(slots=True)
class Transfer:
    """The DRAM part of one move.

    ready: cycle from which its first turn can be served; turns: turns left, each of `turn` bytes but the last;
    size: bytes; start: cycle in which the move started (writes; reads start with their first turn).
    """

    chain: Chain
    dispatched: int
    ready: int
    turns: int
    turn: int
    size: int
    start: int = 0
    write: bool = False
    began: int = -1
    end: int = 0

    @property
    def bytes_left(self) -> int:
        """Bytes of all turns left: the last turn carries the remainder."""
        total = -(-self.size // self.turn)
        return self.size - (total - self.turns) * self.turn


class Dram:
    """Serves turns in ticks of 1 / `dram_rate.numerator` cycle, so that all times are integers."""

    def __init__(self, config: NpuConfig) -> None:
        rate = config.dram_rate
        self.per_cycle, self.per_byte = rate.numerator, rate.denominator  # ticks
        self.free = 0  # tick at which the channel is free
        self.turn_of = Queue.VECTOR  # who was served last
        self.pending: dict[Queue, Transfer] = {}
        self.read = self.written = 0  # bytes

    def active(self, queue: Queue) -> bool:
        """True while the queue's DMA has turns left."""
        return queue in self.pending

    def request(self, transfer: Transfer) -> None:
        """Add a move; its queue must not be active."""
        self.pending[transfer.chain.queue] = transfer

    def serve(self) -> Transfer | None:
        """Serve turns until a move begins or ends, and return it; None if none is pending.

        Whatever becomes known later follows from that event, so nothing that is not known yet can want an earlier turn.
        """
        while self.pending:
            queue = self._choose()
            transfer = self.pending[queue]
            other = self.pending.get(Queue.VECTOR if queue is Queue.WEIGHT else Queue.WEIGHT)
            begin = max(self.free, transfer.ready * self.per_cycle)
            if transfer.began < 0:
                transfer.began = begin // self.per_cycle
                return transfer
            served = transfer.turns
            if other is not None:  # alone until the other is ready, then turn by turn
                gap = other.ready * self.per_cycle - begin
                each = transfer.turn * self.per_byte
                served = min(served, max(1, -(-gap // each)))
            before = transfer.bytes_left
            transfer.turns -= served
            size = before - transfer.bytes_left if transfer.turns else before
            self.free = begin + size * self.per_byte
            self.turn_of = queue
            if transfer.write:
                self.written += size
            else:
                self.read += size
            if not transfer.turns:
                transfer.end = -(-self.free // self.per_cycle)
                del self.pending[queue]
                return transfer
        return None

    def _choose(self) -> Queue:
        """The queue whose turn begins first; the one that was not served last if both could begin."""
        if len(self.pending) == 1:
            return next(iter(self.pending))
        begins = {q: max(self.free, t.ready * self.per_cycle) for q, t in self.pending.items()}
        if begins[Queue.WEIGHT] == begins[Queue.VECTOR]:
            return Queue.WEIGHT if self.turn_of is Queue.VECTOR else Queue.VECTOR
        return min(begins, key=lambda q: begins[q])
