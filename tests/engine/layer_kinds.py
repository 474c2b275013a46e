"""The kinds of layers that networks are made of, and each as a graph of its own: few pixels, few channels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

import npusim_models
from npusim.compiler.front.check import stream_extent
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.compiler.ir import (
    ConstOperand,
    FeatureMap,
    Graph,
    Layer,
    MapOperand,
    Mfu,
    Operand,
    Receive,
    Send,
    Step,
    TensorInfo,
    View,
)
from npusim_models.graph import to_model

Kind = tuple[object, ...]

CHANNELS = 140
"""Channels of a cut layer at most: a native vector of arria10, and a few that begin a second one."""

SEGMENTS = 3


def graph_of(name: str) -> Graph:
    """Return a network's layers; its weights are all alike, which the cut layers do not care about."""
    network = npusim_models.describe(name)
    values = {key: np.full(param.shape, 0.01, np.float32) for key, param in network.params.items()}
    return to_graph(load_model(to_model(network, values, {})))


def kind_of(graph: Graph, layer: Layer) -> Kind:
    """Return everything that tells one layer's chains from another's but sizes and values."""
    window = layer.window
    geometry = (window.kh, window.kw, window.sh, window.sw, window.dh, window.dw, window.pad_top, window.pad_left)
    reduce = None if layer.reduce is None else dataclasses.replace(layer.reduce, count=0)
    if reduce is not None and reduce.axis == "all":
        reduce = dataclasses.replace(reduce, n=0)
    received = any(isinstance(step, Receive) and step.view.map == layer.source for step in graph.steps)
    return (
        layer.op,
        layer.weights is not None,
        layer.groups > 1,
        geometry,
        _stages(layer.pre),
        reduce,
        _stages(layer.post),
        layer.low_padding,
        received,  # raw image rows through the Expander, where the layer has a matrix
        len(graph.maps[layer.source].segments) > 1,
        layer.out in graph.aliases,
    )


def _stages(mfu: Mfu) -> tuple[object, ...]:
    mul, addsub = mfu.mul, mfu.addsub
    return (mul and _operand(mul), addsub and (addsub[0], _operand(addsub[1])), mfu.act)


def _operand(operand: Operand) -> tuple[object, ...]:
    if isinstance(operand, MapOperand):
        return "map", operand.sh, operand.sw
    return "constant", operand.per_position


def cut(graph: Graph, layer: Layer, extent: int, rng: np.random.Generator) -> Graph:
    """Return a graph of this layer alone, with random weights; extent: rows and columns of its output, at most.

    Its source and the maps that it adds arrive from the host, and its output goes there. Where it writes a part of a
    concatenation, another part arrives in front of it. Padding at every edge stays what it was.
    """
    source, out = graph.maps[layer.source], graph.maps[layer.out]
    small, rows, cols = _shrink(graph, layer, extent)
    segments = _few(source.segments)
    taken = segments if layer.weights is None else _few(out.segments)
    maps = {"source": FeatureMap("source", rows, cols, segments)}

    def operand(given: Operand) -> Operand:
        if isinstance(given, ConstOperand):
            size = len(given.values) if given.per_position else sum(taken)
            return dataclasses.replace(given, values=rng.standard_normal(size).astype(np.float32))
        name = f"operand{len(maps)}"
        height, width = stream_extent(small)
        maps[name] = FeatureMap(name, (height - 1) * given.sh + 1, (width - 1) * given.sw + 1, taken)
        return dataclasses.replace(given, map=name)

    def stages(mfu: Mfu) -> Mfu:
        addsub = None if mfu.addsub is None else (mfu.addsub[0], operand(mfu.addsub[1]))
        return dataclasses.replace(mfu, mul=None if mfu.mul is None else operand(mfu.mul), addsub=addsub)

    weights = None
    if layer.weights is not None:
        shape = (sum(taken), sum(segments) // layer.groups, layer.window.kh, layer.window.kw)
        weights = (rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))).astype(np.float32)
    small = dataclasses.replace(
        small, name="layer", nodes=("layer",), source="source", out="out", weights=weights,
        pre=stages(small.pre), post=stages(small.post),
    )  # fmt: skip
    aliases, whole = {}, "out"
    maps["out"] = FeatureMap("out", *stream_extent(small), taken)
    arriving = [name for name in maps if name != "out"]
    if layer.out in graph.aliases:
        before = (40,)
        maps["before"] = FeatureMap("before", *stream_extent(small), before)
        maps["whole"] = FeatureMap("whole", *stream_extent(small), before + taken)
        aliases, whole = {"before": ("whole", 0), "out": ("whole", 1)}, "whole"
        arriving.append("before")
    steps: list[Step] = [Receive(name, View(name, _shape(maps[name]))) for name in arriving]
    steps += [small, Send(whole, View(whole, _shape(maps[whole])))]
    return Graph(
        name="cut", maps=maps, aliases=aliases, steps=tuple(steps),
        inputs=tuple(TensorInfo(name, _shape(maps[name]), "float32") for name in arriving),
        outputs=(TensorInfo(whole, _shape(maps[whole]), "float32"),), coverage=(),
    )  # fmt: skip


def _shape(fmap: FeatureMap) -> tuple[int, ...]:
    return 1, fmap.channels, fmap.height, fmap.width


def _few(segments: Sequence[int]) -> tuple[int, ...]:
    """Return the first segments, none wider than `CHANNELS`."""
    return tuple(min(width, CHANNELS) for width in segments[:SEGMENTS])


def _shrink(graph: Graph, layer: Layer, extent: int) -> tuple[Layer, int, int]:
    """Return the layer with an output of at most `extent` rows and columns, and its source's rows and columns."""
    source, window, reduce = graph.maps[layer.source], layer.window, layer.reduce
    height, width = source.height, source.width
    rows, cols = _less(window.out_h, height, window.sh, extent), _less(window.out_w, width, window.sw, extent)
    count = 0
    if reduce is not None and reduce.axis in ("rows", "cols"):
        step = reduce.n - reduce.overlap
        room = height if reduce.axis == "rows" else width
        stride = window.sh if reduce.axis == "rows" else window.sw
        count = _less(reduce.count, room, step * stride, extent)
        rows, cols = (count * step, cols) if reduce.axis == "rows" else (rows, count * step)
    made = dataclasses.replace(window, out_h=window.out_h - rows, out_w=window.out_w - cols)
    changed = reduce
    if reduce is not None and reduce.axis == "all":
        changed = dataclasses.replace(reduce, n=made.out_h * made.out_w)
    elif count:
        changed = dataclasses.replace(reduce, count=reduce.count - count)  # type: ignore[arg-type]
    small = dataclasses.replace(layer, window=made, reduce=changed)
    return small, height - rows * window.sh, width - cols * window.sw


def _less(out: int, room: int, step: int, extent: int) -> int:
    """Return by how much `out` can fall towards `extent`, the source by `step` for each, but not below one."""
    return max(0, min(out - extent, (room - 1) // step))
