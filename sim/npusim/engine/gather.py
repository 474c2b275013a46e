"""Addresses of vectors as arrays: what the reader, stepping operands and write-back touch, element by element."""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from npusim.chain import ComputeChain, VectorMove

I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]


def nest(count: int, columns: int, row_pitch: int, col_pitch: int) -> I32:
    """Return int32[count]: n -> (n div columns) * row_pitch + (n mod columns) * col_pitch."""
    n = np.arange(count, dtype=np.int64)
    return ((n // columns) * row_pitch + (n % columns) * col_pitch).astype(np.int32)


def reader(chain: ComputeChain, padding: int) -> I32:
    """Return int32[P, K]: for each position and window element its vector's address, or `padding`."""
    r = chain.regs
    y = np.arange(r.rows)[:, None] * r.stride_h + np.arange(r.kh)[None] * r.dilation_h - r.pad_top
    x = np.arange(r.cols)[:, None] * r.stride_w + np.arange(r.kw)[None] * r.dilation_w - r.pad_left
    rows = y[:, None, :, None, None]
    cols = x[None, :, None, :, None]
    address = chain.source.addr + rows * r.rd_row + cols * r.rd_col + np.arange(r.kc)
    inside = (rows >= 0) & (rows < r.in_h) & (cols >= 0) & (cols < r.in_w)
    return np.ascontiguousarray(np.where(inside, address, padding).reshape(chain.positions, -1), dtype=np.int32)


def moved(move: VectorMove) -> tuple[I32, I32]:
    """Return source and destination offsets int32[P] of a vector move, in vectors from their first addresses."""
    r = move.regs
    return (
        nest(move.positions, r.cols, r.rd_row, r.rd_col),
        nest(move.positions, r.out_cols, r.wr_row, r.wr_col),
    )


def expand(memory: F32, chain: ComputeChain, out: F32) -> None:
    """Do im2col of the raw image rows in the Expander.

    memory: float32[expander, N]; out: float32[P * K, N], overwritten.
    """
    r = chain.regs
    _expand(
        memory.reshape(-1), chain.source.addr, r.rows, r.cols, r.kh, r.kw, r.stride_h, r.stride_w, r.dilation_h,
        r.dilation_w, r.pad_top, r.pad_left, r.in_h, r.in_w, r.rd_row * memory.shape[1], r.channels,
        memory.shape[1], out.reshape(chain.positions, -1),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _expand(memory, addr, rows, cols, kh, kw, sh, sw, dh, dw, pt, pl, in_h, in_w, pitch, channels, n, out):
    size = memory.shape[0]
    for row in range(rows):
        for i in range(kh):
            y = row * sh + i * dh - pt
            start = (addr * n + y * pitch) % size
            whole = start + in_w * channels <= size  # else the row crosses the end of the ring
            for col in range(cols):
                line = out[row * cols + col]
                e = i * kw * channels
                left = col * sw - pl
                if dw == 1 and whole and 0 <= y < in_h and left >= 0 and left + kw <= in_w:
                    at = start + left * channels
                    line[e : e + kw * channels] = memory[at : at + kw * channels]
                    continue
                for j in range(kw):
                    x = left + j * dw
                    inside = 0 <= y < in_h and 0 <= x < in_w
                    for c in range(channels):
                        line[e + c] = memory[(start + x * channels + c) % size] if inside else 0.0
                    e += channels
    out[:, kh * kw * channels :] = 0.0
