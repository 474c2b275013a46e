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
from npusim.report.conformance import Outcome, reasons


def relu_model() -> onnx.ModelProto:
    shape = [1, 4, 3, 3]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "relu",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


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


def test_no_such_test(npusim: Call) -> None:
    said = npusim("conformance", "--match", "no_such_operator")
    assert said.status == 2
    assert "no test of the onnx package has this in its name" in said.err
