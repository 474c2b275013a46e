"""DenseNet-121 as the Azure service ran it.

The architecture is that of G. Huang et al., "Densely connected convolutional networks" (2017), table 1: batch
normalisation and ReLU in front of every convolution, growth 32, bottlenecks of 128 channels, transitions that halve the
channels.  Scopes are those of the TF-Slim port whose checkpoints the service took (pudae/tensorflow-densenet,
nets/densenet.py), inputs and outputs those of azureml.accel.models.  Pictures are scaled by 0.017 after the channel
means are subtracted.
"""

from __future__ import annotations

import numpy as np

from npusim_models.errors import OptionError
from npusim_models.graph import GraphBuilder, Network, Values
from npusim_models.images import DENSENET_SCALE, preprocess, synthetic_picture
from npusim_models.resnet_v1 import FORMS, IMAGE_SIZE
from npusim_models.variants import SERVICE, Variant

BLOCKS = {121: (6, 12, 24, 16)}
GROWTH = 32
STEM = 64
BN_EPSILON = 1.1e-5


def densenet(depth: int = 121, form: str = "whole", variant: Variant = SERVICE) -> Network:
    """Describe a DenseNet; depth: 121; form: the part that is written; variant: whose."""
    if depth not in BLOCKS:
        raise OptionError(f"densenet: depth {depth} is not one of {', '.join(map(str, BLOCKS))}")
    if form not in FORMS:
        raise OptionError(f"densenet: form '{form}' is not one of {', '.join(FORMS)}")
    scope = f"densenet{depth}"
    g = GraphBuilder(variant.epsilon or BN_EPSILON)
    image = g.input("InputImage:0", (1, 3, IMAGE_SIZE, IMAGE_SIZE))
    x = g.convolution(image, f"{scope}/conv1", STEM, 7, stride=2)
    x = g.batch_norm(x, f"{scope}/conv1/BatchNorm")
    x = g.node("Relu", [x], f"{scope}/conv1/Relu")
    x = g.node("MaxPool", [x], f"{scope}/pool1/MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for block, layers in enumerate(BLOCKS[depth], 1):
        for layer in range(1, layers + 1):
            x = dense_layer(g, x, f"{scope}/dense_block{block}/conv_block{layer}")
        if block < len(BLOCKS[depth]):
            x = transition(g, x, f"{scope}/transition_block{block}")
    x = _rectified_norm(g, x, f"{scope}/final_block")
    features = g.node("GlobalAveragePool", [x], f"{scope}/final_block/global_avg_pool")
    x = g.node("Flatten", [features], f"{scope}/squeeze", axis=1)
    x = g.dense(x, f"{scope}/logits", variant.classes, centred=True, source_rank=4)
    output = g.node("Softmax", [x], f"classifier/{scope}/predictions/Softmax", axis=1)
    span = {
        "whole": ((image,), (output,)),
        "featurizer": ((image,), (features,)),
        "classifier": ((features,), (output,)),
    }
    return Network(
        name=variant.named(scope),
        nodes=tuple(g.nodes),
        params=g.params,
        inputs=g.inputs,
        outputs=(output,),
        sample=sample_images,
        span=span[form],
    )


def dense_layer(g: GraphBuilder, x: str, scope: str) -> str:
    """Append a layer: 1x1 to 4 * growth channels, 3x3 to growth; its output is concatenated to its input."""
    y = _rectified_norm(g, x, f"{scope}/x1")
    y = g.convolution(y, f"{scope}/x1/Conv", 4 * GROWTH, 1)
    y = _rectified_norm(g, y, f"{scope}/x2")
    y = g.convolution(y, f"{scope}/x2/Conv", GROWTH, 3)
    return g.concat([x, y], f"{scope}/concat")


def transition(g: GraphBuilder, x: str, scope: str) -> str:
    """Append a transition: 1x1 to half the channels, then 2x2 average pooling."""
    x = _rectified_norm(g, x, f"{scope}/blk")
    x = g.convolution(x, f"{scope}/blk/Conv", g.channels(x) // 2, 1)
    return g.node("AveragePool", [x], f"{scope}/AvgPool2D", kernel_shape=[2, 2], strides=[2, 2])


def _rectified_norm(g: GraphBuilder, x: str, scope: str) -> str:
    y = g.batch_norm(x, f"{scope}/BatchNorm")
    return g.node("Relu", [y], f"{scope}/Relu")


def sample_images(rng: np.random.Generator, count: int) -> Values:
    """Return `count` preprocessed pictures."""
    pictures = [preprocess(synthetic_picture(rng, IMAGE_SIZE), DENSENET_SCALE) for _ in range(count)]
    return {"InputImage:0": np.concatenate(pictures)}
