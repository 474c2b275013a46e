"""How far a run is from float32, where that comes from, and whether it equals the golden model.

SQNR is 10 log10(sum x^2 / sum (y - x)^2) over a tensor: x in float32 by ONNX Runtime, y from the machine.

What bounds it: every product quantises both operands to block floating point.  A value of a block whose largest
magnitude has exponent E is off by at most half a step of 2^(E - m + 1), by step^2 / 12 in the mean, with m mantissa
bits.  What that does to this network, on this input, is found by another way than the machine's: the same network in
float32 with nothing but these operands quantised (`emulate`).  The comparison fails where a tensor that leaves the NPU
is `TOLERANCE_DB` worse than that, and more where it has few elements.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.config import NpuConfig
from npusim.numerics import to_f16_bits
from npusim.program import Program
from npusim.report.reference import Reference
from npusim.runtime import RunResult, Tensors

F32 = npt.NDArray[np.float32]

F16_MAX = 65504

TOLERANCE_DB = 6.0
"""How far below the emulation's SQNR a large tensor may be: one mantissa bit.  Two ways of rounding give noise of the
same power at first, but a deep network amplifies some of it more than other."""

FEW_DB = 20.0
"""Divided by the root of the number of elements and added to the tolerance: the power of few samples varies much (of
10 elements by 6 dB, of 1000 by 0.6)."""

LEAST_DB = 1.0
"""No tensor passes below this, whatever the emulation gives: a tensor of zeros has 0 dB."""

WEAK_DB = 6.0
"""Below this the noise has a quarter of the signal's power or more, and an SQNR says little about correctness."""

FLOAT16_DB = 40.0
"""No tensor has to be better than this: rounding every step to float16 gives about 60 dB."""


