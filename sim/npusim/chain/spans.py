"""Sets of addresses as sorted, disjoint half-open intervals: int64[n, 2], each row (first, behind the last).

A nest of loops touches many addresses in few runs, so every set is built from its runs: cost grows with the number of
runs, not with the number of addresses.  All pitches are at least 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Spans = npt.NDArray[np.int64]
I64 = npt.NDArray[np.int64]

_SMALL = 1 << 12
"""Axes up to this many taps are remembered: many chains of a layer share them."""

EMPTY: Spans = np.empty((0, 2), np.int64)


def run(start: int, length: int) -> Spans:
    """Return one interval."""
    return np.array([[start, start + length]], np.int64)


def merge(starts: I64, length: int | I64) -> Spans:
    """Return the union of the runs [start, start + length); starts: int64 of any shape and order."""
    starts = starts.ravel()
    ends = starts + length
    if starts.size <= 1:
        return np.stack([starts, ends], axis=1)
    if (starts[1:] < starts[:-1]).any():
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
    reach = np.maximum.accumulate(ends)
    first = np.empty(starts.size, np.bool_)
    first[0] = True
    np.greater(starts[1:], reach[:-1], out=first[1:])
    index = np.flatnonzero(first)
    return np.stack([starts[index], reach[np.append(index[1:], starts.size) - 1]], axis=1)


def nest(count: int, columns: int, row_pitch: int, column_pitch: int) -> Spans:
    """Return {i·row_pitch + j·column_pitch} for n < count, i = n div columns, j = n mod columns."""
    columns = min(columns, count)
    rows, rest = divmod(count, columns)
    full = product(_line(rows, row_pitch), _line(columns, column_pitch))
    if not rest:
        return full
    last = _line(rest, column_pitch) + rows * row_pitch
    both = np.concatenate([full, last])
    return merge(both[:, 0], both[:, 1] - both[:, 0])


def _line(count: int, pitch: int) -> Spans:
    if pitch <= 1:
        return np.array([[0, 1 + (count - 1) * pitch]], np.int64)
    starts = np.arange(count, dtype=np.int64) * pitch
    return np.stack([starts, starts + 1], axis=1)


def product(outer: Spans, inner: Spans) -> Spans:
    """Return {a + b} of two sets."""
    if len(outer) == 1 and len(inner) == 1:
        low = outer[0, 0] + inner[0, 0]
        return np.array([[low, outer[0, 1] + inner[0, 1] - 1]], np.int64)
    starts = outer[:, 0, None] + inner[None, :, 0]
    lengths = (outer[:, 1] - outer[:, 0])[:, None] + (inner[:, 1] - inner[:, 0])[None] - 1
    return merge(starts, lengths.ravel())


def axis(count: int, stride: int, taps: int, dilation: int, pad: int, extent: int) -> I64:
    """Return the coordinates r·stride + i·dilation − pad inside 0 … extent − 1: sorted, each once."""
    if count * taps <= _SMALL:
        return _small_axis(count, stride, taps, dilation, pad, extent)
    return _axis(count, stride, taps, dilation, pad, extent)


def _axis(count: int, stride: int, taps: int, dilation: int, pad: int, extent: int) -> I64:
    at = np.add.outer(np.arange(count, dtype=np.int64) * stride, np.arange(taps, dtype=np.int64) * dilation) - pad
    inside: I64 = np.unique(at[(at >= 0) & (at < extent)])
    inside.setflags(write=False)
    return inside


_small_axis = lru_cache(maxsize=512)(_axis)


def rows(ys: I64, pitch: int, line: Spans) -> Spans:
    """Return {y·pitch + a} for y of ys and a of line."""
    if not ys.size or not len(line):
        return EMPTY
    starts = (ys * pitch)[:, None] + line[None, :, 0]
    return merge(starts, np.broadcast_to(line[:, 1] - line[:, 0], starts.shape).ravel())


def lanes(xs: I64, channels: int, lane_count: int) -> Spans:
    """Return the vectors that hold the elements x·channels … x·channels + channels − 1, for x of xs."""
    first = xs * channels // lane_count
    return merge(first, (xs * channels + channels - 1) // lane_count + 1 - first)


def wrap(spans: Spans, size: int) -> Spans:
    """Return the set modulo size."""
    if not len(spans):
        return spans
    lengths = np.minimum(spans[:, 1] - spans[:, 0], size)
    starts = spans[:, 0] % size
    over = np.maximum(starts + lengths - size, 0)
    lengths = lengths - over
    back = over[over > 0]
    return merge(np.concatenate([starts, np.zeros_like(back)]), np.concatenate([lengths, back]))


def expand(spans: Spans) -> I64:
    """Return every address of the set, sorted."""
    lengths = spans[:, 1] - spans[:, 0]
    before = np.cumsum(lengths) - lengths
    addresses: I64 = np.arange(int(lengths.sum()), dtype=np.int64) + np.repeat(spans[:, 0] - before, lengths)
    return addresses
