"""Pictures that look real enough to measure a network with, and the preprocessing of the Azure service.

Natural pictures have a 1/f amplitude spectrum, colour planes that move together, smooth shading, and sharp edges where
one object hides another (D. L. Ruderman, "The statistics of natural images", 1994); these have the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from npusim_models.errors import OptionError

CHANNEL_MEANS = (123.68, 116.779, 103.939)  # red, green, blue: VGG's, which the service subtracted
DENSENET_SCALE = 0.017  # by which it multiplied what DenseNet-121 got


def synthetic_image(seed: int, size: int = 224) -> NDArray[np.float32]:
    """Return one synthetic picture as a network takes it: float32[1, 3, size, size], preprocessed."""
    if seed < 0:
        raise OptionError(f"synthetic image: seed {seed} is negative, expected 0 or more")
    return preprocess(synthetic_picture(np.random.default_rng([seed, 0x1A6E]), size))


def preprocess(picture: NDArray[np.uint8], scale: float = 1.0) -> NDArray[np.float32]:
    """Turn uint8[height, width, 3] (RGB) into float32[1, 3, height, width] less the channel means, times `scale`."""
    shifted = (picture.astype(np.float32) - np.array(CHANNEL_MEANS, np.float32)) * np.float32(scale)
    return np.ascontiguousarray(shifted.transpose(2, 0, 1)[np.newaxis])


def synthetic_picture(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Return uint8[size, size, 3]: a shaded, textured background with 3 to 9 objects in front of each other."""
    if size < 1:
        raise OptionError(f"synthetic image: size {size} is too small, expected 1 or more")
    axis = (np.arange(size) + 0.5) / size - 0.5
    y, x = np.meshgrid(axis, axis, indexing="ij")
    picture = _surface(rng, x, y)
    for _ in range(rng.integers(3, 10)):
        cover = _silhouette(rng, x, y)[..., np.newaxis]
        picture = picture * (1 - cover) + _surface(rng, x, y) * cover
    picture = _expose(picture, rng.uniform(95, 140), rng.uniform(50, 70))
    picture += rng.normal(0, rng.uniform(0.5, 4), picture.shape)  # the sensor's own noise
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _expose(picture: NDArray[np.float64], mean: float, deviation: float) -> NDArray[np.float64]:
    """Give the picture a mean and, up to a factor of 2 either way, a deviation, as a camera's exposure does."""
    own = float(picture.std())
    gain = float(np.clip(deviation / own, 0.5, 2.0)) if own else 1.0
    return np.asarray((picture - picture.mean()) * gain + mean)


def _surface(rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return float64[size, size, 3]: one colour, shaded across, with a 1/f texture."""
    angle = rng.uniform(0, 2 * np.pi)
    shade = (x * np.cos(angle) + y * np.sin(angle)) * rng.normal(0, 50)
    texture = _pink(rng, x.shape[0], rng.uniform(0.9, 1.4)) * rng.uniform(5, 22)
    tint = 1 + 0.3 * rng.standard_normal(3)
    colour = rng.uniform(20, 235) + 30 * rng.standard_normal(3)
    return np.asarray(colour + (shade + texture)[..., np.newaxis] * tint)


def _pink(rng: np.random.Generator, size: int, slope: float) -> NDArray[np.float64]:
    """Return float64[size, size] of mean 0 and deviation 1 with amplitude falling as 1 / frequency^slope."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, np.newaxis], np.fft.rfftfreq(size))
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) / frequency**slope, s=(size, size))
    deviation = float(noise.std())
    return np.asarray(noise / deviation if deviation else noise)


def _silhouette(rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cover, 0 to 1, of an ellipse, a rectangle or a convex polygon, its edge about a pixel wide."""
    angle = rng.uniform(0, 2 * np.pi)
    dx, dy = x - rng.uniform(-0.5, 0.5), y - rng.uniform(-0.5, 0.5)
    u, v = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    a, b = rng.uniform(0.05, 0.4, 2)
    kind = rng.integers(3)
    if kind == 0:
        outside = (np.hypot(u / a, v / b) - 1) * min(a, b)
    elif kind == 1:
        outside = np.maximum(np.abs(u) - a, np.abs(v) - b)
    else:
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
        outside = np.max([u * np.cos(turn) + v * np.sin(turn) - a for turn in turns], axis=0)
    return np.asarray(np.clip(0.5 - outside * x.shape[0] / rng.uniform(1, 2.5), 0, 1))
