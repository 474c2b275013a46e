"""The machine's number formats as array functions.

On-chip vectors are float32 arrays whose every value is a binary16 value: 11 significant bits, exponent -14..15, or a
signed zero.  Such values are called *halves* below.  An operation on halves is done in float32 and rounded once by
`round_half`; float32 has the 2*11+2 bits that make the double rounding of a sum, difference or product innocuous.

Rounding to a half: nearest even at 11 significant bits with unbounded exponent, then a magnitude below 2^-14 becomes a
zero of the same sign, and one above 65504 becomes 65504 and sets the sticky overflow flag.  The fp32 rule of the
accumulators is the same one at 24 bits, 2^-126 and the largest float32.

Block floating point with m magnitude bits: a block holds one exponent E = floor(log2(max|x|)) and signed mantissas
q = rhe(x * 2^(m-1-E)) clipped to +-(2^m - 1), so x is about q * 2^(E-(m-1)).

The functions without a leading underscore validate shapes and dtypes; they do not check that an array holds halves.
Those marked "compiled code only", `flush_fp32`, `add_fp32` and `scale_dot` are building blocks for the kernels of
`npusim.engine`.  (Numba's disk cache does not see that a kernel's building block in another file has changed: after
editing this file remove the `__pycache__` folders.)
"""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, register_jitable

from .errors import InputError

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int8]
I16 = npt.NDArray[np.int16]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]

MANTISSA_BITS = range(2, 8)  # magnitude bits of a block floating point format
MAX_HALF = 65504.0
MIN_HALF = 2.0**-14  # smallest magnitude that is not a zero
MIN_ACT_EXP = -14  # exponent of an all-zero block of activations
MIN_WEIGHT_EXP = -126  # exponent of an all-zero row of weights
_MAX_F32 = np.float32(np.finfo(np.float32).max)
_MIN_F32 = np.float32(2.0**-126)
_MAX_HALF64, _MIN_HALF64 = (int(np.float64(x).view(np.int64)) for x in (MAX_HALF, MIN_HALF))
_SIGN64 = -(1 << 63)
_I32 = ir.IntType(32)
_F32 = ir.FloatType()


# ------------------------------------------------------------------------------------------ scalar building blocks


def like(value: Any, number: int) -> Any:
    """Return an i32 constant, or a vector of it when `value` is a vector (code generators only)."""
    count = getattr(value.type, "count", None)
    return _I32(number) if count is None else ir.Constant(ir.VectorType(_I32, count), [number] * count)


def as_bits(builder: Any, x: Any) -> Any:
    """Return the i32 bits of a float or a vector of floats (code generators only)."""
    return builder.bitcast(x, ir.VectorType(_I32, x.type.count) if isinstance(x.type, ir.VectorType) else _I32)


def emit_round_half(builder: Any, x: Any) -> tuple[Any, Any]:
    """Emit the rounding of a float, or a vector of them, to a half; return (half, i1 or vector of i1: saturated)."""
    bits = as_bits(builder, x)
    odd = builder.and_(builder.lshr(bits, like(bits, 13)), like(bits, 1))
    bits = builder.add(builder.add(bits, like(bits, 0xFFF)), odd)
    bits = builder.and_(bits, like(bits, -0x2000))  # a carry has gone into the exponent, where it belongs
    mag = builder.and_(bits, like(bits, 0x7FFFFFFF))
    sign = builder.and_(bits, like(bits, -(2**31)))
    over = builder.icmp_signed(">", mag, like(bits, 0x477FE000))
    bits = builder.select(builder.icmp_signed("<", mag, like(bits, 0x38800000)), sign, bits)
    bits = builder.select(over, builder.or_(sign, like(bits, 0x477FE000)), bits)
    return builder.bitcast(bits, x.type), over


