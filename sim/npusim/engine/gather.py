"""What compute chains read: addresses of the reader, and im2col in the Expander."""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from npusim.chain import ComputeChain
from npusim.chain.addresses import PADDING, window

I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]


def reader(chain: ComputeChain, padding: int) -> I32:
    """Return int32[P, K]: for each position and window element its vector's address, or `padding`."""
    offsets = window(chain.regs)
    return np.where(offsets == PADDING, padding, chain.source.addr + offsets).astype(np.int32)


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
