"""The typed SSA dataflow: nodes over mathematical integers, each with a proven range.

A node's value lies in lo .. hi; its type is the narrowest one that holds the range, signed exactly when lo < 0. A node
with `wrap` set is computed modulo 2**width (the dead-bits pass sets it). Building a node infers its range, folds
constants and returns an existing equal node, so a graph has no common subexpressions by construction.

| op | args | attrs | value |
|---|---|---|---|
| input, const | | (port index) or (value) | |
| add, sub, mul | a, b | | |
| shl, shr | a, amount | | a · 2**amount, floor(a / 2**amount) |
| and, or, xor | a, b | | of the two's complement bits |
| eq, lt | a, b | | 0 or 1 |
| select | c, a, b | | a if c else b |
| bits | a | hi, lo | unsigned slice |
| signed | a | width | the low bits in two's complement |
| cat | a, b, … | widths | concatenation; the first field may be signed and the result then is |
| rom | index | the table | table[index] |
| clz | a | width | leading zeros of a width-bit field |
| min, max | a, b | | |
| abs | a | | |
| refine | a | lo, hi | a, known to lie in lo .. hi where the value is used |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from npusim_hls.widths import MAX_WIDTH


class RangeError(Exception):
    """A node that cannot be built; the front end adds the place."""


@dataclass(frozen=True, slots=True)
class Where:
    """A line of source: file name, line and text."""

    file: str
    line: int
    text: str


@dataclass(slots=True, eq=False)
class Node:
    """One operation; see the table above."""

    index: int
    op: str
    args: tuple[Node, ...]
    attrs: tuple[int, ...]
    lo: int
    hi: int
    wrap: bool
    where: Where | None
    name: str | None = None

    @property
    def is_signed(self) -> bool:
        return self.lo < 0

    @property
    def width(self) -> int:
        return width_of(self.lo, self.hi)

    @property
    def is_const(self) -> bool:
        return self.op == "const"

    def __repr__(self) -> str:
        return f"%{self.index}:{self.op}[{self.lo}..{self.hi}]"


def width_of(lo: int, hi: int) -> int:
    """Bits of the narrowest type that holds lo .. hi."""
    if lo >= 0:
        return max(hi.bit_length(), 1)
    return max((-lo - 1).bit_length(), hi.bit_length() if hi > 0 else 0) + 1


@dataclass(slots=True)
class Graph:
    """Nodes in topological order; `outputs` are (port name, node) pairs, `inputs` (port name, node)."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    inputs: list[tuple[str, Node]] = field(default_factory=list)
    outputs: list[tuple[str, Node]] = field(default_factory=list)
    output_ranges: list[tuple[int, int]] = field(default_factory=list)
    where: Where | None = None
    table: dict[tuple[object, ...], Node] = field(default_factory=dict)

    def _new(
        self, op: str, args: Iterable[Node], attrs: tuple[int, ...], limits: tuple[int, int], *, wrap: bool = False
    ) -> Node:
        lo, hi = limits
        if width_of(lo, hi) > MAX_WIDTH:
            raise RangeError(f"the value may need {width_of(lo, hi)} bits; a value has at most {MAX_WIDTH}")
        args = tuple(args)
        if lo == hi and op not in ("const", "input"):
            return self.const(lo)
        key = (op, tuple(arg.index for arg in args), attrs, lo, hi, wrap)
        if key not in self.table:
            self.table[key] = Node(len(self.nodes), op, args, attrs, lo, hi, wrap, self.where)
            self.nodes.append(self.table[key])
        return self.table[key]

    def input(self, name: str, lo: int, hi: int) -> Node:
        node = Node(len(self.nodes), "input", (), (len(self.inputs),), lo, hi, False, None, name)
        self.nodes.append(node)
        self.inputs.append((name, node))
        return node

    def const(self, value: int) -> Node:
        return self._new("const", (), (value,), (value, value))

    def make(self, op: str, args: tuple[Node, ...], attrs: tuple[int, ...] = (), wrap_to: int | None = None) -> Node:
        """Build a node; `wrap_to` gives the width modulo which it is computed. Raises RangeError."""
        if all(arg.is_const for arg in args) and args:
            value = OPERATIONS[op](attrs, *(arg.lo for arg in args))
            return self.const(value if wrap_to is None else value & ((1 << wrap_to) - 1))
        lo, hi = RANGES[op](attrs, *args)
        if wrap_to is not None and not 0 <= lo <= hi < 1 << wrap_to:
            return self._new(op, args, attrs, (0, (1 << wrap_to) - 1), wrap=True)
        return self._new(op, args, attrs, (lo, hi))


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
    return _cat(attrs, *(part.lo for part in parts)), _cat(attrs, *(part.hi for part in parts))


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


def _cat(attrs: tuple[int, ...], *parts: int) -> int:
    word = 0
    for part, width in zip(parts, attrs, strict=True):
        word = word << width | part
    return word


def _signed(attrs: tuple[int, ...], a: int) -> int:
    field_ = a & ((1 << attrs[0]) - 1)
    return field_ - (field_ >> (attrs[0] - 1) << attrs[0])


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

# The meaning of each operation on integers. A value that a select discards may come from operands outside their ranges
# (a refined operand in the branch not taken), so shifts, tables and counts are total here.
OPERATIONS: dict[str, Callable[..., int]] = {
    "add": lambda attrs, a, b: a + b,
    "sub": lambda attrs, a, b: a - b,
    "mul": lambda attrs, a, b: a * b,
    "shl": lambda attrs, a, b: a << (b % (MAX_WIDTH + 1)),
    "shr": lambda attrs, a, b: a >> (b % (MAX_WIDTH + 1)),
    "and": lambda attrs, a, b: a & b,
    "or": lambda attrs, a, b: a | b,
    "xor": lambda attrs, a, b: a ^ b,
    "eq": lambda attrs, a, b: int(a == b),
    "lt": lambda attrs, a, b: int(a < b),
    "select": lambda attrs, c, a, b: a if c else b,
    "bits": lambda attrs, a: (a >> attrs[1]) & ((1 << (attrs[0] - attrs[1] + 1)) - 1),
    "signed": _signed,
    "cat": _cat,
    "rom": lambda attrs, a: attrs[a % len(attrs)],
    "clz": lambda attrs, a: attrs[0] - (a & ((1 << attrs[0]) - 1)).bit_length(),
    "min": lambda attrs, a, b: min(a, b),
    "max": lambda attrs, a, b: max(a, b),
    "abs": lambda attrs, a: abs(a),
    "refine": lambda attrs, a: a,
}


def evaluate(graph: Graph, values: Iterable[int]) -> list[int]:
    """Run a graph on integers, one per input port: the outputs in order. Every stage of the compiler can be run so."""
    ports, found = list(values), [0] * len(graph.nodes)
    for node in graph.nodes:
        if node.op == "input":
            found[node.index] = ports[node.attrs[0]]
        elif node.op == "const":
            found[node.index] = node.attrs[0]
        else:
            value = OPERATIONS[node.op](node.attrs, *(found[arg.index] for arg in node.args))
            found[node.index] = value & ((1 << node.width) - 1) if node.wrap else value
    return [found[node.index] for _, node in graph.outputs]
