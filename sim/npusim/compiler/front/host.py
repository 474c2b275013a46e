"""Host steps: serialised ONNX models of exactly the nodes that the NPU does not run, and their union."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from npusim.compiler.front.fold import captured
from npusim.compiler.front.infer import first_line
from npusim.compiler.front.net import Net, Node
from npusim.compiler.ir import Graph, HostStep
from npusim.errors import ModelError

IR_VERSION = 8
"""Old enough for every ONNX Runtime that the project supports, new enough for initializers that are no inputs."""


def host_step(net: Net, node: Node, reason: str) -> HostStep:
    """Return the host step of one node."""
    read = [n for n in dict.fromkeys([*node.inputs, *sorted(captured(node))]) if n]
    outer = {i.name for i in net.inputs} | set(net.producer())
    inputs = tuple(n for n in read if n in outer and n not in net.consts)
    outputs = tuple(n for n in node.outputs if n)
    initial = [_initializer(net, n) for n in read if n in net.consts]
    graph = helper.make_graph(
        [node.proto], net.name, [_value(net, n) for n in inputs], [_value(net, n) for n in outputs], initial
    )
    return HostStep(
        name=f"host.{node.name}",
        nodes=((node.name, node.op),),
        model=_serialise(graph, net.opsets),
        inputs=inputs,
        outputs=outputs,
        macs=net.macs(node),
        reasons=(reason,),
    )


def constant_step(net: Net, name: str) -> HostStep:
    """Return a host step that yields a constant graph output."""
    node = helper.make_node("Constant", [], [name], name=f"{name}.constant", value=_initializer(net, name))
    graph = helper.make_graph([node], net.name, [], [_value(net, name)])
    opsets = net.opsets if "" in net.opsets else {**net.opsets, "": 13}
    return HostStep(f"host.{name}", (), _serialise(graph, opsets), (), (name,), 0, ())


def _serialise(graph: Any, opsets: dict[str, int]) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in opsets.items()])
    model.ir_version = IR_VERSION
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _initializer(net: Net, name: str) -> Any:
    return numpy_helper.from_array(np.asarray(net.consts[name], order="C"), name)


def _value(net: Net, name: str) -> Any:
    """Return the declaration of a tensor; one whose type only the file knows keeps the file's."""
    if name not in net.dtypes:
        known = net.custom.get(name)
        if known is not None:
            return known
        value = onnx.ValueInfoProto()
        value.name = name
        return value
    code = helper.np_dtype_to_tensor_dtype(np.dtype(net.dtypes[name]))
    return helper.make_tensor_value_info(name, code, net.shapes.get(name))


def check_host_steps(graph: Graph) -> Graph:
    """Return the graph if ONNX Runtime accepts every host step's model, else raise `ModelError`."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    for step in graph.steps:
        if isinstance(step, HostStep):
            try:
                onnxruntime.InferenceSession(step.model, options, providers=["CPUExecutionProvider"])
            except Exception as err:
                names = ", ".join(f"{op} '{name}'" for name, op in step.nodes)
                raise ModelError(f"{graph.name}: ONNX Runtime refuses {names}: {first_line(err)}") from None
    return graph


def merge(steps: list[HostStep], needed: Iterable[str]) -> HostStep:
    """Return one host step that does what the given ones do in their order; `needed` are the outputs to keep."""
    if len(steps) == 1:
        return steps[0]
    models = [onnx.ModelProto.FromString(s.model) for s in steps]
    made = {n for s in steps for n in s.outputs}
    wanted = set(needed)
    inputs = {i.name: i for m in models for i in m.graph.input if i.name not in made}
    outputs = {o.name: o for m in models for o in m.graph.output if o.name in wanted}
    initial = {t.name: t for m in models for t in m.graph.initializer}
    nodes = [n for m in models for n in m.graph.node]
    graph = helper.make_graph(
        nodes, models[0].graph.name, list(inputs.values()), list(outputs.values()), list(initial.values())
    )
    opsets = {o.domain: o.version for m in models for o in m.opset_import}
    return HostStep(
        name=steps[0].name if len(steps) == 1 else f"{steps[0].name}+{len(nodes) - 1}",
        nodes=tuple(n for s in steps for n in s.nodes),
        model=_serialise(graph, opsets),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        macs=sum(s.macs for s in steps),
        reasons=tuple(r for s in steps for r in s.reasons),
    )
