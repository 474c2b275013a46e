"""Values for a network's parameters from a seed: healthy activations, and as robust to noise as training leaves them.

Weights are drawn with a variance of 2 / fan-in (He et al., "Delving deep into rectifiers", 2015), and from the second
layer on with a mean of exactly 0 over each output's inputs: rectified values are positive, and a surplus common to all
of them, in a picture with much texture, would grow from layer to layer.  The moving mean and variance of batch
normalisation are not drawn but measured: the network runs once, layer after layer, on sample inputs, and every
normalisation gets the statistics of what reaches it.  A classifier's weights and biases are set so that the
classes' scores are centred on the samples: otherwise what all inputs have in common would decide the class alone.

Independent weights alone would amplify any error in a convolution's operands, rounding included, as no trained network
does.  So convolutions, and a classifier behind them, also have these properties of trained ones:

- Redundant channels.  n channels share about 2 sqrt(n) features (`features`); most of a weight depends on the features
  of its input and output alone, the rest is its own.  Trained filters are as predictable from few of them (Denil et
  al., "Predicting parameters in deep learning", 2013).  What a feature's channels have in common adds up in the next
  layer, and their errors average out.  The units of a residual trunk share its features.
- Smooth kernels: their spectrum falls with spatial frequency, as that of the pictures does.
- Residuals weaker than their shortcut: the builders choose a gamma of about 0.3 behind a unit's last convolution.
  Training that starts from 0 there (Goyal et al., "Accurate, large minibatch SGD", 2017) keeps it small.
- Weak channels stay weak: gamma is scaled down where a channel varies less than its layer does on average.
  Normalisation would otherwise amplify what the samples hardly show; weight decay does not let it.
- A classifier's weights have a Laplace distribution over features: a class answers to few of them.

What can be reproduced: each parameter has a random stream of its own, named by seed and parameter, so drawn values
(weights, beta) are the same bit for bit wherever NumPy's generator is.  Measured values (moving statistics, gamma's
scale, the classifier) pass through ONNX Runtime's float32 kernels, whose order of summation follows its version, the
processor's instruction set and possibly the number of threads: they repeat bit for bit on one such platform, and agree
closely but not exactly on another.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from npusim_models.graph import BN_EPSILON, IR_VERSION, OPSET, Array, Network, Param, Spaces, Values, subgraph

Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what is being done)

SAMPLES = 16  # inputs to measure with
FEATURES = 2.0  # of a space of n channels, in sqrt(n)
OWN = 0.2  # share of a weight's variance that its features do not explain
SMOOTHNESS = 1.0  # fall of a kernel's amplitude with the square of its frequency
STEM_SCALE = 0.25  # of a convolution that reads pictures: pixels reach 150, and trained weights are that much smaller
BETA = 0.1  # deviation of beta in gammas
SCORE_DEVIATION = 3.0  # of a classifier's scores over classes and inputs
MEASURED_ROLES = ("moving_mean", "moving_variance", "centred_biases", "levelled_biases")


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
        case "weights" | "first_weights" if param.writes:
            return _convolution(param, seed, rng)
        case "weights" | "first_weights":
            return _scaled(param, _normal(rng, shape, 1.0))
        case "recurrent_weights":  # [directions, gates, inputs]: sums of deviation 1 or less, as states are below 1
            return _normal(rng, shape, 1 / math.sqrt(shape[-1]))
        case "centred_weights":
            return _classifier(param, seed, rng)
        case "biases" | "levelled_biases":
            return _normal(rng, shape, BETA)
        case "scale":
            return np.full(shape, param.gain, np.float32)
        case "gamma":
            gamma: Array = (param.gain * np.exp(0.25 * rng.standard_normal(shape))).astype(np.float32)
            return gamma
        case "beta":
            beta = _normal(rng, shape, BETA * param.gain)
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
        elif node.op_type == "Conv":
            _level(nodes, stop, live, values)
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
    """Give a BatchNormalization the mean and variance of x: float32[n, channels, ...], and weak channels less gamma."""
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axis=axes, dtype=np.float64).astype(np.float32)
    shape = (1, -1, *(1 for _ in range(2, x.ndim)))
    variance = np.square(x - mean.reshape(shape)).mean(axis=axes, dtype=np.float64)
    relative = np.sqrt(variance / max(float(variance.mean()), BN_EPSILON))
    values[node.input[1]] = (values[node.input[1]] * np.minimum(1, relative)).astype(np.float32)
    values[node.input[3]] = mean
    values[node.input[4]] = np.maximum(variance, BN_EPSILON).astype(np.float32)


def _level(nodes: tuple[onnx.NodeProto, ...], stop: int, live: Values, values: Values) -> None:
    """Scale the weights of convolution nodes[stop] and add to its biases what a batch normalisation would do.

    Data-dependent initialisation (Mishkin and Matas, "All you need is a good init", 2015), by channel, with weak
    channels left weak: without it the size of the values would drift from layer to layer.
    """
    node = nodes[stop]
    biases = values[node.input[2]]
    values[node.input[2]] = np.zeros_like(biases)
    alone = nodes[stop : stop + 1]
    reader = helper.make_node("Identity", [node.output[0]], ["levelled"])  # so that the output is read
    y = _advance((*alone, reader), 0, 1, live, values)[node.output[0]]
    mean = y.mean(axis=(0, 2, 3), dtype=np.float64)
    deviation = y.std(axis=(0, 2, 3), dtype=np.float64)
    scale = 1 / max(float(np.sqrt(np.square(deviation).mean())), BN_EPSILON)
    scale *= np.minimum(1, 1 / np.maximum(deviation * scale, BN_EPSILON))
    values[node.input[1]] = (values[node.input[1]] * scale[:, np.newaxis, np.newaxis, np.newaxis]).astype(np.float32)
    values[node.input[2]] = (biases - mean * scale).astype(np.float32)


def _centre(node: onnx.NodeProto, x: Array, values: Values) -> None:
    """Give a Gemm with transposed weights scores of mean 0 and deviation SCORE_DEVIATION on x: float32[n, inputs]."""
    weights = values[node.input[1]].astype(np.float64)
    scores = x.astype(np.float64) @ weights.T
    mean = scores.mean(axis=0)
    deviation = float((scores - mean).std())
    scale = SCORE_DEVIATION / deviation if deviation else 1.0
    values[node.input[1]] = (weights * scale).astype(np.float32)
    values[node.input[2]] = (-mean * scale).astype(np.float32)


def features(seed: int, space: str, channels: int) -> NDArray[np.intp]:
    """Return intp[channels]: the feature that each channel of a space answers to."""
    count = min(channels, math.ceil(FEATURES * math.sqrt(channels)))
    return _stream(seed, f"{space}/features").permutation(channels) % count


def joint_features(seed: int, spaces: Spaces) -> NDArray[np.intp]:
    """Return intp[channels]: the features of concatenated spaces; parts of one space share its features."""
    first: dict[tuple[str, int], int] = {}
    found, count = [], 0
    for part in spaces:
        own = features(seed, *part)
        if part not in first:
            first[part] = count
            count += int(own.max()) + 1
        found.append(own + first[part])
    return np.concatenate(found)


def _convolution(param: Param, seed: int, rng: np.random.Generator) -> Array:
    """Draw weights[out, in, height, width] between features, smooth in space, and what is each weight's own."""
    depth, fan_in, *kernel = param.shape
    outputs = features(seed, param.writes, depth)
    inputs = joint_features(seed, param.reads) if param.reads else np.arange(fan_in)
    smooth = _smooth(rng, (outputs.max() + 1, inputs.max() + 1), kernel[0])
    own = _smooth(rng, (depth, fan_in), kernel[0])
    shared = math.sqrt(1 - OWN)
    return _scaled(param, shared * smooth[outputs[:, np.newaxis], inputs] + math.sqrt(OWN) * own)


