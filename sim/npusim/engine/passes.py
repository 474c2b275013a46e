"""A pass: rows of a memory, through point-wise stages, into rows of memories, all in the first-level cache.

Also what goes on before a product: vectors of InitialVrf that have changed get their block floating point form.
"""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import carray, njit

from npusim.engine.vector import Stage, Stages, all_within, copy_floats, pointer_to, require_stream, run_stages
from npusim.errors import InputError
from npusim.numerics import offset_vector

F32 = npt.NDArray[np.float32]
I16 = npt.NDArray[np.int16]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_BLOCK_BYTES = 8192  # of the stream, taken through all stages before the next


class Pass:
    """Vectors on their way, made ready once; `run` may be called any number of times.

    source: float32[entries, N]; rows: int32[P], those of it that make the stream; stages: made ready for the stream;
    targets: pairs of float32[entries, N] and int32[P], the rows of it that the stream goes to, in order.  A row may
    stand in source and target if its last reader in the stream is no later than its first writer.  Raises `InputError`
    on shapes, dtypes and rows that do not fit.
    """

    def __init__(self, source: F32, rows: I32, stages: Stages, targets: Sequence[tuple[F32, I32]]) -> None:
        width = source.shape[1]
        for array, places in ((source, rows), *targets):
            require_stream(array, "memory")
            if places.shape != rows.shape or places.dtype != np.int32 or not places.flags.c_contiguous:
                raise InputError(f"rows: got {places.dtype}{places.shape} (allowed: int32{rows.shape}, contiguous)")
            if not all_within(places, 0, len(array) - 1):
                raise InputError(f"rows: got {places.min()}..{places.max()} (allowed: 0..{len(array) - 1})")
            if array.shape[1] != width:
                raise InputError(f"memory: got vectors of {array.shape[1]} (allowed: {width}, as the source)")
        if stages.size != (len(rows), width):
            raise InputError(f"stages: made ready for {stages.size} (allowed: {(len(rows), width)})")
        self._keep = (stages, tuple(targets))  # what the tables hold the addresses of
        self._table = np.array([(array.ctypes.data, places.ctypes.data) for array, places in targets], np.int64)
        self._args = (source, rows, stages.entry, self._table.reshape(-1, 2), max(1, _BLOCK_BYTES // (4 * width)))

    def run(self) -> bool:
        """Do the pass and return whether any value saturated."""
        return bool(_pass(*self._args))


def apply_stages(x: F32, stages: Sequence[Stage], out: F32 | None = None) -> bool:
    """Take every vector of x through all stages, in order.

    x: float32[P, N] of halves; out: float32[P, N], x itself when None (in place), else not overlapping an operand.
    Returns whether any value saturated.  InputError on shapes, dtypes or indices that do not fit.
    """
    out = x if out is None else out
    require_stream(x, "x")
    require_stream(out, "out")
    if x.shape != out.shape:
        raise InputError(f"out: got shape {out.shape} (allowed: that of x, {x.shape})")
    rows = np.arange(len(x), dtype=np.int32)
    return Pass(x, rows, Stages(stages, *x.shape), [(out, rows)]).run()


@njit(cache=True, nogil=True)
def _pass(source, rows, table, targets, block):
    width = source.shape[1]
    size = width * 4
    scratch = np.empty((block, width), np.float32)
    at = scratch.ctypes.data
    over = 0
    for first in range(0, rows.size, block):
        last = min(first + block, rows.size)
        for p in range(first, last):
            copy_floats(source.ctypes.data + np.int64(rows[p]) * size, at + (p - first) * size, width)
        if table[3] > 0:
            over |= run_stages(table, at - first * size, first, last, width)
        for t in range(targets.shape[0]):
            places = carray(pointer_to(targets[t, 1], np.int32), (rows.size,))
            for p in range(first, last):
                copy_floats(at + (p - first) * size, targets[t, 0] + np.int64(places[p]) * size, width)
    scratch[0, 0] = np.float32(0.0)  # numba frees an array after its last use, and an address is none
    return over


def refresh(memory: F32, stale: Flags, low: int, high: int, m: int, q: U8, exp: I16) -> None:
    """Convert those of the vectors [low, high) that are stale to block floating point of m magnitude bits.

    memory: float32[entries, N]; stale: bool[entries], cleared there; q: uint8[entries, N or more], mantissas + 128;
    exp: int16[entries].
    """
    if not 0 <= low <= high <= min(len(memory), len(stale), len(q), len(exp)) or q.shape[1] < memory.shape[1]:
        raise InputError(f"low, high: got {low}, {high} of {memory.shape}, {stale.shape}, {q.shape}, {exp.shape}")
    _refresh(memory, stale, low, high, m, q, exp)


@njit(cache=True, nogil=True)
def _refresh(memory, stale, low, high, m, q, exp):
    for i in range(low, high):
        if stale[i]:
            exp[i] = offset_vector(memory[i], m, q[i])
            stale[i] = False
