"""Lower a `Net` to a `Graph`, one operator at a time: every node becomes layers, a rename, or a host step.

The operator functions (`npusim.compiler.front.operators`) call the methods here.  Nothing is fused yet; each tensor
that crosses between host and NPU has its Send or Receive, so the result is already a valid, executable graph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from npusim.compiler.front import host, views
from npusim.compiler.front.net import FLOATS, Array, Net, Node
from npusim.compiler.front.overlap import prune
from npusim.compiler.front.views import Refuse
from npusim.compiler.ir import (
    FeatureMap,
    Graph,
    HostStep,
    Layer,
    NodeInfo,
    Receive,
    Recurrent,
    Send,
    Step,
    TensorInfo,
    View,
    Window,
)
from npusim.errors import ModelError

CHANNELS_FIRST = {"Conv", "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"}
NO_FUNCTION = "the machine has no sigmoid and tanh where it needs them"
POINTWISE = {"Add", "Sub", "Mul", "Div", "Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh", "Cast", "Identity", "Pad"}


class Lowering:
    """The state of one lowering: maps, views of tensors on the NPU, tensors on the host, steps so far."""

    def __init__(
        self,
        net: Net,
        keep_on_host: Mapping[str, str] | None = None,
        sigmoid_tanh: tuple[bool, bool] = (True, True),
    ) -> None:
        self.net = net
        self.sigmoid_tanh = sigmoid_tanh
        self.maps: dict[str, FeatureMap] = {}
        self.aliases: dict[str, tuple[str, int]] = {}
        self.views: dict[str, View] = {}
        self.hosted: set[str] = {i.name for i in net.inputs}
        self.received: set[str] = set()  # maps that a Receive fills
        self.steps: list[Step] = []
        self.renamed: dict[str, str] = {}  # nodes that cost nothing, and why
        self.reasons: dict[str, str] = {}  # nodes on the host, and why
        self.uses = net.uses()
        self.readers: dict[str, list[Node]] = {}
        self._keep = keep_on_host or {}
        for node in net.nodes:
            for name in node.inputs:
                self.readers.setdefault(name, []).append(node)

    # ---- what operator functions ask for

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Return a tensor's static shape."""
        if tensor not in self.net.shapes:
            raise Refuse(f"the shape of '{tensor}' depends on data")
        return self.net.shapes[tensor]

    def const(self, tensor: str) -> Array | None:
        """Return a constant's values, or None for a computed tensor."""
        return self.net.consts.get(tensor)

    def weights(self, node: Node, position: int, what: str) -> Array:
        """Return a constant floating-point input as float32, or raise `Refuse`; infinity is an error."""
        name = node.input(position)
        value = self.net.consts.get(name)
        if value is None:
            raise Refuse(f"its {what} '{name}' is not constant")
        if value.size == 0:
            raise self.fail(node, f"{what} '{name}' is empty, allowed: at least one element")
        if value.dtype.name not in FLOATS:
            raise Refuse(f"its {what} '{name}' has dtype {value.dtype.name}")
        if value.size == 1 and not np.isfinite(value).all():
            raise self.fail(node, f"{what} '{name}' holds infinity, allowed: finite numbers")
        return value.astype(np.float32, copy=False)

    def fail(self, node: Node, problem: str) -> ModelError:
        """Return the error for a node that contradicts itself; the checker does not look at every shape."""
        return ModelError(f"{self.net.name}: {node.label}: {problem}")

    def view(self, tensor: str) -> View:
        """Return where a tensor lies on the NPU, receiving it from the host if need be."""
        if tensor in self.views:
            return self.views[tensor]
        if tensor in self.net.consts:
            raise Refuse(f"its input '{tensor}' is constant")
        fmap, view = self._entry(tensor)
        self.receive(tensor, fmap, view)
        return view

    def receive(self, tensor: str, fmap: FeatureMap, view: View) -> None:
        """Append the Receive of a tensor from the host into a map of its own."""
        self.maps[fmap.name] = fmap
        self.received.add(fmap.name)
        self.views[tensor] = view
        self.steps.append(Receive(tensor, view, self.net.dtypes[tensor]))

    def free_name(self, tensor: str) -> str:
        """Return a name for the map that receives a tensor."""
        name = tensor
        while name in self.maps:
            name += "#in"
        return name

    def fmap(self, view: View) -> FeatureMap:
        """Return the feature map behind a view."""
        return self.maps[view.map]

    def new_map(self, name: str, height: int, width: int, segments: tuple[int, ...]) -> FeatureMap:
        """Return a fresh map; a taken name gets a number."""
        if min(height, width, *segments) < 1:
            raise Refuse("its result is empty")
        unique, number = name, 1
        while unique in self.maps:
            number += 1
            unique = f"{name}#{number}"
        self.maps[unique] = FeatureMap(unique, height, width, segments)
        return self.maps[unique]

    def layer(self, node: Node, source: FeatureMap, out: FeatureMap, part: str = "", **parts: Any) -> None:
        """Append a layer of a node; without a window it reads the source once, point by point.

        also: names of further nodes whose work the layer does.
        """
        window = parts.pop("window", None) or Window(out_h=source.height, out_w=source.width)
        name = f"{node.name}.{part}" if part else node.name
        nodes = (node.name, *parts.pop("also", ()))
        for mfu, there in zip(("pre", "post"), self.sigmoid_tanh, strict=True):
            if not there and mfu in parts and parts[mfu].act in ("sigm", "tanh"):
                raise Refuse(NO_FUNCTION)
        self.steps.append(Layer(name, node.op, nodes, source.name, out.name, window, **parts))

    def needs_sigmoid_tanh(self) -> None:
        """Refuse a node that needs these functions in both MFUs where the machine lacks them."""
        if not all(self.sigmoid_tanh):
            raise Refuse(NO_FUNCTION)

    def maker(self, fmap: FeatureMap) -> Layer | None:
        """Return the layer that writes a map, None for a map that is received or joined."""
        return next((s for s in reversed(self.steps) if isinstance(s, Layer) and s.out == fmap.name), None)

    def never_negative(self, fmap: FeatureMap) -> bool:
        """Tell whether a map certainly holds no negative number: it comes from an activation that yields none."""
        parts = [self.maps[c] for c, (owner, _) in self.aliases.items() if owner == fmap.name]
        if parts:
            return all(self.never_negative(part) for part in parts)
        layer = self.maker(fmap)
        if layer is None or not layer.post.empty:
            return False
        pre = layer.pre
        if pre.act is not None:
            return pre.act in ("relu", "sigm") or (pre.act == "clip" and pre.act_args[0] >= 0)
        return pre.empty and layer.weights is None and self.never_negative(self.maps[layer.source])

    def pointwise(self, node: Node, view: View, tensor: str, part: str = "", **parts: Any) -> View:
        """Append a layer that keeps the map's form, and return the view of its result."""
        source = self.fmap(view)
        out = self.new_map(tensor, source.height, source.width, source.segments)
        self.layer(node, source, out, part, **parts)
        return replace(view, map=out.name)

    def define(self, tensor: str, view: View) -> None:
        """State where an output of a node lies."""
        self.views[tensor] = view

    def rename(self, node: Node, view: View, why: str = "rename: the data stay where they are") -> None:
        """State that a node's first output is another view of data that are already there."""
        self.define(node.outputs[0], view)
        self.renamed[node.name] = why

    def adopt(self, child: str, parent: str, segment: int) -> bool:
        """Make a map a slice of a joined map; False if it is a slice already or is filled from the host.

        A child that is itself joined hands its own children on, so that no alias leads to an alias.
        """
        if child in self.aliases or child in self.received:
            return False
        for name, (owner, at) in list(self.aliases.items()):
            if owner == child:
                self.aliases[name] = (parent, segment + at)
        self.aliases[child] = (parent, segment)
        return True

    # ---- entry from the host

    def _entry(self, tensor: str) -> tuple[FeatureMap, View]:
        """Return map and view for a tensor that comes from the host."""
        shape = self.shape(tensor)
        dtype = self.net.dtypes.get(tensor, "")
        if dtype not in FLOATS:
            raise Refuse(f"its input '{tensor}' has dtype {dtype or 'unknown'}")
        sequence = len(shape) == 3 and shape[0] > 1 and shape[1] == 1  # steps, batch, channels
        if math.prod(shape) == 0 or not 1 <= len(shape) <= 4 or (len(shape) > 2 and shape[0] != 1 and not sequence):
            raise Refuse(f"its input '{tensor}' of shape {list(shape)} is no feature map")
        if sequence:
            fmap = FeatureMap(self.free_name(tensor), shape[0], 1, shape[2:])
            return fmap, views.make_view(fmap, np.arange(fmap.elements, dtype=np.int64).reshape(shape))
        first = self._channels_first(tensor)
        perm: tuple[int, ...]
        if len(shape) == 4:
            perm = (2, 3, 1) if first else (1, 2, 3)
        elif len(shape) == 3:
            perm = (0, 2, 1) if first else (0, 1, 2)
        else:
            perm = ()
        h, w, c = [shape[p] for p in perm] if perm else (1, shape[0] if len(shape) == 2 else 1, shape[-1])
        name = self.free_name(tensor)
        fmap = FeatureMap(name, h, w, (c,))
        flat = np.arange(fmap.elements, dtype=np.int64).reshape(h, w, c)
        if len(shape) == 4:
            if first:
                return fmap, View(name, shape)
            return fmap, views.make_view(fmap, flat[None])
        if len(shape) == 3:
            return fmap, views.make_view(fmap, flat.transpose(0, 2, 1) if first else flat)
        return fmap, views.make_view(fmap, flat.reshape(shape))

    def _channels_first(self, tensor: str) -> bool:
        """Tell which axis of a received tensor is the channels, from what its readers do with it."""
        rank = len(self.shape(tensor))
        for node in self.readers.get(tensor, []):
            if node.op == "Transpose":
                perm = tuple(node.attrs.get("perm", range(rank)[::-1]))
                return perm not in ((0, 3, 1, 2), (0, 2, 1))
            if node.op in CHANNELS_FIRST:
                return True
            if node.op in POINTWISE and node.outputs[0] in self.readers:
                return self._channels_first(node.outputs[0])
        return rank == 4

    # ---- the walk

    def host_node(self, node: Node, reason: str) -> None:
        """Append a host step of one node, with the Sends of its inputs."""
        step = host.host_step(self.net, node, reason)
        for name in step.inputs:
            if name not in self.hosted:
                self.send(name)
        self.steps.append(step)
        self.hosted.update(n for n in node.outputs if n)
        self.reasons[node.name] = reason

    def send(self, tensor: str) -> None:
        """Append the Send of a tensor."""
        self.steps.append(Send(tensor, self.views[tensor], self.net.dtypes[tensor]))
        self.hosted.add(tensor)

    def run(self) -> Graph:
        """Lower every node; the result is a valid graph."""
        from npusim.compiler.front.operators import find

        for node in self.net.nodes:
            mark = len(self.steps)
            try:
                if node.name in self._keep:
                    raise Refuse(self._keep[node.name])
                find(node)(self, node)
            except Refuse as why:
                for step in self.steps[mark:]:
                    if isinstance(step, Receive):
                        del self.views[step.tensor]
                        del self.maps[step.view.map]
                del self.steps[mark:]
                self.renamed.pop(node.name, None)
                self.host_node(node, str(why))
        for name in self.net.outputs:
            if name in self.views and name not in self.hosted:
                self.send(name)
            elif name in self.net.consts and name not in self.hosted:
                self.steps.append(host.constant_step(self.net, name))
                self.hosted.add(name)
        outputs = tuple(TensorInfo(n, self.net.shapes[n], self.net.dtypes[n]) for n in self.net.outputs)
        steps, net = tuple(self.steps), self.net
        graph = Graph(net.name, self.maps, self.aliases, steps, net.inputs, outputs, (), self.sigmoid_tanh)
        return with_coverage(prune(graph), self.net, self.renamed)


def with_coverage(graph: Graph, net: Net, renamed: Mapping[str, str]) -> Graph:
    """Return the graph with one `NodeInfo` for every node of the original model, in its order."""
    where: dict[str, NodeInfo] = {g.name: g for g in net.gone}
    at: dict[str, str] = {}
    for step in graph.steps:
        if isinstance(step, Layer | Recurrent):
            for name in step.nodes:
                at.setdefault(name, step.name)
    hosted = {n: s.name for s in graph.steps if isinstance(s, HostStep) for n, _ in s.nodes}
    for node in net.nodes:
        macs = net.macs(node)
        if node.name in hosted:
            where[node.name] = NodeInfo(node.name, node.op, "host", hosted[node.name], macs)
        elif node.name in renamed and node.name not in at:
            where[node.name] = NodeInfo(node.name, node.op, "folded", renamed[node.name], macs)
        else:
            where[node.name] = NodeInfo(node.name, node.op, "npu", at.get(node.name, ""), macs)
    return replace(graph, coverage=tuple(where[n] for n in net.order))
