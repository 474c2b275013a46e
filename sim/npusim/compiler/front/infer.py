"""Shape inference and checking by the `onnx` package, on a copy of the model without its large weights.

The copy keeps small constants (shape arithmetic needs their values) and declares the others as inputs, so that a
model of any size costs milliseconds and never meets protobuf's 2 GB limit.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from npusim.compiler.front.net import FLOATS, Net, Node
from npusim.errors import ModelError

SMALL = 1024
"""Constants of at most so many elements keep their values for shape inference."""

MAX_ELEMENTS = 1 << 28
"""Largest constant that the compiler takes: a corrupt shape must not eat the memory."""

MAX_COMPUTED = 1 << 26
"""Largest computed tensor: a feature map beyond it has no place in the machine's DRAM anyway."""


def first_line(err: BaseException) -> str:
    """Return an exception's text as one short line."""
    text = " ".join(str(err).split()) or type(err).__name__
    return text if len(text) <= 300 else text[:297] + "..."


def skeleton(net: Net, declared: bool = False, instead: dict[str, Any] | None = None) -> Any:
    """Return the net as a ModelProto without large constants and without declared intermediate shapes.

    declared: give outputs a shape field, empty: the checker insists on one, inference must not see it.
    instead: nodes to put in other nodes' places, by name.
    """
    used = {n for node in net.nodes for n in node.inputs} | set(net.outputs)
    inner = any(a.HasField("g") or a.graphs for node in net.nodes for a in node.proto.attribute)
    consts = {n: c for n, c in net.consts.items() if n in used or inner}
    inputs = [_value(i.name, i.dtype, i.shape) for i in net.inputs]
    inputs += [_value(n, c.dtype.name, c.shape) for n, c in consts.items() if c.size > SMALL]
    initial = [numpy_helper.from_array(np.asarray(c, order="C"), n) for n, c in consts.items() if c.size <= SMALL]
    own = {n for node in net.nodes if not node.standard for n in node.outputs}
    given = {v.name: v for v in inputs} | {n: _value(n, c.dtype.name, c.shape) for n, c in consts.items()}
    outputs = []
    for name in net.outputs:
        value = onnx.ValueInfoProto()
        value.name = name
        known = net.custom.get(name)
        if known is not None:
            value.type.tensor_type.elem_type = known.type.tensor_type.elem_type
        if declared:
            value.type.tensor_type.shape.SetInParent()
        if name in given:
            value = given[name]  # a graph output may be an input or a constant
        elif name in own and known is not None:
            value = _hint(known)
        outputs.append(value)
    hints = [_hint(v) for n, v in net.custom.items() if n in own and n not in net.outputs]
    nodes = [(instead or {}).get(n.name, n.proto) for n in net.nodes]
    graph = helper.make_graph(nodes, net.name, inputs, outputs, initial, value_info=hints)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in net.opsets.items()])
    model.ir_version = max(net.ir_version, 4)
    return model


def _value(name: str, dtype: str, shape: tuple[int, ...]) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


def _hint(value: Any) -> Any:
    """Return a declaration from the file with a symbolic batch set to 1, for what only the file knows."""
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    dims = copy.type.tensor_type.shape.dim
    if len(dims) and not dims[0].HasField("dim_value"):
        dims[0].dim_value = 1
    return copy


def check(net: Net) -> Net:
    """Let `onnx.checker` look at the model; ModelError with its finding."""
    model = skeleton(net, declared=True)
    try:
        onnx.checker.check_model(model)
    except Exception as err:
        raise ModelError(f"{net.name}: not a valid ONNX model: {first_line(err)}") from None
    return net


def infer_shapes(net: Net) -> Net:
    """Return the net with shape and dtype of every tensor that has a static one; ModelError on contradictions."""
    instead: dict[str, Any] = {}
    while True:
        net = _infer_once(net, instead)
        wrong = {n.name: proto for n in net.nodes if n.name not in instead and (proto := _floor_pool(n, net))}
        if not wrong:
            return net
        instead |= wrong


