"""Which steps a step waits for: maps as slices of joined maps, who reads them and who writes them."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.ir import Graph, HostStep, Layer, MapOperand, Mfu, Operand, Receive, Recurrent, Send, Step


def extent(graph: Graph, name: str) -> tuple[str, int, int]:
    """Return (joined map, first segment, end segment) of a map; a map of its own is its own joined map."""
    owner, first = graph.aliases.get(name, (name, 0))
    return owner, first, first + len(graph.maps[name].segments)


def overlaps(graph: Graph, a: str, b: str) -> bool:
    """Return whether two maps share storage."""
    one, two = extent(graph, a), extent(graph, b)
    return one[0] == two[0] and one[1] < two[2] and two[1] < one[2]


def operands(mfu: Mfu) -> list[Operand]:
    """Return the operands of a multifunction unit."""
    return [o for o in (mfu.mul, mfu.addsub[1] if mfu.addsub else None) if o is not None]


def map_operands(layer: Layer) -> list[MapOperand]:
    """Return the map operands of a layer."""
    return [o for mfu in (layer.pre, layer.post) for o in operands(mfu) if isinstance(o, MapOperand)]


def reads(step: Step) -> list[str]:
    """Return the maps that a step reads."""
    if isinstance(step, Layer):
        return [step.source, *(o.map for o in map_operands(step))]
    if isinstance(step, Recurrent):
        return [step.source, *(o.map for o in (step.h0, step.c0) if isinstance(o, MapOperand))]
    return [step.view.map] if isinstance(step, Send) else []


def writes(step: Step) -> tuple[str, ...]:
    """Return the maps that a step writes."""
    if isinstance(step, Layer):
        return (step.out,)
    if isinstance(step, Recurrent):
        return step.outs
    return (step.view.map,) if isinstance(step, Receive) else ()


def dependencies(graph: Graph) -> list[set[int]]:
    """Return for every step the positions of the steps whose results it uses."""
    made: dict[str, int] = {}
    writers: dict[str, list[tuple[int, int, int]]] = {}  # joined map -> (first segment, end segment, step)
    for at, step in enumerate(graph.steps):
        for out in writes(step):
            owner, first, end = extent(graph, out)
            writers.setdefault(owner, []).append((first, end, at))
        if isinstance(step, HostStep):
            made.update((n, at) for n in step.outputs)
        elif isinstance(step, Send):
            made.setdefault(step.tensor, at)
    waits: list[set[int]] = []
    for step in graph.steps:
        needed: set[int] = set()
        for name in reads(step):
            owner, first, end = extent(graph, name)
            needed |= {at for f, e, at in writers.get(owner, ()) if f < end and first < e}
        tensors = step.inputs if isinstance(step, HostStep) else (step.tensor,) if isinstance(step, Receive) else ()
        needed |= {made[n] for n in tensors if n in made}
        waits.append(needed)
    return waits


def uses(graph: Graph) -> dict[str, int]:
    """Return how often each map is read; being part of a joined map, or its whole, counts as a reader."""
    count: dict[str, int] = {}
    for step in graph.steps:
        for name in reads(step):
            count[name] = count.get(name, 0) + 1
    for child in graph.aliases:
        count[child] = count.get(child, 0) + 2
    return count


def prune(graph: Graph) -> Graph:
    """Return the graph without layers and Receives that nobody reads, and without maps that are gone."""
    steps = list(graph.steps)
    while True:
        current = replace(graph, steps=tuple(steps))
        read = set(uses(current)) | {parent for parent, _ in graph.aliases.values()}
        kept = [s for s in steps if not _dead(s, read, graph)]
        if len(kept) == len(steps):
            break
        steps = kept
    named = {n for s in steps for n in (*reads(s), *writes(s))}
    aliases = {c: p for c, p in graph.aliases.items() if c in named}
    named |= {p for p, _ in aliases.values()}
    return replace(graph, steps=tuple(steps), aliases=aliases, maps={n: m for n, m in graph.maps.items() if n in named})


def _dead(step: Step, read: set[str], graph: Graph) -> bool:
    if isinstance(step, Layer | Recurrent):
        return not any(out in read or out in graph.aliases for out in writes(step))
    return isinstance(step, Receive) and step.view.map not in read
