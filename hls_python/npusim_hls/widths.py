"""Types of the language: unsigned and signed integers of a stated width, and tuples of them.

In an annotation write `u[16]`, `s[8]`, `bool` (the same as `u[1]`), `tuple[u[16], bool]` or `array[u[16], 128]`;
a width is any expression of the kernel's parameters. `int` stands for "whatever range the caller passes" and is
accepted for the arguments and results of helpers that are only called from other kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from npusim_hls.errors import HlsError

MAX_WIDTH = 256  # widest scalar value of a kernel [bits]


@dataclass(frozen=True, slots=True)
class Int:
    """An integer of `width` bits; `lo` and `hi` are its least and greatest values."""

    width: int
    is_signed: bool

    def __post_init__(self) -> None:
        if isinstance(self.width, bool) or not isinstance(self.width, int) or not 1 <= self.width <= MAX_WIDTH:
            raise HlsError(f"width {self.width!r} is not accepted; a width is an integer from 1 to {MAX_WIDTH}")

    @property
    def lo(self) -> int:
        return -(1 << (self.width - 1)) if self.is_signed else 0

    @property
    def hi(self) -> int:
        return (1 << (self.width - self.is_signed)) - 1

    def __str__(self) -> str:
        return f"{'s' if self.is_signed else 'u'}[{self.width}]"


@dataclass(frozen=True, slots=True)
class Tuple:
    """A fixed number of elements, each with its own type."""

    items: tuple[Int | Tuple | Open, ...]

    def __str__(self) -> str:
        if len(self.items) > 2 and len(set(self.items)) == 1:
            return f"array[{self.items[0]}, {len(self.items)}]"
        return f"tuple[{', '.join(str(item) for item in self.items)}]"


@dataclass(frozen=True, slots=True)
class Open:
    """`int`: any range; only for helpers, never at the ports of an instance."""

    def __str__(self) -> str:
        return "int"


Type: TypeAlias = Int | Tuple | Open


class _Unsigned:
    """`u[width]`: an integer from 0 to 2**width - 1."""

    def __getitem__(self, width: int) -> Int:
        return Int(width, False)


class _Signed:
    """`s[width]`: a two's complement integer from -2**(width-1) to 2**(width-1) - 1."""

    def __getitem__(self, width: int) -> Int:
        return Int(width, True)


class _Array:
    """`array[element, length]`: a tuple of `length` elements of one type."""

    def __getitem__(self, key: tuple[Any, int]) -> Tuple:
        element, length = key
        if not isinstance(length, int) or not 1 <= length <= 4096:
            raise HlsError(f"array length {length!r} is not accepted; a length is an integer from 1 to 4096")
        return Tuple((as_type(element),) * length)


# Static checkers see Any, so that widths may be any expression.
u: Any = _Unsigned()
s: Any = _Signed()
array: Any = _Array()


def as_type(annotation: Any) -> Type:
    """Turn an evaluated annotation into a Type; raises HlsError that lists what is accepted."""
    if isinstance(annotation, (Int, Tuple, Open)):
        return annotation
    if annotation is bool:
        return Int(1, False)
    if annotation is int:
        return Open()
    if getattr(annotation, "__origin__", None) is tuple:
        return Tuple(tuple(as_type(item) for item in annotation.__args__))
    raise HlsError(f"{annotation!r} is not a type of the language; write u[n], s[n], bool, tuple[...] or array[t, n]")


def is_open(type_: Type) -> bool:
    """Whether any part of the type is `int`."""
    return any(is_open(item) for item in type_.items) if isinstance(type_, Tuple) else isinstance(type_, Open)


def scalars(type_: Type) -> list[Int]:
    """The integer types of a type in order, tuples flattened."""
    if isinstance(type_, Tuple):
        return [leaf for item in type_.items for leaf in scalars(item)]
    if isinstance(type_, Open):
        raise HlsError("int has no width; a port needs u[n], s[n] or bool")
    return [type_]


def flatten(value: Any, type_: Type) -> list[int]:
    """The integers of a (nested tuple) value in order."""
    if isinstance(type_, Tuple):
        return [leaf for item, t in zip(value, type_.items, strict=True) for leaf in flatten(item, t)]
    return [int(value)]


def build(leaves: list[Any], type_: Type) -> Any:
    """Inverse of flatten: nest `leaves` as the type says (consumes the list)."""
    if isinstance(type_, Tuple):
        return tuple(build(leaves, item) for item in type_.items)
    return leaves.pop(0)


def check_value(value: Any, type_: Type, where: str) -> None:
    """Raise HlsError unless `value` (ints, nested tuples of them) is of the type."""
    if isinstance(type_, Tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(type_.items):
            got = f"{len(value)} elements" if isinstance(value, (tuple, list)) else repr(value)
            raise HlsError(f"{where}: got {got}; {type_} takes {len(type_.items)} elements")
        for index, (item, item_type) in enumerate(zip(value, type_.items, strict=True)):
            check_value(item, item_type, f"{where}[{index}]")
    elif isinstance(type_, Int):
        try:
            fits = type_.lo <= value.__index__() <= type_.hi
        except AttributeError:
            raise HlsError(f"{where}: got {value!r}; {type_} takes an integer") from None
        if not fits:
            raise HlsError(f"{where}: got {value}; {type_} takes {type_.lo} to {type_.hi}")
