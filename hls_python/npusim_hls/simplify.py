"""Graph to simpler graph with the same outputs, until nothing changes.

Rules on single nodes (strength reduction, slices of slices, selects with known or equal sides), common subexpressions
(a rebuilt graph has none), dead nodes, and dead bits: a sum of which only the low bits are used is computed modulo
those bits.
"""

from __future__ import annotations

from npusim_hls.ir import Graph, Node
from npusim_hls.rewrite import rewrite

TRUNCATABLE = {"add", "sub", "mul", "shl"}  # their low bits depend on the low bits of their operands only


def simplify(graph: Graph) -> Graph:
    """Apply the rules to a fixed point; the result evaluates to the same outputs."""
    while True:
        smaller = rebuild(graph, demanded_bits(graph))
        if len(smaller.nodes) == len(graph.nodes) and all(
            (a.op, a.attrs, a.lo, a.hi, a.wrap, [arg.index for arg in a.args])
            == (b.op, b.attrs, b.lo, b.hi, b.wrap, [arg.index for arg in b.args])
            for a, b in zip(graph.nodes, smaller.nodes, strict=True)
        ):
            return smaller
        graph = smaller


def live(graph: Graph) -> set[int]:
    """Indices of the nodes that an output depends on, and of the inputs."""
    found = {node.index for _, node in graph.inputs}
    stack = [node for _, node in graph.outputs]
    while stack:
        node = stack.pop()
        if node.index not in found:
            found.add(node.index)
            stack.extend(node.args)
    return found


def demanded_bits(graph: Graph) -> dict[int, int]:
    """For each node the number of low bits that its users look at; nodes that are used whole are absent."""
    whole = 1 << 30
    demand: dict[int, int] = {}
    alive = live(graph)
    for _, node in graph.outputs:
        demand[node.index] = whole
    for node in reversed(graph.nodes):
        if node.index not in alive:
            continue
        needed = demand.get(node.index, 0)
        needed = min(needed, node.width) if node.wrap else needed
        for position, arg in enumerate(node.args):
            demand[arg.index] = max(demand.get(arg.index, 0), low_bits(node, position, needed))
    return {index: bits for index, bits in demand.items() if bits < whole}


def low_bits(node: Node, position: int, needed: int) -> int:
    """How many low bits of an operand decide the `needed` low bits of the node."""
    if node.op == "bits":
        return min(node.attrs[0] + 1, node.attrs[1] + needed)
    if node.op == "signed":
        return node.attrs[0]
    whole = needed >= node.width and not node.wrap
    if node.op in ("add", "sub", "mul") and not whole:
        return needed
    if node.op in ("and", "or", "xor"):
        other = node.args[1 - position]
        if node.op == "and" and other.lo >= 0:
            needed = min(needed, other.hi.bit_length())
        return needed if not whole or node.op == "and" else 1 << 30
    if node.op == "shl" and position == 0 and node.args[1].is_const and not whole:
        return max(needed - node.args[1].lo, 1)
    if node.op == "shl" and position == 0 and not whole:
        return needed
    if node.op == "select" and position > 0 and not whole:
        return needed
    return 1 << 30


def rebuild(graph: Graph, demand: dict[int, int]) -> Graph:
    """One round: copy the live nodes through the rules into a new graph."""
    new = Graph(graph.name, output_ranges=list(graph.output_ranges))
    copies: dict[int, Node] = {}
    alive = live(graph)
    for node in graph.nodes:
        if node.index not in alive:
            continue
        new.where = node.where
        if node.op == "input":
            copies[node.index] = new.input(node.name or "", node.lo, node.hi)
            continue
        if node.op == "const":
            copies[node.index] = new.const(node.lo)
            continue
        args = tuple(copies[arg.index] for arg in node.args)
        width = node.width if node.wrap else None
        needed = demand.get(node.index, 1 << 30)
        if node.op in TRUNCATABLE and needed < node.width:
            width = max(needed, 1)
        copy = rewrite(new, node, args, width)
        if width is None and (copy.lo < node.lo or copy.hi > node.hi):  # the rule proves less than is known
            copy = new.make("refine", (copy,), (max(node.lo, copy.lo), min(node.hi, copy.hi)))
        if copy.name is None:
            copy.name = node.name
        copies[node.index] = copy
    for port, node in graph.outputs:
        new.outputs.append((port, copies[node.index]))
    return new
