"""A network before its numbers are known: ONNX nodes, and what each of their parameters is.

Builders describe a network through `GraphBuilder`; `draw`, `measure` or a user's file give the parameters their values;
`to_model` joins both.  Names follow TF-Slim's scopes.  A node's output is its name with `:0` behind, as TensorFlow
names tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

Array = NDArray[np.float32]
Values = dict[str, Array]

OPSET = 17
IR_VERSION = 8  # the one that belongs to opset 17
BN_EPSILON = 1e-5  # TF-Slim, resnet_utils.resnet_arg_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A parameter of a network.

    role: "weights", "biases", "gamma", "beta", "moving_mean", "moving_variance" or, in a classifier whose outputs are
    to be centred, "centred_weights" and "centred_biases".
    source: its name in a TF-Slim checkpoint; source_axes: the checkpoint's axes, transposed to give those of `shape`.
    gain, offset: factor on the magnitude that is usual in this role, and what is added then.
    """

    name: str
    shape: tuple[int, ...]
    role: str
    source: str
    source_axes: tuple[int, ...]
    gain: float = 1.0
    offset: float = 0.0

    @property
    def source_shape(self) -> tuple[int, ...]:
        """The shape that the checkpoint holds."""
        shape = [0] * len(self.shape)
        for axis, source_axis in enumerate(self.source_axes):
            shape[source_axis] = self.shape[axis]
        return tuple(shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network without values.

    nodes: topologically sorted.  inputs: shapes by name, batch first.
    sample: (generator, count) -> inputs with `count` in place of the batch, of the kind that the network expects.
    span: (inputs, outputs) of the part that `to_model` writes; the values belong to the whole network nevertheless,
    so that the parts of one seed, or of one checkpoint, fit together.
    """

    name: str
    nodes: tuple[onnx.NodeProto, ...]
    params: Mapping[str, Param]
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    sample: Callable[[np.random.Generator, int], Values]
    span: tuple[tuple[str, ...], tuple[str, ...]]


class GraphBuilder:
    """Collect nodes and parameters; each method appends and returns the name of the value it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.params: dict[str, Param] = {}
        self.inputs: dict[str, tuple[int, ...]] = {}
        self._channels: dict[str, int] = {}

    def input(self, name: str, shape: tuple[int, ...]) -> str:
        """Declare a graph input; shape: batch first, channels second."""
        self.inputs[name] = shape
        self._channels[name] = shape[1]
        return name

    def channels(self, value: str) -> int:
        """Return the size of a value's axis 1."""
        return self._channels[value]

    def node(self, op: str, inputs: Iterable[str], name: str, output: str = "", **attributes: Any) -> str:
        """Append a node that keeps the number of channels of its first input."""
        sources = list(inputs)
        output = output or f"{name}:0"
        self.nodes.append(helper.make_node(op, sources, [output], name=name, **attributes))
        self._channels[output] = self._channels[sources[0]]
        return output

    def conv(
        self,
        x: str,
        scope: str,
        depth: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        relu: bool = True,
        gain: float = 1.0,
        offset: float = 0.0,
    ) -> str:
        """Append a convolution without bias, its batch normalisation and, if wanted, a ReLU.

        Odd kernels only; padded so that stride 1 keeps the size and any stride takes positions 0, s, 2s, ...
        gain, offset: typical gamma and beta of the batch normalisation.
        """
        weights = self._param(f"{scope}/weights", (depth, self.channels(x), kernel, kernel), "weights", (3, 2, 0, 1))
        pad = dilation * (kernel - 1) // 2
        y = self.node(
            "Conv",
            [x, weights],
            f"{scope}/Conv2D",
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad] * 4,
            dilations=[dilation, dilation],
        )
        self._channels[y] = depth
        roles = ("gamma", "beta", "moving_mean", "moving_variance")
        norm = [
            self._param(f"{scope}/BatchNorm/{role}", (depth,), role, (0,), gain, offset if role == "beta" else 0.0)
            for role in roles
        ]
        y = self.node("BatchNormalization", [y, *norm], f"{scope}/BatchNorm/FusedBatchNorm", epsilon=BN_EPSILON)
        return self.node("Relu", [y], f"{scope}/Relu") if relu else y

    def dense(self, x: str, scope: str, depth: int, *, centred: bool = False, source_rank: int = 2) -> str:
        """Append a fully connected layer with bias.

        centred: outputs are given mean 0 over the measuring inputs and a spread that suits a softmax.
        source_rank: 4 where the checkpoint holds the layer as a 1x1 convolution.
        """
        role = "centred_" if centred else ""
        axes = (1, 0) if source_rank == 2 else (3, 2)
        weights = self._param(f"{scope}/weights", (depth, self.channels(x)), f"{role}weights", axes)
        biases = self._param(f"{scope}/biases", (depth,), f"{role}biases", (0,))
        y = self.node("Gemm", [x, weights, biases], f"{scope}/MatMul", transB=1)
        self._channels[y] = depth
        return y

    def _param(
        self,
        source: str,
        shape: tuple[int, ...],
        role: str,
        axes: tuple[int, ...],
        gain: float = 1.0,
        offset: float = 0.0,
    ) -> str:
        suffix = {4: "_oihw", 2: "_oi"}.get(len(shape), "")  # another layout than the checkpoint's, so another name
        name = source + suffix
        assert name not in self.params, name
        self.params[name] = Param(
            name=name, shape=shape, role=role, source=source, source_axes=axes, gain=gain, offset=offset
        )
        return name


def subgraph(nodes: Iterable[onnx.NodeProto], inputs: Iterable[str], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """Return the nodes that `outputs` need once `inputs` are given, in their order."""
    given, needed, kept = set(inputs), set(outputs), []
    for node in reversed(list(nodes)):
        if needed.intersection(node.output) - given:
            kept.append(node)
            needed.update(node.input)
    return kept[::-1]


def value_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Infer the shape of every value of the whole network."""
    floats = TensorProto.FLOAT
    given = {**network.inputs, **{param.name: param.shape for param in network.params.values()}}
    graph = helper.make_graph(
        network.nodes,
        network.name,
        [helper.make_tensor_value_info(name, floats, shape) for name, shape in given.items()],
        [helper.make_tensor_value_info(name, floats, None) for name in network.outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True).graph
    return {
        info.name: tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim)
        for info in (*inferred.input, *inferred.value_info, *inferred.output)
    }


def to_model(network: Network, values: Mapping[str, Array], metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Write the network's span as an ONNX model; values: one array of the parameter's shape for each parameter."""
    inputs, outputs = network.span
    nodes = subgraph(network.nodes, inputs, outputs)
    used = {name for node in nodes for name in node.input}
    shapes = value_shapes(network)
    graph = helper.make_graph(
        nodes,
        network.name,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [onnx.numpy_helper.from_array(values[name], name) for name in network.params if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = "npusim_models"
    helper.set_model_props(model, dict(metadata))
    return model
