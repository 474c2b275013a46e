"""Where the row tiles of a recurrent layer's products lie in MatrixRf: which slots, and from which engine on.

With private weights the row tiles of a product lie side by side in the engines, and its last round may leave some of
them idle.  Where a matrix fits only without such gaps, the next product begins in that round: its pass then starts with
the row tiles that belong to the product before, `lead` of them, whose results nobody reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from npusim.compiler.back.cells import BIAS, GATES, INPUT_BIAS, CellChain
from npusim.compiler.back.layout import ceil_div
from npusim.compiler.ir import Recurrent
from npusim.config import NpuConfig
from npusim.segments import vectors_of


@dataclass(frozen=True, slots=True)
class Rows:
    """Row tiles of one chain: count of them from `first` on, counted from the first of its gates.

    slot: where its first round lies, counted from the layer's first slot; lead: row tiles in that round before its own;
    depth: vectors that it multiplies.
    """

    first: int
    count: int
    slot: int
    lead: int
    depth: int


@dataclass(frozen=True, slots=True)
class RowPlan:
    """The rows of every chain that multiplies, and the slots that they take together."""

    rows: dict[CellChain, Rows]
    slots: int

    @property
    def lead(self) -> int:
        """The largest lead."""
        return max((rows.lead for rows in self.rows.values()), default=0)


def row_plan(step: Recurrent, chains: list[CellChain], segments: tuple[int, ...], config: NpuConfig) -> RowPlan:
    """Return where all row tiles of a step lie; segments: of the inputs, where the layer multiplies them itself.

    Without gaps only if they do not fit otherwise, and do then.
    """
    plain = _plan(step, chains, segments, config, False)
    if plain.slots <= config.mrf_slots or config.shared_weights:
        return plain
    dense = _plan(step, chains, segments, config, True)
    return dense if dense.slots <= config.mrf_slots else plain


def _plan(
    step: Recurrent, chains: list[CellChain], segments: tuple[int, ...], config: NpuConfig, dense: bool
) -> RowPlan:
    ways, vectors = 1 if config.shared_weights else config.engines, ceil_div(step.hidden, config.native_dim)
    found: dict[CellChain, Rows] = {}
    slots = engine = before = 0  # engine: the first free one of the last round; before: its depth
    back = 0  # row tiles of the first part of the inputs' product that are left to the second
    for chain in chains:
        if chain.gates is None:
            continue
        gate, gates = chain.gates
        depth = vectors_of(segments if chain.ahead else (step.hidden,), config.native_dim)
        first = -back if chain.ahead else 0
        count = gates * vectors - first
        joins = dense and depth == before and _may_lead(chain)
        lead = engine if joins and ceil_div(engine + count, ways) <= ceil_div(count, ways) else 0
        if chain.ahead and gate == 0:
            back = _held_back(lead, count, step.gates * vectors, ways)
            count -= back
        slot = slots - depth if lead else slots
        slots = slot + ceil_div(lead + count, ways) * depth
        engine, before = (lead + count) % ways, depth
        found[chain] = Rows(first, count, slot, lead, depth)
    return RowPlan(found, slots)


def _held_back(lead: int, count: int, total: int, ways: int) -> int:
    """Return how many row tiles the first part of a product leaves to the second, so that it ends with a round.

    0 where that saves no round: the parts are then whole gates.  Never more than its gates: behind them are those that
    the step at work still reads.
    """
    kept = (lead + count) // ways * ways - lead
    apart = ceil_div(lead + count, ways) + ceil_div(total - count, ways)
    return count - kept if kept > 0 and ceil_div(lead + total, ways) < apart else 0


def _may_lead(chain: CellChain) -> bool:
    """Return whether there is room in front of what a chain writes, and something written in front of what it reads."""
    areas = [op.operand.area for op in (*chain.mfu0, *chain.mfu1) if op.operand is not None]
    return chain.part == 0 and set(areas) <= {GATES, BIAS, INPUT_BIAS}
