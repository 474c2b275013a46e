"""A chain's address loops, element by element, as arrays: the reader's window, and nests of rows and columns."""

from __future__ import annotations

import numpy as np

from npusim.chain.forms import Registers
from npusim.chain.spans import I64

PADDING = -1


def nest(count: int, columns: int, row_pitch: int, column_pitch: int) -> I64:
    """Return int64[count]: i·row_pitch + j·column_pitch for n < count, i = n div columns, j = n mod columns."""
    n = np.arange(count, dtype=np.int64)
    return n // columns * row_pitch + n % columns * column_pitch


def window(regs: Registers) -> I64:
    """Return int64[P, K]: the reader's offset of every vector in stream order, `PADDING` outside the map."""
    y = np.add.outer(_steps(regs.rows, regs.stride_h), _steps(regs.kh, regs.dilation_h)) - regs.pad_top
    x = np.add.outer(_steps(regs.cols, regs.stride_w), _steps(regs.kw, regs.dilation_w)) - regs.pad_left
    inside = ((y >= 0) & (y < regs.in_h))[:, None, :, None] & ((x >= 0) & (x < regs.in_w))[None, :, None, :]
    at = (y * regs.rd_row)[:, None, :, None] + (x * regs.rd_col)[None, :, None, :]
    taps = at[..., None] + np.arange(regs.kc)
    offsets: I64 = np.where(inside[..., None], taps, PADDING).reshape(regs.rows * regs.cols, -1)
    return offsets


def _steps(count: int, pitch: int) -> I64:
    return np.arange(count, dtype=np.int64) * pitch
