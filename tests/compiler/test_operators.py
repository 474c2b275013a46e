"""Every operator with random parameters: the compiled graph, executed in float32, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from onnx_graphs import Build, compare, hosted

from npusim.compiler.ir import Receive, Send

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@st.composite
def windows(draw: st.DrawFn) -> dict[str, object]:
    """Draw an image size and window attributes that leave at least one output."""
    kernel = [draw(st.integers(1, 4)) for _ in range(2)]
    dilations = [draw(st.integers(1, 2)) for _ in range(2)]
    size = [draw(st.integers(max(1, (k - 1) * d), 9)) for k, d in zip(kernel, dilations, strict=True)]
    pads = [draw(st.integers(0, kernel[i % 2] - 1)) for i in range(4)]
    for i in range(2):
        assume(size[i] + pads[i] + pads[i + 2] >= (kernel[i] - 1) * dilations[i] + 1)
    attrs: dict[str, object] = {"kernel_shape": kernel}
    if draw(st.booleans()):
        attrs["strides"] = [draw(st.integers(1, 4)) for _ in range(2)]
    if max(dilations) > 1:
        attrs["dilations"] = dilations
    auto = draw(st.sampled_from(["", "", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    if auto == "VALID":
        assume(all(s >= (k - 1) * d + 1 for s, k, d in zip(size, kernel, dilations, strict=True)))
    assume(max(dilations) == 1 or not auto.startswith("SAME"))  # ONNX Runtime refuses both together
    if auto.startswith("SAME"):  # ONNX Runtime would crop
        assume(all(s <= k for s, k in zip(attrs.get("strides", [1, 1]), kernel, strict=True)))
    if auto:
        attrs["auto_pad"] = auto
    elif any(pads):
        attrs["pads"] = pads
    return {"size": size, "attrs": attrs}


@quick
@given(w=windows(), groups=st.sampled_from([1, 1, 2, 4]), bias=st.booleans(), opset=st.sampled_from([7, 11, 22]))
def test_conv(w: dict, groups: int, bias: bool, opset: int) -> None:
    b = Build(opset)
    x = b.input("N", 4, *w["size"])
    operands = [b.weights(8, 4 // groups, *w["attrs"]["kernel_shape"])] + ([b.values(8)] if bias else [])
    graph = compare(b.model(b("Relu", b("Conv", x, *operands, group=groups, **w["attrs"]))), npu_only=True)
    assert len(graph.layers) == 1


@quick
@given(w=windows(), ceil=st.booleans(), fused=st.booleans())
def test_max_pool(w: dict, ceil: bool, fused: bool) -> None:
    b = Build(12)
    x = b.input(1, 3, *w["size"])
    if fused:
        x = b("Conv", x, b.weights(3, 3, 1, 1))
    if ceil and "auto_pad" not in w["attrs"]:
        w["attrs"]["ceil_mode"] = 1
    compare(b.model(b("MaxPool", x, **w["attrs"])), npu_only=True)


@quick
@given(w=windows(), ceil=st.booleans(), include=st.booleans())
def test_average_pool(w: dict, ceil: bool, include: bool) -> None:
    b = Build(22)
    x = b.input(1, 3, *w["size"])
    w["attrs"].pop("dilations", None)
    k, p = w["attrs"]["kernel_shape"], w["attrs"].get("pads", [0] * 4)
    assume(all(w["size"][i] + p[i] + p[i + 2] >= k[i] for i in range(2)))
    if ceil and "auto_pad" not in w["attrs"]:
        w["attrs"]["ceil_mode"] = 1
    compare(b.model(b("AveragePool", x, count_include_pad=int(include), **w["attrs"])), npu_only=True)


@pytest.mark.parametrize(("kernel", "stride", "layers"), [(2, 2, 2), (3, 2, 2), (3, 3, 2), (3, 1, 2), (1, 2, 2)])
def test_pooling_behind_a_convolution(kernel: int, stride: int, layers: int) -> None:
    b = Build()
    x = b("Relu", b("Conv", b.input(1, 3, 11, 9), b.weights(4, 3, 3, 3), b.values(4)))
    y = b("MaxPool", x, kernel_shape=[kernel] * 2, strides=[stride] * 2)
    graph = compare(b.model(y), npu_only=True)
    assert len(graph.layers) == layers
    assert (graph.layers[0].reduce is not None) == (kernel > 1 and kernel - stride in (0, 1))


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("residual", [False, True])
def test_global_pooling(op: str, residual: bool) -> None:
    b = Build()
    x = b.input(1, 4, 5, 6)
    y = b("Conv", x, b.weights(4, 4, 3, 3), pads=[1] * 4)
    if residual:
        y = b("Relu", b("Add", y, x))
    graph = compare(b.model(b("Flatten", b(op, y))), npu_only=True)
    assert len(graph.layers) == (2 if residual else 1)
    assert graph.layers[-1].reduce is not None
    assert graph.layers[-1].reduce.axis == ("window" if residual else "all")


@pytest.mark.parametrize("opset", [7, 9, 14, 22])
@pytest.mark.parametrize("before", ["conv", "none", "relu"])
def test_batch_normalisation(opset: int, before: str) -> None:
    b = Build(opset)
    x = b.input("batch", 4, 6, 5)
    if before == "conv":
        x = b("Conv", x, b.weights(6, 4, 3, 3), b.values(6))
    elif before == "relu":
        x = b("Relu", x)
    y = b.norm(x, 6 if before == "conv" else 4, **({"spatial": 1} if opset < 9 else {}), epsilon=1e-3)
    graph = compare(b.model(b("Relu", y)), npu_only=True)
    assert len(graph.layers) == (1 if before != "relu" else 1 + 0)
    assert graph.layers[0].pre.mul is None or before != "conv"


def test_batch_normalisation_of_every_position_is_for_the_host() -> None:
    b = Build(7)
    x = b("Conv", b.input(1, 2, 3, 3), b.weights(2, 2, 1, 1))
    stats = [b.values(2, 3, 3, low=0.5) for _ in range(4)]
    graph = compare_host(b, b("BatchNormalization", x, *stats, spatial=0))
    assert "statistics for every position" in graph


def compare_host(b: Build, output: str) -> str:
    """Return the reasons of the host nodes (ONNX Runtime itself need not run the model)."""
    from npusim.compiler.front.frontend import to_graph
    from npusim.compiler.front.importer import load_model
    from npusim.compiler.ir import HostStep

    graph = to_graph(load_model(b.model(output)))
    return "; ".join(r for s in graph.steps if isinstance(s, HostStep) for r in s.reasons)


@pytest.mark.parametrize(
    ("op", "opset", "attrs"),
    [
        ("Relu", 7, {}),
        ("Relu", 13, {}),
        ("Sigmoid", 7, {}),
        ("Tanh", 13, {}),
        ("LeakyRelu", 7, {"alpha": 0.1}),
        ("LeakyRelu", 16, {}),
        ("Clip", 7, {"min": -0.5, "max": 0.25}),
        ("Clip", 7, {}),
        ("Clip", 10, {"min": 0.0}),
        ("HardSigmoid", 7, {}),
        ("HardSigmoid", 22, {"alpha": 0.3}),
        ("HardSwish", 14, {}),
        ("Neg", 13, {}),
    ],
)
@pytest.mark.parametrize("behind", [False, True])
def test_unary(op: str, opset: int, attrs: dict, behind: bool) -> None:
    b = Build(opset)
    x = b.input(1, 3, 4, 5)
    if behind:
        x = b("Conv", x, b.weights(3, 3, 1, 1))
    graph = compare(b.model(b(op, x, **attrs)), npu_only=True)
    assert len(graph.layers) == (1 if op != "HardSwish" or not behind else 2)


@pytest.mark.parametrize("bounds", [("low", "high"), ("low", ""), ("", "high"), ("", "")])
def test_clip_with_inputs(bounds: tuple[str, str]) -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 3, 4, 5), b.weights(3, 3, 1, 1))
    names = [b.const(np.float32(-0.2 if n == "low" else 0.3)) if n else "" for n in bounds]
    compare(b.model(b("Clip", x, *names)), npu_only=True)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Max", "Div", "Min"])
@pytest.mark.parametrize("shape", [(), (1,), (4, 1, 1), (1, 4, 1, 1), (5, 6), (1, 1, 5, 6)])
@pytest.mark.parametrize("swapped", [False, True])
def test_arithmetic_with_constants(op: str, shape: tuple[int, ...], swapped: bool) -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 4, 5, 6), b.weights(4, 4, 1, 1), b.values(4))
    c = b.values(*shape, low=0.5, high=2.0)
    graph = compare(b.model(b(op, *((c, x) if swapped else (x, c)))))
    on_host = (op == "Div" and swapped) or (op == "Min" and int(np.prod(shape)) > 1)
    assert hosted(graph) == ([op] if on_host else [])


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Max", "Sum"])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("kind", ["identity", "projection", "twice"])
def test_residual(op: str, first: bool, kind: str) -> None:
    b = Build(13)
    x = b("Relu", b("Conv", b.input(1, 4, 5, 6), b.weights(4, 4, 1, 1), b.values(4)))
    main = b("Conv", x, b.weights(4, 4, 3, 3), b.values(4), pads=[1] * 4)
    side = {"identity": x, "projection": "", "twice": main}[kind] or b("Conv", x, b.weights(4, 4, 1, 1))
    y = b("Relu", b(op, *((main, side) if first else (side, main))))
    graph = compare(b.model(y), npu_only=True)
    assert len(graph.layers) == {"identity": 2, "projection": 3, "twice": 3}[kind]


def test_sum_of_many() -> None:
    b = Build(13)
    x = b.input(1, 4, 5, 6)
    parts = [b("Conv", x, b.weights(4, 4, 1, 1)) for _ in range(4)]
    graph = compare(b.model(b("Sum", *parts[:2], b.values(4, 1, 1), *parts[2:]), b("Max", *parts)), npu_only=True)
    assert [i.where for i in graph.coverage] == ["npu"] * 6


@pytest.mark.parametrize("first", [False, True])
def test_subsampled_shortcut_is_a_strided_operand(first: bool) -> None:
    b = Build(13)
    x = b("Relu", b("Conv", b.input(1, 4, 7, 9), b.weights(4, 4, 1, 1)))
    main = b("Conv", x, b.weights(4, 4, 3, 3), pads=[1] * 4, strides=[2, 2])
    side = b("MaxPool", x, kernel_shape=[1, 1], strides=[2, 2])
    graph = compare(b.model(b("Add", *((main, side) if first else (side, main)))), npu_only=True)
    assert len(graph.layers) == 2
    assert graph.layers[1].post.addsub is not None
    assert (graph.layers[1].post.addsub[1].sh, graph.layers[1].post.addsub[1].sw) == (2, 2)


@pytest.mark.parametrize("flags", [(a, t) for a in (0, 1) for t in (0, 1)])
@pytest.mark.parametrize("opset", [7, 13])
def test_gemm(flags: tuple[int, int], opset: int) -> None:
    trans_a, trans_b = flags
    b = Build(opset)
    x = b.input(1, 6)
    if trans_a:
        x = b("Transpose", x, perm=[1, 0])
    w = b.weights(5, 6) if trans_b else b.weights(6, 5)
    y = b("Gemm", x, w, b.values(5), alpha=0.5, beta=2.0, transA=trans_a, transB=trans_b)
    graph = compare(b.model(b("Relu", y)), npu_only=True)
    assert len(graph.layers) == 1


@pytest.mark.parametrize("flatten", ["Flatten", "Reshape", "Transpose"])
@pytest.mark.parametrize("op", ["Gemm", "MatMul"])
def test_classifier_over_a_map(flatten: str, op: str) -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 3, 4, 5), b.weights(6, 3, 1, 1))
    if flatten == "Transpose":  # channels last, as TensorFlow flattens
        x = b("Transpose", x, perm=[0, 2, 3, 1])
    x = b("Flatten", x) if flatten == "Flatten" else b("Reshape", x, b.const(np.array([1, -1])))
    y = (
        b("Gemm", x, b.weights(120, 7), b.values(7))
        if op == "Gemm"
        else b("Add", b("MatMul", x, b.weights(120, 7)), b.values(7))
    )
    graph = compare(b.model(y), npu_only=True)
    assert [lay.window.kh for lay in graph.layers] == [1, 4]


def test_matmul_over_rows() -> None:
    b = Build(13)
    x = b.input(1, 7, 6)
    y = b("Add", b("MatMul", b("Relu", b("MatMul", x, b.weights(6, 9))), b.weights(9, 4)), b.values(4))
    graph = compare(b.model(y), npu_only=True)
    assert [(lay.window.out_h, lay.window.out_w) for lay in graph.layers] == [(1, 7), (1, 7)]


@pytest.mark.parametrize("perm", [False, True])
@pytest.mark.parametrize("kernel", [1, 3])
def test_conv_along_one_axis(perm: bool, kernel: int) -> None:
    b = Build(13)
    x = b("Transpose", b.input(1, 12, 4), perm=[0, 2, 1]) if perm else b.input(1, 4, 12)
    y = b("Conv", x, b.weights(5, 4, kernel), b.values(5), strides=[2], pads=[kernel // 2] * 2)
    y = b("MaxPool", b.norm(y, 5), kernel_shape=[2], strides=[2])
    compare(b.model(b("GlobalAveragePool", b("Relu", y))), npu_only=True)


@pytest.mark.parametrize("fused", [False, True])
def test_channels_last_graph(fused: bool) -> None:
    """TensorFlow's exporter: channels last outside, a Transpose around every convolution."""
    b = Build(13)
    x = b("Mul", b.input("N", 8, 9, 3), b.values(3))
    x = b("Pad", b("Transpose", x, perm=[0, 3, 1, 2]), b.const(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    x = b("Transpose", b("Conv", x, b.weights(4, 3, 3, 3), strides=[2, 2]), perm=[0, 2, 3, 1])
    x = b("Relu", b("Add", x, b.values(4)))
    y = b("Transpose", b("Conv", b("Transpose", x, perm=[0, 3, 1, 2]), b.weights(4, 4, 1, 1)), perm=[0, 2, 3, 1])
    y = b("Relu", b("Add", y, x)) if fused else b("Concat", x, y, axis=3)
    graph = compare(b.model(b("ReduceMean", y, axes=[1, 2], keepdims=0), y), npu_only=True)
    assert sum(lay.weights is not None for lay in graph.layers) == 2


@pytest.mark.parametrize("pool", ["", "MaxPool", "AveragePool"])
@pytest.mark.parametrize("relu", [False, True])
def test_padding_node(pool: str, relu: bool) -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 3, 9, 8), b.weights(4, 3, 1, 1))
    x = b("Relu", x) if relu else x
    x = b("Pad", x, b.const(np.array([0, 0, 1, 2, 0, 0, 2, 1])))
    if pool:
        y = b(pool, x, kernel_shape=[3, 3], strides=[2, 2])
    else:
        y = b("Conv", x, b.weights(4, 4, 3, 3), pads=[1, 0, 1, 0], strides=[2, 1])
    graph = compare(b.model(y), npu_only=True)
    assert all(lay.op != "Pad" for lay in graph.layers)


