"""Small ONNX graphs for the tests, and the comparison of a compiled graph with ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from interp import Interpreter, reference
from onnx import TensorProto, helper, numpy_helper

from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.compiler.ir import Graph, HostStep

FLOAT = TensorProto.FLOAT


class Build:
    """An ONNX graph under construction: `y = b("Relu", x)`."""

    def __init__(self, opset: int = 17, seed: int = 0, dtype: int = FLOAT) -> None:
        self.opset, self.dtype = opset, dtype
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.inputs: list[Any] = []

    def input(self, *shape: int | str, name: str = "x", dtype: int = 0) -> str:
        """Declare a graph input."""
        self.inputs.append(helper.make_tensor_value_info(name, dtype or self.dtype, shape))
        return name

    def const(self, value: Any, name: str = "") -> str:
        """Add an initializer."""
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = array.astype(helper.tensor_dtype_to_np_dtype(self.dtype))
        name = name or f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, *shape: int, name: str = "") -> str:
        """Add random weights, scaled so that activations stay near one."""
        fan_in = max(int(np.prod(shape[1:])), 1)
        return self.const(self.rng.normal(size=shape) / np.sqrt(fan_in), name)

    def values(self, *shape: int, low: float = -1.0, high: float = 1.0) -> str:
        """Add a uniformly random constant."""
        return self.const(self.rng.uniform(low, high, shape))

    def __call__(self, op: str, *inputs: str, outputs: int = 1, **attrs: Any) -> str:
        """Append a node and return its first output's name."""
        names = [f"{op.lower()}{len(self.nodes)}" + (f"_{i}" if i else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"node{len(self.nodes)}", **attrs))
        return names[0]

    def norm(self, x: str, channels: int, **attrs: Any) -> str:
        """Append a batch normalisation with random statistics."""
        stats = [
            self.values(channels, low=0.5, high=1.5),
            self.values(channels),
            self.values(channels),
            self.values(channels, low=0.5, high=2.0),
        ]
        return self("BatchNormalization", x, *stats, **attrs)

    def model(self, *outputs: str) -> onnx.ModelProto:
        """Return the checked model."""
        declared = [helper.make_tensor_value_info(o, self.dtype, None) for o in outputs]
        graph = helper.make_graph(self.nodes, "test", self.inputs, declared, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 8
        return model


def random_feeds(model: onnx.ModelProto, seed: int = 1, scale: float = 1.0) -> dict[str, np.ndarray]:
    """Return seeded inputs, batch 1 where it is symbolic."""
    rng = np.random.default_rng(seed)
    constant = {t.name for t in model.graph.initializer}
    feeds = {}
    for value in model.graph.input:
        if value.name not in constant:
            shape = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
            dtype = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            feeds[value.name] = np.asarray(rng.normal(size=shape) * scale).astype(dtype)
    return feeds


def compare(model: onnx.ModelProto, *, tolerance: float = 2e-4, seed: int = 1, **options: Any) -> Graph:
    """Compile, execute, compare every output with ONNX Runtime, and return the graph."""
    graph = to_graph(load_model(model), **options)
    feeds = random_feeds(model, seed)
    want = reference(model, feeds)
    got = Interpreter(graph).run(feeds)
    assert list(want) == [o.name for o in graph.outputs]
    for name, value in want.items():
        assert got[name].shape == value.shape, name
        assert got[name].dtype == value.dtype, name
        scale = max(float(np.abs(value.astype(np.float64)).max(initial=0)), 1e-3)
        np.testing.assert_allclose(
            got[name].astype(np.float64), value.astype(np.float64), rtol=0, atol=tolerance * scale, err_msg=name
        )
    assert len(graph.coverage) == len(model.graph.node) or model.functions
    return graph


def hosted(graph: Graph) -> list[str]:
    """Return the operators that run on the host."""
    return [op for s in graph.steps if isinstance(s, HostStep) for _, op in s.nodes]
