"""Train digits_cnn and digits_lstm on scikit-learn's digits, and write their parameters into the models package.

    python -m pip install jax optax scikit-learn
    python tools/train_digits.py

About two minutes on one core.  The committed files came from this script; another version of JAX or another processor
gives other rounding and so slightly other weights.  The test set is looked at once, at the end.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import safetensors.numpy

from npusim_models.digits import digits_cnn, digits_lstm, load_digits
from npusim_models.graph import Network

EPOCHS, BATCH, SEED = 60, 64, 0
FOLDER = Path(__file__).parents[1] / "models" / "npusim_models" / "data"
Params = dict[str, jax.Array]


def norm(x: jax.Array, p: Params, scope: str, statistics: Params | None) -> jax.Array:
    """Normalise with the batch's statistics, or with those given, which are filled in where they are missing."""
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    if statistics is not None:
        mean = statistics.setdefault(f"{scope}/BatchNorm/moving_mean", mean)
        variance = statistics.setdefault(f"{scope}/BatchNorm/moving_variance", variance)
    scale = p[f"{scope}/BatchNorm/gamma"] / jnp.sqrt(variance + 1e-5)
    shift = p[f"{scope}/BatchNorm/beta"] - mean * scale
    return x * scale[:, None, None] + shift[:, None, None]


def conv(x: jax.Array, p: Params, scope: str, stride: int, statistics: Params | None) -> jax.Array:
    """Convolve as `GraphBuilder.conv` does."""
    weights = p[f"{scope}/weights_oihw"]
    pad = (weights.shape[-1] - 1) // 2
    y = jax.lax.conv_general_dilated(x, weights, (stride, stride), [(pad, pad)] * 2)
    return norm(y, p, scope, statistics)


def cnn(p: Params, x: jax.Array, statistics: Params | None = None) -> jax.Array:
    """Return logits[n, 10] for x: float32[n, 1, 8, 8]."""
    x = jax.nn.relu(conv(x, p, "digits_cnn/conv1", 1, statistics))
    for unit, stride in (("unit_1", 1), ("unit_2", 2)):
        scope = f"digits_cnn/{unit}"
        shortcut = conv(x, p, f"{scope}/shortcut", stride, statistics) if stride > 1 else x
        y = jax.nn.relu(conv(x, p, f"{scope}/conv1", stride, statistics))
        x = jax.nn.relu(shortcut + conv(y, p, f"{scope}/conv2", 1, statistics))
    return x.mean((2, 3)) @ p["digits_cnn/logits/weights_oi"].T + p["digits_cnn/logits/biases"]


def lstm(p: Params, x: jax.Array, statistics: Params | None = None) -> jax.Array:
    """Return logits[n, 10] for x: float32[n, 8, 8], a row a step; gates in ONNX's order: i, o, f, c."""
    w, r = p["digits_lstm/lstm/weights"][0], p["digits_lstm/lstm/state_weights"][0]
    b = p["digits_lstm/lstm/biases"][0].reshape(2, -1).sum(0)

    def step(state: tuple[jax.Array, jax.Array], row: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        h, c = state
        i, o, f, g = jnp.split(row @ w.T + h @ r.T + b, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zero = jnp.zeros((x.shape[0], r.shape[1]))
    (h, _), _ = jax.lax.scan(step, (zero, zero), x.swapaxes(0, 1))
    return h @ p["digits_lstm/logits/weights_oi"].T + p["digits_lstm/logits/biases"]


def initial(network: Network, rng: np.random.Generator) -> Params:
    """Draw parameters as usual: He for what is rectified, Glorot for the LSTM; forget gates open."""
    found: dict[str, np.ndarray] = {}
    for name, param in network.params.items():
        shape, role = param.shape, param.role
        if "moving" in role:
            continue
        if role in ("gamma",):
            found[name] = np.ones(shape)
        elif role.endswith("weights"):
            fan_in = int(np.prod(shape[1:])) if role != "recurrent_weights" else sum(shape[1:])
            found[name] = rng.standard_normal(shape) * np.sqrt((1 if role == "recurrent_weights" else 2) / fan_in)
        else:
            found[name] = np.zeros(shape)
        if name.endswith("lstm/biases"):
            hidden = shape[1] // 8
            found[name][:, 2 * hidden : 3 * hidden] = 1
    return {name: jnp.asarray(value, jnp.float32) for name, value in found.items()}


def train(network: Network, model: Any, x: np.ndarray, y: np.ndarray) -> Params:
    """Minimise the cross entropy with AdamW and a cosine schedule; pictures are shifted by up to a pixel."""
    rng = np.random.default_rng(SEED)
    params = initial(network, rng)
    steps = EPOCHS * (len(x) // BATCH)
    optimiser = optax.adamw(optax.cosine_decay_schedule(3e-3, steps), weight_decay=1e-3)
    state = optimiser.init(params)

    def loss(p: Params, xs: jax.Array, ys: jax.Array) -> jax.Array:
        return optax.softmax_cross_entropy_with_integer_labels(model(p, xs), ys).mean()

    @jax.jit  # type: ignore[untyped-decorator, unused-ignore]
    def update(p: Params, state: Any, xs: jax.Array, ys: jax.Array) -> tuple[Params, Any]:
        updates, state = optimiser.update(jax.grad(loss)(p, xs, ys), state, p)
        return optax.apply_updates(p, updates), state

    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for at in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[at : at + BATCH]
            params, state = update(params, state, shifted(x[chosen], rng), y[chosen])
    return params


def shifted(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift each picture by -1, 0 or 1 pixel each way."""
    padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1)] * 2)
    moves = rng.integers(0, 3, (len(x), 2))
    return np.stack([one[..., i : i + 8, j : j + 8] for one, (i, j) in zip(padded, moves, strict=True)])


def main() -> None:
    """Train both networks."""
    for name, network, model in (("digits_cnn", digits_cnn(), cnn), ("digits_lstm", digits_lstm(), lstm)):
        (x, y), (test_x, test_y) = load_digits("train"), load_digits("test")
        shape = (len(x), 1, 8, 8) if name == "digits_cnn" else (len(x), 8, 8)
        params = train(network, model, x.reshape(shape), y)
        statistics: Params = {}
        model(params, x.reshape(shape), statistics)  # moving statistics: those of the whole training set
        everything = {key: np.asarray(value) for key, value in {**params, **statistics}.items()}
        logits = jax.jit(partial(model, statistics=statistics))(params, test_x.reshape(-1, *shape[1:]))
        print(f"{name}: test accuracy {np.mean(np.argmax(logits, 1) == test_y):.4f}")
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.safetensors").write_bytes(safetensors.numpy.save(everything))


if __name__ == "__main__":
    main()
