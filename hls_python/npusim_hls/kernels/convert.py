# ruff: noqa: F821
# mypy: disable-error-code="name-defined,no-any-return,return-value"
"""Between formats: integer to float, float to float, float vectors to block floating point; the accumulate step."""

from __future__ import annotations

from npusim_hls.kernel import kernel
from npusim_hls.kernels.floats import float_add, round_pack, unpack
from npusim_hls.lang import bit, bits, cat, clz
from npusim_hls.widths import array, s, u


@kernel(outputs=("result", "overflow"))
def int_to_float(value: s[w], exponent: s[x], *, w: int, x: int, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """value · 2**exponent, rounded once; an integer 0 is +0."""
    magnitude = abs(value)
    zeros = clz(magnitude, w)
    wide = max(w, f + 3)
    norm = bits(magnitude << (wide - w) << zeros, wide - 1, 0)
    biased = exponent + (1 << (e - 1)) - 1 + (w - 1) - zeros
    return round_pack(value < 0, biased, norm, e=e, f=f, w=wide)


@kernel(outputs=("sign", "magnitude"))
def float_to_fixed(a: u[1 + e + f], *, e: int, f: int) -> tuple[bool, u[f + (1 << e) - 1]]:
    """A number as sign and integer in units of its smallest normal's last bit, exactly; subnormals are 0."""
    exponent = bits(a, e + f - 1, f)
    magnitude = (cat((1, 1), (bits(a, f - 1, 0), f)) << exponent) >> 1
    return bit(a, e + f), 0 if exponent == 0 else magnitude


@kernel(outputs=("result", "overflow"))
def dot_to_float(value: s[w], exponent: s[x], *, d: int, w: int, x: int, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """value · 2**exponent for a value of d <= f + 1 bits, its sign one of them: exact unless out of range."""
    sign = bit(value, d - 1)
    low = bits(value, d - 1, 0)
    magnitude = bits(0 - low if sign else low, d - 1, 0)
    zeros = clz(magnitude, d)
    fraction = bits(magnitude << zeros, d - 2, 0) << (f - (d - 1))
    biased = exponent + (1 << (e - 1)) - 1 + (d - 1) - zeros
    zero = (magnitude == 0) | (biased < 1)
    overflow = (not zero) & (biased > (1 << e) - 2)
    largest = (((1 << e) - 2) << f) + (1 << f) - 1
    normal = cat((bits(biased, e - 1, 0), e), (fraction, f))
    return cat((sign, 1), (0 if zero else largest if overflow else normal, e + f)), overflow


@kernel
def settle(x: int, sticky: int, *, w: int, step: int, keep: int) -> tuple[int, int, int]:
    """Move x, of w bits, left by `step` if its top `step` bits are 0, keep the top `keep` bits; what is lost is sticky.

    Returns the bits kept, sticky, and whether x moved.
    """
    moved = bits(x, w - 1, w - step) == 0
    stay = bits(x, w - 1, w - keep)
    lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved


@kernel(outputs=("result", "overflow"))
def sum_to_float(value: s[w], *, w: int, e: int, f: int) -> tuple[u[1 + e + f], bool]:
    """A sum in units of the smallest normal's last bit, rounded once; a sum of 0 is +0. Written for float16.

    The largest exponent puts the leading bit in place t - 1; what has bits from t on saturates. Below, the leading bit
    moves to the top in steps of 16, 8, 4, 2 and 1, and each step keeps only the bits that can still matter.
    """
    t = f + (1 << e) - 2
    sign = bit(value, w - 1)
    high = bits(value, w - 1, t)
    low = bits(value, t - 1, 0)
    magnitude = bits(0 - low if sign else low, t - 1, 0)
    huge = (high != (1 << (w - t)) - 1) | (low == 0) if sign else high != 0
    x16, sticky16, by16 = settle(magnitude, 0, w=t, step=16, keep=f + 17)
    x8, sticky8, by8 = settle(x16, sticky16, w=f + 17, step=8, keep=f + 9)
    x4, sticky4, by4 = settle(x8, sticky8, w=f + 9, step=4, keep=f + 5)
    x2, sticky2, by2 = settle(x4, sticky4, w=f + 5, step=2, keep=f + 3)
    x1, sticky1, by1 = settle(x2, sticky2, w=f + 3, step=1, keep=f + 2)
    zeros = cat((by16, 1), (by8, 1), (by4, 1), (by2, 1), (by1, 1))
    result, overflow = round_pack(sign, (1 << e) - 2 - zeros, cat((x1, f + 2), (sticky1, 1)), e=e, f=f, w=f + 3)
    largest = cat((sign, 1), ((((1 << e) - 2) << f) + (1 << f) - 1, e + f))
    return largest if huge else result, huge | overflow


@kernel(outputs=("result", "overflow"))
def float_narrow(a: u[1 + e + f], *, e: int, f: int, to_e: int, to_f: int) -> tuple[u[1 + to_e + to_f], bool]:
    """Round to a format with at least two fraction bits less."""
    sign, exponent, significand = unpack(a, e=e, f=f)
    biased = exponent - (1 << (e - 1)) + (1 << (to_e - 1))
    return round_pack(sign, biased, significand, e=to_e, f=to_f, w=f + 1)


@kernel(outputs=("result",))
def float_widen(a: u[1 + e + f], *, e: int, f: int, to_e: int, to_f: int) -> u[1 + to_e + to_f]:
    """The same value in a format with a wider exponent and fraction: exact (subnormals are zero)."""
    sign, exponent, significand = unpack(a, e=e, f=f)
    biased = exponent + (1 << (to_e - 1)) - (1 << (e - 1))
    fraction = bits(significand, f - 1, 0) << (to_f - f)
    magnitude = 0 if exponent == 0 else (biased << to_f) | fraction
    return (sign << (to_e + to_f)) | magnitude


@kernel(outputs=("sum", "overflow"))
def accumulate(
    acc: u[1 + e + f], value: s[w], exponent: s[x], *, w: int, x: int, e: int, f: int
) -> tuple[u[1 + e + f], bool]:
    """acc + value · 2**exponent: the product of a tile enters the accumulator; each step rounds by the contract."""
    term, term_overflow = int_to_float(value, exponent, w=w, x=x, e=e, f=f)
    total, sum_overflow = float_add(acc, term, e=e, f=f)
    return total, term_overflow | sum_overflow


@kernel
def bfp_lane(a: int, shared: int, *, m: int, e: int, f: int) -> int:
    """One lane of a block: x · 2**(m-1-E) rounded half to even and clipped to ±(2**m - 1); `shared` is E + bias."""
    sign, exponent, significand = unpack(a, e=e, f=f)
    shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    fixed = (significand << (m + 1)) >> shift
    odd = bits(fixed, f + 2, f + 2)
    guard = bits(fixed, f + 1, f + 1)
    sticky = bits(fixed, f, 0) != 0
    magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    return -magnitude if sign else magnitude


@kernel(outputs=("q",))
def float_to_bfp_lane(a: u[1 + e + f], shared: u[e], *, m: int, e: int, f: int) -> s[m + 1]:
    """One lane of a block as a module of its own: shared is E + bias, at least 1 and at least a's exponent."""
    return bfp_lane(a, shared, m=m, e=e, f=f)


@kernel(outputs=("q", "exponent"))
def float_to_bfp(
    lanes: array[u[1 + e + f], n], *, n: int, m: int, e: int, f: int
) -> tuple[array[s[m + 1], n], s[e + 1]]:
    """A block of n numbers as n signed mantissas of m magnitude bits and the exponent E of the largest magnitude.

    An all-zero block has mantissas 0 and the smallest exponent, 2 - 2**(e-1); the largest that
    finite inputs give is 2**(e-1) - 1, one more only for the all-ones exponent. m lies in 2 .. f + 1.
    """
    largest = max(bits(a, e + f - 1, f) for a in lanes)
    shared = max(largest, 1)
    q = tuple(bfp_lane(a, shared, m=m, e=e, f=f) for a in lanes)
    return q, shared - ((1 << (e - 1)) - 1)


@kernel(outputs=("sum",))
def bfp_dot(
    a: array[s[ma + 1], n], b: array[s[mb + 1], n], *, n: int, ma: int, mb: int
) -> s[ma + mb + 2 + (n - 1).bit_length()]:
    """The exact integer dot product of two blocks of signed mantissas."""
    return sum(x * y for x, y in zip(a, b, strict=True))
