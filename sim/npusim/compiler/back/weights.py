"""Stream weights: put weight moves into the order of compute chains, as early as MatrixRf has room."""

from __future__ import annotations

from collections import deque

from npusim.compiler.back.events import Event, Item, TileSet
from npusim.config import NpuConfig
from npusim.isa import Queue, Reg


def insert(events: list[Item], config: NpuConfig) -> list[Item]:
    """Return the events with a weight move for every tile set, each right after the last chain that has to release
    its slots; MatrixRf is used as a ring, so that the stream of weights never waits for a layer.

    No move comes more than a queue's depth ahead of the chain it is for: words are dispatched in order, and moves that
    fill their queue would hold up the chains behind them.
    """
    slots = config.mrf_slots
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    order: list[TileSet] = []
    for index, event in enumerate(events):
        if event.tiles is not None:
            if id(event.tiles) not in first:
                first[id(event.tiles)] = index
                order.append(event.tiles)
            last[id(event.tiles)] = index
    moves: dict[int, list[Event]] = {}
    held: deque[TileSet] = deque()
    used = head = released = 0
    for number, tiles in enumerate(order):
        assert tiles.slots <= slots
        if number >= config.queue_depth:
            released = max(released, first[id(order[number - config.queue_depth + 1])])
        while used + tiles.slots > slots:
            oldest = held.popleft()
            used -= oldest.slots
            released = max(released, last[id(oldest)] + 1)
        assert released <= first[id(tiles)]
        tiles.slot = head
        head = (head + tiles.slots) % slots
        used += tiles.slots
        held.append(tiles)
        if tiles.tiles:
            moves.setdefault(released, []).append(_move(tiles))
    out: list[Item] = []
    for index, event in enumerate(events):
        out += moves.get(index, [])
        out.append(event)
    return out


def _move(tiles: TileSet) -> Event:
    regs = {Reg.TILES: tiles.tiles}
    return Event(Queue.WEIGHT, regs, [("m_rd", {"addr": tiles.address}), ("m_wr", {})], tiles.node, tiles)
