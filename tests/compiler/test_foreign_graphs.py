"""Graphs that nobody here wrote, from file to machine, against ONNX Runtime: the `onnx` package's backend models with
weights drawn at random, and networks exported by PyTorch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.config import NpuConfig, load_config
from npusim.runtime import Session

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
DATA = Path(__file__).parent.parent / "data"

FINE = dataclasses.replace(
    load_config("arria10"), device="none", weight_mantissa=7, act_mantissa=7, sigmoid_tanh_0=True, sigmoid_tanh_1=True
)
"""The same machine with the longest mantissas: less noise, so that a wrong layer shows."""


def with_weights(model: onnx.ModelProto, seed: int = 0) -> onnx.ModelProto:
    """The light models' weights are one constant each; draw them at random, fan-in scaled, instead."""
    rng = np.random.default_rng(seed)
    filled = {n.output[0]: n for n in model.graph.node if n.op_type == "ConstantOfShape"}
    shapes = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    users = {name: (n.op_type, at) for n in model.graph.node for at, name in enumerate(n.input)}
    norms = {n.input[at] for n in model.graph.node if n.op_type == "BatchNormalization" for at in (1, 4)}
    for name, node in filled.items():
        shape = tuple(int(d) for d in shapes[node.input[0]])
        if name in norms:
            values = rng.uniform(0.8, 1.2, shape)
        elif len(shape) > 1:
            values = rng.standard_normal(shape) * (1.6 / np.prod(shape[1:])) ** 0.5
        else:
            values = rng.standard_normal(shape) * 0.1
        model.graph.node.remove(node)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
    assert users
    return model


def sqnr(got: np.ndarray, want: np.ndarray) -> float:
    noise = ((got.astype(np.float64) - want) ** 2).sum()
    return float(10 * np.log10((want.astype(np.float64) ** 2).sum() / max(noise, 1e-30)))


def compare(model: onnx.ModelProto, config: NpuConfig) -> float:
    """The worst output's signal to noise ratio in dB, of what comes before a final softmax."""
    session = Session(to_program(to_graph(model), config))
    rng = np.random.default_rng(1)
    inputs = {i.name: rng.standard_normal(i.shape).astype(i.dtype) for i in session.program.inputs}
    options = ort.SessionOptions()
    options.log_severity_level = 3
    want = ort.InferenceSession(model.SerializeToString(), options).run(None, inputs)
    got = session.run(inputs).outputs
    return min(
        sqnr(np.log(np.abs(a) + 1e-9), np.log(np.abs(b) + 1e-9)) for a, b in zip(got.values(), want, strict=True)
    )


@pytest.mark.parametrize("name", ["squeezenet", "bvlc_alexnet", "resnet50", "zfnet512"])
def test_light_models(name: str) -> None:
    model = with_weights(onnx.load(LIGHT / f"light_{name}.onnx"))
    assert compare(load_model(model), FINE) > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vgg19", "inception_v1", "inception_v2", "shufflenet", "densenet121"])
def test_more_light_models(name: str) -> None:
    model = with_weights(onnx.load(LIGHT / f"light_{name}.onnx"))
    assert compare(load_model(model), FINE) > 15


@pytest.mark.parametrize("path", sorted(DATA.glob("*.onnx")), ids=lambda p: p.stem)
def test_exported_networks(path: Path) -> None:
    assert compare(load_model(str(path)), FINE) > 15
