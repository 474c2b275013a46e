"""A model of N samples at once as N runs of a model of one sample, where no operator mixes the samples.

The machine works on one sample at a time.  An operator keeps samples apart if output n along the first axis follows
from input n alone; that is known of the operators here in these forms, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import onnx
from onnx import helper

from npusim.compiler.front.importer import WEIGHTED

Shapes = Mapping[str, tuple[int, ...]]
SEPARATE = frozenset({
    "Abs", "AveragePool", "BatchNormalization", "Clip", "Conv", "ConvTranspose", "Dropout", "Elu", "Exp",
    "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "LRN", "LeakyRelu", "MaxPool", "Neg",
    "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Tanh",
})  # fmt: skip
"""Operators whose first input has the samples on its first axis, and all others are the same for all samples."""


def single_sample(model: onnx.ModelProto) -> tuple[onnx.ModelProto, int] | None:
    """Return the model for one sample and the number of samples that the model itself takes; None if it has no such N.

    It must be a network, with a layer of constant weights; all inputs must be of the same N > 1 samples, all outputs
    depend on them, and every operator keep the samples apart.
    """
    fixed = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in fixed]
    counts = {_first(value) for value in inputs}
    if len(counts) != 1 or (count := counts.pop()) < 2:
        return None
    samples = {value.name for value in inputs}
    network = False
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            fixed[node.output[0]] = tuple(node.attribute[0].t.dims)
            continue
        if node.domain not in ("", "ai.onnx") or len(node.output) != 1 or not _keeps_apart(node, samples, fixed):
            return None
        samples.update(node.output)
        network |= node.op_type in WEIGHTED
    if not network or any(value.name not in samples for value in model.graph.output):
        return None
    one = onnx.ModelProto()
    one.CopyFrom(model)
    del one.graph.value_info[:]
    for value in [*one.graph.input, *one.graph.output]:
        if value.name not in fixed and len(value.type.tensor_type.shape.dim):
            value.type.tensor_type.shape.dim[0].dim_value = 1
    return one, count


def _first(value: Any) -> int:
    """Return the size of the first of several axes, 0 if there is none of known size."""
    dims = value.type.tensor_type.shape.dim
    return dims[0].dim_value if len(dims) > 1 else 0


def _keeps_apart(node: Any, samples: set[str], fixed: Shapes) -> bool:
    """Tell whether a node's output has sample n of its input alone in sample n; fixed: shapes of constants."""
    attrs = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if node.op_type in FORMS:
        return FORMS[node.op_type](node, attrs, samples, fixed)
    if node.op_type not in SEPARATE or attrs.get("training_mode"):
        return False
    return node.input[0] in samples and all(name in fixed for name in node.input[1:] if name)


def _rows(node: Any, attrs: dict[str, Any], samples: set[str], fixed: Shapes) -> bool:
    """Gemm: rows times a constant matrix, plus a constant that is the same for every row."""
    bias = fixed.get(node.input[2], (0, 0)) if len(node.input) > 2 else ()
    rows = node.input[0] in samples and node.input[1] in fixed and not attrs.get("transA")
    return rows and (len(bias) < 2 or bias[0] == 1)


def _flat(node: Any, attrs: dict[str, Any], samples: set[str], fixed: Shapes) -> bool:
    """Flatten behind the first axis."""
    return node.input[0] in samples and attrs.get("axis", 1) == 1


FORMS: dict[str, Callable[[Any, dict[str, Any], set[str], Shapes], bool]] = {"Gemm": _rows, "Flatten": _flat}
