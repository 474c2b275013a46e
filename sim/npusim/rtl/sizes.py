"""Synthesis figures of the RTL, module by module, and what the resource model says of the same parts.

`sizes.json` beside this module is data that `make rtl-sizes` makes anew (tools/rtl_sizes.py, with Yosys): for each
machine one row a module and set of parameters, with the digest of the sources that it was made of.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from npusim import costs
from npusim.chain.check import VRFS
from npusim.config import NpuConfig, load_config, preset_names
from npusim.device import Device, load_device
from npusim.resources import estimate
from npusim.rtl.build import RtlError
from npusim.rtl.export import TOP as WRAPPER
from npusim.rtl.export import export_files
from npusim.rtl.parameters import parameters

FIGURES = Path(__file__).with_name("sizes.json")
REFRESH = "make rtl-sizes"
MACHINES = {"tiny": "tiny", "mid": "tools/machines/mid.toml"}
"""Machine -> preset, or file in the source tree."""
LIMIT = 240
"""Seconds of processor time that Yosys gets for one module."""
TOP = "npu_top"
DEVICE = "arria10_gx1150"

CONTROL = "control"
GROUPS = {
    "npu_dot": "products",
    "k_f16_to_bfp": "float16 to BFP",
    "npu_row": "sums",
    "npu_mfu": "MFUs",
    "k_f16_sigmoid": "sigmoid and tanh",
    "k_f16_tanh": "sigmoid and tanh",
    "npu_reduce": "reduce",
    "npu_expander": "Expander",
    "npu_memories": "vector memories",
    "npu_mrf": "MatrixRf",
    "npu_weight_dma": "DMA",
    "npu_vector_dma": "DMA",
    "npu_dram": "DMA",
}
"""Module -> the group to which it and all beneath it belong; everything else is `CONTROL`."""

PARTS = {
    "products": ("npu_dot: products of mantissas, added up over a tile", ()),
    "float16 to BFP": ("k_f16_to_bfp", ("float16 to BFP",)),
    "sums": ("npu_row without npu_dot: to fp32, fp32 sums, to float16",
             ("dot product to fp32, sum, float16", "accumulators")),
    "MFUs": ("npu_mfu", ("MFU0, MFU1",)),
    "sigmoid and tanh": ("their kernels in npu_mfu", ("sigmoid and tanh",)),
    "reduce": ("npu_reduce", ("reduce",)),
    "Expander": ("npu_expander", ("Expander",)),
    "vector memories": ("npu_memories",
                        ("InitialVrf", "AddSubVrf_0", "AddSubVrf_1", "MultiplyVrf_0", "MultiplyVrf_1")),
    "MatrixRf": ("npu_mrf", ("MatrixRf mantissas", "MatrixRf exponents")),
    "DMA": ("npu_weight_dma, npu_vector_dma, npu_dram", ("NetInQ, NetOutQ",)),
    CONTROL: ("all the rest: dispatch, queues, addresses, delay lines", ("control", "instructions and queues")),
}  # fmt: skip
"""Group -> what it is, and the rows of the resource model that stand for it; the model's products are counted apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One module with one set of parameters, without the modules in it; `alms` is None beyond the limit of time."""

    module: str
    parameters: dict[str, int]
    instances: dict[str, int]  # by group
    alms: int | None
    registers: int
    dsps: float
    memories: list[list[int]]  # depth, width, read ports, write ports of each memory
    digest: str


@dataclass(frozen=True, slots=True)
class Total:
    """A group of a machine: ALMs with memories in MLABs among them, M20K blocks; whole if no module is missing."""

    alms: int
    registers: int
    dsps: float
    m20k: int
    whole: bool


def machine(name: str, root: Path) -> NpuConfig:
    """The configuration of a machine of `MACHINES`; root: of the source tree."""
    place = MACHINES[name]
    return load_config(place if place in preset_names() else str(root / place))


