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
Spaces = tuple[tuple[str, int], ...]  # (name, channels) of each concatenated part; (): none

OPSET = 17
IR_VERSION = 8  # the one that belongs to opset 17
BN_EPSILON = 1e-5  # TF-Slim, resnet_utils.resnet_arg_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A parameter of a network.

    role: "weights" and "biases", with "first_weights" where a graph input is multiplied, "centred_weights" and
    "centred_biases" in a classifier whose outputs are to be centred, "recurrent_weights" of a recurrent layer, and
    "levelled_biases" in a convolution without batch normalisation whose outputs are to be levelled; "gamma", "beta",
    "moving_mean", "moving_variance"; "scale".
    source, source_shape: its name and shape in a TF-Slim checkpoint; source_axes: their transposition, which gives
    `shape` but for axes of size 1.
    gain, offset: typical gamma and beta where the parameter belongs to a batch normalisation.
    reads: the feature spaces of the inputs of a convolution or a classifier, in the order of their concatenation;
    writes: that of a convolution's outputs, "": none.
    """

    name: str
    shape: tuple[int, ...]
    role: str
    source: str
    source_shape: tuple[int, ...]
    source_axes: tuple[int, ...]
    gain: float = 1.0
    offset: float = 0.0
    reads: Spaces = ()
    writes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network without values.

    nodes: topologically sorted.  inputs: shapes by name, batch first.
    sample: (generator, count) -> inputs with `count` in place of the batch, of the kind that the network expects.
    span: (inputs, outputs) of the part that `to_model` writes; the values belong to the whole network nevertheless,
    so that the parts of one seed, or of one checkpoint, fit together.
    trained: file of the package's folder `data` with trained parameters; "": they follow from a seed.
    remark: what a user of other frameworks should know of it.
    """

    name: str
    nodes: tuple[onnx.NodeProto, ...]
    params: Mapping[str, Param]
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    sample: Callable[[np.random.Generator, int], Values]
    span: tuple[tuple[str, ...], tuple[str, ...]]
    trained: str = ""
    remark: str = ""


