"""Joined maps: parts that share native vectors, parts that cannot, and maps of which only a stripe exists.

Weights and inputs are small whole numbers, so that seven mantissa bits hold every value: the machine then gives ONNX
Runtime's very bits, whatever lies beside a channel in its vector.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import onnx
import pytest
from interp import reference
from onnx_graphs import Build

from npusim.compiler.back.backend import to_program
from npusim.compiler.back.pack import pack
from npusim.compiler.back.separate import separate
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.ir import Graph
from npusim.config import NpuConfig, load_config
from npusim.program import Program
from npusim.runtime import Session

ROOM = {"mrf_tiles": 64, "initial_vrf": 4096, "addsub_vrf_1": 4096, "imem_words": 1 << 16}
EXACT = dataclasses.replace(load_config("tiny"), weight_mantissa=7, act_mantissa=7, **ROOM)
N = EXACT.native_dim


class Whole(Build):
    """A graph whose weights are -1, 0 and 1, most of them 0."""

    def conv(self, x: str, out: int, width: int, kernel: int = 1, act: str = "") -> str:
        """Append a convolution with bias, and an activation."""
        few = self.rng.random((out, width, 1, 1)) < min(0.3, 2 / width)
        weights = self.rng.integers(-1, 2, (out, width, kernel, kernel)) * few
        bias = self.const(self.rng.integers(-1, 2, out).astype(np.float32))
        y = self("Conv", x, self.const(weights.astype(np.float32)), bias, pads=[kernel // 2] * 4)
        return self(act, y) if act else y

    def norm(self, x: str, channels: int, **attrs: object) -> str:
        """Append a batch normalisation that adds a whole number."""
        one, zero = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        shift = self.rng.integers(-1, 2, channels).astype(np.float32)
        return self("BatchNormalization", x, *map(self.const, (one, shift, zero, one)), epsilon=0.0, **attrs)


def check(model: onnx.ModelProto, config: NpuConfig = EXACT) -> tuple[Program, Graph]:
    """Run a model: engine, golden model and ONNX Runtime agree in every bit.  Returns its program and packed graph."""
    graph = to_graph(model, npu_only=True)
    program = to_program(graph, config)
    rng = np.random.default_rng(5)
    feeds = {i.name: rng.integers(-1, 2, i.shape).astype(np.float32) for i in program.inputs}
    session = Session(program)
    found, exact, wanted = session.run(feeds).outputs, session.run_golden(feeds).outputs, reference(model, feeds)
    for name, value in found.items():
        np.testing.assert_array_equal(value, exact[name])
        np.testing.assert_array_equal(value, wanted[name])
        assert np.abs(value).max() > 0
    return program, separate(pack(graph, config))


def joined(widths: tuple[int, ...], kernel: int, act: str = "") -> onnx.ModelProto:
    """Convolutions of one map, joined, and a convolution of all of them."""
    b = Whole(seed=sum(widths))
    stem = b.conv(b.input(1, 3, 5, 5), 5, 3)
    parts = [b.conv(stem, width, 5, kernel, act) for width in widths]
    return b.model(b.conv(b("Concat", *parts, axis=1), 6, sum(widths)))


def segments(graph: Graph) -> tuple[int, ...]:
    """Channels of the segments of the map that the last layer reads."""
    return graph.maps[graph.layers[-1].source].segments


@pytest.mark.parametrize(
    ("widths", "packed"),
    [(((first, N - first)), (N,)) for first in range(1, N)]
    + [
        ((3, 2, 1, 2), (8,)),
        ((2, 2, 2, 2, 2, 2), (8, 4)),
        ((N, 3, 4), (8, 7)),  # a whole vector, then a new one
        ((11, 4), (15,)),  # behind the end of the first part's second vector
        ((5, 4), (5, 4)),  # would straddle two vectors
        ((5, 4, 3, 2), (5, 7, 2)),
        ((3, 12), (3, 12)),
    ],
)
@pytest.mark.parametrize("kernel", [1, 3])
def test_parts_share_vectors(widths: tuple[int, ...], packed: tuple[int, ...], kernel: int) -> None:
    _, graph = check(joined(widths, kernel))
    assert segments(graph) == packed


@pytest.mark.parametrize(("act", "packed"), [("Relu", (7,)), ("Identity", (7,)), ("Sigmoid", (3, 4))])
def test_an_activation_that_makes_something_of_zero_keeps_its_lanes(act: str, packed: tuple[int, ...]) -> None:
    graph = separate(pack(to_graph(joined((3, 4), 1, act)), EXACT))
    assert segments(graph) == packed


def test_later_parts_add_to_the_first_to_be_computed() -> None:
    """The part at lane 0 comes last here, and adds itself to what is there."""
    b = Whole(seed=1)
    x = b.input(1, 3, 4, 4)
    second = b.conv(x, 4, 3)
    first = b.conv(second, 3, 4)
    _, graph = check(b.model(b.conv(b("Concat", first, second, axis=1), 5, 7)))
    assert segments(graph) == (7,)
    assert [layer.post.addsub is not None for layer in graph.layers] == [False, True, False]


def test_a_pooling_comes_first_or_begins_a_vector() -> None:
    """Without a matrix nothing comes to other lanes."""
    for order, packed in (((0, 1), (8,)), ((1, 0), (3, 5))):
        b = Whole(seed=2)
        stem = b.conv(b.input(1, 3, 6, 6), 5, 3, act="Relu")
        pool = b("MaxPool", stem, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
        parts = [pool, b.conv(stem, 3, 5, 3)]
        _, graph = check(b.model(b.conv(b("Concat", *(parts[i] for i in order), axis=1), 4, 8)))
        assert segments(graph) == packed


def test_a_part_that_is_used_by_itself_has_its_vector_for_itself() -> None:
    """Its lanes are where a pooling, a sum and the host expect them, and its blocks have exponents of their own."""

    def model(use: str) -> onnx.ModelProto:
        b = Whole(seed=3)
        x = b.input(1, 3, 4, 4)
        a, c = b.conv(x, 2, 3), b.conv(x, 3, 3)
        whole = b.conv(b("Concat", a, c, axis=1), 3, 5)
        if use == "sum":
            return b.model(b("Add", whole, c))
        if use == "output":
            return b.model(whole, c)
        if use == "conv":
            return b.model(whole, b.conv(c, 4, 3))
        return b.model(whole, b("MaxPool", c, kernel_shape=[2, 2])) if use == "pool" else b.model(whole)

    for use, packed in (("", (5,)), ("conv", (2, 3)), ("pool", (2, 3)), ("sum", (2, 3)), ("output", (2, 3))):
        _, graph = check(model(use))
        owner = next(owner for owner, _ in graph.aliases.values())
        assert graph.maps[owner].segments == packed, use


@pytest.mark.parametrize(("kernel", "packed"), [(1, (5,)), (3, (3, 2))])
def test_a_part_made_of_the_part_beside_it(kernel: int, packed: tuple[int, ...]) -> None:
    """Pixel by pixel it is read before it is written; a wider window would find results of its own chain."""
    b = Whole(seed=9)
    first = b.conv(b.input(1, 3, 5, 5), 3, 3)
    whole = b("Concat", first, b.conv(first, 2, 3, kernel), axis=1)
    _, graph = check(b.model(b.conv(whole, 4, 5)))
    assert segments(graph) == packed


def test_a_joined_map_leaves_the_npu() -> None:
    b = Whole(seed=4)
    x = b.input(1, 3, 4, 5)
    parts = [b.conv(x, width, 3) for width in (3, 2, 9, 4)]
    program, _ = check(b.model(b("Concat", *parts, axis=1)))
    assert program.io[-1].segments == (5, 13)


@pytest.mark.parametrize(("first", "packed"), [(True, (3, 2)), (False, (2, 3))])
def test_a_sum_brings_along_what_its_operand_has_in_other_lanes(first: bool, packed: tuple[int, ...]) -> None:
    """A sigmoid of zero is a half, in lanes that belong to the other part; and a sum stays in its operand's lanes."""
    b = Whole(seed=8)
    x = b.input(1, 3, 4, 4)
    side = b("Sigmoid", b.conv(x, 3, 3))
    total = b("Add", b.conv(x, 3, 3), side)
    other = b.conv(total, 2, 3)
    parts = [total, other] if first else [other, total]
    graph = pack(to_graph(b.model(b.conv(b("Concat", *parts, axis=1), 4, 5)), npu_only=True), EXACT)
    assert segments(graph) == packed


