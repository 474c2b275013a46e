"""Values for a network's parameters from a seed, with activations as healthy as a trained network's.

Weights are drawn with a variance of 2 / fan-in (He et al., "Delving deep into rectifiers", 2015), and from the second
layer on with a mean of exactly 0 over each output's inputs: rectified values are positive, and a surplus common to all
of them, in a picture with much texture, would grow from layer to layer.  The moving mean and variance of batch
normalisation are not drawn but measured: the network runs once, layer after layer, on sample inputs, and every
normalisation gets the statistics of what reaches it.  A classifier's weights and biases are set so that the
classes' scores are centred on the samples: otherwise what all inputs have in common would decide the class alone.

What can be reproduced: each parameter has a random stream of its own, named by seed and parameter, so drawn values
(weights, gamma, beta) are the same bit for bit wherever NumPy's generator is.  Measured values pass through ONNX
Runtime's float32 kernels, whose order of summation follows its version, the processor's instruction set and possibly
the number of threads: they repeat bit for bit on one such platform, and agree closely but not exactly on another.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from npusim_models.graph import BN_EPSILON, IR_VERSION, OPSET, Array, Network, Param, Values, subgraph

Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what is being done)

SAMPLES = 16  # inputs to measure with
SCORE_DEVIATION = 3.0  # of a classifier's scores over classes and inputs
MEASURED_ROLES = ("moving_mean", "moving_variance", "centred_biases")


def seeded_values(network: Network, seed: int, progress: Progress | None = None) -> Values:
    """Return a value for every parameter of the network; progress: called before each layer and at the end."""
    values = {name: draw(param, seed) for name, param in network.params.items()}
    if any(param.role in MEASURED_ROLES for param in network.params.values()):
        samples = network.sample(_stream(seed, "samples"), SAMPLES)
        measure(network, values, samples, progress)
    return values


def draw(param: Param, seed: int) -> Array:
    """Draw one parameter; measured roles get neutral values."""
    rng = _stream(seed, param.name)
    shape = param.shape
    match param.role:
        case "weights":
            weights = _normal(rng, shape, math.sqrt(2 / math.prod(shape[1:])))
            if math.prod(shape[1:]) > 1:
                weights -= weights.mean(axis=tuple(range(1, len(shape))), keepdims=True)
            return weights
        case "first_weights":
            return _normal(rng, shape, math.sqrt(2 / math.prod(shape[1:])))
        case "centred_weights":
            return _normal(rng, shape, math.sqrt(1 / math.prod(shape[1:])))
        case "biases":
            return _normal(rng, shape, 0.1)
        case "gamma":
            gamma: Array = (param.gain * np.exp(0.25 * rng.standard_normal(shape))).astype(np.float32)
            return gamma
        case "beta":
            beta = _normal(rng, shape, 0.3 * param.gain)
            beta += np.float32(param.offset)
            return beta
        case "moving_variance":
            return np.ones(shape, np.float32)
        case "moving_mean" | "centred_biases":
            return np.zeros(shape, np.float32)
    raise AssertionError(param.role)


def measure(network: Network, values: Values, samples: Mapping[str, Array], progress: Progress | None = None) -> None:
    """Set the measured parameters in `values` by running the samples through the network once."""
    nodes = network.nodes
    stops = [i for i, node in enumerate(nodes) if _is_measured(network, node)]
    live: Values = dict(samples)
    begin = 0
    for done, stop in enumerate(stops):
        node = nodes[stop]
        if progress:
            progress(done, len(stops), node.name)
        live = _advance(nodes, begin, stop, live, values)
        begin = stop
        if node.op_type == "BatchNormalization":
            _measure_normalisation(node, live[node.input[0]], values)
        else:
            _centre(node, live[node.input[0]], values)
    if progress:
        progress(len(stops), len(stops), "measured")


def _is_measured(network: Network, node: onnx.NodeProto) -> bool:
    return any(name in network.params and network.params[name].role in MEASURED_ROLES for name in node.input)


def _advance(
    nodes: tuple[onnx.NodeProto, ...], begin: int, stop: int, live: Mapping[str, Array], values: Mapping[str, Array]
) -> Values:
    """Run nodes[begin:stop] in ONNX Runtime; return the values that later nodes read."""
    wanted = {name for node in nodes[stop:] for name in node.input}
    known = {name: live[name] for name in live if name in wanted}
    made = [name for node in nodes[begin:stop] for name in node.output if name in wanted]
    if not made:
        return known
    part = subgraph(nodes[begin:stop], live, made)
    read = {name for node in part for name in node.input}
    feeds = {name: array for name, array in live.items() if name in read}
    graph = helper.make_graph(
        part,
        "segment",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in feeds.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in made],
        [onnx.numpy_helper.from_array(array, name) for name, array in values.items() if name in read],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return known | dict(zip(made, session.run(made, feeds), strict=True))


def _measure_normalisation(node: onnx.NodeProto, x: Array, values: Values) -> None:
    """Give a BatchNormalization the mean and variance of x: float32[n, channels, ...]."""
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axis=axes, dtype=np.float64).astype(np.float32)
    shape = (1, -1, *(1 for _ in range(2, x.ndim)))
    variance = np.square(x - mean.reshape(shape)).mean(axis=axes, dtype=np.float64)
    values[node.input[3]] = mean
    values[node.input[4]] = np.maximum(variance, BN_EPSILON).astype(np.float32)


def _centre(node: onnx.NodeProto, x: Array, values: Values) -> None:
    """Give a Gemm with transposed weights scores of mean 0 and deviation SCORE_DEVIATION on x: float32[n, inputs]."""
    weights = values[node.input[1]].astype(np.float64)
    scores = x.astype(np.float64) @ weights.T
    mean = scores.mean(axis=0)
    deviation = float((scores - mean).std())
    scale = SCORE_DEVIATION / deviation if deviation else 1.0
    values[node.input[1]] = (weights * scale).astype(np.float32)
    values[node.input[2]] = (-mean * scale).astype(np.float32)


def _normal(rng: np.random.Generator, shape: tuple[int, ...], deviation: float) -> Array:
    values: Array = rng.standard_normal(shape, np.float32)
    values *= np.float32(deviation)
    return values


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