def load16(builder: Any, address: Any, lanes: int = 16) -> Any:
    """Emit the load of consecutive float32 from an address given as i64."""
    value = builder.load(builder.inttoptr(address, ir.VectorType(_F32, lanes).as_pointer()))
    value.align = 4
    return value


def store16(builder: Any, value: Any, address: Any) -> None:
    """Emit the store of consecutive float32 to an address given as i64."""
    builder.store(value, builder.inttoptr(address, value.type.as_pointer())).align = 4


def as_count(builder: Any, flags: Any) -> Any:
    """Return a vector of i1 as an i64 that is 0 when all of them are."""
    return builder.zext(builder.bitcast(flags, ir.IntType(flags.type.count)), ir.IntType(64))


@intrinsic
def round_half(typingctx: Any, x: Any) -> Any:
    """Round one float32 to a half (compiled code only)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_round_half(builder, args[0])[0]

    return types.float32(types.float32), codegen


@intrinsic
def half_overflows(typingctx: Any, x: Any) -> Any:
    """Tell (int64 0 or 1) whether rounding one float32 to a half saturates (compiled code only)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(emit_round_half(builder, args[0])[1], ir.IntType(64))

    return types.int64(types.float32), codegen


@intrinsic(prefer_literal=True)
def _round_lanes(typingctx: Any, lanes: Any, source: Any, target: Any) -> Any:
    if not isinstance(lanes, types.IntegerLiteral):
        return None
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, over = emit_round_half(builder, load16(builder, args[1], count))
        store16(builder, value, args[2])
        return as_count(builder, over)

    return types.int64(lanes, types.int64, types.int64), codegen


@register_jitable
def round_halves(source, target, count):
    """Round `count` float32 at address `source` to halves at address `target` (compiled code only).

    The two may be one.  Returns 0 when nothing saturated.
    """
    over = 0
    whole = count // 16 * 16
    for at in range(0, whole * 4, 64):
        over |= _round_lanes(16, source + at, target + at)
    for at in range(whole * 4, count * 4, 4):
        over |= _round_lanes(1, source + at, target + at)
    return over


@njit(cache=True, nogil=True)
def round_totals(total: F64, out: F32, row: int) -> bool:
    """Round float64 to halves in a row of `out` (compiled code only); return whether any saturated.

    total: float64[N], scratch: overwritten; out: float32[rows, N].  A zero keeps its sign.
    """
    bits = total.view(np.int64)
    over = False
    for i in range(bits.size):
        b = bits[i]
        b = (b + (1 << 41) - 1 + ((b >> 42) & 1)) & ~((1 << 42) - 1)  # a carry goes into the exponent, as it should
        sign = b & _SIGN64
        magnitude = b ^ sign
        over |= magnitude > _MAX_HALF64
        magnitude = min(magnitude, _MAX_HALF64)
        bits[i] = (0 if magnitude < _MIN_HALF64 else magnitude) | sign
    for i in range(bits.size):
        out[row, i] = np.float32(total[i])
    return over


@intrinsic
def half_index(typingctx: Any, x: Any) -> Any:
    """Return the binary16 bit pattern of one half as an index 0..65535 (compiled code only)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = as_bits(builder, args[0])
        mag = builder.and_(bits, _I32(0x7FFFFFFF))
        half = builder.lshr(builder.sub(mag, _I32(112 << 23)), _I32(13))
        half = builder.select(builder.icmp_unsigned("==", mag, _I32(0)), _I32(0), half)
        sign = builder.and_(builder.lshr(bits, _I32(16)), _I32(0x8000))
        return builder.zext(builder.or_(sign, half), ir.IntType(64))

    return types.int64(types.float32), codegen


@intrinsic
def magnitude_bits(typingctx: Any, x: Any) -> Any:
    """Return the bits of |x| as an int32, ordered like the magnitudes (compiled code only)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.and_(as_bits(builder, args[0]), _I32(0x7FFFFFFF))

    return types.int32(types.float32), codegen


