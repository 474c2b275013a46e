"""Names, options, seeds, files, and the small networks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_tools import Probe, attributes, nodes, parameters, run, shapes

import npusim_models
from npusim_models import OptionError, SaveError, UnknownNameError

SMALL = ["tiny_resnet", "tiny_resnet_16", "mlp"]


def test_names() -> None:
    large = ["resnet50", "resnet101", "resnet152", "densenet121", "vgg16", "ssd_vgg"]
    forms = [name + form for name in large for form in ("", "_featurizer", "_classifier")]
    assert npusim_models.names() == [*forms, *SMALL, "digits_cnn", "digits_lstm", "lstm", "gru"]
    for name in npusim_models.names():
        assert npusim_models.describe(name).nodes


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_small_networks_run_and_are_healthy(name: str, seed: int) -> None:
    model = npusim_models.build(name, seed=seed)
    onnx.checker.check_model(model, full_check=True)
    probe = Probe(model)
    runs = [probe(npusim_models.sample_input(name, case)) for case in range(24)]
    for node in nodes(model, "Relu"):
        rms = float(np.sqrt(np.mean([np.square(found[node.output[0]]).mean() for found in runs])))
        assert 0.3 < rms < 3, (node.name, rms)
    scores = np.concatenate([found["scores"] for found in runs])
    assert scores.shape == (24, 10)
    assert len(set(scores.argmax(axis=1))) >= 5
    assert 0.3 < scores.max(axis=1).mean() < 0.99


def test_tiny_resnet_has_every_layer_kind() -> None:
    model = npusim_models.build("tiny_resnet_16")
    found = shapes(model)
    assert found["image"] == (1, 3, 16, 16)
    convolutions = {node.name: attributes(node) for node in nodes(model, "Conv")}
    assert convolutions["tiny_resnet/conv1/Conv2D"]["kernel_shape"] == [7, 7]
    assert convolutions["tiny_resnet/unit_1/conv2/Conv2D"]["strides"] == [2, 2]
    assert convolutions["tiny_resnet/unit_2/shortcut/Conv2D"]["kernel_shape"] == [1, 1]
    assert convolutions["tiny_resnet/conv2/Conv2D"]["dilations"] == [2, 2]
    assert [attributes(node)["kernel_shape"] for node in nodes(model, "MaxPool")] == [[3, 3], [1, 1]]
    assert len(nodes(model, "AveragePool")) == len(nodes(model, "Gemm")) == 1
    larger = npusim_models.build("tiny_resnet", size=45, width=4, classes=3)
    assert shapes(larger)["scores"] == (1, 3)


def test_mlp_sizes() -> None:
    found = shapes(npusim_models.build("mlp", inputs=5, hidden=6, layers=3, classes=2))
    assert [found[f"mlp/fc{layer}/weights_oi"] for layer in (1, 2, 3)] == [(6, 5), (6, 6), (6, 6)]
    assert found["scores"] == (1, 2)


@pytest.mark.parametrize("name", SMALL)
def test_a_seed_gives_one_network(name: str) -> None:
    first, again, other = (npusim_models.build(name, seed=seed) for seed in (1, 1, 2))
    assert first.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)
    assert first.graph != other.graph
    assert {entry.key: entry.value for entry in first.metadata_props}["seed"] == "1"


def test_drawn_values_are_fixed() -> None:
    """Drawn values may not change with a refactoring: people quote results by seed."""
    weights = parameters(npusim_models.build("mlp"))["mlp/fc1/weights_oi"]
    np.testing.assert_allclose(weights[0, :3], [0.10535439, 0.15955992, 0.06343655], rtol=1e-6)


def test_progress() -> None:
    steps: list[tuple[int, int, str]] = []
    npusim_models.build("tiny_resnet", progress=lambda *step: steps.append(step))
    assert [done for done, _, _ in steps] == list(range(len(steps)))
    assert {total for _, total, _ in steps} == {len(steps) - 1} == {8}
    assert steps[0][2] == "tiny_resnet/conv1/BatchNorm/FusedBatchNorm"


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match=r"^unknown network 'resnet5'; nearest: 'resnet50', "):
        npusim_models.build("resnet5")
    with pytest.raises(UnknownNameError, match=r"^unknown network ''; nearest: "):
        npusim_models.build("")
    with pytest.raises(UnknownNameError, match=r"^tiny_resnet: unknown option 'sise'; it has: 'size'"):
        npusim_models.build("tiny_resnet", sise=16)
    with pytest.raises(UnknownNameError, match=r"^resnet50: unknown option 'size'; it has: none$"):
        npusim_models.build("resnet50", size=16)


def test_bad_options() -> None:
    with pytest.raises(OptionError, match=r"^tiny_resnet: size 7 is not a whole number of 8 or more$"):
        npusim_models.build("tiny_resnet", size=7)
    with pytest.raises(OptionError, match=r"^mlp: classes '3' is not a whole number of 2 or more$"):
        npusim_models.build("mlp", classes="3")
    with pytest.raises(OptionError, match=r"^seed -1 is negative, expected 0 or more$"):
        npusim_models.build("mlp", seed=-1)


def test_save_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = npusim_models.build("mlp")
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            npusim_models.save(model, path)
    assert path.read_bytes() == b"old"
    npusim_models.save(model, path)
    assert onnx.load(path).graph == model.graph
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]
    (scores,) = run(onnx.load(path), npusim_models.sample_input("mlp"))
    assert scores.shape == (1, 10)


def test_save_refusals(tmp_path: Path) -> None:
    model = npusim_models.build("mlp")
    with pytest.raises(SaveError, match=rf"^{tmp_path}: cannot be written: is a directory$"):
        npusim_models.save(model, tmp_path)
    with pytest.raises(SaveError, match=r"none/model.onnx: cannot be written: no such file or directory$"):
        npusim_models.save(model, tmp_path / "none" / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_save_keeps_links_and_devices(tmp_path: Path) -> None:
    model = npusim_models.build("mlp")
    link = tmp_path / "link.onnx"
    link.symlink_to("real.onnx")
    npusim_models.save(model, link)
    assert link.is_symlink()
    assert onnx.load(tmp_path / "real.onnx").graph == model.graph
    npusim_models.save(model, os.devnull)
    assert not Path(os.devnull).is_file()
