# ruff: noqa: F821
# mypy: disable-error-code="name-defined,no-any-return,return-value"
"""Floating-point arithmetic for any format: `e` exponent bits, `f` fraction bits, layout sign | exponent | fraction.

Values round to nearest even to f + 1 significant bits as if the exponent were unbounded; a magnitude below the smallest
normal then becomes a zero of the same sign, one above the largest finite number becomes that number and reports
overflow. Subnormal inputs read as zero. Infinity and NaN do not exist: an all-ones exponent is one more exponent.
(The names in the port widths are the parameters, which static checkers cannot see; the compiler checks them.)
"""

from __future__ import annotations

from npusim_hls.kernel import kernel
from npusim_hls.lang import bit, bits, cat, clz
from npusim_hls.widths import u


@kernel
def unpack(a: int, *, e: int, f: int) -> tuple[int, int, int]:
    """Split a number into sign, biased exponent and significand (f + 1 bits; 0 for zeros and subnormals)."""
    exponent = bits(a, e + f - 1, f)
    significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    return bit(a, e + f), exponent, significand


@kernel
def round_pack(sign: int, exponent: int, norm: int, *, e: int, f: int, w: int) -> tuple[int, bool]:
    """Round, flush and saturate ±norm / 2**(w-1) · 2**(exponent - bias); returns the number and overflow.

    norm has w bits, w >= f + 3, and its top bit is set unless the value is zero. The increment carries from the
    fraction into the exponent, so one comparison of the joined field with each limit decides flush and saturation.
    """
    odd = bit(norm, w - 1 - f)
    guard = bit(norm, w - 2 - f)
    sticky = bits(norm, w - 3 - f, 0) != 0
    increment = guard & (odd | sticky)
    field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    largest = (((1 << e) - 2) << f) + (1 << f) - 1
    zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    overflow = (not zero) & (field > largest)
    magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    return cat((sign, 1), (magnitude, e + f)), overflow


@kernel(outputs=("sum", "overflow"))
def float_add(a: u[1 + e + f], b: u[1 + e + f], *, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """Add two numbers. Three bits below the significand (guard, round, sticky) make the rounding exact.

    x + -x is +0, -0 + -0 is -0.
    """
    sign_a, exp_a, sig_a = unpack(a, e=e, f=f)
    sign_b, exp_b, sig_b = unpack(b, e=e, f=f)
    swap = bits(b, e + f - 1, 0) > bits(a, e + f - 1, 0)
    big, small = (sig_b, sig_a) if swap else (sig_a, sig_b)
    distance = min(abs(exp_a - exp_b), f + 4)
    lost = ((small << 3) & ((1 << distance) - 1)) != 0
    aligned = ((small << 3) >> distance) | lost
    subtract = sign_a ^ sign_b
    total = bits((big << 3) - aligned if subtract else (big << 3) + aligned, f + 4, 0)
    zeros = clz(total, f + 5)
    norm = bits(total << zeros, f + 4, 0)
    sign = sign_a & sign_b if total == 0 else sign_b if swap else sign_a
    exponent = (exp_b if swap else exp_a) + 1 - zeros
    return round_pack(sign, exponent, norm, e=e, f=f, w=f + 5)


@kernel(outputs=("difference", "overflow"))
def float_sub(a: u[1 + e + f], b: u[1 + e + f], *, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """Subtract: a + (b with its sign turned)."""
    return float_add(a, b ^ (1 << (e + f)), e=e, f=f)


@kernel(outputs=("product", "overflow"))
def float_mul(a: u[1 + e + f], b: u[1 + e + f], *, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """Multiply: exact product of the significands, one rounding."""
    sign_a, exp_a, sig_a = unpack(a, e=e, f=f)
    sign_b, exp_b, sig_b = unpack(b, e=e, f=f)
    product = sig_a * sig_b
    top = bit(product, 2 * f + 1)
    norm = product if top else bits(product << 1, 2 * f + 1, 0)
    exponent = exp_a + exp_b - ((1 << (e - 1)) - 1) + top
    return round_pack(sign_a ^ sign_b, exponent, norm, e=e, f=f, w=2 * f + 2)


@kernel
def flush(a: int, *, e: int, f: int) -> int:
    """Read a number as the datapath does: a subnormal is a zero of the same sign."""
    return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)


@kernel
def exceeds(a: int, b: int, *, e: int, f: int) -> bool:
    """Whether pattern b is above pattern a, -0 below +0; of numbers of one sign the magnitudes decide."""
    sign = bit(a, e + f)
    larger = bits(a, e + f - 1, 0) < bits(b, e + f - 1, 0)
    return sign if sign ^ bit(b, e + f) else larger ^ sign


@kernel(outputs=("larger",))
def float_max(a: u[1 + e + f], b: u[1 + e + f], *, e: int, f: int) -> u[1 + e + f]:
    """The larger number; +0 is larger than -0. Subnormals come out as zeros."""
    return flush(b if exceeds(a, b, e=e, f=f) else a, e=e, f=f)


@kernel(outputs=("smaller",))
def float_min(a: u[1 + e + f], b: u[1 + e + f], *, e: int, f: int) -> u[1 + e + f]:
    """The smaller number; -0 is smaller than +0. Subnormals come out as zeros."""
    return flush(a if exceeds(a, b, e=e, f=f) else b, e=e, f=f)


@kernel(outputs=("result",))
def float_relu(a: u[1 + e + f], *, e: int, f: int) -> u[1 + e + f]:
    """max(a, +0)."""
    return 0 if bit(a, e + f) else flush(a, e=e, f=f)


@kernel(outputs=("result",))
def float_clip(a: u[1 + e + f], lo: u[1 + e + f], hi: u[1 + e + f], *, e: int, f: int) -> u[1 + e + f]:
    """min(max(a, lo), hi)."""
    least = lo if exceeds(a, lo, e=e, f=f) else a
    return float_min(least, hi, e=e, f=f)


@kernel(outputs=("result", "overflow"))
def float_leaky_relu(a: u[1 + e + f], alpha: u[1 + e + f], *, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """a · alpha where a < 0, else a (-0 stays -0)."""
    product, overflow = float_mul(a, alpha, e=e, f=f)
    negative = bit(a, e + f) & (bits(a, e + f - 1, f) != 0)
    return product if negative else flush(a, e=e, f=f), overflow & negative