@njit(cache=True, nogil=True)
def flush_fp32(x: np.float32) -> tuple[np.float32, bool]:
    """Apply flush and saturation of the fp32 rule to a value already rounded to 24 bits by IEEE arithmetic.

    An IEEE sum of two normal numbers that is below 2^-126 is exact, so flushing it after the fact is the rule; one
    that rounds beyond the largest float32 has become infinite.
    """
    if abs(x) > _MAX_F32:
        return np.copysign(_MAX_F32, x), True
    if abs(x) < _MIN_F32:
        return np.copysign(np.float32(0.0), x), False
    return x, False


@njit(cache=True, nogil=True)
def add_fp32(a: np.float32, b: np.float32) -> tuple[np.float32, bool]:
    """Add two normal or zero float32 by the fp32 rule; return the sum and whether it saturated."""
    result: tuple[np.float32, bool] = flush_fp32(np.float32(a + b))
    return result


@njit(cache=True, nogil=True)
def scale_dot(dot: int, exponent: int) -> tuple[np.float32, bool]:
    """Return dot * 2^exponent, |dot| < 2^24, as an fp32 value by the fp32 rule, and whether it saturated."""
    value = float(dot)  # float64 holds every such product exactly: 24 bits, exponents -300..300
    while exponent > 30:
        value *= 2.0**30
        exponent -= 30
    while exponent < -30:
        value *= 2.0**-30
        exponent += 30
    value *= 2.0**exponent
    if abs(value) > _MAX_F32:
        return np.float32(np.copysign(np.float64(_MAX_F32), value)), True
    if abs(value) < _MIN_F32:
        return np.float32(np.copysign(0.0, value)), False
    return np.float32(value), False


# ------------------------------------------------------------------------------------------------------ validation


