"""LSTM and GRU of any size: shapes, one seed, health, and what is refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx_tools import attributes, nodes, run, shapes

import npusim_models
from npusim_models import OptionError


@pytest.mark.parametrize("name", ["lstm", "gru"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_any_size(name: str, direction: str) -> None:
    sizes = {"hidden": 12, "steps": 5, "inputs": 7, "layers": 3, "direction": direction}
    model = npusim_models.build(name, **sizes)
    onnx.checker.check_model(model, full_check=True)
    ways = 2 if direction == "bidirectional" else 1
    found = shapes(model)
    assert found["sequence"] == (5, 1, 7)
    assert (found["states"], found["last_state"]) == ((5, ways, 1, 12), (ways, 1, 12))
    layers = nodes(model, name.upper())
    assert [found[node.input[1]] for node in layers] == [(ways, (4 if name == "lstm" else 3) * 12, depth)
                                                         for depth in (7, ways * 12, ways * 12)]  # fmt: skip
    assert all(attributes(node)["hidden_size"] == 12 for node in layers)
    states, last = run(model, npusim_models.sample_input(name, **sizes))
    assert 0.02 < float(np.sqrt(np.square(states).mean())) < 1
    np.testing.assert_array_equal(last[0], states[0 if direction == "reverse" else -1, 0])


def test_as_many_inputs_as_units_unless_said() -> None:
    assert shapes(npusim_models.build("gru", hidden=9, steps=2))["sequence"] == (2, 1, 9)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_a_seed_gives_one_network(name: str) -> None:
    first, again, other = (npusim_models.build(name, seed=seed, hidden=8, steps=2) for seed in (1, 1, 2))
    assert first.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)
    assert first.graph != other.graph


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("steps", 0, "lstm: steps 0 is not a whole number of 1 or more"),
        ("hidden", -3, "lstm: hidden -3 is not a whole number of 1 or more"),
        ("inputs", -1, "lstm: inputs -1 is not a whole number of 0 or more"),
        ("layers", 1.5, "lstm: layers 1.5 is not a whole number of 1 or more"),
        ("direction", "back", "lstm: direction 'back', expected forward, reverse, bidirectional"),
    ],
)
def test_refusals(option: str, value: object, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        npusim_models.build("lstm", **{option: value})
    assert str(caught.value) == message
