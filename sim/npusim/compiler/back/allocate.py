"""Offline placement of buffers with known lifetimes in one vector memory.

A beam search over first-come placements at either end of every free gap: the machine's memories are full to the last
few percent (block 1 of ResNet-50 needs 9,075 of 9,216 InitialVrf vectors), where first-fit fragments.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A buffer: size in vectors, alive from step `start` to step `end`, both included.  Identity matters, and is quick
    to compare."""

    key: str
    size: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a placement was not found: the item that no state could take, and what was alive beside it."""

    item: Item
    alive: tuple[Item, ...]


def place(items: list[Item], depth: int, beam: int = 24) -> dict[str, int] | Failure:
    """Return an address for each item so that items alive at the same step never overlap, or a `Failure`.

    items: any order; depth: size of the memory in vectors; beam: states kept after each item.
    """
    order = sorted(items, key=lambda i: (i.start, -(i.end - i.start), -i.size, i.key))
    states: list[tuple[tuple[int, Item], ...]] = [()]  # alive (address, item), by address
    history: list[dict[str, int]] = [{}]
    for number, item in enumerate(order):
        following = order[number + 1].start if number + 1 < len(order) else item.end + 1
        found: dict[tuple[tuple[int, Item], ...], tuple[float, dict[str, int]]] = {}
        for state, done in zip(states, history, strict=True):
            alive = tuple(entry for entry in state if entry[1].end >= item.start)
            for address in _candidates(alive, item.size, depth):
                grown = tuple(sorted((*alive, (address, item)), key=lambda e: e[0]))
                if grown not in found:
                    score = _largest_gap(tuple(e for e in grown if e[1].end >= following), depth)
                    found[grown] = (score, {**done, item.key: address})
        if not found:
            alive_items = tuple(e[1] for e in states[0] if e[1].end >= item.start)
            return Failure(item, alive_items)
        best = sorted(found.items(), key=lambda kv: -kv[1][0])[:beam]
        states = [state for state, _ in best]
        history = [done for _, (_, done) in best]
    return history[0]


def _gaps(alive: tuple[tuple[int, Item], ...], depth: int) -> list[tuple[int, int]]:
    gaps, at = [], 0
    for address, item in alive:
        if address > at:
            gaps.append((at, address))
        at = max(at, address + item.size)
    if at < depth:
        gaps.append((at, depth))
    return gaps


def _candidates(alive: tuple[tuple[int, Item], ...], size: int, depth: int) -> list[int]:
    out = []
    for low, high in _gaps(alive, depth):
        if high - low >= size:
            out.append(low)
            if high - size != low:
                out.append(high - size)
    return out


def _largest_gap(alive: tuple[tuple[int, Item], ...], depth: int) -> float:
    gaps = _gaps(alive, depth)
    return max((high - low for low, high in gaps), default=0) - 1e-3 * len(gaps)
