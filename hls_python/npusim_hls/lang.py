"""Functions of the language beyond Python's own, as plain Python on unbounded integers.

The compiler knows each of them by identity; what they compute here is their definition. Python's `abs`, `all`, `any`,
`bool`, `enumerate`, `int`, `len`, `max`, `min`, `range`, `reversed`, `sum`, `tuple` and `zip` belong to the language
as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def bits(x: int, hi: int, lo: int) -> int:
    """Bits `hi` down to `lo` of x in two's complement, as an unsigned integer of hi - lo + 1 bits."""
    return (x >> lo) & ((1 << (hi - lo + 1)) - 1)


def bit(x: int, index: int) -> int:
    """One bit of x in two's complement: 0 or 1."""
    return (x >> index) & 1


def cat(*fields: tuple[int, int]) -> int:
    """Concatenate (value, width) pairs, most significant first; each value lies in 0 .. 2**width - 1."""
    word = 0
    for value, width in fields:
        word = (word << width) | value
    return word


def signed(x: int, width: int) -> int:
    """Read the low `width` bits of x as a two's complement integer."""
    field = x & ((1 << width) - 1)
    return field - (field >> (width - 1) << width)


def clz(x: int, width: int) -> int:
    """Count the leading zeros of x seen as `width` bits: 0 .. width; x lies in 0 .. 2**width - 1."""
    return width - x.bit_length()


def constant(function: F) -> F:
    """Mark a Python function that the compiler runs itself; its arguments must be compile-time constants.

    Inside it all of Python is allowed, so this is where tables are made. It returns ints or nested tuples of ints.
    """
    function.__hls_constant__ = True  # type: ignore[attr-defined]
    return function
