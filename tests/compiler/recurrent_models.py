"""Recurrent ONNX models with any attributes, and hypothesis strategies for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

GATES = {"LSTM": 4, "GRU": 3}
WAYS = {"forward": 1, "reverse": 1, "bidirectional": 2}


@dataclass(frozen=True, slots=True)
class Cell:
    """One LSTM or GRU.  states: how the initial states come: absent, constant, or as inputs of the model."""

    op: str = "LSTM"
    steps: int = 4
    inputs: int = 5
    hidden: int = 6
    direction: str = "forward"
    bias: bool = True
    lens: int = 0  # 0: no sequence_lens
    states: str = "absent"
    clip: float = 0.0
    input_forget: int = 0
    after: int = 0
    outputs: tuple[bool, bool, bool] = (True, True, True)
    layout: int = 0
    seed: int = 0

    @property
    def ways(self) -> int:
        return WAYS[self.direction]

    def feeds(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(self.seed + 1)
        shapes = self.shapes()
        wanted = ["X", *(n for n in ("initial_h", "initial_c") if n in shapes and self.states == "input")]
        return {name: rng.normal(size=shapes[name]).astype(np.float32) for name in wanted}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        def order(first: int, *rest: int) -> tuple[int, ...]:
            return (1, first, *rest) if self.layout else (first, 1, *rest)

        found = {"X": order(self.steps, self.inputs), "initial_h": order(self.ways, self.hidden)}
        if self.op == "LSTM":
            found["initial_c"] = found["initial_h"]
        y = (1, self.steps, self.ways, self.hidden) if self.layout else (self.steps, self.ways, 1, self.hidden)
        return found | {"Y": y, "Y_h": found["initial_h"], "Y_c": found["initial_h"]}


def model(cell: Cell) -> onnx.ModelProto:
    """Return a model of one node."""
    rng = np.random.default_rng(cell.seed)
    gates, shapes = GATES[cell.op], cell.shapes()
    values: dict[str, Any] = {
        "W": rng.normal(size=(cell.ways, gates * cell.hidden, cell.inputs)) / np.sqrt(cell.inputs),
        "R": rng.normal(size=(cell.ways, gates * cell.hidden, cell.hidden)) / np.sqrt(cell.hidden),
    }
    names = ["X", "W", "R", "", "", "", ""]
    if cell.bias:
        names[3], values["B"] = "B", rng.normal(size=(cell.ways, 2 * gates * cell.hidden)) / 2
    if cell.lens:
        names[4], values["lens"] = "lens", np.array([cell.lens], np.int32)
    for at, name in ((5, "initial_h"), (6, "initial_c")):
        if name in shapes and cell.states != "absent":
            names[at] = name
            if cell.states == "constant":
                values[name] = rng.normal(size=shapes[name])
    made = ["Y", "Y_h", "Y_c"][: 3 if cell.op == "LSTM" else 2]
    outs = [name if used else "" for name, used in zip(made, cell.outputs, strict=False)]
    attrs: dict[str, Any] = {"hidden_size": cell.hidden, "direction": cell.direction}
    if cell.clip:
        attrs["clip"] = cell.clip
    if cell.layout:
        attrs["layout"] = 1
    attrs |= {"input_forget": cell.input_forget} if cell.op == "LSTM" else {"linear_before_reset": cell.after}
    node = helper.make_node(cell.op, _stripped(names), _stripped(outs), name="cell", **attrs)
    tensors = [
        numpy_helper.from_array(v if v.dtype == np.int32 else v.astype(np.float32), k) for k, v in values.items()
    ]
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shapes[n]) for n in cell.feeds()]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shapes[n]) for n in outs if n]
    graph = helper.make_graph([node], cell.op.lower(), inputs, outputs, tensors)
    made_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    made_model.ir_version = 8
    onnx.checker.check_model(made_model)
    return made_model


def _stripped(names: list[str]) -> list[str]:
    while names and not names[-1]:
        names = names[:-1]
    return names


@st.composite
def cells(draw: Any) -> Cell:
    """Any attributes, small sizes."""
    op = draw(st.sampled_from(["LSTM", "GRU"]))
    steps = draw(st.integers(1, 7))
    outputs = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()).filter(lambda o: any(o[:2])))
    return Cell(
        op, steps, draw(st.integers(1, 20)), draw(st.integers(1, 20)), draw(st.sampled_from(sorted(WAYS))),
        draw(st.booleans()), draw(st.integers(0, steps)), draw(st.sampled_from(["absent", "constant", "input"])),
        draw(st.sampled_from([0.0, 0.0, 0.5])), draw(st.sampled_from([0, 0, 1])), draw(st.integers(0, 1)), outputs,
        seed=draw(st.integers(0, 1000)),
    )  # fmt: skip


def with_layout(cell: Cell) -> Cell:
    """The same cell with the batch as the first axis."""
    return replace(cell, layout=1)
