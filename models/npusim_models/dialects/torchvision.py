"""torchvision's names, those of a state_dict: `layer1.0.conv1.weight`, `features.denseblock1.denselayer1.norm1.bias`.

From torchvision/models/resnet.py, densenet.py and vgg.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from npusim_models.densenet import BLOCKS
from npusim_models.dialects.convention import Dialect, by_module, outputs_first
from npusim_models.resnet_v1 import UNITS
from npusim_models.variants import TORCHVISION
from npusim_models.vgg import STAGES

LEAVES = {
    "weights": "weight",
    "biases": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
DENSE = ("fc", "classifier", "classifier.0", "classifier.3", "classifier.6")


def _resnet(depth: int) -> Iterator[tuple[str, str]]:
    scope = f"resnet_v1_{depth}"
    convolutions = [(f"{scope}/conv1", "conv1", "bn1")]
    for block, units in enumerate(UNITS[depth], 1):
        for unit in range(units):
            ours, theirs = f"{scope}/block{block}/unit_{unit + 1}/bottleneck_v1", f"layer{block}.{unit}"
            if unit == 0:
                convolutions.append((f"{ours}/shortcut", f"{theirs}.downsample.0", f"{theirs}.downsample.1"))
            convolutions += [(f"{ours}/conv{n}", f"{theirs}.conv{n}", f"{theirs}.bn{n}") for n in (1, 2, 3)]
    for ours, convolution, norm in convolutions:
        yield ours, convolution
        yield f"{ours}/BatchNorm", norm
    yield f"{scope}/logits", "fc"


def _densenet(depth: int) -> Iterator[tuple[str, str]]:
    scope = f"densenet{depth}"
    yield f"{scope}/conv1", "features.conv0"
    yield f"{scope}/conv1/BatchNorm", "features.norm0"
    for block, layers in enumerate(BLOCKS[depth], 1):
        for layer in range(1, layers + 1):
            theirs = f"features.denseblock{block}.denselayer{layer}"
            for n in (1, 2):
                ours = f"{scope}/dense_block{block}/conv_block{layer}/x{n}"
                yield f"{ours}/Conv", f"{theirs}.conv{n}"
                yield f"{ours}/BatchNorm", f"{theirs}.norm{n}"
        if block < len(BLOCKS[depth]):
            yield f"{scope}/transition_block{block}/blk/Conv", f"features.transition{block}.conv"
            yield f"{scope}/transition_block{block}/blk/BatchNorm", f"features.transition{block}.norm"
    yield f"{scope}/final_block/BatchNorm", "features.norm5"
    yield f"{scope}/logits", "classifier"


def _vgg16() -> Iterator[tuple[str, str]]:
    place = 0  # in a list of layers, where a ReLU follows each convolution and a pooling each stage
    for stage, (count, _) in enumerate(STAGES, 1):
        for number in range(1, count + 1):
            yield f"vgg_16/conv{stage}/conv{stage}_{number}", f"features.{place}"
            place += 2
        place += 1
    for layer, place in ((6, 0), (7, 3), (8, 6)):  # ReLU and dropout in between
        yield f"vgg_16/fc{layer}", f"classifier.{place}"


MODULES = {
    **{scope: module for depth in UNITS for scope, module in _resnet(depth)},
    **dict(_densenet(121)),
    **dict(_vgg16()),
}


def _clean(name: str) -> str | None:
    if name.endswith("num_batches_tracked"):
        return None
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name)  # as older checkpoints have it


STORED = by_module(MODULES, LEAVES, ".", outputs_first, DENSE)
TORCHVISION_DIALECT = Dialect(title="torchvision", variant=TORCHVISION, stored=STORED, clean=_clean)
