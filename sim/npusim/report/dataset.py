"""Accuracy over a data set: float32 against block floating point, and which layer costs most.

A layer's own cost is the SQNR of what leaves the NPU when nothing but that layer's operands is quantised, by the
emulation of `report.emulate`; `None` where that cannot rewrite the layer (recurrent ones).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.compiler.ir import TensorInfo
from npusim.config import NpuConfig
from npusim.errors import InputError
from npusim.program import Program
from npusim.report.accuracy import F16_MAX
from npusim.report.emulate import emulate, quantise
from npusim.report.reference import Reference
from npusim.runtime import Session, Tensors

WIDTHS = range(2, 8)
"""Mantissa widths that the machine can have."""

Step = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class DataSet:
    """Inputs by name, each with samples in front, and int64[n] labels."""

    name: str
    inputs: Tensors
    labels: npt.NDArray[np.int64]

    def sample(self, at: int, expected: Iterable[TensorInfo]) -> Tensors:
        """Return the inputs of one sample in the model's shapes and dtypes."""
        return {i.name: self.inputs[i.name][at].reshape(i.shape).astype(i.dtype) for i in expected}


def checked(name: str, arrays: Tensors, expected: Iterable[TensorInfo]) -> DataSet:
    """Return a data set that fits the model's inputs; `arrays` holds each input and `labels`.  Raises `InputError`."""
    if "labels" not in arrays:
        raise InputError(f"{name}: has no array 'labels', got {', '.join(sorted(arrays)) or 'nothing'}")
    labels = arrays["labels"]
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size or labels.min() < 0:
        got = f"{labels.dtype} of shape {labels.shape}"
        raise InputError(f"{name}: labels are {got}, expected one whole number of 0 or more for each sample")
    for info in expected:
        if info.name not in arrays:
            raise InputError(f"{name}: has no array for input {info.name!r}")
        array = arrays[info.name]
        if len(array) != len(labels):
            raise InputError(f"{name}: {info.name!r} has {len(array)} samples, labels {len(labels)}")
        if math.prod(array.shape[1:]) != math.prod(info.shape):
            got, want = ("x".join(map(str, shape)) for shape in (array.shape[1:], info.shape))
            raise InputError(f"{name}: a sample of {info.name!r} is {got}, the model expects {want}")
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise InputError(f"{name}: {info.name!r} holds something else than finite numbers")
    return DataSet(name, arrays, labels.astype(np.int64))


@dataclass(slots=True)
class LayerStats:
    """One layer over the inspected samples.

    sqnr_db: of its output on the machine; alone_db: see the module; exponents: lowest and highest exponent of a block
    of its output; saturated: values at float16's limit; flushed: part of its nonzero values that its readers' block
    floating point turns into 0.
    """

    name: str
    signal: float = 0.0
    noise: float = 0.0
    low: int = 99
    high: int = -99
    values: int = 0
    nonzero: int = 0
    flushes: int = 0
    saturated: int = 0
    alone_db: float | None = None

    @property
    def sqnr_db(self) -> float:
        """Signal-to-quantisation-noise ratio over all samples."""
        return 10 * math.log10(self.signal / self.noise) if self.noise and self.signal else math.inf

    @property
    def flushed(self) -> float:
        """Part of the nonzero values."""
        return self.flushes / self.nonzero if self.nonzero else 0.0

    def add(self, x: npt.NDArray[Any], y: npt.NDArray[np.float32], config: NpuConfig) -> None:
        """Count one sample: x in float32 by ONNX Runtime, y: float32[C, H, W] of the machine."""
        a = np.asarray(x, np.float64).reshape(y.shape)
        self.signal += float(np.sum(a**2))
        self.noise += float(np.sum((y - a) ** 2))
        blocks = np.abs(y).reshape(y.shape[0], -1)
        pad = -len(blocks) % config.block
        largest = np.pad(blocks, [(0, pad), (0, 0)]).reshape(-1, config.block, blocks.shape[1]).max(axis=1)
        if largest.any():
            exponents = np.frexp(largest[largest > 0])[1] - 1
            self.low, self.high = min(self.low, int(exponents.min())), max(self.high, int(exponents.max()))
        self.values += y.size
        self.nonzero += int(np.count_nonzero(y))
        self.flushes += int(np.count_nonzero(y) - np.count_nonzero(quantise(y, config.act_mantissa, 0, config.block)))
        self.saturated += int(np.count_nonzero(np.abs(y) >= F16_MAX))


@dataclass(slots=True)
class Accuracy:
    """What a data set says about a program."""

    samples: int
    float32: int  # right
    npu: int  # right
    agree: int  # both gave the same class
    layers: list[LayerStats] = field(default_factory=list)
    repair: str = ""


