"""Maps of which a stripe at a time is enough: made by layers without a matrix, read pixel by pixel by the next layer.

A batch normalisation with its activation in front of a 1 x 1 convolution writes a second copy of its source.  Where
that does not fit, the two take turns: a stripe of rows is normalised, then convolved, then the next.
"""

from __future__ import annotations

from npusim.compiler.back.geometry import Geometry, map_operands
from npusim.compiler.back.layout import Layout
from npusim.compiler.front.overlap import reads, writes
from npusim.compiler.ir import Graph, Layer, Window
from npusim.config import NpuConfig


def strip_groups(graph: Graph, layout: Layout, geometry: dict[int, Geometry], config: NpuConfig) -> dict[str, range]:
    """Return for each root that can be a strip the steps that take turns: those that make it, and its reader."""
    made: dict[str, list[int]] = {}
    used: dict[str, list[int]] = {}
    for index, step in enumerate(graph.steps):
        for name in writes(step):
            made.setdefault(layout.slice(name).root, []).append(index)
        for name in reads(step):
            used.setdefault(layout.slice(name).root, []).append(index)
    found = {}
    for root, makers in made.items():
        readers = used.get(root, [])
        if len(readers) != 1 or makers != list(range(makers[0], readers[0])):
            continue
        group = range(makers[0], readers[0] + 1)
        if all(index in geometry for index in group) and _can_take_turns(root, group, layout, geometry, config):
            found[root] = group
    return found


def _can_take_turns(root: str, group: range, layout: Layout, geometry: dict[int, Geometry], config: NpuConfig) -> bool:
    reader = geometry[group[-1]]
    window = Window(out_h=reader.in_h, out_w=reader.in_w)
    if reader.layer.source != root or reader.layer.window != window or reader.expander:
        return False
    if reader.layer.reduce is not None or reader.in_h == 1 or _sources(reader.layer) != [root]:
        return False
    if reader.layer.weights is not None and reader.in_vectors * reader.out_vectors > config.mrf_slots:
        return False
    makers = [geometry[index] for index in group[:-1]]
    return all(m.layer.weights is None and m.divisible and not m.transposed for m in makers)


def _sources(layer: Layer) -> list[str]:
    return [layer.source, *(op.map for _, op in map_operands(layer))]
