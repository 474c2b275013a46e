"""The machine's parameters: one frozen `NpuConfig`, presets as files, a user's own TOML.

Everything that the compiler, the simulators, the resource model and the RTL know about a machine is a field here or
a property derived from fields.  Field names in capitals are the Verilog parameters (`verilog_parameters`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npusim.errors import ConfigError, nearest
from npusim.isa import Space

if TYPE_CHECKING:
    from npusim.resources import Resources

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DRAM_ALIGN = 64
"""Bytes to which tiles and buffers are aligned in DRAM: one beat of a 512-bit bus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NpuConfig:
    """One machine.  Units are in the field comments; latencies are in cycles.

    Raises `ConfigError` for an illegal combination: where, what, got, allowed.
    """

    name: str
    device: str  # name of the device in `npusim.resources`, or "none" where no fit is to be checked
    native_dim: int  # N: rows of an engine = elements of a native vector
    lanes: int  # L: elements that a row consumes per cycle
    engines: int  # T: tile engines
    shared_weights: bool  # weights flow from engine to engine (positions in parallel), or private (rows in parallel)
    weight_mantissa: int  # magnitude bits, sign apart
    act_mantissa: int  # magnitude bits, sign apart
    block: int  # elements that share an exponent; only native_dim so far
    sigmoid_tanh_0: bool  # MFU0 has sigmoid and tanh
    sigmoid_tanh_1: bool  # MFU1 has them
    mrf_tiles: int  # native N x N tiles held on chip
    initial_vrf: int  # native vectors held
    addsub_vrf_0: int
    addsub_vrf_1: int
    multiply_vrf_0: int
    multiply_vrf_1: int
    expander: int  # native vectors of raw image rows held by the Expander
    expander_rows: int  # kernel rows that the Expander reads side by side (row banks)
    imem_words: int  # instruction words held
    queue_depth: int  # chains waiting in each of the three queues
    dispatch_interval: int  # cycles from one dispatched word to the next, at least
    clock_mhz: int
    dram_gbps: float  # peak, all channels [GB/s]
    dram_efficiency: float  # share of the peak that long bursts reach
    dram_latency_ns: int  # request to first data
    dram_burst: int  # bytes after which the two DMA queues take turns
    dram_mbytes: int  # capacity [MiB]
    link_gbps: float  # host link, each direction [GB/s]
    link_latency_us: float  # one way
    net_bytes: int  # bytes a cycle on NetInQ and NetOutQ
    lat_sem: int  # token given -> seen by the waiting queue
    lat_issue: int  # head of queue with all tokens -> first address
    lat_read: int  # VRF address -> vector
    lat_expand: int  # Expander address -> vector
    lat_bfp: int  # float16 vector -> mantissas and exponent
    lat_dot: int  # last lanes of a tile -> integer dot product
    lat_convert: int  # integer dot product -> fp32
    lat_acc: int  # fp32 accumulate; at most N / L, so that a sum is ready for its next tile
    lat_round: int  # fp32 -> float16
    lat_mul: int  # MFU multiply
    lat_add: int  # MFU add, subtract, maximum
    lat_act: int  # MFU unary
    lat_reduce: int  # reduce stage
    lat_write: int  # vector -> readable in the VRF
    lat_dma: int  # DMA: first data -> written, and read -> first data sent

    def __post_init__(self) -> None:
        _check_types(self)
        _check_values(self)

    # ---- derived: geometry -------------------------------------------------------------------------------------

    @property
    def tile_cycles(self) -> int:
        """Cycles an engine needs for one tile-multiply: N / L."""
        return self.native_dim // self.lanes

    @property
    def sigmoid_tanh(self) -> tuple[bool, bool]:
        """Which MFUs have sigmoid and tanh."""
        return self.sigmoid_tanh_0, self.sigmoid_tanh_1

    @property
    def vector_bytes(self) -> int:
        """Bytes of a native vector of float16."""
        return 2 * self.native_dim

    @property
    def tile_bytes(self) -> int:
        """Bytes of a tile in DRAM: N*N mantissas of sign and magnitude bits, N exponents, padded to `DRAM_ALIGN`."""
        bits = self.native_dim * self.native_dim * (self.weight_mantissa + 1)
        raw = -(-bits // 8) + self.native_dim
        return -(-raw // DRAM_ALIGN) * DRAM_ALIGN

    @property
    def mrf_slots(self) -> int:
        """Addressable tile slots: with private weights a slot holds one tile in each engine."""
        return self.mrf_tiles if self.shared_weights else self.mrf_tiles // self.engines

    @property
    def macs_per_cycle(self) -> int:
        """Peak multiply-accumulates a cycle: T * N * L."""
        return self.engines * self.native_dim * self.lanes

    @property
    def peak_tflops(self) -> float:
        """Peak rate, a multiply-accumulate counted as two operations."""
        return 2 * self.macs_per_cycle * self.clock_mhz * 1e-6

    @property
    def dram_rate(self) -> Fraction:
        """Sustained DRAM bytes per cycle, exactly: GB/s * efficiency / clock."""
        gbps = Fraction(str(self.dram_gbps)) * Fraction(str(self.dram_efficiency))
        return gbps * 1000 / self.clock_mhz

    @property
    def dram_latency(self) -> int:
        """DRAM latency in cycles."""
        return math.ceil(Fraction(self.dram_latency_ns * self.clock_mhz, 1000))

    @property
    def dram_bytes(self) -> int:
        """DRAM capacity in bytes."""
        return self.dram_mbytes << 20

    def depth(self, space: Space) -> int:
        """Native vectors that an on-chip space holds; KeyError for DRAM and the queues (our own bug)."""
        return {
            Space.EXPANDER: self.expander,
            Space.INITIAL_VRF: self.initial_vrf,
            Space.ADDSUB_VRF_0: self.addsub_vrf_0,
            Space.ADDSUB_VRF_1: self.addsub_vrf_1,
            Space.MULTIPLY_VRF_0: self.multiply_vrf_0,
            Space.MULTIPLY_VRF_1: self.multiply_vrf_1,
        }[space]

    def resources(self) -> Resources:
        """Return the estimate of what the machine takes of its device; `ConfigError` if `device` is "none"."""
        from npusim.resources import estimate

        return estimate(self)

    # ---- forms -------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return every field by name."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any], where: str = "configuration") -> NpuConfig:
        """Build from a mapping of all fields; `ConfigError` names missing and unknown ones."""
        names = [f.name for f in dataclasses.fields(cls)]
        for key in data:
            if key not in names:
                raise ConfigError(f"{where}: unknown parameter {key!r}{nearest(key, names)}")
        missing = [n for n in names if n not in data]
        if missing:
            raise ConfigError(
                f"{where}: parameters are missing: {', '.join(missing)}; a configuration states every one"
            )
        try:
            return cls(**data)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every field: a program names the machine that it was compiled for."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def verilog_parameters(self) -> dict[str, int]:
        """Return the integer parameters of the RTL, named as the fields in capitals."""
        return {key.upper(): int(value) for key, value in self.to_dict().items() if isinstance(value, (int, bool))}


def _check_types(config: NpuConfig) -> None:
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        want = {"str": str, "int": int, "bool": bool, "float": (int, float)}[str(field.type)]
        if not isinstance(value, want) or (isinstance(value, bool) and field.type != "bool"):  # type: ignore[arg-type]
            raise ConfigError(f"{field.name} is {value!r}, expected {field.type}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{field.name} is {value}, expected a finite number")


_MINIMUM = {"queue_depth": 2, "net_bytes": 1, "dram_burst": DRAM_ALIGN}


def _check_values(c: NpuConfig) -> None:
    for field in dataclasses.fields(c):
        value = getattr(c, field.name)
        if field.type == "float" and value <= 0:
            raise ConfigError(f"{field.name} is {value}, expected more than 0")
        low = _MINIMUM.get(field.name, 1)
        if field.type == "int" and value < low:
            raise ConfigError(f"{field.name} is {value}, expected at least {low}")
    if c.native_dim % c.lanes:
        raise ConfigError(f"native_dim {c.native_dim} is not a multiple of lanes {c.lanes}")
    if c.engines > c.tile_cycles:
        raise ConfigError(
            f"engines is {c.engines}, expected at most native_dim / lanes = {c.tile_cycles}: "
            "with more, two engines would finish a tile in the same cycle"
        )
    if c.lat_acc > c.tile_cycles:
        raise ConfigError(
            f"lat_acc is {c.lat_acc}, expected at most native_dim / lanes = {c.tile_cycles}: "
            "a sum must be ready when its next tile arrives"
        )
    if c.lat_expand < c.lat_read:
        raise ConfigError(
            f"lat_expand is {c.lat_expand}, expected at least lat_read = {c.lat_read}: "
            "the operand of a chain's first element is read while its source is"
        )
    for key in ("weight_mantissa", "act_mantissa"):
        if not 2 <= getattr(c, key) <= 7:
            raise ConfigError(f"{key} is {getattr(c, key)}, expected 2..7")
    if c.block != c.native_dim:
        raise ConfigError(
            f"block is {c.block}; blocks smaller than the native vector ({c.native_dim}) are not supported yet"
        )
    if not c.shared_weights and c.mrf_tiles % c.engines:
        raise ConfigError(f"mrf_tiles {c.mrf_tiles} is not a multiple of engines {c.engines} (private weights)")
    if c.dram_efficiency > 1:
        raise ConfigError(f"dram_efficiency is {c.dram_efficiency}, expected at most 1")
    if c.dram_burst % DRAM_ALIGN:
        raise ConfigError(f"dram_burst is {c.dram_burst}, expected a multiple of {DRAM_ALIGN}")


def preset_names() -> list[str]:
    """Names of the presets that ship with the package."""
    folder = resources.files("npusim") / "presets"
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))


def load_config(name: str, *, fit: bool = True) -> NpuConfig:
    """Load a preset by name, or a TOML file by path (anything with a slash, or ending in .toml).

    A file may say `base = "arria10"` and then state only what differs.  Unless `fit` is false, a configuration that its
    device does not hold is refused.  Raises `ConfigError`.
    """
    from npusim.resources import check_fit

    config, where = _load(name)
    if fit:
        check_fit(config, where)
    return config


def _load(name: str) -> tuple[NpuConfig, str]:
    if "/" in name or name.endswith(".toml"):
        path = Path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name}: cannot read the configuration: {_reason(error)}") from None
        return _parse(text, name), name
    if name not in preset_names():
        raise ConfigError(f"no preset named {name!r}{nearest(name, preset_names())}; a file's name ends in .toml")
    text = (resources.files("npusim") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    return _parse(text, f"preset {name}"), f"preset {name}"


def _parse(text: str, where: str) -> NpuConfig:
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    base = data.pop("base", None)
    if base is not None:
        if base not in preset_names():
            raise ConfigError(f"{where}: base is {base!r}, expected a preset{nearest(str(base), preset_names())}")
        data = {**load_config(base, fit=False).to_dict(), **data}
    return NpuConfig.from_dict(data, where)


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
