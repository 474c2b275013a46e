"""`npusim build --weights`: what is said of the framework whose names a file has, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_tools import Call

import npusim_models
from npusim_models.dialects import DIALECTS, SLIM


def arrays(name: str, title: str) -> dict[str, np.ndarray]:
    """Return ones under the names and in the shapes of a framework."""
    (dialect,) = [dialect for dialect in DIALECTS if dialect.title == title]
    return {one.name: np.ones(one.shape, np.float32) for one in dialect.stored(npusim_models.describe(name))}


@pytest.mark.parametrize(("title", "preparation"), [("torchvision", "torch"), ("Keras", "torch")])
def test_the_framework_is_said(npusim: Call, tmp_path: Path, title: str, preparation: str) -> None:
    path, model = tmp_path / "w.npz", tmp_path / "net.onnx"
    np.savez(path, **arrays("densenet121", title))
    said = npusim("build", "densenet121", "--weights", path, "-o", model)
    assert said.status == 0, said.err
    assert f"{path}: names of {title}; 1,000 classes; pictures as for --prepare {preparation}" in said.err
    assert onnx.load(model).graph.name == f"densenet121.{title.lower()}"


def test_a_residual_network_says_where_its_stride_is(npusim: Call, tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    head = {"fc.weight": np.ones((7, 2048), np.float32), "fc.bias": np.ones(7, np.float32)}
    np.savez(path, **head)
    said = npusim("build", "resnet50_classifier", "--weights", path, "-o", tmp_path / "net.onnx")
    assert (
        f"{path}: names of torchvision; stride 2 in the 3x3 convolution of a block's first unit; 7 classes\n"
        in said.err
    )


def test_a_network_of_ones_own_has_its_own_names(npusim: Call, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    npusim_models.save_weights(npusim_models.build("mlp"), path)
    said = npusim("build", "mlp", "--weights", path, "-o", tmp_path / "net.onnx")
    assert f"{path}: names of {SLIM.title}; 10 classes\n" in said.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.pth", {}, "unknown weights format '.pth', expected .npz, .safetensors, .onnx"),
        (
            "w.npz",
            {"weight": np.ones(3)},
            "the names are none that TF-Slim, torchvision or Keras give to resnet_v1_50's",
        ),
        ("w.npz", {"fc.bias": np.ones(3)}, "resnet_v1_50.torchvision, by its parameters' names in torchvision, needs"),
    ],
)
def test_refusals(
    refused: Callable[..., str], tmp_path: Path, name: str, content: dict[str, np.ndarray], message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    if content:
        np.savez(path, **content)
    assert f"{path}: {message}" in refused("build", "resnet50", "--weights", path)
