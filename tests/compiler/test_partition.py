"""What runs where, in which order, and what crosses between host and NPU."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_graphs import Build, compare, hosted

from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.compiler.front.partition import NO_MACS, NO_WORK
from npusim.compiler.ir import Graph, HostStep, Layer, Receive, Send


def kinds(graph: Graph) -> str:
    """Return the steps as letters: Receive, Layer, Send, Host."""
    return "".join({Receive: "R", Layer: "L", Send: "S", HostStep: "H"}[type(s)] for s in graph.steps)


def reasons(graph: Graph) -> list[str]:
    """Return the reasons of the host nodes."""
    return [r for s in graph.steps if isinstance(s, HostStep) for r in s.reasons]


def test_host_between_two_parts() -> None:
    b = Build()
    x = b("Relu", b("Conv", b.input(1, 3, 6, 6), b.weights(4, 3, 3, 3)))
    x = b("LRN", x, size=3)
    graph = compare(b.model(b("Conv", b("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), b.weights(4, 4, 1, 1))))
    assert kinds(graph) == "RLSHRLLLS"
    assert [i.where for i in graph.coverage] == ["npu", "npu", "host", "npu", "npu"]


def test_host_nodes_of_parallel_branches_share_a_step() -> None:
    b = Build()
    x = b.input(1, 3, 6, 6)
    sides = [b("LRN", b("Conv", x, b.weights(4, 3, 1, 1)), size=3) for _ in range(3)]
    sides = [b("Conv", s, b.weights(4, 4, 1, 1)) for s in sides]
    graph = compare(b.model(b("Sum", *sides)))
    assert kinds(graph).count("H") == 1
    assert hosted(graph) == ["LRN"] * 3


def test_alternating_chain_does_not_deadlock() -> None:
    b = Build()
    x = y = b.input(1, 3, 6, 6)
    for _ in range(3):
        x = b("LRN", b("Conv", x, b.weights(3, 3, 1, 1)), size=3)
        y = b("Conv", b("LRN", y, size=3), b.weights(3, 3, 1, 1))
    graph = compare(b.model(b("Add", x, y)))
    assert kinds(graph).count("H") == 3
    assert hosted(graph).count("LRN") == 6


def test_activation_between_host_nodes_stays_there() -> None:
    b = Build()
    x = b("LRN", b("Relu", b("LRN", b.input(1, 3, 6, 6), size=3)), size=3)
    graph = compare(b.model(x))
    assert hosted(graph) == ["LRN", "Relu", "LRN"]
    assert reasons(graph)[1] == NO_MACS
    assert kinds(graph) == "H"


def test_rename_alone_is_not_worth_a_crossing() -> None:
    b = Build()
    x = b.input(1, 3, 6, 6)
    graph = compare(b.model(b("Identity", x), b("Flatten", x)))
    assert reasons(graph) == [NO_WORK, NO_WORK]


def test_activation_alone_runs_on_the_npu() -> None:
    b = Build()
    assert kinds(compare(b.model(b("Relu", b.input("N", 7))))) == "RLS"


def test_several_inputs_and_outputs() -> None:
    b = Build()
    x, y = b.input(1, 3, 6, 6, name="x"), b.input(1, 3, 6, 6, name="y")
    z = b("Add", b("Conv", x, b.weights(3, 3, 1, 1)), y)
    model = b.model(b("Relu", z), z, b("GlobalAveragePool", z), b("Sub", y, x))
    graph = compare(model, npu_only=True)
    assert [o.name for o in graph.outputs] == ["relu2", "add1", "globalaveragepool3", "sub4"]
    assert kinds(graph).count("R") == 2


def test_outputs_that_nobody_computes() -> None:
    b = Build()
    x = b.input(1, 4)
    c = b.const(np.arange(3.0))
    model = b.model(x, c, b("Neg", c), b("Relu", b("Gemm", x, b.weights(4, 2))))
    graph = compare(model)
    assert kinds(graph).count("H") == 1  # both constants
    assert [i.where for i in graph.coverage] == ["folded", "npu", "npu"]


def test_output_used_twice_and_unused_node() -> None:
    b = Build()
    x = b("Gemm", b.input(1, 4), b.weights(4, 2))
    b("Relu", x)
    model = b.model(x, b("Softmax", x))
    graph = compare(model)
    assert graph.coverage[1].where == "folded"
    assert graph.coverage[1].layer == "unused: no output depends on it"
    assert kinds(graph) == "RLSH"


def test_nodes_without_names_or_with_the_same() -> None:
    b = Build()
    x = b.input(1, 4)
    for _ in range(4):
        x = b("Relu", b("Gemm", x, b.weights(4, 4)))
    model = b.model(x)
    for node in model.graph.node:
        node.name = "same" if node.op_type == "Gemm" else ""
    graph = to_graph(load_model(model), npu_only=True)  # ONNX Runtime refuses the names
    assert [i.name for i in graph.coverage] == [
        "same", "Relu_1", "same_2", "Relu_3", "same_3", "Relu_5", "same_4", "Relu_7",
    ]  # fmt: skip
    assert [lay.name for lay in graph.layers] == ["same", "same_2", "same_3", "same_4"]


def test_integer_inputs_stay_on_the_host() -> None:
    b = Build()
    at = b.input(1, 3, name="at", dtype=TensorProto.INT64)
    table = b.weights(5, 8)
    x = b("Gather", table, b("Mod", at, b.const(np.array([5]))))
    graph = compare(b.model(b("Relu", b("MatMul", x, b.weights(8, 4)))))
    assert hosted(graph) == ["Mod", "Gather"]
    assert kinds(graph) == "HRLS"


def test_control_flow_is_for_the_host_and_sees_outer_tensors() -> None:
    b = Build()
    x = b("Relu", b("Gemm", b.input(1, 4), b.weights(4, 4)))
    total = b("ReduceSum", x, keepdims=0)
    flag = b("Greater", total, b.const(np.float32(0)))
    info = helper.make_tensor_value_info("t", TensorProto.FLOAT, [1, 4])
    other = helper.make_tensor_value_info("e", TensorProto.FLOAT, [1, 4])
    scale = b.values(4)
    then = helper.make_graph([helper.make_node("Mul", [x, scale], ["t"])], "then", [], [info])
    orelse = helper.make_graph([helper.make_node("Neg", [x], ["e"])], "else", [], [other])
    y = b("If", flag, then_branch=then, else_branch=orelse)
    graph = compare(b.model(b("Gemm", y, b.weights(4, 3))))
    assert "If" in hosted(graph)


def test_microsoft_operators_run_on_the_host() -> None:
    b = Build()
    x = b("Gemm", b.input(1, 4), b.weights(4, 4))
    y = b("FusedGemm", x, b.weights(4, 3), b.values(3), activation="Relu", domain="com.microsoft")
    model = b.model(y)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(y, TensorProto.FLOAT, [1, 3]))
    graph = compare(model)
    assert hosted(graph) == ["FusedGemm"]
    assert reasons(graph) == ["the NPU has no FusedGemm"]


def test_local_functions_are_inlined() -> None:
    b = Build()
    y = b("Act", b("Gemm", b.input(1, 4), b.weights(4, 4)), domain="local")
    model = b.model(y)
    body = [helper.make_node("Relu", ["a"], ["r"]), helper.make_node("Tanh", ["r"], ["z"])]
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("local", "Act", ["a"], ["z"], body, opsets))
    model.opset_import.append(helper.make_opsetid("local", 1))
    graph = compare(model, npu_only=True)
    assert [i.op for i in graph.coverage] == ["Gemm", "Relu", "Tanh"]


def test_shape_arithmetic_of_exporters_is_folded() -> None:
    """x.view(x.size(0), -1) as PyTorch's older exporter writes it."""
    b = Build(11)
    x = b("Conv", b.input("batch", 3, 6, 6), b.weights(4, 3, 3, 3))
    size = b("Gather", b("Shape", x), b.const(np.array(0)), axis=0)
    minus = numpy_helper.from_array(np.array([-1]))
    shape = b("Concat", b("Unsqueeze", size, axes=[0]), b("Constant", value=minus), axis=0)
    graph = compare(b.model(b("Gemm", b("Reshape", x, shape), b.weights(64, 5))), npu_only=True)
    assert [i.where for i in graph.coverage] == ["npu", *["folded"] * 6, "npu"]
    assert {i.layer for i in graph.coverage[1:6]} == {"constant: computed at compile time"}


