"""VGG-16 and SSD-VGG as the Azure service ran them.

VGG-16 is configuration D of K. Simonyan and A. Zisserman, "Very deep convolutional networks" (2014), in TF-Slim's form
(tensorflow/models, research/slim/nets/vgg.py): fc6, fc7 and fc8 are convolutions, and the output is fc8's scores.
SSD-VGG is W. Liu et al., "SSD: Single shot multibox detector" (2016) for pictures of 300 x 300 and the 21 classes of
Pascal VOC, with the scopes of the TensorFlow port (balancap/SSD-Tensorflow, nets/ssd_vgg_300.py).  The service's
outputs have 37 x 37 positions in block 4 and 19 x 19 in block 7: its third pooling drops the odd row and its fourth
keeps it.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from npusim_models.errors import OptionError
from npusim_models.graph import GraphBuilder, Network, Values
from npusim_models.images import preprocess, synthetic_picture
from npusim_models.resnet_v1 import FORMS, IMAGE_SIZE
from npusim_models.variants import SERVICE, Variant

STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # (convolutions, channels)
FC_CHANNELS = 4096

SSD_SIZE = 300
SSD_CLASSES = 21
SSD_ANCHORS = {"block4": 4, "block7": 6, "block8": 6, "block9": 6, "block10": 4, "block11": 4}
"""Detecting layers and their default boxes a position."""
L2_SCALE = 20.0  # of block 4's normalised features, as the paper initialises it
SHORTEST = 1e-6  # length that a division takes at least: the root of the epsilon of TensorFlow's l2_normalize


def vgg16(form: str = "whole", variant: Variant = SERVICE) -> Network:
    """Describe VGG-16; form: the part that is written; variant: whose, but frameworks differ in names alone."""
    _check_form("vgg16", form)
    scope = "vgg_16"
    g = GraphBuilder()
    image = g.input("InputImage:0", (1, 3, IMAGE_SIZE, IMAGE_SIZE))
    x = image
    for stage, (count, depth) in enumerate(STAGES, 1):
        x = _stage(g, x, f"{scope}/conv{stage}/conv{stage}", count, depth)
        x = _halve(g, x, f"{scope}/pool{stage}/MaxPool")
    x = g.biased_conv(x, f"{scope}/fc6", FC_CHANNELS, 7, padded=False)
    features = g.biased_conv(x, f"{scope}/fc7", FC_CHANNELS, 1)
    x = g.node("Flatten", [features], f"{scope}/squeeze", axis=1)
    x = g.dense(x, f"{scope}/fc8", variant.classes, centred=True, source_rank=4)
    output = g.node("Identity", [x], f"classifier/{scope}/fc8/squeezed")
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
        sample=partial(_sample, IMAGE_SIZE),
        span=span[form],
    )


def ssd_vgg(form: str = "whole") -> Network:
    """Describe SSD-VGG 300; form: featurizer and classifier meet behind the twelve heads' convolutions.

    The twelve outputs are class scores and locations of each detecting layer, float32[1, h, w, boxes, 21 or 4], as the
    service returned them (`npusim_models.detection` decodes them).  The scores are logits.
    """
    _check_form("ssd_vgg", form)
    scope = "ssd_300_vgg"
    g = GraphBuilder()
    image = g.input("InputImage:0", (1, 3, SSD_SIZE, SSD_SIZE))
    layers = _ssd_layers(g, image, scope)
    raw: list[str] = []
    outputs: list[str] = []
    sizes = dict(zip(SSD_ANCHORS, (37, 19, 10, 5, 3, 1), strict=True))
    heads = (("conv_cls", SSD_CLASSES, "Reshape_1"), ("conv_loc", 4, "Reshape"))
    for head, values, reshape in heads:
        for layer, boxes in SSD_ANCHORS.items():
            box = f"{scope}/{layer}_box"
            y = g.biased_conv(layers[layer], f"{box}/{head}", boxes * values, 3, relu=False)
            raw.append(y)
            y = g.node("Transpose", [y], f"{box}/{head}/nhwc", perm=[0, 2, 3, 1])
            shape = g.constant(f"{box}/{reshape}/shape", np.array([1, sizes[layer], sizes[layer], boxes, values]))
            outputs.append(g.node("Reshape", [y, shape], f"{box}/{reshape}"))
    span = {
        "whole": ((image,), tuple(outputs)),
        "featurizer": ((image,), tuple(raw)),
        "classifier": (tuple(raw), tuple(outputs)),
    }
    return Network(
        name=scope,
        nodes=tuple(g.nodes),
        params=g.params,
        inputs=g.inputs,
        outputs=tuple(outputs),
        sample=partial(_sample, SSD_SIZE),
        span=span[form],
    )


def _ssd_layers(g: GraphBuilder, image: str, scope: str) -> dict[str, str]:
    """Append the trunk; returns the features of each detecting layer."""
    layers: dict[str, str] = {}
    x = image
    for stage, (count, depth) in enumerate(STAGES, 1):
        x = _stage(g, x, f"{scope}/conv{stage}/conv{stage}", count, depth)
        if stage == 4:
            y = _unit_length(g, x, f"{scope}/block4_box/L2Normalization")
            layers["block4"] = g.scaled(y, f"{scope}/block4_box/L2Normalization", L2_SCALE)
        if stage < 5:
            x = _halve(g, x, f"{scope}/pool{stage}/MaxPool", keep_odd=stage == 4)
    x = g.node("MaxPool", [x], f"{scope}/pool5/MaxPool", kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    x = g.biased_conv(x, f"{scope}/conv6", 1024, 3, dilation=6)
    x = layers["block7"] = g.biased_conv(x, f"{scope}/conv7", 1024, 1)
    for block, (narrow, wide) in {8: (256, 512), 9: (128, 256), 10: (128, 256), 11: (128, 256)}.items():
        x = g.biased_conv(x, f"{scope}/block{block}/conv1x1", narrow, 1)
        shrinks = block < 10  # by a stride, else by the lack of padding
        x = g.biased_conv(x, f"{scope}/block{block}/conv3x3", wide, 3, stride=1 + shrinks, padded=shrinks)
        layers[f"block{block}"] = x
    return layers


def _unit_length(g: GraphBuilder, x: str, scope: str) -> str:
    """Divide each position's channels by their length, or by SHORTEST if that is more."""
    length = g.declare(g.node("ReduceL2", [x], f"{scope}/length", axes=[1], keepdims=1), 1)
    at_least = g.number(f"{scope}/shortest", SHORTEST)
    return g.node("Div", [x, g.node("Max", [length, at_least], f"{scope}/divisor")], f"{scope}/normalized")


def _stage(g: GraphBuilder, x: str, scope: str, count: int, depth: int) -> str:
    for number in range(1, count + 1):
        x = g.biased_conv(x, f"{scope}_{number}", depth, 3)
    return x


def _halve(g: GraphBuilder, x: str, name: str, keep_odd: bool = False) -> str:
    """Append 2x2 pooling with stride 2; keep_odd: an odd last row or column makes a window of its own."""
    return g.node("MaxPool", [x], name, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=int(keep_odd))


def _check_form(network: str, form: str) -> None:
    if form not in FORMS:
        raise OptionError(f"{network}: form '{form}' is not one of {', '.join(FORMS)}")


def _sample(size: int, rng: np.random.Generator, count: int) -> Values:
    return {"InputImage:0": np.concatenate([preprocess(synthetic_picture(rng, size)) for _ in range(count)])}
