"""SSD's default boxes and decoding, against the paper's definitions written out for single boxes."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from npusim_models.detection import SIDES, decode, default_boxes, detect, draw_detections
from npusim_models.errors import DetectionError
from npusim_models.vgg import SSD_ANCHORS

BOXES = 37 * 37 * 4 + 19 * 19 * 6 + 10 * 10 * 6 + 5 * 5 * 6 + 3 * 3 * 4 + 4


def outputs(scores: np.ndarray, locations: np.ndarray) -> dict[str, np.ndarray]:
    """Cut arrays over all default boxes into the network's twelve outputs."""
    found, at = {}, 0
    for (layer, boxes), side in zip(SSD_ANCHORS.items(), SIDES, strict=True):
        count = side * side * boxes
        for reshape, array in (("Reshape_1", scores), ("Reshape", locations)):
            shape = (1, side, side, boxes, array.shape[1])
            found[f"ssd_300_vgg/{layer}_box/{reshape}:0"] = array[at : at + count].reshape(shape)
        at += count
    return found


def nothing() -> tuple[np.ndarray, np.ndarray]:
    scores = np.zeros((BOXES, 21), np.float32)
    scores[:, 0] = 12
    return scores, np.zeros((BOXES, 4), np.float32)


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    both = max(height, 0) * max(width, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def test_default_boxes() -> None:
    found = default_boxes()
    assert found.shape == (BOXES, 4)
    first = 300 * found[:4]  # block 4, top left
    np.testing.assert_allclose(first[:, :2], 4, rtol=1e-6)
    want = [(21, 21), (sqrt(21 * 45), sqrt(21 * 45)), (21 / sqrt(2), 21 * sqrt(2)), (21 * sqrt(2), 21 / sqrt(2))]
    np.testing.assert_allclose(first[:, 2:], want, rtol=1e-6)
    second_row = 300 * found[37 * 4]
    np.testing.assert_allclose(second_row[:2], (12, 4), rtol=1e-6)
    last = 300 * found[-4:]
    np.testing.assert_allclose(last[:, :2], 150, rtol=1e-6)
    np.testing.assert_allclose(last[1, 2], sqrt(261 * 315), rtol=1e-6)


def test_decoding_inverts_the_encoding_of_training() -> None:
    default = default_boxes()
    rng = np.random.default_rng(2)
    corner, size = rng.uniform(0, 0.6, (BOXES, 2)), rng.uniform(0.05, 0.4, (BOXES, 2))
    want = np.concatenate([corner, corner + size], axis=1)
    centre = corner + size / 2
    dy, dx = ((centre - default[:, :2]) / default[:, 2:]).T
    high, wide = np.log(size / default[:, 2:]).T
    encoded = np.stack([dx / 0.1, dy / 0.1, wide / 0.2, high / 0.2], axis=1).astype(np.float32)
    np.testing.assert_allclose(decode(encoded), want, atol=2e-5)


def test_one_thing_is_found_once() -> None:
    scores, locations = nothing()
    place = 37 * 37 * 4 + (9 * 19 + 9) * 6  # block 7, the middle of the picture
    scores[place, 0], scores[place, 12] = 0, 6  # dog
    scores[place + 1, 0], scores[place + 1, 12] = 0, 5  # the same dog in a box 1.48 times as large
    locations[place + 1, 2:] = log(45 / sqrt(45 * 99)) / 0.2  # shrunk to the first one
    (found,) = detect(outputs(scores, locations))
    assert found.name == "dog"
    assert found.score == pytest.approx(np.exp(6) / (np.exp(6) + 20), rel=1e-5)
    middle, half = (9.5 * 16) / 300, 22.5 / 300
    np.testing.assert_allclose(found.box, (middle - half, middle - half, middle + half, middle + half), rtol=1e-5)
    assert len(detect(outputs(scores, locations), iou=1.0)) == 2
    assert detect(outputs(scores, locations), score=0.999) == []


def test_other_classes_do_not_suppress() -> None:
    scores, locations = nothing()
    scores[100, [0, 12, 8]] = 0, 6, 6.5
    found = detect(outputs(scores, locations), score=0.2)
    assert [one.name for one in found] == ["cat", "dog"]


def test_suppression_is_greedy_and_complete() -> None:
    rng = np.random.default_rng(4)
    scores = rng.standard_normal((BOXES, 21)).astype(np.float32) * 2
    locations = rng.standard_normal((BOXES, 4)).astype(np.float32)
    found = detect(outputs(scores, locations), score=0.6)
    assert found == sorted(found, key=lambda one: -one.score)
    boxes = decode(locations)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    for label in range(20):
        order = [
            i for i in np.argsort(-probabilities[:, label + 1], kind="stable") if probabilities[i, label + 1] > 0.6
        ]
        kept: list[int] = []
        for i in order:
            if all(overlap(tuple(boxes[i]), tuple(boxes[k])) <= 0.45 for k in kept):
                kept.append(i)
        ours = [one.score for one in found if one.label == label]
        np.testing.assert_allclose(ours, [probabilities[k, label + 1] for k in kept], rtol=1e-5)


def test_unexpected_outputs() -> None:
    good = outputs(*nothing())
    name = "ssd_300_vgg/block8_box/Reshape:0"
    with pytest.raises(DetectionError, match=f"no output '{name}', expected SSD-VGG's twelve"):
        detect({key: array for key, array in good.items() if key != name})
    with pytest.raises(DetectionError, match="has shape 1 x 5, expected 1 x 10 x 10 x 6 x 4"):
        detect(good | {name: np.zeros((1, 5), np.float32)})


def test_drawing_marks_the_box_and_leaves_the_picture() -> None:
    scores, locations = nothing()
    place = 37 * 37 * 4 + (9 * 19 + 9) * 6
    scores[place, 0], scores[place, 12] = 0, 6
    picture = np.zeros((300, 300, 3), np.uint8)
    found = detect(outputs(scores, locations))
    drawn = draw_detections(picture, found)
    assert not picture.any()
    top, left, bottom, right = (round(edge * 299) for edge in found[0].box)
    assert drawn[bottom - 1 : bottom + 2, left + 1 : right].any(axis=(0, 2)).all()
    assert drawn[top + 1 : bottom, right - 1 : right + 2].any(axis=(1, 2)).all()
    assert not drawn[: top - 2].any()
