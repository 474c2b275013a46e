"""The arithmetic of the RTL: the Verilog of every kernel, with exactly the latencies of a configuration.

A module `k_<name>` has a clock and the ports of the library's kernel <name>, no reset, valid or clock enable: a result
is visible the stated number of cycles behind its operands.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from npusim.config import NpuConfig, load_config
from npusim.errors import ConfigError, NpuError
from npusim_hls import kernels as library
from npusim_hls.compiler import plan_in, stages_needed
from npusim_hls.emit import Options, emit
from npusim_hls.errors import HlsError
from npusim_hls.kernel import Instance

COMMAND = "python -m npusim.rtl.kernels"
OPTIONS = Options(valid=False, clock_enable=False, functions=False, command=COMMAND)


@dataclass(frozen=True, slots=True)
class Unit:
    """One kernel of the machine and its stages: the configuration's `field` less what surrounds the kernel there."""

    instance: Instance
    field: str
    stages: int
    around: str = ""  # the cycles of the field that are not the kernel's


@cache
def _dot(lanes: int, weight: int, act: int) -> Instance:
    return library.dot_instance(lanes, weight, act)


@cache
def _block(n: int, m: int) -> Instance:
    return library.bfp_instance(n, m)


@cache
def _convert(d: int) -> Instance:
    return library.dot_to_f32_instance(d)


def units(config: NpuConfig) -> list[Unit]:
    """Return every kernel that the machine instantiates."""
    dot = _dot(config.lanes, config.weight_mantissa, config.act_mantissa)
    dot_bits = config.weight_mantissa + config.act_mantissa + 1 + (config.native_dim - 1).bit_length()
    block = _block(config.native_dim, config.act_mantissa)
    fields = {
        "lat_mul": [library.f16_mul],
        "lat_add": [library.f16_add, library.f16_max],
        "lat_act": [
            library.f16_clip,
            library.f16_leaky_relu,
            *([library.f16_sigmoid, library.f16_tanh] if any(config.sigmoid_tanh) else []),
        ],
        "lat_convert": [_convert(dot_bits)],
        "lat_acc": [library.f32_add],
        "lat_round": [library.f32_to_f16],
        "lat_bfp": [block],
    }
    whole = [Unit(one, field, getattr(config, field)) for field, group in fields.items() for one in group]
    return [
        *whole,
        Unit(dot, "lat_dot", config.lat_dot - 1, " and 1 to add them up over the tile"),
        Unit(library.f16_to_fixed, "lat_reduce", 1),
        Unit(library.sum_to_f16, "lat_reduce", config.lat_reduce - 2, ", 1 to align before it and 1 to accumulate"),
    ]


@lru_cache(256)
def needed(instance: Instance, clock_mhz: int) -> int:
    """Return the fewest stages of a kernel at a clock; a clock too fast for one of its operations is a ConfigError."""
    try:
        return stages_needed(instance, clock_mhz)
    except HlsError as error:
        raise ConfigError(f"clock_mhz is {clock_mhz}: {instance.name}: {error}") from None


def module_name(instance: Instance) -> str:
    """Return the module of a kernel: some lose their sizes, which are the configuration's."""
    base = instance.name
    for sized in ("f16_to_bfp", "bfp_dot", "int_to_f32"):
        base = sized if base.startswith(sized) else base
    return f"k_{base}"


@lru_cache(256)
def _verilog(instance: Instance, stages: int) -> str:
    return emit(replace(instance, name=module_name(instance)), plan_in(instance, stages), OPTIONS)


def check_latencies(config: NpuConfig) -> None:
    """Raise ConfigError for a latency that its kernels cannot keep at the configuration's clock."""
    clock = config.clock_mhz
    for unit in units(config):
        name, least = unit.instance.name, needed(unit.instance, clock)
        if unit.stages >= least:
            continue
        got = getattr(config, unit.field)
        if unit.instance is library.f16_to_fixed:
            raise ConfigError(
                f"clock_mhz is {clock}: {name} needs {least} cycles (allowed: clocks at which it needs 1)"
            )
        enough = got - unit.stages + least
        raise ConfigError(
            f"{unit.field} is {got}: {name} needs {least} {'cycle' if least == 1 else 'cycles'}{unit.around} "
            f"at {clock} MHz (allowed: {enough} or more)"
        )


def kernel_modules(config: NpuConfig) -> dict[str, str]:
    """Return file name -> Verilog text of every kernel; `ConfigError` where a latency is too short for the clock."""
    check_latencies(config)
    return {f"{module_name(unit.instance)}.v": _verilog(unit.instance, unit.stages) for unit in units(config)}


def main(arguments: list[str] | None = None) -> int:
    """Write the files; exit code 2 with one sentence where that is impossible."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write the Verilog of a configuration's kernels.")
    parser.add_argument("-c", "--config", default="arria10", help="preset, or TOML file (default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the files")
    given = parser.parse_args(arguments)
    try:
        files = kernel_modules(load_config(given.config))
        given.output.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (given.output / name).write_text(text)
    except (NpuError, HlsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(files)} modules written to {given.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
