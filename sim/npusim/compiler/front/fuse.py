"""Fuse layers: fold constant scales into weights, then put into one chain what a chain can hold.

A layer is taken apart into the list of operations behind its reader and its matrix.  Two layers fuse if the
concatenated lists still fit the stages of a chain: MFU0 (mul, addsub, act), reduce, MFU1 (mul, addsub, act), with maps
as operands of MFU1 only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from npusim.compiler.front.overlap import prune, uses
from npusim.compiler.ir import (
    F32,
    Activation,
    AddSub,
    ConstOperand,
    FeatureMap,
    Graph,
    Layer,
    MapOperand,
    Mfu,
    Operand,
    Reduce,
    Step,
    Window,
)

SWAPPED: dict[AddSub, AddSub] = {"add": "add", "max": "max", "a_sub_b": "b_sub_a", "b_sub_a": "a_sub_b"}


@dataclass(frozen=True, slots=True)
class Mul:
    """x * operand."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Add:
    """x (kind) operand."""

    kind: AddSub
    operand: Operand


@dataclass(frozen=True, slots=True)
class Act:
    """A unary function."""

    name: Activation
    args: tuple[float, ...]


Op = Mul | Add | Act | Reduce


def take_apart(layer: Layer) -> list[Op]:
    """Return a layer's operations behind reader and matrix, in order."""
    ops: list[Op] = []
    for mfu, reduce in ((layer.pre, layer.reduce), (layer.post, None)):
        if mfu.mul is not None:
            ops.append(Mul(mfu.mul))
        if mfu.addsub is not None:
            ops.append(Add(*mfu.addsub))
        if mfu.act is not None:
            ops.append(Act(mfu.act, mfu.act_args))
        if reduce is not None:
            ops.append(reduce)
    return ops


def pack(ops: list[Op], sigmoid_tanh: tuple[bool, bool] = (True, True)) -> tuple[Mfu, Reduce | None, Mfu] | None:
    """Return the stages that hold the operations in their order, each in the earliest that can, or None.

    sigmoid_tanh: which MFUs have these functions.
    """
    units = [Mfu(), Mfu()]
    reduce: Reduce | None = None
    at = 0  # stages 0..2 MFU0, 3 reduce, 4..6 MFU1
    for op in ops:
        if isinstance(op, Reduce):
            if at > 3:
                return None
            reduce, at = op, 4
            continue
        offset = 0 if isinstance(op, Mul) else 1 if isinstance(op, Add) else 2
        second = isinstance(op, Mul | Add) and isinstance(op.operand, MapOperand)
        slot = 4 + offset if second or at > offset else offset
        if slot < at:
            return None
        unit = slot // 4
        if isinstance(op, Mul):
            units[unit] = replace(units[unit], mul=op.operand)
        elif isinstance(op, Add):
            units[unit] = replace(units[unit], addsub=(op.kind, op.operand))
        elif op.name in ("sigm", "tanh") and not sigmoid_tanh[unit]:
            return None
        else:
            units[unit] = replace(units[unit], act=op.name, act_args=op.args)
        at = slot + 1
    return units[0], reduce, units[1]


def _affine(op: Op) -> F32 | None:
    """Return the values of a multiplication by, or an addition of, a constant per channel."""
    if isinstance(op, Mul) or (isinstance(op, Add) and op.kind == "add"):
        held = op.operand
        if isinstance(held, ConstOperand) and not held.per_position:
            return held.values
    return None


