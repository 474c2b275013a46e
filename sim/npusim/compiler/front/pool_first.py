"""Average before a 1 x 1 convolution instead of behind it: the mean of products is the product of the mean.

A transition of a DenseNet normalises, rectifies, convolves 1 x 1 and averages 2 x 2 pixels.  The layer that normalises
has its reduction to spare: it averages what it reads, and the convolution has a quarter of the pixels left.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.compiler.front.overlap import map_operands, prune, uses
from npusim.compiler.ir import ConstOperand, FeatureMap, Graph, Layer, Mfu, Window


def pool_first(graph: Graph) -> Graph:
    """Move average poolings in front of the convolutions before them, into the layers before those.

    Same result but for rounding: sums of the same products, in another order.
    """
    for name in [layer.name for layer in graph.layers]:
        count, maker = uses(graph), {layer.out: layer for layer in graph.layers}
        pool = next((layer for layer in graph.layers if layer.name == name), None)
        conv = maker.get(pool.source) if pool is not None else None
        before = maker.get(conv.source) if conv is not None else None
        if pool is None or conv is None or before is None or count[conv.out] != 1 or count[before.out] != 1:
            continue
        scale = _mean(pool, graph.maps[pool.source])
        if scale is None or not _only_multiplies(conv, graph.maps[conv.source]) or not _can_average(before, graph):
            continue
        source, out = graph.maps[before.out], graph.maps[pool.out]
        pooled = FeatureMap(f"{before.out}.pooled", out.height, out.width, source.segments)
        first = replace(
            before,
            nodes=before.nodes + pool.nodes,
            out=pooled.name,
            window=pool.window,
            reduce=pool.reduce,
            post=Mfu(mul=ConstOperand(np.full(source.channels, scale, np.float32))),
        )
        window = Window(out_h=out.height, out_w=out.width)
        second = replace(conv, source=pooled.name, out=pool.out, window=window)
        swapped = {id(before): first, id(conv): second}
        steps = tuple(swapped.get(id(step), step) for step in graph.steps if step is not pool)
        graph = prune(replace(graph, maps={**graph.maps, pooled.name: pooled}, steps=steps))
    return graph


def _mean(layer: Layer, source: FeatureMap) -> float | None:
    """Return the factor of an average pooling of windows that lie apart and inside the map, else None."""
    w, mul = layer.window, layer.post.mul
    apart = w == Window(w.kh, w.kw, w.kh, w.kw, out_h=w.out_h, out_w=w.out_w)
    inside = w.out_h * w.kh <= source.height and w.out_w * w.kw <= source.width
    sums = layer.reduce is not None and (layer.reduce.op, layer.reduce.axis) == ("add", "window")
    if not (apart and inside and sums) or layer.weights is not None or not layer.pre.empty:
        return None
    if layer.post.addsub is not None or layer.post.act is not None:
        return None
    if not isinstance(mul, ConstOperand) or mul.per_position or (mul.values != mul.values[0]).any():
        return None
    return float(mul.values[0])


def _only_multiplies(layer: Layer, source: FeatureMap) -> bool:
    """Return whether a layer is a 1 x 1 convolution with at most a bias."""
    plain = layer.window == Window(out_h=source.height, out_w=source.width)
    bias = layer.pre.addsub is None or (
        layer.pre.addsub[0] == "add"
        and isinstance(layer.pre.addsub[1], ConstOperand)
        and not layer.pre.addsub[1].per_position
    )
    idle = layer.pre.mul is None and layer.pre.act is None and layer.reduce is None and layer.post.empty
    return layer.weights is not None and plain and bias and idle


def _can_average(layer: Layer, graph: Graph) -> bool:
    """Return whether a layer passes its source on pixel by pixel, with stages free to average behind its own."""
    source = graph.maps[layer.source]
    plain = layer.window == Window(out_h=source.height, out_w=source.width)
    constants = [o for o in (layer.pre.mul, layer.pre.addsub[1] if layer.pre.addsub else None) if o is not None]
    stays = all(isinstance(o, ConstOperand) and not o.per_position for o in constants)
    idle = layer.reduce is None and layer.post.empty and not map_operands(layer)
    return layer.weights is None and plain and stays and idle
