"""The synthetic pictures: preprocessed as the service did, different from each other, with natural statistics."""

from __future__ import annotations

import numpy as np
import pytest

from npusim_models import OptionError, synthetic_image
from npusim_models.images import CHANNEL_MEANS, preprocess, synthetic_picture


def test_preprocessing_subtracts_the_means() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[1, 2] = (10, 20, 30)
    image = preprocess(picture)
    assert image.shape == (1, 3, 2, 3)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[0, :, 0, 0], -np.array(CHANNEL_MEANS, np.float32))
    np.testing.assert_allclose(image[0, :, 1, 2], np.array([10, 20, 30]) - CHANNEL_MEANS, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 16, 33, 224])
def test_size(size: int) -> None:
    image = synthetic_image(0, size)
    assert image.shape == (1, 3, size, size)
    assert image.flags.c_contiguous


def test_seeds() -> None:
    assert np.array_equal(synthetic_image(4), synthetic_image(4))
    assert not np.array_equal(synthetic_image(4), synthetic_image(5))


def test_pictures_are_exposed_and_use_the_range() -> None:
    pictures = np.stack([synthetic_picture(np.random.default_rng(seed), 96) for seed in range(12)]).astype(np.float64)
    assert (pictures.mean(axis=(1, 2, 3)) > 70).all()
    assert (pictures.mean(axis=(1, 2, 3)) < 180).all()
    assert (pictures.std(axis=(1, 2, 3)) > 25).all()
    assert (pictures.std(axis=(1, 2)).mean() > 25).all()


def test_spectrum_falls_as_one_over_frequency() -> None:
    """Amplitude against frequency has a slope of about -1 (natural pictures: -0.8 to -1.5)."""
    pictures = [synthetic_picture(np.random.default_rng(seed), 128).mean(axis=2) for seed in range(12)]
    power = np.mean([np.abs(np.fft.fft2(picture)) ** 2 for picture in pictures], axis=0)
    frequency = np.hypot(np.fft.fftfreq(128)[:, np.newaxis], np.fft.fftfreq(128))
    inside = (frequency > 2 / 128) & (frequency < 0.4)
    slope = np.polyfit(np.log(frequency[inside]), 0.5 * np.log(power[inside]), 1)[0]
    assert -1.6 < slope < -0.7


def test_refusals() -> None:
    with pytest.raises(OptionError, match=r"^synthetic image: size 0 is too small, expected 1 or more$"):
        synthetic_image(0, 0)
    with pytest.raises(OptionError, match=r"^synthetic image: seed -2 is negative, expected 0 or more$"):
        synthetic_image(-2)