@pytest.mark.parametrize("act", ["Relu", "Sigmoid", "Tanh"])
def test_zeros_around_what_is_never_negative_cost_nothing(act: str) -> None:
    """Keras: a ReLU, a Pad, then a pooling without padding of its own."""
    b = Build(13)
    x = b(act, b("Conv", b.input(1, 3, 12, 12), b.weights(4, 3, 1, 1)))
    x = b("Pad", x, b.const(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    graph = compare(b.model(b("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])), npu_only=True)
    assert [lay.reduce is not None for lay in graph.layers] == ([False, True, True] if act == "Tanh" else [True, True])
    assert [i.where for i in graph.coverage] == ["npu"] * 4


@pytest.mark.parametrize("opset", [7, 13])
def test_concat(opset: int) -> None:
    b = Build(opset)
    x = b.input(1, 3, 6, 6)
    a = b("Relu", b("Conv", x, b.weights(4, 3, 1, 1)))
    c = b("Relu", b("Conv", x, b.weights(6, 3, 3, 3), pads=[1] * 4))
    inner = b("Concat", a, c, axis=1)
    d = b("Conv", inner, b.weights(5, 10, 1, 1))
    outer = b("Concat", inner, d, x, a, axis=1)
    y = b("Conv", b("Relu", b.norm(outer, 22)), b.weights(3, 22, 1, 1))
    graph = compare(b.model(b("MaxPool", inner, kernel_shape=[2, 2]), y), npu_only=True)
    assert graph.maps[outer].segments == (4, 6, 5, 3, 4)
    assert sum(lay.op == "Concat" for lay in graph.layers) == 2  # the input, and `a` that already has its place


def test_concat_of_other_axes_and_constants_is_for_the_host() -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 3, 6, 6), b.weights(4, 3, 1, 1))
    graph = compare(b.model(b("Concat", x, x, axis=2), b("Concat", x, b.values(1, 2, 6, 6), axis=1)))
    assert hosted(graph) == ["Concat", "Concat"]


def test_channel_shuffle_goes_into_the_weights() -> None:
    b = Build(13)
    x = b("Relu", b("Conv", b.input(1, 6, 4, 5), b.weights(12, 2, 1, 1), group=3))
    x = b("Reshape", x, b.const(np.array([1, 3, 4, 4, 5])))
    x = b("Reshape", b("Transpose", x, perm=[0, 2, 1, 3, 4]), b.const(np.array([1, 12, 4, 5])))
    x = b.norm(b("Conv", x, b.weights(12, 1, 3, 3), b.values(12), group=12, pads=[1] * 4), 12)
    y = b("Conv", x, b.weights(6, 4, 1, 1), group=3)
    graph = compare(b.model(y, b("GlobalAveragePool", x)), npu_only=True)
    assert len([lay for lay in graph.layers if lay.weights is not None]) == 3


def test_renames() -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 4, 1, 6), b.weights(4, 4, 1, 1))
    x = b("Squeeze", x, b.const(np.array([2])))
    x = b("Relu", b("Unsqueeze", b("Identity", x), b.const(np.array([3]))))
    x = b("Transpose", b("Reshape", x, b.const(np.array([1, 2, 12]))), perm=[2, 0, 1])
    graph = compare(b.model(b("Dropout", x)), npu_only=True)
    assert len(graph.layers) == 1
    assert [i.where for i in graph.coverage].count("folded") == 6


def test_dropout_with_its_mask_used_is_for_the_host() -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 4, 3, 3), b.weights(4, 4, 1, 1))
    y = b("Dropout", x, outputs=2)
    model = b.model(y, b("Cast", f"{y}_1", to=1))
    assert hosted(compare(model)) == ["Dropout", "Cast"]


