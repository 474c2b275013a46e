"""The interface of onnx.backend.base, and the count of the onnx package's own tests."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import onnx
import onnx.backend.base
import pytest
from cli_tools import Call
from onnx import TensorProto, helper

from npusim import backend
from npusim.errors import NpuError
from npusim.report.conformance import Outcome, column, reasons


def model(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple],
    output: tuple,
    weights: dict | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    """Return a model with output y; inputs: (dtype, shape) by name."""
    kinds = {name: (helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape) for name, (dtype, shape) in inputs.items()}
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in kinds.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [onnx.numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def relu_model(opset: int = 17, shape: tuple[int, ...] = (1, 4, 3, 3)) -> onnx.ModelProto:
    relu = helper.make_node("Relu", ["x"], ["y"])
    return model([relu], {"x": (np.float32, shape)}, shape, opset=opset)


def test_it_is_the_interface() -> None:
    assert issubclass(backend.NpuBackend, onnx.backend.base.Backend)
    assert backend.supports_device("CPU")
    assert not backend.supports_device("CUDA:0")
    assert backend.NpuBackend.is_compatible(relu_model())


@pytest.mark.parametrize("how", ["array", "list", "mapping"])
def test_prepare_and_run(how: str) -> None:
    x = np.random.default_rng(3).standard_normal((1, 4, 3, 3)).astype(np.float32)
    prepared = backend.prepare(relu_model(), config="tiny")
    given = {"array": x, "list": [x], "mapping": {"x": x}}[how]
    (y,) = prepared.run(given)
    np.testing.assert_array_equal(y, np.maximum(x, 0).astype(np.float16).astype(np.float32))
    assert prepared.run(given).y is not None


def test_run_model_and_run_node() -> None:
    x = np.float32([[-1.5, 2, -0.25, 8]]).reshape(1, 4, 1, 1)
    node = helper.make_node("Relu", ["x"], ["y"])
    for (y,) in (backend.run_node(node, [x]), backend.run_node(node, {"x": x})):
        np.testing.assert_array_equal(y, np.maximum(x, 0))
    zeros = np.zeros((1, 4, 3, 3), np.float32)
    np.testing.assert_array_equal(backend.run_model(relu_model(), [zeros])[0], zeros)


def where(made: onnx.ModelProto) -> list[str]:
    return [info.where for info in backend.prepare(made).program.coverage]


def test_several_samples_without_weights_run_on_the_host() -> None:
    """What is no network has no batch: its first axis means what the model says."""
    x = np.random.default_rng(3).standard_normal((3, 4, 5), np.float32)
    made = relu_model(shape=(3, 4, 5))
    np.testing.assert_array_equal(backend.prepare(made).run([x])[0], np.maximum(x, 0))
    assert where(made) == ["host"]
    assert where(relu_model()) == ["npu"]


CONV = helper.make_node("Conv", ["x", "w"], ["c"])
WEIGHTS = {"w": np.random.default_rng(4).standard_normal((5, 3, 1, 1), np.float32)}


def of_two(*nodes: onnx.NodeProto, output: tuple = (2, 5), **more: np.ndarray) -> onnx.ModelProto:
    """Return a network of two samples: a convolution and what follows."""
    return model([CONV, *nodes], {"x": (np.float32, (2, 3, 4, 4))}, output, {**WEIGHTS, **more})


def test_the_samples_of_a_network_run_one_by_one() -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["c"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "g", "b"], ["y"]),
    ]
    g, b = (np.random.default_rng(5).standard_normal(shape, np.float32) for shape in ((5, 6), (6,)))
    prepared = backend.prepare(of_two(*nodes, output=(2, 6), g=g, b=b))
    assert prepared.samples == 2
    assert {info.where for info in prepared.program.coverage} == {"npu", "folded"}
    x = np.random.default_rng(6).standard_normal((2, 3, 4, 4), np.float32)
    (y,) = prepared.run([x])
    want = np.einsum("nchw,oc->no", x, WEIGHTS["w"][:, :, 0, 0]) / 16 @ g + b
    assert y.shape == (2, 6)
    assert np.abs(y - want).max() < 0.1 * np.abs(want).max()
    for at in (0, 1):
        np.testing.assert_array_equal(prepared.run([np.stack([x[at], x[0]])])[0][0], y[at])
    with pytest.raises(NpuError, match=r"input 'x' has shape \(3, 3, 4, 4\), expected 2 samples"):
        prepared.run([np.zeros((3, 3, 4, 4), np.float32)])


@pytest.mark.parametrize(
    "nodes",
    [
        [helper.make_node("ReduceMean", ["c"], ["y"], axes=[0, 2, 3], keepdims=0)],
        [helper.make_node("Flatten", ["c"], ["y"], axis=0)],
        [helper.make_node("PRelu", ["c", "each"], ["y"])],
        [helper.make_node("Add", ["c", "each"], ["y"])],
        [helper.make_node("Softmax", ["c"], ["y"], axis=0)],
        [helper.make_node("MaxPool", ["c"], ["y", "at"], kernel_shape=[2, 2])],
        [helper.make_node("BatchNormalization", ["c", *"klmn"], ["y"], training_mode=1)],
        [
            helper.make_node("GlobalAveragePool", ["c"], ["p"]),
            helper.make_node("Flatten", ["p"], ["f"]),
            helper.make_node("Gemm", ["f", "g", "each"], ["y"]),
        ],
    ],
    ids=lambda nodes: nodes[-1].op_type,
)
def test_networks_that_may_mix_their_samples_are_refused(nodes: list[onnx.NodeProto]) -> None:
    """Also where the samples' constants differ, or an operator is just not known to keep them apart."""
    each = np.ones((2, 6) if nodes[-1].op_type == "Gemm" else (2, 5, 4, 4), np.float32)
    norm = {name: np.ones(5, np.float32) for name in "klmn"}
    made = of_two(*nodes, each=each, g=np.ones((5, 6), np.float32), **norm)
    with pytest.raises(NpuError, match=r"input 'x': batch 2 in shape \[2, 3, 4, 4\], allowed: 1 or symbolic"):
        backend.prepare(made)


