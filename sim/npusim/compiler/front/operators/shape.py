"""Operators that rename, pad or join: no arithmetic."""

from __future__ import annotations

import math

import numpy as np

from npusim.compiler.front import views
from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import FLOATS, Array, Node
from npusim.compiler.front.operators.common import only_first_output, text
from npusim.compiler.front.views import Refuse
from npusim.compiler.ir import I64, Window


def _reshape(low: Lowering, node: Node) -> None:
    """Rename to the output's shape, elements in the same order."""
    view = low.view(node.inputs[0])
    shape = low.shape(node.outputs[0])
    if math.prod(shape) != low.fmap(view).elements:
        raise low.fail(node, f"shape {list(shape)} for a tensor of {list(view.shape)}, allowed: as many elements")
    low.rename(node, views.reshape(view, low.fmap(view), shape))


def Reshape(low: Lowering, node: Node) -> None:
    """Another shape; its target was folded to a constant or is implied by the inferred shape."""
    _reshape(low, node)


def Flatten(low: Lowering, node: Node) -> None:
    """Two axes."""
    _reshape(low, node)


def Squeeze(low: Lowering, node: Node) -> None:
    """Drop axes of extent 1."""
    _reshape(low, node)


def Unsqueeze(low: Lowering, node: Node) -> None:
    """Insert axes of extent 1."""
    _reshape(low, node)


def Transpose(low: Lowering, node: Node) -> None:
    """Permute the axes."""
    view = low.view(node.inputs[0])
    perm = tuple(node.attrs.get("perm", range(len(view.shape))[::-1]))
    if sorted(perm) != list(range(len(view.shape))):
        raise low.fail(node, f"perm {list(perm)} for {len(view.shape)} axes, allowed: each axis once")
    low.rename(node, views.transpose(view, low.fmap(view), perm))


def Identity(low: Lowering, node: Node) -> None:
    """Another name."""
    low.rename(node, low.view(node.inputs[0]))


def Dropout(low: Lowering, node: Node) -> None:
    """Nothing at inference; a mask that is used, or training mode, is for the host."""
    only_first_output(low, node)
    mode = node.input(2)
    training = low.const(mode) if mode else None
    if mode and (training is None or training.any()):
        raise Refuse("it is in training mode")
    low.rename(node, low.view(node.inputs[0]), "rename: no dropout at inference")


def Cast(low: Lowering, node: Node) -> None:
    """Between float types: nothing, the NPU computes in float16 throughout."""
    target = low.net.dtypes.get(node.outputs[0], "unknown")
    if target not in FLOATS:
        raise Refuse(f"the NPU has no {target}")
    low.rename(node, low.view(node.inputs[0]), "rename: the NPU computes in float16 throughout")


def Pad(low: Lowering, node: Node) -> None:
    """Pads as an attribute."""
    _pad(low, node, tuple(node.attrs.get("pads", ())), float(node.attrs.get("value", 0.0)))


def Pad_11(low: Lowering, node: Node) -> None:
    """Pads, value and axes as inputs."""
    pads, value, which = low.const(node.input(1)), _value(low, node), low.const(node.input(3))
    if pads is None or (node.input(3) and which is None):
        raise Refuse("its pads are not constant")
    rank = len(low.shape(node.inputs[0]))
    full = np.zeros(2 * rank, np.int64)
    at = np.arange(rank) if which is None else which.reshape(-1) % rank
    half = pads.size // 2
    full[at], full[at + rank] = pads[:half], pads[half:]
    _pad(low, node, tuple(int(p) for p in full), value)


def _value(low: Lowering, node: Node) -> float:
    if not node.input(2):
        return 0.0
    value: Array | None = low.const(node.input(2))
    if value is None or value.size != 1:
        raise Refuse("its padding value is not constant")
    return float(value.reshape(-1)[0])


