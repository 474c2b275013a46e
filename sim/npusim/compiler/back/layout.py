"""How feature maps lie in vector memories: pixel pitches, slices of concatenated maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusim.compiler.ir import FeatureMap, Graph
from npusim.segments import lanes_of, vectors_of


def ceil_div(a: int, b: int) -> int:
    """Integer division rounded up."""
    return -(-a // b)


@dataclass(frozen=True, slots=True)
class Slice:
    """A map as a part of its root's storage: first vector of each pixel and first lane there, vectors used, root's
    vectors a pixel."""

    root: str
    offset: int
    vectors: int
    pitch: int
    lane: int

    def overlaps(self, other: Slice) -> bool:
        """Return whether the two have vectors in common."""
        return (
            self.root == other.root
            and self.offset < other.offset + other.vectors
            and other.offset < self.offset + self.vectors
        )


class Layout:
    """Resolves every map of a graph to the storage that holds it."""

    def __init__(self, graph: Graph, native_dim: int) -> None:
        self.graph = graph
        self.native_dim = native_dim
        self._slices = {name: self._resolve(name) for name in graph.maps}

    def _resolve(self, name: str) -> Slice:
        n, fmap = self.native_dim, self.graph.maps[name]
        root, offset = name, fmap.lane // n
        while root in self.graph.aliases:
            root, segment = self.graph.aliases[root]
            before = self.graph.maps[root].segments[:segment]
            offset += vectors_of(before, n) if before else 0
        lane = fmap.lane % n
        own = vectors_of(fmap.segments, n, lane)
        return Slice(root, offset, own, vectors_of(self.graph.maps[root].segments, n), lane)

    def slice(self, name: str) -> Slice:
        """Return where the map lies in its root."""
        return self._slices[name]

    def map(self, name: str) -> FeatureMap:
        """Return the map itself."""
        return self.graph.maps[name]

    def lanes(self, name: str) -> npt.NDArray[np.int64]:
        """Return int64[channels]: lane of each channel, counted from the map's first vector (vector * N + lane)."""
        return lanes_of(self.graph.maps[name].segments, self.native_dim, self._slices[name].lane)

    def size(self, root: str) -> int:
        """Vectors of a whole root map."""
        return self.graph.maps[root].pixels * self._slices[root].pitch
