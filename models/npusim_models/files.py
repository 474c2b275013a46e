"""Model files: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import onnx

from npusim_models.errors import SaveError, os_reason


def save(model: onnx.ModelProto, path: str | os.PathLike[str]) -> None:
    """Write the model to `path`; on failure or interruption the old file stays and nothing is left behind."""
    write_atomically(model.SerializeToString(deterministic=True), path)


def write_atomically(data: bytes, path: str | os.PathLike[str]) -> None:
    """Write `data` to `path` through a temporary file in the same folder; links are followed, devices written to."""
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a device or a pipe; a folder raises
            return
        scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            scratch.write_bytes(data)
            os.replace(scratch, target)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SaveError(f"{os.fspath(path)}: cannot be written: {os_reason(error)}") from error
