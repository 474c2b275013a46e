"""The kernels as plain Python against exact fractions: all corner pairs, then random words."""

from __future__ import annotations

import random
from fractions import Fraction

import oracle  # type: ignore[import-not-found]
import pytest

from npusim_hls import kernels

FORMATS = {"f16": oracle.F16, "bf16": oracle.BF16, "f32": oracle.F32}
PAIRS = [(op, name) for op in ("add", "mul", "max") for name in FORMATS] + [("sub", "f16"), ("sub", "f32")]


def finite_word(rng: random.Random, fmt: oracle.Format) -> int:
    """A random finite word, its exponent often near the middle so that sums and products interact."""
    exponent = rng.choice([rng.randrange((1 << fmt.e) - 1), min(fmt.bias + rng.randrange(-4, 5), (1 << fmt.e) - 2)])
    word: int = rng.getrandbits(1) << (fmt.e + fmt.f) | exponent << fmt.f | rng.getrandbits(fmt.f)
    return word


@pytest.mark.parametrize(("op", "name"), PAIRS)
def test_two_operand_kernels_follow_the_contract(op: str, name: str) -> None:
    fmt, instance = FORMATS[name], kernels.KERNELS[f"{name}_{op}"]
    reference = getattr(oracle, "maximum" if op == "max" else op)
    rng = random.Random(f"{op}{name}")
    edge = oracle.corners(fmt)
    pairs = [(a, b) for a in edge for b in edge]
    pairs += [(finite_word(rng, fmt), finite_word(rng, fmt)) for _ in range(2000)]
    for a, b in pairs:
        assert instance(a, b) == reference(fmt, a, b), (hex(a), hex(b))


def test_zero_signs() -> None:
    plus, minus, one = 0, 0x8000, 0x3C00
    assert kernels.f16_add(one, one | minus) == (plus, 0)
    assert kernels.f16_add(minus, minus) == (minus, 0)
    assert kernels.f16_sub(minus, plus) == (minus, 0)
    assert kernels.f16_mul(minus, one) == (minus, 0)
    assert kernels.f16_max(plus, minus) == plus == kernels.f16_max(minus, plus)


def test_subnormals_flush_and_large_values_saturate() -> None:
    assert kernels.f16_add(0x03FF, 0x0000) == (0, 0)
    assert kernels.f16_mul(0x8400, 0x3800) == (0x8000, 0)  # -2**-14 · ½ flushes to -0
    assert kernels.f16_mul(0x0401, 0x3BFF) == (0x0400, 0)  # just below 2**-14 rounds up to it
    assert kernels.f16_add(0x7BFF, 0x7BFF) == (0x7BFF, 1)
    assert kernels.f16_add(0xFBFF, 0xFBFF) == (0xFBFF, 1)


def test_one_operand_selections() -> None:
    fmt = oracle.F16
    for word in range(1 << 16):
        flushed = word if word >> 10 & 31 else word & 0x8000
        assert kernels.f16_relu(word) == (0 if word & 0x8000 else flushed)
    for word in oracle.corners(fmt):
        for alpha in oracle.corners(fmt):
            flushed = word if word >> 10 & 31 else word & 0x8000
            want = oracle.mul(fmt, word, alpha) if fmt.value(word) < 0 else (flushed, 0)
            assert kernels.f16_leaky_relu(word, alpha) == want
    assert kernels.f16_clip(0x4500, 0x0000, 0x4600) == 0x4500
    assert kernels.f16_clip(0x4700, 0x0000, 0x4600) == 0x4600  # relu6 of 7
    assert kernels.f16_clip(0xC700, 0x0000, 0x4600) == 0


def test_conversions_are_exact_or_rounded_once() -> None:
    rng = random.Random(7)
    for word in range(1 << 16):
        if word >> 10 & 31 != 31:
            wide = kernels.f16_to_f32(word)
            assert oracle.F32.split(wide) == oracle.F16.split(word)
            assert kernels.f32_to_f16(wide) == (word if word >> 10 & 31 else word & 0x8000, 0)
    words = oracle.corners(oracle.F32) + [
        rng.getrandbits(1) << 31 | rng.randrange(100, 145) << 23 | rng.getrandbits(23) for _ in range(3000)
    ]
    ties = [0x3F801000, 0x3F803000, 0x477FF000, 0x477FEFFF, 0x387FE000, 0x387FEFFF, 0x387FF000]
    for word in words + ties:
        assert kernels.f32_to_f16(word) == oracle.F16.encode(*oracle.F32.split(word)), hex(word)