def _infer_once(net: Net, instead: dict[str, Any]) -> Net:
    strict = all(node.standard for node in net.nodes)
    try:
        model = onnx.shape_inference.infer_shapes(skeleton(net, instead=instead), strict_mode=strict, data_prop=True)
    except Exception as err:
        raise ModelError(f"{net.name}: shapes cannot be inferred: {first_line(err)}") from None
    shapes = {i.name: i.shape for i in net.inputs} | {n: c.shape for n, c in net.consts.items()}
    dtypes = {i.name: i.dtype for i in net.inputs} | {n: c.dtype.name for n, c in net.consts.items()}
    inferred = [*model.graph.value_info, *model.graph.output]
    for value in [*inferred, *_declared_outputs(net, inferred)]:
        tensor = value.type.tensor_type
        if value.name in net.consts or not value.type.HasField("tensor_type"):
            continue
        if tensor.elem_type not in (TensorProto.UNDEFINED, TensorProto.STRING):
            dtypes[value.name] = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)).name
        dims = [d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim]
        if tensor.HasField("shape") and all(d >= 0 for d in dims):
            shapes[value.name] = tuple(dims)
            if math.prod(dims) > MAX_ELEMENTS:
                raise ModelError(
                    f"{net.name}: tensor '{value.name}' has shape {dims}, allowed: at most {MAX_ELEMENTS} elements"
                )
    return replace(net, shapes=shapes, dtypes=dtypes)


def _declared_outputs(net: Net, inferred: list[Any]) -> list[Any]:
    """Return the file's own declarations of outputs whose shape inference cannot tell: it depends on computed values.

    No node reads such a tensor, and a host step that makes another shape is an error when it runs.
    """
    read = {name for node in net.nodes for name in node.inputs}
    types = {v.name: v.type.tensor_type for v in inferred}
    known = {n for n, t in types.items() if t.HasField("shape") and all(d.HasField("dim_value") for d in t.shape.dim)}
    return [net.custom[n] for n in net.outputs if n in net.custom and n not in {*known, *read, *net.consts}]


def _floor_pool(node: Node, net: Net) -> Any:
    """Return a pooling in floor mode with the extent that ceil_mode gives, where inference counts a window too many.

    The standard drops a window that would start behind the map and its front padding; `onnx` counts it.
    """
    shape = net.shapes.get(node.input(0))
    out = net.shapes.get(node.outputs[0])
    auto = node.attrs.get("auto_pad", b"NOTSET")
    if not node.standard or not node.attrs.get("ceil_mode") or shape is None or out is None or auto != b"NOTSET":
        return None
    kernel = node.attrs.get("kernel_shape", ())
    rank = len(kernel)
    strides, dilations = node.attrs.get("strides", [1] * rank), node.attrs.get("dilations", [1] * rank)
    pads = list(node.attrs.get("pads", [0] * 2 * rank))
    if not len(shape) - 2 == len(out) - 2 == rank == len(strides) == len(dilations) == len(pads) // 2:
        return None
    counts = [
        o - (o > 1 and (o - 1) * s >= n + p) for o, s, n, p in zip(out[2:], strides, shape[2:], pads, strict=False)
    ]
    if counts == list(out[2:]):
        return None
    for axis, count in enumerate(counts):
        reach = (kernel[axis] - 1) * dilations[axis] + 1
        pads[rank + axis] = max((count - 1) * strides[axis] + reach - shape[2 + axis] - pads[axis], 0)
    proto = onnx.NodeProto()
    proto.CopyFrom(node.proto)
    for name, value in (("ceil_mode", 0), ("pads", pads)):
        for old in [a for a in proto.attribute if a.name == name]:
            proto.attribute.remove(old)
        proto.attribute.append(helper.make_attribute(name, value))
    return proto


def check_types(net: Net) -> Net:
    """Refuse what neither the NPU nor the host steps are meant for, now that the types are known."""
    for name in [i.name for i in net.inputs] + [n for node in net.nodes for n in node.outputs]:
        shape = net.shapes.get(name, ())
        if math.prod(shape) > MAX_COMPUTED:
            raise ModelError(
                f"{net.name}: tensor '{name}' has shape {list(shape)}, allowed: at most {MAX_COMPUTED} elements"
            )
    for node in net.nodes:
        for name in node.outputs:
            dtype = net.dtypes.get(name, "")
            if dtype.startswith(("float", "bfloat", "complex")) and dtype not in FLOATS:
                raise ModelError(
                    f"{net.name}: {node.label}: tensor '{name}' has dtype {dtype}, allowed: {', '.join(FLOATS)}"
                )
    for name in net.outputs:
        if name not in net.shapes or name not in net.dtypes:
            raise ModelError(f"{net.name}: output '{name}' has no static shape, allowed: static shapes")
    return net
