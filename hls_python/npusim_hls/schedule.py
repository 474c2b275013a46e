"""Put the nodes of a lowered graph into pipeline stages, for a target clock or a number of stages; interval 1.

A node of stage s is computed between the registers of stage s - 1 and s; outputs leave registers at the end. First each
node takes the earliest stage that its delay allows. Then nodes move later where that makes fewer register bits: every
path keeps the same number of registers, so values of one input set meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from npusim_hls.delays import ARRIA10, DelayTable
from npusim_hls.errors import HlsError
from npusim_hls.ir import Graph, Node

SWEEPS = 6  # the second already changes little


@dataclass(frozen=True, slots=True)
class Schedule:
    """`stage[i]` is the stage of node i; the outputs are valid `latency` cycles after the inputs."""

    graph: Graph
    clock_mhz: float
    latency: int
    stage: list[int]
    last_use: list[int]
    critical_ns: float

    @property
    def register_bits(self) -> int:
        """Data register bits, output registers included, the valid pipeline not."""
        return sum(
            node.width * (self.last_use[node.index] - self.stage[node.index])
            for node in self.graph.nodes
            if not node.is_const
        )

    @property
    def fmax_mhz(self) -> float:
        """Clock that the delay table promises."""
        return 1000.0 / (self.critical_ns + ARRIA10.register)


def schedule(graph: Graph, clock_mhz: float, table: DelayTable = ARRIA10) -> Schedule:
    """Stages for a target clock [MHz]; raises HlsError at the line of an operation slower than one cycle."""
    delays, budget = checked_delays(graph, clock_mhz, table)
    stage = earliest(graph, delays, budget)
    sinking = Sinking(graph, stage, delays, budget)
    for _ in range(SWEEPS):
        if not sinking.run():
            break
    ends = last_uses(graph, stage, sinking.latency)
    critical = max(arrivals(graph, stage, delays), default=0.0)
    return Schedule(graph, clock_mhz, sinking.latency, stage, ends, critical)


def stages_at(graph: Graph, clock_mhz: float, table: DelayTable = ARRIA10) -> int:
    """The fewest stages that reach a clock [MHz]; raises HlsError as `schedule`."""
    delays, budget = checked_delays(graph, clock_mhz, table)
    return depth(graph, earliest(graph, delays, budget))


def schedule_in(graph: Graph, stages: int, table: DelayTable = ARRIA10) -> Schedule:
    """Exactly `stages` stages, at least 1, for the fastest clock (whole MHz) that they reach.

    Where even the fastest clock needs fewer, registers behind the results make up the number.
    """
    slow, fast = 1, int(min(1000, 1000.0 / (table.register + max(map(table.delay, graph.nodes)))))
    while slow < fast:
        middle = (slow + fast + 1) // 2
        if stages_at(graph, middle, table) <= stages:
            slow = middle
        else:
            fast = middle - 1
    found = schedule(graph, slow, table)
    if found.latency > stages:
        raise HlsError(f"{graph.name}: {stages} stages are too few even at 1 MHz: it needs {found.latency}")
    return replace(found, latency=stages, last_use=last_uses(graph, found.stage, stages))


def checked_delays(graph: Graph, clock_mhz: float, table: DelayTable) -> tuple[list[float], float]:
    """The delay of each node and the time that a cycle leaves for logic [ns]."""
    if not 1 <= clock_mhz <= 1000:
        raise HlsError(f"clock {clock_mhz:g} MHz is not accepted; a target clock is 1 to 1000 MHz")
    budget = table.budget(clock_mhz)
    delays = [table.delay(node) for node in graph.nodes]
    for node, delay in zip(graph.nodes, delays, strict=True):
        if delay > budget:
            at = f"{node.where.file}:{node.where.line}" if node.where else graph.name
            raise HlsError(
                f"{at}: a {node.width}-bit {node.op} takes {delay:.2f} ns; "
                f"a cycle at {clock_mhz:g} MHz leaves {max(budget, 0):.2f} ns for logic"
            )
    return delays, budget


def depth(graph: Graph, stage: list[int]) -> int:
    """Stages up to the last output that is not constant."""
    return 1 + max((stage[node.index] for _, node in graph.outputs if not node.is_const), default=0)


def earliest(graph: Graph, delays: list[float], budget: float) -> list[int]:
    """As soon as possible, operations chained within a cycle while the budget lasts."""
    stage, arrival = [0] * len(graph.nodes), [0.0] * len(graph.nodes)
    for node in graph.nodes:
        i, parents = node.index, [arg.index for arg in node.args if not arg.is_const]
        stage[i] = max((stage[p] for p in parents), default=0)
        start = max((arrival[p] for p in parents if stage[p] == stage[i]), default=0.0)
        if start + delays[i] > budget + 1e-9:
            stage[i] += 1
            start = 0.0
        arrival[i] = start + delays[i]
    return stage


def last_uses(graph: Graph, stage: list[int], latency: int) -> list[int]:
    """The last stage that reads each node; for an output the stage after the last register."""
    ends = list(stage)
    for node in graph.nodes:
        for arg in node.args:
            ends[arg.index] = max(ends[arg.index], stage[node.index])
    for _, node in graph.outputs:
        ends[node.index] = latency
    return ends


def arrivals(graph: Graph, stage: list[int], delays: list[float]) -> list[float]:
    """When each node settles within its cycle [ns]."""
    arrival = [0.0] * len(graph.nodes)
    for node in graph.nodes:
        same = (arrival[arg.index] for arg in node.args if not arg.is_const and stage[arg.index] == stage[node.index])
        arrival[node.index] = max(same, default=0.0) + delays[node.index]
    return arrival


class Sinking:
    """Moves nodes to later stages, users first, where register bits shrink and the budget holds."""

    def __init__(self, graph: Graph, stage: list[int], delays: list[float], budget: float) -> None:
        self.graph, self.stage, self.delays, self.budget = graph, stage, delays, budget
        self.users: list[list[int]] = [[] for _ in graph.nodes]
        for node in graph.nodes:
            for arg in set(node.args):
                self.users[arg.index].append(node.index)
        self.outputs = {node.index for _, node in graph.outputs}
        self.latency = depth(graph, stage)
        self.tail = [0.0] * len(graph.nodes)

    def run(self) -> bool:
        """One sweep; True if a node moved."""
        moved = False
        for node in reversed(self.graph.nodes):
            if node.op not in ("input", "const"):
                target = self.best(node)
                moved |= target != self.stage[node.index]
                self.stage[node.index] = target
            self.tail[node.index] = self.after(node, self.stage[node.index])
        return moved

    def after(self, node: Node, stage: int) -> float:
        """Delay that follows the node in a stage [ns]."""
        users = (user for user in self.users[node.index] if self.stage[user] == stage)
        return max((self.delays[user] + self.tail[user] for user in users), default=0.0)

    def best(self, node: Node) -> int:
        """The stage with the fewest register bits for the node and its operands."""
        now = self.stage[node.index]
        limits = [self.stage[user] for user in self.users[node.index]]
        if node.index in self.outputs:
            limits.append(self.latency - 1)
        best, best_gain = now, 0
        for target in range(now + 1, min(limits) + 1):
            if self.delays[node.index] + self.after(node, target) > self.budget + 1e-9:
                continue
            longer = sum(arg.width * self.extension(arg, node.index, target) for arg in set(node.args))
            gain = node.width * (target - now) - longer
            if gain > best_gain:
                best, best_gain = target, gain
        return best

    def extension(self, arg: Node, user: int, target: int) -> int:
        """Stages by which an operand lives longer when one user moves from its stage to `target`."""
        if arg.is_const:
            return 0
        others = [self.stage[other] for other in self.users[arg.index] if other != user]
        if arg.index in self.outputs:
            others.append(self.latency)
        rest = max([self.stage[arg.index], *others])
        return max(rest, target) - max(rest, self.stage[user])
