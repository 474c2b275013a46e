"""`npusim rtl`: a configuration's Verilog as one folder."""

from __future__ import annotations

from pathlib import Path

import click

from npusim.cli.commands import debug_option
from npusim.cli.console import Progress, note

EPILOG = """\b
Examples:
  npusim rtl -c tiny -o tiny_rtl
  npusim rtl -c arria10 -o core       then source core/npu_core.qsf in a Quartus project
"""


@click.command("rtl", epilog=EPILOG, short_help="Write a configuration's Verilog as a folder for a synthesis tool.")
@click.option("-c", "--config", default="arria10", metavar="CONFIG", help="Preset or TOML file.  [default: arria10]")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="New folder.")
@debug_option
def rtl_command(config: str, output: str) -> None:
    """Write the RTL of a configuration: sources, kernels with its latencies, a top with its parameters, file lists.

    The top is npu_core; files.f lists all for Verilator and Icarus, npu_core.qsf and npu_core.sdc are for Quartus.
    """
    from npusim.config import load_config
    from npusim.rtl.export import write_export

    machine = load_config(config, fit=False)
    with Progress(f"writing {output}"):
        count = write_export(machine, Path(output))
    note(f"wrote {count} files to {output}; the top is npu_core")