def evaluate(program: Program, model: Any, data: DataSet, inspect: int, step: Step) -> Accuracy:
    """Run the data set on the machine and in ONNX Runtime; inspect: samples whose layers are looked at.

    The class of a sample is the largest element of the only output with one number a class.  Raises `InputError`.
    """
    session, table = Session(program), {int(k): v for k, v in program.metadata.get("tensors", {}).items()}
    made = {name for node in model.graph.node for name in node.output if name}  # the importer's own are not among them
    inner = sorted({out for out, _ in table.values()} & made - {info.name for info in program.outputs})
    reference = Reference(_with_outputs(model, inner))
    found = Accuracy(len(data.labels), 0, 0, 0)
    stats = {node: LayerStats(program.nodes[node].layer) for node in table}
    for at, label in enumerate(data.labels.tolist()):
        step(at, len(data.labels), "samples")
        inputs = data.sample(at, program.inputs)
        looked = at < inspect
        result = session.run(inputs, capture=looked)
        names = [info.name for info in program.outputs]
        exact = reference.run(inputs, [*names, *inner] if looked else names)
        ours, theirs = _class(result.outputs, label), _class({name: exact[name] for name in names}, label)
        found.float32 += theirs == label
        found.npu += ours == label
        found.agree += ours == theirs
        for node, (out, _) in table.items() if looked else ():
            if node in result.layers and out in exact and exact[out].size == result.layers[node].size:
                stats[node].add(exact[out], result.layers[node], program.config)
    found.layers = [row for row in stats.values() if row.values]
    return found


def costs(found: Accuracy, program: Program, model: Any, data: DataSet, samples: int, step: Step) -> None:
    """Fill in what each layer costs alone, and which width would repair the worst."""
    layers = {row.name: row for row in found.layers}
    nodes = {row.layer: set(row.nodes) for row in program.nodes if row.layer in layers and row.macs}
    inputs = [data.sample(at, program.inputs) for at in range(min(samples, len(data.labels)))]
    made = {name for node in model.graph.node for name in node.output if name}
    wanted = {port.tensor for port in program.io if port.direction == "out"} & made  # before a host's Softmax, say
    if not wanted:
        return
    exact = [Reference(_with_outputs(model, sorted(wanted))).run(x, sorted(wanted)) for x in inputs]

    def alone(layer: str, config: NpuConfig) -> float | None:
        signal = noise = 0.0
        for x, reference in zip(inputs, exact, strict=True):
            quantised = emulate(model, nodes[layer], config, x, wanted)
            if quantised is None:
                return None
            for name, y in quantised.items():
                signal += float(np.sum(np.asarray(reference[name], np.float64) ** 2))
                noise += float(np.sum((np.asarray(y, np.float64) - reference[name]) ** 2))
        return 10 * math.log10(signal / noise) if noise and signal else None

    for number, layer in enumerate(nodes):
        step(number, len(nodes), "layers")
        layers[layer].alone_db = alone(layer, program.config)
    known = sorted((row.alone_db, row.name) for row in found.layers if row.alone_db is not None)
    if len(known) < 2:
        return
    (worst, name), (second, _) = known[0], known[1]
    mantissa = max(program.config.act_mantissa, program.config.weight_mantissa)
    text = f"the costliest layer is {name}: alone it leaves {worst:.1f} dB, the next one {second:.1f} dB"
    for width in range(mantissa + 1, max(WIDTHS) + 1):
        better = alone(name, replace(program.config, act_mantissa=width, weight_mantissa=width))
        if better is not None and better >= second:
            found.repair = f"{text}; {width} mantissa bits in that layer would leave {better:.1f} dB"
            return
    found.repair = f"{text}; no width up to {max(WIDTHS)} bits brings it to the next one's level"


def at_width(config: NpuConfig, width: int) -> NpuConfig:
    """Return the machine with other mantissas, on no device."""
    return replace(
        config, name=f"{config.name} with {width} bits", device="none", act_mantissa=width, weight_mantissa=width
    )


def _class(outputs: Tensors, label: int) -> int:
    rows = [array for array in outputs.values() if array.size == max(array.shape, default=0) > 1]
    if len(rows) != 1:
        raise InputError(f"the model has {len(rows)} outputs with one number a class, accuracy needs one")
    if label >= rows[0].size:
        raise InputError(f"the data's labels reach {label}, the model has {rows[0].size} classes")
    return int(np.argmax(rows[0]))


def _with_outputs(model: Any, names: Iterable[str]) -> Any:
    from onnx import ValueInfoProto

    copy = type(model)()
    copy.CopyFrom(model)
    there = {output.name for output in copy.graph.output}
    copy.graph.output.extend(ValueInfoProto(name=name) for name in names if name not in there)
    return copy
