"""Tables of the unary kernels: piecewise quadratics in integers, computed in decimal: the same on any machine.

A row (c0, c1, c2) approximates g on one segment as c0 + c1·t + c2·t², t in [0, 1) across the segment, in units of
2**-p: the interpolant at the three Chebyshev nodes of the segment, each coefficient rounded to an integer.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from npusim_hls.lang import constant

Rows = tuple[tuple[int, ...], ...]
PRECISION = Context(prec=40)


def quadratic(g: Callable[[Decimal], Decimal], start: Decimal, width: Decimal, p: int) -> tuple[int, int, int]:
    """Coefficients of g on start .. start + width in units of 2**-p (call with decimal precision set)."""
    half = Decimal(3).sqrt() / 4
    nodes = (Decimal("0.5") - half, Decimal("0.5"), Decimal("0.5") + half)
    y0, y1, y2 = (g(start + width * node) for node in nodes)
    slope = (y1 - y0) / half
    c2 = ((y2 - y1) / half - slope) / (2 * half)
    c1 = slope - c2 * (nodes[0] + nodes[1])
    c0 = y0 - c1 * nodes[0] - c2 * nodes[0] * nodes[0]
    q0, q1, q2 = (int((c * 2**p).to_integral_value()) for c in (c0, c1, c2))
    return q0, q1, q2


def sigmoid_of_minus(x: Decimal) -> Decimal:
    """1 / (1 + e**x)."""
    return 1 / (1 + x.exp())


def tanh(x: Decimal) -> Decimal:
    """Hyperbolic tangent."""
    power = (2 * x).exp()
    return (power - 1) / (power + 1)


@constant
@lru_cache
def reciprocal_rows(k: int, p: int) -> Rows:
    """1 / (1 + x) on 2**k segments of 0 .. 1."""
    with localcontext(PRECISION):
        step = Decimal(1) / 2**k
        return tuple(quadratic(lambda x: 1 / (1 + x), i * step, step, p) for i in range(2**k))


@constant
@lru_cache
def rsqrt_rows(k: int, p: int) -> Rows:
    """(1 + x)**-½ on 2**k segments of 0 .. 1, then (2 + 2x)**-½ on as many."""
    with localcontext(PRECISION):
        step = Decimal(1) / 2**k
        return tuple(
            quadratic(lambda x, scale=scale: 1 / (scale * (1 + x)).sqrt(), i * step, step, p)  # type: ignore[misc]
            for scale in (1, 2)
            for i in range(2**k)
        )


@constant
@lru_cache
def exp2_rows(k: int, p: int) -> Rows:
    """2**x on 2**k segments of 0 .. 1."""
    with localcontext(PRECISION):
        step, ln2 = Decimal(1) / 2**k, Decimal(2).ln()
        return tuple(quadratic(lambda x: (x * ln2).exp(), i * step, step, p) for i in range(2**k))


@constant
@lru_cache
def log2_of_e(p: int) -> int:
    """log2(e) in units of 2**-p."""
    with localcontext(PRECISION):
        return int((2**p / Decimal(2).ln()).to_integral_value())


@constant
@lru_cache
def tanh_rows(low: int, octaves: int, k: int, p: int) -> Rows:
    """tanh(x) / 2**o on 2**k segments of each octave 2**o .. 2**(o+1), o = low .. low + octaves - 1."""
    with localcontext(PRECISION):
        rows = []
        for octave in range(low, low + octaves):
            unit = Decimal(2) ** octave
            for i in range(2**k):
                step = unit / 2**k
                rows.append(quadratic(lambda x, unit=unit: tanh(x) / unit, unit + i * step, step, p))  # type: ignore[misc]
        return tuple(rows)


@constant
@lru_cache
def sigmoid_rows(k: int, segments: int, p: int) -> Rows:
    """(c0, c1, c2, n): sigmoid(-x) · 2**n on segments of width 2**-k from 0; n puts the segment's start in ½ .. 1.

    n stops at p: what is smaller rounds to 0 in every format with p or fewer negative exponents.
    """
    with localcontext(PRECISION):
        rows, step = [], Decimal(1) / 2**k
        for i in range(segments):
            start, n = sigmoid_of_minus(i * step), 0
            while n < p and start * 2**n < Decimal("0.5"):
                n += 1
            scale = 2**n
            fit = quadratic(lambda x, scale=scale: scale * sigmoid_of_minus(x), i * step, step, p)  # type: ignore[misc]
            rows.append((*fit, n))
        return tuple(rows)
