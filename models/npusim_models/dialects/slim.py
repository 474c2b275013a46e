"""TF-Slim's names, which are ours: `resnet_v1_50/block1/unit_1/bottleneck_v1/conv1/weights`, `.../BatchNorm/gamma`.

Weights are also known by their names in our ONNX models, which end in their layout: `.../conv1/weights_oihw`.
"""

from __future__ import annotations

import re

from npusim_models.dialects.convention import Dialect, Stored
from npusim_models.graph import Network
from npusim_models.variants import SERVICE

NOT_OURS = re.compile(
    r"global_step|[^/]+/mean_rgb|.*/(Momentum|RMSProp|RMSProp_1|Adam|Adam_1|ExponentialMovingAverage)"
)
"""What else published and trained checkpoints hold: a counter, the means of pictures, the optimiser's state."""


def _stored(network: Network) -> list[Stored]:
    found = []
    for param in network.params.values():
        found.append(Stored(param, param.source, param.source_shape, param.source_shape, param.source_axes))
        if param.name != param.source:
            found.append(Stored(param, param.name, param.shape, param.shape, tuple(range(len(param.shape)))))
    return found


def _clean(name: str) -> str | None:
    name = name.removesuffix(":0")  # of TensorFlow's variables
    return None if NOT_OURS.fullmatch(name) else name


SLIM = Dialect(title="TF-Slim", variant=SERVICE, stored=_stored, clean=_clean)
