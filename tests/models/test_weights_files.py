"""Weights files: round trips, checkpoints in TF-Slim's names and layout, and refusals by message."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.numpy
from onnx_tools import parameters

import npusim_models
from npusim_models import WeightsError
from npusim_models.weights import match_weights

Arrays = dict[str, np.ndarray]
STEM = "tiny_resnet/conv1/weights"


@pytest.fixture(scope="module")
def tiny() -> onnx.ModelProto:
    return npusim_models.build("tiny_resnet", seed=5)


@pytest.fixture
def arrays(tiny: onnx.ModelProto) -> Arrays:
    return parameters(tiny)


def as_checkpoint(arrays: Arrays) -> Arrays:
    """Rename and transpose into TF-Slim's convention, by what the names say."""
    found = {}
    for name, array in arrays.items():
        if name.endswith("_oihw"):
            found[name.removesuffix("_oihw")] = array.transpose(2, 3, 1, 0)
        elif name.endswith("_oi"):
            found[name.removesuffix("_oi")] = array.T
        else:
            found[name] = array
    return found


def refusal(path: Path, arrays: Arrays, name: str = "tiny_resnet") -> str:
    np.savez(path, **arrays)
    with pytest.raises(WeightsError) as caught:
        npusim_models.build(name, weights=path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_round_trip(tmp_path: Path, tiny: onnx.ModelProto, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    npusim_models.save_weights(tiny, path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    again = npusim_models.build("tiny_resnet", weights=path)
    assert again.graph == tiny.graph
    assert [(entry.key, entry.value) for entry in again.metadata_props] == [
        ("weights", path.name),
        ("names", "TF-Slim"),
    ]


@pytest.mark.parametrize("rename", [lambda name: name, lambda name: f"{name}:0"])
def test_checkpoint_names_and_layout(
    tmp_path: Path, tiny: onnx.ModelProto, arrays: Arrays, rename: Callable[[str], str]
) -> None:
    path = tmp_path / "w.npz"
    checkpoint = {rename(name): array for name, array in as_checkpoint(arrays).items()}
    assert checkpoint[rename(STEM)].shape == (7, 7, 3, 16)
    np.savez(path, **checkpoint)
    assert npusim_models.build("tiny_resnet", weights=path).graph == tiny.graph


def test_resnet50_checkpoint(resnet50: onnx.ModelProto) -> None:
    """TF-Slim holds the classifier as a 1x1 convolution."""
    arrays = parameters(resnet50)
    checkpoint = as_checkpoint(arrays)
    checkpoint["resnet_v1_50/logits/weights"] = checkpoint["resnet_v1_50/logits/weights"][np.newaxis, np.newaxis]
    assert checkpoint["resnet_v1_50/block1/unit_1/bottleneck_v1/conv1/weights"].shape == (1, 1, 64, 64)
    assert checkpoint["resnet_v1_50/logits/weights"].shape == (1, 1, 2048, 1000)
    network = npusim_models.describe("resnet50")
    found = match_weights(checkpoint, network, "checkpoint")
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    for name in ("resnet_v1_50/logits/weights", "resnet_v1_50/logits/biases"):
        del checkpoint[name]
    assert match_weights(checkpoint, npusim_models.describe("resnet50_featurizer"), "checkpoint")
    with pytest.raises(WeightsError, match="needs parameter 'resnet_v1_50/logits/weights' or"):
        match_weights(checkpoint, network, "checkpoint")


def test_other_float_widths(tmp_path: Path, arrays: Arrays) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, **{name: array.astype(np.float64) for name, array in arrays.items()})
    assert np.array_equal(
        parameters(npusim_models.build("tiny_resnet", weights=path))[f"{STEM}_oihw"], arrays[f"{STEM}_oihw"]
    )
    np.savez(path, **{name: array.astype(np.float16) for name, array in arrays.items()})
    half = parameters(npusim_models.build("tiny_resnet", weights=path))[f"{STEM}_oihw"]
    np.testing.assert_array_equal(half, arrays[f"{STEM}_oihw"].astype(np.float16).astype(np.float32))


def test_bfloat16(tmp_path: Path) -> None:
    model = npusim_models.build("mlp", inputs=4, hidden=3, layers=1, classes=2)
    header, data = {}, b""
    for name, array in parameters(model).items():
        top = (array.view(np.uint32) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": array.shape, "data_offsets": [len(data), len(data) + len(top)]}
        data += top
    text = json.dumps(header).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    found = parameters(npusim_models.build("mlp", weights=path, inputs=4, hidden=3, layers=1, classes=2))
    for name, array in parameters(model).items():
        np.testing.assert_array_equal(found[name].view(np.uint32), array.view(np.uint32) & 0xFFFF0000)


def test_missing(tmp_path: Path, arrays: Arrays) -> None:
    arrays["tiny_resnet/conv1/weight"] = arrays.pop(f"{STEM}_oihw")
    assert refusal(tmp_path / "w.npz", arrays) == (
        f"tiny_resnet needs parameter '{STEM}' or '{STEM}_oihw', missing here; "
        "nearest in the file and not used: 'tiny_resnet/conv1/weight'"
    )
    del arrays["tiny_resnet/conv1/weight"], arrays["tiny_resnet/logits/biases"]
    assert refusal(tmp_path / "w.npz", arrays) == (
        f"tiny_resnet needs parameter '{STEM}' or '{STEM}_oihw' (and 1 more), missing here"
    )


def test_extra(tmp_path: Path, arrays: Arrays) -> None:
    arrays["tiny_resnet/conv1/biases"] = np.zeros(16, np.float32)
    message = refusal(tmp_path / "w.npz", arrays)
    assert message.startswith("tiny_resnet has no parameter 'tiny_resnet/conv1/biases'; nearest: ")
    assert "'tiny_resnet/logits/biases'" in message
    arrays["epoch"] = np.array(7)
    assert "has no parameter 'tiny_resnet/conv1/biases' (and 1 more); nearest" in refusal(tmp_path / "w.npz", arrays)


def test_twice(tmp_path: Path, arrays: Arrays) -> None:
    both = {**arrays, **as_checkpoint(arrays)}
    assert refusal(tmp_path / "w.npz", both) == f"'{STEM}' and '{STEM}_oihw' are the same parameter, expected one"
    arrays["tiny_resnet/logits/biases:0"] = arrays["tiny_resnet/logits/biases"]
    assert (
        refusal(tmp_path / "w.npz", arrays)
        == "'tiny_resnet/logits/biases' and 'tiny_resnet/logits/biases:0' are the same parameter, expected one"
    )


def test_shape(tmp_path: Path, arrays: Arrays) -> None:
    arrays[STEM] = arrays.pop(f"{STEM}_oihw")  # our layout under the checkpoint's name
    assert (
        refusal(tmp_path / "w.npz", arrays) == f"parameter '{STEM}' has shape 16 x 3 x 7 x 7, expected 7 x 7 x 3 x 16"
    )
    arrays[STEM] = np.float32(1)
    assert refusal(tmp_path / "w.npz", arrays) == f"parameter '{STEM}' has shape of a scalar, expected 7 x 7 x 3 x 16"


@pytest.mark.parametrize(("value", "dtype"), [(np.nan, np.float32), (-np.inf, np.float32), (1e39, np.float64)])
def test_not_finite(tmp_path: Path, arrays: Arrays, value: float, dtype: type) -> None:
    weights = arrays[f"{STEM}_oihw"].astype(dtype)
    weights[3, 1, 2:4, 5] = value
    arrays[f"{STEM}_oihw"] = weights
    assert refusal(tmp_path / "w.npz", arrays) == (
        f"parameter '{STEM}_oihw' has 2 values that are NaN, infinite or beyond float32"
    )


def test_not_floating_point(tmp_path: Path, arrays: Arrays) -> None:
    arrays[f"{STEM}_oihw"] = arrays[f"{STEM}_oihw"].astype(np.int32)
    assert refusal(tmp_path / "w.npz", arrays) == f"parameter '{STEM}_oihw' is int32, expected floating point"
    path = tmp_path / "w.safetensors"
    safetensors.numpy.save_file({STEM: np.zeros((7, 7, 3, 16), np.int64)}, path)
    with pytest.raises(WeightsError, match=f"parameter '{STEM}' is int64, expected floating point"):
        npusim_models.build("tiny_resnet", weights=path)


def test_negative_variance(tmp_path: Path, arrays: Arrays) -> None:
    name = "tiny_resnet/conv1/BatchNorm/moving_variance"
    arrays[name] = arrays[name] - 1e6
    assert re.fullmatch(
        f"parameter '{name}' has the value -[0-9.e+]+, expected 0 or more", refusal(tmp_path / "w.npz", arrays)
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.bin", b"", "unknown weights format '.bin', expected .npz, .safetensors, .onnx"),
        ("w", b"", "unknown weights format '', expected .npz, .safetensors, .onnx"),
        ("w.npz", b"", "not a readable npz file: "),
        ("w.npz", b"\x93NUMPY\x01\x00", "not a readable npz file: "),
        ("w.npz", b"PK\x03\x04" + bytes(40), "not a readable npz file: "),
        ("w.safetensors", b"", "not a readable safetensors file: "),
        ("w.safetensors", bytes(64), "not a readable safetensors file: "),
        ("w.safetensors", b"\xff" * 64, "not a readable safetensors file: "),
        ("w.onnx", b"\xff" * 64, "not a readable onnx file: "),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"^{re.escape(f'{path}: {message}')}"):
        npusim_models.build("tiny_resnet", weights=path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_mutated_files_are_read_or_refused(tmp_path: Path, suffix: str) -> None:
    """Flip bytes and cut files short: a model or one sentence, never anything else."""
    options = {"inputs": 3, "hidden": 2, "layers": 1, "classes": 2}
    path = tmp_path / f"w{suffix}"
    npusim_models.save_weights(npusim_models.build("mlp", **options), path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refusals = []
    for _ in range(150):
        data = bytearray(whole[: rng.integers(len(whole))] if rng.random() < 0.3 else whole)
        for place in rng.integers(0, max(len(data), 1), rng.integers(0, 4)):
            if data:
                data[place] = rng.integers(256)
        path.write_bytes(bytes(data))
        try:
            npusim_models.build("mlp", weights=path, **options)
        except WeightsError as error:
            refusals.append(str(error))
    assert len(refusals) > 50
    assert not any("\n" in message for message in refusals)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    assert "not a readable npz file" in refusal(tmp_path / "w.npz", {STEM: np.array([{}], dtype=object)})


def test_unreadable(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    for name, reason in (("none.npz", "no such file or directory"), ("folder.npz", "is a directory")):
        with pytest.raises(WeightsError, match=f"{name}: cannot be read: {reason}"):
            npusim_models.build("tiny_resnet", weights=tmp_path / name)


def test_save_weights_refuses_other_formats(tmp_path: Path, tiny: onnx.ModelProto) -> None:
    with pytest.raises(WeightsError, match=r"unknown weights format '.h5', expected .npz or .safetensors"):
        npusim_models.save_weights(tiny, tmp_path / "w.h5")
    assert not list(tmp_path.iterdir())