class GraphBuilder:
    """Collect nodes and parameters; each method appends and returns the name of the value it made.

    epsilon: of batch normalisations.  biased: convolutions that one follows have biases nevertheless.
    """

    def __init__(self, epsilon: float = BN_EPSILON, biased: bool = False) -> None:
        self._epsilon, self._biased = epsilon, biased
        self.nodes: list[onnx.NodeProto] = []
        self.params: dict[str, Param] = {}
        self.inputs: dict[str, tuple[int, ...]] = {}
        self._channels: dict[str, int] = {}
        self._spaces: dict[str, Spaces] = {}

    def input(self, name: str, shape: tuple[int, ...]) -> str:
        """Declare a graph input; shape: batch first, channels second."""
        self.inputs[name] = shape
        self._channels[name] = shape[1]
        return name

    def constant(self, name: str, value: NDArray[np.int64]) -> str:
        """Add a constant that is no parameter: a shape."""
        self.nodes.append(helper.make_node("Constant", [], [name], name=f"{name}/Const", value_ints=value.tolist()))
        return name

    def number(self, name: str, value: float) -> str:
        """Add a constant that is no parameter: a float32."""
        self.nodes.append(helper.make_node("Constant", [], [name], name=f"{name}/Const", value_float=value))
        return name

    def declare(self, value: str, channels: int) -> str:
        """Tell the channels of a value whose node was appended directly."""
        self._channels[value] = channels
        return value

    def channels(self, value: str) -> int:
        """Return the size of a value's axis 1."""
        return self._channels[value]

    def spaces(self, value: str) -> Spaces:
        """Return the feature spaces of a value, () if it has none."""
        return self._spaces.get(value, ())

    def node(self, op: str, inputs: Iterable[str], name: str, output: str = "", **attributes: Any) -> str:
        """Append a node that keeps the number of channels of its first input."""
        sources = list(inputs)
        output = output or f"{name}:0"
        self.nodes.append(helper.make_node(op, sources, [output], name=name, **attributes))
        self._channels[output] = self._channels[sources[0]]
        self._spaces[output] = self.spaces(sources[0])
        return output

    def concat(self, inputs: Iterable[str], name: str) -> str:
        """Append a concatenation along the channels."""
        sources = list(inputs)
        output = self.node("Concat", sources, name, axis=1)
        self._channels[output] = sum(self._channels[source] for source in sources)
        self._spaces[output] = tuple(part for source in sources for part in self.spaces(source))
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
        space: str = "",
    ) -> str:
        """Append a convolution, its batch normalisation and, if wanted, a ReLU.

        Padded so that stride 1 keeps the size and any stride takes positions 0, s, 2s, ...
        gain, offset: typical gamma and beta of the batch normalisation.
        space: the name of the feature space of the outputs: values that are added share one.  Default: one of its own.
        """
        biases = self._vector(f"{scope}/biases", depth, "biases") if self._biased else ""
        y = self.convolution(x, scope, depth, kernel, stride=stride, dilation=dilation, biases=biases, space=space)
        y = self.batch_norm(y, f"{scope}/BatchNorm", gain=gain, offset=offset)
        return self.node("Relu", [y], f"{scope}/Relu") if relu else y

    def biased_conv(
        self,
        x: str,
        scope: str,
        depth: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        padded: bool = True,
        relu: bool = True,
        role: str = "levelled_biases",
    ) -> str:
        """Append a convolution with bias and, if wanted, a ReLU; not padded: only positions inside of the input."""
        biases = self._vector(f"{scope}/biases", depth, role)
        y = self.convolution(x, scope, depth, kernel, stride=stride, dilation=dilation, padded=padded, biases=biases)
        return self.node("Relu", [y], f"{scope}/Relu") if relu else y

    def convolution(
        self,
        x: str,
        scope: str,
        depth: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        padded: bool = True,
        biases: str = "",
        space: str = "",
    ) -> str:
        """Append a convolution alone; kernels are square, and odd where they are padded."""
        shape = (depth, self.channels(x), kernel, kernel)
        space = space or scope
        weights = self._weights(scope, shape, self._role(x), source_rank=4, reads=self.spaces(x), writes=space)
        pad = dilation * (kernel - 1) // 2 if padded else 0
        y = self.node(
            "Conv",
            [x, weights, *([biases] if biases else [])],
            f"{scope}/Conv2D",
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad] * 4,
            dilations=[dilation, dilation],
        )
        self._channels[y] = depth
        self._spaces[y] = ((space, depth),)
        return y

    def batch_norm(self, x: str, scope: str, *, gain: float = 1.0, offset: float = 0.0) -> str:
        """Append a batch normalisation; gain, offset: typical gamma and beta."""
        depth = self.channels(x)
        roles = ("gamma", "beta", "moving_mean", "moving_variance")
        norm = [self._vector(f"{scope}/{role}", depth, role, gain=gain, offset=offset) for role in roles]
        return self.node("BatchNormalization", [x, *norm], f"{scope}/FusedBatchNorm", epsilon=self._epsilon)

    def scaled(self, x: str, scope: str, gain: float) -> str:
        """Append a multiplication by a learned factor a channel; gain: its typical value."""
        depth, source = self.channels(x), f"{scope}/gamma"
        param = Param(
            name=f"{source}_chw",
            shape=(depth, 1, 1),
            role="scale",
            source=source,
            source_shape=(depth,),
            source_axes=(0,),
            gain=gain,
        )
        return self.node("Mul", [x, self._add(param)], f"{scope}/mul")

    def dense(self, x: str, scope: str, depth: int, *, centred: bool = False, source_rank: int = 2) -> str:
        """Append a fully connected layer with bias.

        centred: outputs are given mean 0 over the measuring inputs and a spread that suits a softmax.
        source_rank: 4 where the checkpoint holds the layer as a 1x1 convolution.
        """
        role = "centred_weights" if centred else self._role(x)
        reads = self.spaces(x)
        weights = self._weights(scope, (depth, self.channels(x)), role, source_rank=source_rank, reads=reads)
        biases = self._vector(f"{scope}/biases", depth, "centred_biases" if centred else "biases")
        y = self.node("Gemm", [x, weights, biases], f"{scope}/MatMul", transB=1)
        self._channels[y] = depth
        self._spaces[y] = ()
        return y

    def parameter(self, name: str, shape: tuple[int, ...], role: str) -> str:
        """Add a parameter that a checkpoint holds as it is."""
        axes = tuple(range(len(shape)))
        return self._add(Param(name=name, shape=shape, role=role, source=name, source_shape=shape, source_axes=axes))

    def _role(self, x: str) -> str:
        return "first_weights" if x in self.inputs else "weights"

    def _weights(
        self, scope: str, shape: tuple[int, ...], role: str, *, source_rank: int, reads: Spaces = (), writes: str = ""
    ) -> str:
        """Add weights[out, in, ...], which a checkpoint holds as [..., in, out]: another layout, so another name."""
        source = f"{scope}/weights"
        depth, fan_in, *kernel = shape
        return self._add(
            Param(
                name=f"{source}_{'oihw'[: len(shape)]}",
                shape=shape,
                role=role,
                source=source,
                source_shape=(*(kernel or (1,) * (source_rank - 2)), fan_in, depth),
                source_axes=(source_rank - 1, source_rank - 2, *range(source_rank - 2)),
                reads=reads,
                writes=writes,
            )
        )

    def _vector(self, name: str, size: int, role: str, *, gain: float = 1.0, offset: float = 0.0) -> str:
        shape = (size,)
        return self._add(
            Param(
                name=name,
                shape=shape,
                role=role,
                source=name,
                source_shape=shape,
                source_axes=(0,),
                gain=gain,
                offset=offset,
            )
        )

    def _add(self, param: Param) -> str:
        assert param.name not in self.params, param.name
        self.params[param.name] = param
        return param.name


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
