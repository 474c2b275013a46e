"""The reduce stage's values: maxima and exact sums over windows of a stream of native vectors."""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

import enum

import numpy as np
from numba import njit

from ..errors import InputError
from ..numerics import F32, round_totals
from .vector import copy_floats, keep_larger, require_stream

_EXACT = 4096  # halves, multiples of 2^-24 below 2^16, whose sum float64 holds: 40 + 12 bits


class Reduction(enum.IntEnum):
    """What a window becomes: its largest half, or its exact sum, rounded once."""

    MAX = 0
    SUM = 1


def _check_windows(n: int, overlap: int, head: int, run: int) -> None:
    if n < 1 or overlap not in (0, 1) or overlap >= n or head < 1 or run < 1:
        raise InputError(
            f"reduction: got n={n}, overlap={overlap}, head={head}, run={run} "
            "(allowed: n, head and run at least 1, overlap 0 or 1 and below n)"
        )


def windows_in_run(n: int, overlap: int, head: int, run: int, tail: bool) -> int:
    """Return how many windows a run of `run` elements gives (see `reduce_windows`)."""
    _check_windows(n, overlap, head, run)
    if run < head:
        return int(tail)
    whole, rest = divmod(run - head, n - overlap)
    return 1 + whole + (tail and rest > 0)


def reduce_windows(
    x: F32,
    kind: Reduction,
    out: F32,
    *,
    n: int,
    overlap: int = 0,
    head: int | None = None,
    run: int,
    tail: bool = False,
) -> bool:
    """Reduce windows of a stream, element by element of the native vector.

    x: float32[P, N], P a multiple of `run`, at which the state starts again; out: float32[P / run * W, N] with
    W = windows_in_run(...), not overlapping x.  The first window of a run takes `head` vectors (n when None); every
    later one starts `overlap` vectors before the end of the one before and has n in all.  What is left at the end of a
    run, if it holds at least one vector that no window has seen, is a shorter window of its own with `tail`, and is
    dropped without.  Returns whether a sum saturated.
    """
    head = n if head is None else head
    per_run = windows_in_run(n, overlap, head, run, tail)
    require_stream(x, "x")
    require_stream(out, "out")
    if len(x) % run:
        raise InputError(f"x: got {len(x)} vectors (allowed: a multiple of run={run})")
    if out.shape != (len(x) // run * per_run, x.shape[1]):
        raise InputError(f"out: got shape {out.shape} (allowed: {(len(x) // run * per_run, x.shape[1])})")
    reduce = _largest if kind is Reduction.MAX else _sums
    return bool(reduce(x, out, n, overlap, head, run, per_run))


@njit(cache=True, nogil=True)
def _largest(x, out, n, overlap, head, run, per_run):
    to = 0
    row = x.shape[1] * 4
    for base in range(0, x.shape[0], run):
        begin, end = 0, head
        for _ in range(per_run):
            y = out.ctypes.data + to * row
            copy_floats(x.ctypes.data + (base + begin) * row, y, x.shape[1])
            for p in range(begin + 1, min(end, run)):
                keep_larger(y, x.ctypes.data + (base + p) * row, x.shape[1])
            to += 1
            begin = end - overlap
            end = begin + n
    return False


@njit(cache=True, nogil=True)
def _sums(x, out, n, overlap, head, run, per_run):
    over = False
    to, width = 0, x.shape[1]
    total = np.empty(width, np.float64)
    units = np.empty(width, np.int64)
    for base in range(0, x.shape[0], run):
        begin, end = 0, head
        for _ in range(per_run):
            last = min(end, run)
            total[:] = 0.0
            for p in range(base + begin, base + min(last, begin + _EXACT)):
                for i in range(width):
                    total[i] += x[p, i]
            if last - begin > _EXACT:
                _long_sum(x, base + begin, base + last, total, units)
            over |= round_totals(total, out, to)
            to += 1
            begin = end - overlap
            end = begin + n
    return over


@njit(cache=True, nogil=True)
def _long_sum(x, first, last, total, units):
    """Leave in `total` the sum of more vectors than float64 holds exactly, its low bits folded into one (sticky)."""
    width = x.shape[1]
    units[:] = 0
    for start in range(first, last, _EXACT):
        total[:] = 0.0
        for p in range(start, min(start + _EXACT, last)):
            for i in range(width):
                total[i] += x[p, i]
        for i in range(width):
            units[i] += np.int64(total[i] * 2.0**24)
    for i in range(width):
        value = abs(units[i])
        scale = 2.0**-24
        while value >= 1 << 52:
            value = (value >> 1) | (value & 1)
            scale *= 2.0
        total[i] = value * scale if units[i] >= 0 else -(value * scale)
