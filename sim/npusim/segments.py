"""How the channels of a pixel lie in native vectors: each segment starts at a vector of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def vectors_of(segments: tuple[int, ...], native_dim: int, lane: int = 0) -> int:
    """Return the native vectors that a pixel takes; segments: channel counts; lane: where the first one begins."""
    return sum(-(-segment // native_dim) for segment in (segments[0] + lane, *segments[1:]))


def lanes_of(segments: tuple[int, ...], native_dim: int, lane: int = 0) -> npt.NDArray[np.int64]:
    """Return int64[channels]: for each channel its lane, counted through the pixel's vectors (vector * N + lane).

    lane: where the first segment begins.
    """
    lanes, vector = [], 0
    for number, segment in enumerate(segments):
        first = lane if number == 0 else 0
        lanes.append(vector * native_dim + first + np.arange(segment, dtype=np.int64))
        vector += vectors_of((segment,), native_dim, first)
    return np.concatenate(lanes)