def sqnr_db(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """Return the ratio of x's power to that of y - x in decibels; infinite if they are equal."""
    a, b = np.asarray(x, np.float64).reshape(-1), np.asarray(y, np.float64).reshape(-1)
    noise, signal = float(np.sum((b - a) ** 2)), float(np.sum(a**2))
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def block_noise(mantissa: int, block: int) -> float:
    """Return the relative noise power of normally distributed values in blocks: step^2 / 12 over the variance.

    The largest of n normal magnitudes is about sqrt(2 ln n) deviations; its exponent's power of two lies below it by a
    factor that is log-uniform in 1..2, whose mean inverse square is 3 / (8 ln 2).
    """
    largest = max(1.0, 2 * math.log(max(block, 2)))
    step = 2.0 ** (1 - mantissa)
    return largest * 3 / (8 * math.log(2)) * step**2 / 12


def expected_sqnr(config: NpuConfig, depth: int) -> float:
    """Return what `depth` products in a row leave of normally distributed values, in decibels; infinite for none."""
    each = block_noise(config.act_mantissa, config.block) + block_noise(config.weight_mantissa, config.block)
    return -10 * math.log10(depth * each) if depth else math.inf


@dataclass(frozen=True, slots=True)
class Compared:
    """One tensor against float32.  sqnr_db: None if equal; top1_agrees: None where there are no classes."""

    name: str
    max_abs: float
    sqnr_db: float | None
    top1_agrees: bool | None
    expected_db: float | None = None  # of the emulation
    least_db: float | None = None  # below this the comparison fails; None: told, not judged

    @property
    def failed(self) -> bool:
        """True if it is judged and too far off."""
        return self.least_db is not None and self.sqnr_db is not None and self.sqnr_db < self.least_db


@dataclass(frozen=True, slots=True)
class LayerCheck:
    """One layer's output: sqnr_db of the machine, bfp_db of the emulation, which is what bounds it."""

    name: str
    tensor: str
    max_abs: float
    sqnr_db: float | None
    bfp_db: float | None


@dataclass(frozen=True, slots=True)
class Check:
    """The result of `--check`."""

    outputs: tuple[Compared, ...]
    sent: tuple[Compared, ...]
    layers: tuple[LayerCheck, ...]
    config: NpuConfig
    beyond: tuple[str, float] | None = None  # first tensor that leaves float16's range in float32, and how far

    def failures(self) -> list[str]:
        """Return what is too far off, one sentence each."""
        why = "" if self.beyond is None else f" ({self._beyond()})"
        return [
            f"{row.name}: SQNR {_db(row.sqnr_db)} is below {row.least_db:.1f} dB{why}"
            for row in self.judged()
            if row.failed
        ]

    def _beyond(self) -> str:
        assert self.beyond is not None
        name, largest = self.beyond
        return f"in float32 {name} reaches {largest:.3g}, and the machine's float16 saturates at {F16_MAX}"

    def judged(self) -> tuple[Compared, ...]:
        """The tensors that the comparison is about: those that leave the NPU, else the outputs."""
        return self.sent or self.outputs

    def to_json(self) -> dict[str, Any]:
        """Return the report's `check`: the worst output in front, everything behind."""
        known = [row.sqnr_db for row in self.outputs if row.sqnr_db is not None]
        agree = [row.top1_agrees for row in self.outputs if row.top1_agrees is not None]
        return {
            "max_abs": max((row.max_abs for row in self.outputs), default=0.0),
            "sqnr_db": min(known) if known else None,
            "top1_agrees": all(agree) if agree else None,
            "passed": not self.failures(),
            "beyond_float16": None if self.beyond is None else {"tensor": self.beyond[0], "largest": self.beyond[1]},
            "outputs": [dataclasses.asdict(row) for row in self.outputs],
            "sent": [dataclasses.asdict(row) for row in self.sent],
            "layers": [dataclasses.asdict(row) for row in self.layers],
        }

    def lines(self) -> list[str]:
        """Return the comparison as text."""
        from npusim.cli.tables import short_names, table

        names = short_names([row.name for row in self.layers])
        body = [
            [name, _db(row.sqnr_db), "" if row.bfp_db is None else _db(row.bfp_db), f"{row.max_abs:.4g}"]
            for name, row in zip(names, self.layers, strict=True)
        ]
        lines = table(("layer against float32", "SQNR", "BFP alone", "max abs"), body, "<>>>") if body else []
        lines += ["", *(f"output {_compared(row)}" for row in self.outputs)]
        lines += [f"leaves the NPU: {_compared(row)}" for row in self.sent]
        c = self.config
        each = expected_sqnr(c, 1)
        lines += [
            f"What bounds it: {c.act_mantissa} mantissa bits for activations and {c.weight_mantissa} for weights in "
            f"blocks of {c.block}, about {each:.0f} dB a product, added up",
            "  along the network. BFP alone: the same network in float32 with only these operands quantised.",
        ]
        if self.beyond is not None:
            lines.append(f"  What bounds it here: {self._beyond()}.")
        weak = [row for row in self.judged() if row.expected_db is not None and row.expected_db < WEAK_DB]
        if weak:
            lines.append(
                f"  At {weak[0].name} quantisation alone leaves {weak[0].expected_db:.1f} dB: this network with this "
                "input amplifies noise, and SQNR says little here."
            )
        return lines


def _compared(row: Compared) -> str:
    text = f"{row.name}: SQNR {_db(row.sqnr_db)}, max abs {row.max_abs:.4g}"
    if row.top1_agrees is not None:
        text += f", top-1 {'agrees' if row.top1_agrees else 'differs'}"
    if row.least_db is not None:
        expected = "" if row.expected_db is None else f"; BFP alone gives {row.expected_db:.1f} dB"
        text += f" (at least {row.least_db:.1f} dB to pass{expected})"
    return text


def _db(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f} dB"


def compare(program: Program, source: Path | Any, inputs: Tensors, result: RunResult, least: float | None) -> Check:
    """Compare a run with ONNX Runtime in float32 on the same inputs.

    source: the model, a path or a ModelProto; least: decibels below which a tensor that leaves the NPU fails, by
    default `TOLERANCE_DB` less than the emulation's.  Raises `ModelError`.
    """
    from npusim.compiler.front.importer import load_model
    from npusim.report.emulate import emulate

    model = load_model(source)
    made = {name for node in model.graph.node for name in node.output if name}
    table = {int(k): v for k, v in program.metadata.get("tensors", {}).items()}
    names = [info.name for info in program.outputs]
    inner = sorted(({out for out, _ in table.values()} | set(result.sent)) & made - set(names))
    reference = _reference(model, inputs, names, inner)
    on_npu = {info.name for info in program.coverage if info.where == "npu"}
    emulated = emulate(model, on_npu, program.config, inputs, set(inner) | set(names)) or {}
    bound = {n: sqnr_db(reference[n], y) for n, y in emulated.items() if reference[n].dtype.kind == "f"}
    depth = program.metadata.get("depth", {})

    def judge(row: Compared) -> Compared:
        theory = expected_sqnr(program.config, int(depth.get(row.name, 0)))
        expected = bound.get(row.name)  # None: a network that cannot be emulated, a recurrent one
        few = FEW_DB / math.sqrt(max(1, reference[row.name].size))
        best = theory if expected is None else expected
        limit = max(LEAST_DB, min(best - TOLERANCE_DB - few, FLOAT16_DB)) if least is None else least
        return dataclasses.replace(row, expected_db=None if expected is None else _finite(expected), least_db=limit)

    outputs = [_compare(n, reference[n], result.outputs[n]) for n in names]
    sent = [judge(_compare(n, reference[n], y)) for n, y in result.sent.items() if n in reference]
    if not sent and least is not None:
        outputs = [judge(row) for row in outputs]
    layers = tuple(_layers(program, table, reference, result, bound))
    return Check(tuple(outputs), tuple(sent), layers, program.config, _first_beyond(reference, [*table.values()]))


def _first_beyond(reference: Tensors, table: list[Any]) -> tuple[str, float] | None:
    """Return the first layer's tensor that float16 cannot hold, and its largest magnitude."""
    for out, _ in table:
        x = reference.get(out)
        if x is not None and x.dtype.kind == "f" and x.size and (largest := float(np.max(np.abs(x)))) > F16_MAX:
            return out, largest
    return None


def _reference(model: Any, inputs: Tensors, names: list[str], inner: list[str]) -> Tensors:
    """Run the model with inner tensors as further outputs; the model is left as it was."""
    from onnx import ValueInfoProto

    count = len(model.graph.output)
    model.graph.output.extend(ValueInfoProto(name=name) for name in inner)
    try:
        return Reference(model).run(inputs, [*names, *inner])
    finally:
        del model.graph.output[count:]


def _compare(name: str, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Compared:
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    classes = (a.ndim > 0 and a.size == a.shape[-1] > 1) or (a.ndim == 4 and a.size == a.shape[1] > 1)
    top1 = bool(np.argmax(a) == np.argmax(b)) if classes else None
    return Compared(name, float(np.max(np.abs(a - b), initial=0.0)), _finite(sqnr_db(a, b)), top1)


def _finite(value: float) -> float | None:
    """JSON has no infinity: equal tensors have no ratio, and a silent reference counts as 0 dB or worse."""
    return None if value == math.inf else max(value, -300.0)


# ---- layers --------------------------------------------------------------------------------------------------------


def _layers(
    program: Program, table: dict[int, Any], reference: Tensors, result: RunResult, bound: dict[str, float]
) -> list[LayerCheck]:
    found = []
    for node, (out, _) in table.items():
        x, y = reference.get(out), result.layers.get(node)
        if x is None or y is None or x.dtype.kind != "f" or not _canonical(x.shape, y.shape):
            continue
        a = np.asarray(x, np.float32).reshape(y.shape)
        worst = float(np.max(np.abs(a - y), initial=0.0))
        bfp = _finite(bound[out]) if out in bound else None
        found.append(LayerCheck(program.nodes[node].layer, out, worst, _finite(sqnr_db(a, y)), bfp))
    return found


def _canonical(shape: tuple[int, ...], layer: tuple[int, ...]) -> bool:
    """True if an ONNX tensor lies in a layer's map in order: (1, C, H, W), or (1, C) of a 1 x 1 map."""
    return shape == (1, *layer) or (shape == (1, layer[0]) and layer[1:] == (1, 1))


# ---- the golden model ----------------------------------------------------------------------------------------------


def compare_golden(program: Program, fast: RunResult, golden: RunResult) -> list[str]:
    """Return every difference between two runs that should be equal bit for bit, the first element decoded."""
    found = []
    pairs = [(f"tensor {n!r}", fast.sent[n], golden.sent[n]) for n in fast.sent]
    pairs += [(f"output {n!r}", fast.outputs[n], golden.outputs[n]) for n in fast.outputs if n not in fast.sent]
    for name, a, b in pairs:
        left, right = np.ascontiguousarray(a), np.ascontiguousarray(b)
        unequal = left.reshape(-1).view(np.uint8).reshape(left.size, -1) != right.reshape(-1).view(np.uint8).reshape(
            right.size, -1
        )
        if unequal.any():
            at = int(np.argmax(unequal.any(axis=1)))
            place = ", ".join(str(int(i)) for i in np.unravel_index(at, left.shape))
            count = int(np.count_nonzero(unequal.any(axis=1)))
            found.append(
                f"{name}[{place}] is {_decoded(left.reshape(-1)[at])}, the golden model has "
                f"{_decoded(right.reshape(-1)[at])} ({count} of {left.size} elements differ)"
            )
    if fast.overflow != golden.overflow:
        found.append(f"the overflow flag is {int(fast.overflow)}, the golden model has {int(golden.overflow)}")
    return found


def _decoded(value: Any) -> str:
    """Return a value with its float16 bits."""
    if np.asarray(value).dtype.kind != "f":
        return str(value)
    bits = int(to_f16_bits(np.array([value], np.float32))[0])
    return f"{float(value):.6g} (0x{bits:04x})"
