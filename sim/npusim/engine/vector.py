"""The vector chain's values: point-wise stages on streams of native vectors (reductions are in `engine.reduce`).

A stream is float32[P, N] of halves (see `npusim.numerics`); every stage rounds once to a half.  Zeros carry signs:
sums and differences follow IEEE to nearest even (x - x is +0, -0 + -0 is -0), and maximum and minimum order -0 below +0
whichever comes first, so relu(-0) = max(-0, +0) = +0.
"""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

import enum
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, njit, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from ..errors import InputError
from ..numerics import (
    F32,
    I32,
    as_bits,
    as_count,
    emit_round_half,
    half_index,
    like,
    load16,
    store16,
)

_I32, _F32 = ir.IntType(32), ir.FloatType()


class Op(enum.IntEnum):
    """A point-wise operation; a is the stream, b the operand."""

    MUL = 0
    ADD = 1
    A_SUB_B = 2
    B_SUB_A = 3
    MAX = 4
    RELU = 5  # max(a, +0)
    CLIP = 6  # min(max(a, lo), hi)
    LEAKY_RELU = 7  # a times lo (the slope) where a is below 0; a zero stays what it is
    LUT = 8  # table[binary16 pattern of a]


_WITH_OPERAND = (Op.MUL, Op.ADD, Op.A_SUB_B, Op.B_SUB_A, Op.MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a chain.

    operand: float32[entries, N] of halves, for the binary operations: a whole VRF will do.  index: its row for all
    positions, or int32[P] with one for each position.  lo, hi: halves; the bounds of CLIP, or lo the slope of
    LEAKY_RELU.  table: float32[65536] of halves by binary16 pattern, for LUT.
    """

    op: Op
    operand: F32 | None = None
    index: int | I32 = 0
    lo: float = 0.0
    hi: float = 0.0
    table: F32 | None = None


# ------------------------------------------------------------------------------------------ scalar building blocks


def _pick(builder: Any, relation: str, a: Any, b: Any) -> Any:
    """Emit the larger (">") or smaller ("<") of two floats or vectors of them, -0 below +0."""
    keys = []
    for x in (a, b):
        bits = as_bits(builder, x)
        flip = builder.and_(builder.ashr(bits, like(bits, 31)), like(bits, 0x7FFFFFFF))
        keys.append(builder.xor(bits, flip))
    return builder.select(builder.icmp_signed(relation, *keys), a, b)


@intrinsic(prefer_literal=True)
def _lanes(typingctx: Any, op: Any, lanes: Any, a: Any, b: Any, lo: Any, hi: Any) -> Any:
    """Apply one operation to 16 or 1 consecutive values in place; return nonzero when any saturated.

    op, lanes: literals; a: address of the stream; b: address of the operand; lo, hi: float32.
    """
    if not isinstance(op, types.IntegerLiteral) or not isinstance(lanes, types.IntegerLiteral):
        return None
    code, count = op.literal_value, lanes.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a_at, b_at = args[2:4]
        a = load16(builder, a_at, count)
        vector = a.type

        def splat(x: Any) -> Any:
            empty = ir.Constant(vector, ir.Undefined)
            one = builder.insert_element(empty, x, _I32(0))
            return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(_I32, count), [0] * count))

        over = None
        if code == Op.RELU:
            bits = as_bits(builder, a)
            bits = builder.select(builder.icmp_signed("<", bits, like(bits, 0)), like(bits, 0), bits)
            y = builder.bitcast(bits, vector)
        elif code == Op.CLIP:
            y = _pick(builder, "<", _pick(builder, ">", a, splat(args[4])), splat(args[5]))
        elif code == Op.LEAKY_RELU:
            scaled, over = emit_round_half(builder, builder.fmul(a, splat(args[4])))
            negative = builder.fcmp_ordered("<", a, ir.Constant(vector, [0.0] * count))
            y, over = builder.select(negative, scaled, a), builder.and_(negative, over)
        else:
            b = load16(builder, b_at, count)
            if code == Op.MAX:
                y = _pick(builder, ">", a, b)
            else:
                exact = {
                    Op.MUL: lambda: builder.fmul(a, b),
                    Op.ADD: lambda: builder.fadd(a, b),
                    Op.A_SUB_B: lambda: builder.fsub(a, b),
                    Op.B_SUB_A: lambda: builder.fsub(b, a),
                }
                y, over = emit_round_half(builder, exact[Op(code)]())
        store16(builder, y, a_at)
        return ir.IntType(64)(0) if over is None else as_count(builder, over)

    return types.int64(op, lanes, types.int64, types.int64, types.float32, types.float32), codegen


@intrinsic
def pointer_to(typingctx: Any, address: Any, dtype: Any) -> Any:
    """Return an address (int64) as a pointer to values of a NumPy type, for `numba.carray` (compiled code only)."""
    if not isinstance(dtype, types.NumberClass):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(dtype.dtype)(types.int64, dtype), codegen


@register_jitable
def copy_floats(source, target, count):
    """Copy float32 from address to address (compiled code only); a plain loop compiles much faster than a slice."""
    a = carray(pointer_to(source, np.float32), (count,))
    b = carray(pointer_to(target, np.float32), (count,))
    for i in range(count):
        b[i] = a[i]


@njit(cache=True, nogil=True)
def all_within(indices: I32, low: int, high: int) -> bool:
    """Tell whether every integer of an array is in low..high."""
    flat = indices.reshape(-1)
    bad = 0
    for i in range(flat.size):
        bad |= (flat[i] < low) | (flat[i] > high)
    return bad == 0


# ---------------------------------------------------------------------------------------------- point-wise stages


@register_jitable
def _span(op, a, b, count, lo, hi):
    """Apply one operation (not LUT) to `count` values at address a in place, b the operand's address."""
    over = 0
    whole, size = count // 16 * 64, count * 4
    if op == 0:
        for at in range(0, whole, 64):
            over |= _lanes(0, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(0, 1, a + at, b + at, lo, hi)
    elif op == 1:
        for at in range(0, whole, 64):
            over |= _lanes(1, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(1, 1, a + at, b + at, lo, hi)
    elif op == 2:
        for at in range(0, whole, 64):
            over |= _lanes(2, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(2, 1, a + at, b + at, lo, hi)
    elif op == 3:
        for at in range(0, whole, 64):
            over |= _lanes(3, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(3, 1, a + at, b + at, lo, hi)
    elif op == 4:
        for at in range(0, whole, 64):
            over |= _lanes(4, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(4, 1, a + at, b + at, lo, hi)
    elif op == 5:
        for at in range(0, whole, 64):
            over |= _lanes(5, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(5, 1, a + at, b + at, lo, hi)
    elif op == 6:
        for at in range(0, whole, 64):
            over |= _lanes(6, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(6, 1, a + at, b + at, lo, hi)
    elif op == 7:
        for at in range(0, whole, 64):
            over |= _lanes(7, 16, a + at, b + at, lo, hi)
        for at in range(whole, size, 4):
            over |= _lanes(7, 1, a + at, b + at, lo, hi)
    return over


@register_jitable
def keep_larger(a, b, count):
    """Replace each of `count` floats at address a by the larger of it and the one at address b (compiled code only)."""
    zero = np.float32(0.0)
    whole = count // 16 * 64
    for at in range(0, whole, 64):
        _lanes(4, 16, a + at, b + at, zero, zero)
    for at in range(whole, count * 4, 4):
        _lanes(4, 1, a + at, b + at, zero, zero)


def _stages(codes_at, limits_at, count, stream, first, last, width):
    over = 0
    codes = carray(pointer_to(codes_at, np.int64), (count, 4))
    limits = carray(pointer_to(limits_at, np.float32), (count, 2))
    row = width * 4
    for s in range(count):
        op, address, steps, fixed = codes[s]
        lo, hi = limits[s]
        if op == 8:
            table = carray(pointer_to(address, np.float32), (65536,))
            for p in range(first, last):
                a = carray(pointer_to(stream + p * row, np.float32), (width,))
                for i in range(width):
                    a[i] = table[half_index(a[i])]
        elif steps == 0:
            for p in range(first, last):
                over |= _span(op, stream + p * row, address + fixed * row, width, lo, hi)
        else:
            index = carray(pointer_to(steps, np.int32), (last,))
            for p in range(first, last):
                over |= _span(op, stream + p * row, address + np.int64(index[p]) * row, width, lo, hi)
    return over


@functools.cache
def _compiled_stages() -> Any:
    return cfunc(types.int64(*(types.int64,) * 7), cache=True)(_stages)


@intrinsic
def run_stages(typingctx: Any, table: Any, stream: Any, first: Any, last: Any, width: Any) -> Any:
    """Take vectors [first, last) of the stream at address `stream` through all stages, in place (compiled code only).

    table: the four integers of `Stages.entry`.  Returns nonzero when anything saturated.  A call by address,
    so that the many loops of the stages are compiled once and not into every kernel that ends with them.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code, *rest = cgutils.unpack_tuple(builder, args[0], 4)
        word = ir.IntType(64)
        function = builder.inttoptr(code, ir.FunctionType(word, [word] * 7).as_pointer())
        return builder.call(function, [*rest, *args[1:]])

    return types.int64(table, types.int64, types.int64, types.int64, types.int64), codegen


class Stages:
    """Stages checked and made ready for a stream of `positions` vectors of `width`; may be used any number of times.

    entry: what `run_stages` takes, addresses of its code and of the tables, and their length.  Only addresses go to
    the kernel: this object, which keeps the arrays, has to live until it is done.
    """

    def __init__(self, stages: Sequence[Stage], positions: int, width: int) -> None:
        self.stages, self.size = tuple(stages), (positions, width)
        codes = np.zeros((len(stages), 4), np.int64)  # op, address of the operand, address of the index or 0, fixed row
        limits = np.zeros((len(stages), 2), np.float32)
        for row, stage in enumerate(stages):
            codes[row] = _encode(stage, positions, width)
            limits[row] = stage.lo, stage.hi
        self._tables = codes, limits
        code = _compiled_stages().address if stages else 0
        self.entry = (code, codes.ctypes.data, limits.ctypes.data, len(stages))


def _encode(stage: Stage, positions: int, width: int) -> tuple[int, int, int, int]:
    """Return a stage's row of codes; refuse what the kernel would read out of bounds."""
    op, name = int(stage.op), stage.op.name.lower()
    if stage.op is Op.LUT:
        table = stage.table
        if table is None or table.shape != (65536,) or table.dtype != np.float32 or not table.flags.c_contiguous:
            raise InputError(f"{name}: got no table that fits (allowed: a C-contiguous float32[65536])")
        return op, table.ctypes.data, 0, 0
    if stage.op not in _WITH_OPERAND:
        return op, 0, 0, 0
    operand, index = stage.operand, stage.index
    if operand is None:
        raise InputError(f"{name}: got no operand (allowed: float32[entries, {width}])")
    require_stream(operand, f"{name}: operand")
    if operand.shape[1] != width:
        raise InputError(f"{name}: operand: got vectors of {operand.shape[1]} (allowed: {width}, as the stream)")
    if isinstance(index, np.ndarray):
        if index.shape != (positions,) or index.dtype != np.int32 or not index.flags.c_contiguous:
            raise InputError(f"{name}: index: got {index.dtype}{index.shape} (allowed: int32[{positions}])")
        fits = all_within(index, 0, len(operand) - 1)
        code = op, operand.ctypes.data, index.ctypes.data, 0
    else:
        fits = 0 <= index < len(operand)
        code = op, operand.ctypes.data, 0, int(index)
    if not fits:
        low, high = np.min(index), np.max(index)
        raise InputError(f"{name}: index: got {low}..{high} (allowed: 0..{len(operand) - 1})")
    return code


def require_stream(x: F32, name: str) -> None:
    """Refuse what is not a C-contiguous float32[P, N]."""
    if x.ndim != 2 or x.dtype != np.float32 or not x.flags.c_contiguous:
        raise InputError(f"{name}: got {x.dtype}, {x.ndim}-D (allowed: a C-contiguous 2-D array of float32)")
