"""How long every feature map is alive in which memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from npusim.compiler.back.layout import Layout
from npusim.compiler.front.overlap import writes
from npusim.compiler.ir import Graph, Layer
from npusim.isa import Space

Read = tuple[int, str, Space]
"""A step, a map that it reads, the memory from which."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """For each root and memory in which it is wanted: first and last step that touch it there.

    spaces: the same by root; targets: by step and map that it writes, the memories to which.
    """

    spans: dict[tuple[str, Space], tuple[int, int]] = field(default_factory=dict)
    spaces: dict[str, set[Space]] = field(default_factory=dict)
    targets: dict[tuple[int, str], set[Space]] = field(default_factory=dict)

    def touch(self, root: str, space: Space, first: int, last: int) -> None:
        """Let a root be alive in a memory from step `first` to `last`."""
        low, high = self.spans.get((root, space), (first, last))
        self.spans[root, space] = (min(low, first), max(high, last))
        self.spaces.setdefault(root, set()).add(space)


def lifetimes(
    graph: Graph, layout: Layout, reads: list[Read], turns: list[tuple[int, int]], elsewhere: Iterable[str]
) -> Lifetimes:
    """Return when each map is alive; turns: for each step, first and last of the steps that take turns with it.

    elsewhere: maps that never are in a vector memory as a whole.  A layer writes to a memory what somebody reads there
    later: a part of a joined map that nobody adds to anything has no copy in an operand memory.
    """
    found = Lifetimes()
    readers: dict[str, list[Read]] = {}
    for index, name, space in reads:
        root = layout.slice(name).root
        readers.setdefault(root, []).append((index, name, space))
        found.touch(root, space, *turns[index])
    for index, step in enumerate(graph.steps):
        for name in writes(step):
            if name in elsewhere:
                continue
            own = layout.slice(name)
            wanted = {
                space
                for reader, other, space in readers.get(own.root, ())
                if not isinstance(step, Layer) or (reader > index and own.overlaps(layout.slice(other)))
            }
            wanted = wanted or {Space.INITIAL_VRF}  # a result that nobody reads has to go somewhere
            found.targets[index, name] = wanted
            for space in wanted:
                found.touch(own.root, space, *turns[index])
    return found