def _scaled(param: Param, weights: Array) -> Array:
    """Scale weights of deviation 1 by the fan-in and, behind the first layer, centre each output's."""
    fan_in = math.prod(param.shape[1:])
    scaled: Array = weights * np.float32(math.sqrt(2 / fan_in))
    if param.role == "first_weights":
        if param.writes:
            scaled *= np.float32(STEM_SCALE)
        return scaled
    if fan_in > 1:
        scaled -= scaled.mean(axis=tuple(range(1, weights.ndim)), keepdims=True)
    return scaled


def _smooth(rng: np.random.Generator, shape: tuple[int, int], size: int) -> Array:
    """Draw kernels[*shape, size, size] of mean square 1 whose spectrum falls with frequency."""
    kernels = _normal(rng, (*shape, size, size), 1.0)
    if size == 1:
        return kernels
    order = np.arange(size)
    basis = np.cos(np.pi * (order + 0.5) * order[:, np.newaxis] / size)  # discrete cosine transform
    basis /= np.sqrt(np.square(basis).sum(axis=1, keepdims=True))
    amplitude = 1 / (1 + SMOOTHNESS * np.square(order)[:, np.newaxis] + SMOOTHNESS * np.square(order))
    amplitude *= size / np.sqrt(np.square(amplitude).sum())
    kernels *= amplitude.astype(np.float32)
    basis = basis.astype(np.float32)
    result: Array = basis.T @ kernels @ basis
    return result


def _classifier(param: Param, seed: int, rng: np.random.Generator) -> Array:
    """Draw weights[classes, inputs]; `_centre` scales them."""
    classes, fan_in = param.shape
    own = _normal(rng, param.shape, 1.0)
    if not param.reads:
        own /= np.float32(math.sqrt(fan_in))
        return own
    inputs = joint_features(seed, param.reads)
    shared = rng.laplace(0, 1, (classes, int(inputs.max()) + 1)).astype(np.float32)
    shared /= np.sqrt(np.square(shared).mean(axis=1, keepdims=True))  # no class is favoured
    weights: Array = math.sqrt(1 - OWN) * shared[:, inputs] + math.sqrt(OWN) * own
    weights /= np.float32(math.sqrt(fan_in))
    return weights


def _normal(rng: np.random.Generator, shape: tuple[int, ...], deviation: float) -> Array:
    values: Array = rng.standard_normal(shape, np.float32)
    values *= np.float32(deviation)
    return values


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
