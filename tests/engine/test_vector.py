"""The vector chain's stages against slow twins, bit for bit."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from npusim.engine.passes import apply_stages
from npusim.engine.vector import Op, Stage
from npusim.errors import InputError
from npusim.numerics import from_f16_bits, round_f16, to_f16_bits

F32 = npt.NDArray[np.float32]
BITS = np.arange(1 << 16, dtype=np.uint16)
FINITE = BITS[((BITS & 0x7C00) != 0x7C00) & (((BITS & 0x7C00) != 0) | ((BITS & 0x3FF) == 0))]  # halves, both zeros
ALL = from_f16_bits(FINITE)
CORNERS = from_f16_bits(
    np.array([0, 0x8000, 0x0400, 0x8400, 0x0401, 0x3C00, 0xBC00, 0x3C01, 0x7BFF, 0xFBFF, 0x7BFE, 0x4000], np.uint16)
)


def negative(x: float) -> bool:
    return math.copysign(1.0, x) < 0


def half(exact: Fraction, sign: bool) -> tuple[float, bool]:
    """Round by the rule, in rational arithmetic."""
    mag = abs(exact)
    if mag:
        e = math.frexp(float(mag))[1] - 1
        ulp = Fraction(2) ** (e - 10)
        mag = round(mag / ulp) * ulp
    over = mag > 65504
    mag = Fraction(0) if mag < Fraction(1, 2**14) else min(mag, Fraction(65504))
    return math.copysign(float(mag), -1.0 if sign else 1.0), over


def larger(a: float, b: float) -> float:
    return max(a, b) if a != b else (b if negative(a) else a)


def smaller(a: float, b: float) -> float:
    return min(a, b) if a != b else (a if negative(a) else b)


def summed(a: float, b: float) -> tuple[float, bool]:
    exact = Fraction(a) + Fraction(b)
    return half(exact, exact < 0 if exact else negative(a) and negative(b))


def one(op: Op, a: float, b: float, lo: float, hi: float) -> tuple[float, bool]:
    """The meaning of one operation on one value."""
    match op:
        case Op.MUL:
            return half(Fraction(a) * Fraction(b), negative(a) != negative(b))
        case Op.ADD:
            return summed(a, b)
        case Op.A_SUB_B:
            return summed(a, -b)
        case Op.B_SUB_A:
            return summed(b, -a)
        case Op.MAX:
            return larger(a, b), False
        case Op.RELU:
            return larger(a, 0.0), False
        case Op.CLIP:
            return smaller(larger(a, lo), hi), False
        case Op.LEAKY_RELU:
            return half(Fraction(a) * Fraction(lo), negative(a) != negative(lo)) if a < 0 else (a, False)
    raise AssertionError(op)


def same(a: F32, b: F32) -> bool:
    return a.shape == b.shape and bool((a.view(np.uint32) == b.view(np.uint32)).all())


def slowly(stage: Stage, x: F32) -> tuple[F32, bool]:
    y, sticky = np.empty_like(x), False
    for p, i in np.ndindex(*x.shape):
        b = 0.0
        if stage.operand is not None:
            row = int(stage.index[p]) if isinstance(stage.index, np.ndarray) else stage.index
            b = float(stage.operand[row, i])
        y[p, i], over = one(stage.op, float(x[p, i]), b, stage.lo, stage.hi)
        sticky |= over
    return y, sticky


BINARY = [Op.MUL, Op.ADD, Op.A_SUB_B, Op.B_SUB_A, Op.MAX]


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("width", [1, 8, 16, 21, 40])
def test_binary_operations(op: Op, width: int) -> None:
    rng = np.random.default_rng(width)
    for kind in range(3):  # anything; like exponents; corners
        x, v = (rng.choice(ALL, (7, width)) for _ in range(2))
        if kind == 1:
            x, v = (round_f16(rng.standard_normal((7, width)).astype(np.float32))[0] for _ in range(2))
        if kind == 2:
            x, v = (rng.choice(CORNERS, (7, width)) for _ in range(2))
        for index in (4, rng.integers(0, 7, 7).astype(np.int32)):
            stage = Stage(op=op, operand=v, index=index)
            want, want_over = slowly(stage, x)
            out = np.full_like(x, np.nan)
            assert apply_stages(x, [stage], out) == want_over
            assert same(out, want)
            inplace = x.copy()
            assert apply_stages(inplace, [stage]) == want_over
            assert same(inplace, want)


@pytest.mark.parametrize("op", BINARY)
def test_every_pair_of_corners(op: Op) -> None:
    a, b = (np.ascontiguousarray(g) for g in np.meshgrid(CORNERS, CORNERS))
    index = np.arange(len(CORNERS), dtype=np.int32)
    for x, v in ((a, b), (a[:, :8].copy(), b[:, :8].copy())):
        stage = Stage(op=op, operand=v, index=index)
        want, want_over = slowly(stage, x)
        assert apply_stages(x, [stage]) == want_over
        assert same(x, want)


@pytest.mark.parametrize(
    "stage",
    [
        Stage(op=Op.RELU),
        Stage(op=Op.CLIP, lo=0.0, hi=6.0),
        Stage(op=Op.CLIP, lo=-1.0, hi=-0.0),
        Stage(op=Op.LEAKY_RELU, lo=0.0999755859375),
        Stage(op=Op.LEAKY_RELU, lo=-3.0),
    ],
    ids=lambda s: f"{s.op.name}{s.lo:g}",
)
def test_unary_operations_on_every_half(stage: Stage) -> None:
    x = np.resize(ALL, (len(ALL) // 40 + 1, 40))
    want, want_over = slowly(stage, x)
    out = np.empty_like(x)
    assert apply_stages(x, [stage], out) == want_over
    assert same(out, want)


def test_table_by_pattern_on_every_half() -> None:
    rng = np.random.default_rng(0)
    table = rng.choice(ALL, 1 << 16)
    x = np.resize(ALL, (len(ALL) // 21 + 1, 21))
    out = np.empty_like(x)
    assert not apply_stages(x, [Stage(op=Op.LUT, table=table)], out)
    assert same(out, table[to_f16_bits(x)])


def test_a_chain_is_its_stages_in_order() -> None:
    rng = np.random.default_rng(2)
    x, v = (round_f16(rng.standard_normal((500, 24)).astype(np.float32) * 100)[0] for _ in range(2))
    index = rng.permutation(500).astype(np.int32)
    stages = [
        Stage(op=Op.MUL, operand=v, index=index),
        Stage(op=Op.A_SUB_B, operand=v, index=9),
        Stage(op=Op.LEAKY_RELU, lo=0.125),
        Stage(op=Op.MAX, operand=v, index=index),
        Stage(op=Op.CLIP, lo=-100.0, hi=1000.0),
    ]
    want, sticky = x, False
    for stage in stages:
        want, over = slowly(stage, want)
        sticky |= over
    assert apply_stages(x, stages) == sticky
    assert same(x, want)


def test_overflow_sticks_and_stays_silent_otherwise() -> None:
    x = np.full((3, 20), 2.0, np.float32)
    x[2, 19] = 4.0
    v = np.full((1, 20), 16384.0, np.float32)
    out = np.empty_like(x)
    assert apply_stages(x, [Stage(op=Op.MUL, operand=v), Stage(op=Op.RELU)], out)
    assert out[2, 19] == 65504
    x[2, 19] = 2.0
    assert not apply_stages(x, [Stage(op=Op.MUL, operand=v), Stage(op=Op.RELU)], out)
    assert apply_stages(np.full((1, 3), -65504, np.float32), [Stage(op=Op.LEAKY_RELU, lo=2.0)])
    assert not apply_stages(np.full((1, 3), 65504, np.float32), [Stage(op=Op.LEAKY_RELU, lo=2.0)])


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        (Stage(op=Op.ADD), "add: got no operand"),
        (Stage(op=Op.ADD, operand=np.zeros((2, 9), np.float32)), r"add: operand: got vectors of 9 \(allowed: 8"),
        (Stage(op=Op.MUL, operand=np.zeros((2, 8), np.float32), index=2), r"mul: index: got 2..2 \(allowed: 0..1\)"),
        (
            Stage(op=Op.MUL, operand=np.zeros((2, 8), np.float32), index=np.array([0, -1, 1], np.int32)),
            r"mul: index: got -1..1 \(allowed: 0..1\)",
        ),
        (
            Stage(op=Op.MUL, operand=np.zeros((2, 8), np.float32), index=np.zeros(2, np.int32)),
            r"index: got int32\(2,\) \(allowed: int32\[3\]\)",
        ),
        (Stage(op=Op.LUT, table=np.zeros(65535, np.float32)), "lut: got no table that fits"),
    ],
)
def test_misfits_are_refused(stage: Stage, text: str) -> None:
    with pytest.raises(InputError, match=text):
        apply_stages(np.zeros((3, 8), np.float32), [stage])
