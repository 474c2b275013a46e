"""Weights files: .npz or .safetensors, one array per parameter.

A convolution's weights go by either of two names: as in a TF-Slim checkpoint (`.../conv1/weights`: height, width,
inputs, outputs) or as in our ONNX models (`.../conv1/weights_oihw`).  A file may mix both.  Floating-point arrays of
any width are taken and rounded to float32.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from npusim_models.errors import WeightsError, nearest, os_reason, quoted
from npusim_models.files import write_atomically
from npusim_models.graph import Array, Network, Param, Values, subgraph

FORMATS = (".npz", ".safetensors")


def load_weights(path: str | os.PathLike[str], network: Network) -> Values:
    """Read the parameters of the network's span; those of the rest of the network may be there as well."""
    return match_weights(read_arrays(path), network, os.fspath(path))


def save_weights(values: Mapping[str, Array], path: str | os.PathLike[str]) -> None:
    """Write parameters under their ONNX names."""
    suffix = Path(path).suffix.lower()
    if suffix == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **dict(values))
        data = buffer.getvalue()
    elif suffix == ".safetensors":
        data = safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in values.items()})
    else:
        raise WeightsError(f"{os.fspath(path)}: unknown weights format '{suffix}', expected {' or '.join(FORMATS)}")
    write_atomically(data, path)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read every array of a file, whatever it is for."""
    where, suffix = os.fspath(path), Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise WeightsError(f"{where}: unknown weights format '{suffix}', expected {' or '.join(FORMATS)}")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise WeightsError(f"{where}: cannot be read: {os_reason(error)}") from error
    try:
        if suffix == ".safetensors":
            return dict(safetensors.numpy.load(data))
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # the bytes are here, so whatever the decoders raise is about the contents
        reason = str(error) or type(error).__name__
        raise WeightsError(f"{where}: not a readable {suffix[1:]} file: {reason}") from error


def match_weights(arrays: Mapping[str, np.ndarray], network: Network, where: str) -> Values:
    """Check arrays against the network and bring them into its layout; where: what messages begin with."""
    found: Values = {}
    names = {name.removesuffix(":0"): name for name in arrays}
    for param in network.params.values():
        given = [name for name in dict.fromkeys((param.name, param.source)) if name in names]
        if len(given) > 1:
            raise WeightsError(f"{where}: parameter '{param.name}' is there twice, also as '{param.source}'")
        if given:
            found[param.name] = _convert(arrays[names.pop(given[0])], param, given[0], where)
    span_inputs, span_outputs = network.span
    used = {name for node in subgraph(network.nodes, span_inputs, span_outputs) for name in node.input}
    missing = [param for name, param in network.params.items() if name in used and name not in found]
    if missing:
        first = missing[0]
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        hint = f"; nearest of those not used: {quoted(nearest(first.source, names))}" if names else ""
        also = f" (or '{first.name}')" if first.name != first.source else ""
        raise WeightsError(f"{where}: parameter '{first.source}'{also}{more} of {network.name} missing{hint}")
    if names:
        extra = next(iter(names.values()))
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        known = [param.source for param in network.params.values()]
        raise WeightsError(
            f"{where}: '{extra}'{more} not a parameter of {network.name}; nearest: {quoted(nearest(extra, known))}"
        )
    return found


def _convert(array: np.ndarray, param: Param, name: str, where: str) -> Array:
    """Check one array and return it as float32 in the network's layout."""
    ours = name == param.name
    expected = param.shape if ours else param.source_shape
    if array.shape != expected:
        got = " x ".join(map(str, array.shape)) or "()"
        raise WeightsError(f"{where}: parameter '{name}' has shape {got}, expected {' x '.join(map(str, expected))}")
    if not np.issubdtype(array.dtype, np.floating):
        raise WeightsError(f"{where}: parameter '{name}' is {array.dtype}, expected floating point")
    with np.errstate(over="ignore"):
        values: Array = array.astype(np.float32)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise WeightsError(f"{where}: parameter '{name}' has {bad} values that are NaN, infinite or beyond float32")
    if param.role == "moving_variance" and values.min() < 0:
        raise WeightsError(f"{where}: parameter '{name}' has the value {values.min():g}, expected 0 or more")
    return np.ascontiguousarray(values if ours else values.transpose(param.source_axes))
