"""Write a file completely or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from npusim.errors import NpuError


def write_atomic(
    path: str | os.PathLike[str], chunks: Iterable[Any], what: str, error: type[NpuError] = NpuError
) -> None:
    """Write byte chunks to a temporary file beside `path`, then rename it over `path`.

    Whatever goes wrong, Ctrl-C included, leaves neither the temporary file nor half a result; an operating system's
    refusal becomes `error` with one sentence naming `path` and `what`.  Devices and pipes are written to directly.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as stream:
                stream.writelines(chunks)
            return
        if target.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        scratch = target.with_name(f".{target.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:  # from before the file is there until after it is renamed, so that no interruption leaves it behind
            with scratch.open("xb") as stream:
                stream.writelines(chunks)
            os.replace(scratch, target)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
    except OSError as reason:
        raise error(f"{os.fspath(path)}: cannot write {what}: {reason.strerror or reason}") from None
