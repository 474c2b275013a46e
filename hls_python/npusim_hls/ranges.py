"""The range of each operation's result from the ranges of its operands, and what makes an operation impossible."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from npusim_hls.widths import MAX_WIDTH

if TYPE_CHECKING:
    from npusim_hls.ir import Node


class RangeError(Exception):
    """A node that cannot be built; the front end adds the place."""


def width_of(lo: int, hi: int) -> int:
    """Bits of the narrowest type that holds lo .. hi."""
    if lo >= 0:
        return max(hi.bit_length(), 1)
    return max((-lo - 1).bit_length(), hi.bit_length() if hi > 0 else 0) + 1


def join(attrs: tuple[int, ...], *parts: int) -> int:
    """Concatenate fields, the first on top."""
    word = 0
    for part, width in zip(parts, attrs, strict=True):
        word = word << width | part
    return word


def _corners(function: Callable[[int, int], int], a: Node, b: Node) -> tuple[int, int]:
    values = [function(x, y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return min(values), max(values)


def _mul_range(a: Node, b: Node) -> tuple[int, int]:
    lo, hi = _corners(lambda x, y: x * y, a, b)
    if a is b:  # a square
        lo = 0 if a.lo <= 0 <= a.hi else min(a.lo * a.lo, a.hi * a.hi)
    return lo, hi


def _shift_range(attrs: tuple[int, ...], a: Node, amount: Node, left: bool) -> tuple[int, int]:
    if amount.lo < 0:
        raise RangeError(f"the shift amount may be negative ({amount.lo}); it must be proven to be 0 or more")
    if left:
        if amount.hi + max(a.width, 1) > MAX_WIDTH:
            raise RangeError(f"a shift of {a.width} bits by up to {amount.hi} gives more than {MAX_WIDTH} bits")
        return _corners(lambda x, y: x << y, a, amount)
    if amount.hi > a.width:
        limit = f"the operand has {a.width} bits; limit it with min(…, {a.width})"
        raise RangeError(f"the shift amount may reach {amount.hi} but {limit}")
    return _corners(lambda x, y: x >> y, a, amount)


def _and_range(attrs: tuple[int, ...], a: Node, b: Node) -> tuple[int, int]:
    limits = [node.hi for node in (a, b) if node.lo >= 0]
    if not limits:
        raise RangeError("& of two signed values is not accepted; slice one of them with bits(x, hi, lo)")
    return 0, min(limits)


def _or_range(attrs: tuple[int, ...], a: Node, b: Node) -> tuple[int, int]:
    if a.lo < 0 or b.lo < 0:
        raise RangeError("| and ^ of signed values are not accepted; slice them with bits(x, hi, lo)")
    return 0, (1 << max(a.hi.bit_length(), b.hi.bit_length())) - 1


def _eq_range(attrs: tuple[int, ...], a: Node, b: Node) -> tuple[int, int]:
    if a is b:
        return 1, 1
    return (0, 0) if a.hi < b.lo or b.hi < a.lo else (0, 1)


def _lt_range(attrs: tuple[int, ...], a: Node, b: Node) -> tuple[int, int]:
    if a is b or a.lo >= b.hi:
        return 0, 0
    return (1, 1) if a.hi < b.lo else (0, 1)


def _select_range(attrs: tuple[int, ...], c: Node, a: Node, b: Node) -> tuple[int, int]:
    if c.is_const:
        return (a.lo, a.hi) if c.lo else (b.lo, b.hi)
    return min(a.lo, b.lo), max(a.hi, b.hi)


def _bits_range(attrs: tuple[int, ...], a: Node) -> tuple[int, int]:
    hi, lo = attrs
    if not 0 <= lo <= hi:
        raise RangeError(f"bits {hi} down to {lo} is not a slice; the first is at least the second, both 0 or more")
    if a.lo >> (hi + 1) == a.hi >> (hi + 1):  # one value of all higher bits: the slice keeps the order
        mask = (1 << (hi - lo + 1)) - 1
        return (a.lo >> lo) & mask, (a.hi >> lo) & mask
    return 0, (1 << (hi - lo + 1)) - 1


def _signed_range(attrs: tuple[int, ...], a: Node) -> tuple[int, int]:
    half = 1 << (attrs[0] - 1)
    return (a.lo, a.hi) if -half <= a.lo and a.hi < half else (-half, half - 1)


def _cat_range(attrs: tuple[int, ...], *parts: Node) -> tuple[int, int]:
    for part, width in zip(parts[1:], attrs[1:], strict=True):
        if part.lo < 0 or part.hi >= 1 << width:
            raise RangeError(f"cat: a value of {part.lo} .. {part.hi} does not fit its field of {width} bits")
    return join(attrs, *(part.lo for part in parts)), join(attrs, *(part.hi for part in parts))


def _rom_range(attrs: tuple[int, ...], index: Node) -> tuple[int, int]:
    if index.lo < 0 or index.hi >= len(attrs):
        raise RangeError(f"the index may be {index.lo} .. {index.hi}; the table has {len(attrs)} entries")
    reached = attrs[index.lo : index.hi + 1]
    return min(reached), max(reached)


def _clz_range(attrs: tuple[int, ...], a: Node) -> tuple[int, int]:
    width = attrs[0]
    if a.lo < 0 or a.hi >= 1 << width:
        raise RangeError(f"clz: a value of {a.lo} .. {a.hi} does not fit {width} bits")
    return width - a.hi.bit_length(), width - a.lo.bit_length()


def _abs_range(attrs: tuple[int, ...], a: Node) -> tuple[int, int]:
    if a.lo >= 0:
        return a.lo, a.hi
    return (0 if a.hi >= 0 else -a.hi), max(-a.lo, a.hi)


RANGES: dict[str, Callable[..., tuple[int, int]]] = {
    "add": lambda attrs, a, b: (a.lo + b.lo, a.hi + b.hi),
    "sub": lambda attrs, a, b: (0, 0) if a is b else (a.lo - b.hi, a.hi - b.lo),
    "mul": lambda attrs, a, b: _mul_range(a, b),
    "shl": lambda attrs, a, b: _shift_range(attrs, a, b, True),
    "shr": lambda attrs, a, b: _shift_range(attrs, a, b, False),
    "and": _and_range,
    "or": _or_range,
    "xor": _or_range,
    "eq": _eq_range,
    "lt": _lt_range,
    "select": _select_range,
    "bits": _bits_range,
    "signed": _signed_range,
    "cat": _cat_range,
    "rom": _rom_range,
    "clz": _clz_range,
    "min": lambda attrs, a, b: (min(a.lo, b.lo), min(a.hi, b.hi)),
    "max": lambda attrs, a, b: (max(a.lo, b.lo), max(a.hi, b.hi)),
    "abs": _abs_range,
    "refine": lambda attrs, a: (max(a.lo, attrs[0]), min(a.hi, attrs[1])),
}
