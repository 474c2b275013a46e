"""The comparison with float32: its measure, its bound, its verdict."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import onnx
import pytest
from cli_tools import model, residual
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import helper

import npusim_models
from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.config import load_config
from npusim.report.accuracy import Check, block_noise, compare, expected_sqnr, sqnr_db
from npusim.report.emulate import emulate, quantise
from npusim.report.reference import Reference
from npusim.runtime import Session
from npusim.tensors import seeded_inputs


def check(made: Any, machine: str = "tiny", seed: int = 0) -> Check:
    """Compile, run and compare a model on seeded noise."""
    program = to_program(to_graph(load_model(made)), load_config(machine))
    inputs = seeded_inputs(program.inputs, seed)
    return compare(program, made, inputs, Session(program).run(inputs, capture=True), None)


def test_sqnr_by_hand() -> None:
    x = np.array([3.0, 4.0])
    assert sqnr_db(x, x) == math.inf
    assert sqnr_db(x, x + np.array([0.0, 0.5])) == pytest.approx(20.0)
    assert sqnr_db(np.zeros(2), x) == -math.inf


@pytest.mark.parametrize("mantissa", [2, 5, 7])
@pytest.mark.parametrize("block", [8, 128, 400])
def test_the_theory_is_near_a_trial(mantissa: int, block: int) -> None:
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((4000, block)) * np.exp2(rng.uniform(0, 4, (4000, 1)))).astype(np.float32)
    y = quantise(x, mantissa, 1, block)
    noise = np.mean(np.sum((y - x) ** 2, axis=1) / np.sum(x**2, axis=1))
    assert abs(10 * math.log10(block_noise(mantissa, block) / noise)) < 1.5


@given(hnp.arrays(np.float32, (3, 20), elements=st.floats(-1000, 1000, width=32)))
def test_quantised_values_lie_on_the_block_grid(x: np.ndarray) -> None:
    y = quantise(x, 5, 1, 8)
    for row in range(3):
        for first in range(0, 20, 8):
            block, back = (a[row, first : first + 8].astype(np.float64) for a in (x, y))
            largest = float(np.abs(block).max())
            if largest:
                step = 2.0 ** (math.frexp(largest)[1] - 1 - 4)
                assert np.abs(back - block).max() <= step * (0.5 if largest < 31.5 * step else 1)
                assert np.array_equal(back, np.rint(back / step) * step)


@pytest.mark.parametrize("opset", [9, 13, 18])
def test_the_emulation_quantises_as_numpy_does(opset: int) -> None:
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((20, 5)).astype(np.float32)
    made = model(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")], {"x": (1, 20)}, ["y"], {"w": weights}, opset
    )
    config = load_config("tiny")
    x = rng.standard_normal((1, 20)).astype(np.float32)
    found = emulate(made, {"fc"}, config, {"x": x}, {"y"})
    assert found is not None
    want = quantise(x, 5, 1, 8) @ quantise(weights, 5, 0, 8)
    assert np.allclose(found["y"], want, rtol=1e-5, atol=1e-5)
    assert emulate(made, set(), config, {"x": x}, {"y"}) is None


@pytest.mark.parametrize("machine", ["tiny", "tiny_private", "arria10"])
def test_the_machine_is_as_good_as_its_quantisation(machine: str) -> None:
    found = check(residual(), machine)
    assert not found.failures()
    assert len(found.layers) == 4
    for row in found.layers:
        assert row.sqnr_db is not None
        assert row.bfp_db is not None
        assert row.sqnr_db > row.bfp_db - 6


def test_fewer_mantissa_bits_give_less() -> None:
    made = residual()
    program = to_program(to_graph(load_model(made)), load_config("tiny"))
    coarse = dataclasses.replace(program.config, name="coarse", weight_mantissa=2, act_mantissa=2)
    fine = check(made)
    program = to_program(to_graph(load_model(made)), coarse)
    inputs = seeded_inputs(program.inputs, 0)
    rough = compare(program, made, inputs, Session(program).run(inputs, capture=True), None)
    assert fine.sent[0].sqnr_db is not None
    assert rough.sent[0].sqnr_db is not None
    assert fine.sent[0].sqnr_db - rough.sent[0].sqnr_db > 6
    assert expected_sqnr(coarse, 1) < expected_sqnr(load_config("tiny"), 1) - 15


def test_a_wrong_result_fails() -> None:
    made = residual()
    program = to_program(to_graph(load_model(made)), load_config("tiny"))
    inputs = seeded_inputs(program.inputs, 0)
    result = Session(program).run(inputs, capture=True)
    result.sent = {name: -array for name, array in result.sent.items()}
    found = compare(program, made, inputs, result, None)
    assert len(found.failures()) == 1
    assert not found.to_json()["passed"]


def test_values_beyond_float16_are_named() -> None:
    weights = np.full((8, 8, 1, 1), 300, np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="one"),
        helper.make_node("Conv", ["a", "w"], ["b"], name="two"),
    ]
    found = check(model(nodes, {"x": (1, 8, 3, 3)}, ["b"], {"w": weights}))
    assert found.beyond is not None
    assert found.beyond[0] == "b"
    assert "in float32 b reaches" in found.failures()[0]


def test_several_outputs_and_inputs_by_name(npusim: Any, tmp_path: Any) -> None:
    nodes = [
        helper.make_node("Add", ["x=1", "y"], ["s"], name="sum"),
        helper.make_node("Relu", ["s"], ["r"], name="relu"),
        helper.make_node("Mul", ["x=1", "y"], ["p"], name="product"),
    ]
    made = model(nodes, {"x=1": (1, 4, 2, 2), "y": (1, 4, 2, 2)}, ["r", "p"])
    onnx.save(made, tmp_path / "m.onnx")
    x, y = (np.random.default_rng(n).standard_normal((1, 4, 2, 2)).astype(np.float32) for n in (1, 2))
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "y.npz", y=y)
    said = npusim(
        "run", tmp_path / "m.onnx", "-c", "tiny", "--check", "--golden",
        "--input", f"x=1={tmp_path / 'x.npy'}", "--input", tmp_path / "y.npz", "--output", tmp_path / "o.npz",
    )  # fmt: skip
    assert said.status == 0, said.err
    with np.load(tmp_path / "o.npz") as outputs:
        assert np.allclose(outputs["r"], np.maximum(x + y, 0), rtol=2e-3, atol=2e-3)
        assert np.allclose(outputs["p"], x * y, rtol=2e-3, atol=2e-3)


def test_seeded_inputs_repeat() -> None:
    program = to_program(to_graph(load_model(npusim_models.build("tiny_resnet_16"))), load_config("arria10"))
    one, two, other = (seeded_inputs(program.inputs, seed, True)["image"] for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    assert np.abs(one).max() > 20  # a picture, not noise


def test_the_reference_names_what_is_wrong() -> None:
    from npusim.errors import ModelError

    made = model([helper.make_node("Relu", ["x"], ["y"])], {"x": (1, 2)}, ["y"])
    with pytest.raises(ModelError, match="ONNX Runtime cannot run the model"):
        Reference(made).run({"z": np.zeros((1, 2), np.float32)})
