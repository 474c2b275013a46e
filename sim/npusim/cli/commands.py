"""The command group: commands are loaded when they are used."""

from __future__ import annotations

import importlib
from typing import Any

import click

import npusim
from npusim.errors import nearest

COMMANDS = {
    "build": "Write one of the built-in networks as ONNX.",
    "compile": "Compile an ONNX model to a program.",
    "run": "Simulate one inference: values, time, checks.",
    "bench": "Print one inference's latency, layer by layer.",
    "validate": "Compare with every published figure.",
    "accuracy": "Accuracy on labelled data: float32 against the machine, layer by layer.",
    "disasm": "Turn a program into text.",
    "asm": "Turn text into a program, exactly back.",
    "configs": "Show machines: parameters, derived figures, fit on the device.",
    "verify": "Run a program on the RTL and compare bits and cycles.",
    "conformance": "Run the onnx package's own backend tests on the machine.",
    "rtl": "Write a configuration's Verilog as a folder for a synthesis tool.",
    "doctor": "Show what is installed and what is missing.",
    "hls": "Turn Python functions into Verilog and fast kernels, and check them.",
}
"""Name -> first line of its help, so that `npusim --help` loads no command."""

_MODULES = {"disasm": "listing", "asm": "listing"}

EPILOG = """\b
Examples:
  npusim bench resnet50                       latency of ResNet-50, layer by layer
  npusim build resnet50 -o resnet50.onnx      the network as a file
  npusim compile resnet50.onnx                what runs where; writes resnet50.npu
  npusim run resnet50.onnx --check            values and time, compared with ONNX Runtime
  npusim configs arria10                      the machine and how it fits its FPGA

Exit codes: 0 success, 1 a comparison failed, 2 bad usage or bad input, 130 interrupted.
Results go to standard output, progress and messages to standard error.
"""


class Group(click.Group):
    """Loads a command's module on first use; an unknown command names the nearest."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of a user's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load a command."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"npusim.cli.{_MODULES.get(name, name)}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Refuse unknown commands with the nearest known ones."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}{nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands' first lines without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def debug_option(command: Any) -> Any:
    """Add --debug to the group and to every command; `shell` looks for it."""
    return click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback with an error.")(command)


@click.group(
    cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(npusim.__version__, "-V", "--version", message="npusim %(version)s")
@debug_option
def cli() -> None:
    """Compile ONNX models for a Brainwave-class FPGA processor, and simulate it bit for bit and cycle by cycle."""
