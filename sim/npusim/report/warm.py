"""Warm runs: the time of an inference whose weights are in MatrixRf when it starts, as pinned by the run before.

A program is not changed for it.  A weight move is *pinned* if no move before it has written one of its slots: its tiles
can lie there from the start, so it takes no time and gives its tokens at once.  Where every move is pinned, each slot
is written once, MatrixRf holds the same tiles behind the run as before it, and one warm run can follow another.  A
program that writes a slot twice has no such state; its other moves keep their time, and whoever shows the figure has to
say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from npusim.chain import Decoded, WeightMove
from npusim.config import NpuConfig
from npusim.errors import InputError
from npusim.program import Program


@dataclass(frozen=True, slots=True)
class Pinned:
    """Weight moves that a warm run need not do.  tiles: that the program moves in all; loaded: of these in the run."""

    moves: frozenset[int]
    tiles: int
    loaded: int


def pinned_moves(decoded: Decoded, config: NpuConfig) -> Pinned:
    """Return the moves of a program that are pinned in a warm run."""
    ways = 1 if config.shared_weights else config.engines
    written: set[int] = set()
    moves, tiles, loaded = [], 0, 0
    for chain in decoded.chains:
        if not isinstance(chain, WeightMove):
            continue
        slots = {(chain.tile + n) % config.mrf_slots for n in range(-(-chain.tiles // ways))}
        if slots & written:
            loaded += chain.tiles
        else:
            moves.append(chain.index)
        written |= slots
        tiles += chain.tiles
    return Pinned(frozenset(moves), tiles, loaded)


def resident_moves(program: Program, decoded: Decoded) -> frozenset[int]:
    """Return every weight move of a program whose weights stay in MatrixRf; refuse another one with `InputError`."""
    found = pinned_moves(decoded, program.config)
    if found.loaded:
        raise InputError(
            f"{program.model}: has no warm run on {program.config.name}: of {found.tiles:,} tiles of weights, "
            f"{found.loaded:,} go to places of MatrixRf ({program.config.mrf_tiles:,} tiles) that others had before"
        )
    return found.moves
