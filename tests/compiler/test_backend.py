"""The back end: however a network is placed, cut into stripes or spread over engines, its bits stay the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.config import NpuConfig, load_config
from npusim.errors import PlacementError
from npusim.program import Program
from npusim.runtime import Session

IMAGE = dataclasses.replace(load_config("tiny"), mrf_tiles=64, initial_vrf=4096, addsub_vrf_1=4096, imem_words=1 << 16)
TINY = dataclasses.replace(IMAGE, expander=1)  # im2col forms other blocks, so other roundings: not here


def network(
    seed: int, channels: tuple[int, ...], size: int, *, pool: int, kernel: int, dilation: int
) -> onnx.ModelProto:
    """A chain of convolutions with a residual connection, a pooling and a classifier."""
    rng = np.random.default_rng(seed)
    nodes, weights = [], []

    def constant(name: str, *shape: int, scale: float) -> str:
        weights.append(numpy_helper.from_array((rng.standard_normal(shape) * scale).astype(np.float32), name))
        return name

    at, width = "x", channels[0]
    for i, out in enumerate(channels[1:]):
        k = kernel if i else 3
        w = constant(f"w{i}", out, width, k, k, scale=(2 / (width * k * k)) ** 0.5)
        b = constant(f"b{i}", out, scale=0.1)
        pad = dilation * (k - 1) // 2
        nodes.append(
            helper.make_node("Conv", [at, w, b], [f"c{i}"], name=f"conv{i}", pads=[pad] * 4, dilations=[dilation] * 2)
        )
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"], name=f"relu{i}"))
        at, width = f"r{i}", out
    w = constant("ws", width, width, 1, 1, scale=(1 / width) ** 0.5)
    nodes.append(helper.make_node("Conv", [at, w], ["s"], name="side"))
    nodes.append(helper.make_node("Add", ["s", at], ["a"], name="add"))
    nodes.append(helper.make_node("Relu", ["a"], ["ar"], name="relu"))
    nodes.append(
        helper.make_node(
            "MaxPool", ["ar"], ["p"], name="pool", kernel_shape=[pool, pool], strides=[2, 2], pads=[pool // 2] * 4
        )
    )
    nodes.append(helper.make_node("AveragePool", ["p"], ["q"], name="average", kernel_shape=[2, 2], strides=[1, 1]))
    nodes.append(helper.make_node("GlobalAveragePool", ["q"], ["g"], name="global"))
    nodes.append(helper.make_node("Flatten", ["g"], ["f"], name="flatten"))
    nodes.append(
        helper.make_node(
            "Gemm", ["f", constant("wf", 5, width, scale=0.3), constant("bf", 5, scale=0.1)], ["y"], name="fc", transB=1
        )
    )
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels[0], size, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])], weights,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def compiled(model: onnx.ModelProto, config: NpuConfig) -> Program:
    return to_program(to_graph(model), config)


def outputs(program: Program, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    inputs = {i.name: rng.standard_normal(i.shape).astype(np.float32) for i in program.inputs}
    return np.concatenate([v.reshape(-1) for v in Session(program).run(inputs).outputs.values()])


@pytest.mark.parametrize("vectors", [160, 230, 400])
def test_stripes_do_not_change_a_bit(vectors: int) -> None:
    """Maps that spill to DRAM and pass in stripes give the bits of maps that stay on chip."""
    model = network(0, (3, 20, 12), 12, pool=3, kernel=3, dilation=1)
    whole = compiled(model, TINY)
    striped = compiled(model, dataclasses.replace(TINY, initial_vrf=vectors, addsub_vrf_1=max(64, vectors // 2)))
    assert not whole.metadata["spilled"]
    assert striped.metadata["spilled"]
    np.testing.assert_array_equal(outputs(whole), outputs(striped))


@pytest.mark.parametrize("slots", [4, 6, 16])
def test_small_matrix_memory_does_not_change_a_bit(slots: int) -> None:
    """Rows of tiles wider than MatrixRf pass in pieces, the sums wait in the accumulators."""
    model = network(1, (5, 24, 40), 6, pool=2, kernel=3, dilation=1)
    np.testing.assert_array_equal(
        outputs(compiled(model, TINY)), outputs(compiled(model, dataclasses.replace(TINY, mrf_tiles=slots)))
    )


@pytest.mark.parametrize("vectors", [40, 64, 1024])
def test_image_rows_pass_the_expander_in_a_ring(vectors: int) -> None:
    """An Expander that holds only some rows of the image gives the bits of one that holds all."""
    model = network(4, (3, 10, 12), 14, pool=3, kernel=3, dilation=1)
    whole = compiled(model, dataclasses.replace(IMAGE, expander=1024))
    ring = compiled(model, dataclasses.replace(IMAGE, expander=vectors))
    assert [p.layout for p in ring.io] == ["image", "vectors"]
    np.testing.assert_array_equal(outputs(whole), outputs(ring))


def test_private_weights_do_not_change_a_bit() -> None:
    """Both organisations of the matrix-vector unit add the same products in the same order."""
    model = network(2, (3, 40, 20), 8, pool=3, kernel=3, dilation=1)
    private = dataclasses.replace(TINY, shared_weights=False)
    np.testing.assert_array_equal(outputs(compiled(model, TINY)), outputs(compiled(model, private)))


def strided_network(seed: int) -> onnx.ModelProto:
    """Convolution and pooling fused, then a residual connection read with a stride, all of several row tiles."""
    rng = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array((rng.standard_normal(shape) * (2 / np.prod(shape[1:])) ** 0.5).astype(np.float32), name)
        for name, shape in (("w0", (20, 3, 3, 3)), ("w1", (20, 20, 3, 3)), ("w2", (20, 20, 1, 1)))
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c0"], name="conv0", pads=[1] * 4),
        helper.make_node("Relu", ["c0"], ["r0"], name="relu0"),
        helper.make_node("MaxPool", ["r0"], ["p"], name="pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
        helper.make_node("Conv", ["p", "w1"], ["c1"], name="conv1", pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Conv", ["c1", "w2"], ["c2"], name="conv2"),
        helper.make_node("MaxPool", ["p"], ["s"], name="subsample", kernel_shape=[1, 1], strides=[2, 2]),
        helper.make_node("Add", ["c2", "s"], ["a"], name="add"),
        helper.make_node("Relu", ["a"], ["y"], name="relu"),
    ]
    graph = helper.make_graph(
        nodes, "strided",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 14, 14])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], weights,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_private_weights_with_reductions_and_strided_operands() -> None:
    """Row tiles that cannot run side by side still read their own tiles."""
    model = strided_network(5)
    program = compiled(model, TINY)
    assert {n.op for n in program.nodes} >= {"Conv", "MaxPool"}
    private = compiled(model, dataclasses.replace(TINY, shared_weights=False))
    np.testing.assert_array_equal(outputs(program), outputs(private))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate])
@given(
    st.integers(0, 1 << 16),
    st.tuples(st.integers(1, 10), st.integers(1, 20), st.integers(1, 20)),
    st.integers(5, 11),
    st.sampled_from([2, 3]),
    st.sampled_from([1, 3, 5]),
    st.sampled_from([1, 2]),
    st.sampled_from([96, 200, 4096]),
    st.sampled_from([8, 32]),
    st.booleans(),
)
def test_placement_never_changes_a_bit(
    seed: int, channels: tuple[int, ...], size: int, pool: int, kernel: int, dilation: int, vectors: int, slots: int,
    shared: bool,
) -> None:  # fmt: skip
    """Any network, any memory sizes, either organisation: the same bits, or a refusal."""
    model = network(seed, channels, size, pool=pool, kernel=kernel, dilation=dilation)
    config = dataclasses.replace(
        TINY, initial_vrf=vectors, addsub_vrf_1=vectors, mrf_tiles=slots, shared_weights=shared
    )
    try:
        program = compiled(model, config)
    except PlacementError:
        return
    np.testing.assert_array_equal(outputs(compiled(model, TINY)), outputs(program))
