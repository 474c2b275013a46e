"""Recurrent networks of any size: stacked LSTM or GRU layers over one sequence."""

from __future__ import annotations

import numpy as np
from onnx import helper

from npusim_models.errors import OptionError
from npusim_models.graph import GraphBuilder, Network, Values

GATES = {"LSTM": 4, "GRU": 3}
DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}


def lstm(hidden: int = 256, steps: int = 25, inputs: int = 0, layers: int = 1, direction: str = "forward") -> Network:
    """Describe `layers` LSTM layers of `hidden` units over `steps` steps of noise; inputs: 0 for as many as hidden."""
    return _stack("LSTM", hidden, steps, inputs, layers, direction)


def gru(hidden: int = 256, steps: int = 25, inputs: int = 0, layers: int = 1, direction: str = "forward") -> Network:
    """Describe the same of GRU layers that reset behind the matrix (linear_before_reset), as cuDNN's do."""
    return _stack("GRU", hidden, steps, inputs, layers, direction)


def _stack(op: str, hidden: int, steps: int, inputs: int, layers: int, direction: str) -> Network:
    name = op.lower()
    for option, got in {"hidden": hidden, "steps": steps, "layers": layers, "inputs": inputs}.items():
        least = int(option != "inputs")
        if not isinstance(got, int) or got < least:
            raise OptionError(f"{name}: {option} {got!r} is not a whole number of {least} or more")
    if direction not in DIRECTIONS:
        raise OptionError(f"{name}: direction {direction!r}, expected {', '.join(DIRECTIONS)}")
    g = GraphBuilder()
    depth, ways = inputs or hidden, DIRECTIONS[direction]
    x = sequence = g.input("sequence", (steps, 1, depth))
    for layer in range(1, layers + 1):
        last = layer == layers
        x = _layer(g, op, x, f"{name}/layer{layer}", (hidden, depth, direction), "states" if last else "")
        if not last:
            x = _joined(g, x, f"{name}/layer{layer}", (steps, ways, hidden))
        depth = ways * hidden

    def sample(rng: np.random.Generator, count: int) -> Values:
        if count != 1:
            raise OptionError(f"{name}: {count} sequences side by side, expected one")
        return {sequence: rng.standard_normal((steps, 1, inputs or hidden), np.float32)}

    outputs = (x, "last_state")
    return Network(
        name=name,
        nodes=tuple(g.nodes),
        params=g.params,
        inputs=g.inputs,
        outputs=outputs,
        sample=sample,
        span=((sequence,), outputs),
    )


def _layer(g: GraphBuilder, op: str, x: str, scope: str, size: tuple[int, int, str], states: str) -> str:
    """Append a layer and return its states; the last one, which has a name for them, gives its last state, too."""
    hidden, depth, direction = size
    ways, rows = DIRECTIONS[direction], GATES[op] * hidden
    parameters = [
        g.parameter(f"{scope}/weights", (ways, rows, depth), "recurrent_weights"),
        g.parameter(f"{scope}/state_weights", (ways, rows, hidden), "recurrent_weights"),
        g.parameter(f"{scope}/biases", (ways, 2 * rows), "biases"),
    ]
    outputs = [states or f"{scope}:0", *(["last_state"] if states else [])]
    attributes = {"linear_before_reset": 1} if op == "GRU" else {}
    node = helper.make_node(
        op, [x, *parameters], outputs, name=scope, hidden_size=hidden, direction=direction, **attributes
    )
    g.nodes.append(node)
    return outputs[0]


def _joined(g: GraphBuilder, x: str, scope: str, shape: tuple[int, int, int]) -> str:
    """Append what makes a sequence of states[steps, directions, 1, hidden] one of inputs[steps, 1, channels]."""
    steps, ways, hidden = shape
    turned, flat, wanted = f"{scope}/turned:0", f"{scope}/flat:0", f"{scope}/shape"
    g.nodes.append(helper.make_node("Transpose", [x], [turned], name=f"{scope}/turned", perm=[0, 2, 1, 3]))
    g.constant(wanted, np.array([steps, 1, ways * hidden], np.int64))
    g.nodes.append(helper.make_node("Reshape", [turned, wanted], [flat], name=f"{scope}/flat"))
    return flat
