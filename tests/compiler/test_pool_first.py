"""Average poolings that move in front of the convolution before them, and those that stay."""

from __future__ import annotations

from typing import Any

import onnx
import pytest
from onnx_graphs import Build, compare

from npusim.compiler.front.frontend import to_graph

APART: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [2, 2]}


def transition(pool: dict[str, Any], use: str = "", size: int = 6) -> onnx.ModelProto:
    """Normalise, rectify, convolve 1 x 1, average; use: what else happens."""
    b = Build(seed=2)
    x = b("Conv", b.input(1, 3, size, size), b.weights(5, 3, 3, 3), pads=[1] * 4)
    y = b("Relu", b.norm(x, 5))
    kernel = 3 if use == "wide" else 1
    z = b("Conv", y, b.weights(4, 5, kernel, kernel), b.values(4), pads=[kernel // 2] * 4)
    out = b("AveragePool", b("Relu", z) if use == "act" else z, **pool)
    others = {"source": [y], "result": [z]}.get(use, [])
    return b.model(out, x, *others)


def extents(model: onnx.ModelProto) -> list[tuple[str, int]]:
    """Return operator and rows of the output of every layer, after a comparison with ONNX Runtime."""
    graph = to_graph(model)
    compare(model)
    return [(layer.op, graph.maps[layer.out].height) for layer in graph.layers]


@pytest.mark.parametrize(("size", "rows"), [(6, 3), (7, 3)])
def test_the_layer_in_front_averages(size: int, rows: int) -> None:
    found = extents(transition(APART, size=size))
    assert found == [("Conv", size), ("BatchNormalization", rows), ("Conv", rows)]


@pytest.mark.parametrize("use", ["act", "wide", "source", "result"])
def test_what_stands_between_or_is_used_otherwise_stays(use: str) -> None:
    assert extents(transition(APART, use))[-1] == ("AveragePool", 3)


@pytest.mark.parametrize(
    "pool",
    [
        {"kernel_shape": [3, 3], "strides": [1, 1]},  # windows overlap: more to multiply than to average
        {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1] * 4},  # what is normalised would be padded
        {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1},
    ],
)
def test_windows_that_overlap_or_leave_the_map_stay(pool: dict[str, Any]) -> None:
    assert extents(transition(pool, size=7))[-1][0] == "AveragePool"


def test_the_maximum_stays() -> None:
    b = Build(seed=3)
    x = b("Relu", b.norm(b("Conv", b.input(1, 3, 6, 6), b.weights(5, 3, 1, 1)), 5))
    out = b("MaxPool", b("Conv", x, b.weights(4, 5, 1, 1)), **APART)
    graph = to_graph(b.model(out))
    assert graph.layers[-1].reduce is not None
    assert graph.layers[-1].reduce.op == "max"