def combine(weights: F32 | None, ops: list[Op]) -> tuple[F32 | None, list[Op]]:
    """Merge runs of per-channel multiplications and additions in float64; the first run goes into the weights.

    Returns weights and operations that compute the same as before, up to rounding.
    """
    result: list[Op] = []
    at = 0
    while at < len(ops):
        run = at
        while run < len(ops) and _affine(ops[run]) is not None:
            run += 1
        if run == at:
            result.append(ops[at])
            at += 1
            continue
        first = _affine(ops[at])
        assert first is not None
        scale: npt.NDArray[np.float64] = np.ones(first.size)
        shift: npt.NDArray[np.float64] = np.zeros(first.size)
        for op in ops[at:run]:
            values = _affine(op)
            assert values is not None
            if isinstance(op, Mul):
                scale, shift = scale * values, shift * values
            else:
                shift = shift + values
        if weights is not None and at == 0 and (scale != 1).any():
            with np.errstate(over="ignore"):
                scaled = (weights * scale[:, None, None, None]).astype(np.float32)
            if np.isfinite(scaled).all():
                weights, scale = scaled, np.ones(first.size)
        if (scale != 1).any():
            result.append(Mul(_constant(scale)))
        if (shift != 0).any():
            result.append(Add("add", _constant(shift)))
        at = run
    return weights, result


