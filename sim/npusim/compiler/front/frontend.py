"""The front end's pipeline: ONNX model -> `Graph` of layers, as one visible list of passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from npusim.compiler.front.check import check_graph
from npusim.compiler.front.dump import dump
from npusim.compiler.front.fold import drop_unused, fold_constants
from npusim.compiler.front.fuse import absorb_padding, absorb_subsampling, fold_scales, fuse
from npusim.compiler.front.host import check_host_steps
from npusim.compiler.front.importer import read_net
from npusim.compiler.front.infer import check, check_types
from npusim.compiler.front.net import Net
from npusim.compiler.front.partition import group_host_steps, partition, place_crossings, refuse_host
from npusim.compiler.front.pool_first import pool_first
from npusim.compiler.ir import Graph, Layer, Recurrent

NET_PASSES: tuple[tuple[str, Callable[[Net], Net]], ...] = (
    ("check", check),
    ("fold-constants", fold_constants),
    ("drop-unused", drop_unused),
    ("check-types", check_types),
)

GRAPH_PASSES: tuple[tuple[str, Callable[[Graph], Graph]], ...] = (
    ("fold-scales", fold_scales),
    ("fuse", fuse),
    ("pool-first", pool_first),
    ("absorb-subsampling", absorb_subsampling),
    ("absorb-padding", absorb_padding),
    ("group-host", group_host_steps),
    ("place-crossings", place_crossings),
    ("check-host", check_host_steps),
)

STAGES = ("import", *(name for name, _ in NET_PASSES), "partition", *(name for name, _ in GRAPH_PASSES))
"""What `--emit` can show, in order."""


def to_graph(
    model: Any,
    *,
    npu_only: bool = False,
    on_stage: Callable[[str, Net | Graph], None] | None = None,
    sigmoid_tanh: tuple[bool, bool] = (True, True),
) -> Graph:
    """Return the layers and host steps of a checked `onnx.ModelProto` (see `importer.load_model`).

    npu_only: refuse a model any node of which needs the host.  on_stage: called with the name of each stage and what
    it made; `dump` prints either.  sigmoid_tanh: which MFUs of the machine have these functions
    (`NpuConfig.sigmoid_tanh`).  Raises `ModelError`.
    """
    show = on_stage or (lambda name, made: None)
    net = read_net(model)
    show("import", net)
    for name, net_pass in NET_PASSES:
        net = net_pass(net)
        show(name, net)
    graph = check_graph(partition(net, sigmoid_tanh), "partition")
    show("partition", graph)
    if npu_only:
        refuse_host(graph)
    for name, graph_pass in GRAPH_PASSES:
        graph = check_graph(_recover(graph_pass(graph)), name)
        show(name, graph)
    return graph


def _recover(graph: Graph) -> Graph:
    """Return the graph with its coverage pointing at the layers that do each node's work now."""
    at: dict[str, str] = {}
    for step in graph.steps:
        if isinstance(step, Layer | Recurrent):
            for node in step.nodes:
                at.setdefault(node, step.name)
    coverage = tuple(replace(i, layer=at[i.name]) if i.where == "npu" and i.name in at else i for i in graph.coverage)
    return replace(graph, coverage=coverage)


__all__ = ["GRAPH_PASSES", "NET_PASSES", "STAGES", "dump", "to_graph"]
