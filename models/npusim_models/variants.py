"""What frameworks build differently under the same network's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CLASSES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A framework's way with the service's networks, and the number of classes.

    name: goes into the network's name; "": the service's own.
    strided_unit: of a ResNet's blocks: the last of blocks 1 to 3, or the first of blocks 2 to 4, halves the map.
    strided_conv: which of that unit's convolutions does.
    padded_pool: ResNet's pooling behind the stem keeps 56 x 56 positions, not 55 x 55.
    biased: ResNet's convolutions have biases although a batch normalisation follows.
    epsilon: of all batch normalisations; None: 1e-5 in ResNet and 1.1e-5 in DenseNet.
    """

    name: str = ""
    strided_unit: Literal["last", "first"] = "last"
    strided_conv: Literal["3x3", "1x1"] = "3x3"
    padded_pool: bool = False
    biased: bool = False
    epsilon: float | None = None
    classes: int = CLASSES

    def named(self, network: str) -> str:
        """Return the name of this variant of a network."""
        return f"{network}.{self.name}" if self.name else network


SERVICE = Variant()
TORCHVISION = Variant(name="torchvision", strided_unit="first", padded_pool=True, epsilon=1e-5)
"""torchvision/models/resnet.py (its ResNet V1.5) and densenet.py; epsilon is that of torch.nn.BatchNorm2d."""
KERAS = Variant(name="keras", strided_unit="first", strided_conv="1x1", padded_pool=True, biased=True, epsilon=1.001e-5)
"""keras/src/applications/resnet.py and densenet.py."""
