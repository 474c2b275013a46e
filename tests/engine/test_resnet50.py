"""The service's ResNet-50 on the Arria 10 machine: published tile counts, latency, and every layer kind bit for bit."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import npusim_models
from npusim.compiler.back.backend import to_program
from npusim.compiler.back.verify import verify_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.config import load_config
from npusim.engine.timing import simulate_time
from npusim.program import Program
from npusim.runtime import Session


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return npusim_models.build("resnet50")


@pytest.fixture(scope="module")
def program(model: onnx.ModelProto) -> Program:
    return to_program(to_graph(load_model(model)), load_config("arria10"))


def test_tiling_is_the_published_one(program: Program) -> None:
    """1,460 tiles and 293,525 tile-multiplies: the firmware that Microsoft published for this network."""
    convolutions = [n for n in program.nodes if n.op == "Conv"]
    assert len(convolutions) == 53
    assert sum(n.plain_weight_tiles for n in convolutions) == 1_460
    assert sum(n.plain_tile_multiplies for n in convolutions) == 293_525
    assert sum(n.weight_tiles for n in convolutions) == 1_460
    assert sum(n.tile_multiplies for n in convolutions) == 293_525
    assert sum(n.macs for n in convolutions) == 3_462_475_776


def test_latency_is_near_the_bound(program: Program) -> None:
    """At most 1.25 times the larger of tile-multiply time and DRAM time, below the published 1.8 ms, nothing fitted."""
    c = program.config
    timing = simulate_time(verify_program(program), c)
    multiplies = sum(n.tile_multiplies for n in program.nodes) * c.tile_cycles / c.engines
    dram = timing.dram_read / (c.dram_gbps * 1000 / c.clock_mhz)
    assert timing.cycles <= 1.25 * max(multiplies, dram)
    assert timing.cycles / c.clock_mhz / 1000 < 1.8
    assert sum(timing.account.values()) == timing.cycles
    assert not program.metadata["spilled"]


@pytest.mark.parametrize("size", [32, pytest.param(48, marks=pytest.mark.slow)])
def test_every_layer_kind_is_bit_exact(model: onnx.ModelProto, size: int) -> None:
    """The whole network on a small image, at full width: stem, pooling, all strides, residuals, classifier."""
    small = onnx.ModelProto()
    small.CopyFrom(model)
    for axis in (2, 3):
        small.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = size
    for output in small.graph.output:
        output.type.tensor_type.ClearField("shape")
    del small.graph.value_info[:]
    session = Session(to_program(to_graph(load_model(small)), load_config("arria10")))
    image = npusim_models.synthetic_image(3, size)
    inputs = {session.program.inputs[0].name: image}
    fast, golden = session.run(inputs), session.run_golden(inputs)
    for name, value in golden.outputs.items():
        np.testing.assert_array_equal(fast.outputs[name], value)
    assert fast.overflow == golden.overflow
