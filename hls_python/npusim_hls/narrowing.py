"""What a condition says about the values that it compares, inside its branches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from npusim_hls.ir import Graph, Node


class Narrowing:
    """A graph under construction, and the nodes that stand for others in the branch at hand."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.narrowed: dict[int, Node] = {}

    def seen(self, node: Node) -> Any:
        """A node as the current branch knows it: narrowed, or the constant that it is."""
        node = self.narrowed.get(node.index, node)
        return node.lo if node.is_const else node

    @contextmanager
    def assuming(self, condition: Node, holds: bool) -> Iterator[None]:
        """Within, values that the condition compares have the range that it leaves them."""
        before = self.narrowed
        self.narrowed = dict(before)
        self.assume(condition, holds)
        try:
            yield
        finally:
            self.narrowed = before

    def assume(self, c: Node, holds: bool) -> None:
        if (c.op == "and" and holds) or (c.op == "or" and not holds):
            for arg in c.args:
                if arg.hi <= 1:
                    self.assume(arg, holds)
        elif c.op == "xor" and c.args[1].is_const and c.args[1].lo == 1 and c.args[0].hi <= 1:
            self.assume(c.args[0], not holds)
        elif c.op == "lt":
            a, b = (self.narrowed.get(arg.index, arg) for arg in c.args)
            if holds:
                self.narrow(c.args[0], a.lo, min(a.hi, b.hi - 1))
                self.narrow(c.args[1], max(b.lo, a.lo + 1), b.hi)
            else:
                self.narrow(c.args[0], max(a.lo, b.lo), a.hi)
                self.narrow(c.args[1], b.lo, min(b.hi, a.hi))
        elif c.op == "eq":
            a, b = (self.narrowed.get(arg.index, arg) for arg in c.args)
            for x, y, original in ((a, b, c.args[0]), (b, a, c.args[1])):
                if holds:
                    self.narrow(original, max(x.lo, y.lo), min(x.hi, y.hi))
                elif y.is_const:
                    self.narrow(original, x.lo + (x.lo == y.lo), x.hi - (x.hi == y.lo))
        self.narrowed[c.index] = self.graph.const(int(holds))

    def narrow(self, original: Node, lo: int, hi: int) -> None:
        known = self.narrowed.get(original.index, original)
        if original.is_const or lo > hi or (lo, hi) == (known.lo, known.hi):
            return
        self.narrowed[original.index] = self.graph.make("refine", (original,), (lo, hi))
