"""Operators on the reduce stage: pooling and means over the map."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from npusim.compiler.front import views
from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import Array, Node
from npusim.compiler.front.operators.common import axes, only_first_output, sliding
from npusim.compiler.front.views import Refuse
from npusim.compiler.ir import FeatureMap, Mfu, Reduce, View, Window

Op = Literal["max", "add"]


def MaxPool(low: Lowering, node: Node) -> None:
    """Largest element of each window; separable into columns and rows where windows share at most one element."""
    only_first_output(low, node)
    _pool(low, node, "max")


def AveragePool(low: Lowering, node: Node) -> None:
    """Mean of each window: an fp32 sum, then one multiplication by 1 / count."""
    _pool(low, node, "add")


def _pool(low: Lowering, node: Node, op: Op) -> None:
    view = low.view(node.inputs[0])
    fmap = low.fmap(view)
    order = views.channel_order(view, fmap)
    if "kernel_shape" not in node.attrs:
        raise Refuse("it has no kernel_shape")
    window, end = sliding(low, node, fmap, tuple(node.attrs["kernel_shape"]))
    post = Mfu() if op == "max" else _mean(node, fmap, window, end)
    also: tuple[str, ...] = ()
    if op == "max":
        fmap, window, also = _without_zeros(low, fmap, window)
    tensor, shape = node.outputs[0], low.shape(node.outputs[0])

    def emit(source: FeatureMap, part: str, win: Window, reduce: Reduce | None, last: bool) -> FeatureMap:
        height, width = win.out_h, win.out_w
        if reduce is not None and reduce.axis == "cols":
            width = reduce.count
        elif reduce is not None and reduce.axis == "rows":
            height = reduce.count
        out = low.new_map(tensor if last else f"{tensor}.{part}", height, width, source.segments)
        padded = reduce is not None and reduce.axis == "window" and op == "max" and _padded(source, win)
        low.layer(
            node,
            source,
            out,
            "" if last else part,
            window=win,
            reduce=reduce,
            low_padding=padded,
            post=post if last else Mfu(),
            also=also,
        )
        return out

    if window.kh == window.kw == 1 and not _padded(fmap, window):
        out = emit(fmap, "", window, None, True)  # a subsampling
        low.define(tensor, views.spatial_view(out, shape, order))
        return
    cols = _slide(op, "cols", fmap.width, window.kw, window.sw, window.dw, window.pad_left, window.out_w)
    rows = _slide(op, "rows", fmap.height, window.kh, window.sh, window.dh, window.pad_top, window.out_h)
    one_axis = _idle(window, "rows", fmap) or _idle(window, "cols", fmap)
    if _idle(window, "rows", fmap) and cols is not None:
        out = emit(fmap, "", Window(out_h=fmap.height, out_w=fmap.width), cols, True)
    elif _idle(window, "cols", fmap) and rows is not None:
        out = emit(fmap, "", Window(out_h=fmap.height, out_w=fmap.width), rows, True)
    elif op == "max" and not one_axis and cols is not None and rows is not None and not _whole(fmap, window):
        middle = emit(fmap, "cols", Window(out_h=fmap.height, out_w=fmap.width), cols, False)
        out = emit(middle, "", Window(out_h=middle.height, out_w=middle.width), rows, True)
    else:
        out = emit(fmap, "", window, Reduce(op, "window", n=window.kh * window.kw), True)
    low.define(tensor, views.spatial_view(out, shape, order))


def _without_zeros(low: Lowering, fmap: FeatureMap, w: Window) -> tuple[FeatureMap, Window, tuple[str, ...]]:
    """Return what a maximum pooling can read instead of a map with zeros around it (Keras pads so, behind a ReLU).

    Where nothing is negative a zero never wins, so that the padding may just as well not be there.  Returns map,
    window and the padding's nodes.
    """
    pad = low.maker(fmap)
    if pad is None or pad.op != "Pad" or not low.never_negative(low.maps[pad.source]):
        return fmap, w, ()
    source = low.maps[pad.source]
    top, left = w.pad_top + pad.window.pad_top, w.pad_left + pad.window.pad_left
    inside = (
        top < w.kh
        and left < w.kw
        and (w.out_h - 1) * w.sh - top < source.height
        and (w.out_w - 1) * w.sw - left < source.width
    )  # every window holds at least one element
    if not inside or (w.dh, w.dw) != (1, 1):
        return fmap, w, ()
    return source, replace(w, pad_top=top, pad_left=left), pad.nodes


def _padded(source: FeatureMap, w: Window) -> bool:
    """Return whether any window reaches outside the map."""
    bottom = (w.out_h - 1) * w.sh - w.pad_top + (w.kh - 1) * w.dh
    right = (w.out_w - 1) * w.sw - w.pad_left + (w.kw - 1) * w.dw
    return bool(w.pad_top or w.pad_left or bottom >= source.height or right >= source.width)


def _idle(w: Window, axis: str, fmap: FeatureMap) -> bool:
    """Return whether nothing happens along one axis."""
    if axis == "rows":
        return w.kh == w.sh == 1 and w.pad_top == 0 and w.out_h == fmap.height
    return w.kw == w.sw == 1 and w.pad_left == 0 and w.out_w == fmap.width


def _whole(fmap: FeatureMap, w: Window) -> bool:
    """Return whether the only window is the map itself."""
    return (
        (w.kh, w.kw, w.dh, w.dw) == (fmap.height, fmap.width, 1, 1)
        and not _padded(fmap, w)
        and (w.out_h == w.out_w == 1)
    )


def _slide(
    op: Op, axis: Literal["cols", "rows"], length: int, n: int, stride: int, dilation: int, pad: int, count: int
) -> Reduce | None:
    """Return sliding windows along one axis as a reduction of the stream, or None if the stage cannot do them.

    length: elements of a run; pad: elements of the first window that lie in front of it.  Legal are n > 1, overlap
    n - stride of 0 or 1, at least one complete window, and at most one more that the run's end cuts short and that
    holds an element of its own.
    """
    overlap = n - stride
    if n < 2 or dilation != 1 or overlap not in (0, 1) or pad >= n or length + pad < n:
        return None
    full = (length + pad - n) // stride + 1
    left = length + pad - full * stride  # elements of the window after the last complete one
    if count == full:
        return Reduce(op, axis, n, overlap, n - pad, False, count)
    if count == full + 1 and left > overlap:
        return Reduce(op, axis, n, overlap, n - pad, True, count)
    return None


def _mean(node: Node, fmap: FeatureMap, w: Window, end: tuple[int, int]) -> Mfu:
    """Return the multiplication by 1 / count of an average pooling, per position where counts differ."""
    include = bool(node.attrs.get("count_include_pad", 0))
    high = _counts(w.out_h, w.kh, w.sh, w.dh, w.pad_top, fmap.height, end[0], include)
    wide = _counts(w.out_w, w.kw, w.sw, w.dw, w.pad_left, fmap.width, end[1], include)
    counts = np.maximum(np.outer(high, wide), 1).reshape(-1)
    if (counts == counts[0]).all():
        return Mfu(mul=views.constant(np.full(fmap.channels, 1.0 / counts[0])))
    return Mfu(mul=views.constant(1.0 / counts, per_position=True))


def _counts(out: int, k: int, s: int, d: int, pad: int, length: int, end: int, include: bool) -> Array:
    """Return how many elements each window along one axis counts."""
    at = np.arange(out)[:, None] * s - pad + np.arange(k) * d
    first, last = (-pad, length + end) if include else (0, length)
    counts: Array = ((at >= first) & (at < last)).sum(axis=1)
    return counts


def _whole_map(low: Lowering, node: Node, view: View, op: Op, lanes: Array, mean: bool = True) -> None:
    """Append the reduction of a map to one pixel; lanes: the channel of each element of the output."""
    fmap = low.fmap(view)
    shape = low.shape(node.outputs[0])
    if fmap.pixels == 1:
        low.rename(node, views.make_view(fmap, lanes.reshape(shape)), "rename: a map of one pixel is its own mean")
        return
    out = low.new_map(node.outputs[0], 1, 1, fmap.segments)
    post = Mfu()
    if op == "add" and mean:
        post = Mfu(mul=views.constant(np.full(fmap.channels, 1.0 / fmap.pixels)))
    low.layer(
        node,
        fmap,
        out,
        window=Window(kh=fmap.height, kw=fmap.width),
        reduce=Reduce(op, "window", n=fmap.pixels),
        post=post,
    )
    low.define(node.outputs[0], views.make_view(out, lanes.reshape(shape)))


def _global(low: Lowering, node: Node, op: Op) -> None:
    view = low.view(node.inputs[0])
    fmap = low.fmap(view)
    order = views.channel_order(view, fmap)
    _whole_map(low, node, view, op, np.arange(fmap.channels, dtype=np.int64) if order is None else order)


def GlobalAveragePool(low: Lowering, node: Node) -> None:
    """Mean over all positions."""
    _global(low, node, "add")


def GlobalMaxPool(low: Lowering, node: Node) -> None:
    """Maximum over all positions."""
    _global(low, node, "max")


def _over_axes(low: Lowering, node: Node, op: Op, mean: bool = True, axes_input: int = 18) -> None:
    """Lower a reduction whose axes are exactly the map's rows and columns, wherever the tensor has them."""
    which = axes(low, node, axes_input)
    view = low.view(node.inputs[0])
    fmap = low.fmap(view)
    index = views.index_of(view, fmap)
    if not which:
        if which is not None or node.attrs.get("noop_with_empty_axes", 0):
            raise Refuse("its list of axes is empty")
        which = tuple(range(index.ndim))
    away = sorted(a % index.ndim for a in which)
    if len(set(away)) < len(away):
        raise low.fail(node, f"axes {list(which)}, allowed: each axis once")
    flat = np.moveaxis(index, away, range(-len(away), 0))
    flat = flat.reshape(*flat.shape[: flat.ndim - len(away)], -1)
    lanes = flat[..., 0] % fmap.channels
    if flat.shape[-1] != fmap.pixels or not np.array_equal(
        flat % fmap.channels, np.broadcast_to(lanes[..., None], flat.shape)
    ):
        raise Refuse(f"its axes {list(which)} are not the rows and columns of a feature map")
    _whole_map(low, node, view, op, lanes, mean)


def ReduceMean(low: Lowering, node: Node) -> None:
    """Mean over rows and columns."""
    _over_axes(low, node, "add")


def ReduceMax(low: Lowering, node: Node) -> None:
    """Maximum over rows and columns."""
    _over_axes(low, node, "max")


def ReduceSum(low: Lowering, node: Node) -> None:
    """Sum over rows and columns."""
    _over_axes(low, node, "add", mean=False, axes_input=13)
