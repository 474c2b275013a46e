"""Sequences that pass the network queues step by step, while their recurrent layer is at work."""

from __future__ import annotations

from collections import Counter

from npusim.compiler.back.layout import Layout
from npusim.compiler.front.overlap import reads, writes
from npusim.compiler.ir import Graph, Receive, Recurrent, Send


def streams(graph: Graph, layout: Layout) -> dict[str, int]:
    """Return the maps of which no more than a few steps are ever on chip -> number of their recurrent layer.

    A sequence of inputs that comes from the host for one layer, which multiplies it itself; the states that go to the
    host and nowhere else.  Both in the order of time, all steps of them, and no part of another map.
    """
    read = Counter(name for step in graph.steps for name in set(reads(step)))
    made = Counter(name for step in graph.steps for name in set(writes(step)))
    joined = set(graph.aliases) | {parent for parent, _ in graph.aliases.values()}
    received = {step.view.map for step in graph.steps if isinstance(step, Receive)}
    sent = {step.view.map for step in graph.steps if isinstance(step, Send)}
    found: dict[str, int] = {}
    for index, step in enumerate(graph.steps):
        if not isinstance(step, Recurrent) or step.reverse:
            continue
        ways = [(step.out, sent)] if step.inputs is None else [(step.source, received), (step.out, sent)]
        for name, crossing in ways:
            alone = read[name] == made[name] == 1 and name not in joined and name in crossing
            if alone and layout.map(name).pixels == step.steps:
                found[name] = index
    return found
