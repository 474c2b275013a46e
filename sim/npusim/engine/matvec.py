"""The matrix-vector unit's values: block-exact, strictly ordered, fast.

For every position p and row r of an output tile

    acc = dot(tile[0], q[src[p, 0]]);   acc = fp32(acc + dot(tile[k], q[src[p, k]])) for k = 1..K-1;   out = half(acc)

where dot is the exact integer sum of products times 2^(E_w - (m_w-1) + E_a - (m_a-1)).  The integer is below 2^24, so
the scaled value is exact in fp32, apart from being flushed to a zero of its sign below 2^-126 and saturated above the
largest float32, as every fp32 value is.  A dot product of integer 0 is +0.

Almost always the exponents leave flush and saturation out of reach, and IEEE float32 additions are the rule; `TilePool`
decides that per tile.  Then a register-blocked microkernel does the work.  It is generated as vector IR in one of three
flavours, which leave the same bits behind as the plain loops do:

    vnni512   AVX-512 VNNI: 4 x 16 rows by 6 positions, four products and their sum in one instruction
    vnni256   the same on 256-bit registers: 2 x 8 rows by 6 positions
    avx2      16-bit multiply-add in pairs: 8 rows by 6 positions
    plain     numba loops, for any processor; `exact` is the same with every step flushed and saturated by hand

VNNI multiplies unsigned by signed bytes, so a pool holds weight + 128 and a dot product starts at -128 * sum(q).
NPUSIM_KERNEL names a flavour; the default is the first one that the processor has.
"""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from ..errors import InputError, nearest
from ..numerics import (
    F32,
    I8,
    I16,
    I32,
    MANTISSA_BITS,
    U8,
    add_fp32,
    round_halves,
    scale_dot,
)
from .vector import Stage, encode_stages, run_stages

# Exponents of non-zero rows between which no dot product or sum can leave fp32's normal range: the smallest quantum is
# 2^(-100 - 14 - 6 - 6) = 2^-126, and a sum stays below 2^(64 + 1 + 16 + log2(N*K)) < 2^127 for N*K < 2^46.
_SAFE_WEIGHT_EXP = (-100, 64)
_SAFE_ACT_EXP = (-14, 15)
_BLOCK = 24  # positions whose accumulators stay in the first-level cache beside one tile
_ROW_ALIGN = 16  # a pool pads its rows to a multiple of this
_MIN_MACS_A_THREAD = 2_000_000  # below, handing work to a thread costs more than it saves

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_F32 = ir.FloatType()


# ------------------------------------------------------------------------------------------------- the microkernels


def _splat(b: Any, value: Any, count: int) -> Any:
    vector = ir.VectorType(value.type, count)
    undefined = ir.Constant(vector, ir.Undefined)
    one = b.insert_element(undefined, value, _I32(0))
    return b.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(_I32, count), [0] * count))


def _load(b: Any, address: Any, to: ir.Type, align: int) -> Any:
    value = b.load(b.inttoptr(address, to.as_pointer()))
    value.align = align
    return value


def _declare(b: Any, name: str, returns: ir.Type, arguments: list[ir.Type]) -> Any:
    known = b.module.globals.get(name)
    return known if known is not None else ir.Function(b.module, ir.FunctionType(returns, arguments), name)


