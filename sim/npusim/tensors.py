"""Tensors from and to files, and seeded ones where the user gives none."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from npusim.atomic import NewFile
from npusim.compiler.ir import TensorInfo
from npusim.errors import InputError
from npusim.runtime import Tensors

Reader = Callable[[str, TensorInfo], "np.ndarray[Any, Any] | None"]
"""Given a file and the input it is for, the array; None for a file that it does not know."""


def read_inputs(files: Sequence[str], expected: Sequence[TensorInfo], reader: Reader | None = None) -> Tensors:
    """Return the arrays of `--input` options: FILE.npz, FILE.npy, or NAME=FILE.npy.

    An .npz holds one array for each input, under its name; an .npy alone is the model's only input, and so is a file
    that `reader` knows.  Names, shapes and dtypes are checked by the session.  Raises `InputError`.
    """
    names = [info.name for info in expected]
    found: Tensors = {}
    for text in files:
        name, path = _split(text, names)
        info = next((info for info in expected if info.name == name), expected[0] if len(expected) == 1 else None)
        special = reader(path, info) if reader is not None and info is not None else None
        arrays = {info.name: special} if info is not None and special is not None else _read(path, name, names)
        for key, array in arrays.items():
            if key in found:
                raise InputError(f"{path}: input {key!r} is given twice")
            found[key] = array
    return found


def read_arrays(path: str) -> Tensors:
    """Return the arrays of an .npz file by name.  Raises `InputError`."""
    loaded = _load(path)
    if not isinstance(loaded, dict):
        raise InputError(f"{path}: one array, expected an .npz of several")
    return loaded


def _split(text: str, names: Iterable[str]) -> tuple[str | None, str]:
    """Take NAME=FILE apart; a name may hold = itself, and so may a file."""
    for name in sorted(names, key=len, reverse=True):
        if text.startswith(f"{name}="):
            return name, text[len(name) + 1 :]
    if Path(text).exists() or "=" not in text:
        return None, text
    name, _, path = text.partition("=")
    return name, path


def _read(path: str, name: str | None, names: Sequence[str]) -> Tensors:
    loaded = _load(path)
    if isinstance(loaded, dict):
        if name is None:
            return loaded
        if len(loaded) != 1:
            raise InputError(f"{path}: holds {len(loaded)} arrays, expected one for input {name!r}")
        return {name: next(iter(loaded.values()))}
    if name is None and len(names) != 1:
        raise InputError(
            f"{path}: one array, but the model has {len(names)} inputs ({', '.join(names)}); "
            "give an .npz with one array for each, or NAME=FILE"
        )
    return {names[0] if name is None else name: loaded}


def _load(path: str) -> Any:
    """Return an array, or arrays by name."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {key: loaded[key] for key in loaded.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, MemoryError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: not a readable .npz or .npy file of plain arrays: {reason}") from None
    except Exception as error:  # zlib and struct have errors of their own; the bytes are here, so they are to blame
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"{path}: not a readable .npz or .npy file of plain arrays: {reason}") from None


def seeded_inputs(expected: Iterable[TensorInfo], seed: int, pictures: bool = False) -> Tensors:
    """Return random inputs: normal noise, small whole numbers, truth values.

    pictures: square images of three channels get a synthetic picture, the kind that networks of `npusim build` expect.
    """
    found: Tensors = {}
    for number, info in enumerate(expected):
        rng = np.random.default_rng([seed, number, 0x1A6E])
        dtype = np.dtype(info.dtype)
        if dtype.kind == "f" and pictures and info.shape[:2] == (1, 3) and len(set(info.shape[2:])) == 1:
            from npusim_models import synthetic_image

            found[info.name] = synthetic_image(seed, info.shape[2]).astype(dtype)
        elif dtype.kind == "f":
            found[info.name] = rng.standard_normal(info.shape, np.float32).astype(dtype)
        else:
            found[info.name] = rng.integers(0, 2, info.shape).astype(dtype)
    return found


def outputs_file(path: str, outputs: Tensors) -> NewFile:
    """Return an .npz with one array for each output, to be written."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:  # as np.savez does, which cannot take every name as a keyword
        for name, array in outputs.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return NewFile(path, [stream.getvalue()], "the outputs", InputError)
