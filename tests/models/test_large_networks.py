"""DenseNet-121, VGG-16 and SSD-VGG against the published architectures, without values."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
import pytest
from onnx_tools import attributes, run

import npusim_models
from npusim_models.graph import Network, to_model, value_shapes
from npusim_models.registry import describe
from npusim_models.seeded import draw
from npusim_models.vgg import SSD_ANCHORS

SSD_SIDES = {"block4": 37, "block7": 19, "block8": 10, "block9": 5, "block10": 3, "block11": 1}
TRAINED = (
    "weights",
    "first_weights",
    "centred_weights",
    "biases",
    "centred_biases",
    "levelled_biases",
    "gamma",
    "beta",
)


RNG_SEED = 11
DENSE = "densenet121"


def trained_parameters(network: Network) -> int:
    return sum(prod(param.shape) for param in network.params.values() if param.role in TRAINED)


def multiply_accumulates(network: Network) -> int:
    shapes = value_shapes(network)
    total = 0
    for node in network.nodes:
        if node.op_type in ("Conv", "Gemm"):
            weights = network.params[node.input[1]].shape
            total += prod(weights) * prod(shapes[node.output[0]][2:])
    return total


@pytest.mark.parametrize(
    ("name", "parameters", "giga_macs"),
    [
        ("densenet121", 7_978_856, 2.83),  # torchvision states 7,978,856 parameters and 2.83 GMAC for DenseNet-121
        ("vgg16", 138_357_544, 15.47),  # and 138,357,544 and 15.47 for VGG-16
    ],
)
def test_size_is_the_published_one(name: str, parameters: int, giga_macs: float) -> None:
    network = describe(name)
    assert trained_parameters(network) == parameters
    assert multiply_accumulates(network) / 1e9 == pytest.approx(giga_macs, abs=0.005)


@pytest.mark.parametrize(
    ("name", "features", "depth", "output"),
    [
        ("densenet121", f"{DENSE}/final_block/global_avg_pool:0", 1024, f"classifier/{DENSE}/predictions/Softmax:0"),
        ("vgg16", "vgg_16/fc7/Relu:0", 4096, "classifier/vgg_16/fc8/squeezed:0"),
        ("resnet50", "resnet_v1_50/pool5:0", 2048, "classifier_1/resnet_v1_50/predictions/Softmax:0"),
        ("resnet152", "resnet_v1_152/pool5:0", 2048, "classifier/resnet_v1_152/predictions/Softmax:0"),
    ],
)  # fmt: skip
def test_forms_meet_at_the_services_features(name: str, features: str, depth: int, output: str) -> None:
    whole, featurizer, classifier = (describe(name + suffix) for suffix in ("", "_featurizer", "_classifier"))
    assert whole.span == (("InputImage:0",), (output,))
    assert featurizer.span == (("InputImage:0",), (features,))
    assert classifier.span == ((features,), (output,))
    shapes = value_shapes(whole)
    assert shapes["InputImage:0"] == (1, 3, 224, 224)
    assert shapes[features] == (1, depth, 1, 1)
    assert shapes[output] == (1, 1000)


def test_dense_blocks_grow_by_32_and_halve_between() -> None:
    network = describe("densenet121")
    shapes = value_shapes(network)
    depth = 64
    for block, (layers, size) in enumerate([(6, 56), (12, 28), (24, 14), (16, 7)], 1):
        for layer in range(1, layers + 1):
            scope = f"densenet121/dense_block{block}/conv_block{layer}"
            assert network.params[f"{scope}/x1/Conv/weights_oihw"].shape == (128, depth, 1, 1)
            assert network.params[f"{scope}/x2/Conv/weights_oihw"].shape == (32, 128, 3, 3)
            depth += 32
            assert shapes[f"{scope}/concat:0"] == (1, depth, size, size)
        if block < 4:
            assert network.params[f"densenet121/transition_block{block}/blk/Conv/weights_oihw"].shape[0] == depth // 2
            depth //= 2
    producers = {node.output[0]: node for node in network.nodes}
    convolutions = [node for node in network.nodes if node.op_type == "Conv"]
    assert len(convolutions) == 120
    for node in convolutions[1:]:  # every one but the stem is preceded by normalisation and ReLU
        relu = producers[node.input[0]]
        assert relu.op_type == "Relu"
        assert producers[relu.input[0]].op_type == "BatchNormalization"


def test_detector_outputs_are_the_services() -> None:
    network = describe("ssd_vgg")
    shapes = value_shapes(network)
    expected = {
        f"ssd_300_vgg/{layer}_box/{reshape}:0": (1, side, side, SSD_ANCHORS[layer], values)
        for reshape, values in (("Reshape_1", 21), ("Reshape", 4))
        for layer, side in SSD_SIDES.items()
    }
    assert network.span == (("InputImage:0",), tuple(expected))
    assert {name: shapes[name] for name in expected} == expected
    dilated = [node.name for node in network.nodes if attributes(node).get("dilations") == [6, 6]]
    assert dilated == ["ssd_300_vgg/conv6/Conv2D"]


def test_detector_reorders_its_heads() -> None:
    """Channel b * values + v of a head at (y, x) is value v of box b there."""
    rng = np.random.default_rng(RNG_SEED)
    classifier = describe("ssd_vgg_classifier")
    shapes = value_shapes(classifier)
    inputs = {name: rng.standard_normal(shapes[name], np.float32) for name in classifier.span[0]}
    found = run(to_model(classifier, {}, {}), inputs)
    for (name, head), output in zip(inputs.items(), found, strict=True):
        _, channels, height, width = head.shape
        boxes = SSD_ANCHORS[name.split("/")[1].removesuffix("_box")]
        want = head.reshape(1, boxes, channels // boxes, height, width).transpose(0, 3, 4, 1, 2)
        np.testing.assert_array_equal(output, want)


def test_normalised_features_have_the_learned_length() -> None:
    rng = np.random.default_rng(RNG_SEED)
    network = describe("ssd_vgg")
    nodes = [node for node in network.nodes if "L2Normalization" in node.name]
    (scale,) = [node for node in nodes if node.op_type == "Mul"]
    source = nodes[0].input[0]
    values = {name: draw(param, 0) for name, param in network.params.items() if name in scale.input}
    x = np.abs(rng.standard_normal((1, 512, 37, 37), np.float32))
    x[..., 5, 7] = 0  # a position of zeros stays one
    part = onnx.helper.make_graph(
        nodes,
        "l2",
        [onnx.helper.make_tensor_value_info(source, onnx.TensorProto.FLOAT, x.shape)],
        [onnx.helper.make_tensor_value_info(scale.output[0], onnx.TensorProto.FLOAT, x.shape)],
        [onnx.numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    model = onnx.helper.make_model(part, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (y,) = run(model, {source: x})
    np.testing.assert_allclose(y, 20 * x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6), rtol=1e-5)


def test_levelled_convolutions_have_unit_spread() -> None:
    """The detector has no normalisation: its seeded weights must keep the values' size by themselves."""
    network = describe("ssd_vgg_featurizer")
    sample = npusim_models.sample_input("ssd_vgg", seed=5)
    model = npusim_models.build("ssd_vgg_featurizer", seed=3)
    spreads = [float(array.std()) for array in run(model, sample)]
    assert len(spreads) == len(network.span[1]) == 12
    assert all(0.4 < spread < 2 for spread in spreads), spreads
