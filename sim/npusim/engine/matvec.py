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
import os
import platform
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from ..errors import InputError, nearest
from ..numerics import (
    F32,
    I8,
    I16,
    I32,
    I64,
    MANTISSA_BITS,
    U8,
    add_fp32,
    round_halves,
    scale_dot,
)
from .vector import Stage, all_within, copy_floats, encode_stages, pointer_to, run_stages

# Exponents of non-zero rows between which no dot product or sum can leave fp32's normal range: the smallest quantum is
# 2^(-100 - 14 - 6 - 6) = 2^-126, and a sum stays below 2^(64 + 1 + 16 + log2(N*K)) < 2^127 for N*K < 2^46.
_SAFE_WEIGHT_EXP = (-100, 64)
_SAFE_ACT_EXP = (-14, 15)
_BLOCK = 24  # positions whose accumulators stay in the first-level cache beside one tile
_ROW_ALIGN = 16  # a pool pads its rows to a multiple of this
_MIN_MACS_A_THREAD = 1_000_000  # below, handing work to a thread costs more than it saves
_PATIENCE, _LEAD_PATIENCE = 100_000, 2_000  # looks at a board before a helper sleeps or a leader yields

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
        if wide.literal_value or groups > 1:  # else the wide one has taken all rows
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
# A product is cut into chunks of an output tile and some positions, and a board of int64 tells all threads about it.
# The first three fields change while they work, and have a cache line each.

_LEFT, _DONE, _OVER = 0, 8, 16  # chunks not begun, chunks finished, nonzero when anything saturated
_FIELDS = 24
(
    _CHUNKS,  # R times the chunks of an output tile
    _CHUNK,  # positions of a chunk, at most _BLOCK
    _WEIGHTS,  # addresses of the pool's weights and scales (or exps) ...
    _SCALES,
    _STEPS,  # ... and their sizes
    _ROWS,
    _BIAS,  # 127 - (m_a-1)
    _IDS,  # int32[R, K]
    _DEPTH,  # K
    _ACTS,  # the activations [n_src, 4*steps], int16 for avx2, else int8; int16[n_src]; int32[n_src]
    _EXP,
    _SUMS,
    _SRC,  # int32[P, K]
    _START,  # float32[R, P, N] or 0
    _HOLD,
    _OUT,  # float32[R, P, N]
    _POSITIONS,  # P
    _WIDTH,  # N
    _CODE,  # stages for `vector.run_stages`
    _CODES,
    _LIMITS,
    _STAGES,
    _BOARD,  # the size of a board
) = range(_FIELDS, _FIELDS + 23)


