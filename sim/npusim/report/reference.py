"""What the simulated machine is compared with: ONNX Runtime on this computer, and published latencies."""

from __future__ import annotations

import os
import sys
from importlib import resources
from pathlib import Path
from typing import Any

from npusim.errors import ModelError
from npusim.report.account import Compared
from npusim.runtime import Tensors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Reference:
    """A model in ONNX Runtime, float32 on the CPU; threads: 0 for as many as it likes.

    source: path of the file (external data beside it), or a ModelProto.  Raises `ModelError`.
    """

    def __init__(self, source: Path | Any, threads: int = 1) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        blob = str(source) if isinstance(source, Path) else source.SerializeToString()
        try:
            self.session = ort.InferenceSession(blob, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"ONNX Runtime cannot load the model: {last_line(error)}") from None

    def run(self, inputs: Tensors, outputs: list[str] | None = None) -> Tensors:
        """Return outputs by name."""
        names = outputs or [o.name for o in self.session.get_outputs()]
        try:
            values = self.session.run(names, inputs)
        except Exception as error:
            raise ModelError(f"ONNX Runtime cannot run the model: {last_line(error)}") from None
        return dict(zip(names, values, strict=True))


def last_line(error: Exception) -> str:
    """Return the last line of an exception's text, which is what ONNX Runtime has to say."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip()


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def published(model: str) -> list[Compared]:
    """Return published latencies of a model by its graph's name."""
    text = (resources.files("npusim.report") / "published.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["row"]
    return [Compared(r["what"], float(r["ms"]), r["note"]) for r in rows if model in r["models"]]
