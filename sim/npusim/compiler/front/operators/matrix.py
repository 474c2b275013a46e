"""Operators on the matrix-vector unit: Conv, Gemm, MatMul."""

from __future__ import annotations

import numpy as np

from npusim.compiler.front import views
from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import Node
from npusim.compiler.front.operators.common import sliding
from npusim.compiler.front.views import Refuse
from npusim.compiler.ir import F32, I64, FeatureMap, Mfu, View, Window


def Conv(low: Lowering, node: Node) -> None:
    """Convolution: the reader walks the kernel, nothing is ever padded or unrolled in memory."""
    weights = low.weights(node, 1, "weights")
    bias = low.weights(node, 2, "bias") if node.input(2) else None
    view = low.view(node.inputs[0])
    fmap = low.fmap(view)
    order = views.channel_order(view, fmap)
    groups = int(node.attrs.get("group", 1))
    _check_conv(low, node, weights, bias, fmap.channels, groups)
    window, _ = sliding(low, node, fmap, weights.shape[2:])
    if weights.ndim == 3:
        along = (slice(None), slice(None), None) if fmap.height == 1 else (..., None)
        weights = weights[along]
    rows = weights.shape[0]
    out_order = None
    if order is not None and groups == fmap.channels == rows:  # depthwise: the outputs keep the inputs' order
        out_order = order
        weights = weights[np.argsort(order)]
        bias = None if bias is None else bias[np.argsort(order)]
    elif order is not None:
        dense = _dense(weights, groups)
        weights, groups = np.empty_like(dense), 1
        weights[:, order] = dense
    out = low.new_map(node.outputs[0], window.out_h, window.out_w, (rows,))
    low.layer(node, fmap, out, window=window, weights=weights, groups=groups, pre=_bias(bias))
    low.define(node.outputs[0], views.spatial_view(out, low.shape(node.outputs[0]), out_order))


def _check_conv(low: Lowering, node: Node, weights: F32, bias: F32 | None, channels: int, groups: int) -> None:
    """Raise `ModelError` where weights, bias, groups and kernel_shape contradict one another."""
    kernel = tuple(node.attrs.get("kernel_shape", weights.shape[2:]))
    if groups < 1 or weights.ndim < 3 or weights.shape[0] % groups or weights.shape[1] * groups != channels:
        shape = list(weights.shape)
        raise low.fail(node, f"weights {shape} in {groups} groups over {channels} channels, allowed: matching channels")
    if kernel != weights.shape[2:]:
        raise low.fail(node, f"kernel_shape {list(kernel)}, allowed: that of the weights, {list(weights.shape[2:])}")
    if bias is not None and bias.shape != weights.shape[:1]:
        raise low.fail(node, f"bias of shape {list(bias.shape)}, allowed: [{weights.shape[0]}]")


def _bias(values: F32 | None) -> Mfu:
    return Mfu() if values is None else Mfu(addsub=("add", views.constant(values)))


def _dense(weights: F32, groups: int) -> F32:
    """Return the weights of a grouped convolution as those of an ungrouped one, zeros between groups."""
    if groups == 1:
        return weights
    rows, per_group = weights.shape[:2]
    dense = np.zeros((rows, per_group * groups, *weights.shape[2:]), np.float32)
    for group in range(groups):
        m = slice(group * rows // groups, (group + 1) * rows // groups)
        dense[m, group * per_group : (group + 1) * per_group] = weights[m]
    return dense


def Gemm(low: Lowering, node: Node) -> None:
    """alpha * A' * B' + beta * C, A computed, B and C constant."""
    matrix = low.weights(node, 1, "matrix B")
    if matrix.ndim != 2:
        raise low.fail(node, f"matrix B of shape {list(matrix.shape)}, allowed: two axes")
    if not node.attrs.get("transB", 0):
        matrix = matrix.T
    alpha, beta = float(node.attrs.get("alpha", 1.0)), float(node.attrs.get("beta", 1.0))
    if alpha != 1.0:
        with np.errstate(all="ignore"):
            matrix = (matrix.astype(np.float64) * alpha).astype(np.float32)
        if not np.isfinite(matrix).all():
            raise low.fail(node, f"alpha {alpha:g} makes the matrix infinite, allowed: finite numbers")
    bias = None
    if node.input(2) and beta != 0.0:
        value = low.weights(node, 2, "bias C").astype(np.float64) * beta
        if value.ndim == 2 and value.shape[0] != 1:
            raise Refuse("its bias C differs from row to row")
        if value.size not in (1, matrix.shape[0]):
            raise low.fail(node, f"bias C of shape {list(value.shape)}, allowed: {matrix.shape[0]} elements")
        bias = np.broadcast_to(value.reshape(-1), (matrix.shape[0],)).astype(np.float32)
    view = low.view(node.inputs[0])
    if node.attrs.get("transA", 0):
        view = views.transpose(view, low.fmap(view), (1, 0))
    product(low, node, view, matrix, bias)


def MatMul(low: Lowering, node: Node) -> None:
    """A * B with a constant B."""
    matrix = low.weights(node, 1, "matrix B")
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if any(d != 1 for d in matrix.shape[:-2]):
        raise Refuse("its matrix B is a stack of matrices")
    product(low, node, low.view(node.inputs[0]), matrix.reshape(matrix.shape[-2:]).T, None)


def product(low: Lowering, node: Node, view: View, matrix: F32, bias: F32 | None) -> None:
    """Append the product of every row of a tensor with a matrix[outputs, inputs].

    A single row that is a whole map becomes one window over that map; several rows must be its pixels' channels.
    """
    fmap = low.fmap(view)
    shape = low.shape(node.outputs[0])
    count, depth = matrix.shape
    if view.shape[-1:] != (depth,):
        raise low.fail(node, f"{list(view.shape)} times [{depth}, {count}], allowed: matching extents")
    if depth == fmap.elements:
        weights = _as_kernel(matrix, view, fmap)
        out = low.new_map(node.outputs[0], 1, 1, (count,))
        window = Window(kh=fmap.height, kw=fmap.width)
        low.layer(node, fmap, out, window=window, weights=weights, pre=_bias(bias))
        low.define(node.outputs[0], views.make_view(out, np.arange(count, dtype=np.int64).reshape(shape)))
        return
    pixel = views.rows(view, fmap)
    out = low.new_map(node.outputs[0], fmap.height, fmap.width, (count,))
    low.layer(node, fmap, out, weights=matrix[:, :, None, None], pre=_bias(bias))
    index: I64 = pixel[..., None] * count + np.arange(count, dtype=np.int64)
    low.define(node.outputs[0], views.make_view(out, index.reshape(shape)))


def _as_kernel(matrix: F32, view: View, fmap: FeatureMap) -> F32:
    """Return matrix[M, K] over a flattened map as a kernel[M, C, h, w] over the map itself."""
    h, w, c = fmap.height, fmap.width, fmap.channels
    index = views.index_of(view, fmap).reshape(-1)
    nchw = np.arange(h * w * c, dtype=np.int64).reshape(h, w, c).transpose(2, 0, 1).reshape(-1)
    if np.array_equal(index, nchw):  # as exporters flatten: no weight moves
        return matrix.reshape(-1, c, h, w)
    where = np.empty_like(index)
    where[index] = np.arange(index.size)
    kernel: F32 = matrix[:, where].reshape(-1, h, w, c).transpose(0, 3, 1, 2)
    return kernel