def test_integers_round_once() -> None:
    rng = random.Random(8)
    values = [0, 1, -1, (1 << 31) - 1, -(1 << 31), (1 << 24) + 1, (1 << 25) + 2, (1 << 25) + 6]
    values += [rng.getrandbits(rng.randrange(1, 32)) * rng.choice([-1, 1]) for _ in range(500)]
    for value in values:
        for exponent in (-512, -150, -140, -126, -20, 0, 97, 104, 511, rng.randrange(-512, 512)):
            want = oracle.F32.encode(int(value < 0), abs(value) * Fraction(2) ** exponent)
            assert kernels.int_to_f32(value, exponent) == want, (value, exponent)


@pytest.mark.parametrize("d", [9, 17, 24])
def test_dot_products_convert_as_integers_do(d: int) -> None:
    rng = random.Random(d)
    convert = kernels.dot_to_f32_instance(d)
    values = [0, 1, -1, (1 << (d - 1)) - 1, -(1 << (d - 1)), 1 - (1 << (d - 1))]
    values += [rng.getrandbits(rng.randrange(1, d)) * rng.choice([-1, 1]) for _ in range(500)]
    for value in values:
        for exponent in (-512, -150, -140, -126, -20, 0, 97, 104, 120, 511, rng.randrange(-160, 140)):
            assert convert(value, exponent) == kernels.int_to_f32(value, exponent), (value, exponent)


def test_sums_in_fixed_point_are_exact_and_rounded_once() -> None:
    for word in range(1 << 16):
        sign, magnitude = kernels.f16_to_fixed(word)
        want_sign, want = oracle.F16.split(word)
        assert (sign, Fraction(magnitude, 1 << 24)) == (want_sign, want)
    rng = random.Random(10)
    most = (1 << 22) * (65504 << 24)
    totals = [0, 1, -1, most, -most, (1 << 10) - 1, 1 << 10, 65519 << 24, (65520 << 24) - 1, 65520 << 24]
    totals += [rng.getrandbits(rng.randrange(1, 63)) * rng.choice([-1, 1]) for _ in range(3000)]
    totals += [(2048 + odd) * (1 << shift) + low for odd in (1, 3) for shift in (1, 20) for low in (-1, 0, 1)]
    for total in totals:
        assert kernels.sum_to_f16(total) == oracle.F16.encode(int(total < 0), Fraction(abs(total), 1 << 24)), total


def test_accumulation_step_is_convert_then_add() -> None:
    rng = random.Random(9)
    for _ in range(2000):
        acc = finite_word(rng, oracle.F32)
        value, exponent = rng.randrange(-(1 << 18), 1 << 18), rng.randrange(-30, 30)
        term, overflow = kernels.int_to_f32(value, exponent)
        total, more = kernels.f32_add(acc, term)
        assert kernels.f32_accumulate(acc, value, exponent) == (total, overflow | more)


@pytest.mark.parametrize("m", [2, 3, 5, 7, 11])
def test_blocks_follow_the_contract(m: int) -> None:
    rng = random.Random(m)
    assert kernels.f16_to_bfp((0, 0x8000, 0x03FF), m) == ((0, 0, 0), -14)
    for spread in (1, 4, 30):
        for _ in range(150):
            top = rng.randrange(spread, 31)
            exponents = [rng.randrange(top - spread, top + 1) for _ in range(8)]
            lanes = tuple(rng.getrandbits(1) << 15 | exponent << 10 | rng.getrandbits(10) for exponent in exponents)
            assert kernels.f16_to_bfp(lanes, m) == oracle.bfp(oracle.F16, lanes, m)
    ties = tuple(0x3C00 | i << 5 for i in range(32))
    assert kernels.f16_to_bfp(ties, m) == oracle.bfp(oracle.F16, ties, m)
