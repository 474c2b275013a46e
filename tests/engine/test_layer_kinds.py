"""Every kind of layer in every network of the service: the engine equals the golden model bit for bit.

A layer of each kind is cut out with few pixels and channels, and runs with its maps on chip, and on a machine so small
that they pass through DRAM in stripes.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from layer_kinds import Kind, cut, graph_of, kind_of

import npusim_models
from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.compiler.ir import Graph
from npusim.config import load_config
from npusim.errors import NpuError
from npusim.program import Program
from npusim.report.accuracy import compare_golden
from npusim.runtime import Session

ARRIA10 = load_config("arria10")
SLOW = pytest.mark.slow

NETWORKS = {"resnet50": 4, "densenet121": 4, "ssd_vgg": 4, "resnet152": 6, "vgg16": 6}
"""Rows and columns of the cut layers; VGG-16 has more weights than a quick test should fold."""

striped: dict[tuple[Kind, int], bool] = {}
"""Kinds compared so far, for networks share them, and whether they have been compared in stripes, too."""


def assert_golden(program: Program) -> None:
    rng = np.random.default_rng(1)
    inputs = {info.name: rng.standard_normal(info.shape).astype(np.float32) for info in program.inputs}
    session = Session(program)
    assert compare_golden(program, session.run(inputs), session.run_golden(inputs)) == []


def spilling(graph: Graph) -> Program | None:
    """Return the graph on an arria10 whose InitialVrf does not hold its maps; None if it cannot do without them."""
    vectors = ARRIA10.initial_vrf
    while vectors > 8:
        vectors //= 2
        second = min(ARRIA10.addsub_vrf_1, 4 * vectors)
        try:
            program = to_program(graph, dataclasses.replace(ARRIA10, initial_vrf=vectors, addsub_vrf_1=second))
        except NpuError:
            return None
        if program.metadata["spilled"]:
            return program
    return None


@pytest.mark.parametrize("name", [*list(NETWORKS)[:3], *(pytest.param(n, marks=SLOW) for n in list(NETWORKS)[3:])])
def test_every_kind_of_layer(name: str) -> None:
    graph, extent = graph_of(name), NETWORKS[name]
    kinds = {kind_of(graph, layer): layer for layer in reversed(graph.layers)}
    assert len(kinds) >= 7
    for kind, layer in kinds.items():
        if (kind, extent) in striped:
            continue
        small = cut(graph, layer, extent, np.random.default_rng(0))
        assert_golden(to_program(small, ARRIA10))
        program = spilling(small)
        if program is not None:
            assert_golden(program)
        striped[kind, extent] = program is not None
    assert sum(striped[kind, extent] for kind in kinds) >= 4


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_recurrent_layers(name: str) -> None:
    model = npusim_models.build(name, hidden=140, steps=3)
    assert_golden(to_program(to_graph(load_model(model)), load_config("arria10_rnn")))
