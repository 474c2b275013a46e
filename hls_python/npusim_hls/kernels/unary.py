# ruff: noqa: F821
# mypy: disable-error-code="name-defined,no-any-return,return-value"
"""Reciprocal, reciprocal square root, exp, sigmoid and tanh: piecewise quadratics from tables.

Written for formats of up to 12 fraction bits. The kernel is the definition; the bound against the true function, in
units in the last place (ulp) of the result, is stated per function for float16 and tested over all 65,536 inputs.
Inputs with an all-ones exponent cannot occur in the machine and read as large numbers.
"""

from __future__ import annotations

from npusim_hls.kernel import kernel
from npusim_hls.kernels.floats import round_pack, unpack
from npusim_hls.kernels.tables import exp2_rows, log2_of_e, reciprocal_rows, rsqrt_rows, sigmoid_rows, tanh_rows
from npusim_hls.lang import bits, cat, clz
from npusim_hls.widths import u


@kernel
def evaluate(c0: int, c1: int, c2: int, t: int, *, n: int) -> int:
    """c0 + c1·t + c2·t² by Horner's rule with t = t / 2**n, each product rounded down."""
    return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)


@kernel
def normalize(sign: int, exponent: int, value: int, *, e: int, f: int, w: int) -> tuple[int, int]:
    """Round ±value / 2**(w-1) · 2**(exponent - bias), value of w bits, wherever its top bit is."""
    zeros = clz(value, w)
    return round_pack(sign, exponent - zeros, bits(value << zeros, w - 1, 0), e=e, f=f, w=w)


@kernel(outputs=("result", "overflow"))
def float_recip(a: u[1 + e + f], *, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """1 / a, within 0.55 ulp; ±0 gives the largest number of that sign and overflow."""
    sign, exponent, significand = unpack(a, e=e, f=f)
    p, n = f + 6, f - 4
    c0, c1, c2 = reciprocal_rows(4, p)[bits(significand, f - 1, n)]
    y = bits(evaluate(c0, c1, c2, bits(significand, n - 1, 0), n=n), p, 0)
    bias = (1 << (e - 1)) - 1
    result, overflow = normalize(sign, 2 * bias - exponent, y, e=e, f=f, w=p + 1)
    largest = (((1 << e) - 1) << f) - 1
    return (cat((sign, 1), (largest, e + f)), 1) if exponent == 0 else (result, overflow)


@kernel(outputs=("result", "overflow"))
def float_rsqrt(a: u[1 + e + f], *, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """1 / √a, within 0.55 ulp; zeros and negative numbers give the largest number and overflow."""
    sign, exponent, significand = unpack(a, e=e, f=f)
    p, n = f + 6, f - 4
    power = exponent - ((1 << (e - 1)) - 1)
    c0, c1, c2 = rsqrt_rows(4, p)[cat((bits(power, 0, 0), 1), (bits(significand, f - 1, n), 4))]
    y = bits(evaluate(c0, c1, c2, bits(significand, n - 1, 0), n=n), p, 0)
    bias = (1 << (e - 1)) - 1
    result, overflow = normalize(0, bias - (power >> 1), y, e=e, f=f, w=p + 1)
    largest = (((1 << e) - 1) << f) - 1
    return (largest, 1) if (exponent == 0) | sign else (result, overflow)


@kernel(outputs=("result", "overflow"))
def float_exp(a: u[1 + e + f], *, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """e**a, within 0.63 ulp; above the largest number it saturates and reports overflow, below the smallest it is +0.

    2**(a·log2 e): the whole part of the product is the exponent, its fraction (f + 5 bits) goes through the table.
    """
    sign, exponent, significand = unpack(a, e=e, f=f)
    bias, p, q = (1 << (e - 1)) - 1, f + 6, f + 5
    top = bias + e - 1
    huge = exponent >= top
    distance = min(bits(top - exponent, e - 1, 0), 2 * f + 8)
    fixed = (significand * log2_of_e(f + 6) >> distance) >> (f + f + 6 - q - (e - 1))
    power = -fixed if sign else fixed
    c0, c1, c2 = exp2_rows(4, p)[bits(power, q - 1, q - 4)]
    y = evaluate(c0, c1, c2, bits(power, q - 5, 0), n=q - 4)
    norm = min(max(y, 1 << p), (2 << p) - 1)
    result, overflow = round_pack(0, (power >> q) + bias, norm, e=e, f=f, w=p + 1)
    largest = (((1 << e) - 1) << f) - 1
    return ((0, 0) if sign else (largest, 1)) if huge else (result, overflow)


@kernel(outputs=("result",))
def float_sigmoid(a: u[1 + e + f], *, e: int, f: int) -> u[1 + e + f]:
    """1 / (1 + e**-a), within 0.61 ulp; below the smallest normal number it is +0.

    The table holds sigmoid(-|a|) scaled to keep its leading bits; a positive argument takes it from 1.
    """
    sign, exponent, significand = unpack(a, e=e, f=f)
    bias, p, q, k = (1 << (e - 1)) - 1, f + 6, f + 4, 3
    top = bias + e - 1
    distance = min(bits(top - exponent, e - 1, 0), q + e)
    fixed = bits((significand << (q - f + e - 1)) >> distance, q + e - 2, 0)
    c0, c1, c2, n = sigmoid_rows(k, 1 << (k + e - 1), p)[fixed >> (q - k)]
    y = bits(evaluate(c0, c1, c2, bits(fixed, q - k - 1, 0), n=q - k), p, 0)
    value = y if sign else bits((1 << p) - (y >> n), p, 0)
    result, _ = normalize(0, bias - n if sign else bias, value, e=e, f=f, w=p + 1)
    return (0 if sign else bias << f) if exponent >= top else result


@kernel(outputs=("result",))
def float_tanh(a: u[1 + e + f], *, e: int, f: int) -> u[1 + e + f]:
    """Hyperbolic tangent, within 0.53 ulp; it keeps the sign of zero.

    Below 2**-(f/2 + 1) the argument is the result, from 8 on ±1; between, eight segments per octave.
    """
    sign, exponent, significand = unpack(a, e=e, f=f)
    bias, p, n, low = (1 << (e - 1)) - 1, f + 9, f - 3, -(f // 2 + 1)
    first, top = bias + low, bias + 3
    rows = tanh_rows(low, 16, 3, p)
    c0, c1, c2 = rows[cat((bits(exponent - first, 3, 0), 4), (bits(significand, f - 1, n), 3))]
    y = bits(evaluate(c0, c1, c2, bits(significand, n - 1, 0), n=n), p, 0)
    curve, _ = normalize(sign, exponent, y, e=e, f=f, w=p + 1)
    small = cat((sign, 1), (bits(a, e + f - 1, 0) if exponent != 0 else 0, e + f))
    return small if exponent < first else cat((sign, 1), (bias << f, e + f)) if exponent >= top else curve
