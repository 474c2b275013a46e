"""Expressions of the language on symbolic values; the other half of `frontend`."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from npusim_hls.calls import call
from npusim_hls.ir import Node

if TYPE_CHECKING:
    from npusim_hls.frontend import Frontend

BINARY = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.LShift: "shl",
    ast.RShift: "shr",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
}
CONSTANT_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
}
ACCEPTED = "integers, + - * << >> & | ^ ~, comparisons, and/or/not, if-else, tuples, indexing, calls"


def evaluate(front: Frontend, node: ast.expr) -> Any:
    """The value of an expression."""
    rule = RULES.get(type(node))
    if rule is None:
        raise front.error(node, f"{kind(node)} is not accepted; an expression is made of {ACCEPTED}")
    return rule(front, node)


def kind(node: ast.AST) -> str:
    name = type(node).__name__
    return {"Lambda": "lambda", "Dict": "a dictionary", "Set": "a set", "JoinedStr": "an f-string"}.get(name, name)


def constant(front: Frontend, node: ast.Constant) -> Any:
    if isinstance(node.value, (bool, int)):
        return node.value
    if isinstance(node.value, float):
        raise front.error(node, f"{node.value!r} is a float; a kernel computes with integers, scale it to fixed point")
    raise front.error(node, f"{node.value!r} is not an integer; a kernel computes with integers")


def name(front: Frontend, node: ast.Name) -> Any:
    from npusim_hls.frontend import Undefined

    scopes = (front.frame.names, front.frame.scope, vars(builtins))
    for scope in scopes:
        if node.id in scope:
            value = scope[node.id]
            if isinstance(value, Undefined):
                raise front.error(node, f"{node.id} has no value on one path of the if at {value.place}")
            return front.seen(value) if isinstance(value, Node) else value
    known = sorted(n for n in {**front.frame.names, **front.frame.scope} if not n.startswith("_"))
    close = [other for other in known if other[:1] == node.id[:1]][:5]
    raise front.error(node, f"{node.id} is not defined; names like it: {', '.join(close) or 'none'}")


def binary(front: Frontend, node: ast.BinOp) -> Any:
    a, b = evaluate(front, node.left), evaluate(front, node.right)
    if isinstance(a, tuple) and isinstance(b, tuple) and isinstance(node.op, ast.Add):
        return a + b
    if isinstance(a, tuple) and isinstance(b, int) and isinstance(node.op, ast.Mult):
        return a * b
    if not isinstance(a, Node) and not isinstance(b, Node):
        return fold(front, node, a, b)
    if type(node.op) in (ast.FloorDiv, ast.Mod):
        return power_of_two(front, node, a, b)
    if type(node.op) not in BINARY:
        raise front.error(
            node, f"operator {type(node.op).__name__} of a run-time value is not accepted; use + - * << >>"
        )
    return front.make(node, BINARY[type(node.op)], a, b)


def fold(front: Frontend, node: ast.BinOp, a: Any, b: Any) -> Any:
    if type(node.op) not in CONSTANT_BINARY or not isinstance(a, int) or not isinstance(b, int):
        raise front.error(node, f"{ast.unparse(node)} is not integer arithmetic; use + - * // % ** << >> & | ^")
    try:
        value = CONSTANT_BINARY[type(node.op)](a, b)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise front.error(node, f"{ast.unparse(node)} with {a} and {b}: {error}") from None
    if not isinstance(value, int):
        raise front.error(node, f"{ast.unparse(node)} is {value!r}; a kernel computes with integers")
    return value


def power_of_two(front: Frontend, node: ast.BinOp, a: Any, b: Any) -> Any:
    """x // 2**n and x % 2**n as shift and slice, exactly Python's floor."""
    if isinstance(b, Node) or b <= 0 or b & (b - 1):
        raise front.error(node, "// and % are accepted by a constant power of two only; multiply by a reciprocal")
    width = b.bit_length() - 1
    if isinstance(node.op, ast.Mod):
        return front.make(node, "bits", a, attrs=(width - 1, 0)) if width else 0
    return front.make(node, "shr", a, min(width, a.width))


def unary(front: Frontend, node: ast.UnaryOp) -> Any:
    if isinstance(node.op, ast.Not):
        held = front.condition(node.operand)
        return front.make(node, "xor", held, 1) if isinstance(held, Node) else not held
    value = evaluate(front, node.operand)
    if isinstance(value, tuple):
        raise front.error(node, "a tuple has no sign; apply the operator to its elements")
    if isinstance(node.op, ast.Invert):
        return front.make(node, "sub", -1, value)
    return front.make(node, "sub", 0, value) if isinstance(node.op, ast.USub) else value


def boolean(front: Frontend, node: ast.BoolOp) -> Any:
    """and / or of one-bit values; all operands are computed, later ones in the light of earlier ones."""
    is_and = isinstance(node.op, ast.And)
    before = front.narrowed
    result: Any = is_and
    try:
        for part in node.values:
            held = front.condition(part)
            if not isinstance(held, Node):
                if held != is_and:
                    result = held
                    break
                continue
            front.narrowed = dict(front.narrowed)
            if result is is_and:
                result = held
            else:
                result = front.graph.make("and" if is_and else "or", (result, held))
            front.assume(held, is_and)
    finally:
        front.narrowed = before
    return front.seen(result) if isinstance(result, Node) else result


def compare(front: Frontend, node: ast.Compare) -> Any:
    values = [evaluate(front, operand) for operand in (node.left, *node.comparators)]
    parts = [one(front, node, op, a, b) for op, a, b in zip(node.ops, values, values[1:], strict=False)]
    result = parts[0]
    for part in parts[1:]:
        result = front.make(node, "and", result, part)
    return result


