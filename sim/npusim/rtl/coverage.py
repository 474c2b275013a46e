"""What programs have exercised: instruction by stage, shapes of chains and moves, hazards between chains.

A point is a short text; `points` are those of one run, `universe` all that a machine can reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from npusim import isa
from npusim.chain import ComputeChain, Decoded, Memory, Mfu, Operand, VectorMove, WeightMove
from npusim.chain.addresses import PADDING, window
from npusim.config import NpuConfig
from npusim.engine.timing import CAUSES, Span, Timing
from npusim.isa import QUEUE_NAMES, SPACE_NAMES, Queue, Space

_ACTS = ("relu", "clip", "lrelu", "sigm", "tanh")
_ADDSUBS = ("add", "a_sub_b", "b_sub_a", "max")
_VRFS = tuple(space for space in Space if space >= Space.INITIAL_VRF)
_NETS = (Space.NET_IN_Q, Space.NET_OUT_Q)


def universe(config: NpuConfig) -> set[str]:
    """Return every point that programs on this machine can reach."""
    found = {f"word {row.name}" for row in isa.TABLE}
    for mfu in (0, 1):
        for name in ("mul", *_ADDSUBS):
            found |= {f"mfu{mfu} {name} {how}" for how in ("stays", "steps")}
        found |= {f"mfu{mfu} {act}" for act in _ACTS}
    sources = ("InitialVrf", "Expander")
    reduces = ("none", "max", "add")
    found |= {f"chain {s} {m} reduce {r}" for s in sources for m in ("mv_mul", "vectors") for r in reduces}
    found |= {f"compute writes {SPACE_NAMES[space]}" for space in _VRFS} | {
        f"compute writes {n} at once" for n in (1, 2, 3)
    }
    found |= {"sums held", "sums held twice", "sums continued", "positions below engines", "positions above engines"}
    found |= {"padding zero", "padding low", "padding alone", "stride", "dilation", "slots wrap"}
    found |= {"red overlap", "red head differs", "red tail cut", "red tail dropped", "red several runs"}
    if not config.shared_weights:
        found |= {"several row tiles", "more row tiles than engines"}
    found |= {f"move {a} to {b}" for a, b in _moves()} | {"move multicast", "move from Expander's end to its beginning"}
    found |= {"weights wrap", "weights replaced"}
    found |= {f"loop depth {depth}" for depth in (1, 2, 3)} | {"loop once", "base below zero"}
    pairs = [(a, b) for a in Queue for b in Queue]
    found |= {f"token {QUEUE_NAMES[a]} to {QUEUE_NAMES[b]}" for a, b in pairs}
    found |= {f"full queue {QUEUE_NAMES[q]}" for q in Queue}
    found |= {f"compute waits for {cause}" for cause in CAUSES}
    found |= {f"hazard {name}" for name in ("read after write without token", "operand after write without token",
              "write after read without token", "write after write without token", "Expander then InitialVrf",
              "back to back", "tail just free", "both DMAs in DRAM")}  # fmt: skip
    return found


def _moves() -> list[tuple[str, str]]:
    inside = ["Expander", *(SPACE_NAMES[space] for space in _VRFS)]
    found = [(a, b) for a in ("DRAM", "NetInQ") for b in inside] + [("DRAM", "NetOutQ"), ("NetInQ", "DRAM")]
    found.append(("NetInQ", "NetOutQ"))
    return found + [(SPACE_NAMES[a], b) for a in _VRFS for b in ("DRAM", "NetOutQ")]


def points(words: Iterable[int], decoded: Decoded, timing: Timing, config: NpuConfig) -> Counter[str]:
    """Return the points of a run and how often each was met."""
    found: Counter[str] = Counter()
    found.update(_words([int(word) for word in words]))
    filled: set[int] = set()
    held = 0
    for span in timing.spans:
        chain = span.chain
        for other in Queue:
            if chain.wait >> other & 1:
                found[f"token {QUEUE_NAMES[other]} to {QUEUE_NAMES[chain.queue]}"] += 1
        if any(value >> 31 for value in chain.regs[-4:]):
            found["base below zero"] += 1
        match chain:
            case ComputeChain():
                found.update(_compute(chain, config))
                held = held + 1 if chain.holds else 0
                found["sums held twice"] += held == 2
                if span.stall:
                    found[f"compute waits for {span.cause}"] += 1
            case VectorMove():
                found.update(_move(chain, config))
            case WeightMove():
                found.update(_weights(chain, config, filled))
    found.update(_full(timing, config))
    found.update(_hazards(timing, config))
    return +found


def _words(words: list[int]) -> Iterator[str]:
    depth = 0
    for word in words:
        row, values = isa.decode(word)
        yield f"word {row.name}"
        if row.name == "loop":
            depth += 1
            yield f"loop depth {min(depth, 3)}"
            if values["count"] == 1:
                yield "loop once"
        depth -= row.name == "end_loop"


def _mfu(unit: int, mfu: Mfu) -> Iterator[str]:
    def how(operand: Operand) -> str:
        return "steps" if operand.step else "stays"

    if mfu.mul is not None:
        yield f"mfu{unit} mul {how(mfu.mul)}"
    if mfu.addsub is not None:
        yield f"mfu{unit} {mfu.addsub.op} {how(mfu.addsub.operand)}"
    if mfu.act is not None:
        yield f"mfu{unit} {mfu.act.op}"


def _compute(chain: ComputeChain, config: NpuConfig) -> Iterator[str]:
    r = chain.regs
    kind = "vectors" if chain.matmul is None else "mv_mul"
    if not chain.holds:
        yield f"chain {SPACE_NAMES[chain.source.space]} {kind} reduce {chain.reduce or 'none'}"
        yield f"compute writes {min(len(chain.targets), 3)} at once"
    yield from _mfu(0, chain.mfu0)
    yield from _mfu(1, chain.mfu1)
    yield from (f"compute writes {SPACE_NAMES[target.space]}" for target in chain.targets)
    if chain.matmul is not None:
        yield "positions below engines" if chain.positions < config.engines else "positions above engines"
        if chain.holds:
            yield "sums held"
        if chain.matmul.acc:
            yield "sums continued"
        if r.mv_rows > 1:
            yield "several row tiles"
        if r.mv_rows > config.engines:
            yield "more row tiles than engines"
        rows = 1 if config.shared_weights else -(-r.mv_rows // config.engines)
        if chain.matmul.tile + chain.window * rows > config.mrf_slots:
            yield "slots wrap"
    if chain.source.space is Space.INITIAL_VRF:
        offsets = window(r)
        outside = offsets == PADDING
        if outside.all():
            yield "padding alone"
        elif outside.any():
            yield "padding low" if chain.source.low else "padding zero"
    if max(r.stride_h, r.stride_w) > 1:
        yield "stride"
    if max(r.dilation_h, r.dilation_w) > 1:
        yield "dilation"
    if chain.reduce is not None:
        if r.red_overlap:
            yield "red overlap"
        if r.red_head != r.red_n:
            yield "red head differs"
        if r.red_run < chain.elements:
            yield "red several runs"
        windows = chain.windows()
        last = windows[:, 0] + windows[:, 1]
        if r.red_tail and (last % r.red_run == 0).any() and (windows[1:, 1] < r.red_n).any():
            yield "red tail cut"
        if not r.red_tail and last[-1] < chain.elements:
            yield "red tail dropped"


def _move(chain: VectorMove, config: NpuConfig) -> Iterator[str]:
    for target in chain.targets:
        yield f"move {SPACE_NAMES[chain.source.space]} to {SPACE_NAMES[target.space]}"
        last = max(region.addresses.max() for region in chain.writes(config)) if target.space is Space.EXPANDER else 0
        if target.space is Space.EXPANDER and target.addr and last == config.expander - 1:
            yield "move from Expander's end to its beginning"
    if len(chain.targets) > 1:
        yield "move multicast"


def _weights(chain: WeightMove, config: NpuConfig, filled: set[int]) -> Iterator[str]:
    ways = 1 if config.shared_weights else config.engines
    count = config.mrf_slots * ways
    places = {(chain.tile * ways + n) % count for n in range(chain.tiles)}
    if chain.tile * ways + chain.tiles > count:
        yield "weights wrap"
    if places & filled:
        yield "weights replaced"
    filled |= places


def _full(timing: Timing, config: NpuConfig) -> Iterator[str]:
    """Queues that held dispatch up: a chain dispatched in the cycle in which an earlier one of its queue started."""
    for queue in Queue:
        spans = [span for span in timing.spans if span.chain.queue is queue]
        for early, late in zip(spans, spans[config.queue_depth :], strict=False):
            if late.dispatched == early.start:
                yield f"full queue {QUEUE_NAMES[queue]}"


def _hazards(timing: Timing, config: NpuConfig) -> Iterator[str]:
    spans = [span for span in timing.spans if isinstance(span.chain, ComputeChain)]
    for a, b in pairwise(spans):
        one, two = a.chain, b.chain
        assert isinstance(one, ComputeChain)
        assert isinstance(two, ComputeChain)
        if b.start == a.busy:
            yield "hazard back to back"
        if b.tail[0] == a.tail[1] + 1:
            yield "hazard tail just free"
        if one.source.space is Space.EXPANDER and two.source.space is Space.INITIAL_VRF and one.matmul and two.matmul:
            yield "hazard Expander then InitialVrf"
        if not two.wait >> Queue.COMPUTE & 1 and b.start < a.complete:
            yield from _overlaps(one, two, config)
    moves = [
        [s for s in timing.spans if s.chain.queue is queue and _in_dram(s)] for queue in (Queue.WEIGHT, Queue.VECTOR)
    ]
    for w in moves[0]:
        if any(v.start < w.busy and w.start < v.busy for v in moves[1]):
            yield "hazard both DMAs in DRAM"


def _in_dram(span: Span) -> bool:
    chain = span.chain
    if isinstance(chain, VectorMove):
        return Space.DRAM in {chain.source.space, *(target.space for target in chain.targets)}
    return isinstance(chain, WeightMove)


def _overlaps(one: ComputeChain, two: ComputeChain, config: NpuConfig) -> Iterator[str]:
    """Addresses that two overlapping chains share, one of them writing."""
    wrote, will = one.writes(config), two.writes(config)
    read, reads = one.reads(config), two.reads(config)

    def meet(left: list[object], right: list[object], *memories: Memory) -> bool:
        return any(
            x.memory is y.memory and (not memories or x.memory in memories)  # type: ignore[attr-defined]
            and len(np.intersect1d(x.addresses, y.addresses))  # type: ignore[attr-defined]
            for x in left for y in right
        )  # fmt: skip

    operands = (Memory.ADDSUB_VRF_0, Memory.ADDSUB_VRF_1, Memory.MULTIPLY_VRF_0, Memory.MULTIPLY_VRF_1)
    if meet([*wrote], [*reads], Memory.INITIAL_VRF):
        yield "hazard read after write without token"
    if meet([*wrote], [*reads], *operands):
        yield "hazard operand after write without token"
    if meet([*read], [*will]):
        yield "hazard write after read without token"
    if meet([*wrote], [*will]):
        yield "hazard write after write without token"


def report(found: Counter[str], config: NpuConfig) -> list[str]:
    """Return lines: how much is covered, the points met least often, and those that were not met, by name."""
    wanted = universe(config)
    missing = sorted(wanted - set(found))
    rare = sorted((found[point], point) for point in wanted & set(found))[:8]
    lines = [f"coverage: {len(wanted) - len(missing)} of {len(wanted)} points"]
    lines += ["rarest: " + ", ".join(f"{point} ({count})" for count, point in rare)]
    return [*lines, f"not covered: {', '.join(missing) if missing else 'none'}"]
