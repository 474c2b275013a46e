"""`npusim accuracy`: real data, real networks, and what is said about their layers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Call

import npusim_models
from npusim.config import load_config
from npusim.report.dataset import LayerStats
from npusim_models.digits import load_digits

TEST = 539


def report(npusim: Call, *args: object) -> dict[str, object]:
    said = npusim("accuracy", *args, "--json", "-")
    assert said.status == 0, said
    return json.loads(said.out)


def test_parts_of_the_data_are_apart_and_complete() -> None:
    (x, y), (test_x, test_y) = load_digits("train"), load_digits("test")
    assert (len(x), len(test_x)) == (1258, TEST)
    assert x.shape[1:] == (8, 8)
    assert x.min() == 0
    assert x.max() == 1
    assert np.bincount(test_y).min() >= 50
    seen = {one.tobytes() for one in x}
    assert sum(one.tobytes() in seen for one in test_x) == 0
    assert len(y) + len(test_y) == 1797


@pytest.mark.parametrize(("name", "least"), [("digits_cnn", 0.98), ("digits_lstm", 0.93)])
def test_trained_networks_know_digits(name: str, least: float) -> None:
    """In plain ONNX Runtime, without anything of the simulator."""
    import onnxruntime

    model = npusim_models.build(name)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x, y = load_digits("test")
    shape = tuple(session.get_inputs()[0].shape)
    right = sum(
        int(session.run(None, {"image": one.reshape(shape)})[0].argmax()) == label
        for one, label in zip(x, y, strict=True)
    )
    assert right / TEST >= least


def test_accuracy_of_the_residual_network(npusim: Call) -> None:
    data = report(npusim, "digits_cnn", "digits")
    assert data["samples"] == TEST
    assert data["float32"] / TEST >= 0.98
    assert abs(data["npu"] - data["float32"]) / TEST <= 0.01
    assert data["agree"] / TEST >= 0.98
    layers = {row["name"]: row for row in data["layers"]}
    for name in ("digits_cnn/conv1/Conv2D", "digits_cnn/logits/MatMul"):
        assert 15 < layers[name]["sqnr_db"] < 40
        assert 15 < layers[name]["alone_db"] < 60
        assert layers[name]["saturated"] == 0
    worst = min((row["alone_db"], name) for name, row in layers.items() if row["alone_db"] is not None)
    assert f"the costliest layer is {worst[1]}" in data["repair"]


def test_the_recurrent_network_agrees_with_float32(npusim: Call) -> None:
    data = report(npusim, "digits_lstm", "digits", "-c", "tiny", "--limit", "60")
    assert data["samples"] == 60
    assert data["agree"] >= 57


def test_wider_mantissas_agree_more(npusim: Call) -> None:
    data = report(npusim, "digits_cnn", "digits", "--widths", "--limit", "150")
    assert [row["bits"] for row in data["widths"]] == [2, 3, 4, 5, 6, 7]
    agree = [row["agree"] for row in data["widths"]]
    assert agree[-1] >= 149
    assert agree[0] < agree[-1]


def test_your_own_data(npusim: Call, mlp: Path, tmp_path: Path) -> None:
    """Labels that are float32's own classes: its accuracy is 1 by construction."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(mlp), providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    x = np.random.default_rng(2).standard_normal((20, *entry.shape[1:])).astype(np.float32)
    labels = [int(session.run(None, {entry.name: one[None]})[0].argmax()) for one in x]
    np.savez(tmp_path / "data.npz", **{entry.name: x, "labels": np.array(labels)})
    data = report(npusim, mlp, tmp_path / "data.npz")
    assert data["float32"] == data["samples"] == 20
    assert data["npu"] == data["agree"]


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({}, "data.npz: has no array 'labels', got nothing"),
        ({"labels": np.zeros(3)}, "data.npz: labels are float64 of shape (3,), expected one whole number"),
        ({"labels": np.array([0, -1])}, "data.npz: labels are int64 of shape (2,), expected one whole number of 0"),
        ({"labels": np.zeros(3, int)}, "data.npz: has no array for input 'image'"),
        ({"labels": np.zeros(3, int), "image": np.zeros((2, 1, 8, 8))}, "'image' has 2 samples, labels 3"),
        ({"labels": np.zeros(2, int), "image": np.zeros((2, 9))}, "sample of 'image' is 9, the model expects 1x1x8x8"),
        ({"labels": np.zeros(1, int), "image": np.full((1, 64), np.nan)}, "holds something else than finite numbers"),
        ({"labels": np.full(1, 10), "image": np.zeros((1, 64))}, "data's labels reach 10, the model has 10 classes"),
    ],
)  # fmt: skip
def test_bad_data(refused: Callable[..., str], tmp_path: Path, arrays: dict[str, np.ndarray], text: str) -> None:
    np.savez(tmp_path / "data.npz", **arrays)
    assert text in refused("accuracy", "digits_cnn", "data.npz")


def test_counts_of_a_layer_by_hand() -> None:
    """One pixel, one block of 8 channels, 5 bits: steps of 2^-4 below 1 flush what is under half of one."""
    config = load_config("tiny")
    y = np.array([1.5, 2**-5, 2**-4, 0.04, 0, 65504, -65504, 1], np.float32).reshape(8, 1, 1)
    small = y.copy()
    small[5:7] = 0
    row = LayerStats("layer")
    row.add(small + 0.5, small, config)
    assert (row.low, row.high) == (0, 0)
    assert (row.nonzero, row.saturated) == (5, 0)
    assert row.flushes == 1  # 2^-5 is half a step, and the tie goes to the even 0
    assert row.sqnr_db == pytest.approx(10 * np.log10(np.sum((small + 0.5) ** 2) / (8 * 0.25)))
    row.add(y, y, config)
    assert row.high == 15
    assert row.saturated == 2
    assert row.flushes == 1 + 5
