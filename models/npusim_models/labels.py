"""Names of classes."""

from __future__ import annotations

import os
from pathlib import Path

from npusim_models.errors import LabelsError, os_reason

VOC = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""The 20 classes of Pascal VOC, alphabetically as everywhere; a detector's class 0 is the background before them."""


def read_labels(path: str | os.PathLike[str], classes: int) -> tuple[str, ...]:
    """Return one name a class from a text file of one name a line; UTF-8; lines at the end may be empty.

    A file with one line more begins with the background, as TensorFlow's ImageNet lists do, and that line is dropped.
    Raises `LabelsError`.
    """
    return check_labels(os.fspath(path), read_lines(path), classes)


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """Return a text file's lines, without empty ones at the end.  Raises `LabelsError`."""
    where = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LabelsError(f"{where}: not a text file in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else str(error)
        raise LabelsError(f"{where}: cannot be read: {reason}") from None
    return [line.strip() for line in text.rstrip().splitlines()]


def check_labels(where: str, lines: list[str], classes: int) -> tuple[str, ...]:
    """Return the names among a file's lines, one a class; where: the file, for the message of `LabelsError`."""
    names = lines
    if len(names) == classes + 1 and names[0].lower() in ("background", "dummy", "__background__"):
        names = names[1:]
    if len(names) != classes:
        raise LabelsError(f"{where}: has {len(names)} lines, expected {classes}, one for each class")
    empty = next((number for number, name in enumerate(names, 1) if not name), None)
    if empty is not None:
        raise LabelsError(f"{where}:{empty}: the line is empty, expected the name of class {empty - 1}")
    return tuple(names)
