"""Weights files: .npz or .safetensors, one array per parameter.

A convolution's weights go by either of two names: as in a TF-Slim checkpoint (`.../conv1/weights`: height, width,
inputs, outputs) or as in our ONNX models (`.../conv1/weights_oihw`).  A file may mix both.  Floating-point arrays of
any width are taken and rounded to float32.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from npusim_models.errors import WeightsError, nearest, os_reason, quoted
from npusim_models.files import write_atomically
from npusim_models.graph import Array, Network, Param, Values, subgraph

FORMATS = (".npz", ".safetensors")


def load_weights(path: str | os.PathLike[str], network: Network) -> Values:
    """Read the parameters of the network's span; those of the rest of the network may be there as well."""
    return match_weights(read_arrays(path), network, os.fspath(path))


def save_weights(model: onnx.ModelProto, path: str | os.PathLike[str]) -> None:
    """Write the parameters of a model under their ONNX names; the ending of `path` chooses the format."""
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    suffix = Path(path).suffix.lower()
    if suffix == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, **values)
        data = buffer.getvalue()
    elif suffix == ".safetensors":
        data = safetensors.numpy.save(values)
    else:
        raise WeightsError(f"{os.fspath(path)}: unknown weights format '{suffix}', expected {' or '.join(FORMATS)}")
    write_atomically(data, path)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
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
            return _read_safetensors(data)
        if not zipfile.is_zipfile(io.BytesIO(data)):
            raise ValueError("it is no zip archive of .npy files, or not all of one")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # the bytes are here, so whatever the decoders raise is about the contents
        reason = str(error) or type(error).__name__
        raise WeightsError(f"{where}: not a readable {suffix[1:]} file: {reason}") from error


def _read_safetensors(data: bytes) -> dict[str, NDArray[Any]]:
    """Decode the floating-point formats; bfloat16, which NumPy lacks, becomes float32."""
    formats = {"F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}
    arrays = {}
    for name, tensor in safetensors.deserialize(data):  # type: ignore[no-untyped-call]
        if tensor["dtype"] not in formats:
            raise ValueError(f"'{name}' is {tensor['dtype']}, expected {', '.join(formats)}")
        array = np.frombuffer(tensor["data"], formats[tensor["dtype"]]).reshape(tensor["shape"])
        arrays[name] = (array.astype("<u4") << 16).view("<f4") if tensor["dtype"] == "BF16" else array
    return arrays


def match_weights(arrays: Mapping[str, NDArray[Any]], network: Network, where: str) -> Values:
    """Check arrays against the network and bring them into its layout; where: what messages begin with."""
    found: Values = {}
    names = {name.removesuffix(":0"): name for name in arrays}  # TensorFlow ends variables' names in :0
    if len(names) < len(arrays):
        twice = next(name for name in names if name in arrays and f"{name}:0" in arrays)
        raise WeightsError(f"{where}: parameter '{twice}' is there twice, with and without :0")
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
        either = f"'{first.source}' or '{first.name}'" if first.name != first.source else f"'{first.name}'"
        hint = f"; nearest in the file and not used: {quoted(nearest(first.source, names))}" if names else ""
        raise WeightsError(f"{where}: {network.name} needs parameter {either}{_and_more(missing)}, missing here{hint}")
    if names:
        extra, known = next(iter(names)), [param.source for param in network.params.values()]
        raise WeightsError(
            f"{where}: {network.name} has no parameter '{extra}'{_and_more(names)}; "
            f"nearest: {quoted(nearest(extra, known))}"
        )
    return found


def _and_more(items: Sized) -> str:
    return f" (and {len(items) - 1} more)" if len(items) > 1 else ""


def _convert(array: NDArray[Any], param: Param, name: str, where: str) -> Array:
    """Check one array and return it as float32 in the network's layout."""
    ours = name == param.name
    expected = param.shape if ours else param.source_shape
    if array.shape != expected:
        raise WeightsError(f"{where}: parameter '{name}' has shape {_shape(array.shape)}, expected {_shape(expected)}")
    if not np.issubdtype(array.dtype, np.floating):
        raise WeightsError(f"{where}: parameter '{name}' is {array.dtype}, expected floating point")
    with np.errstate(over="ignore"):
        values: Array = array.astype(np.float32)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise WeightsError(f"{where}: parameter '{name}' has {bad} values that are NaN, infinite or beyond float32")
    if param.role == "moving_variance" and values.min() < 0:
        raise WeightsError(f"{where}: parameter '{name}' has the value {values.min():g}, expected 0 or more")
    if not ours:
        values = values.transpose(param.source_axes).reshape(param.shape)
    return np.ascontiguousarray(values)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "of a scalar"
