"""Networks that run whole on the RTL: a residual network with every kind of window, one in stripes, a dense block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from npusim.config import NpuConfig, load_config


class Net:
    """A graph under construction: one tensor after the other, weights from a seed."""

    def __init__(self, seed: int, channels: int, size: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.width = {"x": channels}
        self.shape = [1, channels, size, size]

    def op(self, kind: str, *inputs: str, width: int | None = None, **attributes: object) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        self.width[name] = self.width[inputs[0]] if width is None else width
        return name

    def constant(self, *shape: int, scale: float) -> str:
        name = f"w{len(self.weights)}"
        values = (self.rng.standard_normal(shape) * scale).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def conv(self, x: str, out: int, kernel: int, **attributes: object) -> str:
        width = self.width[x]
        w = self.constant(out, width, kernel, kernel, scale=(2 / (width * kernel**2)) ** 0.5)
        return self.op("Conv", x, w, self.constant(out, scale=0.1), width=out, **attributes)

    def rectified_norm(self, x: str) -> str:
        """Append a batch normalisation and a ReLU."""
        stats = [self.constant(self.width[x], scale=scale) for scale in (1.0, 0.3, 0.3)]
        self.weights.append(
            numpy_helper.from_array(self.rng.uniform(0.5, 2, self.width[x]).astype(np.float32), f"v{len(self.nodes)}")
        )
        return self.op("Relu", self.op("BatchNormalization", x, *stats, self.weights[-1].name))

    def classifier(self, features: str, classes: int) -> onnx.ModelProto:
        flat = self.op("Flatten", self.op("GlobalAveragePool", features))
        w = self.constant(classes, self.width[features], scale=0.3)
        last = self.op("Gemm", flat, w, self.constant(classes, scale=0.1), transB=1)
        return self.model(last, [1, classes])

    def model(self, output: str, shape: list[int]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)], self.weights,
        )  # fmt: skip
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def residual(size: int = 18, width: int = 8, channels: int = 2) -> onnx.ModelProto:
    """A 7 x 7 stem, both poolings, strided, dilated and padded convolutions, a residual sum, a classifier.

    With two channels the stem's tiles fit the MatrixRf, and it reads the Expander; three go through DRAM.
    """
    net = Net(1, channels, size)
    stem = net.op("Relu", net.conv("x", width, 7, strides=[2, 2], pads=[3, 3, 3, 3]))
    pool = net.op("MaxPool", stem, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    main = net.op("Relu", net.conv(pool, width + 4, 3, strides=[2, 2], pads=[1, 1, 1, 1]))
    main = net.conv(main, width + 2, 3, dilations=[2, 2], pads=[2, 2, 2, 2])
    side = net.conv(pool, width + 2, 1, strides=[2, 2])
    total = net.op("Relu", net.op("Add", main, side))
    return net.classifier(net.op("AveragePool", total, kernel_shape=[2, 2], strides=[1, 1]), 6)


def striped() -> onnx.ModelProto:
    """Two 3 x 3 convolutions on a map that does not fit InitialVrf of `machine`."""
    net = Net(2, 4, 14)
    first = net.op("Relu", net.conv("x", 12, 3, pads=[1, 1, 1, 1]))
    second = net.op("Relu", net.conv(first, 9, 3, pads=[1, 1, 1, 1]))
    return net.model(second, [1, 9, 14, 14])


def dense(layers: int = 5, growth: int = 3) -> onnx.ModelProto:
    """A dense block: parts that share vectors, normalised maps of which `machine` holds a stripe at a time."""
    net = Net(3, 2, 12)
    stem = net.op("Relu", net.conv("x", 5, 3, pads=[1, 1, 1, 1]))
    x = net.op("MaxPool", stem, kernel_shape=[2, 2], strides=[2, 2])
    for _ in range(layers):
        y = net.conv(net.rectified_norm(x), 8, 1)
        y = net.conv(net.rectified_norm(y), growth, 3, pads=[1, 1, 1, 1])
        x = net.op("Concat", x, y, axis=1, width=net.width[x] + growth)
    x = net.conv(net.rectified_norm(x), 6, 1)
    return net.model(net.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), [1, 6, 3, 3])


def machine(name: str) -> NpuConfig:
    """A preset with room for the programs of whole networks, and an InitialVrf that holds stripes of `striped` only."""
    return replace(load_config(name), imem_words=1 << 15, initial_vrf=224, addsub_vrf_1=224)
