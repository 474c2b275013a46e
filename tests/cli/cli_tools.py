"""What the tests of the command line share: calls and what they say, folders, small ONNX models, good and bad."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class Said:
    """What a call gave."""

    status: int
    out: str
    err: str


Call = Callable[..., Said]


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file below a folder with its size and time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (stat.st_size, stat.st_mtime_ns if path.is_file() else 0)
    return found


def spawn(*args: object, cwd: Path, code: str = "from npusim.cli import main; main()") -> subprocess.Popen[str]:
    """Start the command line as a process of its own."""
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def model(
    nodes: list[Any],
    inputs: dict[str, tuple[Any, ...]],
    outputs: list[str],
    weights: dict[str, np.ndarray] | None = None,
    opset: int = 17,
    domain: str = "",
) -> Any:
    """Return a model; shapes may hold names."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    made = helper.make_model(graph, opset_imports=opsets)
    made.ir_version = 8
    return made


def save(made: Any, path: Path) -> Path:
    """Write a model as it is, checked by nobody."""
    path.write_bytes(made.SerializeToString())
    return path


def dense(path: Path, weights: np.ndarray, shape: tuple[Any, ...] = (1, 4)) -> Path:
    """Write a model of one matrix product."""
    node = helper.make_node("Gemm", ["x", "w"], ["y"], name="fc", transB=1)
    return save(model([node], {"x": shape}, ["y"], {"w": weights}), path)


def external(path: Path, **info: object) -> Path:
    """Write a matrix product whose weights are said to be in another file."""
    made = onnx.load(dense(path, np.ones((3, 4), np.float32)))
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in info.items():
        tensor.external_data.add(key=key, value=str(value))
    return save(made, path)


def residual(channels: int = 12, size: int = 6) -> Any:
    """Return a small residual network that fits the `tiny` machines; its last node is for the host."""
    rng = np.random.default_rng(1)

    def draw(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)

    weights = {"w1": draw(channels, 3, 3, 3), "w2": draw(channels, channels, 3, 3), "w3": draw(5, channels)}
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], name="net/conv1", pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r1"], name="net/relu1"),
        helper.make_node("MaxPool", ["r1"], ["p1"], name="net/pool1", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p1", "w2"], ["c2"], name="net/conv2", pads=[1] * 4),
        helper.make_node("Add", ["c2", "p1"], ["a"], name="net/add"),
        helper.make_node("Relu", ["a"], ["r2"], name="net/relu2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["g"], name="net/pool2"),
        helper.make_node("Flatten", ["g"], ["f"], name="net/flatten"),
        helper.make_node("Gemm", ["f", "w3"], ["l"], name="net/logits", transB=1),
        helper.make_node("Softmax", ["l"], ["y"], name="net/softmax", axis=1),
    ]
    return model(nodes, {"x": (1, 3, size, size)}, ["y"], weights)