def load(path: Path = FIGURES) -> dict[str, list[Size]]:
    """The committed figures by machine; `RtlError` where they cannot be read."""
    try:
        machines = json.loads(path.read_text(encoding="utf-8"))["machines"]
        return {name: [Size(**row) for row in rows] for name, rows in machines.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RtlError(f"{path}: the figures cannot be read ({error}); make them with `{REFRESH}`") from error


# ---- do the figures belong to the sources? -------------------------------------------------------------------------


def digest(module: str, values: Mapping[str, int], files: Mapping[str, str]) -> str:
    """Digest of all that a module's figures depend on: its text and what it includes, without comments; parameters."""
    text = files[f"{module}.v"]
    included = [files[name] for name in re.findall(r'`include "(\w+\.vh)"', text)]
    plain = [" ".join(re.sub(r"//.*", "", part).split()) for part in (text, *included)]
    return hashlib.sha256(json.dumps([plain, dict(values)], sort_keys=True).encode()).hexdigest()[:16]


def stale(sizes: Mapping[str, list[Size]], root: Path) -> list[str]:
    """Modules whose sources or parameters are not those of their figures, and modules without any."""
    found = []
    for name in MACHINES:
        config = machine(name, root)
        files, rows = export_files(config), sizes.get(name, [])
        every = {**parameters(config), "CHECK_INIT": 0}
        for row in rows:
            same = f"{row.module}.v" in files and digest(row.module, row.parameters, files) == row.digest
            if row.module == TOP:
                same = same and all(every[key] == value for key, value in row.parameters.items())
            if not same:
                found.append(f"{name}: {row.module}")
        known = {WRAPPER, *(row.module for row in rows)}
        found += [f"{name}: {file}" for file in files if file.endswith(".v") and file[:-2] not in known]
    return found


# ---- totals, and the resource model --------------------------------------------------------------------------------


def totals(sizes: list[Size], device: Device) -> dict[str, Total]:
    """Group -> what all its instances take: memories of npu_ram in M20K blocks, all others in MLABs."""
    found = {}
    for group in PARTS:
        rows = [(row, row.instances[group]) for row in sizes if group in row.instances]
        alms = sum(times * ((row.alms or 0) + _mlabs(row, device)) for row, times in rows)
        found[group] = Total(
            alms,
            sum(times * row.registers for row, times in rows),
            sum(times * row.dsps for row, times in rows),
            sum(times * _m20ks(row, device) for row, times in rows),
            all(row.alms is not None for row, _ in rows),
        )
    return found


def _mlabs(row: Size, device: Device) -> int:
    """ALMs of a module's memories; each read port needs a copy."""
    if row.module in ("npu_ram", "npu_imem"):
        return 0
    return sum(reads * device.mlab_alms(depth, width) for depth, width, reads, _ in row.memories)


def _m20ks(row: Size, device: Device) -> int:
    if row.module not in ("npu_ram", "npu_imem"):
        return 0
    return sum(m20ks(device, depth, width, writes) for depth, width, _, writes in row.memories)


def m20ks(device: Device, depth: int, width: int, writes: int) -> int:
    """M20K blocks of a memory; with two ports that write a block is at most 20 bits wide."""
    shapes = [(d, w) for d, w in device.m20k_shapes if writes < 2 or w <= 20]
    return min(math.ceil(depth / d) * math.ceil(width / w) for d, w in shapes)


def vrf_m20ks(config: NpuConfig, device: Device) -> int:
    """M20K blocks of the vector memories as npu_vrf has them: each two banks with two ports that write."""
    depths = [config.depth(space) for space in VRFS]
    return sum(2 * m20ks(device, math.ceil(depth / 2), 16 * config.native_dim, 2) for depth in depths)


def modelled(config: NpuConfig) -> dict[str, tuple[int, int]]:
    """Group -> ALMs and M20K blocks by the resource model, for what was synthesised: products and sums in ALMs."""
    rows = {row.part: row for row in estimate(config, load_device(DEVICE)).rows}
    n = config.native_dim
    soft = {name: costs.KERNEL_FIGURES[name].alms - counted for name, counted in costs.IN_DSP.items()}
    more = {
        "products": n * config.engines * costs.soft_dot_alms(config.lanes, config.weight_mantissa, config.act_mantissa),
        "sums": n * soft["f32_add"],
        "MFUs": 2 * n * soft["f16_add"],
    }
    return {
        group: (
            math.ceil(sum(rows[part].alm for part in parts) + more.get(group, 0)),
            sum(rows[part].m20k for part in parts),
        )
        for group, (_, parts) in PARTS.items()
    }
