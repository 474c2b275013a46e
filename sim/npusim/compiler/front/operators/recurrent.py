"""Operators that carry a state from step to step: LSTM and GRU.

The product with the inputs is a layer of its own over the whole sequence; what depends on the state is a `Recurrent`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from npusim.compiler.front import views
from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import Node
from npusim.compiler.front.operators.common import text
from npusim.compiler.front.views import Refuse
from npusim.compiler.ir import F32, ConstOperand, FeatureMap, MapOperand, Mfu, Operand, Recurrent, View

ACTIVATIONS = {"LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh")}
DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


@dataclass(frozen=True, slots=True)
class _Sequence:
    """What both operators begin with.  Arrays are [directions, ...]."""

    op: Literal["LSTM", "GRU"]
    view: View  # of the inputs
    length: int
    steps: int
    size: int
    weights: F32  # [directions, gates, H, inputs]
    states: F32  # [directions, gates, H, H]
    biases: F32  # [directions, 2, gates, H]
    directions: tuple[bool, ...]
    batch_first: bool
    clip: float


def LSTM(low: Lowering, node: Node) -> None:
    """Gates i, o, f, c of the standard; no peepholes, the standard's activations."""
    peepholes = node.input(7)
    if peepholes and low.weights(node, 7, "peepholes P").any():
        raise Refuse("it has peepholes")
    coupled = bool(node.attrs.get("input_forget", 0))
    order = [0, 1, 3] if coupled else [2, 0, 1, 3]
    seq = _sequence(low, node, "LSTM", 4)
    h0, c0 = _state(low, node, 5, seq), _state(low, node, 6, seq)
    outs = _outputs(low, node, seq, 3)
    for d in range(len(seq.directions)):
        bias = seq.biases[d].sum(axis=0)
        source = _inputs(low, node, seq, d, seq.weights[d][order], bias[order])
        weights = seq.states[d][order].reshape(-1, seq.size)
        low.steps.append(
            Recurrent(
                source=source, weights=weights, coupled=coupled, h0=h0[d], c0=c0[d], last_c=outs[2][d],
                **_common(node, seq, outs, d),
            )
        )  # fmt: skip


def GRU(low: Lowering, node: Node) -> None:
    """Gates z, r, h of the standard with its activations; the NPU's gate u is 1 - z, the sigmoid of -x."""
    after = bool(node.attrs.get("linear_before_reset", 0))
    seq = _sequence(low, node, "GRU", 3)
    h0 = _state(low, node, 5, seq)
    outs = _outputs(low, node, seq, 2)
    sign = np.array([-1, 1, 1], np.float32)
    for d in range(len(seq.directions)):
        bias = seq.biases[d, 0] + seq.biases[d, 1]
        inner = None
        if after:
            bias[2] = seq.biases[d, 0, 2]
            inner = seq.biases[d, 1, 2] if seq.biases[d, 1, 2].any() else None
        source = _inputs(low, node, seq, d, seq.weights[d] * sign[:, None, None], bias * sign[:, None])
        weights = (seq.states[d] * sign[:, None, None]).reshape(-1, seq.size)
        low.steps.append(
            Recurrent(
                source=source, weights=weights, h0=h0[d], bias=inner, reset_after=after, **_common(node, seq, outs, d)
            )
        )


def _common(node: Node, seq: _Sequence, outs: list[list[str]], d: int) -> dict[str, Any]:
    return {
        "name": _name(node, seq, d),
        "op": seq.op,
        "nodes": (node.name,),
        "out": outs[0][d],
        "last_h": outs[1][d],
        "steps": seq.steps,
        "reverse": seq.directions[d],
        "clip": seq.clip,
    }


def _name(node: Node, seq: _Sequence, d: int) -> str:
    return f"{node.name}.reverse" if len(seq.directions) > 1 and d else node.name


