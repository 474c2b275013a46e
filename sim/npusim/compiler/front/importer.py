"""Read an ONNX file and check it, so that the passes behind never meet a malformed model.

`load_model` gives a checked ModelProto with its weights inside; `read_net` turns it into a `Net`: batch 1, local
functions inlined, unique node names, weights as arrays.  Whatever is wrong is told in one `ModelError`.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from google.protobuf.message import Message
from onnx import TensorProto, helper, numpy_helper

from npusim.compiler.front.infer import first_line
from npusim.compiler.front.net import Array, Net, Node
from npusim.compiler.ir import NodeInfo, TensorInfo
from npusim.errors import ModelError

DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Operator domains that ONNX Runtime executes; the NPU itself takes the first two (which are one)."""

MIN_OPSET = 7
DTYPES = ("float32", "float16", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
"""Types of inputs and constants; all but the floats live on the host alone."""


def load_model(source: str | Path | Any) -> Any:
    """Return a checked `onnx.ModelProto` whose tensors are all inside.

    source: path of an .onnx file, or a ModelProto already in memory.  Raises `ModelError`.
    """
    if isinstance(source, onnx.ModelProto):
        model, where, folder = source, source.graph.name or "model", None
    else:
        path = Path(source)
        where, folder = str(path), path.parent
        try:
            model = parse(path.read_bytes(), where)
        except (OSError, ValueError) as err:
            raise ModelError(f"{where}: cannot be read: {getattr(err, 'strerror', None) or err}") from None
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise ModelError(f"{where}: not an ONNX model: it holds no graph")
    if not model.graph.output:
        raise ModelError(f"{where}: no outputs, allowed: at least one")
    _check_text(model, where)
    _check_versions(model, where)
    for tensor in _tensors(model):
        _load_tensor(tensor, where, folder)
    return model


def parse(data: bytes, where: str) -> Any:
    """Return the ModelProto in `data`; ModelError if it is not one."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception:  # google.protobuf's DecodeError, whose module differs between protobuf releases
        raise ModelError(f"{where}: not an ONNX model: {len(data)} bytes that are not a protobuf") from None
    return model


def _check_text(model: Any, where: str) -> None:
    """Refuse names that are no text and numbers in attributes that are none: protobuf lets both pass."""
    messages = [model]
    while messages:
        for field, value in messages.pop().ListFields():
            if field.type == field.TYPE_MESSAGE:
                messages += [value] if isinstance(value, Message) else list(value)
            elif field.type == field.TYPE_STRING:
                for text in [value] if isinstance(value, str | bytes) else value:
                    if not isinstance(text, str):
                        raise ModelError(f"{where}: {field.name} {text[:40]!r}, allowed: UTF-8 text")
            elif field.full_name == "onnx.AttributeProto.f" and math.isnan(value):
                raise ModelError(f"{where}: an attribute is NaN, allowed: numbers")


def _check_versions(model: Any, where: str) -> None:
    """Refuse domains and opsets that nobody here executes."""
    if not 3 <= model.ir_version <= onnx.IR_VERSION:
        raise ModelError(f"{where}: ir_version {model.ir_version}, allowed 3..{onnx.IR_VERSION}")
    opsets = {o.domain: o.version for o in model.opset_import}
    version = opsets.get("", opsets.get("ai.onnx"))
    own = {f.domain for f in model.functions}
    used = {n.domain for n in model.graph.node} | {n.domain for f in model.functions for n in f.node}
    for domain in sorted(used):
        if domain not in DOMAINS and domain not in own:
            ops = sorted({n.op_type for n in model.graph.node if n.domain == domain}) or ["?"]
            raise ModelError(
                f"{where}: operator domain '{domain}' ({', '.join(ops)}) is unknown, "
                "allowed: the ONNX standard's, ai.onnx.ml, com.microsoft"
            )
    if version is None:
        if used & {"", "ai.onnx"}:
            raise ModelError(
                f"{where}: no opset_import for the standard operators, allowed: opset {MIN_OPSET} or later"
            )
    elif not MIN_OPSET <= version <= onnx.defs.onnx_opset_version():
        raise ModelError(f"{where}: opset {version}, allowed {MIN_OPSET}..{onnx.defs.onnx_opset_version()}")
    if model.graph.sparse_initializer:
        name = model.graph.sparse_initializer[0].values.name
        raise ModelError(f"{where}: sparse initializer '{name}', allowed: dense tensors")


def _tensors(model: Any) -> list[Any]:
    """Return every TensorProto of the model: initializers and attributes, in subgraphs and functions too."""
    found: list[Any] = []
    graphs, nodes = [model.graph], [n for f in model.functions for n in f.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            found += graph.initializer
            nodes += graph.node
        for node in nodes:
            for attr in node.attribute:
                if attr.HasField("t"):
                    found.append(attr.t)
                found += attr.tensors
                graphs += ([attr.g] if attr.HasField("g") else []) + list(attr.graphs)
        nodes = []
    return found


def _load_tensor(tensor: Any, where: str, folder: Path | None) -> None:
    """Bring external data in and check type, length and values of one tensor."""
    what = f"{where}: tensor '{tensor.name}'"
    dtype = _dtype(tensor.data_type, what)
    if any(d < 0 for d in tensor.dims):
        raise ModelError(f"{what}: shape {list(tensor.dims)}, allowed: no negative dimension")
    if dtype not in DTYPES:
        raise ModelError(f"{what}: dtype {dtype}, allowed: {', '.join(DTYPES)}")
    size = math.prod(tensor.dims)
    if tensor.data_location == TensorProto.EXTERNAL:
        _read_external(tensor, what, folder, size * np.dtype(dtype).itemsize)
    try:
        array = numpy_helper.to_array(tensor)
    except Exception as err:
        raise ModelError(f"{what}: malformed data for {dtype}{list(tensor.dims)}: {first_line(err)}") from None
    if array.size != size:
        raise ModelError(f"{what}: {array.size} values for shape {list(tensor.dims)}, allowed: {size}")
    bad = unusable(array)
    if bad:
        raise ModelError(f"{what}: holds {bad}, allowed: finite numbers")


def unusable(array: Array) -> str:
    """Return "NaN" or "infinity" if the array holds one, else "" (a lone infinity is a bound, not a weight)."""
    if array.dtype.kind != "f" or not array.size:
        return ""
    with np.errstate(all="ignore"):
        total = array.sum(dtype=np.float64)  # cheaper than isfinite: NaN and infinity both survive a sum
    if np.isfinite(total) or (array.size == 1 and not np.isnan(total)):
        return ""
    return "NaN" if np.isnan(array).any() else "infinity" if np.isinf(array).any() else ""


def _dtype(code: int, what: str) -> str:
    try:
        return str(np.dtype(helper.tensor_dtype_to_np_dtype(code)).name) if code != TensorProto.STRING else "string"
    except Exception:
        raise ModelError(f"{what}: unknown dtype code {code}, allowed: {', '.join(DTYPES)}") from None


def _read_external(tensor: Any, what: str, folder: Path | None, expected: int) -> None:
    """Replace a tensor's reference into another file by the bytes themselves."""
    info = {e.key: e.value for e in tensor.external_data}
    location = info.get("location", "")
    if folder is None:
        raise ModelError(f"{what}: external data '{location}' of a model in memory, allowed: data inside the model")
    if not location:
        raise ModelError(f"{what}: external data without a location, allowed: a file beside the model")
    outside = PurePosixPath(location).is_absolute() or PureWindowsPath(location).is_absolute()
    try:
        target = (folder / location).resolve()
        if outside or not target.is_relative_to(folder.resolve()):
            raise ModelError(f"{what}: external data '{location}' lies outside the model's folder")
        offset, length = int(info.get("offset") or 0), int(info.get("length") or expected)
        if offset < 0 or length != expected:
            raise ModelError(f"{what}: external data of {length} bytes at {offset}, allowed: {expected} bytes")
        if not target.is_file():
            raise ModelError(f"{what}: external data '{location}' does not exist")
        held = target.stat().st_size
        if offset + length > held:
            raise ModelError(f"{what}: external data '{location}' is truncated: {held} bytes, needed {offset + length}")
        with target.open("rb") as file:
            file.seek(offset)
            tensor.raw_data = file.read(length)
    except (OSError, ValueError) as err:
        raise ModelError(f"{what}: external data '{location}' cannot be read: {first_line(err)}") from None
    del tensor.external_data[:]
    tensor.data_location = TensorProto.DEFAULT


WEIGHTED = {"Conv", "ConvTranspose", "Gemm", "GRU", "LSTM", "MatMul", "RNN"}
"""Operators with constant weights in their second input: a network, not a formula, and its first axis a batch."""
STEP_BY_STEP = {"Add", "Cast", "Dropout", "Identity", "MatMul", "Mul", "Relu", "Sigmoid", "Sub", "Tanh"}
"""Operators in front of a recurrent one that leave its axes as they are."""


def read_net(model: Any) -> Net:
    """Return the model as a `Net`: functions inlined, batch 1, Constant nodes and initializers as arrays."""
    where = model.graph.name or "model"
    if model.functions:
        try:
            model = onnx.inliner.inline_local_functions(model)
        except Exception as err:
            raise ModelError(f"{where}: local functions cannot be inlined: {first_line(err)}") from None
        _check_versions(model, where)
    graph = model.graph
    consts = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    opsets = {"" if o.domain == "ai.onnx" else o.domain: o.version for o in model.opset_import}
    nodes = _nodes(graph, opsets)
    in_time = _in_time_order(nodes)
    constant = [n for n, proto in zip(nodes, graph.node, strict=True) if _is_tensor(proto)]
    fixed = consts.keys() | {n.outputs[0] for n in constant}
    one = any(n.standard and n.op in WEIGHTED and n.input(1) in fixed for n in nodes)
    inputs = tuple(_input(i, where, int(i.name in in_time), one) for i in graph.input if i.name not in consts)
    order = tuple(n.name for n in nodes)
    for node in constant:  # taken out before anything copies them: weights may be large
        if node.outputs[0] in consts:
            raise ModelError(f"{where}: {node.label}: tensor '{node.outputs[0]}' is made twice, allowed: once")
        consts[node.outputs[0]] = numpy_helper.to_array(node.attrs["value"])
    gone = tuple(NodeInfo(n.name, n.op, "folded", "constant: computed at compile time") for n in constant)
    return Net(
        name=where,
        nodes=tuple(n for n, proto in zip(nodes, graph.node, strict=True) if not _is_tensor(proto)),
        consts=consts,
        shapes={i.name: i.shape for i in inputs} | {n: c.shape for n, c in consts.items()},
        dtypes={i.name: i.dtype for i in inputs} | {n: c.dtype.name for n, c in consts.items()},
        inputs=inputs,
        outputs=tuple(o.name for o in graph.output),
        opsets=opsets,
        ir_version=model.ir_version,
        gone=gone,
        order=order,
        custom={v.name: v for v in [*graph.value_info, *graph.output]},
    )


def _is_tensor(node: Any) -> bool:
    """Return whether a NodeProto is a Constant whose value is a tensor, as exporters write weights."""
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx") or node.input or len(node.attribute) != 1:
        return False
    return len(node.output) == 1 and node.attribute[0].name == "value" and node.attribute[0].HasField("t")


def _nodes(graph: Any, opsets: dict[str, int]) -> list[Node]:
    """Return the nodes with unique names: their own, or the operator with a number."""
    taken: set[str] = set()
    nodes = []
    for position, proto in enumerate(graph.node):
        name = stem = proto.name or f"{proto.op_type}_{position}"
        number = 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        copy = onnx.NodeProto()
        if not _is_tensor(proto):
            copy.CopyFrom(proto)
        copy.name = name
        domain = "" if proto.domain == "ai.onnx" else proto.domain
        try:
            attrs = {a.name: helper.get_attribute_value(a) for a in proto.attribute}
        except ValueError as err:
            raise ModelError(f"{graph.name or 'model'}: {proto.op_type} '{name}': {first_line(err)}") from None
        version = opsets.get(domain, 1)
        nodes.append(Node(name, proto.op_type, domain, version, tuple(proto.input), tuple(proto.output), attrs, copy))
    return nodes


def _in_time_order(nodes: list[Node]) -> set[str]:
    """Return the tensors whose batch is the second axis: sequences and states of recurrent operators, and what these
    are made of step by step."""
    found: set[str] = set()
    for node in reversed(nodes):
        if not node.standard:
            continue
        if node.op in ("LSTM", "GRU", "RNN") and not node.attrs.get("layout", 0):
            found.update(node.input(position) for position in (0, 5, 6))
        elif node.op in STEP_BY_STEP and found.intersection(node.outputs):
            found.update(node.inputs)
    return found


def _input(value: Any, where: str, batch: int, one: bool) -> TensorInfo:
    """Return name, shape and dtype of a graph input; batch: the axis that may be symbolic, and becomes 1.

    one: that axis must be 1.
    """
    what = f"{where}: input '{value.name}'"
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        raise ModelError(f"{what}: no tensor shape, allowed: a tensor of static shape")
    dtype = _dtype(value.type.tensor_type.elem_type, what)
    if dtype not in DTYPES:
        raise ModelError(f"{what}: dtype {dtype}, allowed: {', '.join(DTYPES)}")
    dims = list(value.type.tensor_type.shape.dim)
    shape = []
    for axis, dim in enumerate(dims):
        size = dim.dim_value if dim.HasField("dim_value") else 0
        if size <= 0 and axis != batch:
            got = f"'{dim.dim_param}'" if dim.dim_param else str(size) if dim.HasField("dim_value") else "unknown"
            allowed = "a positive number (only the batch may be symbolic)"
            raise ModelError(f"{what}: dimension {axis} is {got}, allowed: {allowed}")
        if one and axis == batch and size > 1 and len(dims) > 1:
            raise ModelError(f"{what}: batch {size} in shape {[d.dim_value for d in dims]}, allowed: 1 or symbolic")
        empty_list = len(dims) == 1 and dim.HasField("dim_value") and dtype == "int64"  # of axes, say
        shape.append(size if empty_list and size == 0 else max(size, 1))
    return TensorInfo(value.name, tuple(shape), dtype)
