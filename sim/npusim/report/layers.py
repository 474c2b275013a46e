"""The account of one inference, layer by layer: cycles, what they went to, and bytes moved."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from npusim.chain import ComputeChain, VectorMove, WeightMove
from npusim.engine.timing import CAUSES, Timing
from npusim.isa import Space
from npusim.program import NodeRow, Program

OUTPUT = "(output)"
"""The row behind the last layer: the last results leave the pipeline and the device."""

KINDS = ("compute", "vector", *CAUSES)
"""What a cycle can go to."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer's share of the run.

    cycles = compute + vector + stalls; utilisation = tiles_full * engines_busy * compute / cycles.  tiles_full: useful
    multiply-accumulates over those of its tile-multiplies; engines_busy: part of the engines that multiply a tile while
    the layer computes (both 0 without products).  Bytes of DRAM: of its weights, and of its spilled maps and constants.
    """

    name: str
    op: str
    nodes: tuple[str, ...]
    shape: tuple[int, ...]
    cycles: int
    compute: int
    vector: int
    stalls: dict[str, int]
    macs: int
    tile_multiplies: int
    weight_tiles: int
    plain_tile_multiplies: int
    plain_weight_tiles: int
    utilisation: float
    tiles_full: float
    engines_busy: float
    weight_bytes: int
    map_bytes: int
    bound_by: str

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        return dataclasses.asdict(self)


def layer_rows(program: Program, timing: Timing) -> tuple[LayerRow, ...]:
    """Give every cycle to a layer: its chains' occupancy and the waits before them; the rest is the output's.

    Moves that belong to no layer (constants) are nobody's.
    """
    found: dict[int, dict[str, int]] = {}
    moved: dict[int, list[int]] = {}  # bytes of weights, of maps and constants
    config, end = program.config, 0
    for span in timing.spans:
        match span.chain:
            case WeightMove() as move:
                moved.setdefault(move.node, [0, 0])[0] += move.tiles * config.tile_bytes
            case VectorMove() as move if Space.DRAM in (move.source.space, *(to.space for to in move.targets)):
                moved.setdefault(move.node, [0, 0])[1] += move.positions * config.vector_bytes
            case ComputeChain() as chain:
                account = found.setdefault(chain.node, dict.fromkeys(KINDS, 0))
                account["compute" if chain.matmul is not None else "vector"] += span.busy - span.start
                if span.stall:
                    account[span.cause] += span.stall
                end = max(end, span.busy)
    nodes = program.nodes
    rows = [
        _row(program, nodes[n] if n < len(nodes) else _unknown(n), account, *moved.get(n, (0, 0)))
        for n, account in found.items()
    ]
    tail = dict.fromkeys(KINDS, 0) | {"drain": timing.cycles - end}
    return (*rows, _row(program, NodeRow(OUTPUT, "drain", (), (), 0, 0, 0, 0, 0), tail))


def _unknown(number: int) -> NodeRow:
    """A program from the assembler need not have a layer table."""
    return NodeRow(f"(node {number})", "?", (), (), 0, 0, 0, 0, 0)


def _row(
    program: Program, node: NodeRow, account: dict[str, int], weight_bytes: int = 0, map_bytes: int = 0
) -> LayerRow:
    config, cycles = program.config, sum(account.values())
    peak = cycles * config.macs_per_cycle
    tiles = node.tile_multiplies * config.native_dim**2
    engines = account["compute"] * config.engines
    return LayerRow(
        name=node.layer,
        op=node.op,
        nodes=node.nodes,
        shape=node.shape,
        cycles=cycles,
        compute=account["compute"],
        vector=account["vector"],
        stalls={cause: account[cause] for cause in CAUSES if account[cause]},
        macs=node.macs,
        tile_multiplies=node.tile_multiplies,
        weight_tiles=node.weight_tiles,
        plain_tile_multiplies=node.plain_tile_multiplies,
        plain_weight_tiles=node.plain_weight_tiles,
        utilisation=node.macs / peak if peak else 0.0,
        tiles_full=node.macs / tiles if tiles else 0.0,
        engines_busy=node.tile_multiplies * config.tile_cycles / engines if engines else 0.0,
        weight_bytes=weight_bytes,
        map_bytes=map_bytes,
        bound_by=max(KINDS, key=lambda kind: account[kind]),
    )
