"""Halves, block floating point and fp32 sums against NumPy's float16 and exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from npusim.errors import InputError
from npusim.numerics import (
    MANTISSA_BITS,
    accumulate_fp32,
    from_f16_bits,
    offset_activations,
    pack_tiles,
    quantise_activations,
    quantise_weights,
    round_f16,
    scale_dot,
    tile_bytes,
    to_f16_bits,
    unpack_tiles,
)

F32 = npt.NDArray[np.float32]

PATTERNS = np.arange(1 << 16, dtype=np.uint16)
FINITE = PATTERNS[(PATTERNS & 0x7C00) != 0x7C00]
MAX_F32 = Fraction(float(np.finfo(np.float32).max))


# ---- slow twins -----------------------------------------------------------------------------------------------------


def rounded(x: Fraction, negative: bool, digits: int, least: int, largest: Fraction) -> tuple[float, bool]:
    """Round to nearest even at `digits` significant bits, then flush below 2^least and saturate above `largest`."""
    mag = abs(x)
    if mag:
        e = math.floor(math.log2(mag))  # a guess that the two loops correct
        while Fraction(2) ** e > mag:
            e -= 1
        while Fraction(2) ** (e + 1) <= mag:
            e += 1
        ulp = Fraction(2) ** (e - digits + 1)
        mag = round(mag / ulp) * ulp  # of a Fraction: half to even
    over = mag > largest
    mag = Fraction(0) if mag < Fraction(2) ** least else min(mag, largest)
    return math.copysign(float(mag), -1.0 if negative else 1.0), over


def half(x: float | Fraction, negative: bool | None = None) -> tuple[float, bool]:
    return rounded(Fraction(x), math.copysign(1, x) < 0 if negative is None else negative, 11, -14, Fraction(65504))


def fp32(x: Fraction, negative: bool) -> tuple[float, bool]:
    return rounded(x, negative, 24, -126, MAX_F32)


def same_bits(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and bool((a.view(np.uint8) == b.view(np.uint8)).all())


def floats(bits: Any) -> F32:
    return np.atleast_1d(np.asarray(bits, np.uint32)).view(np.float32)


# ---- halves ---------------------------------------------------------------------------------------------------------


def test_every_half_is_a_fixed_point() -> None:
    halves = from_f16_bits(FINITE)
    again, over = round_f16(halves)
    assert not over
    assert same_bits(again, halves)
    flushed = np.where((FINITE & 0x7C00) == 0, FINITE & 0x8000, FINITE).astype(np.uint16)
    assert same_bits(to_f16_bits(halves), flushed)


def test_neighbourhood_of_every_half_and_of_every_tie() -> None:
    """Halves and midpoints between neighbours, each with the float32 before and after it."""
    positive = from_f16_bits(PATTERNS[0x0400:0x7C00]).astype(np.float64)
    ties = (positive[:-1] + positive[1:]) / 2
    points = np.concatenate([positive, ties, [2.0**-14 * (1 - 2.0**-12), 2.0**-15, 65520.0]]).astype(np.float32)
    x = np.concatenate([points, np.nextafter(points, np.float32(0)), np.nextafter(points, np.float32(np.inf))])
    got, over = round_f16(np.concatenate([x, -x]))
    # NumPy rounds as the machine does wherever binary16 has 11 significant bits.
    with np.errstate(over="ignore"):
        numpy_half = x.astype(np.float16).astype(np.float32)
    want = np.where(np.isinf(numpy_half), np.float32(65504), numpy_half)
    tie = np.float32(2.0**-14 * (1 - 2.0**-12))  # to even: up to 2^-14
    want = np.where(x < tie, np.float32(0), np.where(x < 2.0**-14, np.float32(2.0**-14), want))
    assert same_bits(got, np.concatenate([want, -want]))
    assert over


@pytest.mark.parametrize(
    ("x", "want", "saturates"),
    [
        (2.0**-14 * (1 - 2.0**-12), 2.0**-14, False),  # a tie: rounds up to the smallest half before any flush
        (np.nextafter(np.float32(2.0**-14 * (1 - 2.0**-12)), np.float32(0)), 0.0, False),
        (-(2.0**-14) * (1 - 2.0**-11), -0.0, False),
        (65519.996, 65504.0, False),
        (65520.0, 65504.0, True),
        (-3.4e38, -65504.0, True),
        (1e-45, 0.0, False),
        (-1e-45, -0.0, False),
    ],
)
def test_edges(x: float, want: float, saturates: bool) -> None:
    got, over = round_f16(np.array([x], np.float32))
    assert same_bits(got, np.array([want], np.float32))
    assert over is saturates
    assert half(float(np.float32(x))) == (want, saturates)


@given(hnp.arrays(np.uint32, 37, elements=st.integers(0, 2**32 - 1)))
@settings(max_examples=100, deadline=None)
def test_rounding_is_the_rule(bits: Any) -> None:
    x = floats(bits)
    x = x[np.isfinite(x)]
    got, over = round_f16(x)
    want = [half(float(v)) for v in x]
    assert same_bits(got, np.array([w[0] for w in want], np.float32).reshape(x.shape))
    assert over == any(w[1] for w in want)


HALVES = st.sampled_from(FINITE.tolist()).map(lambda b: float(from_f16_bits(np.array([b], np.uint16))[0]))


@given(HALVES, HALVES)
@settings(max_examples=300, deadline=None)
def test_float32_is_wide_enough_for_one_operation(a: float, b: float) -> None:
    """Sum, difference and product in float32, rounded once more, equal one rounding of the exact value."""
    x, y = np.float32(a), np.float32(b)
    for value, exact in ((x + y, Fraction(a) + Fraction(b)), (x * y, Fraction(a) * Fraction(b))):
        got, over = round_f16(np.array([value], np.float32))
        want, want_over = half(exact, bool(np.signbit(value)))
        assert (float(got[0]), over) == (want, want_over)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_not_a_number_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match=r"x\[1, 0\]: got -?(inf|nan) \(allowed: finite numbers\)"):
        round_f16(np.array([[1, 2], [bad, 3]], np.float32))
    with pytest.raises(InputError, match="0x7C00, an infinity or NaN"):
        from_f16_bits(np.array([0x3C00, 0x7C00], np.uint16))


def test_dtypes_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="x: got float64"):
        round_f16(np.zeros(3))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"x: got float32, 1-D \(allowed: a 2-D array of float32\)"):
        quantise_activations(np.zeros(8, np.float32), 5)
    with pytest.raises(InputError, match="got 8 magnitude bits"):
        quantise_activations(np.zeros((1, 8), np.float32), 8)


# ---- block floating point -------------------------------------------------------------------------------------------


def block(x: F32, m: int, smallest: int, least: Fraction) -> tuple[list[int], int]:
    values = [Fraction(float(v)) if abs(Fraction(float(v))) >= least else Fraction(0) for v in x]
    top = max(abs(v) for v in values)
    if top == 0:
        return [0] * len(values), smallest
    e = math.frexp(float(top))[1] - 1
    limit = 2**m - 1
    return [max(-limit, min(limit, round(v * Fraction(2) ** (m - 1 - e)))) for v in values], e


@pytest.mark.parametrize("m", MANTISSA_BITS)
@pytest.mark.parametrize("n", [1, 8, 21, 128])
def test_activations(m: int, n: int) -> None:
    rng = np.random.default_rng(m * 1000 + n)
    bits = rng.integers(0, 0x7C00, (60, n)).astype(np.uint16) | rng.choice([0, 0x8000], (60, n)).astype(np.uint16)
    bits[:20] &= 0x83FF | (rng.integers(0, 32, (20, 1)) << 10).astype(np.uint16)  # rows of like magnitudes
    bits[(bits & 0x7C00) == 0x7C00] = 0x7BFF
    bits[0] = 0
    bits[1] = 0x8000
    bits[2, 0] = 0x7BFF
    x = from_f16_bits(bits)
    q, exp = quantise_activations(x, m)
    offset, exp_again = np.empty(q.shape, np.uint8), np.empty_like(exp)
    offset_activations(x, m, offset, exp_again)
    assert (offset == q.astype(np.int32) + 128).all()
    assert (exp_again == exp).all()
    for i in range(60):
        assert (q[i].tolist(), exp[i]) == block(x[i], m, -14, Fraction(1, 2**14))


@pytest.mark.parametrize("m", MANTISSA_BITS)
def test_weights(m: int) -> None:
    rng = np.random.default_rng(m)
    mags = rng.integers(0, 0x7F800000, (60, 16))
    mags[20:] = (mags[20:] & 0x007FFFFF) | ((rng.integers(0, 254, (40, 1)) + rng.integers(0, 2, (40, 16))) << 23)
    w = floats(mags.reshape(-1)).reshape(60, 16).copy() * rng.choice([-1, 1], (60, 16)).astype(np.float32)
    w[0] = 0
    w[1] = np.float32(1e-40)
    w[2] = np.float32(1e-40)
    w[2, 3] = np.float32(2.0**-126)
    w[3, 0] = np.finfo(np.float32).max
    q, exp = quantise_weights(w, m)
    assert exp[:4].tolist() == [-126, -126, -126, 127]
    for i in range(60):
        assert (q[i].tolist(), exp[i]) == block(w[i], m, -126, Fraction(1, 2**126))


def test_weights_refuse_what_is_not_a_number() -> None:
    w = np.zeros((2, 4), np.float32)
    w[1, 2] = np.nan
    with pytest.raises(InputError, match=r"w\[1, 2\]: got nan"):
        quantise_weights(w, 5)


# ---- tiles ----------------------------------------------------------------------------------------------------------


def packed_slowly(q: npt.NDArray[np.int8], exp: npt.NDArray[np.int8], m: int, lanes: int) -> bytes:
    stream, at = 0, 0
    for first in range(0, len(q), lanes):
        for row in q.tolist():
            for v in row[first : first + lanes]:
                stream |= (v & ((1 << (m + 1)) - 1)) << at
                at += m + 1
    body = stream.to_bytes(-(-q.size * (m + 1) // 8), "little") + exp.astype(np.uint8).tobytes()
    return body + bytes(-len(body) % 64)


def test_tile_bytes() -> None:
    assert tile_bytes(128, 5) == 12416
    assert tile_bytes(400, 2) == 60416
    assert tile_bytes(8, 5) == 64


@pytest.mark.parametrize("m", MANTISSA_BITS)
@pytest.mark.parametrize(("n", "lanes"), [(1, 1), (3, 1), (8, 2), (10, 5), (12, 3), (16, 16), (128, 16)])
def test_tiles_come_back(n: int, lanes: int, m: int) -> None:
    rng = np.random.default_rng(n)
    q = rng.integers(-(2**m) + 1, 2**m, (3, n, n)).astype(np.int8)
    q[0] = -(2**m) + 1
    exp = rng.integers(-128, 128, (3, n)).astype(np.int8)
    packed = pack_tiles(q, exp, m, lanes)
    assert packed.shape == (3, tile_bytes(n, m))
    assert packed.shape[1] % 64 == 0
    for t in range(3):
        assert packed[t].tobytes() == packed_slowly(q[t], exp[t], m, lanes)
    q2, exp2 = unpack_tiles(packed, n, m, lanes)
    assert same_bits(q2, q)
    assert same_bits(exp2, exp)


def test_tiles_that_do_not_fit_are_refused() -> None:
    q = np.zeros((1, 8, 8), np.int8)
    q[0, 1, 1] = -32
    with pytest.raises(InputError, match="got a mantissa beyond 31"):
        pack_tiles(q, np.zeros((1, 8), np.int8), 5, 2)
    with pytest.raises(InputError, match=r"got shapes \(1, 8, 8\) and \(1, 4\)"):
        pack_tiles(q, np.zeros((1, 4), np.int8), 5, 2)
    with pytest.raises(InputError, match=r"lanes: got 3 \(allowed: a divisor of N=8\)"):
        pack_tiles(q, np.zeros((1, 8), np.int8), 5, 3)
    with pytest.raises(InputError, match=r"got 65 bytes a tile \(allowed: 64 for N=8, m=5\)"):
        unpack_tiles(np.zeros((1, 65), np.uint8), 8, 5, 2)


# ---- fp32 -----------------------------------------------------------------------------------------------------------

NORMAL = st.integers(0x00800000, 0x7F7FFFFF) | st.integers(0x00800000, 0x02000000) | st.integers(0x7F000000, 0x7F7FFFFF)
SIGNED = st.tuples(st.just(0) | NORMAL, st.sampled_from([0, 1 << 31])).map(lambda p: float(floats(p[0] | p[1])[0]))


@given(SIGNED, SIGNED)
@settings(max_examples=500, deadline=None)
def test_sums_are_the_fp32_rule(a: float, b: float) -> None:
    got, over = accumulate_fp32(np.array([a], np.float32), np.array([b], np.float32))
    exact = Fraction(a) + Fraction(b)
    negative = exact < 0 if exact else math.copysign(1, a) < 0 and math.copysign(1, b) < 0
    want, want_over = fp32(exact, negative)
    assert same_bits(got, np.array([want], np.float32))
    assert over == want_over


@given(st.integers(-(2**24) + 1, 2**24 - 1), st.integers(-180, 170))
@settings(max_examples=500, deadline=None)
def test_scaled_dots_are_the_fp32_rule(dot: int, exponent: int) -> None:
    got, over = scale_dot(dot, exponent)
    want, want_over = fp32(dot * Fraction(2) ** exponent, dot < 0)
    assert (float(got), math.copysign(1, got), over) == (want, math.copysign(1, want), want_over)
