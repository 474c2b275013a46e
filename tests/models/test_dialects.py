"""Weights in torchvision's and Keras' names: the built network computes what the framework's definition computes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.numpy
from frameworks import Arrays, Framework, Keras, Torchvision
from onnx_tools import attributes, nodes, run

import npusim_models
from npusim_models import WeightsError
from npusim_models.dialects import DIALECTS, SLIM, recognise
from npusim_models.graph import to_model
from npusim_models.pictures import preparation_of
from npusim_models.registry import VARIED
from npusim_models.seeded import seeded_values
from npusim_models.weights import match_weights

TOLERANCE = 1e-4
STATISTICS = ("running_mean", "running_var")  # which PyTorch does not count among the parameters


def picture(seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((1, 3, 224, 224), np.float32)


def built(name: str, arrays: Arrays, path: Path) -> onnx.ModelProto:
    np.savez(path, **arrays)
    return npusim_models.build(name, weights=path)


@pytest.fixture(scope="module")
def torch_resnet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Torchvision, onnx.ModelProto]:
    """ResNet-50 as torchvision defines it, and what we build of its parameters."""
    reference = Torchvision(7)
    reference.resnet("resnet50")
    return reference, built("resnet50", reference.params, tmp_path_factory.mktemp("torch") / "w.npz")


def count(arrays: Arrays) -> int:
    return sum(array.size for name, array in arrays.items() if not name.endswith(STATISTICS))


@pytest.mark.parametrize(
    ("framework", "name", "title", "parameters"),
    [
        (Torchvision, "resnet50", "torchvision", 25_557_032),
        (Torchvision, "densenet121", "torchvision", 7_978_856),
        (Keras, "resnet50", "Keras", 25_636_712),
        (Keras, "densenet121", "Keras", 8_062_504),
    ],
)  # fmt: skip
def test_whole_networks(tmp_path: Path, framework: type[Framework], name: str, title: str, parameters: int) -> None:
    """Every name is used, none is missing, the count is the published one, and outputs agree in float32."""
    reference = framework(7)
    reference.densenet() if name == "densenet121" else reference.resnet(name)
    assert count(reference.params) == parameters
    model = built(name, reference.params, tmp_path / "w.npz")
    assert {entry.key: entry.value for entry in model.metadata_props}["names"] == title
    assert preparation_of(model.graph.name) == ("caffe" if (name, title) == ("resnet50", "Keras") else "torch")
    for norm in nodes(model, "BatchNormalization"):
        assert attributes(norm)["epsilon"] == pytest.approx(framework.epsilon, rel=1e-6)
    x = picture()
    (want,), (got,) = run(reference.model(), {"image": x}), run(model, {"InputImage:0": x})
    assert 0.002 < want.max() < 0.9  # neither flat nor saturated: an error would show
    np.testing.assert_allclose(got, want, rtol=TOLERANCE, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "torchvision", "keras"),  # as both publish; Keras counts running statistics as well
    [
        ("resnet50", 25_557_032, 25_636_712),
        ("resnet101", 44_549_160, 44_707_176),
        ("resnet152", 60_192_808, 60_419_944),
        ("densenet121", 7_978_856, 8_062_504),
        ("vgg16", 138_357_544, 138_357_544),
    ],
)
def test_published_counts(name: str, torchvision: int, keras: int) -> None:
    for title, want in (("torchvision", torchvision), ("Keras", keras)):
        (dialect,) = [dialect for dialect in DIALECTS if dialect.title == title]
        stored = dialect.stored(VARIED[name](dialect.variant))
        assert len({one.name for one in stored}) == len(stored)
        assert sum(prod(one.shape) for one in stored if not one.name.endswith(STATISTICS)) == want


def test_each_dialect_has_its_own_graph(torch_resnet: tuple[Torchvision, onnx.ModelProto]) -> None:
    """The service's own graph with torchvision's weights would compute something else."""
    reference, model = torch_resnet
    strided = [node.name for node in nodes(model, "Conv") if attributes(node)["strides"] == [2, 2]]
    assert [name for name in strided if "shortcut" not in name] == [
        "resnet_v1_50/conv1/Conv2D",
        *(f"resnet_v1_50/block{block}/unit_1/bottleneck_v1/conv2/Conv2D" for block in (2, 3, 4)),
    ]
    network = npusim_models.describe("resnet50")
    torchvision = recognise(reference.params, network, "w")
    values = match_weights(reference.params, network, "w", torchvision)
    x = {"InputImage:0": picture()}
    (theirs,), (ours,) = run(model, x), run(to_model(network, values, {}), x)
    assert np.median(np.abs(theirs - ours) / theirs) > 20 * TOLERANCE
    remark = {entry.key: entry.value for entry in model.metadata_props}["remark"]
    assert remark == "stride 2 in the 3x3 convolution of a block's first unit"


def torch_vgg(rng: np.random.Generator) -> Arrays:
    """A state_dict of torchvision's vgg16, from its configuration D."""
    found, place, depth = {}, 0, 3
    for entry in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]:  # 0: pooling
        if entry:
            found[f"features.{place}.weight"] = rng.random((entry, depth, 3, 3), np.float32)
            found[f"features.{place}.bias"] = rng.random(entry, np.float32)
            depth = entry
        place += 2 if entry else 1
    for place, inputs, outputs in ((0, 25088, 4096), (3, 4096, 4096), (6, 4096, 1000)):
        found[f"classifier.{place}.weight"] = np.resize(rng.random(99_991, np.float32), (outputs, inputs))
        found[f"classifier.{place}.bias"] = rng.random(outputs, np.float32)
    return found


