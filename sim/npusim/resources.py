"""The resource model: ALMs, DSP blocks and M20K memories of a configuration, and whether its device holds them.

Memories are exact from their geometry.  DSP blocks and ALMs follow formulas and measured unit costs (`npusim.costs`);
`docs/resources.md` compares them with published machines.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npusim import costs
from npusim.device import Device, load_device
from npusim.errors import ConfigError

if TYPE_CHECKING:
    from npusim.config import NpuConfig


@dataclass(frozen=True, slots=True)
class Row:
    """What one part of the machine takes."""

    part: str
    alm: int = 0
    dsp: int = 0
    m20k: int = 0


@dataclass(frozen=True, slots=True)
class Resources:
    """What a configuration takes of a device."""

    device: Device
    rows: tuple[Row, ...]

    @property
    def alm(self) -> int:
        """ALMs of all parts."""
        return sum(row.alm for row in self.rows)

    @property
    def dsp(self) -> int:
        """DSP blocks of all parts."""
        return sum(row.dsp for row in self.rows)

    @property
    def m20k(self) -> int:
        """M20K blocks of all parts."""
        return sum(row.m20k for row in self.rows)

    @property
    def totals(self) -> dict[str, tuple[int, int]]:
        """What is needed and what the device has, by kind of resource."""
        d = self.device
        return {"ALM": (self.alm, d.alm), "DSP": (self.dsp, d.dsp), "M20K": (self.m20k, d.m20k)}

    @property
    def excess(self) -> dict[str, int]:
        """What is missing, by kind of resource; empty if everything fits."""
        return {kind: need - have for kind, (need, have) in self.totals.items() if need > have}


PUBLISHED_ON = {"arria10_rnn": "arria10_gx1150", "bw_s10": "stratix10_gx2800"}
PUBLISHED = {
    "arria10_rnn": {"ALM": 216_602, "DSP": 1_518, "M20K": 2_171},
    "bw_s10": {"ALM": 845_719, "DSP": 5_245, "M20K": 8_192},
}
"""What Fowers et al. (ISCA 2018, table 3) report for the machines that these presets describe: 51, 100 and 80 % of the
one device, 91, 91 and 69 % of the other."""

IMAGE_PARTS = ("Expander", "reduce")
"""Units that only networks on images use; the published machines for recurrent networks do without."""

FUNCTIONS = ("sigmoid and tanh",)


def estimate(config: NpuConfig, device: Device | None = None, *, without: tuple[str, ...] = ()) -> Resources:
    """Return what the configuration takes of its device (or of another one), leaving out some parts.

    Raises `ConfigError` if the configuration names no device.
    """
    device = device or load_device(config.device)
    rows = [row for row in (*_memories(config, device), *_datapath(config, device)) if row.part not in without]
    left = device.dsp - sum(row.dsp for row in rows)
    rows.insert(0, _multipliers(config, device, left))
    return Resources(device, tuple(rows))


def _memories(c: NpuConfig, d: Device) -> list[Row]:
    n, vector = c.native_dim, 16 * c.native_dim
    copies, slots = (1, c.mrf_tiles) if c.shared_weights else (c.engines, c.mrf_slots)
    depth = slots * c.tile_cycles
    exponents = math.ceil(8 * n / c.tile_cycles)  # a tile's exponents are read while its mantissas are
    # A row bank holds its part of the ring, so that a window's rows are read side by side. Window registers move on by
    # a stride (4:1 multiplexers, an ALM a bit); a rotation of log2 N levels, two an ALM, places the taps in the vector.
    bank = math.ceil(c.expander / c.expander_rows)
    moves = vector * (1 + math.ceil(math.log2(n) / 2))
    return [
        Row("MatrixRf mantissas", m20k=copies * d.m20ks(depth, n * c.lanes * (c.weight_mantissa + 1))),
        Row("MatrixRf exponents", m20k=copies * d.m20ks(depth, exponents)),
        Row("InitialVrf", m20k=d.m20ks(c.initial_vrf, vector)),
        Row("AddSubVrf_0", m20k=d.m20ks(c.addsub_vrf_0, vector)),
        Row("AddSubVrf_1", m20k=d.m20ks(c.addsub_vrf_1, vector)),
        Row("MultiplyVrf_0", m20k=d.m20ks(c.multiply_vrf_0, vector)),
        Row("MultiplyVrf_1", m20k=d.m20ks(c.multiply_vrf_1, vector)),
        Row("Expander", alm=c.expander_rows * d.mlab_alms(bank, vector) + moves),
        Row("accumulators", alm=n * d.mlab_alms(c.engines, 32)),
        Row(
            "instructions and queues",
            alm=3 * d.mlab_alms(c.queue_depth, costs.CHAIN_BITS),
            m20k=d.m20ks(c.imem_words, 64),
        ),
        Row("NetInQ, NetOutQ", m20k=2 * d.m20ks(costs.FIFO_DEPTH, 8 * c.net_bytes)),
        Row("shell", alm=costs.SHELL_ALM, m20k=costs.SHELL_FIFOS * d.m20ks(costs.FIFO_DEPTH, costs.FIFO_WIDTH)),
    ]


def _datapath(c: NpuConfig, d: Device) -> list[Row]:
    n = c.native_dim
    dot_bits = c.weight_mantissa + c.act_mantissa + 1 + math.ceil(math.log2(n))
    merge = (c.engines - 1) / 3 * dot_bits  # one engine finishes in a cycle: 4:1 multiplexers, an ALM a bit
    accumulate = costs.convert_alms(dot_bits) + costs.FP32_ADD_AROUND_DSP + costs.FP32_TO_F16
    smooth = sum(c.sigmoid_tanh)
    return [
        Row("float16 to BFP", alm=n * costs.BFP_LANE[c.act_mantissa] + (n - 1) * costs.EXP_MAX),
        Row("dot product to fp32, sum, float16", alm=math.ceil(n * (merge + accumulate)), dsp=n),
        Row("MFU0, MFU1", alm=2 * n * costs.MFU_LANE, dsp=_blocks(2 * n * costs.MFU_DSP, d)),
        Row(
            "sigmoid and tanh",
            alm=smooth * n * costs.SIGMOID_TANH,
            dsp=_blocks(smooth * n * costs.SIGMOID_TANH_DSP, d),
        ),
        Row("reduce", alm=n * costs.REDUCE_LANE),
        Row("control", alm=costs.CONTROL_ALM),
    ]


def _blocks(count: float, d: Device) -> int:
    """Return DSP blocks of a device, where `count` is of blocks with two multipliers."""
    return math.ceil(count * 2 / d.dsp_multipliers)


def _multipliers(c: NpuConfig, d: Device, left: int) -> Row:
    """Put products into DSP blocks as far as they reach and the rest into ALMs."""
    w, a = c.weight_mantissa, c.act_mantissa
    products = c.macs_per_cycle
    packed = d.dsp_multipliers * costs.packed_rows(w, a)
    dsp = max(0, min(left, math.ceil(products / packed)))
    hard = min(products, dsp * packed)
    soft_cost = costs.soft_dot_alms(c.lanes, w, a) / c.lanes
    hard_cost = costs.dsp_dot_alms(c.lanes, w, a) / c.lanes
    return Row(
        f"multipliers ({hard} of {products} in DSP)",
        alm=math.ceil(hard * hard_cost + (products - hard) * soft_cost),
        dsp=dsp,
    )


# ---- fit -----------------------------------------------------------------------------------------------------------

_SHRINKABLE = (
    "initial_vrf", "addsub_vrf_0", "addsub_vrf_1", "multiply_vrf_0", "multiply_vrf_1", "expander", "imem_words",
    "mrf_tiles", "engines", "lanes", "weight_mantissa", "act_mantissa", "clock_mhz",
)  # fmt: skip


def misfit(config: NpuConfig) -> str:
    """Return what does not fit and by how much, as a clause; empty if everything fits or `device` is "none"."""
    if config.device == "none":
        return ""
    r = estimate(config)
    faults = [
        f"{need:,} of {have:,} {kind} ({need - have:,} too many)"
        for kind, (need, have) in r.totals.items()
        if need > have
    ]
    for block, limit in (("DSP", r.device.dsp_mhz), ("M20K", r.device.m20k_mhz)):
        if config.clock_mhz > limit:
            faults.append(f"clock_mhz {config.clock_mhz} above the {block} limit of {limit}")
    return ", ".join(faults)


def check_fit(config: NpuConfig, where: str = "configuration") -> None:
    """Refuse a configuration that its device does not hold: `ConfigError` with figures and the cheapest ways out."""
    try:
        fault = misfit(config)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    if fault:
        ways = (
            " or ".join(ways_out(config)[:2]) or "no single parameter is enough; lower engines and mantissa bits first"
        )
        raise ConfigError(
            f"{where}: does not fit {load_device(config.device).title}: needs {fault}; cheapest ways out: {ways}"
        )


def ways_out(config: NpuConfig) -> list[str]:
    """Return changes that make the configuration fit, the smallest relative reduction first.

    Changes of one parameter; where fewer than two of them suffice, also a halved parameter together with another one.
    """
    found = _one_change(config)
    enough = {key for _, key, _ in found}
    if len(found) < 2:
        for key in _SHRINKABLE:
            value = getattr(config, key)
            half = None if key in enough or key == "clock_mhz" else _replaced(config, key, value // 2)
            if half is not None:
                found += [
                    (0.5 + loss, other, f"{key} = {value // 2} (now {value}) with {text}")
                    for loss, other, text in _one_change(half)
                    if other not in (*enough, key)
                ]
    return [text for _, _, text in sorted(found, key=lambda item: item[0])]


def _one_change(config: NpuConfig) -> list[tuple[float, str, str]]:
    """Return (relative reduction, parameter, change) for each parameter that is enough by itself."""
    found = []
    for key in _SHRINKABLE:
        value = getattr(config, key)
        for new in _smaller(config, key):
            changed = _replaced(config, key, new)
            if changed is not None and not misfit(changed):
                found.append((1 - new / value, key, f"{key} = {new} (now {value})"))
                break
    return found


def _replaced(config: NpuConfig, key: str, value: int) -> NpuConfig | None:
    try:
        return dataclasses.replace(config, **{key: value})  # type: ignore[arg-type]
    except ConfigError:
        return None


def _smaller(config: NpuConfig, key: str) -> list[int]:
    """Return smaller values to try, the largest first: sensible steps, never below a quarter."""
    value = getattr(config, key)
    if key in ("engines", "weight_mantissa", "act_mantissa"):
        return list(range(value - 1, max(0, value // 4 - 1), -1))
    if key == "lanes":
        return [value // 2]
    if key == "clock_mhz":
        device = load_device(config.device)
        limit = min(device.dsp_mhz, device.m20k_mhz)
        return [limit] if limit < value else []
    step = config.engines if key == "mrf_tiles" else 512
    first = (value - 1) // step * step
    return list(range(first, max(0, value // 4 - 1), -step))
