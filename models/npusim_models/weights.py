"""Weights files: .npz, .safetensors or .onnx, one array per parameter.

Names and layouts are those of a framework, which is recognised by them (see `dialects`).  Floating-point arrays of any
width are taken and rounded to float32.
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

from npusim_models.dialects import SLIM, Dialect, Stored, names_of
from npusim_models.errors import WeightsError, nearest, os_reason, quoted
from npusim_models.files import write_atomically
from npusim_models.graph import Array, Network, Values, subgraph

FORMATS = (".npz", ".safetensors", ".onnx")
SAVED_FORMATS = FORMATS[:2]


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
        raise WeightsError(
            f"{os.fspath(path)}: unknown weights format '{suffix}', expected {' or '.join(SAVED_FORMATS)}"
        )
    write_atomically(data, path)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read every array of a file, whatever it is for."""
    where, suffix = os.fspath(path), Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise WeightsError(f"{where}: unknown weights format '{suffix}', expected {', '.join(FORMATS)}")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise WeightsError(f"{where}: cannot be read: {os_reason(error)}") from error
    try:
        if suffix == ".safetensors":
            return _read_safetensors(data)
        if suffix == ".onnx":
            return _read_initializers(data, Path(path).parent)
        if not zipfile.is_zipfile(io.BytesIO(data)):
            raise ValueError("it is no zip archive of .npy files, or not all of one")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # the bytes are here, so whatever the decoders raise is about the contents
        reason = str(error) or type(error).__name__
        raise WeightsError(f"{where}: not a readable {suffix[1:]} file: {reason}") from error


def _read_safetensors(data: bytes) -> dict[str, NDArray[Any]]:
    """Decode the formats that NumPy has, and bfloat16, which becomes float32."""
    formats = {
        "F16": "<f2",
        "BF16": "<u2",
        "F32": "<f4",
        "F64": "<f8",
        "I64": "<i8",
        "I32": "<i4",
        "U8": "u1",
        "BOOL": "?",
    }
    arrays = {}
    for name, tensor in safetensors.deserialize(data):  # type: ignore[no-untyped-call]
        if tensor["dtype"] not in formats:
            raise ValueError(f"'{name}' is {tensor['dtype']}, expected {', '.join(formats)}")
        array = np.frombuffer(tensor["data"], formats[tensor["dtype"]]).reshape(tensor["shape"])
        arrays[name] = (array.astype("<u4") << 16).view("<f4") if tensor["dtype"] == "BF16" else array
    return arrays


def _read_initializers(data: bytes, folder: Path) -> dict[str, NDArray[Any]]:
    """Return the initializers of an ONNX model, those in files beside it as well."""
    model = onnx.ModelProto.FromString(data)
    onnx.load_external_data_for_model(model, os.fspath(folder))
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def match_weights(arrays: Mapping[str, NDArray[Any]], network: Network, where: str, dialect: Dialect = SLIM) -> Values:
    """Check arrays against the network's span and bring them into its layout; where: what messages begin with.

    Parameters of the rest of the network may be there as well.
    """
    found: Values = {}
    title = network.name if dialect is SLIM else f"{network.name}, by its parameters' names in {dialect.title},"
    names = {}
    for name, given in names_of(arrays, dialect, network).items():
        if len(given) > 1:
            raise WeightsError(f"{where}: '{given[0]}' and '{given[1]}' are the same parameter, expected one")
        names[name] = given[0]
    ways: dict[str, list[Stored]] = {}
    for stored in dialect.stored(network):
        ways.setdefault(stored.param.name, []).append(stored)
    for param, stored_as in ways.items():
        there = [stored for stored in stored_as if stored.name in names]
        if len(there) > 1:
            first, second = (names[stored.name] for stored in there)
            raise WeightsError(f"{where}: '{first}' and '{second}' are the same parameter, expected one")
        if there:
            name = names.pop(there[0].name)
            found[param] = _convert(arrays[name], there[0], name, where)
    span_inputs, span_outputs = network.span
    used = {name for node in subgraph(network.nodes, span_inputs, span_outputs) for name in node.input}
    missing = [stored for param, stored in ways.items() if param in used and param not in found]
    if missing:
        either = " or ".join(f"'{stored.name}'" for stored in missing[0])
        close = nearest(missing[0][0].name, names.values())
        hint = f"; nearest in the file and not used: {quoted(close)}" if names else ""
        raise WeightsError(f"{where}: {title} needs parameter {either}{_and_more(missing)}, missing here{hint}")
    if names:
        extra, known = next(iter(names.values())), [stored_as[0].name for stored_as in ways.values()]
        raise WeightsError(
            f"{where}: {title} has no parameter '{extra}'{_and_more(names)}; nearest: {quoted(nearest(extra, known))}"
        )
    return found


def classes_in(arrays: Mapping[str, NDArray[Any]], network: Network, dialect: Dialect) -> int | None:
    """Return the number of classes that a classifier's biases in the file have, None without them."""
    names = names_of(arrays, dialect, network)
    for stored in dialect.stored(network):
        if stored.param.role == "centred_biases" and stored.name in names:
            shape = arrays[names[stored.name][0]].shape
            return shape[0] if len(shape) == 1 and shape[0] > 1 else None
    return None


def _and_more(items: Sized) -> str:
    return f" (and {len(items) - 1} more)" if len(items) > 1 else ""


def _convert(array: NDArray[Any], stored: Stored, name: str, where: str) -> Array:
    """Check one array and return it as float32 in the network's layout."""
    if array.shape != stored.shape:
        got, expected = _shape(array.shape), _shape(stored.shape)
        raise WeightsError(f"{where}: parameter '{name}' has shape {got}, expected {expected}")
    if not np.issubdtype(array.dtype, np.floating):
        raise WeightsError(f"{where}: parameter '{name}' is {array.dtype}, expected floating point")
    with np.errstate(over="ignore"):
        values: Array = array.astype(np.float32)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise WeightsError(f"{where}: parameter '{name}' has {bad} values that are NaN, infinite or beyond float32")
    if stored.param.role == "moving_variance" and values.min() < 0:
        raise WeightsError(f"{where}: parameter '{name}' has the value {values.min():g}, expected 0 or more")
    return stored.ours(values)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "of a scalar"
