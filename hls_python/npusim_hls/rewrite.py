"""Rules on single nodes: the simplest node with the same value."""

from __future__ import annotations

from npusim_hls.ir import Graph, Node

MAX_DIGITS = 3  # nonzero signed digits of a constant up to which a multiplication becomes shifts and adds


def rewrite(g: Graph, node: Node, args: tuple[Node, ...], wrap_to: int | None) -> Node:
    """The simplest node that stands for `node` with these operands."""
    if node.op == "select":
        found = rewrite_select(g, *args)
    elif node.op == "bits":
        found = rewrite_bits(g, node, args[0])
    elif node.op in ("add", "sub", "mul", "shl", "shr"):
        found = rewrite_arithmetic(g, node.op, args, wrap_to)
    elif node.op in ("and", "or", "xor"):
        found = rewrite_logic(g, node.op, args)
    else:
        found = rewrite_other(g, node, args)
    return found or g.make(node.op, args, node.attrs, wrap_to)


def rewrite_select(g: Graph, c: Node, a: Node, b: Node) -> Node | None:
    if c.is_const:
        return a if c.lo else b
    if a is b:
        return a
    if a.is_const and b.is_const and {a.lo, b.lo} == {0, 1}:
        return c if a.lo == 1 else g.make("xor", (c, g.const(1)))
    if is_not(c):
        return g.make("select", (c.args[0], b, a))
    if a.hi <= 1 and a.lo >= 0 and b.is_const and b.lo == 0:
        return g.make("and", (c, a))
    if a.is_const and a.lo == 1 and b.lo >= 0 and b.hi <= 1:
        return g.make("or", (c, b))
    if a.op == "select" and a.args[0] is c:
        return g.make("select", (c, a.args[1], b))
    if b.op == "select" and b.args[0] is c:
        return g.make("select", (c, a, b.args[2]))
    return None


def is_not(node: Node) -> bool:
    return node.op == "xor" and node.args[0].hi <= 1 and node.args[1].is_const and node.args[1].lo == 1


def rewrite_bits(g: Graph, node: Node, a: Node) -> Node | None:
    hi, lo = node.attrs
    if lo == 0 and a.lo >= 0 and a.hi < 1 << (hi + 1):
        return a
    if a.lo >= 0 and hi >= a.width > lo:
        return g.make("bits", (a,), (a.width - 1, lo))
    if a.op == "bits":
        if a.attrs[1] + lo > a.attrs[0]:
            return g.const(0)
        return g.make("bits", (a.args[0],), (min(a.attrs[1] + hi, a.attrs[0]), a.attrs[1] + lo))
    if a.op == "signed" and hi < a.attrs[0]:
        return g.make("bits", (a.args[0],), node.attrs)
    if a.op == "refine" and hi < a.width:
        return g.make("bits", (a.args[0],), node.attrs)
    if a.op in ("shl", "shr") and a.args[1].is_const and not a.wrap:
        shift = a.args[1].lo if a.op == "shl" else -a.args[1].lo
        if lo >= shift:
            return g.make("bits", (a.args[0],), (hi - shift, lo - shift))
        if hi < shift:
            return g.const(0)
    if a.op == "cat":
        return bits_of_cat(g, a, hi, lo)
    return None


def bits_of_cat(g: Graph, a: Node, hi: int, lo: int) -> Node | None:
    """A slice inside one field of a concatenation."""
    base = 0
    for part, width in zip(reversed(a.args), reversed(a.attrs), strict=True):
        if base <= lo and hi < base + width:
            return g.make("bits", (part,), (hi - base, lo - base))
        base += width
    return None


def rewrite_arithmetic(g: Graph, op: str, args: tuple[Node, ...], wrap_to: int | None) -> Node | None:
    a, b = args
    zero_b, zero_a = b.is_const and b.lo == 0, a.is_const and a.lo == 0
    identity = None
    if op == "add" and wrap_to is None:
        for high, rest in ((a, b), (b, a)):
            if is_aligned(high) and rest.lo >= 0 and rest.hi < 1 << high.args[1].lo and not rest.is_const:
                return g.make("cat", (high.args[0], rest), (high.args[0].width, high.args[1].lo))
    if op in ("add", "sub") and b.is_const and a.op in ("add", "sub") and a.args[1].is_const and not a.wrap:
        inner = a.args[1].lo if a.op == "add" else -a.args[1].lo
        total = inner + (b.lo if op == "add" else -b.lo)
        return g.make("add" if total >= 0 else "sub", (a.args[0], g.const(abs(total))), (), wrap_to)
    if zero_b and op in ("add", "sub", "shl", "shr"):
        identity = a
    elif zero_a and op == "add":
        identity = b
    elif op == "mul":
        if zero_a or zero_b:
            return g.const(0)
        if a.is_const and not b.is_const:
            return g.make("mul", (b, a), (), wrap_to)
        if b.is_const:
            return times(g, a, b.lo, wrap_to)
    elif op in ("shl", "shr") and zero_a:
        return g.const(0)
    elif op == "shr" and b.is_const and not a.wrap and a.lo >= 0:
        return g.make("bits", (a,), (max(a.width - 1, b.lo), b.lo))
    if identity is not None and (wrap_to is None or 0 <= identity.lo <= identity.hi < 1 << wrap_to):
        return identity
    if identity is not None and wrap_to is not None:
        return g.make("bits", (identity,), (wrap_to - 1, 0))
    return None


