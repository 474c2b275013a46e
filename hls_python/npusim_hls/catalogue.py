"""Kernels by name: the library's, block sizes by pattern, and a user's own from a file."""

from __future__ import annotations

import difflib
import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path

from npusim_hls.errors import HlsError
from npusim_hls.kernel import Instance, Kernel
from npusim_hls.kernels import KERNELS, bfp_instance, dot_instance, dot_to_f32_instance, lane_instance

PATTERNS: dict[str, Callable[..., Instance]] = {
    r"f16_to_bfp_(\d+)x(\d+)": bfp_instance,
    r"bfp_dot_(\d+)x(\d+)(?:x(\d+))?": dot_instance,
    r"int_to_f32_d(\d+)": dot_to_f32_instance,
    r"f16_to_bfp_lane_m(\d+)": lane_instance,
}


def find(name: str) -> Instance:
    """The instance `name`: from the library, a pattern such as f16_to_bfp_128x5, or FILE.py:NAME."""
    if ".py:" in name:
        return from_file(name)
    if name in KERNELS:
        return KERNELS[name]
    for pattern, make in PATTERNS.items():
        found = re.fullmatch(pattern, name)
        if found:
            return make(*(int(number) for number in found.groups() if number))
    close = ", ".join(difflib.get_close_matches(name, KERNELS, 3)) or "none like it"
    ways = "`npusim hls list` shows all, FILE.py:NAME takes your own"
    raise HlsError(f"kernel {name} is not known; near: {close}; {ways}")


def from_file(name: str) -> Instance:
    """An instance, or a kernel without parameters, defined in a Python file."""
    file, _, attribute = name.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise HlsError(f"{file}: no such file; a kernel of your own is given as FILE.py:NAME")
    module_name = f"npusim_hls_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except HlsError:
        raise
    except Exception as error:
        raise HlsError(f"{file}: cannot be imported: {type(error).__name__}: {error}") from error
    value = getattr(module, attribute, None)
    if isinstance(value, Kernel):
        value = value.bind()
    if not isinstance(value, Instance):
        known = [key for key, item in vars(module).items() if isinstance(item, (Instance, Kernel))]
        raise HlsError(f"{file}: {attribute} is not a kernel; it defines {', '.join(known) or 'none'}")
    return value
