"""The one family of errors a user can cause.

Text is always: where, what, got, allowed.  `NpuError` ends the command line with exit code 2 and that one sentence;
anything else is our own bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NpuError(Exception):
    """Bad input, told in one sentence: where, what, got, allowed."""


class ConfigError(NpuError):
    """A machine description that is malformed, illegal or does not fit its device."""


class ProgramError(NpuError):
    """A program file or an assembler text that is malformed, illegal or meant for another machine."""


class ModelError(NpuError):
    """An ONNX model that is malformed, or that holds what cannot be compiled."""


class PlacementError(ModelError):
    """A layer that does not fit the machine's memories, even in stripes."""


class InputError(NpuError):
    """An input tensor, file or option that does not fit the model."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` (nearest: a, b)` for an unknown name, or the whole list where nothing is near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f" (nearest: {', '.join(close)})" if close else f" (known: {', '.join(names)})"
