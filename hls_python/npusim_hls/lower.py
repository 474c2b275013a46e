"""Operations that hardware has no single cell for, in terms of those it has.

Run-time shifts become stages of multiplexers, leading-zero counts a tree, min/max/abs comparisons and selects, wide
multiplications sums of products that fit a DSP block; the scheduler can then put registers inside them. After this
pass a graph holds only input, const, add, sub, mul, and, or, xor, eq, lt, select, bits, signed, cat, rom, refine and
constant shifts.
"""

from __future__ import annotations

from npusim_hls.ir import Graph, Node
from npusim_hls.simplify import live, simplify

DSP_WIDTH = 27  # widest operand of one multiplier of the Arria 10 (27 x 27 mode) [bits]


def lower(graph: Graph) -> Graph:
    """The same outputs from simpler operations; simplified again."""
    new = Graph(graph.name, output_ranges=list(graph.output_ranges))
    copies: dict[int, Node] = {}
    alive = live(graph)
    for node in graph.nodes:
        if node.index not in alive:
            continue
        new.where = node.where
        args = tuple(copies[arg.index] for arg in node.args)
        first_new = len(new.nodes)
        if node.op == "input":
            copy = new.input(node.name or "", node.lo, node.hi)
        elif node.op == "const":
            copy = new.const(node.lo)
        else:
            copy = expand(new, node, args)
        for made in new.nodes[first_new:]:
            if made.name is None and made is not copy and node.name:
                made.name = f"{node.name}_{SHORT.get(node.op, 'part')}"
        if copy.name is None:
            copy.name = node.name
        copies[node.index] = copy
    for port, node in graph.outputs:
        new.outputs.append((port, copies[node.index]))
    return simplify(new)


SHORT = {"shl": "shift", "shr": "shift", "clz": "count", "mul": "product", "min": "less", "max": "less", "abs": "sign"}


def expand(g: Graph, node: Node, args: tuple[Node, ...]) -> Node:
    width = node.width if node.wrap else None
    if node.op in ("shl", "shr") and not args[1].is_const and not args[0].is_const:
        return shifter(g, node, args[0], args[1])
    if node.op in ("shl", "shr") and not args[1].is_const:
        return shifted_constant(g, node, args[0].lo, args[1])
    if node.op == "clz":
        return fit(g, count(g, args[0], node.attrs[0]), node)
    if node.op in ("min", "max"):
        less = g.make("lt", args)
        chosen = (args[0], args[1]) if node.op == "min" else (args[1], args[0])
        return fit(g, g.make("select", (less, *chosen)), node)
    if node.op == "abs":
        negated = g.make("sub", (g.const(0), args[0]), (), node.width)
        return fit(g, g.make("select", (g.make("lt", (args[0], g.const(0))), negated, args[0])), node)
    if node.op == "refine":
        return fit(g, args[0], node)
    if node.op == "rom":  # the index may have lost a refined range
        padding = max(0, args[0].hi + 1 - len(node.attrs))
        return fit(g, g.make("rom", args, node.attrs + node.attrs[-1:] * padding), node)
    if node.op == "mul" and max(arg.width for arg in args) > DSP_WIDTH and not any(arg.is_const for arg in args):
        return fit(g, product(g, *args), node)
    return g.make(node.op, args, node.attrs, width)


def fit(g: Graph, value: Node, node: Node) -> Node:
    """The value as a node of the range's type; a no-op where it is in range already."""
    if node.lo <= value.lo and value.hi <= node.hi:
        return value
    if node.lo >= 0:
        return g.make("bits", (value,), (node.width - 1, 0))
    return g.make("signed", (value,), (node.width,))


def shifter(g: Graph, node: Node, a: Node, amount: Node) -> Node:
    """One multiplexer per bit of the amount: largest step first to the right, smallest first to the left."""
    left = node.op == "shl"
    positions = range(amount.width)
    for position in positions if left else reversed(positions):
        step = min(1 << position, a.width if not left else node.width)
        moved = g.make("shl" if left else "shr", (a, g.const(step)))
        if node.wrap and moved.width > node.width:
            moved = g.make("bits", (moved,), (node.width - 1, 0))
        a = g.make("select", (g.make("bits", (amount,), (position, position)), moved, a))
    return fit(g, a, node)


def shifted_constant(g: Graph, node: Node, value: int, amount: Node) -> Node:
    """A constant shifted by a run-time amount is a small table (a decoder when the constant is 1)."""
    size = 1 << amount.width
    raw = [value << i if node.op == "shl" else value >> i for i in range(size)]
    if node.wrap:
        raw = [entry & ((1 << node.width) - 1) for entry in raw]
    used = [entry if amount.lo <= i <= amount.hi else 0 for i, entry in enumerate(raw)]
    return fit(g, g.make("rom", (amount,), tuple(used)), node)


def count(g: Graph, a: Node, width: int) -> Node:
    """Leading zeros by halves: the count of a half that is all zero is its size, which sets its top bit."""
    size = 1 << (width - 1).bit_length()
    if size > width:  # ones below stop the count at `width`
        padding = size - width
        a = g.make("cat", (a, g.const((1 << padding) - 1)), (width, padding))
    parts = [g.make("xor", (g.make("bits", (a,), (i, i)), g.const(1))) for i in reversed(range(size))]
    bits = 1
    while len(parts) > 1:
        parts = [merge(g, high, low, bits) for high, low in zip(parts[::2], parts[1::2], strict=True)]
        bits += 1
    return parts[0]


def merge(g: Graph, high: Node, low: Node, bits: int) -> Node:
    """Counts of two halves, each of `bits` bits with the top one meaning all zero, to the count of both."""
    full_high = g.make("bits", (high,), (bits - 1, bits - 1))
    full_low = g.make("bits", (low,), (bits - 1, bits - 1))
    both = g.make("and", (full_high, full_low))
    one = g.make("and", (full_high, g.make("xor", (full_low, g.const(1)))))
    if bits == 1:
        return g.make("cat", (both, one), (1, 1))
    rest = g.make("select", (full_high, *(g.make("bits", (part,), (bits - 2, 0)) for part in (low, high))))
    return g.make("cat", (both, one, rest), (1, 1, bits - 1))


def product(g: Graph, a: Node, b: Node) -> Node:
    """Split the wider factor until both fit one multiplier: a = high · 2**k + low."""
    if a.width < b.width:
        a, b = b, a
    if a.width <= DSP_WIDTH:
        return g.make("mul", (a, b))
    k = a.width // 2
    low = product(g, g.make("bits", (a,), (k - 1, 0)), b)
    high = product(g, g.make("shr", (a, g.const(k))), b)
    return g.make("add", (g.make("shl", (high, g.const(k))), low))