def test_weights_that_nodes_compute() -> None:
    b = Build()
    w = b("Transpose", b("Mul", b.weights(3, 8), b.const(np.float32(0.5))), perm=[1, 0])
    model = b.model(b("MatMul", b.input(1, 8), w))
    assert kinds(compare(model, npu_only=True)) == "RLS"


@pytest.mark.parametrize("version", [3, 4])
def test_initializers_that_are_inputs_too(version: int) -> None:
    b = Build(8)
    model = b.model(b("Gemm", b.input(1, 4), b.weights(4, 3), b.values(3)))
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    model.ir_version = version
    graph = compare(model, npu_only=True)
    assert [i.name for i in graph.inputs] == ["x"]


def test_model_with_stale_shapes_of_another_batch() -> None:
    b = Build()
    x = b("Conv", b.input("N", 3, 6, 6), b.weights(4, 3, 3, 3))
    model = b.model(b("Flatten", x))
    model.graph.value_info.append(helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 4, 4, 4]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("flatten1", TensorProto.FLOAT, ["N", 64]))
    assert to_graph(load_model(model)).outputs[0].shape == (1, 64)


def test_host_model_of_a_symbolic_batch_has_batch_one() -> None:
    b = Build()
    graph = compare(b.model(b("Softmax", b("Gemm", b.input("N", 4), b.weights(4, 3)))))
    step = next(s for s in graph.steps if isinstance(s, HostStep))
    model = onnx.ModelProto.FromString(step.model)
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [1, 3]
    assert step.macs == 0


def test_macs_on_the_host_are_reported() -> None:
    b = Build()
    x = b.input(1, 2, 4, 4)
    y = b("Conv", x, b("Conv", x, b.weights(2, 2, 1, 1)))
    graph = compare(b.model(y))
    assert [(i.where, i.macs) for i in graph.coverage] == [("npu", 64), ("host", 32)]
    assert [s.macs for s in graph.steps if isinstance(s, HostStep)] == [32]
    assert reasons(graph) == ["its weights 'conv0' is not constant"]


def test_three_dimensional_convolution_is_for_the_host() -> None:
    b = Build()
    x = b("Conv", b.input(1, 2, 4, 4, 4), b.weights(2, 2, 3, 3, 3))
    assert hosted(compare(b.model(b("Relu", x)))) == ["Conv", "Relu"]