def keras_vgg(rng: np.random.Generator) -> Arrays:
    """The variables of Keras' VGG16."""
    found, depth = {}, 3
    for block, (layers, width) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], 1):
        for layer in range(1, layers + 1):
            found[f"block{block}_conv{layer}/kernel"] = rng.random((3, 3, depth, width), np.float32)
            found[f"block{block}_conv{layer}/bias"] = rng.random(width, np.float32)
            depth = width
    for name, inputs, outputs in (("fc1", 25088, 4096), ("fc2", 4096, 4096), ("predictions", 4096, 1000)):
        found[f"{name}/kernel"] = np.resize(rng.random(99_991, np.float32), (inputs, outputs))
        found[f"{name}/bias"] = rng.random(outputs, np.float32)
    return found


@pytest.mark.parametrize("make", [torch_vgg, keras_vgg])
def test_vgg_flattens_as_its_framework_does(make: Callable[[np.random.Generator], Arrays]) -> None:
    """fc6 is a 7x7 convolution here, and there a product with a flattened map: channels first, or last."""
    rng = np.random.default_rng(5)
    arrays = make(rng)
    assert count(arrays) == 138_357_544
    network = npusim_models.describe("vgg16")
    found = match_weights(arrays, network, "w", recognise(arrays, network, "w"))
    theirs = list(arrays.values())
    order = [node.input[1:] for node in network.nodes if node.op_type in ("Conv", "Gemm")]
    assert len(order) == len(theirs) // 2 == 16
    first = make is torch_vgg
    for at, (weights, biases) in enumerate(order):
        np.testing.assert_array_equal(found[biases], theirs[2 * at + 1])
        kernel = found[weights] if first else found[weights].transpose(2, 3, 1, 0) if at < 13 else None
        if at < 13:
            np.testing.assert_array_equal(kernel, theirs[2 * at])
    x = rng.random((512, 7, 7), np.float32)
    flat = x.reshape(-1) if first else x.transpose(1, 2, 0).reshape(-1)
    weights = theirs[26] if first else theirs[26].T
    np.testing.assert_allclose(
        found["vgg_16/fc6/weights_oihw"].reshape(4096, -1) @ x.reshape(-1), weights @ flat, rtol=1e-4
    )
    for at, name in ((28, "vgg_16/fc7/weights_oihw"), (30, "vgg_16/fc8/weights_oi")):
        want = theirs[at] if first else theirs[at].T
        np.testing.assert_array_equal(found[name].reshape(want.shape), want)


def renamed(arrays: Arrays, rename: Callable[[str], str]) -> Arrays:
    return {rename(name): array for name, array in arrays.items()}


def small(framework: type[Framework], classes: int = 1000) -> Arrays:
    """ResNet-50's parameters as views of one number: names and shapes alone."""
    reference = framework(1)
    reference.resnet("resnet50", classes)
    return {name: np.broadcast_to(np.float32(0.5), array.shape) for name, array in reference.params.items()}


@pytest.mark.parametrize(
    ("framework", "rename"),
    [
        (Keras, lambda name: f"{name}:0"),
        (Keras, lambda name: f"{name.split('/')[0]}/{name}:0"),  # as in an .h5 file
        (Keras, lambda name: f"resnet50/{name}"),
        (Torchvision, lambda name: f"module.{name}"),
    ],
)
def test_other_spellings(framework: type[Framework], rename: Callable[[str], str]) -> None:
    arrays = renamed(small(framework), rename)
    dialect = recognise(arrays, npusim_models.describe("resnet50"), "w")
    assert dialect.title == ("Keras" if framework is Keras else "torchvision")
    network = VARIED["resnet50"](dialect.variant)
    assert match_weights(arrays, network, "w", dialect).keys() == network.params.keys()


