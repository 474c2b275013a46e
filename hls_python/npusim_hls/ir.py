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

from npusim_hls.ranges import RANGES, RangeError, join, width_of
from npusim_hls.widths import MAX_WIDTH


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


def _signed(attrs: tuple[int, ...], a: int) -> int:
    field_ = a & ((1 << attrs[0]) - 1)
    return field_ - (field_ >> (attrs[0] - 1) << attrs[0])


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
    "cat": join,
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
