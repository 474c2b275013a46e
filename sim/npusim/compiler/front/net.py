"""An ONNX graph as plain frozen Python values: what the front end works on before there are layers.

`Net` holds only what later passes need: nodes in topological order, constants as arrays, the static shape and dtype
of every tensor, and what became of the nodes that are already gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.compiler.ir import NodeInfo, TensorInfo

Array = npt.NDArray[Any]

FLOATS = ("float32", "float16")
"""Types that the NPU computes with; everything inside it is float16."""


@dataclass(frozen=True, slots=True)
class Node:
    """One ONNX node.  version: the opset of its domain; an absent optional input or output is an empty string."""

    name: str
    op: str
    domain: str
    version: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: dict[str, Any]
    proto: Any  # the onnx.NodeProto, with the unique name

    def input(self, position: int) -> str:
        """Return the name of an input, or an empty string where it is absent."""
        return self.inputs[position] if position < len(self.inputs) else ""

    @property
    def standard(self) -> bool:
        """True for an operator of the ONNX standard's main domain."""
        return self.domain in ("", "ai.onnx")

    @property
    def label(self) -> str:
        """How messages name the node."""
        return f"{self.op} '{self.name}'"


@dataclass(frozen=True, slots=True)
class Net:
    """A model: `nodes` in topological order, `consts` by tensor name, shapes and dtypes of whatever is inferable."""

    name: str
    nodes: tuple[Node, ...]
    consts: dict[str, Array]
    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[str, ...]
    opsets: dict[str, int]
    ir_version: int
    gone: tuple[NodeInfo, ...] = ()  # nodes already folded away
    order: tuple[str, ...] = ()  # names of all original nodes, in their order
    custom: dict[str, Any] = field(default_factory=dict)  # value_info of tensors that only the file can type

    def uses(self) -> Counter[str]:
        """Return how often each tensor is read; a graph output counts once."""
        count = Counter(name for node in self.nodes for name in node.inputs if name)
        count.update(self.outputs)
        return count

    def producer(self) -> dict[str, Node]:
        """Return the node behind each computed tensor."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    def macs(self, node: Node) -> int:
        """Return the multiply-accumulates of Conv, Gemm, MatMul, LSTM and GRU (dense count), 0 for everything else."""
        if not node.standard or node.op not in ("Conv", "Gemm", "MatMul", "ConvTranspose", "LSTM", "GRU"):
            return 0
        if node.op in ("LSTM", "GRU"):
            x, w, r = (self.shapes.get(node.input(i)) for i in range(3))
            if x is None or w is None or r is None:
                return 0
            return int(x[0] * x[1] * (np.prod(w, dtype=np.int64) + np.prod(r, dtype=np.int64)))
        out, left, right = (self.shapes.get(n) for n in (node.outputs[0], node.input(0), node.input(1)))
        if out is None or left is None or right is None or not right:
            return 0
        if node.op == "Conv":
            return int(np.prod(out, dtype=np.int64) * np.prod(right[1:], dtype=np.int64))
        if node.op == "ConvTranspose":
            return int(np.prod(left, dtype=np.int64) * np.prod(right[1:], dtype=np.int64))
        depth = left[0] if node.op == "Gemm" and node.attrs.get("transA", 0) else left[-1]
        return int(np.prod(out, dtype=np.int64) * depth)


def dump_net(net: Net) -> str:
    """Return one line a node: outputs, operator, inputs, shape."""
    lines = [f"net {net.name}: opset {net.opsets.get('', '-')}, {len(net.nodes)} nodes, {len(net.consts)} constants"]
    lines += [f"  input {i.name}: {i.dtype}{list(i.shape)}" for i in net.inputs]
    for node in net.nodes:
        args = ", ".join(n if n not in net.consts else f"{n}=const{list(net.consts[n].shape)}" for n in node.inputs)
        outs = ", ".join(f"{n}{list(net.shapes[n]) if n in net.shapes else '[?]'}" for n in node.outputs if n)
        lines.append(f"  {outs} = {node.op} '{node.name}' ({args})")
    lines += [f"  folded {g.op} '{g.name}': {g.layer}" for g in net.gone]
    lines += [f"  output {name}" for name in net.outputs]
    return "\n".join(lines) + "\n"
