"""Execute a `Graph` in float32 NumPy, stage by stage as the IR's docstrings say: the oracle of the front end's tests.

Slow and plain on purpose, and independent of the compiler: it imports nothing but the node types.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

from npusim.compiler.ir import (
    ConstOperand,
    Graph,
    HostStep,
    Layer,
    MapOperand,
    Mfu,
    Receive,
    Recurrent,
    Reduce,
    Send,
    View,
)

LOW = np.float32(-65504)


def session(model: bytes) -> onnxruntime.InferenceSession:
    """Return a quiet single-threaded session that runs the graph as it is; its fusions have had faults."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def reference(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return ONNX Runtime's outputs; the `onnx` package's where an older ONNX Runtime averages wrongly.

    The last one for Python 3.10 is 1.23: windows cut short by padding or by ceil_mode, from opset 19 on.
    """
    version = tuple(int(part) for part in onnxruntime.__version__.split(".")[:2])
    averages = any(node.op_type == "AveragePool" for node in model.graph.node)
    if version < (1, 24) and averages and model.opset_import[0].version >= 19:
        evaluator = ReferenceEvaluator(model)
        return dict(zip(evaluator.output_names, evaluator.run(None, feeds), strict=True))
    sess = session(model.SerializeToString())
    names = [o.name for o in sess.get_outputs()]
    return dict(zip(names, sess.run(names, feeds), strict=True))


class Interpreter:
    """State of one execution: tensors on the host, maps[height, width, channels] on the NPU."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tensors: dict[str, np.ndarray] = {}
        self.maps: dict[str, np.ndarray] = {}
        for name, m in graph.maps.items():
            if name not in graph.aliases:
                self.maps[name] = np.full((m.height, m.width, m.channels), np.nan, np.float32)
        for name, (owner, first) in graph.aliases.items():
            skip = sum(graph.maps[owner].segments[:first])
            self.maps[name] = self.maps[owner][:, :, skip : skip + graph.maps[name].channels]

    def index(self, view: View) -> np.ndarray:
        m = self.graph.maps[view.map]
        if view.index is not None:
            return view.index
        at = np.arange(m.elements).reshape(m.height, m.width, m.channels).transpose(2, 0, 1)
        return at.reshape(view.shape)

    def run(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.tensors.update(feeds)
        for step in self.graph.steps:
            if isinstance(step, Layer):
                self.layer(step)
            elif isinstance(step, Recurrent):
                self.recurrent(step)
            elif isinstance(step, HostStep):
                given = {n: self.tensors[n] for n in step.inputs}
                made = session(step.model).run(list(step.outputs), given)
                self.tensors.update(zip(step.outputs, made, strict=True))
            elif isinstance(step, Send):
                value = self.maps[step.view.map].reshape(-1)[self.index(step.view)]
                assert not np.isnan(value).any(), f"{step.tensor} is sent before it is written"
                self.tensors[step.tensor] = value.astype(step.dtype)
            elif isinstance(step, Receive):
                flat = self.maps[step.view.map].reshape(-1).copy()
                flat[self.index(step.view)] = self.tensors[step.tensor]
                self.maps[step.view.map][...] = flat.reshape(self.maps[step.view.map].shape)
        return {o.name: self.tensors[o.name] for o in self.graph.outputs}

    def layer(self, layer: Layer) -> None:
        source = self.maps[layer.source]
        assert not np.isnan(source).any(), f"{layer.name} reads {layer.source} before it is written"
        w = layer.window
        taps = []
        for i in range(w.kh):
            for j in range(w.kw):
                taps.append(
                    gather(
                        source,
                        np.arange(w.out_h) * w.sh + i * w.dh - w.pad_top,
                        np.arange(w.out_w) * w.sw + j * w.dw - w.pad_left,
                        LOW if layer.low_padding else np.float32(0),
                    )
                )
        window = np.stack(taps)  # [kh * kw, rows, cols, channels]
        if layer.weights is not None:
            stream = multiply(window, layer.weights, layer.groups)
        elif layer.reduce is not None and layer.reduce.axis == "window":
            stream = window
        else:
            assert len(taps) == 1
            stream = window[0]
        stream = self.unit(stream, layer.pre)
        if layer.reduce is not None:
            stream = reduce(stream, layer.reduce)
        stream = self.unit(stream, layer.post)
        self.maps[layer.out][...] = stream

    def recurrent(self, step: Recurrent) -> None:
        size = step.hidden
        given = self.maps[step.source].reshape(-1, step.gates, size)
        assert not np.isnan(given).any(), f"{step.name} reads {step.source} before it is written"
        out = np.zeros((len(given), size), np.float32)
        h, c = (self.state(operand, size) for operand in (step.h0, step.c0))
        weights = step.weights.reshape(step.gates, size, size)

        def clip(x: np.ndarray) -> np.ndarray:
            return np.clip(x, -step.clip, step.clip) if step.clip else x

        def sigm(x: np.ndarray) -> np.ndarray:
            return 1 / (1 + np.exp(-clip(x)))

        order = range(step.steps)
        for t in reversed(order) if step.reverse else order:
            if step.op == "LSTM":
                *gates, last = given[t] + weights @ h
                i, o = (sigm(x) for x in gates[-2:])
                c = (1 - i if step.coupled else sigm(gates[0])) * c + i * np.tanh(clip(last))
                h = o * np.tanh(c)
            else:
                u, r = (sigm(x) for x in given[t, :2] + weights[:2] @ h)
                inner = weights[2] @ h + (0 if step.bias is None else step.bias)
                n = r * inner if step.reset_after else weights[2] @ (r * h)
                h = u * np.tanh(clip(given[t, 2] + n)) + (1 - u) * h
            out[t] = h
        for name, value in ((step.out, out), (step.last_h, h), (step.last_c, c)):
            if name:
                self.maps[name][...] = value.reshape(self.maps[name].shape)

    def state(self, operand: ConstOperand | MapOperand | None, size: int) -> np.ndarray:
        if isinstance(operand, MapOperand):
            return self.maps[operand.map].reshape(-1)
        return np.zeros(size, np.float32) if operand is None else operand.values

    def unit(self, x: np.ndarray, mfu: Mfu) -> np.ndarray:
        if mfu.mul is not None:
            x = x * self.operand(mfu.mul, x)
        if mfu.addsub is not None:
            kind, b = mfu.addsub[0], self.operand(mfu.addsub[1], x)
            x = {"add": x + b, "a_sub_b": x - b, "b_sub_a": b - x, "max": np.maximum(x, b)}[kind]
        if mfu.act == "relu":
            x = np.maximum(x, 0)
        elif mfu.act == "clip":
            x = np.clip(x, *mfu.act_args)
        elif mfu.act == "lrelu":
            x = np.where(x < 0, mfu.act_args[0] * x, x)
        elif mfu.act == "sigm":
            x = 1 / (1 + np.exp(-x))
        elif mfu.act == "tanh":
            x = np.tanh(x)
        return x.astype(np.float32)

    def operand(self, operand: ConstOperand | MapOperand, x: np.ndarray) -> np.ndarray:
        rows, cols = x.shape[-3:-1]
        if isinstance(operand, MapOperand):
            other = self.maps[operand.map]
            return other[: (rows - 1) * operand.sh + 1 : operand.sh, : (cols - 1) * operand.sw + 1 : operand.sw]
        return operand.values.reshape(rows, cols, 1) if operand.per_position else operand.values


def gather(source: np.ndarray, rows: np.ndarray, cols: np.ndarray, outside: np.float32) -> np.ndarray:
    """Return source[rows, cols], `outside` where either lies outside the map."""
    inside = ((rows >= 0) & (rows < source.shape[0]))[:, None] & ((cols >= 0) & (cols < source.shape[1]))
    found = source[np.clip(rows, 0, source.shape[0] - 1)][:, np.clip(cols, 0, source.shape[1] - 1)]
    return np.where(inside[..., None], found, outside)


def multiply(window: np.ndarray, weights: np.ndarray, groups: int) -> np.ndarray:
    """Return window[taps, rows, cols, C] times weights[M, C / groups, kh, kw] as [rows, cols, M]."""
    count, depth = weights.shape[:2]
    flat = weights.reshape(count, depth, -1)
    out = np.zeros((*window.shape[1:3], count), np.float32)
    for g in range(groups):
        m = slice(g * count // groups, (g + 1) * count // groups)
        for tap in range(window.shape[0]):
            out[..., m] += window[tap][..., g * depth : (g + 1) * depth] @ flat[m, :, tap].T
    return out


def reduce(x: np.ndarray, r: Reduce) -> np.ndarray:
    """Return the reduction of a stream[rows, cols, C], or of windows[taps, rows, cols, C]."""
    best = np.max if r.op == "max" else np.sum
    if r.axis == "window":
        return best(x, axis=0)
    if r.axis == "all":
        return best(x, axis=(0, 1), keepdims=True)
    if r.axis == "rows":
        return reduce(x.swapaxes(0, 1), Reduce(r.op, "cols", r.n, r.overlap, r.head, r.tail, r.count)).swapaxes(0, 1)
    found, held, missing = [], [], r.head
    for col in range(x.shape[1]):
        held.append(x[:, col])
        if len(held) == missing:
            found.append(best(np.stack(held), axis=0))
            held, missing = (held[-1:] if r.overlap else []), r.n
    if r.tail:
        assert len(held) > r.overlap, "a tail without an element of its own"
        found.append(best(np.stack(held), axis=0))
    assert len(found) == r.count, f"{len(found)} windows, {r}"
    return np.stack(found, axis=1)
