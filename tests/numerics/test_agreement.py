"""The array functions and the kernels that the hardware is generated from, on the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from npusim import arith
from npusim.engine.passes import apply_stages
from npusim.engine.vector import Op, Stage
from npusim.numerics import (
    accumulate_fp32,
    from_f16_bits,
    quantise_activations,
    round_f16,
    scale_dot,
    to_f16_bits,
)

RNG = np.random.default_rng(16)
EDGES = np.array([0, 0x8000, 0x0400, 0x8400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x0401, 0x7BFE], np.uint16)


def halves(count: int) -> np.ndarray:
    """Random halves as bits, one in four an edge, no subnormals."""
    bits = RNG.integers(0x0400, 0x7C00, count).astype(np.uint16) | RNG.choice([0, 0x8000], count).astype(np.uint16)
    return np.where(RNG.random(count) < 0.25, RNG.choice(EDGES, count), bits)


def test_float32_to_half() -> None:
    bits = RNG.integers(0, 1 << 32, 20_000, np.uint32)
    near = RNG.integers(0x38700000, 0x38900000, 5_000).astype(np.uint32)  # about 2^-14
    top = RNG.integers(0x477FD000, 0x47800100, 5_000).astype(np.uint32)  # about 65504
    x = np.concatenate([bits, near, top]).view(np.float32)
    x = x[np.isfinite(x) & ((np.abs(x) >= 2.0**-126) | (x == 0))]
    got = to_f16_bits(round_f16(x)[0])
    want = [arith.f32_to_f16(int(b)) for b in x.view(np.uint32)]
    assert got.tolist() == [bits for bits, _ in want]
    for i in range(0, len(x), 997):
        assert round_f16(x[i : i + 1])[1] == bool(want[i][1])


@pytest.mark.parametrize(
    ("op", "scalar"),
    [
        (Op.MUL, arith.f16_mul),
        (Op.ADD, arith.f16_add),
        (Op.A_SUB_B, arith.f16_sub),
        (Op.B_SUB_A, lambda a, b: arith.f16_sub(b, a)),
        (Op.MAX, lambda a, b: (arith.f16_max(a, b), False)),
    ],
)
def test_binary_operations(op: Op, scalar: object) -> None:
    a, b = halves(4_000), halves(4_000)
    stage = Stage(op=op, operand=from_f16_bits(b).reshape(1, -1))
    out = from_f16_bits(a).reshape(1, -1)
    over = apply_stages(out, [stage])
    want = [scalar(int(x), int(y)) for x, y in zip(a, b, strict=True)]  # type: ignore[operator]
    assert to_f16_bits(out)[0].tolist() == [bits for bits, _ in want]
    assert over == any(o for _, o in want)


@pytest.mark.parametrize(("lo", "hi"), [(0x0000, 0x4600), (0xBC00, 0x8000), (0x4000, 0x3C00), (0x8000, 0x0000)])
def test_unary_operations(lo: int, hi: int) -> None:
    x = halves(4_000)
    low, high = (float(from_f16_bits(np.array([b], np.uint16))[0]) for b in (lo, hi))
    for stage, want in (
        (Stage(op=Op.RELU), [arith.f16_relu(int(b)) for b in x]),
        (Stage(op=Op.CLIP, lo=low, hi=high), [arith.f16_clip(int(b), lo, hi) for b in x]),
        (Stage(op=Op.LEAKY_RELU, lo=low), [arith.f16_leaky_relu(int(b), lo)[0] for b in x]),
        (Stage(op=Op.LEAKY_RELU, lo=high), [arith.f16_leaky_relu(int(b), hi)[0] for b in x]),
    ):
        out = from_f16_bits(x).reshape(1, -1)
        apply_stages(out, [stage])
        assert to_f16_bits(out)[0].tolist() == want


@pytest.mark.parametrize("m", range(2, 8))
def test_activations(m: int) -> None:
    x = halves(200 * 16).reshape(200, 16)
    x[0] = 0x8000
    q, exp = quantise_activations(from_f16_bits(x), m)
    for i in range(len(x)):
        mantissas, e = arith.f16_to_bfp(tuple(x[i].tolist()), m)
        assert (tuple(q[i].tolist()), int(exp[i])) == (tuple(mantissas), e)


def test_scaled_dots_and_sums() -> None:
    dots = RNG.integers(-(1 << 23), 1 << 23, 3_000)
    dots[:100] = RNG.integers(-3, 4, 100)
    scales = RNG.integers(-165, 130, 3_000)
    terms, flags = zip(*(scale_dot(int(d), int(s)) for d, s in zip(dots, scales, strict=True)), strict=True)
    want = [arith.int_to_f32(int(d), int(s)) for d, s in zip(dots, scales, strict=True)]
    bits = np.array(terms, np.float32).view(np.uint32)
    assert bits.tolist() == [b for b, _ in want]
    assert [bool(f) for f in flags] == [bool(o) for _, o in want]
    a, b = bits, RNG.permutation(bits)
    near = a ^ RNG.integers(0, 8, len(a)).astype(np.uint32) ^ np.uint32(1 << 31)  # cancellation
    for other in (b, np.where((near & 0x7F800000 == 0) | (near & 0x7F800000 == 0x7F800000), 0, near).astype(np.uint32)):
        sums, _ = accumulate_fp32(a.view(np.float32), other.view(np.float32))
        assert sums.view(np.uint32).tolist() == [
            arith.f32_add(int(x), int(y))[0] for x, y in zip(a, other, strict=True)
        ]
