"""Calls in kernels: other kernels, the functions of the language, Python's own that belong to it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from npusim_hls import lang
from npusim_hls.ir import Node
from npusim_hls.kernel import Instance, Kernel

if TYPE_CHECKING:
    from npusim_hls.frontend import Frontend


def call(front: Frontend, node: ast.Call) -> Any:
    function = front.value(node.func)
    args = front.values(node.args)
    if any(keyword.arg is None for keyword in node.keywords):
        raise front.error(node, "** in a call is not accepted; name each parameter")
    named = {keyword.arg: front.value(keyword.value) for keyword in node.keywords if keyword.arg}
    if isinstance(function, Instance):
        named = {**function.parameters, **named}
        function = function.kernel
    if isinstance(function, Kernel):
        return call_kernel(front, node, function, args, named)
    rule = BUILTIN_RULES.get(function) if callable(function) else None
    if rule is not None:
        if named.pop("strict", True) is not True or named:
            raise front.error(node, f"{ast.unparse(node.func)} takes no keyword arguments here")
        return rule(front, node, args)
    if getattr(function, "__hls_constant__", False) or is_integer_method(function):
        if any(has_node(value) for value in [*args, *named.values()]):
            raise front.error(node, f"{ast.unparse(node.func)} runs at compile time; its arguments are constants")
        return function(*args, **named)
    accepted = "kernels, @constant functions, bits, bit, cat, signed, clz and " + ", ".join(sorted(BUILTINS))
    raise front.error(node, f"a call to {ast.unparse(node.func)} is not accepted; callable are {accepted}")


def is_integer_method(function: Any) -> bool:
    return isinstance(getattr(function, "__self__", None), int) and function.__name__ == "bit_length"


def has_node(value: Any) -> bool:
    return isinstance(value, Node) or (isinstance(value, tuple) and any(has_node(item) for item in value))


def call_kernel(front: Frontend, node: ast.Call, kernel: Kernel, args: list[Any], named: dict[str, Any]) -> Any:
    if len(args) != len(kernel.arguments):
        wanted = ", ".join(kernel.arguments)
        raise front.error(node, f"{kernel.name} got {len(args)} arguments; it takes {len(kernel.arguments)}: {wanted}")
    named = {**kernel.defaults, **named}
    if set(named) != set(kernel.parameters):
        wanted = ", ".join(kernel.parameters) or "none"
        raise front.error(node, f"{kernel.name} got parameters {', '.join(named) or 'none'}; it takes {wanted}")
    for parameter, value in named.items():
        if has_node(value):
            raise front.error(node, f"parameter {parameter} of {kernel.name} depends on data; parameters are constants")
    return front.call(kernel, args, named, node)


def constants(front: Frontend, node: ast.Call, values: list[Any], count: int) -> list[int]:
    if len(values) != count or any(not isinstance(value, int) for value in values):
        called = ast.unparse(node.func)
        raise front.error(node, f"{called}: positions and widths are constants; got {ast.unparse(node)}")
    return [int(value) for value in values]


def call_bits(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    hi, lo = constants(front, node, args[1:], 2)
    return front.make(node, "bits", args[0], attrs=(hi, lo))


def call_bit(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    (index,) = constants(front, node, args[1:], 1)
    return front.make(node, "bits", args[0], attrs=(index, index))


def call_cat(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    if not args or any(not isinstance(field, tuple) or len(field) != 2 for field in args):
        raise front.error(node, "cat takes (value, width) pairs, most significant first")
    widths = constants(front, node, [width for _, width in args], len(args))
    first = front.node(args[0][0], node)
    if first.lo < 0 or first.hi >= 1 << widths[0]:
        raise front.error(node, f"cat: a value of {first.lo} .. {first.hi} does not fit its field of {widths[0]} bits")
    return front.make(node, "cat", *(value for value, _ in args), attrs=tuple(widths))


def call_signed(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    return front.make(node, "signed", args[0], attrs=tuple(constants(front, node, args[1:], 1)))


def call_clz(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    return front.make(node, "clz", args[0], attrs=tuple(constants(front, node, args[1:], 1)))


def call_abs(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    if len(args) != 1 or isinstance(args[0], tuple):
        raise front.error(node, "abs takes one integer")
    return front.make(node, "abs", args[0])


def tree(op: str) -> Callable[[Frontend, ast.Call, list[Any]], Any]:
    """A reduction over lanes as a balanced tree; the empty sum is 0, any() false, all() true."""

    def reduce(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
        lanes = len(args) == 1 and isinstance(args[0], (tuple, range))
        if not lanes and (len(args) == 1 or op in ("add", "or", "and")):
            raise front.error(node, f"{ast.unparse(node.func)} takes a tuple, or several values for min and max")
        values = list(args[0]) if lanes else args
        if not values:
            if op in ("min", "max"):
                raise front.error(node, "min and max of no values are not accepted; give at least one")
            return 1 if op == "and" else 0
        if op in ("or", "and"):
            values = [front.make(node, "xor", front.make(node, "eq", value, 0), 1) for value in values]
        while len(values) > 1:
            pairs = itertools.zip_longest(values[::2], values[1::2])
            values = [a if b is None else front.make(node, op, a, b) for a, b in pairs]
        return values[0]

    return reduce


def call_range(front: Frontend, node: ast.Call, args: list[Any]) -> range:
    for position, value in enumerate(args):
        if not isinstance(value, int):
            text = ast.unparse(node.args[position]) if position < len(node.args) else "a bound"
            raise front.error(node, f"the loop bound {text} depends on data; a bound is a constant or a parameter")
    return range(*args)


def call_tuple(front: Frontend, node: ast.Call, args: list[Any]) -> tuple[Any, ...]:
    if len(args) != 1 or not isinstance(args[0], (tuple, range)):
        raise front.error(node, "tuple takes a tuple, a range or a comprehension")
    return tuple(args[0])


def over_tuples(function: Callable[..., Any]) -> Callable[[Frontend, ast.Call, list[Any]], Any]:
    """len, zip, enumerate and reversed on tuples and ranges."""

    def run(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
        if any(not isinstance(arg, (tuple, range)) for arg in args[: 1 if function is enumerate else None]):
            raise front.error(node, f"{ast.unparse(node.func)} takes tuples or constant ranges")
        if function is zip and len({len(arg) for arg in args}) > 1:
            raise front.error(
                node, f"zip of {' and '.join(str(len(arg)) for arg in args)} elements; lengths must agree"
            )
        result = function(*args)
        return result if isinstance(result, int) else tuple(result)

    return run


def call_bool(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    if len(args) != 1 or isinstance(args[0], tuple):
        raise front.error(node, "bool takes one integer")
    return front.make(node, "xor", front.make(node, "eq", args[0], 0), 1)


def call_int(front: Frontend, node: ast.Call, args: list[Any]) -> Any:
    if len(args) != 1 or isinstance(args[0], tuple):
        raise front.error(node, "int takes one integer")
    return args[0]


BUILTINS: dict[str, Any] = {
    function.__name__: function
    for function in (abs, all, any, bool, enumerate, int, len, max, min, range, reversed, sum, tuple, zip)
}
BUILTIN_RULES: dict[Any, Callable[[Frontend, ast.Call, list[Any]], Any]] = {
    lang.bits: call_bits,
    lang.bit: call_bit,
    lang.cat: call_cat,
    lang.signed: call_signed,
    lang.clz: call_clz,
    abs: call_abs,
    all: tree("and"),
    any: tree("or"),
    bool: call_bool,
    enumerate: over_tuples(enumerate),
    int: call_int,
    len: over_tuples(len),
    max: tree("max"),
    min: tree("min"),
    range: call_range,
    reversed: over_tuples(reversed),
    sum: tree("add"),
    tuple: call_tuple,
    zip: over_tuples(zip),
}
