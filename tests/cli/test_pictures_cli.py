"""`npusim run` on pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Call
from PIL import Image

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


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--input", "no.jpg"], "no.jpg: is neither a JPEG nor a PNG picture"),
        (["--input", "cat.png", "--labels", "two.txt"], "two.txt: has 2 lines, expected 10, one for each class"),
        (["--input", "cat.png", "--draw", "b.png"], "--draw: tiny_resnet does not return SSD-VGG's 12 outputs"),
        (["--input", "cat.png", "--draw", "b.txt"], "run: --draw b.txt: expected a name that ends in .png"),
        (["--prepare", "ssd"], "run: --prepare is for pictures: give one with --input"),
        (["--top", "3", "--no-values"], "run: --top needs values: leave --no-values out"),
    ],
)
def test_bad_pictures_and_options(
    refused: Callable[..., str], resnet: Path, picture: Path, tmp_path: Path, args: list[str], text: str
) -> None:
    (tmp_path / "no.jpg").write_text("no picture")
    (tmp_path / "two.txt").write_text("a\nb\n")
    assert text in refused("run", resnet, *args)


def test_a_picture_for_an_input_that_takes_none(refused: Callable[..., str], mlp: Path, picture: Path) -> None:
    text = refused("run", mlp, "--input", "cat.png")
    assert "cat.png: a picture, but input" in text
    assert "expected 1 x 3 x height x width" in text
