"""The network in ONNX Runtime's float32 with only the operands of the NPU's products quantised.

That is what block floating point costs by itself, by other means than the machine's: the model is rewritten with ONNX
operators that quantise each product's activations, and with quantised weights.  float16, the order of sums and the
unary kernels are left out.  Blocks are those of the machine but for raw images, which it quantises window by window;
here a pixel is quantised with the largest magnitude in the window around it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper

from npusim.compiler.front.frontend import NET_PASSES
from npusim.compiler.front.importer import read_net
from npusim.compiler.front.net import Net, Node
from npusim.config import NpuConfig
from npusim.errors import ModelError
from npusim.report.reference import Reference
from npusim.runtime import Tensors

F32 = npt.NDArray[np.float32]

PRODUCTS = ("Conv", "Gemm", "MatMul")
PART = 1 << 20
"""Elements that are quantised at a time, and from which on weights are not copied into the model: VGG-16's would fill
the memory in float64, and so would half a dozen copies."""
ROUND = np.float32(3 << 22)
"""Adding and subtracting it rounds a small float32 to a whole number, ties to even."""


def emulate(model: Any, npu_nodes: set[str], config: NpuConfig, inputs: Tensors, wanted: set[str]) -> Tensors | None:
    """Return the wanted tensors of the quantised model; None if it cannot be rewritten (no float32, odd shapes).

    npu_nodes: names of the nodes, as the importer names them, that the NPU runs.
    """
    net = read_net(model)
    for _, net_pass in NET_PASSES:
        net = net_pass(net)
    rewriter = _Rewriter(net, config)
    nodes = [n for node in net.nodes for n in rewriter.rewrite(node, node.name in npu_nodes)]
    if not rewriter.count:
        return None
    names = sorted(wanted & {name for node in net.nodes for name in node.outputs if name})
    used = {name for node in nodes for name in node.input}
    consts = {**net.consts, **rewriter.consts}
    large = {name: consts[name] for name in consts if name in used and consts[name].size >= PART}
    wanted_inputs = [(i.name, i.dtype, i.shape) for i in net.inputs] + [(n, x.dtype, x.shape) for n, x in large.items()]
    declared = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
        for name, dtype, shape in wanted_inputs
    ]
    blank = [helper.make_empty_tensor_value_info(name) for name in names]
    small = [name for name in consts if name in used and name not in large]
    initial = [numpy_helper.from_array(np.ascontiguousarray(consts[n]), n) for n in small]
    graph = helper.make_graph(nodes, net.name, declared, blank, initial)
    rewritten = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in net.opsets.items()])
    rewritten.ir_version = max(net.ir_version, 4)
    try:
        return Reference(rewritten).run({**inputs, **large}, names)  # as inputs they are not copied
    except ModelError:
        return None


def quantise(x: npt.NDArray[Any], mantissa: int, axis: int, block: int) -> F32:
    """Return an array rounded to block floating point along an axis, in float32."""
    moved = np.moveaxis(np.asarray(x, np.float32), axis, -1)
    rows = np.ascontiguousarray(moved).reshape(-1, moved.shape[-1])
    found = np.empty_like(rows)
    step = max(1, PART // max(1, rows.shape[1]))
    for begin in range(0, len(rows), step):
        found[begin : begin + step] = _quantise_rows(rows[begin : begin + step], mantissa, block)
    return np.ascontiguousarray(np.moveaxis(found.reshape(moved.shape), -1, axis))


def _quantise_rows(rows: F32, mantissa: int, block: int) -> F32:
    """Return float32[n, size] rounded to blocks along its rows."""
    size = rows.shape[1]
    padded = np.zeros((len(rows), -(-size // block) * block), np.float64)  # steps can be below float32's range
    padded[:, :size] = rows
    blocks = padded.reshape(len(rows), -1, block)
    largest = np.abs(blocks).max(axis=-1, keepdims=True)
    exponent = np.frexp(np.where(largest > 0, largest, 1))[1] - 1
    step = np.exp2(exponent - (mantissa - 1.0))
    limit = 2**mantissa - 1
    back = np.clip(np.rint(blocks / step), -limit, limit) * step
    found: F32 = back.reshape(padded.shape)[:, :size].astype(np.float32)
    return found


class _Rewriter:
    """Puts quantisers in front of products."""

    def __init__(self, net: Net, config: NpuConfig) -> None:
        self.net, self.config = net, config
        self.version = net.opsets.get("", 7)
        self.consts: dict[str, npt.NDArray[Any]] = {}
        self.done: dict[tuple[str, tuple[int, ...]], str] = {}
        self.count = 0

    def rewrite(self, node: Node, on_npu: bool) -> list[Any]:
        """Return the nodes that take a node's place."""
        if not on_npu or node.op not in PRODUCTS or self.version < 8:
            return [node.proto]
        x, w = node.inputs[0], node.inputs[1]
        shape, weights = self.net.shapes.get(x), self.net.consts.get(w)
        if shape is None or weights is None or self.net.dtypes.get(x) != "float32" or weights.dtype != np.float32:
            return [node.proto]
        axis = 1 if node.op == "Conv" else len(shape) - 1
        window = tuple(weights.shape[2:]) if node.op == "Conv" and shape[1] <= 4 else ()
        made: list[Any] = []
        key = (x, window)
        if key not in self.done:
            made = self._quantiser(x, shape, axis, window)
            self.done[key] = made[-1].output[0]
        copy = type(node.proto)()
        copy.CopyFrom(node.proto)
        copy.input[0], copy.input[1] = self.done[key], f"{w}#quantised.{node.name}"
        self.consts[copy.input[1]] = self._weights(node, weights, bool(window))
        self.count += 1
        return [*made, copy]

    def _weights(self, node: Node, weights: npt.NDArray[Any], image: bool) -> F32:
        m, n = self.config.weight_mantissa, self.config.native_dim
        if node.op != "Conv":
            return quantise(weights, m, 1 if node.op == "Gemm" and node.attrs.get("transB", 0) else weights.ndim - 2, n)
        if not image:
            return quantise(weights, m, 1, n)
        turned = np.moveaxis(weights, 1, -1)
        flat = quantise(turned.reshape(len(weights), -1), m, 1, n)
        return np.ascontiguousarray(np.moveaxis(flat.reshape(turned.shape), -1, 1))

    def _const(self, name: str, value: Any) -> str:
        self.consts[name] = np.asarray(value)
        return name

    def _quantiser(self, x: str, shape: tuple[int, ...], axis: int, window: tuple[int, ...]) -> list[Any]:
        """Return nodes that quantise a tensor along an axis; the last one's output is the result."""
        nodes: list[Any] = []
        size, n = shape[axis], self.config.native_dim
        m = self.config.act_mantissa
        tag = f"{x}#q{len(self.done)}"

        def add(op: str, *inputs: str, **attrs: Any) -> str:
            out = f"{tag}.{len(nodes)}"
            nodes.append(helper.make_node(op, list(inputs), [out], name=out, **attrs))
            return out

        now = x
        groups = -(-size // n) if size > n else 1
        width = n if size > n else size
        if groups * width > size:
            zeros = np.zeros((*shape[:axis], groups * width - size, *shape[axis + 1 :]), np.float32)
            now = add("Concat", now, self._const(f"{tag}.zeros", zeros), axis=axis)
        split = (*shape[:axis], groups, width, *shape[axis + 1 :])
        now = add("Reshape", now, self._const(f"{tag}.split", np.array(split, np.int64)))
        largest = self._largest(add, tag, add("Abs", now), axis + 1)
        if window and all(k % 2 for k in window):
            low = (*shape[:axis], groups, *shape[axis + 1 :])
            flat = add("Reshape", largest, self._const(f"{tag}.low", np.array(low, np.int64)))
            pooled = add("MaxPool", flat, kernel_shape=list(window), pads=[k // 2 for k in window] * 2)
            high = (*shape[:axis], groups, 1, *shape[axis + 1 :])
            largest = add("Reshape", pooled, self._const(f"{tag}.high", np.array(high, np.int64)))
        floor = add("Max", largest, self._const(f"{tag}.tiny", np.float32(2.0**-14)))
        log2 = add("Mul", add("Log", floor), self._const(f"{tag}.log2e", np.float32(1 / math.log(2))))
        exponent = add("Floor", add("Add", log2, self._const(f"{tag}.slack", np.float32(1e-6))))
        power = add("Pow", self._const(f"{tag}.two", np.float32(2)), exponent)
        step = add("Mul", power, self._const(f"{tag}.unit", np.float32(2.0 ** (1 - m))))
        shift = self._const(f"{tag}.shift", ROUND)
        whole = add("Sub", add("Add", add("Div", now, step), shift), shift)
        limit = np.float32(2**m - 1)
        high_q = add("Min", whole, self._const(f"{tag}.max", limit))
        clipped = add("Max", high_q, self._const(f"{tag}.min", -limit))
        back = add("Mul", clipped, step)
        joined = (*shape[:axis], groups * width, *shape[axis + 1 :])
        now = add("Reshape", back, self._const(f"{tag}.joined", np.array(joined, np.int64)))
        if groups * width > size:
            first = {"axes": [axis], "starts": [0], "ends": [size]}
            if self.version < 10:
                add("Slice", now, **first)
            else:
                at = [self._const(f"{tag}.{k}", np.array(first[k], np.int64)) for k in ("starts", "ends", "axes")]
                add("Slice", now, *at)
        return nodes

    def _largest(self, add: Any, tag: str, x: str, axis: int) -> str:
        if self.version < 18:
            return str(add("ReduceMax", x, axes=[axis], keepdims=1))
        return str(add("ReduceMax", x, self._const(f"{tag}.over", np.array([axis], np.int64)), keepdims=1))
