"""`npusim run` on pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import Call, model, save
from onnx import helper
from PIL import Image

from npusim_models.detection import expected_outputs
from npusim_models.images import synthetic_picture
from npusim_models.pictures import prepare


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    Image.fromarray(synthetic_picture(np.random.default_rng(3), 40)).save(path)
    return path


def test_classes_of_a_picture(npusim: Call, resnet: Path, picture: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("".join(f"thing {number}\n" for number in range(10)))
    said = npusim("run", resnet, "--input", picture, "--top", "3", "--labels", names, "--output", tmp_path / "y.npz")
    assert said.status == 0, said
    assert "40 x 40 pixels, prepared as for vgg" in said.out
    scores = np.load(tmp_path / "y.npz")["scores"][0]
    best = np.argsort(-scores)[:3]
    lines = said.out.split("classes by scores:\n")[1].splitlines()[:3]
    assert [line.split(maxsplit=1)[1] for line in lines] == [f"thing {at}" for at in best]
    np.testing.assert_allclose([float(line.split()[0]) for line in lines], scores[best], rtol=1e-5)


def test_a_picture_is_its_prepared_array(npusim: Call, resnet: Path, picture: Path, tmp_path: Path) -> None:
    pixels = np.asarray(Image.open(picture))
    np.save(tmp_path / "x.npy", prepare(pixels, (16, 16), "torch"))
    for source, options, name in ((picture, ["--prepare", "torch"], "a.npz"), (tmp_path / "x.npy", [], "b.npz")):
        assert npusim("run", resnet, "--input", source, *options, "--output", tmp_path / name).status == 0
    a, b = (np.load(tmp_path / name)["scores"] for name in ("a.npz", "b.npz"))
    np.testing.assert_array_equal(a, b)


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is refused is refused before the back end has begun."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr("npusim.compiler.back.backend.to_program", fail)


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--input", "no.jpg"], "no.jpg: is neither a JPEG nor a PNG picture"),
        (["--input", "x=no.jpg"], "no.jpg: is neither a JPEG nor a PNG picture"),
        (["--input", "gone.png"], "gone.png: the picture cannot be read: no such file or directory"),
        (["--input", "one.png"], "one.png: the picture has 1 x 1 pixels, expected at least 16 a side"),
        (["--input", "cmyk.jpg"], "cmyk.jpg: the picture's colours are CMYK, expected 1-bit, 8-bit grey"),
        (["--input", "deep.png"], "deep.png: the picture's colours are 16-bit grey, expected 1-bit, 8-bit grey"),
        (["--input", "cut.png"], "cut.png: the picture "),
        (["--input", "cat.png", "--input", "cat.png"], "cat.png: input 'image' is given twice"),
        (["--input", "cat.png", "--labels", "two.txt"], "two.txt: has 2 lines, expected 10, one for each class"),
        (["--labels", "eleven.txt"], "eleven.txt: has 11 lines, expected 10, one for each class"),
        (["--labels", "binary.txt"], "binary.txt: not a text file in UTF-8"),
        (["--labels", "gone.txt"], "gone.txt: cannot be read: no such file or directory"),
        (["--input", "cat.png", "--draw", "b.png"], "--draw: tiny_resnet does not return SSD-VGG's 12 outputs"),
        (["--input", "cat.png", "--draw", "b.txt"], "run: --draw b.txt: expected a name that ends in .png"),
        (["--input", "flat.npy"], "input 'image' has shape 1x3, expected 1x3x16x16"),
        (["--input", "nan.npy"], "input 'image' holds NaN or infinity; every value must be finite"),
        (["--prepare", "ssd"], "run: --prepare is for pictures: give one with --input"),
        (["--top", "3", "--no-values"], "run: --top needs values: leave --no-values out"),
    ],
)
def test_bad_pictures_and_options(
    refused: Callable[..., str], resnet: Path, picture: Path, tmp_path: Path, args: list[str], text: str
) -> None:
    (tmp_path / "no.jpg").write_text("no picture")
    (tmp_path / "two.txt").write_text("a\nb\n")
    (tmp_path / "eleven.txt").write_text("a\n" * 11)
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "cut.png").write_bytes(picture.read_bytes()[:300])
    np.save(tmp_path / "flat.npy", np.zeros((1, 3), np.float32))
    np.save(tmp_path / "nan.npy", np.full((1, 3, 16, 16), np.nan, np.float32))
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    Image.new("CMYK", (64, 64)).save(tmp_path / "cmyk.jpg")
    Image.new("I;16", (64, 64)).save(tmp_path / "deep.png")
    assert text in refused("run", resnet, *args)


@pytest.mark.usefixtures("uncompiled")
def test_a_picture_for_an_input_that_takes_none(refused: Callable[..., str], mlp: Path, picture: Path) -> None:
    text = refused("run", mlp, "--input", "cat.png")
    assert "cat.png: a picture, but input" in text
    assert "expected 1 x 3 x height x width" in text


def heads(shapes: dict[str, tuple[int, ...]]) -> Any:
    """Return a network that takes 16 x 16 pictures and returns numbers in these shapes."""
    rng = np.random.default_rng(0)
    nodes, weights = [], {}
    for number, (name, shape) in enumerate(shapes.items()):
        channels = int(np.prod(shape))
        weights |= {f"w{number}": rng.standard_normal((channels, 3, 16, 16)).astype(np.float32) / 100}
        weights |= {f"s{number}": np.array(shape, np.int64)}
        nodes.append(helper.make_node("Conv", ["x", f"w{number}"], [f"c{number}"], name=f"conv{number}"))
        nodes.append(helper.make_node("Reshape", [f"c{number}", f"s{number}"], [name], name=f"reshape{number}"))
    return model(nodes, {"x": (1, 3, 16, 16)}, list(shapes), weights)


LAST = {name: shape for name, shape in expected_outputs().items() if "block11" in name}


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize(
    ("shapes", "options", "text"),
    [
        (LAST, [], "the network has no output 'ssd_300_vgg/block4_box/Reshape_1:0', expected SSD-VGG's twelve"),
        (
            {**dict.fromkeys(expected_outputs(), (1, 8)), **LAST},
            ["--draw", "b.png"],
            "output 'ssd_300_vgg/block4_box/Reshape_1:0' has shape 1 x 8, expected 1 x 37 x 37 x 4 x 21",
        ),
        ({"boxes": (1, 8), "scores": (1, 4)}, ["--draw", "b.png"], "--draw: net does not return SSD-VGG's 12 outputs"),
        ({"boxes": (1, 8), "scores": (1, 4)}, ["--top", "2"], "--top: the model has 2 outputs with one number a class"),
    ],
)
def test_a_detector_with_unexpected_outputs(
    refused: Callable[..., str], picture: Path, tmp_path: Path, shapes: dict[str, Any], options: list[str], text: str
) -> None:
    save(heads(shapes), tmp_path / "net.onnx")
    assert text in refused("run", "net.onnx", "--input", picture, *options)


def test_some_of_a_detectors_outputs_are_outputs(npusim: Call, tmp_path: Path) -> None:
    save(heads(LAST), tmp_path / "net.onnx")
    said = npusim("run", tmp_path / "net.onnx")
    assert said.status == 0, said.err
    assert "output ssd_300_vgg/block11_box/Reshape:0: float32 1x1x1x4x4" in said.out
