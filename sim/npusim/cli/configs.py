"""`npusim configs`: machines, their parameters with meaning, what follows from them, and their fit on the device."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from npusim.cli import tables
from npusim.cli.console import out
from npusim.cli.load import debug_option

if TYPE_CHECKING:
    from npusim.config import NpuConfig

EPILOG = """\b
Examples:
  npusim configs                              the presets
  npusim configs arria10                      one of them, with its fit on the FPGA
  npusim configs machine.toml                 your own
  npusim configs arria10 --toml > mine.toml   a file to begin with
"""

MEANING = {
    "name": "name, as reports state it",
    "device": "FPGA that must hold the machine, or none",
    "native_dim": "N: rows of an engine, elements of a native vector",
    "lanes": "L: elements that a row consumes a cycle",
    "engines": "T: tile engines, at most N / L",
    "shared_weights": "weights flow from engine to engine (positions in parallel), or each engine has its own",
    "weight_mantissa": "magnitude bits of weights, sign apart",
    "act_mantissa": "magnitude bits of activations, sign apart",
    "block": "elements that share an exponent",
    "sigmoid_tanh_0": "MFU0 has sigmoid and tanh",
    "sigmoid_tanh_1": "MFU1 has sigmoid and tanh",
    "mrf_tiles": "N x N weight tiles on chip",
    "initial_vrf": "native vectors in InitialVrf: the source of every chain",
    "addsub_vrf_0": "native vectors in AddSubVrf_0: MFU0's second addend",
    "addsub_vrf_1": "native vectors in AddSubVrf_1: MFU1's, residuals",
    "multiply_vrf_0": "native vectors in MultiplyVrf_0: MFU0's factor",
    "multiply_vrf_1": "native vectors in MultiplyVrf_1: MFU1's factor",
    "expander": "native vectors of raw image rows in the Expander",
    "expander_rows": "kernel rows that the Expander reads side by side",
    "imem_words": "instruction words held",
    "queue_depth": "chains waiting in each of the three queues",
    "dispatch_interval": "cycles from one dispatched instruction word to the next, at least",
    "clock_mhz": "clock [MHz]",
    "dram_gbps": "DRAM peak, all channels [GB/s]",
    "dram_efficiency": "share of the peak that long bursts reach",
    "dram_latency_ns": "DRAM: request to first data [ns]",
    "dram_burst": "bytes after which the two DMA queues take turns",
    "dram_mbytes": "DRAM capacity [MiB]",
    "link_gbps": "host link, each direction [GB/s]",
    "link_latency_us": "host link, one way [us]",
    "net_bytes": "bytes a cycle on NetInQ and NetOutQ",
    "lat_sem": "cycles: token given to seen by the waiting queue",
    "lat_issue": "cycles: head of queue with all tokens to first address",
    "lat_read": "cycles: VRF address to vector",
    "lat_expand": "cycles: Expander address to vector",
    "lat_bfp": "cycles: float16 vector to mantissas and exponent",
    "lat_dot": "cycles: last lanes of a tile to integer dot product",
    "lat_convert": "cycles: integer dot product to fp32",
    "lat_acc": "cycles: fp32 accumulate, at most N / L",
    "lat_round": "cycles: fp32 to float16",
    "lat_mul": "cycles: MFU multiply",
    "lat_add": "cycles: MFU add, subtract, maximum",
    "lat_act": "cycles: MFU unary",
    "lat_reduce": "cycles: reduce stage",
    "lat_write": "cycles: vector to readable in the VRF",
    "lat_dma": "cycles: DMA, first data to written, and read to first data sent",
}
"""Every parameter in words."""


@click.command("configs", epilog=EPILOG, short_help="Show machines: parameters, derived figures, fit on the device.")
@click.argument("name", metavar="NAME|FILE.toml", required=False)
@click.option("--toml", is_flag=True, help="Print the configuration as a file to begin with.")
@debug_option
def configs_command(name: str | None, toml: bool) -> None:
    """List the presets, or show one machine: parameters, what follows from them, and its fit on the device.

    A configuration that its device does not hold is shown as well; the other commands refuse it.
    """
    from npusim.config import load_config

    if name is None:
        if toml:
            raise click.UsageError("--toml needs the NAME of a preset")
        lines = preset_lines()
    else:
        config = load_config(name, fit=False)
        lines = toml_lines(config) if toml else config_lines(config)
    for line in lines:
        out(line)


def preset_lines() -> list[str]:
    """Return the table of presets."""
    from npusim.config import load_config, preset_names

    rows = []
    for name in preset_names():
        c = load_config(name, fit=False)
        weights = "shared" if c.shared_weights else "private"
        bits = f"{c.weight_mantissa}/{c.act_mantissa}"
        rows.append([
            name, f"{c.engines} x {c.native_dim} x {c.lanes}", weights, bits, f"{c.mrf_tiles}", f"{c.clock_mhz}",
            f"{c.peak_tflops:.2f}", _fit_word(c),
        ])  # fmt: skip
    head = ("preset", "T x N x L", "weights", "bits w/a", "tiles", "MHz", "peak TFLOPS", "device")
    return [
        *tables.table(head, rows, "<<<<>>><"),
        "",
        "npusim configs NAME shows one; -c takes a preset or a TOML file",
    ]


def _fit_word(config: NpuConfig) -> str:
    from npusim.resources import misfit

    if config.device == "none":
        return "none"
    return f"{config.device}: {'does not fit' if misfit(config) else 'fits'}"


def config_lines(config: NpuConfig) -> list[str]:
    """Return one machine: parameters, derived figures, resources."""
    values = config.to_dict()
    rows = [[key, _value(values[key]), MEANING[key]] for key in values]
    lines = [*tables.table(("parameter", "value", "meaning"), rows, "<><"), ""]
    c = config
    held, rate = c.mrf_tiles * c.tile_bytes / 1e6, float(c.dram_rate)
    derived = [
        ["peak rate", f"{c.peak_tflops:.3f} TFLOPS", f"{c.macs_per_cycle:,} multiply-accumulates a cycle"],
        ["tile-multiply", f"{c.tile_cycles} cycles", "N / L, in each engine"],
        ["weight tile", f"{c.tile_bytes:,} bytes", f"in DRAM; {held:.2f} MB of them on chip"],
        ["native vector", f"{c.vector_bytes} bytes", "of float16"],
        ["DRAM rate", f"{rate:.2f} bytes/cycle", f"sustained; a tile in {c.tile_bytes / rate:.1f} cycles"],
        ["DRAM latency", f"{c.dram_latency} cycles", ""],
    ]  # fmt: skip
    lines += tables.table(("derived", "value", "meaning"), derived, "<><")
    return [*lines, "", *_resource_lines(config)]


def _value(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _resource_lines(config: NpuConfig) -> list[str]:
    from npusim.resources import misfit, ways_out

    if config.device == "none":
        return ["device none: no fit is checked"]
    r = config.resources()
    rows = [[row.part, f"{row.alm:,}", f"{row.dsp:,}", f"{row.m20k:,}"] for row in r.rows]
    rows.append([r.device.title, *(f"{need:,} of {have:,}" for need, have in r.totals.values())])
    rows.append(["utilisation", *(tables.percent(need, have) for need, have in r.totals.values())])
    lines = tables.table(("part", "ALM", "DSP", "M20K"), rows, "<>>>")
    lines.insert(-2, lines[1])
    fault = misfit(config)
    if not fault:
        return [*lines, f"fits {r.device.title} (an estimate: docs/resources.md)"]
    ways = ways_out(config)[:2] or ["no single parameter is enough; lower engines and mantissa bits first"]
    return [*lines, f"does not fit: needs {fault}", *(f"  way out: {way}" for way in ways)]


def toml_lines(config: NpuConfig) -> list[str]:
    """Return a file that `-c` takes: every parameter with its meaning."""
    lines = ["# A machine for npusim: npusim configs FILE.toml shows it, -c FILE.toml uses it."]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        text = f'"{value}"' if isinstance(value, str) else _value(value)
        lines.append(f"{field.name} = {text}  # {MEANING[field.name]}")
    return lines
