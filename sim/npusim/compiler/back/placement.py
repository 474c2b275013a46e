"""What a placement says: addresses of maps, buffers and constants; constants as the vectors that are placed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from npusim.compiler.back.geometry import Geometry, Stripe, operands
from npusim.compiler.back.layout import Layout
from npusim.compiler.ir import ConstOperand, Graph, Layer, MapOperand, Operand, Recurrent
from npusim.isa import Space
from npusim.numerics import round_f16
from npusim.segments import lanes_of, vectors_of

F32 = npt.NDArray[np.float32]

SLOT_SPACE = {
    "pre.mul": Space.MULTIPLY_VRF_0,
    "pre.addsub": Space.ADDSUB_VRF_0,
    "post.mul": Space.MULTIPLY_VRF_1,
    "post.addsub": Space.ADDSUB_VRF_1,
    "init.h": Space.ADDSUB_VRF_0,  # of a recurrent layer: the initial state is added to zeros
    "init.c": Space.ADDSUB_VRF_0,
    "input": Space.ADDSUB_VRF_0,  # the bias of its inputs' products, gate after gate
}
LOOKAHEAD = 2
"""Steps before its use at which a constant is loaded, where not all of them fit at once."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Constant operand vectors of one layer: float32[n, N] holding float16 values."""

    step: int
    slot: str
    vectors: F32
    stepping: bool  # one vector a position instead of one an output vector


@dataclass(frozen=True, slots=True)
class Buffer:
    """Room for what a layer keeps on chip of a spilled map: `count` areas of `size` vectors from `address` on.

    whole: one area holds all rows; otherwise stripe s has its rows in area s mod count.
    """

    space: Space
    address: int
    size: int
    count: int
    whole: bool

    def area(self, stripe: int) -> int:
        """First address for a stripe."""
        return self.address + stripe % self.count * self.size


@dataclass(slots=True)
class Placement:
    """The result: addresses in native vectors."""

    layout: Layout
    geometry: dict[int, Geometry]
    stripes: dict[int, tuple[Stripe, ...]]
    resident: dict[tuple[str, Space], int] = field(default_factory=dict)
    spilled: set[str] = field(default_factory=set)
    buffers: dict[tuple[int, str, Space], Buffer] = field(default_factory=dict)
    constants: dict[tuple[int, str], tuple[Constant, int]] = field(default_factory=dict)
    areas: dict[tuple[int, str, Space], int] = field(default_factory=dict)  # of recurrent layers, see `cells`
    leads: dict[int, int] = field(default_factory=dict)  # vectors in front of each of its areas: `recurrent_rows`
    streams: dict[str, int] = field(default_factory=dict)  # map that passes the network queues -> its recurrent layer
    preloaded: set[Space] = field(default_factory=set)
    images: dict[str, int] = field(default_factory=dict)  # map read through the Expander -> its only layer
    spaces: dict[str, set[Space]] = field(default_factory=dict)  # root -> memories in which it is wanted
    targets: dict[tuple[int, str], set[Space]] = field(default_factory=dict)  # step, map that it writes -> where to
    turns: list[tuple[int, int]] = field(default_factory=list)  # step -> first and last that take turns with it
    strips: dict[str, Buffer] = field(default_factory=dict)  # root of which only one stripe exists at a time
    shares: dict[int, tuple[int, int]] = field(default_factory=dict)  # see `shares_of`
    used: dict[Space, int] = field(default_factory=dict)  # vectors alive at the same time, at the most


def constants_of(graph: Graph, layout: Layout, native_dim: int, leads: dict[int, int]) -> list[Constant]:
    """Collect the constant operands of all layers as native vectors of float16 values.

    leads: by recurrent layer, zeros in front of each of its constants.
    """
    found = []
    for index, layer in enumerate(graph.steps):
        if not isinstance(layer, Layer | Recurrent):
            continue
        for slot, operand in operands(layer) if isinstance(layer, Layer) else _state_constants(layer):
            if not isinstance(operand, ConstOperand):
                continue
            values = round_f16(np.ascontiguousarray(operand.values, np.float32))[0]
            if operand.per_position:
                vectors = np.repeat(values.reshape(-1, 1), native_dim, axis=1)
            else:
                segments, lane = layout.map(layer.out).segments, layout.slice(layer.out).lane
                segments *= len(values) // sum(segments)
                lead = leads.get(index, 0)
                vectors = np.zeros((lead + vectors_of(segments, native_dim, lane), native_dim), np.float32)
                vectors[lead:].reshape(-1)[lanes_of(segments, native_dim, lane)] = values
            found.append(Constant(index, slot, np.ascontiguousarray(vectors), operand.per_position))
    return found


def source_space(step: Recurrent) -> Space:
    """Return the memory from which a recurrent layer reads its sequence."""
    return Space.ADDSUB_VRF_0 if step.inputs is None else Space.INITIAL_VRF


def state_maps(step: Recurrent) -> list[str]:
    """Return the maps that hold initial states."""
    return [operand.map for operand in (step.h0, step.c0) if isinstance(operand, MapOperand)]


def _state_constants(step: Recurrent) -> list[tuple[str, Operand]]:
    """Return the constants of a recurrent layer: the bias, and initial states that are known."""
    found = {"init.h": step.h0, "init.c": step.c0}
    for slot, bias in (("pre.addsub", step.bias), ("input", step.input_bias)):
        found[slot] = None if bias is None else ConstOperand(bias)
    return [(slot, operand) for slot, operand in found.items() if isinstance(operand, ConstOperand)]


def shares_of(graph: Graph, layout: Layout) -> dict[int, tuple[int, int]]:
    """Return for each layer the vectors a pixel that layers of its name make before it, and those of all of them."""
    total: dict[str, int] = {}
    before: dict[int, tuple[int, str]] = {}
    for index, step in enumerate(graph.steps):
        if isinstance(step, Layer):
            before[index] = (total.get(step.name, 0), step.name)
            total[step.name] = before[index][0] + layout.slice(step.out).vectors
    return {index: (first, total[name]) for index, (first, name) in before.items()}


def first_use(turns: list[tuple[int, int]], step: int) -> int:
    """Return the step before which a constant of another one is loaded, where not all of them fit at once."""
    return turns[max(0, turns[step][0] - LOOKAHEAD)][0]