def _sequence(low: Lowering, node: Node, op: Literal["LSTM", "GRU"], gates: int) -> _Sequence:
    """Check what both operators share and return it; raises `Refuse`, or `ModelError` for shapes that do not match."""
    low.needs_sigmoid_tanh()
    direction = text(node.attrs.get("direction", "forward"))
    if direction not in DIRECTIONS:
        raise low.fail(node, f"direction {direction!r}, allowed: {', '.join(DIRECTIONS)}")
    directions = DIRECTIONS[direction]
    given = tuple(text(a).lower() for a in node.attrs.get("activations", ()))
    if given and given != ACTIVATIONS[op] * len(directions):
        raise Refuse(f"its activations are {', '.join(given)}; the NPU has the standard's")
    batch_first = bool(node.attrs.get("layout", 0))
    shape = low.shape(node.inputs[0])
    if len(shape) != 3:
        raise low.fail(node, f"input of shape {list(shape)}, allowed: three axes")
    length, batch, depth = (shape[1], shape[0], shape[2]) if batch_first else shape
    if batch != 1:
        raise Refuse(f"it runs {batch} sequences side by side")
    if length < 1 or depth < 1:
        raise Refuse("its input is empty")
    states = low.weights(node, 2, "weights R")
    size = states.shape[-1]
    weights, count = low.weights(node, 1, "weights W"), len(directions)
    if weights.shape != (count, gates * size, depth) or states.shape != (count, gates * size, size):
        found = f"weights {list(weights.shape)} and {list(states.shape)}"
        raise low.fail(node, f"{found}, allowed: [{count}, {gates}*H, {depth}] and [{count}, {gates}*H, H]")
    if node.attrs.get("hidden_size", size) != size:
        raise low.fail(node, f"hidden_size {node.attrs['hidden_size']}, allowed: that of the weights, {size}")
    biases = np.zeros((count, 2 * gates * size), np.float32)
    if node.input(3):
        biases = low.weights(node, 3, "bias B")
        if biases.shape != (count, 2 * gates * size):
            raise low.fail(node, f"bias of shape {list(biases.shape)}, allowed: [{count}, {2 * gates * size}]")
    clip = float(node.attrs.get("clip", 0.0))
    if clip and not 2.0**-14 <= clip <= 65504:
        raise Refuse(f"it clips at {clip:g}, which is no float16")
    steps = _steps(low, node, length)
    return _Sequence(
        op, _view(low, node.inputs[0], length, depth, batch_first), length, steps, size,
        weights.reshape(count, gates, size, depth), states.reshape(count, gates, size, size),
        biases.reshape(count, 2, gates, size), directions, batch_first, clip,
    )  # fmt: skip


def _steps(low: Lowering, node: Node, length: int) -> int:
    """Return how many steps `sequence_lens` asks for."""
    if not node.input(4):
        return length
    value = low.const(node.input(4))
    if value is None:
        raise Refuse(f"its sequence_lens '{node.input(4)}' is not constant")
    if value.shape != (1,) or not 0 <= int(value[0]) <= length:
        raise low.fail(node, f"sequence_lens {value.tolist()}, allowed: one length of 0..{length}")
    if not value[0]:
        raise Refuse("its sequence has no step")
    return int(value[0])


def _view(low: Lowering, tensor: str, length: int, depth: int, batch_first: bool) -> View:
    """Return the view of a sequence whose pixels are its steps in order, receiving it if need be."""
    if tensor not in low.views and tensor not in low.net.consts:
        if low.net.dtypes.get(tensor, "") not in ("float32", "float16"):
            raise Refuse(f"its input '{tensor}' has dtype {low.net.dtypes.get(tensor, 'unknown')}")
        fmap = FeatureMap(low.free_name(tensor), length, 1, (depth,))
        index = np.arange(length * depth, dtype=np.int64)
        low.receive(tensor, fmap, views.make_view(fmap, index.reshape(_order(length, depth, batch_first))))
    view = low.view(tensor)
    fmap = low.fmap(view)
    pixels = views.rows(view, fmap).reshape(-1)
    if min(fmap.height, fmap.width) != 1 or not np.array_equal(pixels, np.arange(length)):
        raise Refuse("its steps do not lie one after the other")
    return view


def _order(first: int, depth: int, batch_first: bool) -> tuple[int, int, int]:
    """Return the shape of a tensor of that many steps or directions, and a batch of one."""
    return (1, first, depth) if batch_first else (first, 1, depth)