def _emit_micro(b: Any, args: Any, positions: int, groups: int, lanes: int, vnni: bool) -> None:
    """Emit one microkernel: `groups` vectors of `lanes` rows by `positions`, over all elements of a tile.

    Arguments at run time, all int64, addresses as integers and steps in bytes:
      w, w_step, steps    weights + 128: [steps][rows][4] from the first row on; four elements a step
      q, q_row            activations, int8 for VNNI, else int16, by source row
      src, src_step       int32 source row of each position
      exp, sums           int16 exponents and int32 sums of q by source row
      scale               float32 2^(E_w - (m_w-1)) by row of the tile
      bias                127 - (m_a-1)
      acc, acc_step       float32 accumulators by position, added to
    """
    w, w_step, steps, q, q_row, src, src_step, exp, sums, scale, bias, acc, acc_step = args
    ints, floats = ir.VectorType(_I32, lanes), ir.VectorType(_F32, lanes)
    pairs, pair_bytes = ir.VectorType(_I16, 2 * lanes), ir.VectorType(_I8, 2 * lanes)
    parts = groups if vnni else 2 * groups  # integer vectors in a position's sum
    zero = ir.Constant(ints, [0] * lanes)
    if vnni:
        # The operands are bytes; LLVM takes them as words of four, and since version 22 converts the declaration.
        multiply = _declare(b, f"llvm.x86.avx512.vpdpbusd.{32 * lanes}", ints, [ints, ints, ints])
    else:
        multiply = _declare(b, "llvm.x86.avx2.pmadd.wd", ints, [pairs, pairs])

    rows = [b.sext(_load(b, b.add(src, b.mul(src_step, _I64(p))), _I32, 4), _I64) for p in range(positions)]
    acts_at = [b.add(q, b.mul(row, q_row)) for row in rows]
    starts = [_splat(b, b.mul(_load(b, b.add(sums, b.shl(row, _I64(2))), _I32, 4), _I32(-128)), lanes) for row in rows]

    before, body, after = b.basic_block, b.append_basic_block("steps"), b.append_basic_block("scale")
    b.branch(body)
    b.position_at_end(body)
    step, w_at = b.phi(_I64), b.phi(_I64)
    step.add_incoming(_I64(0), before)
    w_at.add_incoming(w, before)
    totals = [b.phi(ints) for _ in range(positions * parts)]
    for i, total in enumerate(totals):
        total.add_incoming(starts[i // parts] if vnni else zero, before)
    if vnni:
        weights = [_load(b, b.add(w_at, _I64(g * lanes * 4)), ints, 4) for g in range(parts)]
    else:
        weights = [b.zext(_load(b, b.add(w_at, _I64(g * lanes * 2)), pair_bytes, 4), pairs) for g in range(parts)]
    results = []
    for p in range(positions):
        if vnni:
            acts = _splat(b, _load(b, b.add(acts_at[p], b.shl(step, _I64(2))), _I32, 1), lanes)
        else:
            acts = _splat(b, _load(b, b.add(acts_at[p], b.shl(step, _I64(3))), _I64, 2), lanes // 2)
            acts = b.bitcast(acts, pairs)
        for g in range(parts):
            total = totals[p * parts + g]
            if vnni:
                results.append(b.call(multiply, [total, weights[g], acts]))
            else:
                results.append(b.add(total, b.call(multiply, [weights[g], acts])))
    step_next = b.add(step, _I64(1))
    step.add_incoming(step_next, body)
    w_at.add_incoming(b.add(w_at, w_step), body)
    for total, result in zip(totals, results, strict=True):
        total.add_incoming(result, body)
    b.cbranch(b.icmp_signed("<", step_next, steps), body, after)

    b.position_at_end(after)
    scales = [_load(b, b.add(scale, _I64(g * lanes * 4)), floats, 4) for g in range(groups)]
    even, odd = (ir.Constant(ir.VectorType(_I32, lanes), [2 * i + odd for i in range(lanes)]) for odd in (0, 1))
    for p in range(positions):
        e = b.sext(_load(b, b.add(exp, b.shl(rows[p], _I64(1))), _I16, 2), _I32)
        act = _splat(b, b.bitcast(b.shl(b.add(e, b.trunc(bias, _I32)), _I32(23)), _F32), lanes)
        for g in range(groups):
            if vnni:
                total = results[p * parts + g]
            else:
                low, high = results[p * parts + 2 * g : p * parts + 2 * g + 2]
                total = b.add(b.shuffle_vector(low, high, even), b.shuffle_vector(low, high, odd))
                total = b.add(total, starts[p])
            value = b.fmul(b.fmul(b.sitofp(total, floats), act), scales[g])  # both products are exact
            at = b.add(b.add(acc, b.mul(acc_step, _I64(p))), _I64(g * lanes * 4))
            b.store(b.fadd(_load(b, at, floats, 4), value), b.inttoptr(at, floats.as_pointer())).align = 4


def _micro(positions: Any, wide: Any, where: Any, groups: int, lanes: int, vnni: bool) -> Any:
    """Return an intrinsic's signature and code for literal `positions` and `wide`: `groups` row vectors, or one."""
    if not isinstance(positions, types.IntegerLiteral) or not isinstance(wide, types.IntegerLiteral):
        return None
    count, group_count = positions.literal_value, groups if wide.literal_value else 1

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _emit_micro(builder, cgutils.unpack_tuple(builder, args[2], 13), count, group_count, lanes, vnni)
        return context.get_dummy_value()

    return types.void(positions, wide, where), codegen


@intrinsic(prefer_literal=True)
def _micro_vnni512(typingctx: Any, positions: Any, wide: Any, where: Any) -> Any:
    return _micro(positions, wide, where, 4, 16, True)


@intrinsic(prefer_literal=True)
def _micro_vnni256(typingctx: Any, positions: Any, wide: Any, where: Any) -> Any:
    return _micro(positions, wide, where, 2, 8, True)


@intrinsic(prefer_literal=True)
def _micro_avx2(typingctx: Any, positions: Any, wide: Any, where: Any) -> Any:
    return _micro(positions, wide, where, 1, 8, False)


# ------------------------------------------------------------------------------------------------ loops around them
#
# Common arguments:
#   weights, scales         uint8[n_tiles, steps, rows, 4], float32[n_tiles, rows]: those of a TilePool
#   acts                    q [n_src, 4*steps], exp int16[n_src], sums int32[n_src], bias = 127 - (m_a-1)
#   tile_ids, src, out      int32[R, K], int32[P, K], float32[R, P, N]
#   start, hold             float32[R, P, N] to add to, or of size 0 to begin with zero; leave fp32 sums in out
#   stages                  codes and limits for `vector.run_stages`; vector (r, p) is number r*P + p
#   share                   r0, r1, p0, p1: the ranges of R and P to do
# They return nonzero when anything saturated.


@register_jitable
def _blocks(micro, groups, lanes, weights, scales, acts, tile_ids, src, start, hold, out, stages, share):
    q, exp, sums, bias = acts
    codes, limits = stages
    r0, r1, p0, p1 = share
    _, steps, rows, _ = weights.shape
    width = out.shape[2]
    w_base, s_base = weights.ctypes.data, scales.ctypes.data
    inputs = (q.ctypes.data, q.strides[0])
    src_base, src_step = src.ctypes.data, src.strides[0]
    by_source = (src_step, exp.ctypes.data, sums.ctypes.data)
    acc = np.empty(_BLOCK * rows + 16, np.float32)
    head = acc[(-acc.ctypes.data % 64) // 4 :]
    acc_base, acc_step = head.ctypes.data, rows * 4
    out_base, positions = out.ctypes.data, out.shape[1]
    over = 0
    for r in range(r0, r1):
        for first in range(p0, p1, _BLOCK):
            count = min(_BLOCK, p1 - first)
            acc[:] = np.float32(0.0)  # +0 + x is x: an integer zero is +0, so no -0 is lost
            if start.size > 0:
                for p in range(count):
                    head[p * rows : p * rows + width] = start[r, first + p]
            for k in range(tile_ids.shape[1]):
                tile = np.int64(tile_ids[r, k])
                w = w_base + tile * weights.strides[0]
                s = s_base + tile * scales.strides[0]
                p = 0
                while p < count:
                    at = src_base + (first + p) * src_step + k * 4
                    to = acc_base + p * acc_step
                    left = count - p
                    g = 0
                    while g < rows * 4:
                        where = (w + g, rows * 4, steps, *inputs, at, *by_source, s + g, bias, to + g, acc_step)
                        if rows * 4 - g >= groups * lanes * 4:
                            if left >= 6:
                                micro(6, 1, where)
                            elif left >= 4:
                                micro(4, 1, where)
                            elif left >= 2:
                                micro(2, 1, where)
                            else:
                                micro(1, 1, where)
                            g += groups * lanes * 4
                        else:
                            if left >= 6:
                                micro(6, 0, where)
                            elif left >= 4:
                                micro(4, 0, where)
                            elif left >= 2:
                                micro(2, 0, where)
                            else:
                                micro(1, 0, where)
                            g += lanes * 4
                    p += 6 if left >= 6 else 4 if left >= 4 else 2 if left >= 2 else 1
            number = r * positions + first
            if hold:
                for p in range(count):
                    out[r, first + p] = head[p * rows : p * rows + width]
                continue
            for p in range(count):
                over |= round_halves(acc_base + p * acc_step, out_base + (number + p) * width * 4, width)
            if codes.shape[0] > 0:
                over |= run_stages(codes, limits, out_base, number, number + count, width)
    return over


@njit(cache=True, nogil=True)
def _run_vnni512(*args):
    return _blocks(_micro_vnni512, 4, 16, *args)


@njit(cache=True, nogil=True)
def _run_vnni256(*args):
    return _blocks(_micro_vnni256, 2, 8, *args)


@njit(cache=True, nogil=True)
def _run_avx2(*args):
    return _blocks(_micro_avx2, 1, 8, *args)


@register_jitable
def _dots(weights, tile, q, row, sums, dots):
    """Leave the integer dot products of one tile and one vector in dots: int32[rows]."""
    _, steps, rows, _ = weights.shape
    dots[:] = np.int32(-128) * sums[row]
    for s in range(steps):
        a = np.int32(q[row, 4 * s])
        b = np.int32(q[row, 4 * s + 1])
        c = np.int32(q[row, 4 * s + 2])
        d = np.int32(q[row, 4 * s + 3])
        w = weights[tile, s]
        for r in range(rows):
            dots[r] += np.int32(w[r, 0]) * a + np.int32(w[r, 1]) * b + np.int32(w[r, 2]) * c + np.int32(w[r, 3]) * d


@njit(cache=True, nogil=True)
def _run_plain(weights, scales, acts, tile_ids, src, start, hold, out, stages, share):
    q, exp, sums, bias = acts
    codes, limits = stages
    r0, r1, p0, p1 = share
    rows, width, positions, out_base = weights.shape[2], out.shape[2], out.shape[1], out.ctypes.data
    dots = np.empty(rows, np.int32)
    total, zeros = np.empty(width, np.float32), np.zeros(width, np.float32)
    over = 0
    for r in range(r0, r1):
        for p in range(p0, p1):
            total[:] = start[r, p] if start.size > 0 else zeros
            for k in range(tile_ids.shape[1]):
                row = src[p, k]
                tile = tile_ids[r, k]
                _dots(weights, tile, q, row, sums, dots)
                act = np.float32(2.0 ** (exp[row] + bias - 127))
                for i in range(width):
                    total[i] += np.float32(dots[i]) * act * scales[tile, i]
            if hold:
                out[r, p] = total
                continue
            number = r * positions + p
            over |= round_halves(total.ctypes.data, out_base + number * width * 4, width)
            over |= run_stages(codes, limits, out_base, number, number + 1, width)
    return over


@njit(cache=True, nogil=True)
def _run_exact(weights, exps, acts, tile_ids, src, start, hold, out, stages, share):
    """Do the same by the fp32 rule at every step; exps: int16[n_tiles, rows] = E_w - (m_w-1), in place of scales."""
    q, exp, sums, bias = acts
    codes, limits = stages
    r0, r1, p0, p1 = share
    rows, width, positions, out_base = weights.shape[2], out.shape[2], out.shape[1], out.ctypes.data
    dots = np.empty(rows, np.int32)
    total = np.empty(width, np.float32)
    over = 0
    for r in range(r0, r1):
        for p in range(p0, p1):
            if start.size > 0:
                total[:] = start[r, p]
            for k in range(tile_ids.shape[1]):
                row = src[p, k]
                tile = tile_ids[r, k]
                _dots(weights, tile, q, row, sums, dots)
                for i in range(width):
                    value, saturated = scale_dot(dots[i], np.int64(exp[row]) + bias - 127 + exps[tile, i])
                    over |= saturated
                    if k > 0 or start.size > 0:
                        value, saturated = add_fp32(total[i], value)
                        over |= saturated
                    total[i] = value
            if hold:
                out[r, p] = total
                continue
            number = r * positions + p
            over |= round_halves(total.ctypes.data, out_base + number * width * 4, width)
            over |= run_stages(codes, limits, out_base, number, number + 1, width)
    return over


_KERNELS: dict[str, Callable[..., int]] = {
    "vnni512": _run_vnni512,
    "vnni256": _run_vnni256,
    "avx2": _run_avx2,
    "plain": _run_plain,
    "exact": _run_exact,
}


# ---------------------------------------------------------------------------------------------------- choosing one


def _processor_features() -> set[str]:
    """Return the features that numba compiles for, which need not be all that the host has."""
    if numba.config.CPU_FEATURES is not None:
        return {f[1:] for f in str(numba.config.CPU_FEATURES).split(",") if f.startswith("+")}
    if numba.config.CPU_NAME not in (None, "host"):
        return set()
    return {name for name, has in llvm.get_host_cpu_features().items() if has}


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
    name = name or os.environ.get("NPUSIM_KERNEL") or None
    usable = available_kernels()
    if name is None:
        return usable[0]
    if name not in _KERNELS:
        raise InputError(f"NPUSIM_KERNEL: got '{name}'{nearest(name, _KERNELS)}")
    if name not in usable:
        raise InputError(f"NPUSIM_KERNEL: got '{name}', which this processor lacks (allowed: {', '.join(usable)})")
    return name


# ------------------------------------------------------------------------------------------------------- tile pool


def _aligned(shape: tuple[int, ...], dtype: type) -> npt.NDArray[Any]:
    """Return an uninitialised array that starts on a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


class TilePool:
    """Weight tiles in the order the kernels read them; built once, read by any number of threads.

    `weights` uint8[n_tiles, steps, rows, 4]: mantissa + 128, four consecutive elements of a row together, rows padded
    to a multiple of 16 and elements to a multiple of 4 with zero mantissas.  `scales` float32[n_tiles, rows] is
    2^(E-(m-1)), 1 for a row of zeros; `exps` int16[n_tiles, rows] is E-(m-1); `unsafe` bool[n_tiles] tells the tiles
    whose exponents need the exact kernel.
    """

    def __init__(self, q: I8, exp: I8, m: int) -> None:
        """Take q: int8[n_tiles, N, N] and exp: int8[n_tiles, N] as `numerics.unpack_tiles` gives them."""
        if q.ndim != 3 or q.dtype != np.int8 or q.shape[1] != q.shape[2] or exp.shape != q.shape[:2]:
            raise InputError(f"q, exp: got {q.dtype}{q.shape}, {exp.shape} (allowed: int8 (n, N, N) and (n, N))")
        if m not in MANTISSA_BITS:
            raise InputError(f"mantissa: got {m} magnitude bits (allowed: 2..7)")
        self.n_tiles, self.native_dim, self.mantissa = q.shape[0], q.shape[1], m
        rows = -(-self.native_dim // _ROW_ALIGN) * _ROW_ALIGN
        self.weights: U8 = _aligned((self.n_tiles, -(-self.native_dim // 4), rows, 4), np.uint8)
        self.scales: F32 = np.empty((self.n_tiles, rows), np.float32)
        self.exps: I16 = np.empty((self.n_tiles, rows), np.int16)
        self.unsafe: npt.NDArray[np.bool_] = np.empty(self.n_tiles, np.bool_)
        q, exp = np.ascontiguousarray(q), np.ascontiguousarray(exp)
        _fill_pool(q, exp, m, self.weights, self.scales, self.exps, self.unsafe)
        self.any_unsafe = bool(self.unsafe.any())


@njit(cache=True, nogil=True)
def _fill_pool(q, exp, m, weights, scales, exps, unsafe):
    n_tiles, n, _ = q.shape
    weights[:] = np.uint8(128)
    scales[:] = np.float32(1.0)
    exps[:] = 0
    for t in range(n_tiles):
        bad = False
        for r in range(n):
            row = q[t, r]
            some = 0
            for c in range(n):
                some |= row[c]
            for s in range(n // 4):
                for i in range(4):
                    weights[t, s, r, i] = np.uint8(row[4 * s + i]) ^ np.uint8(128)
            for c in range(n // 4 * 4, n):
                weights[t, c // 4, r, c % 4] = np.uint8(row[c]) ^ np.uint8(128)
            e = np.int64(exp[t, r])
            exps[t, r] = e - (m - 1)
            if some != 0:
                bad |= e < _SAFE_WEIGHT_EXP[0] or e > _SAFE_WEIGHT_EXP[1]
                scales[t, r] = np.float32(2.0 ** (e - (m - 1)))
        unsafe[t] = bad


# ------------------------------------------------------------------------------------------------------ the product


_NOTHING: F32 = np.empty((0, 0, 0), np.float32)


@njit(cache=True, nogil=True)
def _row_sums(q: I8, sums: I32) -> None:
    for i in range(q.shape[0]):
        total = np.int32(0)
        for j in range(q.shape[1]):
            total += q[i, j]
        sums[i] = total


@njit(cache=True, nogil=True)
def _all_within(indices: I32, low: int, high: int) -> bool:
    flat = indices.reshape(-1)
    bad = 0
    for i in range(flat.size):
        bad |= (flat[i] < low) | (flat[i] > high)
    return bad == 0


_executor: ThreadPoolExecutor | None = None


def _helpers(count: int) -> ThreadPoolExecutor:
    """Return the process's helper threads, at least `count` of them."""
    global _executor  # noqa: PLW0603
    if _executor is None or _executor._max_workers < count:
        _executor = ThreadPoolExecutor(count, thread_name_prefix="matvec")
    return _executor


def matvec(
    pool: TilePool,
    tile_ids: I32,
    q: I8,
    act_exp: I16,
    act_mantissa: int,
    src: I32,
    out: F32,
    *,
    sums: I32 | None = None,
    start: F32 | None = None,
    hold: bool = False,
    stages: Sequence[Stage] = (),
    threads: int = 1,
    kernel: str | None = None,
) -> bool:
    """Multiply: out[r, p] = half(sum over k of tile[tile_ids[r, k]] @ vector[src[p, k]]), fp32 sums in order of k.

    tile_ids: int32[K], or int32[R, K] for R output tiles that read the same vectors; q: int8[n_src, N] and act_exp:
    int16[n_src] as `numerics.quantise_activations` gives them for `act_mantissa` (a zero vector for padding has
    q = 0, exp = -14); src: int32[P, K], rows of q; out: float32[P, N] or float32[R, P, N], C-contiguous, overwritten
    with halves.  Optional:
      sums     int32[n_src], the sums of the rows of q, when they are at hand
      hold     leave the fp32 sums in out instead, not rounded to halves and without stages
      start    such sums, of tiles of this pool, in the shape of out (it may be out), to continue from
      stages   point-wise stages that the results go through while they are in the cache, as `vector.apply_stages`
               would take out through as [R*P, N]; an operand must not overlap out

    Returns whether any value saturated.  Neither `threads` nor `kernel` changes a bit of the result.  InputError on a
    shape, dtype or index that does not fit, and where 2^24 cannot hold a dot product.
    """
    n = pool.native_dim
    tiles = tile_ids.reshape(-1, tile_ids.shape[-1])
    result = out.reshape(-1, *out.shape[-2:])
    begin = _NOTHING if start is None else start.reshape(-1, *start.shape[-2:])
    _check(pool, tiles, q, act_exp, act_mantissa, src, result, sums, begin)
    if sums is None:
        sums = np.empty(q.shape[0], np.int32)
        _row_sums(q, sums)
    name = choose_kernel(kernel)
    if (pool.any_unsafe and (start is not None or bool(pool.unsafe[tiles].any()))) or not _all_within(
        act_exp, *_SAFE_ACT_EXP
    ):
        name = "exact"
    if n % 4:
        q = np.pad(q, ((0, 0), (0, -n % 4)))
    acts = (q.astype(np.int16) if name == "avx2" else q, act_exp, sums, 127 - (act_mantissa - 1))
    run = _KERNELS[name]
    scales = pool.exps if name == "exact" else pool.scales
    tables = encode_stages(() if hold else stages, tiles.shape[0] * src.shape[0], n)

    def part(*share: int) -> int:
        return run(pool.weights, scales, acts, tiles, src, begin, hold, result, tables, share)

    (n_out, depth), n_pos = tiles.shape, src.shape[0]
    threads = max(1, min(threads, n_out * n_pos * depth * n * n // _MIN_MACS_A_THREAD))
    if threads == 1:
        return bool(part(0, n_out, 0, n_pos))
    if n_out % threads == 0 or n_pos < 6 * threads:
        cuts = [n_out * t // threads for t in range(threads + 1)]
        shares = [(a, b, 0, n_pos) for a, b in itertools.pairwise(cuts)]
    else:
        cuts = [n_pos * t // threads for t in range(threads + 1)]
        shares = [(0, n_out, a, b) for a, b in itertools.pairwise(cuts)]
    others = [_helpers(threads - 1).submit(part, *share) for share in shares[1:]]
    over = part(*shares[0])
    for other in others:
        over |= other.result()
    return bool(over)


def _check(
    pool: TilePool, tiles: I32, q: I8, exp: I16, m: int, src: I32, out: F32, sums: I32 | None, start: F32
) -> None:
    """Refuse what the kernels, which do not check, would read or write out of bounds or get wrong."""
    n, n_src = pool.native_dim, q.shape[0]
    arrays: list[tuple[str, npt.NDArray[Any] | None, type]] = [
        ("tile_ids", tiles, np.int32),
        ("q", q, np.int8),
        ("act_exp", exp, np.int16),
        ("src", src, np.int32),
        ("out", out, np.float32),
        ("start", start, np.float32),
        ("sums", sums, np.int32),
    ]
    for name, array, dtype in arrays:
        if array is not None and (array.dtype != dtype or not array.flags.c_contiguous):
            raise InputError(f"{name}: got {array.dtype} (allowed: a C-contiguous array of {np.dtype(dtype).name})")
    if q.shape != (n_src, n) or exp.shape != (n_src,) or (sums is not None and sums.shape != (n_src,)):
        raise InputError(f"q, act_exp, sums: got {q.shape}, {exp.shape} (allowed: (n_src, {n}), (n_src,), (n_src,))")
    if src.ndim != 2 or src.shape[1] != tiles.shape[1] or tiles.shape[1] == 0:
        raise InputError(f"src: got {src.shape} (allowed: (P, {tiles.shape[1]}), one column for each of K > 0 tiles)")
    if out.shape != (tiles.shape[0], src.shape[0], n):
        raise InputError(f"out: got {out.shape} (allowed: {(tiles.shape[0], src.shape[0], n)})")
    if start.size > 0 and start.shape != out.shape:
        raise InputError(f"start: got {start.shape} (allowed: that of out, {out.shape})")
    if m not in MANTISSA_BITS:
        raise InputError(f"act_mantissa: got {m} magnitude bits (allowed: 2..7)")
    if n << (m + pool.mantissa) > 1 << 24 and n * ((1 << m) - 1) * ((1 << pool.mantissa) - 1) >= 1 << 24:
        raise InputError(f"dot product: {n} products of {pool.mantissa} by {m} bits got beyond 2^24 (allowed: below)")
    if not _all_within(tiles, 0, pool.n_tiles - 1):
        raise InputError(f"tile_ids: got {tiles.min()}..{tiles.max()} (allowed: 0..{pool.n_tiles - 1})")
    if not _all_within(src, 0, n_src - 1):
        raise InputError(f"src: got {src.min()}..{src.max()} (allowed: 0..{n_src - 1})")
