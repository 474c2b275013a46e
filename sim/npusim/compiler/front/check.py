"""The legal forms of a `Graph`, as a list of small rules; `check_graph` runs after every pass.

A broken rule is a bug of the pass before, never of the user: `AssertionError`, naming graph, pass, step and rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from npusim.compiler.front.overlap import dependencies, extent, map_operands, operands, reads, writes
from npusim.compiler.ir import (
    ConstOperand,
    FeatureMap,
    Graph,
    HostStep,
    Layer,
    MapOperand,
    Mfu,
    Receive,
    Recurrent,
    Reduce,
    Send,
    View,
)

Findings = Iterator[str]
ACT_ARGS = {None: 0, "relu": 0, "clip": 2, "lrelu": 1, "sigm": 0, "tanh": 0}


def stream_extent(layer: Layer) -> tuple[int, int]:
    """Return the (rows, columns) of the positions that leave the reduce stage."""
    rows, cols = layer.window.out_h, layer.window.out_w
    if layer.reduce is None or layer.reduce.axis == "window":
        return rows, cols
    return {"cols": (rows, layer.reduce.count), "rows": (layer.reduce.count, cols), "all": (1, 1)}[layer.reduce.axis]


def maps_exist(graph: Graph) -> Findings:
    """Every map that a step names exists, under its own name, with positive extents."""
    for name, fmap in graph.maps.items():
        if fmap.name != name or min(fmap.height, fmap.width, *fmap.segments, len(fmap.segments)) < 1:
            yield f"map {name}: malformed {fmap}"
    for step in graph.steps:
        for used in (*reads(step), *writes(step)):
            if used not in graph.maps:
                yield f"{getattr(step, 'name', None) or getattr(step, 'tensor', '')}: no map {used}"


def aliases_fit(graph: Graph) -> Findings:
    """A slice has its owner's pixels and segments; owners are no slices; slices of one owner do not overlap partly."""
    for child, (owner, first) in graph.aliases.items():
        if child not in graph.maps or owner not in graph.maps or owner in graph.aliases:
            yield f"alias {child} of {owner}: one does not exist, or the owner is a slice itself"
            continue
        part, whole = graph.maps[child], graph.maps[owner]
        same = (part.height, part.width) == (whole.height, whole.width)
        if not same or whole.segments[first : first + len(part.segments)] != part.segments:
            yield f"alias {child} of {owner}: segments {part.segments} at {first} of {whole.segments}"


def written_once(graph: Graph) -> Findings:
    """Every map has one writer, layers have unique names, and nothing is read before it is written."""
    outs = [n for s in graph.steps for n in writes(s)]
    names = [s.name for s in graph.steps if isinstance(s, Layer | Recurrent | HostStep)]
    for what, found in (("map written", outs), ("step named", names)):
        for name in {n for n in found if found.count(n) > 1} if len(set(found)) < len(found) else ():
            yield f"{what} {name} twice"
    slices = sorted(extent(graph, n) for n in set(outs))
    for (owner, _, end), (other, first, _) in itertools.pairwise(slices):
        if owner == other and first < end:
            yield f"two maps written at segment {first} of {owner}"
    owners = {graph.aliases.get(n, (n, 0))[0] for n in outs}
    for at, (step, waits) in enumerate(zip(graph.steps, dependencies(graph), strict=True)):
        if any(w >= at for w in waits):
            yield f"step {at} comes before a step whose result it reads"
        for name in reads(step):
            if graph.aliases.get(name, (name, 0))[0] not in owners:
                yield f"step {at} reads map {name}, which nobody writes"


def views_are_bijections(graph: Graph) -> Findings:
    """A tensor that crosses has every element of its map exactly once."""
    for step in graph.steps:
        if isinstance(step, Send | Receive):
            fmap, view = graph.maps[step.view.map], step.view
            if not _bijective(view, fmap):
                yield f"{type(step).__name__} {step.tensor}: shape {view.shape} does not cover map {fmap}"


def _bijective(view: View, fmap: FeatureMap) -> bool:
    if view.index is None:
        four = (1, fmap.channels, fmap.height, fmap.width)
        return view.shape == four or (fmap.pixels == 1 and view.shape == (1, fmap.channels))
    flat = view.index.reshape(-1)
    seen = np.zeros(fmap.elements, bool)
    if tuple(view.index.shape) != view.shape or flat.size != seen.size or flat.min() < 0 or flat.max() >= seen.size:
        return False
    seen[flat] = True
    return bool(seen.all())