def test_an_operand_of_the_wrong_form_is_not_packed_away() -> None:
    """A joined map is added to another one lane by lane: both lie alike."""
    b = Whole(seed=5)
    x = b.input(1, 3, 4, 4)
    sums = [b("Concat", b.conv(x, 3, 3), b.conv(x, 2, 3), axis=1) for _ in range(2)]
    _, graph = check(b.model(b.conv(b("Add", *sums), 4, 5)))
    assert segments(graph) == (5,)


def test_a_part_written_after_its_last_use_as_operand() -> None:
    """Its copy for the addition is not written any more, where something else may lie by then."""
    b = Whole(seed=6)
    x = b.input(1, 3, 4, 4)
    first = b.conv(x, N, 3)
    total = b("Add", b.conv(first, N, N), first)
    second = b.conv(total, N, N)
    more = b("Add", b.conv(second, N, N), total)
    whole = b.conv(b("Concat", first, b.conv(more, N, N), axis=1), 4, 2 * N)
    check(b.model(whole), dataclasses.replace(EXACT, addsub_vrf_1=2 * 16))


def test_without_room_for_the_copies_parts_keep_vectors_of_their_own() -> None:
    small = dataclasses.replace(EXACT, addsub_vrf_1=24)
    _, graph = check(joined((3, 2, 1, 2), 1), small)
    assert segments(graph) == (3, 2, 1, 2)
    _, graph = check(joined((3, 2, 1, 2), 1), dataclasses.replace(EXACT, addsub_vrf_1=25))
    assert segments(graph) == (8,)


