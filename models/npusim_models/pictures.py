"""Pictures from files to what a network takes, as the Azure service prepared them.

The service scaled a picture's short side to 256, took the central 224 x 224 and subtracted the channel means (VGG's
preprocessing in tensorflow/models, research/slim/preprocessing); DenseNet-121 got that times 0.017, and SSD-VGG the
whole picture squeezed to 300 x 300.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from npusim_models.errors import PictureError, nearest, os_reason, quoted
from npusim_models.images import DENSENET_SCALE, preprocess

SUFFIXES = (".jpg", ".jpeg", ".png")
RESIZED_SIDE, CROPPED_SIDE = 256, 224
SMALLEST_SIDE = 16
MODES = {"1": "1-bit", "L": "8-bit grey", "LA": "grey with alpha", "P": "palette", "RGB": "RGB", "RGBA": "RGBA"}
TORCH_MEAN, TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of values 0..1, torchvision's


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a picture becomes a tensor.

    crop: take the centre, 224 of the 256 that the short side would have, or else squeeze the whole picture.
    scale: of the pixels less the channel means; 0: torchvision's normalisation instead.
    reverse: blue, green, red.
    """

    crop: bool
    scale: float
    reverse: bool = False


PREPARATIONS = {
    "vgg": Preparation(True, 1.0),
    "densenet": Preparation(True, DENSENET_SCALE),
    "ssd": Preparation(False, 1.0),
    "torch": Preparation(True, 0.0),
    "caffe": Preparation(True, 1.0, reverse=True),
}
"""By name: the service's for ResNet and VGG, for DenseNet, for SSD; what PyTorch's models and Keras' DenseNet expect;
what Keras' ResNet and VGG expect (keras/src/applications/imagenet_utils.py)."""
DEFAULTS = {
    "densenet121": "densenet",
    "ssd_300_vgg": "ssd",
    "densenet121.keras": "torch",
    ".torchvision": "torch",
    ".keras": "caffe",
}
"""By a network's name, or its end."""


def preparation_of(network: str) -> str:
    """Return what one of our networks expects, given its name: the framework's way or the service's; else "vgg"."""
    return DEFAULTS.get(network) or DEFAULTS.get("." + network.rpartition(".")[2], "vgg")


def read_picture(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Return a JPEG or PNG file as uint8[height, width, 3], turned the way its camera was held.

    Raises `PictureError` for anything else, for colours other than 8-bit grey, palette, RGB, and for tiny pictures.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    where = os.fspath(path)
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            if image.mode not in MODES:
                allowed = ", ".join(MODES.values())
                raise PictureError(f"{where}: the picture's colours are {_mode(image)}, expected {allowed}")
            if min(image.size) < SMALLEST_SIDE:
                size = " x ".join(map(str, image.size))
                raise PictureError(f"{where}: the picture has {size} pixels, expected at least {SMALLEST_SIDE} a side")
            image.load()
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"{where}: is neither a JPEG nor a PNG picture") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{where}: the picture has more than {Image.MAX_IMAGE_PIXELS} pixels") from None
    except OSError as error:
        reason = os_reason(error) if error.strerror else str(error)
        raise PictureError(f"{where}: the picture cannot be read: {reason}") from None
    except Exception as error:  # the decoders raise whatever they like at damaged bytes
        raise PictureError(f"{where}: the picture is damaged: {error or type(error).__name__}") from None


def prepare(picture: NDArray[np.uint8], size: tuple[int, int], how: str) -> NDArray[np.float32]:
    """Turn uint8[h, w, 3] into float32[1, 3, height, width]; size: (height, width); how: a name of `PREPARATIONS`.

    Resizing is bilinear over the area of a pixel (Pillow), where the service took four neighbours (TensorFlow):
    pictures much larger than 256 pixels come out smoother.
    """
    if how not in PREPARATIONS:
        raise PictureError(f"unknown preparation '{how}'; nearest: {quoted(nearest(how, PREPARATIONS))}")
    chosen = PREPARATIONS[how]
    resized = _resize(picture, size, chosen.crop)
    if chosen.scale:
        shifted = preprocess(resized, chosen.scale)
        return np.ascontiguousarray(shifted[:, ::-1]) if chosen.reverse else shifted
    unit = resized.astype(np.float32) / np.float32(255)
    normal = (unit - np.array(TORCH_MEAN, np.float32)) / np.array(TORCH_DEVIATION, np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[np.newaxis])


def _resize(picture: NDArray[np.uint8], size: tuple[int, int], crop: bool) -> NDArray[np.uint8]:
    """Resize the picture, or what the central crop of the resized picture shows."""
    from PIL import Image

    height, width = picture.shape[:2]
    box = (0.0, 0.0, float(width), float(height))
    if crop:  # the rectangle of the output's proportions that holds CROPPED_SIDE / RESIZED_SIDE of the short side
        unit = min(height / size[0], width / size[1]) * CROPPED_SIDE / RESIZED_SIDE
        left, top = (width - unit * size[1]) / 2, (height - unit * size[0]) / 2
        box = (left, top, left + unit * size[1], top + unit * size[0])
    resized = Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BILINEAR, box)
    return np.asarray(resized)


def _mode(image: Any) -> str:
    return {"CMYK": "CMYK", "I": "32-bit grey", "F": "floating point"}.get(
        image.mode, "16-bit grey" if image.mode.startswith("I;16") else str(image.mode)
    )
