"""Constant folding: evaluate at compile time what depends on no input, and drop what nobody reads."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from npusim.compiler.front.importer import unusable
from npusim.compiler.front.infer import MAX_ELEMENTS, infer_shapes
from npusim.compiler.front.net import Array, Net, Node
from npusim.compiler.ir import NodeInfo
from npusim.errors import ModelError

RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
CONTROL = {"If", "Loop", "Scan", "SequenceMap"}
ROUNDS = 100
"""Inference and folding alternate until nothing changes; every round folds at least one node."""


def fold_constants(net: Net) -> Net:
    """Return the net without nodes whose inputs are all constant, and without Shape/Size of static tensors."""
    for _ in range(ROUNDS):
        net = infer_shapes(net)
        folded = _fold_once(net)
        if len(folded.nodes) == len(net.nodes):
            break
        net = folded
    return infer_shapes(net)


def _fold_once(net: Net) -> Net:
    consts = dict(net.consts)
    nodes: list[Node] = []
    gone = list(net.gone)
    for node in net.nodes:
        values = _evaluate(node, net, consts)
        if values is None:
            nodes.append(node)
            continue
        for name, value in zip(node.outputs, values, strict=False):
            bad = unusable(value)
            if bad:
                raise ModelError(f"{net.name}: {node.label}: its constant result holds {bad}, allowed: finite numbers")
            consts[name] = value
        gone.append(NodeInfo(node.name, node.op, "folded", "constant: computed at compile time"))
    return replace(net, nodes=tuple(nodes), consts=consts, gone=tuple(gone))


def _evaluate(node: Node, net: Net, consts: dict[str, Array]) -> list[Array] | None:
    """Return the node's outputs if they are known at compile time, else None."""
    if not node.standard or node.op in RANDOM | CONTROL:
        return None
    if node.op in ("Shape", "Size") and node.inputs[0] in net.shapes:
        shape = np.array(net.shapes[node.inputs[0]], np.int64)
        if node.op == "Size":
            return [np.array(shape.prod(dtype=np.int64))]
        return [shape[slice(node.attrs.get("start"), node.attrs.get("end"))]]
    if any(n and n not in consts for n in node.inputs):
        return None
    shapes = [net.shapes.get(n) for n in node.outputs if n]
    if node.op != "Constant" and any(s is None or math.prod(s) > MAX_ELEMENTS for s in shapes):
        return None
    if node.op == "ConstantOfShape":  # weights of test models: no need to hold the copies
        value = node.proto.attribute[0].t if node.proto.attribute else None
        fill = _tensor(value).reshape(-1)[0] if value is not None else np.float32(0)
        return [np.broadcast_to(fill, shapes[0] or ())]
    return _run(node, [consts[n] if n else None for n in node.inputs])


def _tensor(proto: Any) -> Array:
    array: Array = numpy_helper.to_array(proto)
    return array


def _run(node: Node, values: list[Array | None]) -> list[Array] | None:
    """Evaluate one node with the ONNX reference implementation; None where it cannot (the host will)."""
    feeds = {n: v for n, v in zip(node.inputs, values, strict=True) if n}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            results = ReferenceEvaluator(_model_of(node)).run(None, feeds)
    except Exception:
        return None
    if not all(isinstance(r, np.ndarray | np.generic) for r in results):
        return None
    return [np.asarray(r) for r in results]


def _model_of(node: Node) -> Any:
    """Return a model of one node, so that the evaluator sees its opset (for a bare node it takes the newest)."""
    values = [
        [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in dict.fromkeys(names) if n]
        for names in (node.inputs, node.outputs)
    ]
    graph = helper.make_graph([node.proto], "fold", values[0], values[1])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(node.domain, node.version)])


def drop_unused(net: Net) -> Net:
    """Return the net without nodes that no output depends on, and without constants that nobody reads."""
    live = set(net.outputs)
    kept: list[Node] = []
    gone: list[NodeInfo] = []
    for node in reversed(net.nodes):
        if live.isdisjoint(node.outputs):
            gone.append(NodeInfo(node.name, node.op, "folded", "unused: no output depends on it"))
            continue
        kept.append(node)
        live.update(n for n in node.inputs if n)
        live.update(captured(node))
    consts = {n: c for n, c in net.consts.items() if n in live}
    return replace(net, nodes=tuple(reversed(kept)), consts=consts, gone=net.gone + tuple(gone))


def captured(node: Node) -> set[str]:
    """Return every tensor name that a node's subgraphs mention: they may read outer tensors."""
    names: set[str] = set()
    graphs = [g for a in node.proto.attribute for g in [*([a.g] if a.HasField("g") else []), *a.graphs]]
    while graphs:
        graph = graphs.pop()
        for inner in graph.node:
            names.update(inner.input)
            graphs += [g for a in inner.attribute for g in [*([a.g] if a.HasField("g") else []), *a.graphs]]
        names.update(o.name for o in graph.output)
    return names
