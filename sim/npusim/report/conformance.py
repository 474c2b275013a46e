"""The `onnx` package's own backend tests against the simulated machine: passed, failed, refused, and why."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import numpy_helper

from npusim.backend import prepare
from npusim.config import NpuConfig
from npusim.errors import NpuError
from npusim.report.accuracy import sqnr_db

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
Verdict = Literal["passed", "quantised", "runtime", "failed", "refused"]
VERDICTS: tuple[Verdict, ...] = ("passed", "quantised", "runtime", "failed", "refused")
COLUMNS = ("passed on the NPU", "passed on the host", *VERDICTS[1:])
"""What a report counts apart: on the NPU means at least one operator of the test's model."""
QUANTISED_DB = 12.0
"""Least SQNR of a result that the NPU computed: block floating point leaves about 25 dB a product, few numbers less."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test.  reason: of a failure or refusal; on_npu: operators of it that ran on the NPU."""

    name: str
    kind: str
    verdict: Verdict
    reason: str = ""
    on_npu: int = 0


def cases(kinds: Iterable[str] = KINDS, match: str = "") -> list[Any]:
    """Return the package's test cases whose names hold `match`."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # casts and divisions by zero that the cases are about
        return [case for kind in kinds for case in load_model_tests(kind=kind) if match in case.name]


def run_case(case: Any, config: NpuConfig) -> Outcome:
    """Run one case with all of its data.

    passed: within the case's own tolerance; quantised: beyond it, but the NPU computed it and the SQNR is
    `QUANTISED_DB` or more; runtime: beyond it and nothing ran on the NPU, but ONNX Runtime computes the same from the
    model itself; refused: an `NpuError`, whose sentence is the reason.
    """
    try:
        model = case.model if case.model is not None else onnx.load(str(Path(case.model_dir) / "model.onnx"))
        machine = prepare(model, config=config)
        on_npu = sum(info.where == "npu" for info in machine.program.coverage)
        worst = np.inf
        for inputs, wanted in _data(case, model):
            found = machine.run(inputs)
            for got, want in zip(found, wanted, strict=True):
                problem = _different(got, want, case.rtol, case.atol)
                if problem and not (on_npu and got.dtype.kind == "f" and got.shape == np.shape(want)):
                    same = not on_npu and _same_as_onnx_runtime(model, inputs, found)
                    return Outcome(case.name, case.kind, "runtime" if same else "failed", problem, on_npu)
                if problem:
                    worst = min(worst, sqnr_db(want, got) if np.isfinite(want).all() else -np.inf)
    except NpuError as error:
        return Outcome(case.name, case.kind, "refused", " ".join(str(error).split()))
    if worst == np.inf:
        return Outcome(case.name, case.kind, "passed", "", on_npu)
    if worst >= QUANTISED_DB:
        return Outcome(case.name, case.kind, "quantised", f"SQNR {worst:.1f} dB", on_npu)
    return Outcome(case.name, case.kind, "failed", f"SQNR {worst:.1f} dB", on_npu)


def run_cases(found: list[Any], config: NpuConfig, step: Callable[[int, int, str], None]) -> list[Outcome]:
    """Run many cases; ONNX Runtime's own log is silent meanwhile: what it says comes back as an error."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    outcomes = []
    for number, case in enumerate(found):
        step(number, len(found), case.name)
        outcomes.append(run_case(case, config))
    onnxruntime.set_default_logger_severity(2)
    return outcomes


def column(outcome: Outcome) -> str:
    """Return the one of `COLUMNS` that counts an outcome."""
    return COLUMNS[0 if outcome.on_npu else 1] if outcome.verdict == "passed" else outcome.verdict


def reasons(outcomes: Iterable[Outcome], verdict: Verdict) -> Counter[str]:
    """Return the reasons of a verdict without the names that each case gives its values, and how often each occurs."""
    import re

    found: Counter[str] = Counter()
    for one in outcomes:
        if one.verdict == verdict:
            text = re.sub(r"'[^']*'", "…", one.reason.split(": ", 1)[-1])
            found[re.sub(r"\d+", "n", text)] += 1
    return found


def _data(case: Any, model: Any) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Yield (inputs by name, outputs) of each data set."""
    initial = {tensor.name for tensor in model.graph.initializer}
    entries = [entry for entry in model.graph.input if entry.name not in initial]
    if case.data_sets is not None:
        for inputs, outputs in case.data_sets:
            yield {e.name: _array(x) for e, x in zip(entries, inputs, strict=False)}, [_array(y) for y in outputs]
        return
    for folder in sorted(Path(case.model_dir).glob("test_data_set_*")):
        read = {
            kind: [_load(path, info) for at, info in enumerate(infos) if (path := folder / f"{kind}_{at}.pb").exists()]
            for kind, infos in (("input", list(model.graph.input)), ("output", list(model.graph.output)))
        }
        given = dict(zip([entry.name for entry in model.graph.input], read["input"], strict=False))
        yield {name: array for name, array in given.items() if name not in initial}, read["output"]


def _same_as_onnx_runtime(model: Any, inputs: dict[str, Any], found: Sequence[Any]) -> bool:
    """Return whether ONNX Runtime computes these outputs from the whole model, bit for bit."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    alone = session.run(None, inputs)
    return all(np.array_equal(got, want, equal_nan=True) for got, want in zip(found, alone, strict=True))


def _load(path: Path, info: Any) -> Any:
    if info.type.WhichOneof("value") != "tensor_type":
        raise NpuError(f"{info.name}: is a {info.type.WhichOneof('value')}, expected a tensor")
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return _array(tensor)


def _array(value: Any) -> Any:
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if not isinstance(value, np.ndarray | np.generic):
        raise NpuError(f"the case holds a {type(value).__name__}, expected a tensor")
    return np.asarray(value)


def _different(got: Any, want: Any, rtol: float, atol: float) -> str:
    if got.shape != want.shape:
        return f"shape {got.shape}, expected {want.shape}"
    if got.dtype != want.dtype:
        return f"type {got.dtype}, expected {want.dtype}"
    if want.dtype.kind not in "fc":
        return "" if np.array_equal(got, want) else "values differ"
    if np.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True):
        return ""
    with np.errstate(invalid="ignore", over="ignore"):
        return f"values differ by up to {np.nanmax(np.abs(got.astype(np.float64) - want.astype(np.float64))):.3g}"
