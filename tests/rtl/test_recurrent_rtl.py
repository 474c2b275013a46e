"""LSTM and GRU on the RTL, words dispatched at intervals: bits and cycles as simulated."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from npusim.chain import ComputeChain, VectorMove
from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.config import NpuConfig, load_config
from npusim.isa import Space
from npusim.rtl.cosim import Outcome, cosimulate, of_program
from npusim.runtime import Session

sys.path.insert(0, str(Path(__file__).parent.parent / "compiler"))
from recurrent_models import Cell, model

pytestmark = pytest.mark.rtl

CELLS = [
    Cell(steps=8, inputs=34, hidden=34),
    Cell("GRU", steps=9, inputs=12, hidden=12, after=1),
    Cell("GRU", steps=5, direction="reverse"),
]


@cache
def machine(name: str) -> NpuConfig:
    """A preset whose words come at intervals; private weights: room for the first cell's, if without gaps."""
    return replace(load_config(name), dispatch_interval=5, mrf_tiles=200)


@cache
def outcome(name: str, cell: Cell) -> Outcome:
    session = Session(to_program(to_graph(model(cell)), machine(name)))
    return cosimulate(of_program(session, cell.feeds()), "verilator")


@pytest.mark.parametrize("name", ["tiny_private", pytest.param("tiny", marks=pytest.mark.slow)])
@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_networks_agree(name: str, cell: Cell) -> None:
    found = outcome(name, cell)
    assert found.lines == []
    assert found.comparison.agrees


def test_products_share_rounds_and_sequences_are_streamed() -> None:
    """What these programs are here for is in them."""
    cell = CELLS[0]
    chains = outcome("tiny_private", cell).expected.decoded.chains
    products = [chain for chain in chains if isinstance(chain, ComputeChain) and chain.matmul is not None]
    ranges = sorted({(p.matmul.tile, p.matmul.tile + p.rounds * p.window) for p in products if p.matmul})
    assert any(first < before for (_, before), (first, _) in pairwise(ranges))
    moves = [chain for chain in chains if isinstance(chain, VectorMove)]
    assert sum(move.source.space is Space.NET_IN_Q for move in moves) == cell.steps
    assert sum(move.targets[0].space is Space.NET_OUT_Q for move in moves) == cell.steps + 2