@register_jitable
def _chunk_of(board, chunk):
    """Return the output tile and the positions [first, last) of a chunk."""
    per_row = -(-board[_POSITIONS] // board[_CHUNK])
    first = chunk % per_row * board[_CHUNK]
    return chunk // per_row, first, min(first + board[_CHUNK], board[_POSITIONS])


@register_jitable
def _finish(board, acc, acc_step, number, count):
    """Take `count` vectors of sums at address acc to vector `number` of the output; return nonzero on saturation."""
    width, out = board[_WIDTH], board[_OUT]
    over = 0
    if board[_HOLD] != 0:
        for p in range(count):
            copy_floats(acc + p * acc_step, out + (number + p) * width * 4, width)
        return over
    for p in range(count):
        over |= round_halves(acc + p * acc_step, out + (number + p) * width * 4, width)
    if board[_STAGES] > 0:
        table = (board[_CODE], board[_CODES], board[_LIMITS], board[_STAGES])
        over |= run_stages(table, out, number, number + count, width)
    return over


@register_jitable
def _chunk_by_micro(micro, groups, lanes, act_bytes, board, acc, chunk):
    """Compute one chunk with a microkernel; acc: address of float32[_BLOCK, rows]."""
    r, first, last = _chunk_of(board, chunk)
    count = last - first
    rows, steps, depth, width = board[_ROWS], board[_STEPS], board[_DEPTH], board[_WIDTH]
    number = r * board[_POSITIONS] + first
    row_bytes = rows * 4
    inputs = (board[_ACTS], steps * 4 * act_bytes)
    by_source = (depth * 4, board[_EXP], board[_SUMS])
    ids = carray(pointer_to(board[_IDS] + r * depth * 4, np.int32), (depth,))
    sums = carray(pointer_to(acc, np.float32), (count * rows,))
    for i in range(count * rows):
        sums[i] = np.float32(0.0)  # +0 + x is x: an integer zero is +0, so no -0 is lost
    if board[_START] != 0:
        for p in range(count):
            copy_floats(board[_START] + (number + p) * width * 4, acc + p * row_bytes, width)
    for k in range(depth):
        w = board[_WEIGHTS] + ids[k] * steps * row_bytes
        s = board[_SCALES] + ids[k] * row_bytes
        p = 0
        while p < count:
            at = board[_SRC] + ((first + p) * depth + k) * 4
            to = acc + p * row_bytes
            left = count - p
            g = 0
            while g < row_bytes:
                where = (w + g, row_bytes, steps, *inputs, at, *by_source, s + g, board[_BIAS], to + g, row_bytes)
                if row_bytes - g >= groups * lanes * 4:
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
    return _finish(board, acc, row_bytes, number, count)


@register_jitable
def _chunk_vnni512(board, acc, chunk):
    return _chunk_by_micro(_micro_vnni512, 4, 16, 1, board, acc, chunk)


@register_jitable
def _chunk_vnni256(board, acc, chunk):
    return _chunk_by_micro(_micro_vnni256, 2, 8, 1, board, acc, chunk)


@register_jitable
def _chunk_avx2(board, acc, chunk):
    return _chunk_by_micro(_micro_avx2, 1, 8, 2, board, acc, chunk)


@register_jitable
def _dots(board, tile, row, dots):
    """Leave the integer dot products of one tile and one vector in dots: int32[rows]."""
    rows, steps = board[_ROWS], board[_STEPS]
    weights = carray(pointer_to(board[_WEIGHTS] + tile * steps * rows * 4, np.uint8), (steps, rows, 4))
    q = carray(pointer_to(board[_ACTS] + row * steps * 4, np.int8), (steps, 4))
    sums = carray(pointer_to(board[_SUMS] + row * 4, np.int32), (1,))
    for r in range(rows):
        dots[r] = np.int32(-128) * sums[0]
    for s in range(steps):
        a, b, c, d = np.int32(q[s, 0]), np.int32(q[s, 1]), np.int32(q[s, 2]), np.int32(q[s, 3])
        w = weights[s]
        for r in range(rows):
            dots[r] += np.int32(w[r, 0]) * a + np.int32(w[r, 1]) * b + np.int32(w[r, 2]) * c + np.int32(w[r, 3]) * d


@register_jitable
def _chunk_plain(board, acc, chunk):
    r, first, last = _chunk_of(board, chunk)
    rows, depth, width = board[_ROWS], board[_DEPTH], board[_WIDTH]
    ids = carray(pointer_to(board[_IDS] + r * depth * 4, np.int32), (depth,))
    dots = np.empty(rows, np.int32)
    total = carray(pointer_to(acc, np.float32), (width,))
    over = 0
    for p in range(first, last):
        number = r * board[_POSITIONS] + p
        src = carray(pointer_to(board[_SRC] + p * depth * 4, np.int32), (depth,))
        for i in range(width):
            total[i] = np.float32(0.0)
        if board[_START] != 0:
            copy_floats(board[_START] + number * width * 4, acc, width)
        for k in range(depth):
            row = np.int64(src[k])
            _dots(board, np.int64(ids[k]), row, dots)
            exp = carray(pointer_to(board[_EXP] + row * 2, np.int16), (1,))
            act = np.float32(2.0 ** (exp[0] + board[_BIAS] - 127))
            scales = carray(pointer_to(board[_SCALES] + np.int64(ids[k]) * rows * 4, np.float32), (width,))
            for i in range(width):
                total[i] += np.float32(dots[i]) * act * scales[i]
        over |= _finish(board, acc, 0, number, 1)
    return over


@register_jitable
def _chunk_exact(board, acc, chunk):
    """Do the same by the fp32 rule at every step; board[_SCALES]: int16[n_tiles, rows] = E_w - (m_w-1)."""
    r, first, last = _chunk_of(board, chunk)
    rows, depth, width = board[_ROWS], board[_DEPTH], board[_WIDTH]
    ids = carray(pointer_to(board[_IDS] + r * depth * 4, np.int32), (depth,))
    dots = np.empty(rows, np.int32)
    total = carray(pointer_to(acc, np.float32), (width,))
    over = 0
    for p in range(first, last):
        number = r * board[_POSITIONS] + p
        src = carray(pointer_to(board[_SRC] + p * depth * 4, np.int32), (depth,))
        fresh = board[_START] == 0
        if not fresh:
            copy_floats(board[_START] + number * width * 4, acc, width)
        for k in range(depth):
            row = np.int64(src[k])
            _dots(board, np.int64(ids[k]), row, dots)
            exp = carray(pointer_to(board[_EXP] + row * 2, np.int16), (1,))
            act = exp[0] + board[_BIAS] - 127
            exps = carray(pointer_to(board[_SCALES] + np.int64(ids[k]) * rows * 2, np.int16), (width,))
            for i in range(width):
                value, saturated = scale_dot(dots[i], act + exps[i])
                over |= saturated
                if not fresh:
                    value, saturated = add_fp32(total[i], value)
                    over |= saturated
                total[i] = value
            fresh = False
        over |= _finish(board, acc, 0, number, 1)
    return over


# ------------------------------------------------------------------------------------------------ threads at a board


def _atomic(operation: str) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw(operation, builder.inttoptr(args[0], _I64.as_pointer()), args[1], "seq_cst")

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def _fetch_add(typingctx: Any, address: Any, value: Any) -> Any:
    return _atomic("add")


@intrinsic
def _exchange(typingctx: Any, address: Any, value: Any) -> Any:
    return _atomic("xchg")


@intrinsic
def _fetch_or(typingctx: Any, address: Any, value: Any) -> Any:
    return _atomic("or")


@intrinsic
def _look(typingctx: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], _I64.as_pointer()), "acquire", 8)

    return types.int64(types.int64), codegen


