"""Models that cannot be compiled: one sentence each, with where, what, got and allowed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_graphs import Build

from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model, parse
from npusim.errors import ModelError, NpuError

DATA = Path(__file__).parents[1] / "data"


def refusal(source: Any, **options: Any) -> str:
    """Return the text of the ModelError."""
    with pytest.raises(ModelError) as caught:
        to_graph(load_model(source), **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def small(opset: int = 13) -> onnx.ModelProto:
    """Return a model with a convolution, a normalisation and a classifier."""
    b = Build(opset)
    x = b.norm(b("Conv", b.input("N", 3, 6, 6), b.weights(4, 3, 3, 3, name="w"), b.values(4)), 4)
    return b.model(b("Softmax", b("Gemm", b("Flatten", b("Relu", x)), b.weights(64, 5), b.values(5))))


def test_file_that_does_not_exist(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.onnx") == f"{tmp_path}/none.onnx: cannot be read: No such file or directory"


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"")
    path.chmod(0)
    assert refusal(path) == f"{path}: cannot be read: Permission denied"


def test_file_that_is_not_a_protobuf(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_text("this is not a model")
    assert refusal(path) == f"{path}: not an ONNX model: 19 bytes that are not a protobuf"


def test_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    data = small().SerializeToString()
    path.write_bytes(data[: len(data) // 2])
    assert refusal(path).endswith(f"not an ONNX model: {len(data) // 2} bytes that are not a protobuf")


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"")
    assert refusal(path) == f"{path}: not an ONNX model: it holds no graph"


def edited(edit: Callable[[Any], None], opset: int = 13) -> onnx.ModelProto:
    """Return the small model after an edit."""
    model = small(opset)
    edit(model)
    return model


def _set_domain(m: Any) -> None:
    m.graph.node[2].domain = "com.acme"
    m.opset_import.append(helper.make_opsetid("com.acme", 1))


def _set_dim(axis: int, text: str = "", size: int | None = None) -> Callable[[Any], None]:
    def edit(m: Any) -> None:
        dim = m.graph.input[0].type.tensor_type.shape.dim[axis]
        dim.Clear()
        if text:
            dim.dim_param = text
        elif size is not None:
            dim.dim_value = size

    return edit


def _poison(value: float, name: str = "w") -> Callable[[Any], None]:
    def edit(m: Any) -> None:
        for tensor in m.graph.initializer:
            if tensor.name == name:
                array = numpy_helper.to_array(tensor).copy()
                array.reshape(-1)[7] = value
                tensor.CopyFrom(numpy_helper.from_array(array, name))

    return edit


def _retype(m: Any) -> None:
    for tensor in m.graph.initializer:
        if tensor.name == "w":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), "w"))


def _shorten(m: Any) -> None:
    m.graph.initializer[0].raw_data = m.graph.initializer[0].raw_data[:-4]


def _swap_nodes(m: Any) -> None:
    first = onnx.NodeProto()
    first.CopyFrom(m.graph.node[0])
    m.graph.node[0].CopyFrom(m.graph.node[1])
    m.graph.node[1].CopyFrom(first)


def _negative_variance(m: Any) -> None:
    node = next(n for n in m.graph.node if n.op_type == "BatchNormalization")
    for tensor in m.graph.initializer:
        if tensor.name == node.input[4]:
            tensor.CopyFrom(numpy_helper.from_array(np.full(4, -1, np.float32), tensor.name))


def _sparse(m: Any) -> None:
    values = helper.make_tensor("s", TensorProto.FLOAT, [1], [1.0])
    m.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, helper.make_tensor("i", TensorProto.INT64, [1], [0]), [4])
    )


def _external(m: Any) -> None:
    m.graph.initializer[0].data_location = TensorProto.EXTERNAL
    m.graph.initializer[0].external_data.add(key="location", value="w.bin")


CASES: dict[str, tuple[Callable[[Any], None], str]] = {
    "domain": (
        _set_domain,
        "test: operator domain 'com.acme' (Relu) is unknown, allowed: the ONNX standard's, ai.onnx.ml, com.microsoft",
    ),
    "operator": (
        lambda m: setattr(m.graph.node[2], "op_type", "Relux"),
        "test: not a valid ONNX model: No Op registered for Relux with domain_version of 13",
    ),
    "old opset": (
        lambda m: setattr(m.opset_import[0], "version", 6),
        f"test: opset 6, allowed 7..{onnx.defs.onnx_opset_version()}",
    ),
    "future opset": (
        lambda m: setattr(m.opset_import[0], "version", 900),
        f"test: opset 900, allowed 7..{onnx.defs.onnx_opset_version()}",
    ),
    "no opset": (
        lambda m: m.opset_import.pop(),
        "test: no opset_import for the standard operators, allowed: opset 7 or later",
    ),
    "future ir_version": (
        lambda m: setattr(m, "ir_version", 900),
        f"test: ir_version 900, allowed 3..{onnx.IR_VERSION}",
    ),
    "symbolic height": (
        _set_dim(2, "height"),
        "test: input 'x': dimension 2 is 'height', allowed: a positive number (only the batch may be symbolic)",
    ),
    "unknown width": (
        _set_dim(3),
        "test: input 'x': dimension 3 is unknown, allowed: a positive number (only the batch may be symbolic)",
    ),
    "no row": (
        _set_dim(2, size=0),
        "test: input 'x': dimension 2 is 0, allowed: a positive number (only the batch may be symbolic)",
    ),
    "batch": (_set_dim(0, size=4), "test: input 'x': batch 4 in shape [4, 3, 6, 6], allowed: 1 or symbolic"),
    "channels": (
        _set_dim(1, size=5),
        "test: Conv 'node0': weights [4, 3, 3, 3] in 1 groups over 5 channels, allowed: matching channels",
    ),
    "nan": (_poison(float("nan")), "test: tensor 'w': holds NaN, allowed: finite numbers"),
    "infinity": (_poison(float("-inf")), "test: tensor 'w': holds infinity, allowed: finite numbers"),
    "double weights": (_retype, "test: tensor 'w': dtype float64, allowed: float32, float16, bool, int8"),
    "double input": (
        lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", TensorProto.DOUBLE),
        "test: input 'x': dtype float64, allowed: float32, float16, bool, int8",
    ),
    "short data": (_shorten, "test: tensor 'w': malformed data for float32[4, 3, 3, 3]: "),
    "no such dtype": (
        lambda m: setattr(m.graph.initializer[0], "data_type", 99),
        "test: tensor 'w': unknown dtype code 99, allowed: float32",
    ),
    "order": (_swap_nodes, "test: not a valid ONNX model: Nodes in a graph must be topologically sorted"),
    "missing input": (
        lambda m: m.graph.node[2].input.__setitem__(0, "nobody"),
        "test: not a valid ONNX model: Nodes in a graph must be topologically sorted",
    ),
    "double names": (
        lambda m: m.graph.node[2].output.__setitem__(0, m.graph.node[1].output[0]),
        "test: not a valid ONNX model: Graph must be in single static assignment (SSA) form",
    ),
    "variance": (
        _negative_variance,
        "test: BatchNormalization 'node1': variance -1 + epsilon 1e-05, allowed: a positive sum",
    ),
    "sparse": (_sparse, "test: sparse initializer 's', allowed: dense tensors"),
    "external": (
        _external,
        "test: tensor 'w': external data 'w.bin' of a model in memory, allowed: data inside the model",
    ),
    "no shape": (
        lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"),
        "test: input 'x': no tensor shape, allowed: a tensor of static shape",
    ),
    "no outputs": (lambda m: m.graph.ClearField("output"), "test: no outputs, allowed: at least one"),
    "unknown output": (
        lambda m: setattr(m.graph.output[0], "name", "nobody"),
        "test: not a valid ONNX model: Graph output 'nobody' is not an output of any node in graph.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence(case: str) -> None:
    edit, text = CASES[case]
    assert refusal(edited(edit)).startswith(text)


def test_infinite_single_weight() -> None:
    b = Build()
    model = b.model(b("Conv", b.input(1, 1, 4, 4), b.const(np.full((1, 1, 1, 1), np.inf), "w")))
    assert refusal(model) == "test: Conv 'node0': weights 'w' holds infinity, allowed: finite numbers"


def test_infinite_bound_is_no_bound() -> None:
    b = Build()
    x = b("Conv", b.input(1, 1, 4, 4), b.weights(1, 1, 1, 1))
    graph = to_graph(load_model(b.model(b("Clip", x, b.const(np.float32(0)), b.const(np.float32(np.inf))))))
    assert graph.layers[0].pre.act == "relu"


def test_double_inside_the_graph() -> None:
    b = Build()
    x = b("Cast", b.input(1, 3, 4, 4), to=TensorProto.DOUBLE)
    model = b.model(b("Cast", b("Relu", x), to=TensorProto.FLOAT))
    text = "test: Cast 'node0': tensor 'cast0' has dtype float64, allowed: float32, float16"
    assert refusal(model) == text


def test_output_whose_shape_depends_on_data() -> None:
    b = Build()
    x = b("NonZero", b("Relu", b.input(1, 3, 4, 4)))
    model = b.model(b("Cast", x, to=TensorProto.FLOAT))
    assert refusal(model) == "test: output 'cast2' has no static shape, allowed: static shapes"


def test_huge_constant() -> None:
    b = Build()
    shape = b.const(np.array([1 << 20, 1 << 20]))
    model = b.model(b("ReduceSum", b("ConstantOfShape", shape), keepdims=0), b("Relu", b.input(1, 3)))
    text = "test: tensor 'constantofshape0' has shape [1048576, 1048576], allowed: at most 268435456 elements"
    assert refusal(model) == text


def test_constant_that_becomes_infinite() -> None:
    b = Build()
    c = b("Mul", b.const(np.full((2, 3), 3e38)), b.const(np.full((2, 3), 3e38)))
    model = b.model(b("MatMul", b.input(1, 2), c))
    assert refusal(model) == "test: Mul 'node0': its constant result holds infinity, allowed: finite numbers"


def contradiction(case: str) -> onnx.ModelProto:
    """Return a model that contradicts itself in a way that neither checker nor shape inference sees."""
    b = Build()
    x = b.input(1, 4, 5, 5)
    if case == "bias":
        return b.model(b("Conv", x, b.weights(6, 4, 1, 1), b.values(7)))
    if case == "groups":
        return b.model(b("Conv", x, b.weights(6, 2, 1, 1), group=4))
    if case == "reshape":
        return b.model(b("Reshape", b("Conv", x, b.weights(4, 4, 1, 1)), b.const(np.array([1, 99]))))
    if case == "axes":
        return b.model(b("ReduceMean", b("Conv", x, b.weights(4, 4, 1, 1)), axes=[2, 3, -1]))
    if case == "empty":
        return b.model(b("PRelu", b("Conv", x, b.weights(4, 4, 1, 1)), b.const(np.zeros(0))))
    x = b("Flatten", x)
    if case == "bias C":
        return b.model(b("Gemm", x, b.weights(100, 3), b.values(4)))
    assert case == "alpha"
    return b.model(b("Gemm", x, b.weights(100, 3), alpha=float("inf")))


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("bias", "Conv 'node0': bias of shape [7], allowed: [6]"),
        ("groups", "Conv 'node0': weights [6, 2, 1, 1] in 4 groups over 4 channels, allowed: matching channels"),
        ("reshape", "Reshape 'node1': shape [1, 99] for a tensor of [1, 4, 5, 5], allowed: as many elements"),
        ("axes", "ReduceMean 'node1': axes [2, 3, -1], allowed: each axis once"),
        ("empty", "PRelu 'node1': slope 'c1' is empty, allowed: at least one element"),
        ("bias C", "Gemm 'node1': bias C of shape [4], allowed: 3 elements"),
        ("alpha", "Gemm 'node1': alpha inf makes the matrix infinite, allowed: finite numbers"),
    ],
)
def test_contradiction(case: str, text: str) -> None:
    assert refusal(contradiction(case)) == f"test: {text}"


def test_what_onnx_runtime_refuses() -> None:
    b = Build()
    x = b("Relu", b("Gemm", b.input(1, 4), b.weights(4, 4)))
    model = b.model(b("FusedGemm", x, b.weights(4, 3), activation="Relu", domain="com.microsoft"))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    model.graph.node[-1].op_type = "NoSuchThing"
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("fusedgemm2", TensorProto.FLOAT, [1, 3]))
    assert refusal(model).startswith("test: ONNX Runtime refuses NoSuchThing 'node2': ")


@pytest.mark.parametrize(
    ("extent", "text"),
    [
        (10000, "test: tensor 'x' has shape [1, 1, 10000, 10000], allowed: at most 67108864 elements"),
        (99999, "test: tensor 'relu0' has shape [1, 1, 99999, 99999], allowed: at most 268435456 elements"),
    ],
)
def test_huge_input(extent: int, text: str) -> None:
    b = Build()
    assert refusal(b.model(b("Relu", b.input(1, 1, extent, extent)))) == text


def test_constant_node_that_repeats_an_initializer() -> None:
    b = Build()
    model = b.model(b("Gemm", b.input(1, 4), b.weights(4, 3, name="w")))
    tensor = numpy_helper.from_array(np.ones((4, 3), np.float32))
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=tensor))
    assert refusal(model) == "test: Constant 'Constant_0': tensor 'w' is made twice, allowed: once"


def test_name_that_is_no_text() -> None:
    data = small().SerializeToString().replace(b"node3", b"nod\xff\xfe")
    assert refusal(parse(data, "m")) == "test: name b'nod\\xff\\xfe', allowed: UTF-8 text"


def test_attribute_that_is_no_number() -> None:
    b = Build()
    model = b.model(b("LeakyRelu", b.input(1, 4), alpha=float("nan")))
    assert refusal(model) == "test: an attribute is NaN, allowed: numbers"


# ---- --npu-only


def test_npu_only_names_every_host_node() -> None:
    b = Build()
    x = b("LRN", b("Conv", b.input(1, 3, 6, 6), b.weights(4, 3, 3, 3)), size=3)
    x = b("Softmax", b("Conv", x, b.weights(4, 4, 3, 3)))
    assert refusal(b.model(x), npu_only=True) == (
        "test: 2 nodes need the host, allowed: none with npu-only: "
        "LRN 'node1' (the NPU has no LRN); Softmax 'node3' (the NPU has no Softmax)"
    )


# ---- external data


def external(tmp_path: Path, **change: str) -> Path:
    """Write the small model with its first tensor in `w.bin`, entries of the reference changed or removed."""
    model = small()
    tensor = model.graph.initializer[0]
    (tmp_path / "w.bin").write_bytes(tensor.raw_data)
    entries = {"location": "w.bin", "offset": "0", "length": str(len(tensor.raw_data))} | change
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        if value:
            tensor.external_data.add(key=key, value=value)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    return tmp_path / "m.onnx"


@pytest.mark.parametrize("change", [{}, {"offset": ""}, {"length": ""}])
def test_external_data(tmp_path: Path, change: dict[str, str]) -> None:
    graph = to_graph(load_model(external(tmp_path, **change)))
    assert len(graph.layers) == 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"location": "gone.bin"}, "external data 'gone.bin' does not exist"),
        ({"location": "../w.bin"}, "external data '../w.bin' lies outside the model's folder"),
        ({"location": "/etc/passwd"}, "external data '/etc/passwd' lies outside the model's folder"),
        ({"location": "C:\\w.bin"}, "external data 'C:\\w.bin' lies outside the model's folder"),
        ({"location": ""}, "external data without a location, allowed: a file beside the model"),
        ({"location": "."}, "external data '.' does not exist"),
        ({"length": "8"}, "external data of 8 bytes at 0, allowed: 432 bytes"),
        ({"offset": "4"}, "external data 'w.bin' is truncated: 432 bytes, needed 436"),
        ({"offset": "-4"}, "external data of 432 bytes at -4, allowed: 432 bytes"),
        ({"offset": "x"}, "external data 'w.bin' cannot be read: invalid literal for int() with base 10: 'x'"),
    ],
)
def test_bad_external_data(tmp_path: Path, change: dict[str, str], text: str) -> None:
    path = external(tmp_path, **change)
    assert refusal(path) == f"{path}: tensor 'w': {text}"


def test_external_data_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    path = external(tmp_path / "model")
    (tmp_path / "model" / "w.bin").rename(tmp_path / "w.bin")
    (tmp_path / "model" / "w.bin").symlink_to(tmp_path / "w.bin")
    assert refusal(path).endswith("external data 'w.bin' lies outside the model's folder")


# ---- mutated bytes

SEEDS = [small().SerializeToString(), small(8).SerializeToString(), (DATA / "torch_legacy.onnx").read_bytes()]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_mutated_models_give_only_our_errors(data: st.DataObject) -> None:
    """Change, delete and repeat bytes anywhere: the front end compiles the model or says what is wrong with it."""
    blob = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(blob) - 1))
        kind = data.draw(st.sampled_from(["set", "set", "delete", "repeat"]))
        if kind == "set":
            blob[at] = data.draw(st.integers(0, 255))
        elif kind == "delete":
            del blob[at : at + data.draw(st.integers(1, 8))]
        else:
            blob[at:at] = blob[at : at + data.draw(st.integers(1, 16))]
    with contextlib.suppress(NpuError):
        to_graph(load_model(parse(bytes(blob), "model")))


NUMBERS = st.sampled_from([-9, -1, 0, 1, 2, 3, 5, 7, 100])
ATTRIBUTES = {
    "strides": st.lists(NUMBERS, min_size=1, max_size=3),
    "kernel_shape": st.lists(NUMBERS, min_size=1, max_size=3),
    "pads": st.lists(NUMBERS, min_size=2, max_size=8),
    "dilations": st.lists(NUMBERS, min_size=1, max_size=3),
    "perm": st.permutations(range(4)),
    "axes": st.lists(NUMBERS, min_size=1, max_size=2),
    "group": NUMBERS,
    "axis": NUMBERS,
    "ceil_mode": st.integers(0, 1),
    "transA": st.integers(0, 1),
    "auto_pad": st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID", "ELSE"]),
    "alpha": st.sampled_from([0.0, -1.0, 1e38, float("inf")]),
    "epsilon": st.sampled_from([0.0, -5.0, 1e38]),
}
OPERATORS = [
    "Relu",
    "Conv",
    "Gemm",
    "MatMul",
    "Add",
    "Max",
    "Clip",
    "MaxPool",
    "AveragePool",
    "GlobalMaxPool",
    "Concat",
    "Flatten",
    "Transpose",
    "Squeeze",
    "Pad",
    "Dropout",
    "PRelu",
    "ReduceMean",
    "Softmax",
    "BatchNormalization",
]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_rewritten_models_give_only_our_errors(data: st.DataObject) -> None:
    """Change operators, attributes, edges, input extents and the opset of a well-formed model."""
    model = onnx.ModelProto.FromString(data.draw(st.sampled_from(SEEDS)))
    graph = model.graph
    for _ in range(data.draw(st.integers(1, 3))):
        node = data.draw(st.sampled_from(list(graph.node)))
        kind = data.draw(st.sampled_from(["attribute", "attribute", "operator", "edge", "extent", "opset"]))
        if kind == "attribute":
            name = data.draw(
                st.sampled_from([a.name for a in node.attribute if a.name in ATTRIBUTES] or list(ATTRIBUTES))
            )
            for old in [a for a in node.attribute if a.name == name]:
                node.attribute.remove(old)
            node.attribute.append(helper.make_attribute(name, data.draw(ATTRIBUTES[name])))
        elif kind == "operator":
            node.op_type = data.draw(st.sampled_from(OPERATORS))
        elif kind == "edge" and node.input:
            names = [n for other in graph.node for n in [*other.input, *other.output]]
            node.input[data.draw(st.integers(0, len(node.input) - 1))] = data.draw(st.sampled_from(names))
        elif kind == "extent":
            dim = data.draw(st.sampled_from(list(graph.input[0].type.tensor_type.shape.dim)))
            dim.dim_value = data.draw(NUMBERS)
        elif kind == "opset":
            model.opset_import[0].version = data.draw(st.sampled_from([7, 9, 11, 13, 18, 24]))
    with contextlib.suppress(NpuError):
        to_graph(load_model(model))
