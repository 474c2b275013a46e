"""Index arithmetic on views: how ONNX tensors lie in feature maps, and what renaming operators make of them.

A renaming operator (Reshape, Transpose, ...) moves no data on the NPU: it is applied to the index array of its
input's view.  The canonical layouts carry no array: (1, C, H, W) of any map and (1, C) of a 1 x 1 map.
"""

from __future__ import annotations

import numpy as np

from npusim.compiler.front.net import Array
from npusim.compiler.ir import F32, I64, ConstOperand, FeatureMap, View


class Refuse(Exception):
    """The NPU does not take a node; the text is the reason that the report states."""


def canonical_index(fmap: FeatureMap, shape: tuple[int, ...]) -> I64 | None:
    """Return the index array of the canonical layout of that shape, or None if the shape has none."""
    h, w, c = fmap.height, fmap.width, fmap.channels
    if shape == (1, c, h, w):
        index: I64 = np.arange(h * w * c, dtype=np.int64).reshape(h, w, c).transpose(2, 0, 1)[None]
        return index
    if shape == (1, c) and h == w == 1:
        return np.arange(c, dtype=np.int64)[None]
    return None


def index_of(view: View, fmap: FeatureMap) -> I64:
    """Return a view's index array, made where the layout is canonical."""
    if view.index is not None:
        return view.index
    index = canonical_index(fmap, view.shape)
    assert index is not None, f"view of {view.map} with shape {view.shape} is not canonical"
    return index


def make_view(fmap: FeatureMap, index: I64) -> View:
    """Return the view of that index array, without the array if the layout is canonical."""
    shape = tuple(index.shape)
    canonical = canonical_index(fmap, shape)
    if canonical is not None and np.array_equal(canonical, index):
        return View(fmap.name, shape)
    return View(fmap.name, shape, np.ascontiguousarray(index, dtype=np.int64))


def reshape(view: View, fmap: FeatureMap, shape: tuple[int, ...]) -> View:
    """Apply a reshape."""
    if shape == view.shape:
        return view
    trivial = view.index is None and fmap.pixels == 1
    if trivial and shape in ((1, fmap.channels), (1, fmap.channels, 1, 1)):
        return View(fmap.name, shape)
    return make_view(fmap, index_of(view, fmap).reshape(shape))


def transpose(view: View, fmap: FeatureMap, perm: tuple[int, ...]) -> View:
    """Apply a transposition."""
    return make_view(fmap, index_of(view, fmap).transpose(perm))


def channel_order(view: View, fmap: FeatureMap) -> I64 | None:
    """Return where the channels of a (1, C, spatial...) tensor lie: None for 0..C-1, else int64[C].

    Raises `Refuse` where axis 1 is not the map's channels or the spatial axes are not its rows and columns.
    """
    if view.index is None:
        return None
    shape = view.shape
    if len(shape) < 2 or shape[0] != 1 or shape[1] != fmap.channels:
        raise Refuse("its input is not laid out as batch, channels, rows, columns")
    if len(shape) == 4 and shape[2:] != (fmap.height, fmap.width):
        raise Refuse("its input is not laid out as batch, channels, rows, columns")
    index = view.index.reshape(fmap.channels, fmap.pixels)
    order = index[:, 0]
    pixels = np.arange(fmap.pixels, dtype=np.int64) * fmap.channels
    if (order >= fmap.channels).any() or not np.array_equal(index, order[:, None] + pixels):
        raise Refuse("its input is not laid out as batch, channels, rows, columns")
    return None if np.array_equal(order, np.arange(fmap.channels)) else order


def spatial_view(fmap: FeatureMap, shape: tuple[int, ...], order: I64 | None) -> View:
    """Return the view of a (1, C, spatial...) tensor over a map whose channels lie in that order."""
    if order is None and (len(shape) == 4 or (len(shape) == 2 and fmap.pixels == 1)):
        return View(fmap.name, shape)
    lanes = np.arange(fmap.channels, dtype=np.int64) if order is None else order
    pixels = np.arange(fmap.pixels, dtype=np.int64) * fmap.channels
    return make_view(fmap, (lanes[:, None] + pixels).reshape(shape))


def rows(view: View, fmap: FeatureMap) -> I64:
    """Return the pixel of each row of a tensor whose last axis is the map's channels in order, or raise `Refuse`."""
    index = index_of(view, fmap)
    if index.shape[-1:] != (fmap.channels,):
        raise Refuse("its rows are not the channels of a feature map")
    first = index[..., :1]
    if (first % fmap.channels).any() or not np.array_equal(index, first + np.arange(fmap.channels)):
        raise Refuse("its rows are not the channels of a feature map")
    pixel: I64 = first[..., 0] // fmap.channels
    return pixel


def operand(value: Array, view: View, fmap: FeatureMap) -> ConstOperand:
    """Return a constant that broadcasts to the view's shape as an operand of the map, or raise `Refuse`."""
    if value.size == 1:
        return constant(np.full(fmap.channels, value.reshape(-1)[0]))
    shape = np.broadcast_shapes(value.shape, view.shape)
    if int(np.prod(shape)) != fmap.elements:
        raise Refuse("the constant is larger than the tensor: broadcasting it needs more than the NPU's operands")
    value = value.reshape((1,) * (len(shape) - value.ndim) + value.shape)
    if view.index is None and value.shape == (1, fmap.channels) + (1,) * (len(shape) - 2):
        return constant(value.reshape(-1))
    flat = np.empty(fmap.elements, np.float64)
    flat[index_of(view, fmap).reshape(-1)] = np.broadcast_to(value, shape).reshape(-1)
    table = flat.reshape(fmap.pixels, fmap.channels)
    if (table == table[:1]).all():
        return constant(table[0])
    if (table == table[:, :1]).all():
        return constant(table[:, 0], per_position=True)
    raise Refuse("the constant varies both with position and with channel")


def constant(values: Array, per_position: bool = False) -> ConstOperand:
    """Return a finite float32 operand; an infinite constant is a `Refuse`."""
    with np.errstate(over="ignore"):
        array: F32 = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(array).all():
        raise Refuse("the constant is infinite")
    return ConstOperand(array, per_position)