@intrinsic
def _relax(typingctx: Any) -> Any:
    """Tell the processor that this is a spin loop, where it has a word for that."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if platform.machine().lower() in ("x86_64", "amd64"):
            builder.call(_declare(builder, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        return context.get_dummy_value()

    return types.void(), codegen


@register_jitable
def _attend(chunk_function, board, patience, lead):
    """Do chunks while there are any; then wait, the leader for all to be finished, a helper for the next product.

    Return whether the product is finished (leader); give up after `patience` looks in vain.
    """
    base = board.ctypes.data
    looks = 0
    while looks <= patience:
        if _look(base + _LEFT * 8) > 0:
            left = _fetch_add(base + _LEFT * 8, -1)
            if left > 0:  # a chunk of our own; the fields of the board are those of its product until it is done
                scratch = np.empty(_BLOCK * board[_ROWS] + 16, np.float32)
                acc = (scratch.ctypes.data + 63) & -64
                if chunk_function(board, acc, board[_CHUNKS] - left) != 0:
                    _fetch_or(base + _OVER * 8, 1)
                _fetch_add(base + _DONE * 8, 1)
                looks = 0
                continue
        if lead and _look(base + _DONE * 8) >= board[_CHUNKS]:
            return True
        looks += 1
        _relax()
    return False


@njit(cache=True, nogil=True)
def _attend_vnni512(board, patience, lead):
    return _attend(_chunk_vnni512, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_vnni256(board, patience, lead):
    return _attend(_chunk_vnni256, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_avx2(board, patience, lead):
    return _attend(_chunk_avx2, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_plain(board, patience, lead):
    return _attend(_chunk_plain, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_exact(board, patience, lead):
    return _attend(_chunk_exact, board, patience, lead)


_KERNELS: dict[str, Callable[[I64, int, bool], bool]] = {
    "vnni512": _attend_vnni512,
    "vnni256": _attend_vnni256,
    "avx2": _attend_avx2,
    "plain": _attend_plain,
    "exact": _attend_exact,
}


class _Team:
    """Helper threads around one board, for one kernel.

    A layer's products come a few microseconds apart, less than it takes to wake a thread: after a product a helper
    keeps looking at the board for some milliseconds before it goes to sleep.  Without any helper awake the leader does
    all chunks itself.
    """

    def __init__(self, kernel: str, helpers: int) -> None:
        self.board: I64 = _aligned((_BOARD,), np.int64)
        self.board[:] = 0
        self.busy = threading.Lock()
        self._attend = _KERNELS[kernel]
        self._awake = [threading.Event() for _ in range(helpers)]
        for number, awake in enumerate(self._awake):
            name = f"matvec-{kernel}-{number}"
            threading.Thread(target=self._help, args=(awake,), name=name, daemon=True).start()

    def _help(self, awake: threading.Event) -> None:
        while True:
            awake.wait()
            self._attend(self.board, _PATIENCE, False)
            awake.clear()  # a product that has come just now is done without this helper

    def lead(self, product: I64) -> bool:
        """Do a product with whoever is awake, and return whether it saturated; `busy` is held."""
        for awake in self._awake:
            if not awake.is_set():
                awake.set()
        self.board[_CHUNKS:] = product[_CHUNKS:]
        return _lead(self._attend, self.board)


def _lead(attend: Callable[[I64, int, bool], bool], board: I64) -> bool:
    """Publish the product on a board, see that it gets done and return whether it saturated."""
    _publish(board)
    try:
        while not attend(board, _LEAD_PATIENCE, True):
            _let_others_run()  # a helper with our last chunk may be waiting for this processor
    except BaseException:  # the arrays have to stay until nobody works on them any more
        while not attend(board, _LEAD_PATIENCE, True):
            pass
        raise
    return bool(board[_OVER])


@njit(cache=True, nogil=True)
def _publish(board):
    """Make the product on a board known.

    A helper that is late for the product before may still take from _LEFT, but gets nothing as it is not positive.
    """
    board[_DONE] = 0
    board[_OVER] = 0
    _exchange(board.ctypes.data + _LEFT * 8, board[_CHUNKS])


_let_others_run = getattr(os, "sched_yield", None) or functools.partial(time.sleep, 0)


@functools.cache
def _team(kernel: str, helpers: int, process: int) -> _Team:
    """Return the team of this process (a fork has none of its parent's threads)."""
    return _Team(kernel, helpers)


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
        self.addresses = tuple(int(a.ctypes.data) for a in (self.weights, self.scales, self.exps))


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


_BAD_TILE, _BAD_SOURCE, _NEEDS_EXACT = 1, 2, 4


@njit(cache=True, nogil=True)
def _describe(board, tile_ids, q, exp, sums, src, start, out, unsafe):
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
    board[_IDS] = tile_ids.ctypes.data
    board[_DEPTH] = tile_ids.shape[1]
    board[_ACTS] = q.ctypes.data
    board[_EXP] = exp.ctypes.data
    board[_SUMS] = sums.ctypes.data
    board[_SRC] = src.ctypes.data
    board[_START] = start.ctypes.data if start.size > 0 else 0
    board[_OUT] = out.ctypes.data
    board[_POSITIONS] = out.shape[1]
    board[_WIDTH] = out.shape[2]
    return found


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
    n, n_src, n_pos = pool.native_dim, len(q), len(src)
    tiles = np.ascontiguousarray(tile_ids, np.int32).reshape(-1, tile_ids.shape[-1])
    n_out, depth = tiles.shape
    _check(pool, q, act_exp, act_mantissa, src, out, sums, start, (n_out, n_pos, depth))
    if sums is None:
        sums = np.empty(n_src, np.int32)
        _row_sums(q, sums)
    if n % 4:
        q = np.pad(q, ((0, 0), (0, -n % 4)))
    result = out.reshape(n_out, n_pos, n)
    begin = _NOTHING if start is None else start.reshape(result.shape)
    board = np.zeros(_BOARD, np.int64)
    found = _describe(board, tiles, q, act_exp, sums, src, begin, result, pool.unsafe)
    if found & _BAD_TILE:
        raise InputError(f"tile_ids: got {tiles.min()}..{tiles.max()} (allowed: 0..{pool.n_tiles - 1})")
    if found & _BAD_SOURCE:
        raise InputError(f"src: got {src.min()}..{src.max()} (allowed: 0..{n_src - 1})")
    if n_pos == 0:
        return False
    # Held sums may have come from any tile of the pool, so one unsafe tile makes them all suspect.
    exact = found & _NEEDS_EXACT or (start is not None and pool.any_unsafe)
    name = "exact" if exact else choose_kernel(kernel)
    if name == "avx2":
        wide = q.astype(np.int16)
        board[_ACTS] = wide.ctypes.data
    _tables, entry = encode_stages(() if hold else stages, n_out * n_pos, n)

    threads = max(1, min(threads, n_out * n_pos * depth * n * n // _MIN_MACS_A_THREAD))
    per_tile = -(-n_pos // _BLOCK)
    if threads > 1 and n_out < 2 * threads:  # some chunks for every thread, and as many for each
        per_tile = -(-max(per_tile, 2 * threads) // threads) * threads
    chunk = -(-n_pos // per_tile) if threads > 1 else _BLOCK
    board[_CHUNKS : _SCALES + 1] = (
        n_out * -(-n_pos // chunk),
        chunk,
        pool.addresses[0],
        pool.addresses[1 + (name == "exact")],
    )
    board[_STEPS : _BIAS + 1] = *pool.weights.shape[1:3], 127 - (act_mantissa - 1)
    board[_HOLD] = hold
    board[_CODE : _STAGES + 1] = entry
    if threads > 1:
        team = _team(name, threads - 1, os.getpid())
        if team.busy.acquire(blocking=False):
            try:
                return team.lead(board)
            finally:
                team.busy.release()
    return _lead(_KERNELS[name], board)


_DTYPES = {t: np.dtype(t) for t in ("int8", "int16", "int32", "float32")}


def _check(
    pool: TilePool,
    q: I8,
    exp: I16,
    m: int,
    src: I32,
    out: F32,
    sums: I32 | None,
    start: F32 | None,
    sizes: tuple[int, int, int],
) -> None:
    """Refuse shapes and dtypes with which the kernels, which do not check, would leave the arrays."""
    n, n_src = pool.native_dim, len(q)
    n_out, n_pos, depth = sizes
    for name, array, dtype in (
        ("q", q, "int8"),
        ("act_exp", exp, "int16"),
        ("src", src, "int32"),
        ("out", out, "float32"),
        ("sums", sums, "int32"),
        ("start", start, "float32"),
    ):
        if array is not None and (array.dtype != _DTYPES[dtype] or not array.flags.c_contiguous):
            order = "" if array.flags.c_contiguous else ", not C-contiguous"
            raise InputError(f"{name}: got {array.dtype}{order} (allowed: a C-contiguous array of {dtype})")
    if q.shape != (n_src, n) or exp.shape != (n_src,) or (sums is not None and sums.shape != (n_src,)):
        raise InputError(f"q, act_exp, sums: got {q.shape}, {exp.shape} (allowed: (n_src, {n}), (n_src,), (n_src,))")
    if src.shape != (n_pos, depth) or depth == 0:
        raise InputError(f"src: got {src.shape} (allowed: (P, {depth}), one column for each of K > 0 tiles)")
    if out.shape != (n_out, n_pos, n) and (n_out != 1 or out.shape != (n_pos, n)):
        raise InputError(f"out: got {out.shape} (allowed: {(n_out, n_pos, n)})")
    if start is not None and start.shape != out.shape:
        raise InputError(f"start: got {start.shape} (allowed: that of out, {out.shape})")
    if m not in MANTISSA_BITS:
        raise InputError(f"act_mantissa: got {m} magnitude bits (allowed: 2..7)")
    if n << (m + pool.mantissa) > 1 << 24 and n * ((1 << m) - 1) * ((1 << pool.mantissa) - 1) >= 1 << 24:
        raise InputError(f"dot product: {n} products of {pool.mantissa} by {m} bits got beyond 2^24 (allowed: below)")
