"""What a program remembers of its graph for comparisons: which tensor a layer's output is, and the layers behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from npusim.compiler.front.overlap import reads
from npusim.compiler.ir import Graph, HostStep, Layer, MapOperand, Receive, Recurrent, Send
from npusim.program import NodeRow


def provenance(graph: Graph, rows: Iterable[NodeRow]) -> dict[str, Any]:
    """Return entries for `Program.metadata`.

    tensors: layer table row (as text: JSON) -> [map that it makes, maps that it reads, its source first]; a map is
    named after the ONNX tensor that it holds.  depth: tensor that leaves the NPU -> largest number of
    matrix products on a way from an input to it.
    """
    layers = {layer.name: layer for layer in graph.layers}
    tensors = {
        str(number): [layers[row.layer].out, list(_reads(layers[row.layer]))]
        for number, row in enumerate(rows)
        if row.nodes and row.layer in layers
    }
    return {"tensors": tensors, "depth": _depths(graph)}


def _reads(layer: Layer) -> Iterable[str]:
    yield layer.source
    for mfu in (layer.pre, layer.post):
        for operand in (mfu.mul, mfu.addsub[1] if mfu.addsub is not None else None):
            if isinstance(operand, MapOperand):
                yield operand.map


def _depths(graph: Graph) -> dict[str, int]:
    depth: dict[str, int] = {}  # of maps, all slices of a concatenation together
    sent: dict[str, int] = {}  # of the host's tensors

    def of(name: str) -> int:
        return depth.get(graph.aliases.get(name, (name, 0))[0], 0)

    def write(name: str, deepest: int) -> None:
        depth[graph.aliases.get(name, (name, 0))[0]] = max(deepest, of(name))

    for step in graph.steps:
        match step:
            case Layer():
                write(step.out, max(of(name) for name in _reads(step)) + (step.weights is not None))
            case Recurrent():
                deepest = max(of(name) for name in reads(step)) + step.steps
                for name in step.outs:
                    write(name, deepest)
            case HostStep():
                deepest = max((sent.get(name, 0) for name in step.inputs), default=0)
                sent.update(dict.fromkeys(step.outputs, deepest))
            case Send():
                sent[step.tensor] = of(step.view.map)
            case Receive():
                write(step.view.map, sent.get(step.tensor, 0))
    return {step.tensor: sent[step.tensor] for step in graph.steps if isinstance(step, Send)}
