"""The check: plain Python, numba and the Verilog of a kernel on the same operands; the first difference, decoded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npusim_hls.kernel import Instance
from npusim_hls.numba_executor import compile_numba
from npusim_hls.rtl_executor import RtlResult, simulate
from npusim_hls.vectors import exhaustive, leaves_of, operands
from npusim_hls.widths import Tuple, Type, build, flatten, scalars


@dataclass(frozen=True, slots=True)
class Verdict:
    """One executor on one kernel: `problem` is None when it agrees with plain Python on every operand set."""

    kernel: str
    executor: str
    sets: int
    exhaustive: bool
    seconds: float
    problem: str | None


def run_plain(instance: Instance, sets: Sequence[Sequence[int]]) -> list[list[int]]:
    """The executable specification."""
    group = Tuple(tuple(instance.inputs.values()))
    return [flatten(instance(*build(list(values), group)), instance.output) for values in sets]


def run_numba(instance: Instance, sets: Sequence[Sequence[int]]) -> list[list[int] | None]:
    columns = np.array(sets, dtype=np.int64).T
    results = compile_numba(instance)(*columns)
    return [[int(value) for value in row] for row in np.stack(results).T]


def check(
    instances: Sequence[Instance],
    executors: Sequence[str],
    *,
    count: int = 4000,
    seed: int = 1,
    waves: Path | None = None,
) -> list[Verdict]:
    """Compare each executor ("numba", "verilator", "icarus") with plain Python on every kernel.

    count: random operand sets beside the corners; waves: file for the waveform of the RTL executor. Raises HlsError
    when a tool is missing; a difference is a Verdict with a problem.
    """
    work = [(instance, operands(instance, count, seed)) for instance in instances]
    verdicts, wanted = [], []
    for instance, sets in work:
        start = time.perf_counter()
        wanted.append(run_plain(instance, sets))
        seconds = time.perf_counter() - start
        verdicts.append(Verdict(instance.name, "python", len(sets), exhaustive(instance), seconds, None))
    for executor in executors:
        start = time.perf_counter()
        rtl: list[RtlResult | None] = [None] * len(work)
        if executor != "numba":
            rtl = [*simulate(work, executor, seed=seed, waves=waves)]
        for (instance, sets), want, found in zip(work, wanted, rtl, strict=True):
            got = run_numba(instance, sets) if found is None else found.outputs
            problem = compare(instance, executor, sets, want, got) or (latency_problem(instance, executor, found))
            seconds = time.perf_counter() - start
            verdicts.append(Verdict(instance.name, executor, len(sets), exhaustive(instance), seconds, problem))
            start = time.perf_counter()
    return verdicts


def latency_problem(instance: Instance, executor: str, found: RtlResult | None) -> str | None:
    if found is None or found.latencies == [found.latency]:
        return None
    return f"{instance.name}: {executor} took {found.latencies} cycles; the schedule says {found.latency}"


def compare(
    instance: Instance,
    executor: str,
    sets: Sequence[Sequence[int]],
    want: Sequence[Sequence[int]],
    got: Sequence[Sequence[int] | None],
) -> str | None:
    """The first difference as a sentence, or None."""
    for position, (values, good, other) in enumerate(zip(sets, want, got, strict=False)):
        if other is None or list(good) != list(other):
            shown = "unknown bits" if other is None else decode(instance, instance.outputs, other)
            return (
                f"{instance.name}: operand set {position}: {decode(instance, instance.inputs, values)} gives "
                f"{decode(instance, instance.outputs, good)} in plain Python, {shown} in {executor}"
            )
    if len(got) != len(want):
        return f"{instance.name}: {executor} gave {len(got)} results for {len(want)} operand sets"
    return None


def decode(instance: Instance, types: dict[str, Type], leaves: Sequence[int]) -> str:
    """`a=0x3c00 (1.0), overflow=0`: each port by name, words of the kernel's float format also as numbers."""
    parts, position = [], 0
    for name, type_ in types.items():
        kinds = scalars(type_)
        shown = [word(instance, kind.width, value) for kind, value in zip(kinds, leaves[position:], strict=False)]
        parts.append(f"{name}={shown[0]}" if not isinstance(type_, Tuple) else f"{name}=[{', '.join(shown)}]")
        position += len(kinds)
    return ", ".join(parts)


def word(instance: Instance, width: int, value: int) -> str:
    for prefix in ("", "to_"):
        e, f = instance.parameters.get(f"{prefix}e"), instance.parameters.get(f"{prefix}f")
        if isinstance(e, int) and isinstance(f, int) and width == 1 + e + f and value >= 0:
            return f"0x{value:0{(width + 3) // 4}x} ({number(value, e, f):g})"
    return f"0x{value:x}" if width > 8 and value >= 0 else str(value)


def number(value: int, e: int, f: int) -> float:
    """A float word as the datapath reads it: subnormals are zero."""
    exponent, sign = value >> f & ((1 << e) - 1), -1.0 if value >> (e + f) else 1.0
    if exponent == 0:
        return sign * 0.0
    return sign * (1 + (value & ((1 << f) - 1)) / (1 << f)) * 2.0 ** (exponent - (1 << (e - 1)) + 1)


__all__ = ["Verdict", "check", "compare", "decode", "leaves_of"]
