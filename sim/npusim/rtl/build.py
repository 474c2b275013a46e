"""The RTL of a configuration as a program of Verilator or Icarus, kept under a digest of all it is made of.

No Python is in the clock loop: the harness reads files and writes files.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import npusim
from npusim.config import NpuConfig
from npusim.errors import NpuError
from npusim.rtl.kernels import kernel_modules
from npusim.rtl.parameters import parameters
from npusim_hls.errors import HlsError
from npusim_hls.numba_executor import cache_folder
from npusim_hls.simulators import environment, tail, waveform_args

BENCH = Path(__file__).parent / "verilog"
HARNESS = ("axi_dram.v", "npu_harness.v")
TOP = "npu_harness"
SMALL = 16
LARGE = ("-fno-dfg", "-fno-table", "--output-split", "40000", "--output-split-cfuncs", "20000")
"""Flags for large machines, beside npu_lanes.vlt: one code for all lanes, so nothing that differs between them."""
LARGE_DRAM = 1 << 26  # bytes: one simulation for all programs
VERILATOR = ("--x-assign", "unique", "--x-initial", "unique", "-O3", "-Wno-fatal", "-Wno-lint", "--quiet")


class RtlError(NpuError):
    """The RTL cannot be built or run: a tool is missing or refuses."""


@dataclass(frozen=True, slots=True)
class Built:
    """A simulation that can be run: the command's first words."""

    simulator: str
    folder: Path
    waves: bool

    def command(self, plusargs: list[str], seed: int) -> list[str]:
        """Return the command that runs it."""
        if self.simulator == "icarus":
            return ["vvp", "-N", str(self.folder / "npu.vvp"), "-fst" if self.waves else "-none", *plusargs]
        random = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % 0x7FFFFFFF + 1}"]
        return [str(self.folder / f"V{TOP}"), *random, *plusargs]


def rtl_folder() -> Path:
    """Return the folder of the hand-written Verilog: in the package, or beside it in the repository."""
    package = Path(npusim.__file__).parent
    for folder in (package / "rtl" / "hdl", package.parents[1] / "rtl"):
        if (folder / "npu_top.v").is_file():
            return folder
    raise RtlError("the RTL is not here: npu_top.v is neither in the package nor in the repository")


def sources() -> list[Path]:
    """Return the hand-written Verilog and the harness, in a fixed order."""
    return [*sorted(rtl_folder().glob("npu_*.v")), *(BENCH / name for name in HARNESS)]


def build(
    config: NpuConfig, simulator: str, dram_size: int, *, waves: bool = False, say: Callable[[str], None] | None = None
) -> Built:
    """Return the simulation of a machine, building it unless it is in the cache.

    dram_size: bytes that programs use, rounded up; say: called with what takes long.  Raises `ConfigError` for a
    machine that the RTL cannot be, `RtlError` where a tool is missing or fails.
    """
    large = config.native_dim > SMALL
    dram = _memory_bytes(max(dram_size, LARGE_DRAM if large else 0))
    values = {**parameters(config), "DRAM_BYTES": dram, "DRAM_LATENCY": config.dram_latency}
    kernels = kernel_modules(config)
    try:
        variables = environment(simulator)
        extra = waveform_args() if waves and simulator == "verilator" else []
    except HlsError as error:
        raise RtlError(str(error)) from None
    if large and simulator == "verilator":
        extra = [*LARGE, *extra]
    files = sources()
    optimise = "-O2" if large else "-O1"  # small machines take longer to build than to run
    parts = [simulator, waves, values, kernels, VERILATOR, extra, optimise, variables.get("VERILATOR_ROOT")]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for file in [*files, *sorted(rtl_folder().glob("*.vh")), *sorted(BENCH.iterdir())]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    kept = cache_folder().parent / "rtl" / f"{config.name[:40]}-{simulator}-{digest.hexdigest()[:20]}"
    built = Built(simulator, kept, waves)
    if kept.exists():
        return built
    if say is not None:
        say(f"building the RTL of {config.name} with {simulator}; once, then cached on disk")
    kept.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f"{config.name[:40]}-", dir=kept.parent))
    try:
        for name, text in kernels.items():
            (staging / name).write_text(text)
        files += [staging / name for name in kernels]
        (staging / "npu_build.vh").write_text(_constants(values))
        commands = _icarus(staging, files) if simulator == "icarus" else _verilator(staging, files, extra, optimise)
        for command in commands:
            _run(command, staging, {**os.environ, **variables})
        for leftover in [*staging.glob("*.o"), *staging.glob("*.gch"), *staging.glob("*.a"), *staging.glob("*.cpp")]:
            leftover.unlink()
        try:
            staging.rename(kept)
        except OSError:  # somebody else was faster
            if not kept.exists():
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return built


def _memory_bytes(size: int) -> int:
    """The harness's DRAM: a power of two, so that few sizes are ever built."""
    return max(1 << 20, 1 << (size - 1).bit_length())


def _verilator(staging: Path, files: list[Path], extra: list[str], optimise: str) -> list[list[str]]:
    first = ["verilator", "--cc", "--exe", "--top-module", TOP, "--Mdir", str(staging), *VERILATOR, *extra]
    first += [f"-I{rtl_folder()}", f"-I{staging}", str(BENCH / "npu_main.cpp"), *map(str, files)]
    if extra[: len(LARGE)] == [*LARGE]:
        first.append(str(BENCH / "npu_lanes.vlt"))
    jobs = min(4, os.cpu_count() or 1)
    make = ["make", f"-j{jobs}", "-C", str(staging), "-f", f"V{TOP}.mk", f"OPT_FAST={optimise}", "OPT_SLOW=-O0"]
    return [first, make]


def _icarus(staging: Path, files: list[Path]) -> list[list[str]]:
    command = ["iverilog", "-g2005", "-s", "npu_clock", "-o", str(staging / "npu.vvp"), f"-I{rtl_folder()}"]
    return [[*command, f"-I{staging}", str(BENCH / "npu_clock.v"), *map(str, files)]]


def _constants(values: dict[str, int]) -> str:
    """Return npu_build.vh: every value for the harness, and the parameters of npu_top as named connections."""
    head = (rtl_folder() / "npu_top.v").read_text().partition("\nmodule npu_top")[2].partition(") (")[0]
    declared = re.findall(r"^\s*parameter\s+(?:\[[^\]]*\]\s*)?(\w+)\s*=", head, re.M)
    links = ", ".join(f".{name}({values[name]})" for name in declared if name in values)
    lines = [f"localparam {name} = {value};" for name, value in values.items()]
    return "\n".join([f"`define NPU_TOP_PARAMETERS {links}", *lines, ""])


def _run(command: list[str], staging: Path, variables: dict[str, str]) -> None:
    log = staging / "build.log"
    with log.open("w") as stream:
        try:
            status = subprocess.run(
                command, cwd=staging, env=variables, stdout=stream, stderr=subprocess.STDOUT, check=False
            ).returncode
        except OSError as error:
            raise RtlError(f"{command[0]} cannot be run: {error.strerror or error}") from None
    if status:
        raise RtlError(f"{command[0]} failed: {tail(log)}")
