"""Operators on the multifunction units: arithmetic with constants and with a second map, activations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npusim.compiler.front import views
from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import FLOATS, Array, Node
from npusim.compiler.front.operators.common import only_first_output
from npusim.compiler.front.views import Refuse
from npusim.compiler.ir import AddSub, ConstOperand, MapOperand, Mfu, View

LARGEST = 65504.0


def _finish(low: Lowering, node: Node, view: View, part: str = "", **parts: object) -> View:
    """Append a pointwise layer and define the node's output, whose shape may have more leading ones."""
    result = low.pointwise(node, view, node.outputs[0], part, **parts)
    result = views.reshape(result, low.fmap(result), low.shape(node.outputs[0]))
    low.define(node.outputs[0], result)
    return result


def _stages(low: Lowering, node: Node, view: View, pre: Mfu) -> None:
    """Append a layer that only passes MFU0."""
    if not np.isfinite(pre.act_args).all():
        raise Refuse("its argument is infinite")
    _finish(low, node, view, pre=pre)


def _with_map(low: Lowering, node: Node, left: View, right: View, kind: AddSub | None, part: str = "") -> View:
    """Append left (kind) right for two maps of one form; kind None multiplies."""
    a, b = low.fmap(left), low.fmap(right)
    if (a.height, a.width, a.segments) != (b.height, b.width, b.segments):
        raise Refuse(
            f"its operands lie differently: {a.height}x{a.width}x{list(a.segments)} and "
            f"{b.height}x{b.width}x{list(b.segments)}"
        )
    shape = low.shape(node.outputs[0])
    same = left.shape == right.shape and left.index is None and right.index is None
    if not same:
        if np.prod(shape) != a.elements:
            raise Refuse("it broadcasts a computed tensor")
        if not np.array_equal(views.index_of(left, a).reshape(shape), views.index_of(right, b).reshape(shape)):
            raise Refuse("its operands lie in different orders")
    operand = MapOperand(b.name)
    post = Mfu(mul=operand) if kind is None else Mfu(addsub=(kind, operand))
    return _finish(low, node, left, part, post=post)


def _arithmetic(low: Lowering, node: Node, kind: AddSub | None) -> None:
    """Lower Add, Sub, Max or Mul of two operands, either of which may be constant."""
    left, right = node.inputs[0], node.inputs[1]
    a, b = low.const(left), low.const(right)
    if a is None and b is None:
        _with_map(low, node, low.view(left), low.view(right), kind)
        return
    if a is not None:
        left, b = right, a
        kind = "b_sub_a" if kind == "a_sub_b" else kind
    assert b is not None
    _stages(low, node, low.view(left), _constant_stage(low, low.view(left), b, kind))


def _constant_stage(low: Lowering, view: View, value: Array, kind: AddSub | None) -> Mfu:
    """Return x (kind) constant as a stage: subtraction becomes addition, so that fusion knows fewer forms."""
    if value.dtype.name not in FLOATS:
        raise Refuse(f"its constant has dtype {value.dtype.name}")
    fmap = low.fmap(view)
    sign = -1.0 if kind == "a_sub_b" else 1.0
    operand = views.operand(value.astype(np.float64) * sign, view, fmap)
    if kind is None:
        return Mfu(mul=operand)
    if kind == "b_sub_a":
        minus = ConstOperand(np.full(fmap.channels, -1.0, np.float32))
        return Mfu(mul=minus, addsub=("add", operand))
    return Mfu(addsub=("max" if kind == "max" else "add", operand))


def Add(low: Lowering, node: Node) -> None:
    """a + b."""
    _arithmetic(low, node, "add")


def Sub(low: Lowering, node: Node) -> None:
    """a - b."""
    _arithmetic(low, node, "a_sub_b")


def Mul(low: Lowering, node: Node) -> None:
    """a * b."""
    _arithmetic(low, node, None)


def Div(low: Lowering, node: Node) -> None:
    """a / b with a constant b: a multiplication by 1 / b."""
    value = low.const(node.inputs[1])
    if value is None:
        raise Refuse("its divisor is not constant")
    if value.dtype.name not in FLOATS or not value.all():
        raise Refuse("its divisor is zero or no float")
    view = low.view(node.inputs[0])
    _stages(low, node, view, Mfu(mul=views.operand(1.0 / value.astype(np.float64), view, low.fmap(view))))


def Neg(low: Lowering, node: Node) -> None:
    """-x."""
    view = low.view(node.inputs[0])
    _stages(low, node, view, Mfu(mul=views.operand(np.array(-1.0), view, low.fmap(view))))


def _chain(low: Lowering, node: Node, kind: AddSub) -> None:
    """Lower an n-ary operator as a chain of binary ones, computed operands first."""
    computed = [n for n in node.inputs if low.const(n) is None]
    if not computed:
        raise Refuse("all its inputs are constant")
    view = low.view(computed[0])
    if len(node.inputs) == 1:
        low.rename(node, view)
        return
    for number, name in enumerate(computed[1:]):
        view = _with_map(low, node, view, low.view(name), kind, f"{number}" if len(node.inputs) > 2 else "")
    for number, name in enumerate(n for n in node.inputs if low.const(n) is not None):
        value = low.const(name)
        assert value is not None
        view = _finish(low, node, view, f"c{number}", pre=_constant_stage(low, view, value, kind))


def Sum(low: Lowering, node: Node) -> None:
    """x0 + x1 + ..."""
    _chain(low, node, "add")


def Max(low: Lowering, node: Node) -> None:
    """max(x0, x1, ...)."""
    _chain(low, node, "max")


