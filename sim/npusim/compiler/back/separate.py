"""Give the segments of joined maps storage of their own: a pass from graph to graph behind `pack`."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.front.overlap import map_operands, operands, reads, writes
from npusim.compiler.ir import ConstOperand, Graph, Layer, MapOperand, Mfu, Step


def separate(graph: Graph) -> Graph:
    """Give each segment of a joined map storage of its own where nothing reads several of them at a time.

    A layer without a matrix passes one vector of each pixel after the other, so it becomes one layer a segment under
    its name.  A segment then takes room only from its first part on.
    """
    owners = {owner for owner, _ in graph.aliases.values()}
    for owner in sorted(owners):
        parts = [m for m in {n for s in graph.steps for n in writes(s)} if graph.aliases.get(m, (m, 0))[0] == owner]
        single = all(len(graph.maps[m].segments) == 1 for m in parts)
        if len(graph.maps[owner].segments) > 1 and single and separable(graph, owner):
            graph = _separated(graph, owner)
    return graph


def separable(graph: Graph, owner: str) -> bool:
    """Return whether a joined map's only readers are layers without a matrix that take it, or slices, as their source.

    What they make must be a map by itself.
    """
    family = {owner, *(child for child, (parent, _) in graph.aliases.items() if parent == owner)}
    joined = {*graph.aliases, *(parent for parent, _ in graph.aliases.values())}
    for step in graph.steps:
        if isinstance(step, Layer):
            adds_in_place = step.post.addsub is not None and step.post.addsub[1] == MapOperand(step.out)
            if step.source in family and (step.weights is not None or step.out in joined or map_operands(step)):
                return False
            if not adds_in_place and family & {o.map for o in map_operands(step)}:
                return False
        elif family & set(reads(step)):
            return False
    return len(family) > 1


def _separated(graph: Graph, owner: str) -> Graph:
    maps, aliases = dict(graph.maps), dict(graph.aliases)
    whole = maps.pop(owner)
    names = [f"{owner}[{at}]" for at in range(len(whole.segments))]
    for name, segment in zip(names, whole.segments, strict=True):
        maps[name] = replace(whole, name=name, segments=(segment,))
    steps: list[Step] = []
    for step in graph.steps:
        if isinstance(step, Layer) and (step.source == owner or aliases.get(step.source, ("", 0))[0] == owner):
            begin = graph.aliases.get(step.source, (owner, 0))[1]
            segments, channel = graph.maps[step.source].segments, 0
            for at, segment in enumerate(segments):
                home = names[begin + at]
                source, out = f"{step.source}[{begin + at}]", f"{step.out}[{at}]"
                if source != home:
                    maps[source] = replace(whole, name=source, segments=(segment,))
                    aliases[source] = (home, 0)
                if len(segments) == 1:
                    out = step.out
                else:
                    maps[out] = replace(maps[step.out], name=out, segments=(segment,))
                    aliases[out] = (step.out, at)
                steps.append(_of_channels(step, source, out, channel, channel + segment))
                channel += segment
        else:
            steps.append(step)
    written = {name for step in steps for name in writes(step)}
    for child, (parent, at) in graph.aliases.items():
        if parent == owner:
            if child in written:
                aliases[child] = (names[at], 0)
            else:
                del maps[child], aliases[child]
    return replace(graph, maps=maps, aliases=aliases, steps=tuple(steps))


def _of_channels(layer: Layer, source: str, out: str, low: int, high: int) -> Layer:
    """Return the part of a layer without a matrix that does channels low..high-1."""

    def cut(mfu: Mfu) -> Mfu:
        held = [
            replace(o, values=o.values[low:high]) if isinstance(o, ConstOperand) and not o.per_position else o
            for o in operands(mfu)
        ]
        mul = held.pop(0) if mfu.mul is not None else None
        return replace(mfu, mul=mul, addsub=(mfu.addsub[0], held[0]) if mfu.addsub is not None else None)

    return replace(layer, source=source, out=out, pre=cut(layer.pre), post=cut(layer.post))