def _constant(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> ConstOperand:
    limit = float(np.finfo(np.float32).max)
    return ConstOperand(np.clip(values, -limit, limit).astype(np.float32))


def is_pointwise(layer: Layer, source: FeatureMap) -> bool:
    """Return whether a layer reads its source once, position by position, without the matrix-vector unit."""
    return layer.weights is None and layer.window == Window(out_h=source.height, out_w=source.width)


def _whole_map(layer: Layer, source: FeatureMap) -> Layer:
    """Return the layer with a reduction over a window as large as the map turned into one over the whole stream."""
    whole = Window(kh=source.height, kw=source.width)
    if layer.weights is None and layer.window == whole and layer.reduce is not None and layer.reduce.axis == "window":
        reduce = Reduce(layer.reduce.op, "all", n=source.pixels)
        return replace(layer, window=Window(out_h=source.height, out_w=source.width), reduce=reduce)
    return layer


def _swap(layer: Layer) -> Layer | None:
    """Return the layer with its source and its second map exchanged, or None if that is not the first thing it does."""
    ops = take_apart(layer)
    if not ops or not isinstance(ops[0], Mul | Add):
        return None
    second = ops[0].operand
    if not isinstance(second, MapOperand) or (second.sh, second.sw) != (1, 1):
        return None
    first = MapOperand(layer.source)
    ops[0] = Mul(first) if isinstance(ops[0], Mul) else Add(SWAPPED[ops[0].kind], first)
    packed = pack(ops)
    assert packed is not None
    return replace(layer, source=second.map, pre=packed[0], reduce=packed[1], post=packed[2])


def merge(
    producer: Layer, consumer: Layer, source: FeatureMap, sigmoid_tanh: tuple[bool, bool] = (True, True)
) -> Layer | None:
    """Return the one layer that does both, or None; source is the map between them."""
    consumer = _whole_map(consumer, source)
    if not is_pointwise(consumer, source):
        return None
    weights, ops = combine(producer.weights, take_apart(producer) + take_apart(consumer))
    packed = pack(ops, sigmoid_tanh)
    if packed is None:
        return None
    main = producer if producer.weights is not None or take_apart(producer) else consumer
    return replace(
        producer,
        name=main.name,
        op=main.op,
        nodes=tuple(dict.fromkeys(main.nodes + producer.nodes + consumer.nodes)),
        out=consumer.out,
        weights=weights,
        pre=packed[0],
        reduce=packed[1],
        post=packed[2],
    )


def _fuse_where(graph: Graph, only_scales: bool) -> Graph:
    """Fuse every layer with its producer where legal; a sum of two maps goes to whichever producer can take it."""
    steps: list[Step | None] = list(graph.steps)
    count = uses(graph)
    maker = {s.out: i for i, s in enumerate(graph.steps) if isinstance(s, Layer)}
    for at, step in enumerate(graph.steps):
        if not isinstance(step, Layer):
            continue
        forms = [form for form in (step, _swap(step)) if form is not None]
        choices = [(f, maker[f.source]) for f in forms if count.get(f.source) == 1 and f.source in maker]

        def rank(choice: tuple[Layer, int]) -> tuple[bool, int]:
            made = steps[choice[1]]
            return isinstance(made, Layer) and made.weights is not None, choice[1]

        for form, position in sorted(choices, key=rank, reverse=True):
            made = steps[position]
            assert isinstance(made, Layer)
            if only_scales and not _only_scales(made, form):
                continue
            fused = merge(made, form, graph.maps[form.source], graph.sigmoid_tanh)
            if fused is not None:
                steps[position], steps[at] = None, fused
                maker[fused.out] = at
                break
    return prune(replace(graph, steps=tuple(s for s in steps if s is not None)))


def _only_scales(producer: Layer, consumer: Layer) -> bool:
    return producer.weights is not None and all(
        _affine(op) is not None for op in take_apart(producer) + take_apart(consumer)
    )


def fold_scales(graph: Graph) -> Graph:
    """Fold batch normalisations and other constant scales and shifts into the weights and bias before them."""
    return _fuse_where(graph, only_scales=True)


def fuse(graph: Graph) -> Graph:
    """Fuse activation, residual sum and pooling into the layers that produce their operands."""
    return _fuse_where(graph, only_scales=False)


def absorb_padding(graph: Graph) -> Graph:
    """Let readers pad for themselves instead of reading a padded copy."""
    for name in [lay.name for lay in graph.layers]:
        pad = next((lay for lay in graph.layers if lay.name == name), None)
        if pad is None or not _only_pads(pad, graph.maps[pad.source]) or pad.out in graph.aliases:
            continue
        steps: list[Step] = []
        for step in graph.steps:
            if isinstance(step, Layer) and step.source == pad.out and not step.low_padding:
                w = step.window
                moved = replace(w, pad_top=w.pad_top + pad.window.pad_top, pad_left=w.pad_left + pad.window.pad_left)
                step = replace(step, source=pad.source, window=moved, nodes=step.nodes + pad.nodes)  # noqa: PLW2901
            steps.append(step)
        graph = prune(replace(graph, steps=tuple(steps)))
    return graph


def _only_pads(layer: Layer, source: FeatureMap) -> bool:
    """Return whether a layer does nothing but copy its source with zeros around it."""
    w = layer.window
    plain = w == Window(pad_top=w.pad_top, pad_left=w.pad_left, out_h=w.out_h, out_w=w.out_w)
    return (
        plain
        and layer.weights is None
        and not take_apart(layer)
        and ((w.out_h, w.out_w) != (source.height, source.width))
    )


def absorb_subsampling(graph: Graph) -> Graph:
    """Read a residual operand with a stride instead of subsampling it first (a 1 x 1 pooling with a stride)."""
    for sub in graph.layers:
        w = sub.window
        if take_apart(sub) or sub.weights is not None or (w.sh, w.sw) == (1, 1) or sub.out in graph.aliases:
            continue
        if w != Window(sh=w.sh, sw=w.sw, out_h=w.out_h, out_w=w.out_w):
            continue
        operand = MapOperand(sub.source, w.sh, w.sw)
        if any(isinstance(s, Layer) and s.source == sub.out for s in graph.steps):
            continue
        plain = MapOperand(sub.out)
        steps: list[Step] = []
        for step in graph.steps:
            if isinstance(step, Layer):
                ops = take_apart(step)
                moved = (
                    [replace(o, operand=operand) if isinstance(o, Mul | Add) and o.operand == plain else o for o in ops]
                    if any(isinstance(o, Mul | Add) and isinstance(o.operand, MapOperand) for o in ops)
                    else ops
                )
                if any(a is not b for a, b in zip(ops, moved, strict=True)):
                    packed = pack(moved)
                    assert packed is not None
                    step = replace(  # noqa: PLW2901
                        step, pre=packed[0], reduce=packed[1], post=packed[2], nodes=step.nodes + sub.nodes
                    )
            steps.append(step)
        graph = prune(replace(graph, steps=tuple(steps)))
    return graph