def BatchNormalization(low: Lowering, node: Node) -> None:
    """Inference: a scale and a shift per channel, computed in float64."""
    only_first_output(low, node)
    if node.attrs.get("training_mode", 0):
        raise Refuse("it is in training mode")
    if not node.attrs.get("spatial", 1):
        raise Refuse("it has statistics for every position (spatial = 0)")
    gamma, beta, mean, var = (
        low.weights(node, i, what).astype(np.float64)
        for i, what in enumerate(("scale", "bias", "mean", "variance"), start=1)
    )
    eps = float(node.attrs.get("epsilon", 1e-5))
    if not (var + eps > 0).all():
        raise low.fail(node, f"variance {var.min(initial=0):g} + epsilon {eps:g}, allowed: a positive sum")
    view = low.view(node.inputs[0])
    fmap = low.fmap(view)
    if len(view.shape) < 2 or any(v.shape != view.shape[1:2] for v in (gamma, beta, mean, var)):
        raise low.fail(node, f"statistics of shape {list(var.shape)}, allowed: {list(view.shape[1:2])}")
    shape = (1, -1) + (1,) * (len(view.shape) - 2)
    scale = gamma / np.sqrt(var + eps)
    mul = views.operand(scale.reshape(shape), view, fmap)
    add = views.operand((beta - mean * scale).reshape(shape), view, fmap)
    _stages(low, node, view, Mfu(mul=mul, addsub=("add", add)))


def Relu(low: Lowering, node: Node) -> None:
    """max(x, 0)."""
    _stages(low, node, low.view(node.inputs[0]), Mfu(act="relu"))


def Sigmoid(low: Lowering, node: Node) -> None:
    """1 / (1 + exp(-x))."""
    _stages(low, node, low.view(node.inputs[0]), Mfu(act="sigm"))


def Tanh(low: Lowering, node: Node) -> None:
    """tanh(x)."""
    _stages(low, node, low.view(node.inputs[0]), Mfu(act="tanh"))


def LeakyRelu(low: Lowering, node: Node) -> None:
    """x < 0 ? alpha * x : x."""
    alpha = float(node.attrs.get("alpha", 0.01))
    _stages(low, node, low.view(node.inputs[0]), Mfu(act="lrelu", act_args=(alpha,)))


def PRelu(low: Lowering, node: Node) -> None:
    """LeakyRelu whose slope is an input: one constant for all channels."""
    slope = low.weights(node, 1, "slope")
    if (slope != slope.reshape(-1)[0]).any():
        raise Refuse("its slope differs from channel to channel")
    _stages(low, node, low.view(node.inputs[0]), Mfu(act="lrelu", act_args=(float(slope.reshape(-1)[0]),)))


def clip(low: Lowering, node: Node, low_bound: float, high_bound: float) -> None:
    """min(max(x, low), high); bounds beyond float16 never bind."""
    bounds = (max(low_bound, -LARGEST), min(high_bound, LARGEST))
    if bounds[0] > bounds[1]:
        raise Refuse(f"its bounds {bounds[0]:g} and {bounds[1]:g} are empty")
    act = Mfu(act="relu") if bounds == (0.0, LARGEST) else Mfu(act="clip", act_args=bounds)
    _stages(low, node, low.view(node.inputs[0]), act)


def Clip(low: Lowering, node: Node) -> None:
    """Bounds as attributes."""
    clip(low, node, float(node.attrs.get("min", -LARGEST)), float(node.attrs.get("max", LARGEST)))


def Clip_11(low: Lowering, node: Node) -> None:
    """Bounds as optional inputs."""
    bounds = [-LARGEST, LARGEST]
    for i in (1, 2):
        if node.input(i):
            value = low.const(node.input(i))
            if value is None or value.size != 1:
                raise Refuse(f"its bound '{node.input(i)}' is not a constant number")
            bounds[i - 1] = float(value.reshape(-1)[0])
    clip(low, node, bounds[0], bounds[1])


def Min(low: Lowering, node: Node) -> None:
    """min(x, constant number): a clip; the NPU has no minimum of two maps."""
    numbers = [v for v in (low.const(n) for n in node.inputs) if v is not None]
    if len(node.inputs) != 2 or len(numbers) != 1 or numbers[0].size != 1:
        raise Refuse("the NPU has a minimum with a constant number only")
    if low.const(node.inputs[0]) is not None:
        node = replace(node, inputs=node.inputs[::-1])
    clip(low, node, -LARGEST, float(numbers[0].reshape(-1)[0]))


def HardSigmoid(low: Lowering, node: Node) -> None:
    """max(0, min(1, alpha * x + beta))."""
    pre = _hard(low, node, float(node.attrs.get("alpha", 0.2)), float(node.attrs.get("beta", 0.5)))
    _stages(low, node, low.view(node.inputs[0]), pre)


def HardSwish(low: Lowering, node: Node) -> None:
    """x * max(0, min(1, x / 6 + 1 / 2))."""
    view = low.view(node.inputs[0])
    _finish(low, node, view, pre=_hard(low, node, 1 / 6, 0.5), post=Mfu(mul=MapOperand(view.map)))


def _hard(low: Lowering, node: Node, alpha: float, beta: float) -> Mfu:
    view = low.view(node.inputs[0])
    fmap = low.fmap(view)
    mul, add = (views.operand(np.array(v), view, fmap) for v in (alpha, beta))
    return Mfu(mul=mul, addsub=("add", add), act="clip", act_args=(0.0, 1.0))
