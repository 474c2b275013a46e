"""The matrix-vector unit's values: block-exact, strictly ordered, fast.

For every position p and row r of an output tile

    acc = dot(tile[0], q[src[p, 0]]);   acc = fp32(acc + dot(tile[k], q[src[p, k]])) for k = 1..K-1;   out = half(acc)

where dot is the exact integer sum of products times 2^(E_w - (m_w-1) + E_a - (m_a-1)).  The integer is below 2^24, so
the scaled value is exact in fp32, apart from being flushed to a zero of its sign below 2^-126 and saturated above the
largest float32, as every fp32 value is.  A dot product of integer 0 is +0.

Almost always the exponents leave flush and saturation out of reach, and IEEE float32 additions are the rule; `TilePool`
decides that per tile.  Then one of the microkernels does the work, otherwise the `exact` loops; `plain` is for
processors without a microkernel.  All of them leave the same bits behind.  NPUSIM_KERNEL names one of vnni512, vnni256,
avx2, plain and exact; the default is the first that the processor has.
"""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import numpy.typing as npt
from numba import njit

from ..errors import InputError, nearest
from ..numerics import F32, I8, I16, I32, MANTISSA_BITS, U8
from .board import (
    ACTS,
    BIAS,
    BLOCK,
    BOARD,
    CHUNKS,
    CODE,
    DEPTH,
    EXP,
    GROUP,
    HOLD,
    IDS,
    KERNELS,
    POSITIONS,
    SCALES,
    SRC,
    STAGES,
    START,
    STEPS,
    TARGET_COUNT,
    TARGETS,
    WIDTH,
    aligned,
    lead,
    team,
)
from .vector import Stage, Stages, all_within

# Exponents of non-zero rows between which no dot product or sum can leave fp32's normal range: the smallest quantum is
# 2^(-100 - 14 - 6 - 6) = 2^-126, and a sum stays below 2^(64 + 1 + 16 + log2(N*K)) < 2^127 for N*K < 2^46.
_SAFE_WEIGHT_EXP = (-100, 64)
_SAFE_ACT_EXP = (-14, 15)
_ROW_ALIGN = 16  # a pool pads its rows to a multiple of this
_MIN_MACS_A_THREAD = 1_000_000  # below, handing work to a thread costs more than it saves


# ---------------------------------------------------------------------------------------------------- choosing one


def _processor_features() -> set[str]:
    """Return the features that numba compiles for, which need not be all that the host has."""
    if numba.config.CPU_FEATURES is not None:
        return {f[1:] for f in str(numba.config.CPU_FEATURES).split(",") if f.startswith("+")}
    if numba.config.CPU_NAME not in (None, "host"):
        return set()
    try:
        has = {name for name, value in llvm.get_host_cpu_features().items() if value}
    except RuntimeError:  # LLVM does not know this host
        return set()
    return has if numba.config.ENABLE_AVX else {name for name in has if not name.startswith("avx")}


@functools.cache
def available_kernels() -> tuple[str, ...]:
    """Return the flavours that this processor runs, best first; `plain` and `exact` always end the list."""
    has = _processor_features()
    names = []
    if {"avx512f", "avx512bw", "avx512vnni"} <= has:
        names.append("vnni512")
    if {"avx512vl", "avx512vnni"} <= has or "avxvnni" in has:
        names.append("vnni256")
    if "avx2" in has:
        names.append("avx2")
    return (*names, "plain", "exact")


def choose_kernel(name: str | None = None) -> str:
    """Return the flavour to use: `name`, else the environment's NPUSIM_KERNEL, else the best available one."""
    return _usable_kernel(name or os.environ.get("NPUSIM_KERNEL"))


@functools.cache
def _usable_kernel(name: str | None) -> str:
    usable = available_kernels()
    if not name:
        return usable[0]
    if name not in KERNELS:
        raise InputError(f"NPUSIM_KERNEL: got '{name}'{nearest(name, KERNELS)}")
    if name not in usable:
        raise InputError(f"NPUSIM_KERNEL: got '{name}', which this processor lacks (allowed: {', '.join(usable)})")
    return name


# ------------------------------------------------------------------------------------------------------- tile pool


