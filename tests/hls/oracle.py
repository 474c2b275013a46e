"""Slow and plain: what the kernels must compute, from exact fractions and the contract's words."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Format:
    """A binary floating-point format with `e` exponent and `f` fraction bits."""

    e: int
    f: int

    @property
    def bias(self) -> int:
        return (1 << (self.e - 1)) - 1

    @property
    def smallest(self) -> Fraction:
        return Fraction(2) ** (1 - self.bias)

    @property
    def largest(self) -> Fraction:
        return (2 - Fraction(1, 1 << self.f)) * Fraction(2) ** self.bias

    def split(self, word: int) -> tuple[int, Fraction]:
        """Sign bit and magnitude; a subnormal is zero."""
        exponent, fraction = word >> self.f & ((1 << self.e) - 1), word & ((1 << self.f) - 1)
        magnitude = (1 + Fraction(fraction, 1 << self.f)) * Fraction(2) ** (exponent - self.bias)
        return word >> (self.e + self.f), magnitude if exponent else Fraction(0)

    def value(self, word: int) -> Fraction:
        sign, magnitude = self.split(word)
        return -magnitude if sign else magnitude

    def encode(self, sign: int, magnitude: Fraction) -> tuple[int, int]:
        """Round to nearest even with an unbounded exponent, then flush or saturate; (word, overflow)."""
        top = sign << (self.e + self.f)
        if magnitude == 0:
            return top, 0
        power = 0
        while magnitude >= Fraction(2) ** (power + 1):
            power += 1
        while magnitude < Fraction(2) ** power:
            power -= 1
        units = round(magnitude / Fraction(2) ** (power - self.f))  # Fraction rounds half to even
        rounded = units * Fraction(2) ** (power - self.f)
        if rounded < self.smallest:
            return top, 0
        if rounded > self.largest:
            return top | ((1 << self.e) - 2) << self.f | (1 << self.f) - 1, 1
        if rounded >= Fraction(2) ** (power + 1):
            power += 1
        fraction = rounded / Fraction(2) ** power - 1
        return top | (power + self.bias) << self.f | int(fraction * (1 << self.f)), 0


F16, BF16, F32 = Format(5, 10), Format(8, 7), Format(8, 23)


def add(fmt: Format, a: int, b: int) -> tuple[int, int]:
    total = fmt.value(a) + fmt.value(b)
    if total == 0:
        sign_a, magnitude = fmt.split(a)
        return fmt.encode(sign_a & fmt.split(b)[0] if magnitude == 0 else 0, Fraction(0))
    return fmt.encode(int(total < 0), abs(total))


def sub(fmt: Format, a: int, b: int) -> tuple[int, int]:
    return add(fmt, a, b ^ 1 << (fmt.e + fmt.f))


def mul(fmt: Format, a: int, b: int) -> tuple[int, int]:
    (sign_a, x), (sign_b, y) = fmt.split(a), fmt.split(b)
    return fmt.encode(sign_a ^ sign_b, x * y)


def maximum(fmt: Format, a: int, b: int) -> int:
    (sign_a, x), (sign_b, y) = fmt.split(a), fmt.split(b)
    if x == y == 0:
        return fmt.encode(sign_a & sign_b, Fraction(0))[0]
    return fmt.encode(*((sign_a, x) if fmt.value(a) > fmt.value(b) else (sign_b, y)))[0]


def bfp(fmt: Format, lanes: tuple[int, ...], m: int) -> tuple[tuple[int, ...], int]:
    """Block floating point by the contract's table."""
    largest = max(fmt.split(word)[1] for word in lanes)
    exponent = 1 - fmt.bias
    while largest >= Fraction(2) ** (exponent + 1):
        exponent += 1
    limit = (1 << m) - 1
    scaled = (round(fmt.value(word) * Fraction(2) ** (m - 1 - exponent)) for word in lanes)
    return tuple(max(-limit, min(limit, q)) for q in scaled), exponent


def corners(fmt: Format) -> list[int]:
    """Words at the edges: zeros, subnormals, limits, powers of two and their neighbours, both signs."""
    top, one = (1 << fmt.e) - 1, fmt.bias << fmt.f
    full = (1 << fmt.f) - 1
    words = {0, 1, full, 1 << fmt.f, (1 << fmt.f) + 1, (top << fmt.f) - 1, (top << fmt.f) - 2, (top - 1) << fmt.f}
    words |= {one - 1, one, one + 1, one | 1 << (fmt.f - 1), one | full, one + (1 << fmt.f)}
    words |= {(fmt.bias + fmt.f) << fmt.f, (fmt.bias + fmt.f + 1) << fmt.f | 1, (fmt.bias - fmt.f - 1) << fmt.f}
    words |= {(fmt.bias // 2) << fmt.f, (fmt.bias // 2 + 1) << fmt.f | full}
    return sorted(words | {word | 1 << (fmt.e + fmt.f) for word in words})