def one(front: Frontend, node: ast.Compare, op: ast.cmpop, a: Any, b: Any) -> Any:
    if isinstance(op, (ast.Eq, ast.NotEq)):
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            equal: Any = 1
            for x, y in zip(a, b, strict=True):
                equal = front.make(node, "and", equal, front.make(node, "eq", x, y))
        else:
            equal = front.make(node, "eq", a, b)
        return equal if isinstance(op, ast.Eq) else front.make(node, "xor", equal, 1)
    swapped = isinstance(op, (ast.Gt, ast.LtE))
    if not isinstance(op, (ast.Lt, ast.Gt, ast.LtE, ast.GtE)):
        raise front.error(node, f"{type(op).__name__} is not accepted; compare with == != < <= > >=")
    less = front.make(node, "lt", *((b, a) if swapped else (a, b)))
    return less if isinstance(op, (ast.Lt, ast.Gt)) else front.make(node, "xor", less, 1)


def conditional(front: Frontend, node: ast.IfExp) -> Any:
    held = front.condition(node.test)
    if not isinstance(held, Node):
        return evaluate(front, node.body if held else node.orelse)
    with front.assuming(held, True):
        a = evaluate(front, node.body)
    with front.assuming(held, False):
        b = evaluate(front, node.orelse)
    return front.merge(held, a, b, node, "the value")


def sequence(front: Frontend, node: ast.Tuple | ast.List) -> tuple[Any, ...]:
    return tuple(spread(front, node.elts))


def spread(front: Frontend, elements: list[ast.expr]) -> list[Any]:
    values: list[Any] = []
    for element in elements:
        if isinstance(element, ast.Starred):
            values.extend(items(front, element.value))
        else:
            values.append(evaluate(front, element))
    return values


def items(front: Frontend, node: ast.expr) -> Any:
    """The elements of something that a loop can run over."""
    value = evaluate(front, node)
    if not isinstance(value, (tuple, range)):
        raise front.error(node, "a tuple or a constant range is needed here")
    return front.unroll(value, node)


def subscript(front: Frontend, node: ast.Subscript) -> Any:
    base = evaluate(front, node.value)
    if isinstance(base, range):
        base = tuple(base)
    if not isinstance(base, tuple):
        raise front.error(node, "an integer has no elements; write bits(x, hi, lo) or bit(x, i) for its bits")
    if isinstance(node.slice, ast.Slice):
        parts = (node.slice.lower, node.slice.upper, node.slice.step)
        limits = [None if part is None else evaluate(front, part) for part in parts]
        if any(isinstance(limit, Node) for limit in limits):
            raise front.error(node, "the limits of a slice are constants; index one element with a run-time value")
        return base[slice(*limits)]
    index = evaluate(front, node.slice)
    if isinstance(index, Node):
        return lookup(front, node, base, index)
    if not isinstance(index, int) or not -len(base) <= index < len(base):
        raise front.error(node, f"index {index!r} is outside the tuple; it has {len(base)} elements")
    return base[index]


def lookup(front: Frontend, node: ast.Subscript, base: tuple[Any, ...], index: Node) -> Any:
    """A table of constants becomes a ROM (one per column), a tuple of values a multiplexer."""
    if index.lo < 0 or index.hi >= len(base):
        raise front.error(node, f"the index may be {index.lo} .. {index.hi}; the tuple has {len(base)} elements")
    if all(isinstance(row, tuple) and len(row) == len(base[0]) for row in base):
        return tuple(lookup(front, node, column, index) for column in zip(*base, strict=True))
    if all(isinstance(value, int) for value in base):
        return front.make(node, "rom", index, attrs=tuple(int(value) for value in base))
    chosen = base[index.lo]
    for position in range(index.lo + 1, index.hi + 1):
        held = front.make(node, "eq", index, position)
        chosen = front.merge(front.node(held, node), base[position], chosen, node, "the element")
    return chosen


def comprehension(front: Frontend, node: ast.GeneratorExp | ast.ListComp) -> tuple[Any, ...]:
    results: list[Any] = []
    outside = front.frame.names
    front.frame.names = dict(outside)

    def run(generators: list[ast.comprehension]) -> None:
        if not generators:
            results.append(evaluate(front, node.elt))
            return
        for item in items(front, generators[0].iter):
            front.assign(generators[0].target, item)
            tests = [front.condition(test) for test in generators[0].ifs]
            if any(isinstance(test, Node) for test in tests):
                raise front.error(generators[0].ifs[0], "a filter on run-time values is not accepted; lanes are fixed")
            if all(tests):
                run(generators[1:])

    try:
        run(node.generators)
    finally:
        front.frame.names = outside
    return tuple(results)


def attribute(front: Frontend, node: ast.Attribute) -> Any:
    base = evaluate(front, node.value)
    if isinstance(base, (Node, tuple)):
        raise front.error(node, f"attribute {node.attr} of a value is not accepted; call the functions of the language")
    if not hasattr(base, node.attr):
        raise front.error(node, f"{ast.unparse(node)} does not exist")
    return getattr(base, node.attr)


RULES: dict[type[ast.expr], Callable[[Frontend, Any], Any]] = {
    ast.Constant: constant,
    ast.Name: name,
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.BoolOp: boolean,
    ast.Compare: compare,
    ast.IfExp: conditional,
    ast.Tuple: sequence,
    ast.List: sequence,
    ast.Subscript: subscript,
    ast.GeneratorExp: comprehension,
    ast.ListComp: comprehension,
    ast.Attribute: attribute,
    ast.Call: call,
}
