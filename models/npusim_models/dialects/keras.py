"""Keras' names: `conv2_block1_1_conv/kernel`, `block1_conv1/kernel:0`, `predictions/bias`.

From keras/src/applications/resnet.py, densenet.py and vgg16.py: a variable's path in Keras 3, its name in Keras 2 (with
`:0` behind), or its place in an .h5 file (`fc1/fc1/kernel:0`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from npusim_models.densenet import BLOCKS
from npusim_models.dialects.convention import Dialect, by_module, outputs_last
from npusim_models.resnet_v1 import UNITS
from npusim_models.variants import KERAS
from npusim_models.vgg import STAGES

LEAVES = {
    "weights": "kernel",
    "biases": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "moving_mean",
    "moving_variance": "moving_variance",
}
DENSE = ("fc1", "fc2", "predictions")


def _resnet(depth: int) -> Iterator[tuple[str, str]]:
    scope = f"resnet_v1_{depth}"
    convolutions = [(f"{scope}/conv1", "conv1")]
    for block, units in enumerate(UNITS[depth], 1):
        for unit in range(1, units + 1):
            ours, theirs = f"{scope}/block{block}/unit_{unit}/bottleneck_v1", f"conv{block + 1}_block{unit}"
            if unit == 1:
                convolutions.append((f"{ours}/shortcut", f"{theirs}_0"))
            convolutions += [(f"{ours}/conv{n}", f"{theirs}_{n}") for n in (1, 2, 3)]
    for ours, theirs in convolutions:
        yield ours, f"{theirs}_conv"
        yield f"{ours}/BatchNorm", f"{theirs}_bn"
    yield f"{scope}/logits", "predictions"


def _densenet(depth: int) -> Iterator[tuple[str, str]]:
    scope = f"densenet{depth}"
    yield f"{scope}/conv1", "conv1_conv"
    yield f"{scope}/conv1/BatchNorm", "conv1_bn"
    for block, layers in enumerate(BLOCKS[depth], 1):
        for layer in range(1, layers + 1):
            for n in (1, 2):
                ours, theirs = f"{scope}/dense_block{block}/conv_block{layer}/x{n}", f"conv{block + 1}_block{layer}"
                yield f"{ours}/BatchNorm", f"{theirs}_{n - 1}_bn"
                yield f"{ours}/Conv", f"{theirs}_{n}_conv"
        if block < len(BLOCKS[depth]):
            yield f"{scope}/transition_block{block}/blk/BatchNorm", f"pool{block + 1}_bn"
            yield f"{scope}/transition_block{block}/blk/Conv", f"pool{block + 1}_conv"
    yield f"{scope}/final_block/BatchNorm", "bn"
    yield f"{scope}/logits", "predictions"


def _vgg16() -> Iterator[tuple[str, str]]:
    for stage, (count, _) in enumerate(STAGES, 1):
        for number in range(1, count + 1):
            yield f"vgg_16/conv{stage}/conv{stage}_{number}", f"block{stage}_conv{number}"
    yield from (("vgg_16/fc6", "fc1"), ("vgg_16/fc7", "fc2"), ("vgg_16/fc8", "predictions"))


MODULES = {
    **{scope: module for depth in UNITS for scope, module in _resnet(depth)},
    **dict(_densenet(121)),
    **dict(_vgg16()),
}


def _clean(name: str) -> str | None:
    name = name.removesuffix(":0")
    name = re.sub(r"^(.+)/\1/", r"\1/", name)  # a group of an .h5 file has its layer's name
    return re.sub(r"^conv1/(conv|bn)/", r"conv1_\1/", name)  # DenseNet's stem before Keras 3


STORED = by_module(MODULES, LEAVES, "/", outputs_last, DENSE)
KERAS_DIALECT = Dialect(title="Keras", variant=KERAS, stored=STORED, clean=_clean)
