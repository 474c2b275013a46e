"""Synthesis figures of the RTL beside the resource model, as a section of `docs/resources.md`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from npusim.config import NpuConfig, load_config
from npusim.device import load_device
from npusim.resources import estimate
from npusim.rtl import sizes
from npusim.rtl.sizes import DEVICE, PARTS, Size, Total

ROOT = Path(__file__).resolve().parents[3]
LARGE = "arria10"

_HEAD = """## Against synthesis of the RTL

`make rtl-sizes` maps the RTL with Yosys (Cyclone V, as the kernels), module by module, for `tiny` and for a machine
between it and `arria10` (`tools/machines/mid.toml`: N = 32, L = 4, T = 4, clock and latencies of `arria10`). A
flattened core does not end in hours, so nothing is optimised across modules. The model's columns stand for what was
synthesised: every product of mantissas and every addition in ALMs, no shell, so their sums are not those of the tables
below. A memory of `npu_ram` is in M20K blocks, any other in MLABs, a copy for each read port. `arria10` is on the
straight line through the two machines, by the number of products in the first row and by N in the others. A star marks
a sum without the modules for which {limit} seconds of processor time were not enough."""

_FINDINGS = """What this says of the model, and of `arria10`, which takes {full:.1%} of its device's ALMs by the model:

- The units of a lane take what they are counted for, or less, but for **reduce**: its adder, its comparison and their
  choices take {reduce:.1f} times the estimate.
- **Products**: Yosys builds them of full adders in tables and makes no use of the table in front of an ALM's adder,
  on which the model counts, so this row is a bound, no check. The sums over a tile are not in the model: {dot:,} ALMs
  of `arria10` as mapped, at least {least:,} with nothing but the adders.
- **Expander**: the RTL's is the reference with a read port for every lane, which no device would get (its copies grow
  with the square of N, so that the line is too low); the model counts the banked form that the module's head describes.
- **Vector memories, DMA, control**: the model has no ALMs for the ways between two banks and their ports, nor for the
  DMA engines beyond their shell, and too few for addresses, descriptors and dispatch: {short:,} ALMs of `arria10`.
- **M20K**: a vector memory of the RTL is two banks whose ports both write, which makes blocks of half the width; the
  model counts one bank with a read and a write port. For `arria10` that is {vrf:,} blocks instead of {counted:,}.