def is_aligned(node: Node) -> bool:
    """A constant left shift that loses nothing: zeros below."""
    return node.op == "shl" and node.args[1].is_const and not node.wrap


def signed_digits(value: int) -> list[tuple[int, int]]:
    """Canonical signed digits: value as the sum of sign · 2**position with the fewest terms."""
    digits, position = [], 0
    while value:
        if value & 1:
            sign = 2 - (value & 3)
            digits.append((sign, position))
            value -= sign
        value >>= 1
        position += 1
    return digits


def times(g: Graph, a: Node, factor: int, wrap_to: int | None) -> Node | None:
    """a · constant as shifts and adds when that takes few terms."""
    digits = signed_digits(factor)
    if factor > 0 and factor.bit_count() <= len(digits):  # no subtraction: the sum stays unsigned
        digits = [(1, position) for position in range(factor.bit_length()) if factor >> position & 1]
    if len(digits) > MAX_DIGITS:
        return None
    terms = [(sign, g.make("shl", (a, g.const(position)), (), wrap_to)) for sign, position in digits]
    terms.sort(key=lambda term: -term[0])
    total = g.const(0)
    for sign, term in terms:
        plain = total.is_const and total.lo == 0 and sign > 0
        total = term if plain else g.make("add" if sign > 0 else "sub", (total, term), (), wrap_to)
    return total


def rewrite_logic(g: Graph, op: str, args: tuple[Node, ...]) -> Node | None:
    a, b = args
    if a.is_const and not b.is_const:
        return g.make(op, (b, a))
    if op in ("and", "or") and a is b and a.lo >= 0:
        return a
    if op == "xor" and a is b:
        return g.const(0)
    if not b.is_const:
        return None
    if b.lo == 0:
        return g.const(0) if op == "and" else a
    ones = b.lo & (b.lo + 1) == 0
    if op == "and" and ones:
        return a if a.lo >= 0 and a.hi <= b.lo else g.make("bits", (a,), (b.lo.bit_length() - 1, 0))
    if op == "or" and ones and a.hi <= b.lo:
        return b
    if op == "xor" and is_not(a) and b.lo == 1:
        return a.args[0]
    return None


def rewrite_other(g: Graph, node: Node, args: tuple[Node, ...]) -> Node | None:
    a = args[0]
    if node.op == "refine" and node.attrs[0] <= a.lo and a.hi <= node.attrs[1]:
        return a
    if node.op == "refine" and a.op == "refine":
        limits = max(node.attrs[0], a.attrs[0]), min(node.attrs[1], a.attrs[1])
        return g.make("refine", (a.args[0],), limits) if limits[0] <= limits[1] else None
    if node.op == "signed" and -(1 << (node.attrs[0] - 1)) <= a.lo and a.hi < 1 << (node.attrs[0] - 1):
        return a
    if node.op == "abs" and a.lo >= 0:
        return a
    if node.op in ("min", "max"):
        low, high = (args[0], args[1]) if args[0].hi <= args[1].lo else (args[1], args[0])
        if low.hi <= high.lo:
            return low if node.op == "min" else high
        if a is args[1]:
            return a
    if node.op == "eq" and args[1].is_const and args[1].lo in (0, 1) and a.lo >= 0 and a.hi <= 1:
        return a if args[1].lo == 1 else g.make("xor", (a, g.const(1)))
    if node.op == "eq" and a.is_const:
        return g.make("eq", (args[1], a))
    if node.op == "cat" and len(args) > 1 and a.is_const and a.lo == 0:
        return g.make("cat", args[1:], node.attrs[1:])
    if node.op == "cat" and len(args) == 1:
        return a
    return None
