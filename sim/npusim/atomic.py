"""Write files completely or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npusim.errors import NpuError


@dataclass(frozen=True, slots=True)
class NewFile:
    """What to write: byte chunks to a path; what: for the message, error: its class."""

    path: str | os.PathLike[str]
    chunks: Iterable[Any]
    what: str
    error: type[NpuError] = NpuError


def write_atomic(
    path: str | os.PathLike[str], chunks: Iterable[Any], what: str, error: type[NpuError] = NpuError
) -> None:
    """Write byte chunks to a temporary file beside `path`, then rename it over `path`.

    Whatever goes wrong, Ctrl-C included, leaves neither the temporary file nor half a result; an operating system's
    refusal becomes `error` with one sentence naming `path` and `what`.  Devices and pipes are written to directly.
    """
    write_together([NewFile(path, chunks, what, error)])


def write_together(files: Sequence[NewFile]) -> None:
    """Write several files as `write_atomic` does; none is renamed before all are on the disk."""
    staged: list[tuple[NewFile, Path, Path]] = []
    try:  # from before the first file is there until after the last is renamed: no interruption leaves any behind
        for file in files:
            with _told(file):
                target = Path(os.path.realpath(file.path))
                if target.is_dir():
                    raise IsADirectoryError(21, "Is a directory")
                if target.exists() and not target.is_file():
                    with target.open("wb") as stream:
                        stream.writelines(file.chunks)
                    continue
                scratch = target.with_name(f".{target.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
                staged.append((file, scratch, target))
                with scratch.open("xb") as stream:
                    stream.writelines(file.chunks)
        for file, scratch, target in staged:
            with _told(file):
                os.replace(scratch, target)
    except BaseException:
        for _, scratch, _ in staged:
            scratch.unlink(missing_ok=True)
        raise


@contextmanager
def _told(file: NewFile) -> Iterator[None]:
    """Turn an operating system's refusal into the file's error."""
    try:
        yield
    except (OSError, ValueError) as reason:  # ValueError: a path with a zero in it
        text = getattr(reason, "strerror", None) or reason
        raise file.error(f"{os.fspath(file.path)}: cannot write {file.what}: {text}") from None