def test_older_densenets() -> None:
    """torchvision's older checkpoints say `norm.1`, Keras before 3 says `conv1/conv`."""
    network = npusim_models.describe("densenet121")
    for framework, rename in (
        (Torchvision(1), lambda name: name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.")),
        (Keras(1), lambda name: name.replace("conv1_conv/", "conv1/conv/").replace("conv1_bn/", "conv1/bn/")),
    ):
        framework.densenet()
        arrays = renamed(framework.params, rename)
        assert arrays.keys() != framework.params.keys()
        assert len(match_weights(arrays, network, "w", recognise(arrays, network, "w"))) == len(arrays)


@pytest.mark.parametrize("classes", [10, 1001])
def test_classes_are_the_files(tmp_path: Path, classes: int) -> None:
    model = built("resnet50", small(Torchvision, classes), tmp_path / "w.npz")
    assert model.graph.output[0].type.tensor_type.shape.dim[1].dim_value == classes


def test_what_state_dicts_hold_besides(tmp_path: Path) -> None:
    """Counters of batches are whole numbers and no parameters; a file without classifier is enough for a featurizer."""
    arrays = {name: array for name, array in small(Torchvision).items() if not name.startswith("fc.")}
    counters = {name.replace("running_mean", "num_batches_tracked"): np.array(9) for name in arrays if "mean" in name}
    path = tmp_path / "w.safetensors"
    safetensors.numpy.save_file({n: np.ascontiguousarray(a) for n, a in (arrays | counters).items()}, path)
    model = npusim_models.build("resnet50_featurizer", weights=path)
    assert model.graph.name == "resnet_v1_50.torchvision"
    with pytest.raises(WeightsError, match=r"w.safetensors: resnet_v1_50.torchvision, by its parameters' names in "):
        npusim_models.build("resnet50", weights=path)


def test_an_onnx_file_that_keeps_the_names(tmp_path: Path, torch_resnet: tuple[Torchvision, onnx.ModelProto]) -> None:
    reference, built_from_npz = torch_resnet
    path = tmp_path / "model.onnx"
    onnx.save(reference.model(), path, save_as_external_data=True, location="model.data")
    assert npusim_models.build("resnet50", weights=path).graph == built_from_npz.graph


def refusal(path: Path, arrays: Arrays, name: str) -> str:
    with pytest.raises(WeightsError) as caught:
        built(name, arrays, path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_refusals_name_the_frameworks_parameters(tmp_path: Path) -> None:
    reference = Torchvision(1)
    reference.densenet()
    path, arrays = tmp_path / "w.npz", reference.params
    first, later = "features.conv0.weight", "features.denseblock2.denselayer1.conv2.weight"
    title = "densenet121.torchvision, by its parameters' names in torchvision,"
    short = {name: array for name, array in arrays.items() if name != later}
    assert refusal(path, short, "densenet121") == f"{title} needs parameter '{later}', missing here"
    more = {later.replace("block2", "block5"): np.ones(3)}
    assert refusal(path, arrays | more, "densenet121").startswith(
        f"{title} has no parameter '{next(iter(more))}'; nearest: 'features.denseblock"
    )
    other = {first: arrays[first].transpose(2, 3, 1, 0)}
    assert refusal(path, arrays | other, "densenet121") == (
        f"parameter '{first}' has shape 7 x 7 x 3 x 64, expected 64 x 3 x 7 x 7"
    )
    twice = {f"module.{first}": arrays[first]}
    assert f"{title} has no parameter 'module.{first}'" in refusal(path, arrays | twice, "densenet121")


def test_names_of_nobody(tmp_path: Path) -> None:
    arrays = {"stem/kernel_of_mine": np.ones((7, 7, 3, 64), np.float32), "other": np.ones(3, np.float32)}
    assert refusal(tmp_path / "w.npz", arrays, "resnet50") == (
        "the names are none that TF-Slim, torchvision or Keras give to resnet_v1_50's parameters: for example "
        "'resnet_v1_50/conv1/weights', 'conv1.weight' or 'conv1_conv/kernel' is missing, and "
        "'stem/kernel_of_mine' unknown"
    )


def test_detectors_are_only_known_by_their_own_names(tmp_path: Path) -> None:
    network = npusim_models.describe("ssd_vgg")
    assert [dialect.title for dialect in DIALECTS if dialect.stored(network)] == [SLIM.title]
    assert "'ssd_300_vgg/conv1/conv1_1/biases'" in refusal(tmp_path / "w.npz", {"vgg.0.weight": np.ones(3)}, "ssd_vgg")


def test_what_tensorflows_checkpoints_hold_besides() -> None:
    network = npusim_models.describe("mlp")
    values = seeded_values(network, 0)
    more = {"global_step": np.array(3), "mlp/mean_rgb": np.ones(3), "mlp/fc1/biases/Momentum": np.ones(512)}
    assert match_weights(values | more, network, "w").keys() == values.keys()
