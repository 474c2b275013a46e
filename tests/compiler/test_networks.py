"""Whole networks that nobody here wrote, and the project's own, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from interp import Interpreter, reference
from onnx_graphs import compare, hosted, random_feeds

from npusim.compiler.front.frontend import STAGES, dump, to_graph
from npusim.compiler.front.importer import load_model
from npusim.compiler.ir import Graph, HostStep

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
DATA = Path(__file__).parents[1] / "data"

HOST = {
    "bvlc_alexnet": ["LRN", "LRN", "Softmax"],
    "densenet121": [],
    "inception_v1": ["LRN", "LRN", "Softmax"],
    "inception_v2": ["Softmax"],
    "resnet50": ["Softmax"],
    "shufflenet": ["Sum", "Sum", "Sum", "Softmax"],  # residuals over joined maps
    "squeezenet": ["Softmax"],
    "vgg19": ["Softmax"],
    "zfnet512": ["LRN", "LRN", "Softmax"],
}


def light(name: str) -> onnx.ModelProto:
    """Return one of the backend tests' models with random weights instead of constant ones."""
    return load_model(LIGHT / f"light_{name}.onnx")


@pytest.mark.parametrize("name", HOST)
def test_backend_test_models_import(name: str) -> None:
    stages: list[str] = []

    def show(stage: str, made: object) -> None:
        stages.append(stage)
        assert len(dump(made).splitlines()) > 10  # type: ignore[arg-type]

    model = light(name)
    graph = to_graph(model, on_stage=show)
    assert stages == list(STAGES)
    assert hosted(graph) == HOST[name]
    assert len(graph.coverage) == len(model.graph.node)
    on_host = sum(i.macs for i in graph.coverage if i.where == "host")
    assert on_host == 0


def test_resnet50_is_one_layer_a_convolution() -> None:
    graph = to_graph(light("resnet50"))
    assert len(graph.layers) == 53 + 1 + 1 + 1  # and the pooling's rows, the mean, the classifier
    assert sum(i.macs for i in graph.coverage) == 4_089_184_256  # stride 2 in the 3 x 3: v1.5
    assert sum(lay.post.addsub is not None for lay in graph.layers) == 16


def run_light(name: str) -> None:
    model = light(name)
    shapes = to_graph(model)
    randomise(model)
    compare(model, tolerance=1e-3)
    assert shapes.layers


def randomise(model: onnx.ModelProto) -> None:
    """Replace the constant weights by random ones of a sensible scale: a constant hides permutations."""
    rng = np.random.default_rng(5)
    shapes = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    role = {}
    for node in model.graph.node:
        for position, name in enumerate(node.input):
            role.setdefault(name, (node.op_type, position))
    for node in list(model.graph.node):
        if node.op_type != "ConstantOfShape":
            continue
        shape = tuple(int(d) for d in shapes[node.input[0]])
        op, position = role[node.output[0]]
        if op in ("Conv", "Gemm") and position == 1:
            value = rng.normal(size=shape) * np.sqrt(2 / max(np.prod(shape[1:]), 1))
        elif (op == "BatchNormalization" and position in (1, 4)) or op == "Unsqueeze":
            value = rng.uniform(0.5, 1.5, shape)
        else:
            value = rng.normal(size=shape) * 0.1
        tensor = onnx.numpy_helper.from_array(value.astype(np.float32), f"{node.output[0]}.value")
        new = onnx.helper.make_node("Constant", [], [node.output[0]], value=tensor)
        node.CopyFrom(new)


@pytest.mark.parametrize("name", ["squeezenet"])
def test_small_backend_test_models(name: str) -> None:
    run_light(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(HOST) - {"squeezenet"}))
def test_large_backend_test_models(name: str) -> None:
    run_light(name)


@pytest.mark.parametrize("name", ["tiny_resnet", "tiny_resnet_16", "mlp"])
def test_own_networks(name: str) -> None:
    import npusim_models

    graph = compare(npusim_models.build(name), tolerance=1e-3)
    assert hosted(graph) in ([], ["Softmax"])


@pytest.mark.slow
def test_own_resnet50() -> None:
    import npusim_models

    graph = compare(npusim_models.build("resnet50"), tolerance=1e-3)
    assert_strided_shortcuts(graph)


def assert_strided_shortcuts(graph: Graph) -> None:
    strides = [o.sh for lay in graph.layers if lay.post.addsub and hasattr(o := lay.post.addsub[1], "sh")]
    assert sorted(strides) == [1] * 13 + [2] * 3


@pytest.mark.parametrize("path", sorted(DATA.glob("torch_*.onnx")), ids=lambda p: p.stem)
def test_torch_exports(path: Path) -> None:
    graph = compare(load_model(path), tolerance=1e-3)
    assert hosted(graph) == []


def test_every_host_model_holds_just_its_nodes() -> None:
    graph = to_graph(light("inception_v1"))
    for step in graph.steps:
        if isinstance(step, HostStep):
            model = onnx.ModelProto.FromString(step.model)
            assert [(n.name, n.op_type) for n in model.graph.node] == list(step.nodes)
            assert [i.name for i in model.graph.input] == list(step.inputs)
            assert len(step.reasons) == len(step.nodes)


def test_interpreter_needs_no_batch_dimension_of_its_own() -> None:
    model = light("squeezenet")
    feeds = random_feeds(model)
    got = Interpreter(to_graph(model)).run(feeds)
    want = reference(model, feeds)
    np.testing.assert_allclose(got["softmaxout_1"], want["softmaxout_1"], atol=1e-4)
