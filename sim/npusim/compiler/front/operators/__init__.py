"""The operators that the NPU runs: one function per ONNX operator, named as the operator, chosen by opset.

A function is called with the `Lowering` and the node; it appends layers or renames and defines the node's outputs, or
raises `Refuse` with the reason why the node goes to the host.  `Clip_11` is Clip from opset 11 on; a name without a
number serves every opset from 7.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import Node
from npusim.compiler.front.operators import matrix, pointwise, pool, recurrent, shape
from npusim.compiler.front.views import Refuse

Operator = Callable[[Lowering, Node], None]


def _collect(*modules: ModuleType) -> dict[str, list[tuple[int, Operator]]]:
    """Return operator -> [(first opset, function)], newest first, from the functions with capital names."""
    table: dict[str, list[tuple[int, Operator]]] = {}
    for module in modules:
        for name, function in vars(module).items():
            if name[0].isupper() and getattr(function, "__module__", "") == module.__name__ and callable(function):
                op, _, since = name.partition("_")
                table.setdefault(op, []).append((int(since or 1), function))
    return {op: sorted(found, key=lambda row: -row[0]) for op, found in table.items()}


OPERATORS = _collect(matrix, pointwise, pool, recurrent, shape)


def find(node: Node) -> Operator:
    """Return the function of a node's operator and opset; raises `Refuse` if the NPU has none."""
    for since, function in OPERATORS.get(node.op, ()) if node.standard else ():
        if node.version >= since:
            return function
    raise Refuse(f"the NPU has no {node.op}")


__all__ = ["OPERATORS", "Operator", "find"]
