"""check_graph refuses every kind of malformed graph, naming pass, rule and step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from onnx_graphs import Build

from npusim.compiler.front.check import RULES, check_graph
from npusim.compiler.front.frontend import dump, to_graph
from npusim.compiler.front.importer import load_model
from npusim.compiler.ir import ConstOperand, Graph, Layer, MapOperand, Mfu, Reduce, Step


def sample() -> Graph:
    """Return a graph with a residual sum, a join, a pooling and a host step."""
    b = Build()
    x = b("Relu", b("Conv", b.input(1, 4, 8, 8), b.weights(4, 4, 3, 3), b.values(4), pads=[1] * 4))
    y = b("Relu", b("Add", b("Conv", x, b.weights(4, 4, 1, 1)), x))
    z = b("Concat", x, y, axis=1)
    z = b("MaxPool", b("Conv", z, b.weights(5, 8, 1, 1)), kernel_shape=[3, 3], strides=[2, 2])
    return to_graph(load_model(b.model(b("Softmax", b("Flatten", z)))))


def with_layer(graph: Graph, number: int, **change: object) -> Graph:
    """Return the graph with fields of its layer of that number replaced."""
    layer = graph.layers[number]
    steps: list[Step] = [replace(s, **change) if s is layer else s for s in graph.steps]  # type: ignore[arg-type]
    return replace(graph, steps=tuple(steps))


def _layer(graph: Graph, number: int) -> Layer:
    return graph.layers[number]


BROKEN: dict[str, tuple[Callable[[Graph], Graph], str]] = {
    "no map": (lambda g: with_layer(g, 1, source="nobody"), "maps_exist: node2: no map nobody"),
    "alias": (
        lambda g: replace(g, aliases={**g.aliases, "relu4": ("concat5", 0)}),
        "written_once: two maps written at segment 0 of concat5",
    ),
    "alias of an alias": (
        lambda g: replace(g, aliases={**g.aliases, "conv6": ("relu4", 0)}),
        "aliases_fit: alias conv6 of relu4",
    ),
    "written twice": (lambda g: with_layer(g, 1, out="relu1"), "written_once: map written relu1 twice"),
    "order": (lambda g: replace(g, steps=g.steps[::-1]), "written_once: step"),
    "never written": (
        lambda g: replace(g, steps=tuple(s for s in g.steps if s is not g.layers[2])),
        "written_once: step 3 reads map maxpool7.cols, which nobody writes",
    ),
    "weights": (
        lambda g: with_layer(g, 1, weights=np.zeros((4, 5, 1, 1), np.float32)),
        "layers_fit: layer node2: weights float32(4, 5, 1, 1), expected (4, 4, 1, 1)",
    ),
    "groups": (lambda g: with_layer(g, 1, groups=3), "layers_fit: layer node2: weights"),
    "low padding": (lambda g: with_layer(g, 1, low_padding=True), "layers_fit: layer node2: low padding"),
    "extent": (
        lambda g: with_layer(g, 1, window=replace(_layer(g, 1).window, out_h=7)),
        "layers_fit: layer node2: output 8x8, stream (7, 8)",
    ),
    "window": (
        lambda g: with_layer(g, 3, window=replace(_layer(g, 3).window, kh=2)),
        "layers_fit: layer node7: a window of 2x1 with neither matrix nor window reduction",
    ),
    "constant": (
        lambda g: with_layer(g, 0, pre=Mfu(addsub=("add", ConstOperand(np.zeros(3, np.float32))))),
        "units_fit: layer node0: pre: constant float32(3,), expected float32 (4,)",
    ),
    "nan": (
        lambda g: with_layer(g, 0, pre=Mfu(mul=ConstOperand(np.full(4, np.nan, np.float32)))),
        "units_fit: layer node0: pre: a constant that is not finite",
    ),
    "map in front": (
        lambda g: with_layer(g, 1, pre=Mfu(mul=MapOperand("relu1"))),
        "units_fit: layer node2: a map as operand of MFU0",
    ),
    "operand": (
        lambda g: with_layer(g, 1, post=Mfu(mul=MapOperand("relu1", 2, 2))),
        "units_fit: layer node2: operand MapOperand(map='relu1', sh=2, sw=2)",
    ),
    "arguments": (
        lambda g: with_layer(g, 0, pre=Mfu(act="clip")),
        "units_fit: layer node0: pre: clip with arguments ()",
    ),
    "reduction": (
        lambda g: with_layer(g, 3, reduce=Reduce("max", "rows", 3, 1, 3, True, 3)),
        "reductions_fit: layer node7: 3 complete windows",
    ),
    "outputs": (
        lambda g: replace(g, steps=g.steps[:-1], coverage=()),
        "tensors_arrive: output softmax9 is never made",
    ),
    "tensors": (
        lambda g: replace(g, steps=tuple(s for s in g.steps if type(s).__name__ != "Send")),
        "tensors_arrive: HostStep takes tensor flatten8, which nobody made",
    ),
    "coverage": (
        lambda g: replace(g, coverage=tuple(replace(i, layer="gone") for i in g.coverage)),
        "coverage_is_complete: node node0 is said to run in 'gone', which does not exist",
    ),
}


def test_the_sample_is_legal() -> None:
    graph = sample()
    assert check_graph(graph) is graph
    text = dump(graph)
    assert "map relu4 = concat5[1..]" in text
    assert "then add relu1; then relu" in text
    assert "max over cols n 3 overlap 1 head 3 count 3" in text


@pytest.mark.parametrize("case", BROKEN)
def test_refusal(case: str) -> None:
    change, text = BROKEN[case]
    with pytest.raises(AssertionError) as caught:
        check_graph(change(sample()), "some-pass")
    assert str(caught.value).startswith(f"test: after pass 'some-pass': {text}")


def test_every_rule_states_what_it_demands() -> None:
    assert all(rule.__doc__ for rule in RULES)
