"""One node of a lowered graph as a Verilog expression of exactly its width.

Everything is an unsigned vector in two's complement; operands are extended or cut to the width of the operation in
plain sight, so that no rule of Verilog about widths or signs is relied on.
"""

from __future__ import annotations

from typing import Protocol

from npusim_hls.ir import Node
from npusim_hls.verilog import call, number, vast


class Reader(Protocol):
    """Gives bits hi down to lo of a node's value as an expression; hi < width."""

    def slice(self, node: Node, hi: int, lo: int) -> vast.Node: ...

    def rom(self, node: Node, index: vast.Node) -> vast.Node: ...


def joined(parts: list[vast.Node]) -> vast.Node:
    return parts[0] if len(parts) == 1 else vast.Concat(tuple(parts))


def window(reader: Reader, node: Node, hi: int, lo: int) -> vast.Node:
    """Bits hi down to lo of the node's value extended without end by its sign."""
    width, top = node.width, node.width - 1
    if node.is_const:
        return number(node.lo >> lo, hi - lo + 1)
    if hi <= top:
        return reader.slice(node, hi, lo)
    extra = hi - max(top, lo - 1)
    if node.is_signed:
        sign = reader.slice(node, top, top)
        fill = sign if extra == 1 else vast.Repeat(sign, vast.IntConst(str(extra)))
    else:
        fill = number(0, extra)
    return joined([fill, reader.slice(node, top, lo)] if lo < width else [fill])


def low(reader: Reader, node: Node, width: int) -> vast.Node:
    """The value extended or cut to `width` bits."""
    return window(reader, node, width - 1, 0)


def common(a: Node, b: Node) -> tuple[int, bool]:
    """Width and sign in which two values compare."""
    is_signed = a.is_signed or b.is_signed
    return max(node.width + (is_signed and not node.is_signed) for node in (a, b)), is_signed


def expression(reader: Reader, node: Node) -> vast.Node:
    """The node's value as `node.width` bits."""
    args, width = node.args, node.width
    if node.op in ("add", "sub"):
        kind = vast.Plus if node.op == "add" else vast.Minus
        return kind(low(reader, args[0], width), low(reader, args[1], width))
    if node.op == "mul":
        a, b = (low(reader, arg, width) for arg in args)
        if args[0].is_signed or args[1].is_signed:
            return vast.Times(call("signed", a), call("signed", b))
        return vast.Times(a, b)
    if node.op in ("and", "or", "xor"):
        return logic(reader, node)
    if node.op in ("eq", "lt"):
        return comparison(reader, node)
    if node.op == "select":
        chosen = (low(reader, arg, width) for arg in args[1:])
        return vast.Cond(low(reader, args[0], 1), *chosen)
    if node.op == "shl":
        step = args[1].lo
        return joined([low(reader, args[0], width - step), number(0, step)] if step < width else [number(0, width)])
    if node.op == "shr":
        return window(reader, args[0], width - 1 + args[1].lo, args[1].lo)
    if node.op == "bits":
        return window(reader, args[0], node.attrs[1] + width - 1, node.attrs[1])
    if node.op in ("signed", "refine"):
        return low(reader, args[0], width)
    if node.op == "cat":
        return concatenation(reader, node)
    assert node.op == "rom", node
    return reader.rom(node, low(reader, args[0], args[0].width))


def logic(reader: Reader, node: Node) -> vast.Node:
    a, b = node.args
    if node.op == "xor" and node.width == 1 and b.is_const and b.lo == 1:
        return vast.Unot(low(reader, a, 1))
    kind = {"and": vast.And, "or": vast.Or, "xor": vast.Xor}[node.op]
    return kind(low(reader, a, node.width), low(reader, b, node.width))


def comparison(reader: Reader, node: Node) -> vast.Node:
    a, b = node.args
    if node.op == "lt" and b.is_const and b.lo == 0:
        return window(reader, a, a.width - 1, a.width - 1)
    width, is_signed = common(a, b)
    left, right = low(reader, a, width), low(reader, b, width)
    if node.op == "eq":
        return vast.Eq(left, right)
    if is_signed:
        left, right = call("signed", left), call("signed", right)
    return vast.LessThan(left, right)


def concatenation(reader: Reader, node: Node) -> vast.Node:
    """Fields most significant first; the first is extended or cut to what the others leave of the width."""
    parts, room = [], node.width
    for position, width in reversed(list(enumerate(node.attrs))):
        if room > 0:
            parts.append(low(reader, node.args[position], min(width, room) if position else room))
        room -= width
    return joined(parts[::-1])
