"""Pictures and labels from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from npusim_models.errors import LabelsError, PictureError
from npusim_models.images import CHANNEL_MEANS, synthetic_picture
from npusim_models.labels import VOC, read_labels
from npusim_models.pictures import preparation_of, prepare, read_picture


@pytest.fixture
def picture() -> np.ndarray:
    return synthetic_picture(np.random.default_rng(7), 256)


def test_png_is_read_exactly(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), picture)


def test_jpeg_is_read_closely(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(tmp_path / "a.JPG", quality=95, format="JPEG")
    difference = read_picture(tmp_path / "a.JPG").astype(int) - picture
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_other_colours_become_rgb(tmp_path: Path, picture: np.ndarray, mode: str) -> None:
    image = Image.fromarray(picture).convert("L").convert(mode)
    image.save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png")
    assert found.shape == (256, 256, 3)
    np.testing.assert_array_equal(found[..., 0], np.asarray(image.convert("L")))
    assert (found == found[..., :1]).all()


def test_camera_orientation_is_applied(tmp_path: Path, picture: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(picture[:100]).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), np.rot90(picture[:100], -1))


def test_service_crop_needs_no_resampling_at_256(picture: np.ndarray) -> None:
    want = picture[16:240, 16:240].astype(np.float32).transpose(2, 0, 1)
    want -= np.array(CHANNEL_MEANS, np.float32)[:, None, None]
    np.testing.assert_allclose(prepare(picture, (224, 224), "vgg")[0], want, atol=1e-4)
    np.testing.assert_allclose(prepare(picture, (224, 224), "densenet")[0], want * 0.017, atol=1e-5)


def test_crop_is_central_and_keeps_proportions() -> None:
    """A disc in the middle of a wide picture stays a disc of 256 / height of its size."""
    y, x = np.mgrid[:512, :1024]
    disc = np.hypot(y - 255.5, x - 511.5) < 128
    picture = np.repeat(np.uint8(255) * disc[..., None], 3, axis=2)
    found = prepare(picture, (224, 224), "vgg")[0, 0] + CHANNEL_MEANS[0] > 127
    rows, columns = np.nonzero(found)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (48, 175, 48, 175)


def test_detector_gets_the_whole_picture(picture: np.ndarray) -> None:
    wide = np.zeros((256, 640, 3), np.uint8)
    wide[:, 320:] = 255
    found = prepare(wide, (300, 300), "ssd")[0, 0] + CHANNEL_MEANS[0]
    assert found.shape == (300, 300)
    assert (found[:, :149] < 1e-3).all()
    assert (found[:, 151:] > 254.9).all()


def test_torch_normalisation(picture: np.ndarray) -> None:
    want = (picture[16:240, 16:240] / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    np.testing.assert_allclose(prepare(picture, (224, 224), "torch")[0], want.transpose(2, 0, 1), atol=1e-5)


def test_preparation_of_networks() -> None:
    found = [preparation_of(name) for name in ("densenet121", "ssd_300_vgg", "vgg_16", "resnet_v1_50", "mine", "")]
    assert found == ["densenet", "ssd", "vgg", "vgg", "vgg", "vgg"]
    assert preparation_of("resnet_v1_50.torchvision") == preparation_of("densenet121.torchvision") == "torch"
    assert preparation_of("resnet_v1_50.keras") == preparation_of("vgg_16.keras") == "caffe"
    assert preparation_of("densenet121.keras") == "torch"


def test_caffe_is_vgg_in_blue_green_red(picture: np.ndarray) -> None:
    rgb, bgr = (prepare(picture, (224, 224), how)[0] for how in ("vgg", "caffe"))
    np.testing.assert_array_equal(bgr, rgb[::-1])


def test_bad_pictures(tmp_path: Path, picture: np.ndarray) -> None:
    Image.new("CMYK", (64, 64)).save(tmp_path / "cmyk.jpg")
    Image.new("I;16", (64, 64)).save(tmp_path / "grey16.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    Image.fromarray(picture).save(tmp_path / "bmp.jpg", format="BMP")
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.fromarray(picture).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:3000])
    for name, text in {
        "cmyk.jpg": "colours are CMYK, expected 1-bit, 8-bit grey",
        "grey16.png": "colours are 16-bit grey",
        "one.png": "has 1 x 1 pixels, expected at least 16 a side",
        "bmp.jpg": "is neither a JPEG nor a PNG picture",
        "text.jpg": "is neither a JPEG nor a PNG picture",
        "empty.png": "is neither a JPEG nor a PNG picture",
        "cut.png": "the picture",
        "absent.png": "cannot be read: no such file or directory",
    }.items():
        with pytest.raises(PictureError, match=text) as caught:
            read_picture(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))


def test_every_prefix_of_a_picture_is_read_or_refused(tmp_path: Path) -> None:
    Image.fromarray(synthetic_picture(np.random.default_rng(1), 32)).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    refused = 0
    for length in range(0, len(data), 7):
        (tmp_path / "b.jpg").write_bytes(data[:length])
        try:
            assert read_picture(tmp_path / "b.jpg").shape == (32, 32, 3)
        except PictureError:
            refused += 1
    assert refused > len(data) // 7 * 0.9


def test_unknown_preparation(picture: np.ndarray) -> None:
    with pytest.raises(PictureError, match="unknown preparation 'vg'; nearest: 'vgg'"):
        prepare(picture, (224, 224), "vg")


def test_labels(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("\n".join(VOC) + "\n\n", encoding="utf-8")
    assert read_labels(path, 20) == VOC
    path.write_text("background\n" + "\n".join(VOC), encoding="utf-8")
    assert read_labels(path, 20) == VOC


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\nb\n", "has 2 lines, expected 3, one for each class"),
        (b"a\nb\nc\nd\n", "has 4 lines, expected 3"),
        (b"a\n\nc\n", ":2: the line is empty, expected the name of class 1"),
        (b"\xff\xfe\x00", "not a text file in UTF-8"),
        (None, "cannot be read: no such file"),
    ],
)
def test_bad_labels(tmp_path: Path, data: bytes | None, text: str) -> None:
    path = tmp_path / "labels.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(LabelsError, match=text):
        read_labels(path, 3)
