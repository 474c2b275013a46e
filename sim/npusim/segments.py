"""How the channels of a pixel lie in native vectors: each segment starts at a vector of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def vectors_of(segments: tuple[int, ...], native_dim: int) -> int:
    """Return the native vectors that a pixel takes; segments: channel counts."""
    return sum(-(-segment // native_dim) for segment in segments)


def lanes_of(segments: tuple[int, ...], native_dim: int) -> npt.NDArray[np.int64]:
    """Return int64[channels]: for each channel its lane, counted through the pixel's vectors (vector * N + lane)."""
    lanes, vector = [], 0
    for segment in segments:
        lanes.append(vector * native_dim + np.arange(segment, dtype=np.int64))
        vector += vectors_of((segment,), native_dim)
    return np.concatenate(lanes)
