"""ResNet v1 as the Azure service ran it on the machine.

The architecture is TF-Slim's (tensorflow/models, research/slim/nets/resnet_v1.py and resnet_utils.py): bottleneck units
of K. He et al., "Deep residual learning for image recognition" (2015), batch normalisation after every convolution, and
the stride of 2 in the 3x3 convolution of the last unit of blocks 1 to 3.  Pooling after the stem is not padded, so that
112x112 becomes 55x55: the service's firmware counts 1,460 weight tiles and 293,525 tile-multiplies for ResNet-50 at
native dimension 128, which only this size gives.  The names of inputs, features and predictions are the service's
(azureml.accel.models: `InputImage`, `resnet_v1_50/pool5`, `classifier_1/resnet_v1_50/predictions/Softmax:0`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim_models.errors import OptionError
from npusim_models.graph import BN_EPSILON, GraphBuilder, Network, Values
from npusim_models.images import preprocess, synthetic_picture
from npusim_models.variants import SERVICE, Variant

UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
CLASSIFIER_SCOPES = {50: "classifier_1", 101: "classifier", 152: "classifier"}
BASE_DEPTHS = (64, 128, 256, 512)
FORMS = ("whole", "featurizer", "classifier")
IMAGE_SIZE = 224
RESIDUAL_GAIN = 0.3  # typical gamma and beta behind a unit's last convolution, where seeded
RESIDUAL_OFFSET = -0.03  # keeps the trunk as sparse as it is


def resnet_v1(depth: int = 50, form: str = "whole", variant: Variant = SERVICE) -> Network:
    """Describe a ResNet v1; depth: 50, 101 or 152; form: the part that is written; variant: whose."""
    if depth not in UNITS:
        raise OptionError(f"resnet_v1: depth {depth} is not one of {', '.join(map(str, UNITS))}")
    if form not in FORMS:
        raise OptionError(f"resnet_v1: form '{form}' is not one of {', '.join(FORMS)}")
    scope = f"resnet_v1_{depth}"
    g = GraphBuilder(variant.epsilon or BN_EPSILON, variant.biased)
    image = g.input("InputImage:0", (1, 3, IMAGE_SIZE, IMAGE_SIZE))
    x = g.conv(image, f"{scope}/conv1", 64, 7, stride=2)
    padding: dict[str, Any] = {"pads": [1] * 4} if variant.padded_pool else {}
    x = g.node("MaxPool", [x], f"{scope}/pool1/MaxPool", kernel_shape=[3, 3], strides=[2, 2], **padding)
    for block, (units, base_depth) in enumerate(zip(UNITS[depth], BASE_DEPTHS, strict=True), 1):
        for unit in range(1, units + 1):
            halves = unit == units and block < 4 if variant.strided_unit == "last" else unit == 1 and block > 1
            early = variant.strided_conv == "1x1"
            x = bottleneck(g, x, f"{scope}/block{block}", unit, base_depth, 1 + halves, early)
    features = g.node("GlobalAveragePool", [x], f"{scope}/pool5")
    x = g.node("Flatten", [features], f"{scope}/SpatialSqueeze", axis=1)
    x = g.dense(x, f"{scope}/logits", variant.classes, centred=True, source_rank=4)
    predictions = f"{CLASSIFIER_SCOPES[depth]}/{scope}/predictions/Softmax"
    output = g.node("Softmax", [x], predictions, axis=1)
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
        remark=f"stride 2 in the {variant.strided_conv} convolution of a block's {variant.strided_unit} unit",
    )


def bottleneck(
    g: GraphBuilder, x: str, block: str, unit: int, base_depth: int, stride: int, early: bool = False
) -> str:
    """Append a bottleneck unit: 1x1, 3x3 with the stride, 1x1 to 4 * base_depth; added to the shortcut, rectified.

    early: the first 1x1 has the stride.  A block's units share the feature space of its trunk.
    """
    scope = f"{block}/unit_{unit}/bottleneck_v1"
    depth = 4 * base_depth
    if g.channels(x) != depth:
        shortcut = g.conv(x, f"{scope}/shortcut", depth, 1, stride=stride, relu=False, space=block)
    elif stride > 1:
        shortcut = g.node("MaxPool", [x], f"{scope}/shortcut/MaxPool", kernel_shape=[1, 1], strides=[stride, stride])
    else:
        shortcut = x
    x = g.conv(x, f"{scope}/conv1", base_depth, 1, stride=stride if early else 1)
    x = g.conv(x, f"{scope}/conv2", base_depth, 3, stride=1 if early else stride)
    x = g.conv(x, f"{scope}/conv3", depth, 1, relu=False, gain=RESIDUAL_GAIN, offset=RESIDUAL_OFFSET, space=block)
    x = g.node("Add", [shortcut, x], f"{scope}/add")
    return g.node("Relu", [x], f"{scope}/Relu")


def sample_images(rng: np.random.Generator, count: int) -> Values:
    """Return `count` preprocessed pictures."""
    pictures = [preprocess(synthetic_picture(rng, IMAGE_SIZE)) for _ in range(count)]
    return {"InputImage:0": np.concatenate(pictures)}