# ---- dense blocks


def dense(layers: int, growth: int, size: int, stem: int = 6, transition: bool = False) -> onnx.ModelProto:
    """A dense block with pre-activation: normalise, 1 x 1, normalise, 3 x 3, join; then a convolution of all."""
    act = "Relu"
    b = Whole(seed=7)
    x = b("MaxPool", b.conv(b.input(1, 3, size, size), stem, 3, 3, "Relu"), kernel_shape=[2, 2], strides=[2, 2])
    width = stem
    for _ in range(layers):
        y = b.conv(b(act, b.norm(x, width)), N, width)
        y = b.conv(b(act, b.norm(y, N)), growth, N, 3)
        x, width = b("Concat", x, y, axis=1), width + growth
    x = b.conv(b(act, b.norm(x, width)), 4, width)
    return b.model(b("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]) if transition else x)


def test_a_dense_block_is_packed_and_its_segments_have_storage_of_their_own() -> None:
    program, graph = check(dense(4, 2, 8))
    owners = {owner for owner, _ in graph.aliases.values() if owner.startswith("concat")}
    assert sorted(graph.maps[owner].segments for owner in owners) == [(6,), (8,)]
    norms = [row for row in program.nodes if row.op == "BatchNormalization"]
    assert [row.shape[0] for row in norms] == [6, 8, 10, 12, 14]  # one row for each, however many segments
    assert program.metadata["spilled"] == []


@pytest.mark.parametrize(("vectors", "spills"), [(4096, False), (320, False), (284, False), (200, True)])
def test_normalised_maps_pass_in_stripes_before_anything_spills(vectors: int, spills: bool) -> None:
    program, _ = check(dense(4, 4, 16), dataclasses.replace(EXACT, initial_vrf=vectors))
    assert bool(program.metadata["spilled"]) == spills


@pytest.mark.parametrize("config", ["tiny", "tiny_private"])
@pytest.mark.parametrize("growth", [2, 3, 5, 12])
def test_dense_blocks_of_any_growth(growth: int, config: str) -> None:
    machine = dataclasses.replace(load_config(config), weight_mantissa=7, act_mantissa=7, **ROOM)
    check(dense(3, growth, 8), machine)


def test_a_transition_averages_before_it_multiplies() -> None:
    """The layer that normalises averages as well, and the convolution has a quarter of the pixels."""
    program, graph = check(dense(2, 2, 8, transition=True))
    rows = [row for row in program.nodes if row.nodes]
    assert [(row.op, row.shape) for row in rows[-2:]] == [("BatchNormalization", (10, 2, 2)), ("Conv", (4, 2, 2))]
    assert graph.layers[-2].reduce is not None
    assert rows[-1].macs == 4 * 4 * 10


def test_lanes_of_every_layer_are_found_again() -> None:
    """What a run collects of every layer is what ONNX Runtime has there."""
    model = dense(3, 3, 8)
    program = to_program(to_graph(model, npu_only=True), EXACT)
    rng = np.random.default_rng(5)
    feeds = {i.name: rng.integers(-1, 2, i.shape).astype(np.float32) for i in program.inputs}
    layers = Session(program).run(feeds, capture=True).layers
    assert layers
    tensors = program.metadata["tensors"]
    names = {node: tensors[str(node)][0] for node in layers if str(node) in tensors}
    for name in names.values():
        if name not in [o.name for o in model.graph.output] and any(name in n.output for n in model.graph.node):
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    wanted = reference(model, feeds)
    seen = 0
    for node, name in names.items():
        if name in wanted:
            np.testing.assert_array_equal(layers[node], wanted[name][0])
            seen += 1
    assert seen > 5
