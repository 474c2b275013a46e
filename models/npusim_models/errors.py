"""The errors a user of this package can cause; text is always: where, what, got, allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ModelsError(Exception):
    """Bad input to a builder, told in one sentence."""


class UnknownNameError(ModelsError):
    """A network or an option that does not exist."""


class OptionError(ModelsError):
    """A network's option with a value it cannot take."""


class WeightsError(ModelsError):
    """A weights file that cannot be read or does not belong to the network."""


class SaveError(ModelsError):
    """A file that cannot be written."""


class PictureError(ModelsError):
    """A picture that cannot be read, or is not one a network takes."""


class LabelsError(ModelsError):
    """A file of class names that cannot be read or does not fit the network."""


class DetectionError(ModelsError):
    """Outputs that are not a detector's."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` of `known` that resemble `name` most, best first; a few of them if none resembles it."""
    candidates = list(known)
    return difflib.get_close_matches(name, candidates, count, 0.5) or sorted(candidates)[:count]


def quoted(names: Iterable[str]) -> str:
    """Return the names in quotes, separated by commas."""
    return ", ".join(f"'{name}'" for name in names)


def os_reason(error: OSError) -> str:
    """Return what the operating system objected to, without the path: the caller names it."""
    return (error.strerror or str(error)).lower()
