"""Two networks trained on scikit-learn's digits, and that data: 1,797 handwritten digits of 8 x 8 pixels, 0 to 16.

E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits" (UCI repository, 1998).  The weights were made by
tools/train_digits.py on the training part alone.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from npusim_models.errors import ModelsError, OptionError
from npusim_models.graph import Array, GraphBuilder, Network, Values

SIZE, CLASSES, BRIGHTEST = 8, 10, 16
HIDDEN = 64
TEST_SHARE = 0.3
SPLIT_SEED = 2018


def digits_cnn() -> Network:
    """Describe a residual network for 8 x 8 digits: 3x3 stem of 32, a unit of 32, a strided unit of 64."""
    name = "digits_cnn"
    g = GraphBuilder()
    image = g.input("image", (1, 1, SIZE, SIZE))
    x = g.conv(image, f"{name}/conv1", 32, 3)
    for unit, depth, stride in (("unit_1", 32, 1), ("unit_2", 64, 2)):
        scope = f"{name}/{unit}"
        shortcut = g.conv(x, f"{scope}/shortcut", depth, 1, stride=stride, relu=False) if stride > 1 else x
        y = g.conv(x, f"{scope}/conv1", depth, 3, stride=stride)
        y = g.conv(y, f"{scope}/conv2", depth, 3, relu=False)
        x = g.node("Add", [shortcut, y], f"{scope}/add")
        x = g.node("Relu", [x], f"{scope}/Relu")
    x = g.node("GlobalAveragePool", [x], f"{name}/pool")
    x = g.node("Flatten", [x], f"{name}/flatten", axis=1)
    x = g.dense(x, f"{name}/logits", CLASSES)
    g.node("Softmax", [x], f"{name}/Softmax", output="scores", axis=1)
    return _network(name, g, (1, 1, SIZE, SIZE))


def digits_lstm() -> Network:
    """Describe an LSTM of 64 units that reads a digit row by row, and a classifier of its last state."""
    name = "digits_lstm"
    g = GraphBuilder()
    rows = g.input("image", (SIZE, 1, SIZE))
    scope = f"{name}/lstm"
    gates = 4 * HIDDEN
    parameters = [
        g.parameter(f"{scope}/weights", (1, gates, SIZE), "recurrent_weights"),
        g.parameter(f"{scope}/state_weights", (1, gates, HIDDEN), "recurrent_weights"),
        g.parameter(f"{scope}/biases", (1, 2 * gates), "biases"),
    ]
    node = helper.make_node("LSTM", [rows, *parameters], ["", f"{scope}/state:0"], name=scope, hidden_size=HIDDEN)
    g.nodes.append(node)
    state = g.declare(f"{scope}/state:0", HIDDEN)
    shape = g.constant(f"{name}/flat/shape", np.array([1, HIDDEN], np.int64))
    x = g.node("Reshape", [state, shape], f"{name}/flat")
    x = g.dense(x, f"{name}/logits", CLASSES)
    g.node("Softmax", [x], f"{name}/Softmax", output="scores", axis=1)
    return _network(name, g, (SIZE, 1, SIZE))


def _network(name: str, g: GraphBuilder, shape: tuple[int, ...]) -> Network:
    def sample(rng: np.random.Generator, count: int) -> Values:
        if count != 1:
            raise OptionError(f"{name}: {count} digits side by side, expected one")
        x, _ = load_digits("test")
        return {"image": x[rng.integers(len(x))].reshape(shape)}

    return Network(
        name=name,
        nodes=tuple(g.nodes),
        params=g.params,
        inputs=g.inputs,
        outputs=("scores",),
        sample=sample,
        span=(("image",), ("scores",)),
        trained=f"{name}.safetensors",
    )


def load_digits(part: str) -> tuple[Array, NDArray[np.int64]]:
    """Return float32[n, 8, 8] in 0..1 and int64[n] of the part "train" (1,258) or "test" (539).

    The split is fixed: 30 % of each class, chosen at random once, are the test.  Raises `ModelsError` without
    scikit-learn.
    """
    try:
        from sklearn import datasets
    except ImportError:
        raise ModelsError("the digits come with scikit-learn, which is missing: pip install scikit-learn") from None
    data: Any = datasets.load_digits()
    x, y = np.asarray(data.images, np.float32) / np.float32(BRIGHTEST), np.asarray(data.target, np.int64)
    rng = np.random.default_rng(SPLIT_SEED)
    test = np.zeros(len(y), bool)
    for label in range(CLASSES):
        of_class = rng.permutation(np.flatnonzero(y == label))
        test[of_class[: round(TEST_SHARE * len(of_class))]] = True
    if part not in ("train", "test"):
        raise OptionError(f"digits: part {part!r}, expected train or test")
    chosen = test if part == "test" else ~test
    return x[chosen], y[chosen]


def trained_file(name: str) -> Any:
    """Return a file of parameters that ships with the package."""
    return resources.files("npusim_models") / "data" / name
