"""The ResNet builder against the published architecture, from the ONNX graph alone."""

from __future__ import annotations

from math import ceil, prod

import numpy as np
import onnx
import pytest
from onnx_tools import Probe, attributes, nodes, parameters, run, shapes

import npusim_models
from npusim_models.graph import to_model
from npusim_models.resnet_v1 import FORMS, resnet_v1
from npusim_models.seeded import draw

OUTPUT = "classifier_1/resnet_v1_50/predictions/Softmax:0"
# Table 1 of He et al. (2015) with 3x3 strides in the last unit of a block: (units, input size, output size, depth).
BLOCKS = [(3, 55, 28, 256), (4, 28, 14, 512), (6, 14, 7, 1024), (3, 7, 7, 2048)]


def published_convolutions() -> dict[str, tuple[int, int, int, int, int]]:
    """Return (kernel, inputs, outputs, stride, output size) of each convolution by its scope."""
    found = {"resnet_v1_50/conv1": (7, 3, 64, 2, 112)}
    depth_in = 64
    for block, (units, size_in, size_out, depth) in enumerate(BLOCKS, 1):
        for unit in range(1, units + 1):
            scope = f"resnet_v1_50/block{block}/unit_{unit}/bottleneck_v1"
            size = size_out if unit == units else size_in
            if unit == 1:
                found[f"{scope}/shortcut"] = (1, depth_in, depth, 1, size_in)
            found[f"{scope}/conv1"] = (1, depth_in, depth // 4, 1, size_in)
            found[f"{scope}/conv2"] = (3, depth // 4, depth // 4, 2 if size < size_in else 1, size)
            found[f"{scope}/conv3"] = (1, depth // 4, depth, 1, size)
            depth_in = depth
    return found


def test_model_is_valid_and_plain_onnx(resnet50: onnx.ModelProto) -> None:
    onnx.checker.check_model(resnet50, full_check=True)
    assert [(entry.domain, entry.version) for entry in resnet50.opset_import] == [("", 17)]
    assert [graph_input.name for graph_input in resnet50.graph.input] == ["InputImage:0"]
    assert [output.name for output in resnet50.graph.output] == [OUTPUT]
    found = shapes(resnet50)
    assert found["InputImage:0"] == (1, 3, 224, 224)
    assert found[OUTPUT] == (1, 1000)
    assert len({node.name for node in resnet50.graph.node}) == len(resnet50.graph.node)


def test_every_convolution_is_as_published(resnet50: onnx.ModelProto) -> None:
    found = shapes(resnet50)
    expected = published_convolutions()
    assert len(expected) == 53
    assert {node.name for node in nodes(resnet50, "Conv")} == {f"{scope}/Conv2D" for scope in expected}
    for node in nodes(resnet50, "Conv"):
        scope = node.name.removesuffix("/Conv2D")
        kernel, inputs, outputs, stride, size = expected[scope]
        assert list(node.input[1:]) == [f"{scope}/weights_oihw"], scope
        assert found[node.input[1]] == (outputs, inputs, kernel, kernel), scope
        assert found[node.output[0]] == (1, outputs, size, size), scope
        details = attributes(node)
        assert details["strides"] == [stride, stride]
        assert details["pads"] == [kernel // 2] * 4
        assert details["dilations"] == [1, 1]


def test_each_convolution_is_normalised(resnet50: onnx.ModelProto) -> None:
    producers = {node.output[0]: node for node in resnet50.graph.node}
    norms = nodes(resnet50, "BatchNormalization")
    assert len(norms) == 53
    for node in norms:
        scope = node.name.removesuffix("/BatchNorm/FusedBatchNorm")
        assert producers[node.input[0]].name == f"{scope}/Conv2D"
        roles = ("gamma", "beta", "moving_mean", "moving_variance")
        assert list(node.input[1:]) == [f"{scope}/BatchNorm/{role}" for role in roles]
        assert attributes(node) == {"epsilon": pytest.approx(1e-5)}


def test_pooling_and_shortcuts(resnet50: onnx.ModelProto) -> None:
    found = shapes(resnet50)
    pools = {node.name: node for node in nodes(resnet50, "MaxPool")}
    stem = pools.pop("resnet_v1_50/pool1/MaxPool")
    assert found[stem.output[0]] == (1, 64, 55, 55)
    assert attributes(stem) == {"kernel_shape": [3, 3], "strides": [2, 2]}
    assert sorted(pools) == [
        f"resnet_v1_50/block{block}/unit_{unit}/bottleneck_v1/shortcut/MaxPool"
        for block, unit in [(1, 3), (2, 4), (3, 6)]
    ]
    for node in pools.values():
        assert attributes(node) == {"kernel_shape": [1, 1], "strides": [2, 2]}
    assert len(nodes(resnet50, "Add")) == 16
    assert len(nodes(resnet50, "Relu")) == 1 + 16 * 3
    assert found["resnet_v1_50/pool5:0"] == (1, 2048, 1, 1)


def test_published_work_of_the_straightforward_tiling(resnet50: onnx.ModelProto) -> None:
    """1,460 weight tiles and 293,525 tile-multiplies at native dimension 128: the service's firmware."""
    found = shapes(resnet50)
    tiles = multiplies = macs = 0
    for node in nodes(resnet50, "Conv"):
        outputs, inputs, *kernel = found[node.input[1]]
        positions = prod(found[node.output[0]][2:])
        if inputs == 3:  # the expander hands the stem whole windows
            layer_tiles = ceil(prod(kernel) * inputs / 128) * ceil(outputs / 128)
        else:
            layer_tiles = prod(kernel) * ceil(inputs / 128) * ceil(outputs / 128)
        tiles += layer_tiles
        multiplies += layer_tiles * positions
        macs += outputs * inputs * prod(kernel) * positions
    assert (tiles, multiplies, macs) == (1_460, 293_525, 3_462_475_776)


def parameter_count(units: tuple[int, ...]) -> int:
    """Count by formula: a unit of base depth b and input depth d has d b + 9 b^2 + 4 b^2 weights; 4 more a channel."""
    total, depth_in = 7 * 7 * 3 * 64 + 4 * 64, 64
    for block, count in enumerate(units):
        base = 64 << block
        total += depth_in * 4 * base + 4 * 4 * base  # the projection
        for _ in range(count):
            total += depth_in * base + 13 * base**2 + 4 * (base + base + 4 * base)
            depth_in = 4 * base
    return total + 2048 * 1000 + 1000


@pytest.mark.parametrize(
    ("depth", "units", "published"),
    [(50, (3, 4, 6, 3), 25.5e6), (101, (3, 4, 23, 3), 44.5e6), (152, (3, 8, 36, 3), 60.2e6)],
)
def test_parameter_count(depth: int, units: tuple[int, ...], published: float) -> None:
    params = resnet_v1(depth).params.values()
    assert sum(prod(param.shape) for param in params) == parameter_count(units)
    trained = sum(prod(param.shape) for param in params if "moving" not in param.role)
    assert trained == pytest.approx(published, rel=0.003)


def test_parameters_in_the_file(resnet50: onnx.ModelProto) -> None:
    values = parameters(resnet50)
    assert sum(value.size for value in values.values()) == parameter_count((3, 4, 6, 3)) == 25_610_152
    assert {value.dtype for value in values.values()} == {np.dtype(np.float32)}
    assert all(np.isfinite(value).all() for value in values.values())


def test_activations_are_healthy_on_unseen_pictures(resnet50: onnx.ModelProto) -> None:
    probe = Probe(resnet50)
    runs = [probe({"InputImage:0": npusim_models.synthetic_image(seed)}) for seed in range(6)]
    for node in resnet50.graph.node:
        if node.op_type not in ("Relu", "Add", "BatchNormalization"):
            continue
        value = np.concatenate([found[node.output[0]] for found in runs])
        rms = float(np.sqrt(np.square(value, dtype=np.float64).mean()))
        least = 0.15 if "conv3/BatchNorm" in node.name else 0.3  # residuals are weaker than their shortcut
        assert least < rms < 3, (node.name, rms)
        assert np.abs(value).max() < 60, node.name
        if node.op_type == "Relu":
            assert 0.2 < (value == 0).mean() < 0.9, node.name
            dead = (value == 0).all(axis=(0, 2, 3)).mean()
            assert dead < 0.1, (node.name, dead)
    scores = np.concatenate([found["resnet_v1_50/logits/MatMul:0"] for found in runs])
    assert (scores.std(axis=1) > 1).all()
    assert (scores.std(axis=1) < 6).all()
    predictions = np.concatenate([found[OUTPUT] for found in runs])
    np.testing.assert_allclose(predictions.sum(axis=1), 1, rtol=1e-5)
    assert len(set(predictions.argmax(axis=1))) >= 5
    assert (predictions.max(axis=1) > 0.01).all()


def test_moving_statistics_match_unseen_pictures(resnet50: onnx.ModelProto) -> None:
    """What a normalisation puts out has its gamma for deviation and its beta for mean, roughly, on other pictures."""
    probe, values = Probe(resnet50), parameters(resnet50)
    runs = [probe({"InputImage:0": npusim_models.synthetic_image(seed)}) for seed in range(20, 24)]
    for node in nodes(resnet50, "BatchNormalization"):
        y = np.concatenate([found[node.output[0]] for found in runs]).astype(np.float64)
        gamma, beta = (values[name].reshape(1, -1, 1, 1) for name in node.input[1:3])
        deviation = float(np.sqrt(np.square((y - beta) / gamma).mean()))
        assert 0.6 < deviation < 1.6, (node.name, deviation)


def test_rounding_every_operand_leaves_the_scores(resnet50: onnx.ModelProto) -> None:
    """Six-bit weights, and activations with noise 24 dB below each block of channels: what low precision does."""
    rounded = with_rough_operands(resnet50, noise=10 ** (-24 / 20))
    agreed, ratios = 0, []
    for seed in range(6):
        feeds = {"InputImage:0": npusim_models.synthetic_image(seed)}
        exact, rough = (scores_of(model, feeds) for model in (resnet50, rounded))
        ratios.append(10 * np.log10(np.square(exact).sum() / np.square(exact - rough).sum()))
        agreed += int(exact.argmax() == rough.argmax())
    assert np.mean(ratios) > 10, ratios
    assert min(ratios) > 3, ratios
    assert agreed >= 3


def test_every_unit_matters(resnet50: onnx.ModelProto) -> None:
    """Without any one residual, the scores are others: the noise that they bear would not do as much."""
    feeds = [{"InputImage:0": npusim_models.synthetic_image(seed)} for seed in range(2)]
    whole = np.concatenate([scores_of(resnet50, feed) for feed in feeds])
    units = [f"block{block}/unit_{unit}" for block, (count, *_) in enumerate(BLOCKS, 1) for unit in range(1, count + 1)]
    for unit in units:
        name = f"resnet_v1_50/{unit}/bottleneck_v1/conv3/BatchNorm"
        model = onnx.ModelProto()
        model.CopyFrom(resnet50)
        for tensor in model.graph.initializer:
            if tensor.name in (f"{name}/gamma", f"{name}/beta"):
                tensor.raw_data = bytes(len(tensor.raw_data))
        cut = np.concatenate([scores_of(model, feed) for feed in feeds])
        change = float(np.sqrt(np.square(cut - whole).sum() / np.square(whole).sum()))
        assert change > 0.15, (unit, change)


def scores_of(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> np.ndarray:
    """Return the logits of a whole ResNet, up to the constant that a softmax loses."""
    (predictions,) = run(model, feeds)
    scores = np.log(np.maximum(predictions, 1e-30)).astype(np.float64)
    return np.asarray(scores - scores.mean(axis=1, keepdims=True))


def with_rough_operands(model: onnx.ModelProto, noise: float) -> onnx.ModelProto:
    """Round weights to five bits of the greatest in 128 inputs; add noise in front of every convolution and Gemm."""
    rough = onnx.ModelProto()
    rough.CopyFrom(model)
    for tensor in rough.graph.initializer:
        if "weights" in tensor.name:
            tensor.CopyFrom(onnx.numpy_helper.from_array(rounded(onnx.numpy_helper.to_array(tensor)), tensor.name))
    del rough.graph.node[:]
    for index, node in enumerate(model.graph.node):
        if node.op_type not in ("Conv", "Gemm"):
            rough.graph.node.append(node)
            continue
        x, *rest = node.input
        made = [f"{node.name}/{part}" for part in ("square", "mean", "rms", "noise", "scaled", "rough")]
        axes = [1]  # over channels, at each position
        rough.graph.node.extend(
            [
                onnx.helper.make_node("Mul", [x, x], made[0:1]),
                onnx.helper.make_node("ReduceMean", made[0:1], made[1:2], axes=axes, keepdims=1),
                onnx.helper.make_node("Sqrt", made[1:2], made[2:3]),
                onnx.helper.make_node("RandomNormalLike", [x], made[3:4], scale=noise, seed=float(index)),
                onnx.helper.make_node("Mul", made[2:4], made[4:5]),
                onnx.helper.make_node("Add", [x, made[4]], made[5:6]),
                onnx.helper.make_node(node.op_type, [made[5], *rest], node.output, name=node.name, **attributes(node)),
            ]
        )
    return rough


def rounded(weights: np.ndarray) -> np.ndarray:
    """Return weights with sign and five bits of the greatest magnitude in each 128 inputs."""
    found = weights.copy()
    for begin in range(0, weights.shape[1], 128):
        part = found[:, begin : begin + 128]
        step = 2.0 ** (np.floor(np.log2(np.abs(part).max(axis=1, keepdims=True))) - 4)
        part[:] = np.clip(np.rint(part / step), -31, 31) * step
    return found


def test_parts_compose_to_the_whole() -> None:
    """With any values: those that are drawn will do, so nothing needs to be measured."""
    models = {}
    for form in FORMS:
        network = resnet_v1(50, form)
        values = {name: draw(param, 3) for name, param in network.params.items()}
        for param in network.params.values():
            if param.role == "moving_variance":
                values[param.name] *= 4
        models[form] = to_model(network, values, {})
        onnx.checker.check_model(models[form], full_check=True)
    image = npusim_models.synthetic_image(1)
    (features,) = run(models["featurizer"], {"InputImage:0": image})
    assert features.shape == (1, 2048, 1, 1)
    (composed,) = run(models["classifier"], {"resnet_v1_50/pool5:0": features})
    np.testing.assert_array_equal(composed, run(models["whole"], {"InputImage:0": image})[0])
    assert not nodes(models["classifier"], "Conv")
    assert not any("logits" in name for name in parameters(models["featurizer"]))


def test_refuses_what_does_not_exist() -> None:
    with pytest.raises(npusim_models.OptionError, match=r"^resnet_v1: depth 34 is not one of 50, 101, 152$"):
        resnet_v1(34)
    with pytest.raises(
        npusim_models.OptionError, match=r"^resnet_v1: form 'half' is not one of whole, featurizer, class"
    ):
        resnet_v1(50, "half")
