"""Decide what runs where, and in which order: NPU islands, host steps, the tensors that cross between them."""

from __future__ import annotations

from dataclasses import replace

from npusim.compiler.front import host
from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import Net
from npusim.compiler.front.overlap import dependencies, reads
from npusim.compiler.ir import Graph, HostStep, Receive, Send, Step
from npusim.errors import ModelError

NO_MACS = "not worth a crossing: it has no multiply-accumulate and a neighbour on the host"
NO_WORK = "not worth a crossing: it only renames"


def partition(net: Net, sigmoid_tanh: tuple[bool, bool] = (True, True)) -> Graph:
    """Lower the net with every node on the NPU that can be and that is worth the crossing.

    An island is a connected set of NPU nodes.  One without multiply-accumulates that exchanges a tensor with a host
    node goes to the host, and so does one that does nothing but rename; then everything is lowered anew, because
    layouts depend on what is received.  The host's share only grows, so this ends.
    """
    keep: dict[str, str] = {}
    while True:
        lowering = Lowering(net, keep, sigmoid_tanh)
        graph = lowering.run()
        more = _not_worth_it(net, lowering)
        if not more:
            return graph
        keep |= lowering.reasons | more


def _not_worth_it(net: Net, lowering: Lowering) -> dict[str, str]:
    """Return the nodes of islands that are not worth a crossing, with the reason."""
    on_host = lowering.reasons
    maker = net.producer()
    island: dict[str, str] = {n.name: n.name for n in net.nodes if n.name not in on_host}

    def find(name: str) -> str:
        while island[name] != name:
            island[name] = island[island[name]]
            name = island[name]
        return name

    touched: set[str] = set()  # members with a host neighbour
    for node in net.nodes:
        for tensor in node.inputs:
            before = maker.get(tensor)
            if before is None:
                continue
            if node.name in island and before.name in island:
                island[find(node.name)] = find(before.name)
            elif node.name in island:
                touched.add(node.name)
            elif before.name in island:
                touched.add(before.name)
    members: dict[str, list[str]] = {}
    for name in island:
        members.setdefault(find(name), []).append(name)
    macs = {n.name: net.macs(n) for n in net.nodes}
    more: dict[str, str] = {}
    for names in members.values():
        if all(n in lowering.renamed for n in names):
            more |= dict.fromkeys(names, NO_WORK)
        elif not any(macs[n] for n in names) and any(n in touched for n in names):
            more |= dict.fromkeys(names, NO_MACS)
    return more


def refuse_host(graph: Graph) -> Graph:
    """Return the graph if nothing runs on the host, else raise `ModelError` naming every such node (`--npu-only`)."""
    found = [
        f"{op} '{name}' ({reason})"
        for step in graph.steps
        if isinstance(step, HostStep)
        for (name, op), reason in zip(step.nodes, step.reasons, strict=True)
    ]
    if found:
        raise ModelError(
            f"{graph.name}: {len(found)} node{'s' if len(found) > 1 else ''} need the host, allowed: none with "
            f"npu-only: {'; '.join(found)}"
        )
    return graph


def group_host_steps(graph: Graph) -> Graph:
    """Reorder the steps so that host nodes stand together, and make one host step of each such group.

    List scheduling with two colours: everything that is ready on one side runs before the other side does.  Of the two
    possible beginnings the one with fewer groups wins.
    """
    waits = dependencies(graph)

    def schedule(hosts_turn: bool) -> list[list[Step]]:
        done: set[int] = set()
        groups: list[list[Step]] = []
        left = list(range(len(graph.steps)))
        while left:
            group: list[Step] = []
            rest: list[int] = []
            for at in left:  # one sweep is enough: steps are in topological order
                step = graph.steps[at]
                if isinstance(step, HostStep) == hosts_turn and waits[at] <= done:
                    done.add(at)
                    group.append(step)
                else:
                    rest.append(at)
            left = rest
            if group:
                groups.append(group)
            hosts_turn = not hosts_turn
        return groups

    groups = min(schedule(True), schedule(False), key=len)
    steps: list[Step] = []
    for number, group in enumerate(groups):
        hosts = [s for s in group if isinstance(s, HostStep)]
        if not hosts:
            steps += group
            continue
        others = [s for i, g in enumerate(groups) if i != number for s in g]
        needed = {o.name for o in graph.outputs}
        for other in others:
            needed |= (
                set(other.inputs)
                if isinstance(other, HostStep)
                else ({other.tensor} if isinstance(other, Receive) else set())
            )
        steps.append(host.merge(hosts, needed))
    renamed = {n: s.name for s in steps if isinstance(s, HostStep) for n, _ in s.nodes}
    coverage = tuple(replace(i, layer=renamed[i.name]) if i.name in renamed else i for i in graph.coverage)
    return replace(graph, steps=tuple(steps), coverage=coverage)


def place_crossings(graph: Graph) -> Graph:
    """Send each tensor as soon as it is complete and receive each just before its first reader."""
    waits = dependencies(graph)
    after: dict[int, list[Step]] = {}
    for at, step in enumerate(graph.steps):
        if isinstance(step, Send):
            after.setdefault(max(waits[at]), []).append(step)
    body: list[Step] = []
    for at, step in enumerate(graph.steps):
        if not isinstance(step, Send):
            body.append(step)
            body += after.get(at, [])
    waiting = {s.view.map: s for s in body if isinstance(s, Receive)}
    result: list[Step] = []
    for step in body:
        if isinstance(step, Receive):
            continue
        names = [name for read in reads(step) for name in (read, graph.aliases.get(read, (read, 0))[0])]
        result += [waiting.pop(name) for name in names if name in waiting]
        result.append(step)
    return replace(graph, steps=tuple(result))
