"""The networks as torchvision and Keras define them, written down anew: random parameters by name, and an ONNX graph.

Sources: torchvision/models/resnet.py, densenet.py; keras/src/applications/resnet.py, densenet.py.  Pictures are
1 x 3 x 224 x 224 here as there; Keras' kernels are transposed in the graph.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Arrays = dict[str, np.ndarray]
UNITS = {"resnet50": (3, 4, 6, 3), "resnet152": (3, 8, 36, 3)}
DENSE_BLOCKS = (6, 12, 24, 16)


class Framework:
    """Collect parameters and nodes; every method takes and returns names of values."""

    epsilon: float
    leaves: tuple[str, str, str, str]  # of a batch normalisation
    separator: str

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.params: Arrays = {}
        self.nodes: list[onnx.NodeProto] = []

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        output = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def normal(self, name: str, shape: tuple[int, ...], deviation: float) -> str:
        self.params[name] = (self.rng.standard_normal(shape, np.float32) * deviation).astype(np.float32)
        return name

    def norm(self, x: str, name: str, channels: int) -> str:
        scale, shift, mean, variance = (f"{name}{self.separator}{leaf}" for leaf in self.leaves)
        self.params[scale] = self.rng.uniform(0.3, 0.8, channels).astype(np.float32)
        self.normal(shift, (channels,), 0.2)
        self.normal(mean, (channels,), 0.2)
        self.params[variance] = self.rng.uniform(0.5, 2, channels).astype(np.float32)
        return self.op("BatchNormalization", x, scale, shift, mean, variance, epsilon=self.epsilon)

    def conv(self, x: str, name: str, depth: int, out: int, size: int, stride: int = 1, bias: bool = False) -> str:
        raise NotImplementedError

    def dense(self, x: str, name: str, inputs: int, outputs: int) -> str:
        raise NotImplementedError

    def classify(self, x: str, name: str, inputs: int, classes: int) -> None:
        x = self.op("Flatten", self.op("GlobalAveragePool", x))
        self.op("Softmax", self.dense(x, name, inputs, classes), axis=1)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "reference",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 224, 224])],
            [helper.make_tensor_value_info(self.nodes[-1].output[0], TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in self.params.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Torchvision(Framework):
    epsilon = 1e-5
    leaves = ("weight", "bias", "running_mean", "running_var")
    separator = "."

    def conv(self, x: str, name: str, depth: int, out: int, size: int, stride: int = 1, bias: bool = False) -> str:
        weight = self.normal(f"{name}.weight", (out, depth, size, size), (depth * size * size) ** -0.5)
        return self.op("Conv", x, weight, strides=[stride] * 2, pads=[size // 2] * 4)

    def dense(self, x: str, name: str, inputs: int, outputs: int) -> str:
        weight = self.normal(f"{name}.weight", (outputs, inputs), 2 * inputs**-0.5)
        return self.op("Gemm", x, weight, self.normal(f"{name}.bias", (outputs,), 0.1), transB=1)

    def relu_norm(self, x: str, name: str, channels: int) -> str:
        return self.op("Relu", self.norm(x, name, channels))

    def bottleneck(self, x: str, name: str, depth: int, planes: int, stride: int, downsample: bool) -> str:
        y = self.relu_norm(self.conv(x, f"{name}.conv1", depth, planes, 1), f"{name}.bn1", planes)
        y = self.relu_norm(self.conv(y, f"{name}.conv2", planes, planes, 3, stride), f"{name}.bn2", planes)
        y = self.norm(self.conv(y, f"{name}.conv3", planes, 4 * planes, 1), f"{name}.bn3", 4 * planes)
        if downsample:
            x = self.conv(x, f"{name}.downsample.0", depth, 4 * planes, 1, stride)
            x = self.norm(x, f"{name}.downsample.1", 4 * planes)
        return self.op("Relu", self.op("Add", y, x))

    def resnet(self, name: str, classes: int = 1000) -> None:
        x = self.relu_norm(self.conv("image", "conv1", 3, 64, 7, 2), "bn1", 64)
        x = self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        depth = 64
        for layer, blocks in enumerate(UNITS[name]):
            planes = 64 << layer
            for block in range(blocks):
                stride = 2 if block == 0 and layer > 0 else 1
                x = self.bottleneck(x, f"layer{layer + 1}.{block}", depth, planes, stride, block == 0)
                depth = 4 * planes
        self.classify(x, "fc", depth, classes)

    def densenet(self) -> None:
        x = self.relu_norm(self.conv("image", "features.conv0", 3, 64, 7, 2), "features.norm0", 64)
        x = self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        depth = 64
        for block, layers in enumerate(DENSE_BLOCKS, 1):
            for layer in range(1, layers + 1):
                name = f"features.denseblock{block}.denselayer{layer}"
                y = self.conv(self.relu_norm(x, f"{name}.norm1", depth), f"{name}.conv1", depth, 128, 1)
                y = self.conv(self.relu_norm(y, f"{name}.norm2", 128), f"{name}.conv2", 128, 32, 3)
                x, depth = self.op("Concat", x, y, axis=1), depth + 32
            if block < len(DENSE_BLOCKS):
                name, half = f"features.transition{block}", depth // 2
                x = self.conv(self.relu_norm(x, f"{name}.norm", depth), f"{name}.conv", depth, half, 1)
                x, depth = self.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), half
        self.classify(self.relu_norm(x, "features.norm5", depth), "classifier", depth, 1000)


class Keras(Framework):
    epsilon = 1.001e-5
    leaves = ("gamma", "beta", "moving_mean", "moving_variance")
    separator = "/"

    def conv(self, x: str, name: str, depth: int, out: int, size: int, stride: int = 1, bias: bool = False) -> str:
        kernel = self.normal(f"{name}/kernel", (size, size, depth, out), (depth * size * size) ** -0.5)
        inputs = [x, self.op("Transpose", kernel, perm=[3, 2, 0, 1])]
        if bias:
            inputs.append(self.normal(f"{name}/bias", (out,), 0.3))
        return self.op("Conv", *inputs, strides=[stride] * 2, pads=[size // 2] * 4)

    def dense(self, x: str, name: str, inputs: int, outputs: int) -> str:
        kernel = self.normal(f"{name}/kernel", (inputs, outputs), 2 * inputs**-0.5)
        return self.op("Add", self.op("MatMul", x, kernel), self.normal(f"{name}/bias", (outputs,), 0.1))

    def conv_norm(self, x: str, name: str, depth: int, out: int, size: int, stride: int = 1) -> str:
        return self.norm(self.conv(x, f"{name}_conv", depth, out, size, stride, bias=True), f"{name}_bn", out)

    def residual(self, x: str, name: str, depth: int, filters: int, stride: int, shortcut: bool) -> str:
        y = self.op("Relu", self.conv_norm(x, f"{name}_1", depth, filters, 1, stride))
        y = self.op("Relu", self.conv_norm(y, f"{name}_2", filters, filters, 3))
        y = self.conv_norm(y, f"{name}_3", filters, 4 * filters, 1)
        if shortcut:
            x = self.conv_norm(x, f"{name}_0", depth, 4 * filters, 1, stride)
        return self.op("Relu", self.op("Add", x, y))

    def resnet(self, name: str, classes: int = 1000) -> None:
        x = self.op("Relu", self.conv_norm("image", "conv1", 3, 64, 7, 2))
        x = self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        depth = 64
        for stack, blocks in enumerate(UNITS[name]):
            filters = 64 << stack
            for block in range(1, blocks + 1):
                stride = 2 if block == 1 and stack > 0 else 1
                x = self.residual(x, f"conv{stack + 2}_block{block}", depth, filters, stride, block == 1)
                depth = 4 * filters
        self.classify(x, "predictions", depth, classes)

    def norm_conv(self, x: str, norm: str, name: str, depth: int, out: int, size: int) -> str:
        return self.conv(self.op("Relu", self.norm(x, norm, depth)), name, depth, out, size)

    def densenet(self) -> None:
        x = self.op("Relu", self.norm(self.conv("image", "conv1_conv", 3, 64, 7, 2), "conv1_bn", 64))
        x = self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        depth = 64
        for block, layers in enumerate(DENSE_BLOCKS, 2):
            for layer in range(1, layers + 1):
                name = f"conv{block}_block{layer}"
                y = self.norm_conv(x, f"{name}_0_bn", f"{name}_1_conv", depth, 128, 1)
                y = self.norm_conv(y, f"{name}_1_bn", f"{name}_2_conv", 128, 32, 3)
                x, depth = self.op("Concat", x, y, axis=1), depth + 32
            if block < 5:
                x = self.norm_conv(x, f"pool{block}_bn", f"pool{block}_conv", depth, depth // 2, 1)
                x, depth = self.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), depth // 2
        self.classify(self.op("Relu", self.norm(x, "bn", depth)), "predictions", depth, 1000)