So this RTL, as it stands, is larger than the Arria 10 GX 1150 at `arria10`'s parameters. Closing the gap is work on the
RTL (vector memories, Expander, descriptors of {desc:,} bits) as much as on the model."""

_GROUPS = """The groups are subtrees of the hierarchy:"""


def section() -> list[str]:
    """Return the lines."""
    figures, device = sizes.load(), load_device(DEVICE)
    configs = {name: sizes.machine(name, ROOT) for name in figures} | {LARGE: load_config(LARGE)}
    totals = {name: sizes.totals(rows, device) for name, rows in figures.items()}
    models = {name: sizes.modelled(config) for name, config in configs.items()}
    return [
        *[_HEAD.format(limit=sizes.LIMIT), ""],
        *[*_alms(totals, models, configs), ""],
        *[*_sums(totals, models), ""],
        *[_findings(totals, models, configs, figures), "", _GROUPS, ""],
        *[f"- {group}: {what}" for group, (what, _) in PARTS.items()],
        *["", *_modules(figures)],
    ]


def _alms(
    totals: Mapping[str, Mapping[str, Total]],
    models: Mapping[str, Mapping[str, tuple[int, int]]],
    configs: Mapping[str, NpuConfig],
) -> list[str]:
    names = [*totals, LARGE]
    lines = [
        "| ALMs | " + " | ".join(f"`{name}` | model | ratio" for name in names) + " |",
        "| --- |" + " ---: | ---: | ---: |" * len(names),
    ]
    for group in PARTS:
        got = {name: float(found[group].alms) for name, found in totals.items()}
        whole = all(found[group].whole for found in totals.values())
        got[LARGE] = _line(group, got, configs)
        cells = []
        for name in names:
            model, known = models[name][group][0], whole if name == LARGE else totals[name][group].whole
            here = got[name] > 0 or model > 0
            cells += [f"{got[name]:,.0f}" if here and known else "*" if not known else "", f"{model:,}"]
            cells += [f"{got[name] / model:.2f}" if model and known else ""]
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return lines


def _line(group: str, got: Mapping[str, float], configs: Mapping[str, NpuConfig]) -> float:
    """A group of arria10 on the straight line through the two machines."""
    low, high = list(got)[:2]
    size = {name: c.macs_per_cycle if group == "products" else c.native_dim for name, c in configs.items()}
    return got[high] + (got[high] - got[low]) * (size[LARGE] - size[high]) / (size[high] - size[low])


def _sums(totals: Mapping[str, Mapping[str, Total]], models: Mapping[str, Mapping[str, tuple[int, int]]]) -> list[str]:
    lines = [
        "| whole machine | ALMs | model | registers | an ALM | multipliers in DSP blocks | M20K | model |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, found in totals.items():
        alms, registers = sum(t.alms for t in found.values()), sum(t.registers for t in found.values())
        star = "" if all(t.whole for t in found.values()) else "*"
        cells = [f"{alms:,}{star}", f"{sum(m[0] for m in models[name].values()):,}", f"{registers:,}{star}"]
        cells += [f"{registers / alms:.1f}", f"{sum(t.dsps for t in found.values()):,.1f}{star}"]
        cells += [f"{sum(t.m20k for t in found.values()):,}", f"{sum(m[1] for m in models[name].values()):,}"]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return lines


def _findings(
    totals: Mapping[str, Mapping[str, Total]],
    models: Mapping[str, Mapping[str, tuple[int, int]]],
    configs: Mapping[str, NpuConfig],
    figures: Mapping[str, list[Size]],
) -> str:
    config, high = configs[LARGE], list(totals)[-1]
    (dot,) = (row.alms for row in figures[high] if row.module == "npu_dot")
    dots = config.native_dim * config.engines
    bits = config.weight_mantissa + config.act_mantissa + 2 + (config.native_dim - 1).bit_length()
    short = 0.0
    for group in ("vector memories", "DMA", sizes.CONTROL):
        got = {name: float(found[group].alms) for name, found in totals.items()}
        short += _line(group, got, configs) - models[LARGE][group][0]
    need, have = estimate(config).totals["ALM"]
    return _FINDINGS.format(
        full=need / have,
        reduce=totals[high]["reduce"].alms / models[high]["reduce"][0],
        dot=(dot or 0) * dots,
        least=dots * bits // 2,
        short=round(short),
        vrf=sizes.vrf_m20ks(config, load_device(DEVICE)),
        counted=models[LARGE]["vector memories"][1],
        desc=next(width for row in figures[high] if row.module == "npu_queue" for _, width, _, _ in row.memories),
    )


def _modules(figures: Mapping[str, list[Size]]) -> list[str]:
    """Return each module's own ALMs and registers, without the modules in it, over all its instances."""
    lines = [
        "| module, without those in it | " + " | ".join(f"`{name}`: instances | ALMs | registers" for name in figures)
        + " |",
        "| --- |" + " ---: | ---: | ---: |" * len(figures),
    ]  # fmt: skip
    for module in sorted({row.module for rows in figures.values() for row in rows}):
        cells = []
        for rows in figures.values():
            mine = [(row, sum(row.instances.values())) for row in rows if row.module == module]
            star = "" if all(row.alms is not None for row, _ in mine) else "*"
            cells += [f"{sum(times for _, times in mine):,}"]
            cells += [star or f"{sum(times * (row.alms or 0) for row, times in mine):,}"]
            cells += [star or f"{sum(times * row.registers for row, times in mine):,}"]
        lines.append(f"| `{module}` | {' | '.join(cells)} |")
    return lines
