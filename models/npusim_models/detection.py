"""What SSD-VGG's twelve outputs say: boxes around things.

Default boxes, their scales and the decoding are those of W. Liu et al., "SSD: Single shot multibox detector" (2016),
with the sizes and steps of the service's network (balancap/SSD-Tensorflow, nets/ssd_vgg_300.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from npusim_models.errors import DetectionError, quoted
from npusim_models.graph import Array
from npusim_models.labels import VOC
from npusim_models.vgg import SSD_ANCHORS, SSD_CLASSES, SSD_SIZE

SIDES = (37, 19, 10, 5, 3, 1)
STEPS = (8, 16, 32, 64, 100, 300)  # pixels between the centres of default boxes
SIZES = ((21, 45), (45, 99), (99, 153), (153, 207), (207, 261), (261, 315))  # pixels: this layer's box, the next one's
RATIOS = ((2, 1 / 2), (2, 1 / 2, 3, 1 / 3), (2, 1 / 2, 3, 1 / 3), (2, 1 / 2, 3, 1 / 3), (2, 1 / 2), (2, 1 / 2))
VARIANCES = (0.1, 0.1, 0.2, 0.2)  # of dy or dx, and of the logarithms of height and width
MOST = 200  # boxes kept for a class


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing: class 0..19, probability, box as (top, left, bottom, right) in parts of the picture, 0..1."""

    label: int
    score: float
    box: tuple[float, float, float, float]

    @property
    def name(self) -> str:
        """Pascal VOC's name of the class."""
        return VOC[self.label]


def expected_outputs() -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the twelve outputs: class scores of every layer, then locations."""
    return {
        f"ssd_300_vgg/{layer}_box/{reshape}:0": (1, side, side, boxes, values)
        for reshape, values in (("Reshape_1", SSD_CLASSES), ("Reshape", 4))
        for (layer, boxes), side in zip(SSD_ANCHORS.items(), SIDES, strict=True)
    }


def is_detector(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Tell by their names whether outputs are SSD-VGG's.

    Raises `DetectionError` where some of the twelve are there and others are not, or where one has another shape.
    """
    wanted = expected_outputs()
    if wanted.keys().isdisjoint(shapes):
        return False
    for name, shape in wanted.items():
        if name not in shapes:
            raise DetectionError(f"the network has no output '{name}', expected SSD-VGG's twelve")
        if shapes[name] != shape:
            got, allowed = (" x ".join(map(str, dims)) for dims in (shapes[name], shape))
            raise DetectionError(f"output '{name}' has shape {got}, expected {allowed}")
    return True


def default_boxes() -> Array:
    """Return float32[8432, 4]: centre y, centre x, height, width of each default box in parts of the picture.

    In the order of the outputs: layer, row, column, box.
    """
    layers = []
    for side, step, (size, following), ratios in zip(SIDES, STEPS, SIZES, RATIOS, strict=True):
        shapes = [(size, size), (sqrt(size * following),) * 2]
        shapes += [(size / sqrt(ratio), size * sqrt(ratio)) for ratio in ratios]
        centre = (np.arange(side) + 0.5) * step
        y, x, shape = np.meshgrid(centre, centre, np.arange(len(shapes)), indexing="ij")
        sizes = np.array(shapes)[shape]
        layers.append(np.stack([y, x, sizes[..., 0], sizes[..., 1]], axis=-1).reshape(-1, 4))
    boxes: Array = (np.concatenate(layers) / SSD_SIZE).astype(np.float32)
    return boxes


def detect(outputs: Mapping[str, NDArray[Any]], score: float = 0.5, iou: float = 0.45) -> list[Detection]:
    """Return what is in the picture, best first.

    outputs: the network's twelve, by name; score: the least probability; iou: boxes of one class that overlap more
    (intersection over union) count once.  Raises `DetectionError`.
    """
    if not is_detector({name: array.shape for name, array in outputs.items()}):
        raise DetectionError(f"the network's outputs are {quoted(outputs)}, expected SSD-VGG's twelve")
    names = [*expected_outputs()]
    scores, locations = (_gather(outputs, part) for part in (names[: len(SIDES)], names[len(SIDES) :]))
    scores = scores - scores.max(axis=1, keepdims=True)
    exponentials = np.exp(scores)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    boxes = decode(locations)
    found = []
    for label, box in _suppressed(boxes, probabilities[:, 1:], score, iou):
        top, left, bottom, right = (float(edge) for edge in np.clip(boxes[box], 0, 1))
        found.append(Detection(label, float(probabilities[box, label + 1]), (top, left, bottom, right)))
    return sorted(found, key=lambda detection: -detection.score)