def layers_fit(graph: Graph) -> Findings:
    """Weights match the source, the output matches weights, window and reduction."""
    for layer in graph.layers:
        source, out, w = graph.maps[layer.source], graph.maps[layer.out], layer.window
        if min(w.kh, w.kw, w.sh, w.sw, w.dh, w.dw, w.out_h, w.out_w) < 1 or min(w.pad_top, w.pad_left) < 0:
            yield f"layer {layer.name}: malformed {w}"
        if (out.height, out.width) != stream_extent(layer):
            yield f"layer {layer.name}: output {out.height}x{out.width}, stream {stream_extent(layer)}"
        if layer.weights is None:
            if out.segments != source.segments or layer.groups != 1:
                yield f"layer {layer.name}: segments {source.segments} become {out.segments} without a matrix"
            if (w.kh, w.kw) != (1, 1) and (layer.reduce is None or layer.reduce.axis != "window"):
                yield f"layer {layer.name}: a window of {w.kh}x{w.kw} with neither matrix nor window reduction"
            continue
        expected = (out.channels, source.channels // layer.groups, w.kh, w.kw)
        if layer.weights.shape != expected or layer.weights.dtype != np.float32:
            yield f"layer {layer.name}: weights {layer.weights.dtype}{layer.weights.shape}, expected {expected}"
        joined = layer.groups > 1 and out.segments != (out.channels,)
        if source.channels % layer.groups or out.channels % layer.groups or joined:
            yield f"layer {layer.name}: {layer.groups} groups of {source.channels} -> {out.segments} channels"
        if layer.low_padding:
            yield f"layer {layer.name}: low padding in front of a matrix"


def units_fit(graph: Graph) -> Findings:
    """Operands have the form of what streams past them; maps are operands of MFU1 only."""
    for layer in graph.layers:
        out = graph.maps[layer.out]
        rows, cols = stream_extent(layer)
        before = layer.window.out_h * layer.window.out_w
        for which, mfu, positions in (("pre", layer.pre, before), ("post", layer.post, rows * cols)):
            yield from _unit(f"layer {layer.name}: {which}", mfu, out, positions)
        if any(isinstance(o, MapOperand) for o in operands(layer.pre)):
            yield f"layer {layer.name}: a map as operand of MFU0"
        for operand in map_operands(layer):
            other = graph.maps[operand.map]
            needed = ((rows - 1) * operand.sh + 1, (cols - 1) * operand.sw + 1)
            if other.height < needed[0] or other.width < needed[1] or other.segments != out.segments:
                yield f"layer {layer.name}: operand {operand} of {other} does not cover {rows}x{cols}x{out.segments}"


def _unit(where: str, mfu: Mfu, out: FeatureMap, positions: int) -> Findings:
    if len(mfu.act_args) != ACT_ARGS.get(mfu.act, -1):
        yield f"{where}: {mfu.act} with arguments {mfu.act_args}"
    for operand in operands(mfu):
        if isinstance(operand, ConstOperand):
            size = positions if operand.per_position else out.channels
            if operand.values.shape != (size,) or operand.values.dtype != np.float32:
                yield f"{where}: constant {operand.values.dtype}{operand.values.shape}, expected float32 ({size},)"
            elif not np.isfinite(operand.values).all():
                yield f"{where}: a constant that is not finite"


def reductions_fit(graph: Graph) -> Findings:
    """A reduction's numbers are those of its stream."""
    for layer in graph.layers:
        if layer.reduce is not None:
            r, w = layer.reduce, layer.window
            problem = _reduction(r, layer, {"cols": w.out_w, "rows": w.out_h}.get(r.axis, 0))
            if problem:
                yield f"layer {layer.name}: {problem}: {r}"
            if r.op == "add" and layer.low_padding:
                yield f"layer {layer.name}: low padding in front of a sum"


def _reduction(r: Reduce, layer: Layer, length: int) -> str:
    w = layer.window
    if r.axis == "window":
        return (
            "a window reduction behind a matrix"
            if layer.weights is not None
            else ("" if r.n == w.kh * w.kw and (r.overlap, r.tail, r.count) == (0, False, 1) else "wrong numbers")
        )
    if r.axis == "all":
        return "" if r.n == w.out_h * w.out_w and (r.overlap, r.tail, r.count) == (0, False, 1) else "wrong numbers"
    if not (r.n > 1 and r.overlap in (0, 1) and 1 <= r.head <= r.n and r.head <= length):
        return "wrong window"
    full = (length - r.head) // (r.n - r.overlap) + 1
    return "" if r.count == full + r.tail else f"{full} complete windows"


def recurrences_fit(graph: Graph) -> Findings:
    """A recurrent layer's maps are a sequence of gates, a sequence of states, and states."""
    for step in graph.steps:
        if not isinstance(step, Recurrent):
            continue
        where, size, source = f"recurrent layer {step.name}", step.hidden, graph.maps[step.source]
        gates = 4 - step.coupled if step.op == "LSTM" else 3
        if step.weights.shape != (gates * size, size) or source.segments != (size,) * gates:
            yield f"{where}: weights {step.weights.shape} for {gates} gates, inputs {source.segments}"
        if step.source in graph.aliases:
            yield f"{where}: its inputs are a part of another map"
        if not 1 <= step.steps <= source.pixels or min(source.height, source.width) != 1:
            yield f"{where}: {step.steps} steps over {source}"
        ends = [(step.out, source.pixels), *((name, 1) for name in (step.last_h, step.last_c) if name)]
        ends += [(o.map, 1) for o in (step.h0, step.c0) if isinstance(o, MapOperand)]
        for name, pixels in ends:
            if graph.maps[name].pixels != pixels or graph.maps[name].segments != (size,):
                yield f"{where}: {graph.maps[name]}, expected {pixels} pixels of {size} channels"
        for operand in (step.h0, step.c0):
            if isinstance(operand, ConstOperand) and operand.values.shape != (size,):
                yield f"{where}: initial state {operand.values.shape}"
        if step.op == "GRU" and (step.c0 is not None or step.last_c or step.coupled):
            yield f"{where}: a GRU with the state of an LSTM"
        if (step.bias is not None) and not (step.op == "GRU" and step.reset_after):
            yield f"{where}: a bias that nothing adds"


def tensors_arrive(graph: Graph) -> Findings:
    """What host steps and Receives take is there; every output is there in the end."""
    there = {i.name for i in graph.inputs}
    for step in graph.steps:
        needed = step.inputs if isinstance(step, HostStep) else (step.tensor,) if isinstance(step, Receive) else ()
        for name in needed:
            if name not in there:
                yield f"{type(step).__name__} takes tensor {name}, which nobody made"
        there |= set(step.outputs) if isinstance(step, HostStep) else {step.tensor} if isinstance(step, Send) else set()
    for output in graph.outputs:
        if output.name not in there:
            yield f"output {output.name} is never made"


def coverage_is_complete(graph: Graph) -> Findings:
    """Every node that claims a step has it, and every step's nodes are covered."""
    names = {s.name for s in graph.steps if isinstance(s, Layer | Recurrent | HostStep)}
    where = {i.name: i.where for i in graph.coverage}
    if len(where) != len(graph.coverage):
        yield "coverage names a node twice"
    for info in graph.coverage:
        if info.where != "folded" and info.layer not in names:
            yield f"node {info.name} is said to run in '{info.layer}', which does not exist"
    for step in graph.steps:
        if isinstance(step, HostStep):
            yield from (f"{step.name}: node {n} is {where.get(n)}" for n, _ in step.nodes if where.get(n) != "host")


RULES: tuple[Callable[[Graph], Findings], ...] = (
    maps_exist,
    aliases_fit,
    written_once,
    views_are_bijections,
    layers_fit,
    units_fit,
    reductions_fit,
    recurrences_fit,
    tensors_arrive,
    coverage_is_complete,
)


def check_graph(graph: Graph, after: str = "") -> Graph:
    """Return the graph if every rule holds; AssertionError with the first finding otherwise."""
    for rule in RULES:
        for finding in rule(graph):
            raise AssertionError(f"{graph.name}: after pass '{after}': {rule.__name__}: {finding}")
    return graph