def _pad(low: Lowering, node: Node, pads: tuple[int, ...], value: float) -> None:
    """Append a layer that reads beyond the map's edge; fusion gives its padding to the reader behind it."""
    if text(node.attrs.get("mode", "constant")) != "constant" or value != 0.0:
        raise Refuse("the NPU pads with zeros only")
    if not any(pads):
        low.rename(node, low.view(node.inputs[0]), "rename: it pads nothing")
        return
    if min(pads) < 0:
        raise Refuse("its padding is negative")
    view = low.view(node.inputs[0])
    fmap = low.fmap(view)
    rank = len(view.shape)
    index = views.index_of(view, fmap)
    begin, end = np.array(pads[:rank]), np.array(pads[rank:])
    row, col = (
        _axis_of(index, step, extent)
        for step, extent in ((fmap.width * fmap.channels, fmap.height), (fmap.channels, fmap.width))
    )
    other = [a for a in range(rank) if (begin[a] or end[a]) and a not in (row, col)]
    if other:
        raise Refuse(f"it pads axis {other[0]}, which is not the rows or columns of a feature map")
    top, bottom = (int(begin[row]), int(end[row])) if row is not None else (0, 0)
    left, right = (int(begin[col]), int(end[col])) if col is not None else (0, 0)
    h, w = fmap.height + top + bottom, fmap.width + left + right
    out = low.new_map(node.outputs[0], h, w, fmap.segments)
    low.layer(node, fmap, out, window=Window(pad_top=top, pad_left=left, out_h=h, out_w=w))
    shape = low.shape(node.outputs[0])
    axes_of: list[Array] = []
    for axis in range(rank):
        if axis == row:
            axes_of.append(np.arange(h) * w * fmap.channels)
        elif axis == col:
            axes_of.append(np.arange(w) * fmap.channels)
        else:
            lane = np.moveaxis(index, axis, 0).reshape(index.shape[axis], -1)[:, 0]
            axes_of.append(lane % fmap.channels)
    result: I64 = sum(np.ix_(*axes_of)[1:], start=np.ix_(*axes_of)[0])
    low.define(node.outputs[0], views.make_view(out, result.reshape(shape)))


def _axis_of(index: I64, step: int, extent: int) -> int | None:
    """Return the axis along which an index array walks the map's rows or columns, or None."""
    for axis in range(index.ndim):
        if index.shape[axis] == extent and extent > 1 and (np.diff(index, axis=axis) == step).all():
            return axis
    return None


def Concat(low: Lowering, node: Node) -> None:
    """Join channels: the inputs' producers write straight into one map."""
    if len(node.inputs) == 1:
        low.rename(node, low.view(node.inputs[0]))
        return
    if any(low.const(n) is not None for n in node.inputs):
        raise Refuse("it joins constants")
    found = [low.view(n) for n in node.inputs]
    fmaps = [low.fmap(v) for v in found]
    axis = int(node.attrs["axis"]) % len(found[0].shape)
    if len({(f.height, f.width) for f in fmaps}) != 1:
        raise Refuse("it joins along an axis that is not the channels")
    total = sum(f.channels for f in fmaps)
    pieces, offset = [], 0
    for view, fmap in zip(found, fmaps, strict=True):
        index = np.moveaxis(views.index_of(view, fmap), axis, -1)
        first = index[..., :1]
        lanes = np.arange(fmap.channels)
        if (
            index.shape[-1] != fmap.channels
            or (first % fmap.channels).any()
            or not np.array_equal(index, first + lanes)
        ):
            raise Refuse("it joins along an axis that is not the channels")
        pieces.append(np.moveaxis(first // fmap.channels * total + offset + lanes, -1, axis))
        offset += fmap.channels
    parent = low.new_map(node.outputs[0], fmaps[0].height, fmaps[0].width, sum((f.segments for f in fmaps), ()))
    segment = 0
    for number, fmap in enumerate(fmaps):
        child = fmap
        if not low.adopt(fmap.name, parent.name, segment):
            child = low.new_map(f"{fmap.name}.copy", fmap.height, fmap.width, fmap.segments)
            low.layer(node, fmap, child, f"copy{number}")
            low.adopt(child.name, parent.name, segment)
        segment += len(child.segments)
    low.define(node.outputs[0], views.make_view(parent, np.concatenate(pieces, axis=axis)))
    low.renamed[node.name] = "joined for free: the producers write into the joined map"
