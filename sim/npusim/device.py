"""FPGA devices as data: `devices/*.toml`."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import cache
from importlib import resources

from npusim.errors import ConfigError, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class Device:
    """What an FPGA has.  Clock limits in MHz."""

    name: str
    title: str
    alm: int
    dsp: int
    m20k: int
    dsp_multipliers: int
    m20k_shapes: tuple[tuple[int, int], ...]
    mlab_depth: int
    mlab_width: int
    mlab_alm: int
    dsp_mhz: int
    m20k_mhz: int

    def m20ks(self, depth: int, width: int) -> int:
        """M20K blocks of a simple dual-port memory, in the shape that needs fewest."""
        return min(math.ceil(depth / d) * math.ceil(width / w) for d, w in self.m20k_shapes)

    def mlab_alms(self, depth: int, width: int) -> int:
        """ALMs of a memory in MLABs."""
        return math.ceil(depth / self.mlab_depth) * math.ceil(width / self.mlab_width) * self.mlab_alm


def device_names() -> list[str]:
    """Names of the devices that ship with the package."""
    folder = resources.files("npusim") / "devices"
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))


@cache
def load_device(name: str) -> Device:
    """Return a device by name; `ConfigError` listing the known ones."""
    if name not in device_names():
        raise ConfigError(f"device is {name!r}, expected a known one or 'none'{nearest(name, device_names())}")
    text = (resources.files("npusim") / "devices" / f"{name}.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    data["m20k_shapes"] = tuple((int(d), int(w)) for d, w in data["m20k_shapes"])
    return Device(name=name, **data)