def decode(locations: Array) -> Array:
    """Return float32[n, 4], (top, left, bottom, right), for the network's float32[n, 4], (dx, dy, width, height)."""
    default = default_boxes()
    dx, dy, wide, high = (locations[:, at] * np.float32(VARIANCES[at]) for at in range(4))
    y = default[:, 0] + dy * default[:, 2]
    x = default[:, 1] + dx * default[:, 3]
    with np.errstate(over="ignore"):
        height = default[:, 2] * np.exp(high)
        width = default[:, 3] * np.exp(wide)
    boxes: Array = np.stack([y - height / 2, x - width / 2, y + height / 2, x + width / 2], axis=1)
    return boxes


def _gather(outputs: Mapping[str, NDArray[Any]], names: list[str]) -> Array:
    """Return float32[n, values]: these outputs one behind the other, a box a row."""
    parts = [outputs[name].reshape(-1, outputs[name].shape[-1]).astype(np.float32) for name in names]
    gathered: Array = np.concatenate(parts)
    return gathered


def _suppressed(boxes: Array, probabilities: Array, score: float, iou: float) -> list[tuple[int, int]]:
    """Return (class, box) of the boxes that ONNX's NonMaxSuppression leaves."""
    feeds = {
        "boxes": boxes[np.newaxis],
        "scores": np.ascontiguousarray(probabilities.T)[np.newaxis],
        "most": np.array([MOST], np.int64),
        "iou": np.array([iou], np.float32),
        "score": np.array([score], np.float32),
    }
    (chosen,) = _suppressor().run(None, feeds)
    return [(int(label), int(box)) for _, label, box in chosen]


@lru_cache(maxsize=1)
def _suppressor() -> Any:
    import onnxruntime
    from onnx import TensorProto, helper

    kinds = {"boxes": (TensorProto.FLOAT, [1, None, 4]), "scores": (TensorProto.FLOAT, [1, SSD_CLASSES - 1, None])}
    kinds |= {"most": (TensorProto.INT64, [1]), "iou": (TensorProto.FLOAT, [1]), "score": (TensorProto.FLOAT, [1])}
    node = helper.make_node("NonMaxSuppression", [*kinds], ["chosen"])
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in kinds.items()]
    outputs = [helper.make_tensor_value_info("chosen", TensorProto.INT64, [None, 3])]
    graph = helper.make_graph([node], "suppress", inputs, outputs)
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def draw_detections(picture: NDArray[np.uint8], found: list[Detection]) -> NDArray[np.uint8]:
    """Return uint8[h, w, 3]: the picture with each detection's box, name and probability."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    canvas = ImageDraw.Draw(image)
    height, width = picture.shape[:2]
    thick = max(1, round(min(height, width) / 150))
    for detection in reversed(found):  # the best one on top
        top, left, bottom, right = detection.box
        corners = (left * (width - 1), top * (height - 1), right * (width - 1), bottom * (height - 1))
        colour = _colour(detection.label)
        canvas.rectangle(corners, outline=colour, width=thick)
        text = f"{detection.name} {detection.score:.2f}"
        x0, y0, x1, y1 = canvas.textbbox((corners[0] + thick, corners[1] + thick), text)
        canvas.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), fill=colour)
        canvas.text((corners[0] + thick, corners[1] + thick), text, fill=(0, 0, 0))
    return np.asarray(image)


def _colour(label: int) -> tuple[int, int, int]:
    """Return one of 20 bright colours, neighbours far apart on the colour wheel."""
    import colorsys

    red, green, blue = colorsys.hsv_to_rgb(label * 7 % len(VOC) / len(VOC), 0.6, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)
