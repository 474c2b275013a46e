"""Pack the parts of joined maps: a pass from graph to graph that lets several parts share a native vector.

A concatenation whose parts begin at vectors of their own wastes the lanes behind each: a dense layer of 32 channels
takes a whole vector of 128.  Where a part fits into the lanes that the parts before it leave, it lies there instead.
A chain writes whole vectors; so the first part to be computed writes the vector with zeros in the other lanes, and
every later one, with zeros everywhere but in its own, adds what is there: x + 0 = x, 0 + y = y.  The machine adds from
AddSubVrf_1, where such a vector has a copy as long as it is incomplete.

A part never straddles two vectors.  Where one cannot be packed it begins a vector of its own, as all parts do in the
front end's graph.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from npusim.compiler.back.separate import separable
from npusim.compiler.front.overlap import extent, map_operands, reads, writes
from npusim.compiler.ir import ConstOperand, FeatureMap, Graph, Layer, MapOperand, Recurrent, Window
from npusim.config import NpuConfig
from npusim.segments import vectors_of

Boundary = tuple[str, int]
"""A map, and the segment that begins there: number 1 or later."""


def pack(graph: Graph, config: NpuConfig) -> Graph:
    """Return the graph with joined maps packed; segments that share vectors have become one."""
    return _Packer(graph, config).run()


def quiet(layer: Layer) -> bool:
    """Return whether a layer makes zeros in the lanes that hold none of its channels, if its sources have zeros there.

    A matrix makes zeros of anything: the rows of such lanes are zero, and so are their constants.
    """
    w, zeros = layer.window, (None, "relu", "lrelu", "tanh")
    for mfu in (layer.pre, layer.post):
        clipped = mfu.act == "clip" and mfu.act_args[0] <= 0 <= mfu.act_args[1]
        if not clipped and mfu.act not in zeros:
            return False
        if mfu.addsub is not None and isinstance(mfu.addsub[1], ConstOperand) and mfu.addsub[1].per_position:
            return False
    return not layer.low_padding or (w.pad_top <= (w.kh - 1) * w.dh and w.pad_left <= (w.kw - 1) * w.dw)


def can_add(layer: Layer) -> bool:
    """Return whether a layer's last stages are free to add its outputs to what is there."""
    mul = layer.post.mul
    stays = mul is None or (isinstance(mul, ConstOperand) and not mul.per_position)
    return stays and layer.post.addsub is None and layer.post.act is None and not map_operands(layer)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one step writes of a joined map: half-open range of segments."""

    step: int
    map: str
    first: int
    end: int


def _anchored(graph: Graph) -> set[str]:
    """Return the maps that must begin at lane 0: nothing but a matrix brings channels to other lanes."""
    found: set[str] = set()
    for step in graph.steps:
        if isinstance(step, Layer):
            operands = [o.map for o in map_operands(step)]
            found |= {*operands, step.out} if operands else set()
            found |= {step.source, step.out} if step.weights is None else set()
        else:
            found |= {*reads(step), *writes(step)}
    return found


class _Packer:
    """Decides for every boundary between segments whether it stays.

    Boundaries that have to agree are one class: those of a map and its slices, and those of maps that a layer without
    a matrix reads and writes lane by lane.
    """

    def __init__(self, graph: Graph, config: NpuConfig) -> None:
        self.graph, self.config, self.n = graph, config, config.native_dim
        self.same: dict[Boundary, Boundary] = {
            (name, i): (name, i) for name, fmap in graph.maps.items() for i in range(1, len(fmap.segments))
        }
        self.kept: set[Boundary] = set()  # classes of boundaries that stay
        self.parts: dict[str, list[_Part]] = {}
        for at, step in enumerate(graph.steps):
            for name in writes(step):
                owner, first = graph.aliases.get(name, (name, 0))
                if len(graph.maps[owner].segments) > 1:
                    part = _Part(at, name, first, first + len(graph.maps[name].segments))
                    self.parts.setdefault(owner, []).append(part)
        self.read: dict[str, list[tuple[int, int, int]]] = {}  # joined map -> step, range of segments that it reads
        for at, step in enumerate(graph.steps):
            for name in reads(step):
                owner, first, end = extent(graph, name)
                self.read.setdefault(owner, []).append((at, first, end))
        self.separable = {owner for owner in self.parts if separable(graph, owner)}
        anchored = _anchored(graph)
        self.anchors = {place for child, place in graph.aliases.items() if child in anchored}
        self._link()

    # ---- classes -----------------------------------------------------------------------------------------------

    def _find(self, boundary: Boundary) -> Boundary:
        while self.same[boundary] != boundary:
            boundary = self.same[boundary]
        return boundary

    def _link(self) -> None:
        for child, (owner, first) in self.graph.aliases.items():
            self._union(child, owner, first)
        for step in self.graph.steps:
            if isinstance(step, Layer):
                for name in ([step.source] if step.weights is None else []) + [o.map for o in map_operands(step)]:
                    self._union(step.out, name)
            elif isinstance(step, Recurrent):
                for name in (*reads(step), *writes(step)):
                    self.kept |= {(name, i) for i in range(1, len(self.graph.maps[name].segments))}
        self.kept = {self._find(boundary) for boundary in self.kept}

    def _union(self, name: str, other: str, first: int = 0) -> None:
        for i in range(1, len(self.graph.maps[name].segments)):
            self.same[self._find((name, i))] = self._find((other, first + i))

    # ---- the search --------------------------------------------------------------------------------------------

    def run(self) -> Graph:
        """Begin with every boundary gone, and put back those that cannot go, until the rest can."""
        while any(self._settle(owner) for owner in self.parts):
            pass
        return self._rewritten()

    def _settle(self, owner: str) -> bool:
        """Put back the first boundary of a joined map that cannot go, or all in a vector; True if there was one."""
        segments, lanes = self.graph.maps[owner].segments, self._lanes(owner)
        for i in range(1, len(segments)):
            lane = lanes[i] % self.n
            fits = 0 < lane <= self.n - segments[i]
            if self._gone(owner, i) and (not fits or (owner, i) in self.anchors):
                self.kept.add(self._find((owner, i)))
                return True
        for first, end in self._runs(owner):
            for vector in {lanes[i] // self.n for i in range(first + 1, end)}:
                shared = [i for i in range(first + 1, end) if lanes[i] // self.n == vector]
                if not self._sound(owner, shared[0] - 1, shared[-1] + 1, first, end):
                    self.kept |= {self._find((owner, i)) for i in shared}
                    return True
        return False

    def _gone(self, owner: str, segment: int) -> bool:
        return self._find((owner, segment)) not in self.kept

    def _runs(self, owner: str) -> list[tuple[int, int]]:
        """Half-open ranges of segments without a boundary that stays."""
        count = len(self.graph.maps[owner].segments)
        cuts = [0, *(i for i in range(1, count) if not self._gone(owner, i)), count]
        return list(itertools.pairwise(cuts))

    def _lanes(self, owner: str) -> list[int]:
        """The lane of each segment, counted from the begin of its run."""
        segments, lanes = self.graph.maps[owner].segments, []
        for first, end in self._runs(owner):
            lanes += [sum(segments[first:i]) for i in range(first, end)]
        return lanes

    def _sound(self, owner: str, low: int, high: int, first: int, end: int) -> bool:
        """Return whether the parts with segments low..high-1, which share a vector, can write it one after the other.

        first, end: their run.
        """
        parts = sorted((p for p in self.parts[owner] if p.first < high and low < p.end), key=lambda p: p.step)
        if len(parts) == 1:
            return True
        fmap, runs = self.graph.maps[owner], [(first, end)] if owner in self.separable else self._runs(owner)
        pitch = vectors_of(tuple(sum(fmap.segments[a:b]) for a, b in runs), self.n)
        if fmap.pixels * pitch > self.config.addsub_vrf_1:
            return False
        for at, begin, behind in self.read.get(owner, ()):
            written = [p for p in parts if p.step < at] if begin < high and low < behind else []
            if not all(begin <= p.first and p.end <= behind for p in written):
                return False  # the reader's blocks would share an exponent with channels that are none of its own
        return all(self._writes(part, low, high, part is not parts[0]) for part in parts)

    def _writes(self, part: _Part, low: int, high: int, adds: bool) -> bool:
        """Return whether a part can be written to a vector with segments low..high-1, adds: to what is there."""
        layer = self.graph.steps[part.step]
        if not isinstance(layer, Layer) or not self._makes_zeros(layer):
            return False
        if not adds:
            return True
        source = self.graph.maps[layer.source]
        owner, first, end = extent(self.graph, layer.source)
        plain = layer.window == Window(out_h=source.height, out_w=source.width)
        beside = owner == extent(self.graph, part.map)[0] and first < high and low < end
        if beside and not plain:
            return False  # its window would find results of its own
        return can_add(layer) and self.graph.maps[part.map].channels <= self.n

    def _makes_zeros(self, layer: Layer) -> bool:
        """Return whether a layer certainly makes zeros in the lanes behind its channels."""
        used = [o.map for o in map_operands(layer)] + ([layer.source] if layer.weights is None else [])
        return quiet(layer) and all(self._silent(name) for name in used)

    def _silent(self, name: str) -> bool:
        """Return whether a map certainly has zeros there."""
        joined = {*self.graph.aliases, *(owner for owner, _ in self.graph.aliases.values())}
        maker = next((s for s in self.graph.layers if s.out == name), None)
        return name not in joined and maker is not None and self._makes_zeros(maker)

    # ---- the result --------------------------------------------------------------------------------------------

    def _rewritten(self) -> Graph:
        maps: dict[str, FeatureMap] = {}
        aliases: dict[str, tuple[str, int]] = {}
        for name, fmap in self.graph.maps.items():
            merged = tuple(sum(fmap.segments[a:b]) for a, b in self._runs(name))
            owner, at = self.graph.aliases.get(name, (name, 0))
            runs = self._runs(owner)
            run = next(r for r, (a, b) in enumerate(runs) if a <= at < b)
            lane = sum(self.graph.maps[owner].segments[runs[run][0] : at])
            maps[name] = replace(fmap, segments=merged, lane=lane)
            if owner != name:
                aliases[name] = (owner, run)
        steps = list(self.graph.steps)
        for owner, parts in self.parts.items():
            lanes, runs = self._lanes(owner), self._runs(owner)
            taken: set[tuple[int, int]] = set()  # (run, vector) that an earlier step writes
            for part in sorted(parts, key=lambda p: p.step):
                layer = steps[part.step]
                cells = {
                    (next(r for r, (a, b) in enumerate(runs) if a <= i < b), v)
                    for i in range(part.first, part.end)
                    for v in range(
                        lanes[i] // self.n, (lanes[i] + self.graph.maps[owner].segments[i] - 1) // self.n + 1
                    )
                }
                if cells & taken:
                    assert isinstance(layer, Layer)
                    post = replace(layer.post, addsub=("add", MapOperand(part.map)))
                    steps[part.step] = replace(layer, post=post)
                taken |= cells
        return replace(self.graph, maps=maps, aliases=aliases, steps=tuple(steps))