def _state(low: Lowering, node: Node, position: int, seq: _Sequence) -> list[Operand | None]:
    """Return the initial state of each direction: a constant, a map, or None for zeros."""
    count, size, tensor = len(seq.directions), seq.size, node.input(position)
    if not tensor:
        return [None] * count
    shape = _order(count, size, seq.batch_first)
    value = low.const(tensor)
    if (value.shape if value is not None else low.shape(tensor)) != shape:
        raise low.fail(node, f"initial state '{tensor}' of another shape, allowed: {list(shape)}")
    if value is not None:
        rows = low.weights(node, position, "initial state").reshape(count, size)
        return [views.constant(row) if row.any() else None for row in rows]
    if tensor not in low.views:
        fmap = FeatureMap(low.free_name(tensor), 1, 1, (size,) * count)
        if low.net.dtypes.get(tensor, "") not in ("float32", "float16"):
            raise Refuse(f"its initial state '{tensor}' has dtype {low.net.dtypes.get(tensor, 'unknown')}")
        low.receive(tensor, fmap, views.make_view(fmap, np.arange(count * size, dtype=np.int64).reshape(shape)))
    view = low.view(tensor)
    fmap = low.fmap(view)
    if fmap.pixels != 1 or fmap.segments != (size,) * count:
        raise Refuse("its initial state is not laid out as its directions' channels")
    if not np.array_equal(views.index_of(view, fmap).reshape(-1), np.arange(count * size)):
        raise Refuse("its initial state is not laid out as its directions' channels")
    if count == 1:
        return [MapOperand(fmap.name)]
    owner, first = low.aliases.get(fmap.name, (fmap.name, 0))
    parts = [low.new_map(f"{fmap.name}.{d}", 1, 1, (size,)) for d in range(count)]
    low.aliases.update({part.name: (owner, first + d) for d, part in enumerate(parts)})
    return [MapOperand(part.name) for part in parts]


def _inputs(low: Lowering, node: Node, seq: _Sequence, d: int, weights: F32, bias: F32) -> str:
    """Append the product of the inputs of every step, and return its map: a segment for each gate."""
    source = low.fmap(seq.view)
    gates = len(weights)
    name = f"{node.outputs[0] or node.name}.gates{'.reverse' if d else ''}"
    out = low.new_map(name, source.height, source.width, (seq.size,) * gates)
    flat = np.ascontiguousarray(weights.reshape(gates * seq.size, -1))
    pre = Mfu(addsub=("add", ConstOperand(np.ascontiguousarray(bias.reshape(-1))))) if bias.any() else Mfu()
    low.layer(node, source, out, f"{'reverse.' if d else ''}input", weights=flat[:, :, None, None], pre=pre)
    return out.name


def _outputs(low: Lowering, node: Node, seq: _Sequence, count: int) -> list[list[str]]:
    """Make the maps of Y, Y_h and Y_c for each direction, and define the outputs that are there."""
    source, found = low.fmap(seq.view), []
    ways = len(seq.directions)
    for position, part in enumerate(("Y", "Y_h", "Y_c")[:count]):
        tensor = node.outputs[position] if position < len(node.outputs) else ""
        height, width = (source.height, source.width) if part == "Y" else (1, 1)
        whole = low.new_map(tensor or f"{node.name}.{part}", height, width, (seq.size,) * ways)
        names = [whole.name]
        if ways > 1:
            parts = [low.new_map(f"{whole.name}.{d}", height, width, (seq.size,)) for d in range(ways)]
            names = [p.name for p in parts]
            assert all(low.adopt(name, whole.name, d) for d, name in enumerate(names))
        found.append(names)
        if tensor:
            low.define(tensor, views.make_view(whole, _index(part, seq, whole)))
    return found


def _index(part: str, seq: _Sequence, whole: FeatureMap) -> np.ndarray[Any, np.dtype[np.int64]]:
    flat = np.arange(whole.elements, dtype=np.int64)
    if part != "Y":
        return flat.reshape(_order(len(seq.directions), seq.size, seq.batch_first))
    order = flat.reshape(seq.length, len(seq.directions), 1, seq.size)
    return order.transpose(2, 0, 1, 3) if seq.batch_first else order