def test_slopes_of_old_channels_are_not_converted() -> None:
    """In opset 6 the slopes are the channels', in opset 7 they broadcast from the last axis: here both would fit."""
    node = helper.make_node("PRelu", ["x", "slopes"], ["y"])
    x = {"x": (np.float32, (1, 3, 1, 3))}
    with pytest.raises(NpuError, match=r"made: opset 6, allowed 7\.\."):
        backend.prepare(model([node], x, (1, 3, 1, 3), {"slopes": np.float32([1, 2, 3])}, opset=6))
    one = backend.prepare(model([node], x, (1, 3, 1, 3), {"slopes": np.float32([2])}, opset=6))
    np.testing.assert_array_equal(one.run([np.full((1, 3, 1, 3), -1, np.float32)])[0], np.full((1, 3, 1, 3), -2))


def test_an_empty_list_of_axes_is_an_input() -> None:
    node = helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=1)
    made = model([node], {"x": (np.float32, (1, 4)), "axes": (np.int64, (0,))}, (1, 1))
    (y,) = backend.prepare(made).run([np.float32([[1, 2, 3, 4]]), np.zeros(0, np.int64)])
    assert y == 10


def test_scalars_stay_scalars() -> None:
    node = helper.make_node("Clip", ["x", "least"], ["y"])
    made = model([node], {"x": (np.float32, (1, 4)), "least": (np.float32, ())}, (1, 4))
    x = np.float32([[-2, -1, 0, 1]])
    np.testing.assert_array_equal(backend.prepare(made).run([x, np.float32(-1)])[0], np.maximum(x, -1))


def test_the_shape_of_an_output_may_be_the_files_word() -> None:
    """Inference cannot know what a computed shape is; the file says it, and is held to it."""
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    prepared = backend.prepare(model([node], {"x": (np.float32, (2, 6)), "shape": (np.int64, (2,))}, (3, 4)))
    x = np.arange(12, dtype=np.float32).reshape(2, 6)
    np.testing.assert_array_equal(prepared.run([x, np.array([3, 4])])[0], x.reshape(3, 4))
    with pytest.raises(NpuError, match="output 'y' has shape 4x3, the model says 3x4"):
        prepared.run([x, np.array([4, 3])])


def test_older_opsets_are_converted() -> None:
    x = np.float32([[-1, 2, -3, 4]]).reshape(1, 4, 1, 1)
    for opset in (1, 6):
        made = relu_model(opset, (1, 4, 1, 1))
        np.testing.assert_array_equal(backend.prepare(made).run([x])[0], np.maximum(x, 0))
    affine = helper.make_node("Affine", ["x"], ["y"], alpha=2.0)  # experimental, and gone
    with pytest.raises(NpuError, match=r"made: opset 1, allowed 7\.\."):
        backend.prepare(model([affine], {"x": (np.float32, (1, 4))}, (1, 4), opset=1))


def test_other_devices_are_refused() -> None:
    with pytest.raises(NpuError, match="device is 'CUDA', expected CPU"):
        backend.prepare(relu_model(), "CUDA")


def test_reasons_forget_names_and_numbers() -> None:
    found = [
        Outcome("a", "node", "refused", "graph: input 'x': batch 3 in shape [3, 4], allowed: 1"),
        Outcome("b", "node", "refused", "graph: input 'y': batch 2 in shape [2, 9], allowed: 1"),
        Outcome("c", "node", "failed", "values differ"),
    ]
    assert reasons(found, "refused") == Counter({"input …: batch n in shape [n, n], allowed: n": 2})


def test_convolutions_of_the_package(npusim: Call) -> None:
    said = npusim("conformance", "--match", "Conv2d", "--json", "-")
    data = json.loads(said.out)
    tests = {one["name"]: one for one in data["tests"]}
    assert sum(data["counts"].values()) == len(tests) >= 8
    assert data["counts"]["failed"] == 0, [one for one in tests.values() if one["verdict"] == "failed"]
    for one in tests.values():
        assert one["verdict"] != "refused" or one["reason"]


def test_what_onnx_runtime_alone_gets_wrong_is_counted_apart(npusim: Call) -> None:
    """Its transform in float32 is beyond the tolerance of onnx's tests: the same with and without us."""
    said = npusim("conformance", "--match", "test_dft_opset19", "--json", "-")
    data = json.loads(said.out)
    (one,) = data["tests"]
    assert (one["verdict"], one["on_npu"]) == ("runtime", 0)
    assert "values differ by up to" in one["reason"]


def test_passes_on_the_npu_and_on_the_host_are_columns() -> None:
    passed = [Outcome("a", "node", "passed", on_npu=2), Outcome("b", "node", "passed")]
    assert [column(one) for one in passed] == ["passed on the NPU", "passed on the host"]
    assert column(Outcome("c", "node", "refused", "why")) == "refused"


def test_no_such_test(npusim: Call) -> None:
    said = npusim("conformance", "--match", "no_such_operator")
    assert said.status == 2
    assert "no test of the onnx package has this in its name" in said.err