class TilePool:
    """Weight tiles in the order the kernels read them; built once, read by any number of threads.

    `weights` int8[n_tiles, ...]: mantissas, rows padded to a multiple of 16 and elements to a multiple of 4 with zeros.
    Those of 64 rows, or of the rows that are left, stand together as [steps, rows, 4]; a step is four elements.
    By row, all [n_tiles, rows]: `begins` int32, -128 times the sum of its mantissas, with which a dot product of
    activations + 128 begins; `scales` float32, 2^(E-(m-1)), 1 for a row of zeros; `exps` int16, E-(m-1).  `spans`
    int32[n_tiles, 4]: the rows [first, last), multiples of 16, and the steps [first, last) beyond which a tile is zero.
    `unsafe` bool[n_tiles] tells the tiles whose exponents need the exact kernel.
    """

    def __init__(self, q: I8, exp: I8, m: int) -> None:
        """Take q: int8[n_tiles, N, N] and exp: int8[n_tiles, N] as `numerics.unpack_tiles` gives them."""
        if q.ndim != 3 or q.dtype != np.int8 or q.shape[1] != q.shape[2] or exp.shape != q.shape[:2]:
            raise InputError(f"q, exp: got {q.dtype}{q.shape}, {exp.shape} (allowed: int8 (n, N, N) and (n, N))")
        if m not in MANTISSA_BITS:
            raise InputError(f"mantissa: got {m} magnitude bits (allowed: 2..7)")
        self.n_tiles, self.native_dim, self.mantissa = q.shape[0], q.shape[1], m
        rows = -(-self.native_dim // _ROW_ALIGN) * _ROW_ALIGN
        self.weights: I8 = aligned((self.n_tiles, rows * -(-self.native_dim // 4) * 4), np.int8)
        self.begins: I32 = np.empty((self.n_tiles, rows), np.int32)
        self.spans: I32 = np.empty((self.n_tiles, 4), np.int32)
        self.scales: F32 = np.empty((self.n_tiles, rows), np.float32)
        self.exps: I16 = np.empty((self.n_tiles, rows), np.int16)
        self.unsafe: npt.NDArray[np.bool_] = np.empty(self.n_tiles, np.bool_)
        q, exp = np.ascontiguousarray(q), np.ascontiguousarray(exp)
        _fill_pool(q, exp, m, self.weights, self.begins, self.spans, self.scales, self.exps, self.unsafe)
        self.any_unsafe = bool(self.unsafe.any())
        arrays = (self.weights, self.begins, self.spans, self.scales, self.exps)
        self.addresses = tuple(int(a.ctypes.data) for a in arrays)


@njit(cache=True, nogil=True)
def _fill_pool(q, exp, m, weights, begins, spans, scales, exps, unsafe):
    n_tiles, n, _ = q.shape
    rows, steps = scales.shape[1], -(-n // 4)
    weights[:] = 0
    begins[:] = 0
    scales[:] = np.float32(1.0)
    exps[:] = 0
    for t in range(n_tiles):
        bad = False
        row_first, row_last, step_first, step_last = n, 0, n, 0
        for r in range(n):
            row = q[t, r]
            some, total = 0, 0
            for c in range(n):
                some |= row[c]
                total += row[c]
            e = np.int64(exp[t, r])
            exps[t, r] = e - (m - 1)
            if some == 0:
                continue
            group = r // GROUP * GROUP
            width = min(GROUP, rows - group) * 4
            at = group * steps * 4 + (r - group) * 4
            for s in range(n // 4):
                for i in range(4):
                    weights[t, at + s * width + i] = row[4 * s + i]
            for c in range(n // 4 * 4, n):
                weights[t, at + n // 4 * width + c % 4] = row[c]
            begins[t, r] = -128 * total
            if e < _SAFE_WEIGHT_EXP[0] or e > _SAFE_WEIGHT_EXP[1]:
                bad = True
            scales[t, r] = np.float32(2.0 ** (e - (m - 1)))
            row_first, row_last = min(row_first, r), r + 1
            c = 0
            while row[c] == 0:
                c += 1
            step_first = min(step_first, c // 4)
            c = n - 1
            while row[c] == 0:
                c -= 1
            step_last = max(step_last, c // 4 + 1)
        unsafe[t] = bad
        spans[t] = 0
        if row_last > 0:
            spans[t, 0] = row_first // _ROW_ALIGN * _ROW_ALIGN
            spans[t, 1] = -(-row_last // _ROW_ALIGN) * _ROW_ALIGN
            spans[t, 2] = step_first
            spans[t, 3] = step_last


# ------------------------------------------------------------------------------------------------------ the product


_NOTHING: F32 = np.empty((0, 0, 0), np.float32)


_BAD_TILE, _BAD_SOURCE, _NEEDS_EXACT = 1, 2, 4


@njit(cache=True, nogil=True)
def _describe(board, tile_ids, q, exp, src, start, targets, unsafe):
    """Write the arrays of a product on a board; return what is wrong or particular about them."""
    found = 0
    if not all_within(tile_ids, 0, unsafe.size - 1):
        return _BAD_TILE
    if not all_within(src, 0, exp.size - 1):
        found |= _BAD_SOURCE
    if not all_within(exp, _SAFE_ACT_EXP[0], _SAFE_ACT_EXP[1]):
        found |= _NEEDS_EXACT
    for r in range(tile_ids.shape[0]):
        for k in range(tile_ids.shape[1]):
            if unsafe[tile_ids[r, k]]:
                found |= _NEEDS_EXACT
    board[IDS] = tile_ids.ctypes.data
    board[DEPTH] = tile_ids.shape[1]
    board[ACTS] = q.ctypes.data
    board[EXP] = exp.ctypes.data
    board[SRC] = src.ctypes.data
    board[START] = start.ctypes.data if start.size > 0 else 0
    board[TARGETS] = targets.ctypes.data
    board[TARGET_COUNT] = targets.shape[0]
    board[POSITIONS] = src.shape[0]
    return found


class Product:
    """A product made ready once; `run` may be called any number of times.

    out[r, p] = half(sum over k of tile[tile_ids[r, k]] @ vector[src[p, k]]), fp32 sums in order of k.

    tile_ids: int32[K], or int32[R, K] for R output tiles that read the same vectors; q: uint8[n_src, N rounded up to a
    multiple of 4], what stands behind N does not matter, and act_exp: int16[n_src], as `numerics.offset_activations`
    gives them for `act_mantissa` (a zero vector for padding has q = 128, exp = -14); src: int32[P, K], rows of q; out:
    float32[P, N] or float32[R, P, N], C-contiguous, overwritten with halves, or `Targets`.  Optional:
      hold     leave the fp32 sums in out instead, not rounded to halves and without stages
      start    such sums, of tiles of this pool, in the shape of out (it may be out), to continue from
      stages   point-wise stages that the results go through while they are in the cache, as `passes.apply_stages`
               would take out through as [R*P, N]; an operand overlaps out at most where both are at one vector

    What q, act_exp, start and the operands hold may change from run to run, exponents within -14..15, as those of
    halves are.  Neither `threads` nor `kernel` changes a bit of the result.  InputError on a shape, dtype or index that
    does not fit, and where 2^24 cannot hold a dot product.
    """

    def __init__(
        self,
        pool: TilePool,
        tile_ids: I32,
        q: U8,
        act_exp: I16,
        act_mantissa: int,
        src: I32,
        out: F32 | Targets,
        *,
        start: F32 | None = None,
        hold: bool = False,
        stages: Sequence[Stage] | Stages = (),
        threads: int = 1,
        kernel: str | None = None,
    ) -> None:
        n, n_src, n_pos = pool.native_dim, len(q), len(src)
        tiles = np.ascontiguousarray(tile_ids, np.int32).reshape(-1, tile_ids.shape[-1])
        n_out, depth = tiles.shape
        _check(pool, q, act_exp, act_mantissa, src, start, (n_out, n_pos, depth))
        targets = out if isinstance(out, Targets) else _whole(out, (n_out, n_pos, n))
        if targets.shape != (n_out * n_pos, n):
            raise InputError(f"out: made ready for {targets.shape} (allowed: {(n_out * n_pos, n)})")
        begin = _NOTHING if start is None else start.reshape(n_out, n_pos, n)
        self._board = board = np.zeros(BOARD, np.int64)
        found = _describe(board, tiles, q, act_exp, src, begin, targets.table, pool.unsafe)
        board[WIDTH] = n
        if found & _BAD_TILE:
            raise InputError(f"tile_ids: got {tiles.min()}..{tiles.max()} (allowed: 0..{pool.n_tiles - 1})")
        if found & _BAD_SOURCE:
            raise InputError(f"src: got {src.min()}..{src.max()} (allowed: 0..{n_src - 1})")
        # Held sums may have come from any tile of the pool, so one unsafe tile makes them all suspect.
        exact = found & _NEEDS_EXACT or (start is not None and pool.any_unsafe)
        self._kernel = "exact" if exact else choose_kernel(kernel)
        self._attend = KERNELS[self._kernel]
        if hold:
            stages = ()
        ready = stages if isinstance(stages, Stages) else Stages(stages, n_out * n_pos, n)
        if ready.size != (n_out * n_pos, n):
            raise InputError(f"stages: made ready for {ready.size} (allowed: {(n_out * n_pos, n)})")

        self._threads = threads = max(1, min(threads, n_out * n_pos * depth * n * n // _MIN_MACS_A_THREAD))
        per_tile = -(-n_pos // BLOCK)
        if threads > 1 and n_out < 2 * threads:  # some chunks for every thread, and as many for each
            per_tile = -(-max(per_tile, 2 * threads) // threads) * threads
        chunk = max(1, -(-n_pos // per_tile)) if threads > 1 else BLOCK
        board[CHUNKS : SCALES + 1] = (
            n_out * -(-n_pos // chunk),
            chunk,
            *pool.addresses[:3],
            pool.addresses[3 + (self._kernel == "exact")],
        )
        board[STEPS : BIAS + 1] = -(-n // 4), pool.scales.shape[1], 127 - (act_mantissa - 1)
        board[HOLD] = hold
        board[CODE : STAGES + 1] = ready.entry
        self._keep = (pool, tiles, q, act_exp, src, begin, targets, ready)  # whose addresses are on the board

    def run(self) -> bool:
        """Multiply, and return whether any value saturated."""
        if self._threads > 1:
            crew = team(self._kernel, self._threads - 1, os.getpid())
            if crew.busy.acquire(blocking=False):
                try:
                    return crew.lead(self._board)
                finally:
                    crew.busy.release()
        return lead(self._attend, self._board)


def matvec(
    pool: TilePool, tile_ids: I32, q: U8, act_exp: I16, act_mantissa: int, src: I32, out: F32 | Targets, **options: Any
) -> bool:
    """Multiply once; q: uint8[n_src, N], all else as `Product` takes it.  Returns whether any value saturated."""
    if q.ndim == 2 and q.shape[1] % 4:
        q = np.pad(q, ((0, 0), (0, -q.shape[1] % 4)))
    return Product(pool, tile_ids, q, act_exp, act_mantissa, src, out, **options).run()


class Targets:
    """Where a product's results go, made ready once: `views` float32[R * P, N], each of contiguous vectors at any
    distance."""

    def __init__(self, views: Sequence[F32]) -> None:
        for view in views:
            if view.ndim != 2 or view.dtype != np.float32 or view.strides[1] != 4 or view.shape != views[0].shape:
                raise InputError(
                    f"out: got {view.dtype}{view.shape} (allowed: float32(R * P, N) of contiguous vectors)"
                )
        self.views = tuple(views)
        self.shape = views[0].shape
        self.table = np.array([(view.ctypes.data, view.strides[0]) for view in views], np.int64)


def _whole(out: F32, shape: tuple[int, int, int]) -> Targets:
    """Return a contiguous array as a target."""
    if out.shape != shape and (shape[0] != 1 or out.shape != shape[1:]):
        raise InputError(f"out: got {out.shape} (allowed: {shape})")
    if out.dtype != np.float32 or not out.flags.c_contiguous:
        order = "" if out.flags.c_contiguous else ", not C-contiguous"
        raise InputError(f"out: got {out.dtype}{order} (allowed: a C-contiguous array of float32)")
    return Targets([out.reshape(-1, shape[2])])


_DTYPES = {t: np.dtype(t) for t in ("uint8", "int16", "int32", "float32")}


def _check(
    pool: TilePool,
    q: U8,
    exp: I16,
    m: int,
    src: I32,
    start: F32 | None,
    sizes: tuple[int, int, int],
) -> None:
    """Refuse shapes and dtypes with which the kernels, which do not check, would leave the arrays."""
    n, n_src = pool.native_dim, len(q)
    n_out, n_pos, depth = sizes
    for name, array, dtype in (
        ("q", q, "uint8"),
        ("act_exp", exp, "int16"),
        ("src", src, "int32"),
        ("start", start, "float32"),
    ):
        if array is not None and (array.dtype != _DTYPES[dtype] or not array.flags.c_contiguous):
            order = "" if array.flags.c_contiguous else ", not C-contiguous"
            raise InputError(f"{name}: got {array.dtype}{order} (allowed: a C-contiguous array of {dtype})")
    if q.shape != (n_src, -(-n // 4) * 4) or exp.shape != (n_src,):
        raise InputError(f"q, act_exp: got {q.shape}, {exp.shape} (allowed: (n_src, {-(-n // 4) * 4}), (n_src,))")
    if src.shape != (n_pos, depth) or depth == 0:
        raise InputError(f"src: got {src.shape} (allowed: (P, {depth}), one column for each of K > 0 tiles)")
    if start is not None and start.size != n_out * n_pos * n:
        raise InputError(f"start: got {start.shape} (allowed: {(n_out, n_pos, n)})")
    if m not in MANTISSA_BITS:
        raise InputError(f"act_mantissa: got {m} magnitude bits (allowed: 2..7)")
    if n << (m + pool.mantissa) > 1 << 24 and n * ((1 << m) - 1) * ((1 << pool.mantissa) - 1) >= 1 << 24:
        raise InputError(f"dot product: {n} products of {pool.mantissa} by {m} bits got beyond 2^24 (allowed: below)")