def test_unused_dropout_mask() -> None:
    b = Build(7)
    x = b("Conv", b.input(1, 4, 3, 3), b.weights(4, 4, 1, 1))
    assert len(compare(b.model(b("Relu", b("Dropout", x, outputs=2))), npu_only=True).layers) == 1


def test_operands_in_different_segments_are_for_the_host() -> None:
    b = Build(13)
    x = b.input(1, 3, 4, 4)
    joined = b("Concat", *(b("Conv", x, b.weights(2, 3, 1, 1)) for _ in range(2)), axis=1)
    graph = compare(b.model(b("Relu", b("Add", b("Conv", x, b.weights(4, 3, 1, 1)), joined))))
    assert hosted(graph) == ["Add", "Relu"]


def test_parametric_relu() -> None:
    b = Build(13)
    x = b("Conv", b.input(1, 3, 4, 4), b.weights(4, 3, 1, 1))
    graph = compare(b.model(b("PRelu", x, b.const(np.full((4, 1, 1), 0.25))), b("PRelu", x, b.values(4, 1, 1))))
    assert hosted(graph) == ["PRelu"]


def test_float16_model() -> None:
    b = Build(13, dtype=10)
    x = b("LRN", b("Conv", b.input("N", 3, 6, 6), b.weights(4, 3, 3, 3), b.values(4)), size=3)
    x = b("Relu", b("Conv", b("Neg", x), b.weights(4, 4, 1, 1)))
    y = b("Softmax", b("Gemm", b("Flatten", x), b.weights(64, 5), b.values(5)), axis=1)
    graph = compare(b.model(y), tolerance=4e-3)
    assert graph.inputs[0].dtype == graph.outputs[0].dtype == "float16"
    assert {s.dtype for s in graph.steps if isinstance(s, Send | Receive)} == {"float16"}
    assert hosted(graph) == ["LRN", "Softmax"]
