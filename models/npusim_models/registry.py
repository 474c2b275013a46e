"""The networks by name."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import onnx
import onnxruntime

from npusim_models.densenet import densenet
from npusim_models.dialects import SLIM, Dialect, recognise
from npusim_models.digits import digits_cnn, digits_lstm, trained_file
from npusim_models.errors import OptionError, UnknownNameError, nearest, quoted
from npusim_models.graph import Network, Values, to_model
from npusim_models.recurrent import gru, lstm
from npusim_models.resnet_v1 import FORMS, UNITS, resnet_v1
from npusim_models.seeded import Progress, seeded_values
from npusim_models.small import mlp, tiny_resnet
from npusim_models.variants import CLASSES, SERVICE, Variant
from npusim_models.vgg import ssd_vgg, vgg16
from npusim_models.weights import classes_in, match_weights, read_arrays

Describe = Callable[..., Network]
DescribeForm = Callable[[str, Variant], Network]


def _forms(name: str, describe_form: DescribeForm) -> dict[str, Callable[[Variant], Network]]:
    """Return a network's whole form and its parts by name."""

    def entry(form: str) -> Callable[[Variant], Network]:
        return lambda variant: describe_form(form, variant)

    return {name + (f"_{form}" if form != "whole" else ""): entry(form) for form in FORMS}


def _as_the_service(entry: Callable[[Variant], Network]) -> Describe:
    """Return a network without options: its name has said it all."""
    return lambda: entry(SERVICE)


VARIED: dict[str, Callable[[Variant], Network]] = {
    **{name: entry for depth in UNITS for name, entry in _forms(f"resnet{depth}", partial(resnet_v1, depth)).items()},
    **_forms("densenet121", partial(densenet, 121)),
    **_forms("vgg16", vgg16),
}
"""Networks that frameworks have under names of their own."""

NETWORKS: dict[str, Describe] = {
    **{name: _as_the_service(entry) for name, entry in VARIED.items()},
    **{name: _as_the_service(entry) for name, entry in _forms("ssd_vgg", lambda form, _: ssd_vgg(form)).items()},
    "tiny_resnet": tiny_resnet,
    "tiny_resnet_16": partial(tiny_resnet, size=16, width=8),
    "mlp": mlp,
    "digits_cnn": digits_cnn,
    "digits_lstm": digits_lstm,
    "lstm": lstm,
    "gru": gru,
}


def names() -> list[str]:
    """Return the names that `build` knows."""
    return list(NETWORKS)


def describe(name: str, **options: object) -> Network:
    """Return a network without values; options: the arguments of the network's own function, sizes mostly."""
    if name not in NETWORKS:
        raise UnknownNameError(f"unknown network '{name}'; nearest: {quoted(nearest(name, NETWORKS))}")
    known = inspect.signature(NETWORKS[name]).parameters
    for option in options:
        if option not in known:
            allowed = quoted(nearest(option, known)) if known else "none"
            raise UnknownNameError(f"{name}: unknown option '{option}'; it has: {allowed}")
    return NETWORKS[name](**options)


def build(
    name: str,
    seed: int = 0,
    weights: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    **options: object,
) -> onnx.ModelProto:
    """Build a network; weights: a file with its parameters.

    Without it they follow from the seed (see `seeded`), or ship with the package where the network is a trained one.
    With one, the network is built as the framework builds it by whose names the file goes, for as many classes as the
    file's classifier has.
    """
    network = describe(name, **options)
    _check_seed(seed)
    if weights is not None or network.trained:
        path = weights if weights is not None else trained_file(network.trained)
        network, values, dialect = _load(path, name, network)
        origin = {"weights": os.path.basename(os.fspath(path)), "names": dialect.title, "remark": network.remark}
        return to_model(network, values, {key: text for key, text in origin.items() if text})
    versions = f"numpy {np.__version__}, onnxruntime {onnxruntime.__version__}"
    return to_model(network, seeded_values(network, seed, progress), {"seed": str(seed), "measured_with": versions})


def _load(path: str | os.PathLike[str], name: str, network: Network) -> tuple[Network, Values, Dialect]:
    """Read the parameters of the network of that name; returns them with the framework whose names the file has.

    Also returns the network as that framework builds it.
    """
    arrays, where = read_arrays(path), os.fspath(path)
    dialect = recognise(arrays, network, where) if name in VARIED else SLIM
    if name in VARIED:
        classes = classes_in(arrays, network, dialect) or CLASSES
        network = VARIED[name](replace(dialect.variant, classes=classes))
    return network, match_weights(arrays, network, where, dialect), dialect


def sample_input(name: str, seed: int = 0, **options: object) -> Values:
    """Return one input of the kind that the whole network expects: a synthetic picture, or noise."""
    _check_seed(seed)
    return describe(name, **options).sample(np.random.default_rng([seed, 0x1A6E]), 1)


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise OptionError(f"seed {seed} is negative, expected 0 or more")
