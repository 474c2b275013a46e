"""Small networks for tests and for the reference RTL: every layer kind of the large ones, in a few kilobytes."""

from __future__ import annotations

import numpy as np

from npusim_models.errors import OptionError
from npusim_models.graph import GraphBuilder, Network, Values
from npusim_models.images import preprocess, synthetic_picture
from npusim_models.resnet_v1 import RESIDUAL_GAIN, RESIDUAL_OFFSET


def tiny_resnet(size: int = 32, width: int = 16, classes: int = 10) -> Network:
    """Describe a residual network for size x size pictures.

    7x7 convolution with stride 2, 3x3 pooling with stride 2 (not padded), one unit of `width` channels with a strided
    3x3 and an identity shortcut through 1x1 pooling, one unit of 2 * width channels with a projection, a 3x3 with
    dilation 2, average pooling, and a fully connected classifier.
    """
    _at_least("tiny_resnet", size=(size, 8), width=(width, 1), classes=(classes, 2))
    name = "tiny_resnet"
    g = GraphBuilder()
    image = g.input("image", (1, 3, size, size))
    x = g.conv(image, f"{name}/conv1", width, 7, stride=2)
    x = g.node("MaxPool", [x], f"{name}/pool1/MaxPool", kernel_shape=[3, 3], strides=[2, 2])
    x = _unit(g, x, f"{name}/unit_1", width, stride=2)
    x = _unit(g, x, f"{name}/unit_2", 2 * width)
    x = g.conv(x, f"{name}/conv2", 2 * width, 3, dilation=2)
    pooled = (((size + 1) // 2 - 3) // 2 + 2) // 2
    x = g.node("AveragePool", [x], f"{name}/pool2/AvgPool", kernel_shape=[pooled, pooled])
    x = g.node("Flatten", [x], f"{name}/flatten", axis=1)
    x = g.dense(x, f"{name}/logits", classes, centred=True)
    scores = g.node("Softmax", [x], f"{name}/Softmax", output="scores", axis=1)

    def sample(rng: np.random.Generator, count: int) -> Values:
        return {image: np.concatenate([preprocess(synthetic_picture(rng, size)) for _ in range(count)])}

    return Network(
        name=name,
        nodes=tuple(g.nodes),
        params=g.params,
        inputs=g.inputs,
        outputs=(scores,),
        sample=sample,
        span=((image,), (scores,)),
    )


def _unit(g: GraphBuilder, x: str, scope: str, depth: int, stride: int = 1) -> str:
    """Append a residual unit of two 3x3 convolutions."""
    projected = g.channels(x) != depth
    space = scope if projected else g.spaces(x)[0][0]
    if projected:
        shortcut = g.conv(x, f"{scope}/shortcut", depth, 1, stride=stride, relu=False, space=space)
    elif stride > 1:
        shortcut = g.node("MaxPool", [x], f"{scope}/shortcut/MaxPool", kernel_shape=[1, 1], strides=[stride, stride])
    else:
        shortcut = x
    x = g.conv(x, f"{scope}/conv1", depth, 3)
    x = g.conv(
        x,
        f"{scope}/conv2",
        depth,
        3,
        stride=stride,
        relu=False,
        gain=RESIDUAL_GAIN,
        offset=RESIDUAL_OFFSET,
        space=space,
    )
    x = g.node("Add", [shortcut, x], f"{scope}/add")
    return g.node("Relu", [x], f"{scope}/Relu")


def mlp(inputs: int = 256, hidden: int = 512, layers: int = 2, classes: int = 10) -> Network:
    """Describe a multilayer perceptron: `layers` hidden layers with ReLU, then a classifier; inputs: normal noise."""
    _at_least("mlp", inputs=(inputs, 1), hidden=(hidden, 1), layers=(layers, 0), classes=(classes, 2))
    g = GraphBuilder()
    x = features = g.input("features", (1, inputs))
    for layer in range(1, layers + 1):
        x = g.dense(x, f"mlp/fc{layer}", hidden)
        x = g.node("Relu", [x], f"mlp/fc{layer}/Relu")
    x = g.dense(x, "mlp/logits", classes, centred=True)
    scores = g.node("Softmax", [x], "mlp/Softmax", output="scores", axis=1)

    def sample(rng: np.random.Generator, count: int) -> Values:
        return {features: rng.standard_normal((count, inputs), np.float32)}

    return Network(
        name="mlp",
        nodes=tuple(g.nodes),
        params=g.params,
        inputs=g.inputs,
        outputs=(scores,),
        sample=sample,
        span=((features,), (scores,)),
    )


def _at_least(network: str, **limits: tuple[int, int]) -> None:
    for option, (got, least) in limits.items():
        if not isinstance(got, int) or got < least:
            raise OptionError(f"{network}: {option} {got!r} is not a whole number of {least} or more")