def _require(array: npt.NDArray[Any], name: str, dtype: type, ndim: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != ndim:
        got = f"{array.dtype}, {array.ndim}-D" if isinstance(array, np.ndarray) else type(array).__name__
        raise InputError(f"{name}: got {got} (allowed: a {ndim}-D array of {np.dtype(dtype).name})")


def _require_mantissa(m: int) -> None:
    if m not in MANTISSA_BITS:
        raise InputError(f"mantissa: got {m} magnitude bits (allowed: 2..7)")


def _require_finite(array: F32, name: str) -> None:
    finite = np.isfinite(array)
    if not finite.all():
        where = np.argwhere(~finite)[0].tolist()
        raise InputError(f"{name}{where}: got {array[tuple(where)]} (allowed: finite numbers)")


# ---------------------------------------------------------------------------------------------------------- halves


def round_f16(x: F32) -> tuple[F32, bool]:
    """Round an array to halves.

    x: float32, any shape, finite (InputError names the first value that is not).  Returns (halves of the same shape,
    whether any magnitude saturated at 65504).  Float32 subnormals become zeros of their sign.
    """
    if not isinstance(x, np.ndarray) or x.dtype != np.float32:
        got = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise InputError(f"x: got {got} (allowed: an array of float32)")
    _require_finite(x, "x")
    out = np.empty(x.shape, np.float32)
    overflowed = _round_f16(np.ascontiguousarray(x).reshape(-1), out.reshape(-1))
    return out, bool(overflowed)


@njit(cache=True, nogil=True)
def _round_f16(x: F32, out: F32) -> int:
    over: int = round_halves(x.ctypes.data, out.ctypes.data, x.size)
    return over


def to_f16_bits(x: F32) -> U16:
    """Return the binary16 bit patterns (uint16, same shape) of an array of halves (float32)."""
    bits: U16 = np.asarray(x, np.float32).astype(np.float16).view(np.uint16)
    return bits


def from_f16_bits(bits: U16) -> F32:
    """Return the halves (float32, same shape) of binary16 bit patterns (uint16).

    Subnormal patterns read as a zero of their sign; infinities and NaNs are refused with InputError.
    """
    bits = np.ascontiguousarray(bits, np.uint16)
    out = np.empty(bits.shape, np.float32)
    if _widen(bits.reshape(-1), out.reshape(-1)):
        bad = int(bits[(bits & 0x7C00) == 0x7C00][0])
        raise InputError(f"bits: got 0x{bad:04X}, an infinity or NaN (allowed: finite binary16 numbers)")
    return out


@njit(cache=True, nogil=True)
def _widen(bits: U16, out: F32) -> int:
    bad: int = widen_halves(bits, out)
    return bad


@register_jitable
def widen_halves(bits, out):
    """Do as `from_f16_bits` does, uint16[n] to float32[n]; return nonzero if one is no number (compiled code only)."""
    floats = out.view(np.uint32)
    bad = 0
    for i in range(out.size):
        b = np.uint32(bits[i])
        magnitude = b & np.uint32(0x7FFF)
        bad |= magnitude >= np.uint32(0x7C00)
        normal = (magnitude << np.uint32(13)) + np.uint32(112 << 23)
        sign = (b & np.uint32(0x8000)) << np.uint32(16)
        floats[i] = sign | (normal if magnitude >= np.uint32(0x400) else np.uint32(0))
    return bad


# ------------------------------------------------------------------------------------------- block floating point


def quantise_activations(x: F32, m: int) -> tuple[I8, I16]:
    """Quantise native vectors to block floating point, one exponent a vector.

    x: float32[n, N] of halves; m: magnitude bits 2..7.  Returns q: int8[n, N] in +-(2^m - 1) and exp: int16[n] with
    x about q * 2^(exp-(m-1)).  An all-zero vector gives q = 0, exp = -14.
    """
    _require(x, "x", np.float32, 2)
    _require(x, "x", np.float32, 2)
    q = np.empty(x.shape, np.uint8)
    exp = np.empty(x.shape[0], np.int16)
    offset_activations(x, m, q, exp)
    return (q ^ 128).view(np.int8), exp


def offset_activations(x: F32, m: int, q: U8, exp: I16) -> None:
    """Quantise as `quantise_activations` into given arrays, the mantissas plus 128, as `engine.matvec` takes them.

    x: float32[n, N]; q: uint8[n, at least N]; exp: int16[n].
    """
    _require(x, "x", np.float32, 2)
    _require(q, "q", np.uint8, 2)
    _require_mantissa(m)
    if q.shape[0] != x.shape[0] or q.shape[1] < x.shape[1] or exp.shape != x.shape[:1]:
        raise InputError(f"q, exp: got {q.shape}, {exp.shape} (allowed: those of x, {x.shape})")
    _offset_activations(x, m, q, exp)


@njit(cache=True, nogil=True)
def _offset_activations(x: F32, m: int, q: U8, exp: I16) -> None:
    for i in range(x.shape[0]):
        exp[i] = offset_vector(x[i], m, q[i])


@register_jitable
def offset_vector(x, m, q):
    """Quantise a vector as `offset_activations` does, float32[N] to uint8[N]; return E (compiled code only)."""
    limit = np.float32((1 << m) - 1)
    top = 0
    for j in range(x.size):
        top = max(top, magnitude_bits(x[j]))
    e = MIN_ACT_EXP if top == 0 else (top >> 23) - 127
    scale = np.float32(2.0 ** (m - 1 - e))
    for j in range(x.size):
        y = np.rint(x[j] * scale)
        y = limit if y > limit else y
        y = -limit if y < -limit else y
        q[j] = np.int32(y) + np.int32(128)
    return e


def quantise_weights(w: F32, m: int) -> tuple[I8, I8]:
    """Quantise rows of weights to block floating point, one exponent a row.

    w: float32[rows, N], finite; m: magnitude bits 2..7.  Returns q: int8[rows, N] and exp: int8[rows].  Float32
    subnormals read as zero, so exponents are -126..127 and fit their 8 bits without a clamp; an all-zero row gives
    q = 0, exp = -126.
    """
    _require(w, "w", np.float32, 2)
    _require_mantissa(m)
    _require_finite(w, "w")
    q = np.empty(w.shape, np.int8)
    exp = np.empty(w.shape[0], np.int8)
    _quantise_weights(np.ascontiguousarray(w), m, q, exp)
    return q, exp


@njit(cache=True, nogil=True)
def _quantise_weights(w: F32, m: int, q: I8, exp: I8) -> None:
    limit = float((1 << m) - 1)
    width = w.shape[1]
    for i in range(w.shape[0]):
        row = w[i]
        top = 0
        for j in range(width):
            top = max(top, magnitude_bits(row[j]))
        e = (top >> 23) - 127
        if e < MIN_WEIGHT_EXP:  # zeros and subnormals alone
            exp[i] = MIN_WEIGHT_EXP
            q[i, :] = 0
            continue
        # In float64 the product with 2^132 is still exact.  A subnormal in a row whose largest magnitude is normal
        # scales to at most 2^(m-1), so it has to be dropped by hand.
        scale = 2.0 ** (m - 1 - e)
        for j in range(width):
            v = np.float64(row[j])
            y = np.rint(v * scale) if abs(row[j]) >= _MIN_F32 else 0.0
            y = limit if y > limit else y
            y = -limit if y < -limit else y
            q[i, j] = np.int8(y)
        exp[i] = e


# ------------------------------------------------------------------------------------------------------ tile format


def tile_bytes(n: int, m: int) -> int:
    """Return the bytes of one packed tile of native dimension n with m magnitude bits: a multiple of 64."""
    return -(-(-(-n * n * (m + 1) // 8) + n) // 64) * 64


def pack_tiles(q: I8, exp: I8, m: int, lanes: int) -> U8:
    """Pack weight tiles into the format of DRAM: chunk by chunk, as MatrixRf is written.

    q: int8[n, N, N] in +-(2^m - 1) (tile, row, element); exp: int8[n, N]; lanes: elements of a chunk, a divisor of N.
    Returns uint8[n, tile_bytes(N, m)]: chunk j holds elements j*lanes..(j+1)*lanes-1 of every row, row after row; its
    mantissas of m+1 bits, two's complement, chunk after chunk are one little-endian bit stream (element 0 of row 0 in
    the lowest bits) padded to a byte, then N exponent bytes, then zeros.
    """
    _require(q, "q", np.int8, 3)
    _require(exp, "exp", np.int8, 2)
    _require_mantissa(m)
    n_tiles, n, columns = q.shape
    if n != columns or exp.shape != (n_tiles, n):
        raise InputError(f"q, exp: got shapes {q.shape} and {exp.shape} (allowed: (n, N, N) and (n, N))")
    _require_lanes(lanes, n)
    stream = np.ascontiguousarray(q.reshape(n_tiles, n, n // lanes, lanes).transpose(0, 2, 1, 3))
    out = np.zeros((n_tiles, tile_bytes(n, m)), np.uint8)
    bad = _pack(stream.reshape(n_tiles, -1), exp, m + 1, out)
    if bad:
        raise InputError(f"q: got a mantissa beyond {(1 << m) - 1} (allowed: -{(1 << m) - 1}..{(1 << m) - 1})")
    return out


def _require_lanes(lanes: int, n: int) -> None:
    if lanes < 1 or n % lanes:
        raise InputError(f"lanes: got {lanes} (allowed: a divisor of N={n})")


@njit(cache=True, nogil=True)
def _pack(q: I8, exp: I8, bits: int, out: U8) -> bool:
    count = q.shape[1]
    limit = (1 << (bits - 1)) - 1
    mask = np.uint64((1 << bits) - 1)
    bad = 0
    for t in range(q.shape[0]):
        at = 0
        for g in range(0, count, 8):
            word = np.uint64(0)
            size = min(8, count - g)
            for i in range(size):
                v = q[t, g + i]
                if abs(np.int32(v)) > limit:
                    bad = 1
                word |= (np.uint64(v) & mask) << np.uint64(i * bits)
            for _ in range((size * bits + 7) // 8):
                out[t, at] = np.uint8(word & np.uint64(255))
                word >>= np.uint64(8)
                at += 1
        for r in range(exp.shape[1]):
            out[t, at + r] = np.uint8(exp[t, r])
    return bad != 0


def unpack_tiles(packed: U8, n: int, m: int, lanes: int) -> tuple[I8, I8]:
    """Unpack what `pack_tiles` packed.

    packed: uint8[n_tiles, tile_bytes(n, m)]; lanes: elements of a chunk.  Returns q: int8[n_tiles, n, n] and exp:
    int8[n_tiles, n].  The mantissa -2^m, which a packed tile can hold but `pack_tiles` never writes, comes out as it
    is.
    """
    _require(packed, "packed", np.uint8, 2)
    _require_mantissa(m)
    _require_lanes(lanes, n)
    if packed.shape[1] != tile_bytes(n, m):
        raise InputError(f"packed: got {packed.shape[1]} bytes a tile (allowed: {tile_bytes(n, m)} for N={n}, m={m})")
    q = np.empty((packed.shape[0], n * n), np.int8)
    exp = np.empty((packed.shape[0], n), np.int8)
    _unpack(np.ascontiguousarray(packed), m + 1, q, exp)
    chunks = q.reshape(-1, n // lanes, n, lanes)
    return np.ascontiguousarray(chunks.transpose(0, 2, 1, 3)).reshape(-1, n, n), exp


@njit(cache=True, nogil=True)
def _unpack(packed: U8, bits: int, q: I8, exp: I8) -> None:
    count = q.shape[1]
    whole = count // 8 * 8
    up = np.int64(64 - bits)
    for t in range(packed.shape[0]):
        at = 0
        for g in range(0, whole, 8):
            word = np.int64(0)
            for b in range(bits):
                word |= np.int64(packed[t, at + b]) << np.int64(8 * b)
            at += bits
            for i in range(8):
                q[t, g + i] = np.int8((word << (up - i * bits)) >> up)
        bit = whole * bits
        for i in range(whole, count):
            word = np.int64(packed[t, bit >> 3]) | np.int64(packed[t, min((bit >> 3) + 1, packed.shape[1] - 1)]) << 8
            q[t, i] = np.int8((word >> (bit & 7)) << up >> up)
            bit += bits
        at = (bit + 7) >> 3
        for r in range(exp.shape[1]):
            exp[t, r] = np.int8(packed[t, at + r])


# ----------------------------------------------------------------------------------------------- fp32 accumulation


def accumulate_fp32(acc: F32, term: F32) -> tuple[F32, bool]:
    """Add two arrays element by element by the fp32 rule.

    acc, term: float32, one shape, every value normal or zero.  Returns (sums, whether any saturated): nearest even at
    24 bits with unbounded exponent, then below 2^-126 a zero of the same sign, above the largest float32 that.
    """
    acc = np.asarray(acc, np.float32)
    term = np.asarray(term, np.float32)
    if acc.shape != term.shape:
        raise InputError(f"term: got shape {term.shape} (allowed: that of acc, {acc.shape})")
    out = np.empty(acc.shape, np.float32)
    over = _accumulate(np.ascontiguousarray(acc).reshape(-1), np.ascontiguousarray(term).reshape(-1), out.reshape(-1))
    return out, bool(over)


@njit(cache=True, nogil=True)
def _accumulate(acc: F32, term: F32, out: F32) -> bool:
    over = False
    for i in range(acc.size):
        out[i], o = add_fp32(acc[i], term[i])
        over |= o
    return over
