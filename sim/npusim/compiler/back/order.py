"""Fit the order of layers to the machine's memories: passes from graph to graph that change no bit of the result."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.back.cells import cell_chains
from npusim.compiler.back.geometry import fits_expander, map_operands
from npusim.compiler.back.layout import Layout
from npusim.compiler.back.recurrent_rows import row_plan
from npusim.compiler.front.overlap import reads, uses, writes
from npusim.compiler.ir import ConstOperand, FeatureMap, Graph, Layer, MapOperand, Mfu, Receive, Recurrent, Step, Window
from npusim.config import NpuConfig


def add_to_the_younger(graph: Graph) -> Graph:
    """Where two convolutions are added, let the one with the younger source do the addition.

    In a residual unit that is the end of the main branch; the projection then needs the unit's input only once, at the
    beginning. Both results are rounded to float16 before the addition either way, so its bits are the same.
    """
    for layer in graph.layers:
        other = _addend(graph, layer)
        if other is None or _age(graph, layer.source) >= _age(graph, other.source):
            continue
        name = f"{layer.out}.addend"
        out = graph.maps[layer.out]
        first = replace(layer, post=Mfu(), out=name, nodes=layer.nodes[:1])
        assert layer.post.addsub is not None
        post = replace(layer.post, addsub=(layer.post.addsub[0], MapOperand(name)))
        second = replace(other, post=post, out=layer.out, nodes=other.nodes + layer.nodes[1:])
        maps = {k: v for k, v in graph.maps.items() if k != other.out}
        maps[name] = FeatureMap(name, out.height, out.width, out.segments)
        steps = [s for s in graph.steps if s is not other]
        at = steps.index(layer)
        steps[at : at + 1] = [first, second]
        graph = replace(graph, maps=maps, steps=tuple(steps))
    return graph


def _addend(graph: Graph, layer: Layer) -> Layer | None:
    """The convolution whose result this convolution adds, if the two could change places."""
    addsub = layer.post.addsub
    if layer.weights is None or layer.reduce is not None or layer.post.mul is not None or layer.out in graph.aliases:
        return None
    if addsub is None or addsub[0] not in ("add", "max") or not isinstance(addsub[1], MapOperand):
        return None
    if (addsub[1].sh, addsub[1].sw) != (1, 1):
        return None
    name = addsub[1].map
    other = next((s for s in graph.layers if s.out == name), None)
    if other is None or other.weights is None or other.reduce is not None or not other.post.empty:
        return None
    users = [s for s in graph.layers if name in (s.source, *(op.map for _, op in map_operands(s)))]
    others = {n for s in graph.steps if not isinstance(s, Layer) for n in reads(s)}
    aliased = set(graph.aliases) | {parent for parent, _ in graph.aliases.values()}
    if users != [layer] or name in others | aliased:
        return None
    return other if graph.maps[name].segments == graph.maps[layer.out].segments else None


def _age(graph: Graph, name: str) -> int:
    """Step that makes a map."""
    return next((i for i, step in enumerate(graph.steps) if name in writes(step)), -1)


def part_wide_reductions(graph: Graph, config: NpuConfig) -> Graph:
    """Take the reduction out of a convolution where it would be in the way of the matrix-vector unit.

    A row of tiles wider than MatrixRf: its sums have to wait in the accumulators, one round of positions at a time,
    while a reduction wants whole rows.  Several row tiles with private weights: the engines work on them side by side.
    """
    layout = Layout(graph, config.native_dim)
    received = {s.view.map for s in graph.steps if isinstance(s, Receive)}
    maps = dict(graph.maps)
    steps: list[Step] = []
    for step in graph.steps:
        if isinstance(step, Layer) and step.weights is not None and step.reduce is not None:
            w = step.window
            image = step.source in received and fits_expander(step, layout, config)
            wide = not image and w.kh * w.kw * layout.slice(step.source).vectors > config.mrf_slots
            if wide or (not config.shared_weights and layout.slice(step.out).vectors > 1):
                name, out = f"{step.out}.stream", maps[step.out]
                maps[name] = FeatureMap(name, w.out_h, w.out_w, out.segments)
                window = Window(out_h=w.out_h, out_w=w.out_w)
                steps.append(replace(step, reduce=None, post=Mfu(), out=name))
                steps.append(
                    replace(step, name=f"{step.name}.reduce", op="Reduce", source=name, weights=None, groups=1,
                            window=window, pre=Mfu(), nodes=step.nodes[-1:])
                )  # fmt: skip
                continue
        steps.append(step)
    return replace(graph, maps=maps, steps=tuple(steps))


def absorb_inputs(graph: Graph, config: NpuConfig) -> Graph:
    """Let recurrent layers multiply their inputs themselves, where private weights leave room for both matrices.

    The products of later steps are then made while the chains of a step wait for one another.  With shared weights the
    engines rather work on many steps at once.
    """
    if config.shared_weights:
        return graph
    count = uses(graph)
    for step in graph.steps:
        if not isinstance(step, Recurrent) or count[step.source] > 1:
            continue
        layer = next((s for s in graph.layers if s.out == step.source), None)
        if layer is None or layer.weights is None or not _multiplies(layer):
            continue
        source, addsub = graph.maps[layer.source], layer.pre.addsub
        plain = Window(out_h=source.height, out_w=source.width)
        if min(source.height, source.width) > 1 or layer.window != plain:
            continue
        bias = addsub[1].values if addsub is not None and isinstance(addsub[1], ConstOperand) else None
        inputs = layer.weights.reshape(len(layer.weights), -1)
        whole = replace(step, source=layer.source, inputs=inputs, input_bias=bias)
        if row_plan(whole, cell_chains(whole), source.segments, config).slots > config.mrf_slots:
            continue
        steps = tuple(whole if s is step else s for s in graph.steps if s is not layer)
        maps = {name: fmap for name, fmap in graph.maps.items() if name != layer.out}
        coverage = tuple(replace(i, layer=step.name) if i.layer == layer.name else i for i in graph.coverage)
        graph = replace(graph, steps=steps, maps=maps, coverage=coverage)
    return graph


def _multiplies(layer: Layer) -> bool:
    """Return whether a layer multiplies by a matrix, adds a bias, and does nothing else."""
    plain = layer.groups == 1 and layer.reduce is None and layer.post.empty
    if not plain or layer.pre.mul is not None or layer.pre.act is not None:
        return False
    addsub = layer.pre.addsub
    return addsub is None or (addsub[0] == "add" and isinstance(addsub[1], ConstOperand) and not addsub[1].per_position)


def hoist_operands(graph: Graph) -> Graph:
    """Compute a map that is only ever an operand (the projection of a residual unit) as soon as its inputs are there.

    It goes to an operand memory and takes no room in InitialVrf, while its source, which does, may die earlier.
    """
    sources = {s.source for s in graph.layers}
    sources |= {name for s in graph.steps if not isinstance(s, Layer) for name in reads(s)}
    aliased = set(graph.aliases) | {parent for parent, _ in graph.aliases.values()}
    steps = list(graph.steps)
    for layer in graph.layers:
        if layer.out in sources or layer.out in aliased:
            continue
        needed = {layer.source, *(op.map for _, op in map_operands(layer))}
        if needed & aliased:
            continue
        steps = [s for s in steps if s is not layer]
        at = 1 + max((i for i, step in enumerate(steps) if needed & set(writes(step))), default=-1)
        steps.insert(at, layer)
    return replace(graph, steps=tuple(steps))
