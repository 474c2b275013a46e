"""Latency, registers and synthesis figures of every kernel; the figures are data, made anew by Yosys on request.

`figures.json` beside this module holds what `npusim hls report --refresh` wrote: one row per kernel with the digest of
the Verilog that it belongs to, the tool's version and its command. Yosys maps to Cyclone V, the nearest family to
Arria 10 that it knows: both have ALMs of two look-up tables and multipliers of 18 bits, two to a DSP block.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from npusim_hls.compiler import CLOCK_MHZ, plan
from npusim_hls.emit import emit
from npusim_hls.errors import HlsError
from npusim_hls.kernel import Instance
from npusim_hls.kernels import KERNELS

FIGURES = Path(__file__).with_name("figures.json")
COMMAND = "synth_intel_alm -family cyclonev -noiopad -noclkbuf -top {name}; stat"
REFRESH = "npusim hls report --refresh"
HARDENED = {
    "f32_add": "fp32 add of one DSP block",
    "f32_sub": "fp32 subtract of one DSP block",
    "f32_mul": "fp32 multiply of one DSP block",
    "f32_accumulate": "fp32 accumulate of one DSP block for the sum; the conversion stays in ALMs",
}
HARDENED_NOTE = (
    "A hardened Arria 10 block rounds and flushes alike but overflows to infinity: the saturation and the flag "
    "would be added behind it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One kernel: `latency` cycles and `register_bits` of the schedule (data and valid), then what Yosys counted."""

    kernel: str
    latency: int
    register_bits: int
    fmax_mhz: float  # by the delay table
    alms: int  # estimate: a 6-input table fills an ALM, two smaller ones share it
    aluts: int
    registers: int
    dsps: float  # blocks of two 18 x 18 multipliers
    digest: str  # of the Verilog

    @property
    def hardened(self) -> str:
        return HARDENED.get(self.kernel, "")


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(path: Path = FIGURES) -> dict[str, Figures]:
    """The committed figures by kernel."""
    try:
        rows = json.loads(path.read_text())["kernels"]
    except (OSError, ValueError, KeyError) as error:
        raise HlsError(f"{path}: the figures cannot be read ({error}); make them with `{REFRESH}`") from error
    return {row["kernel"]: Figures(**row) for row in rows}


def stale(figures: dict[str, Figures], instances: Iterable[Instance]) -> list[str]:
    """Kernels whose Verilog has changed since their figures were made, or that have none."""
    found = []
    for instance in instances:
        row = figures.get(instance.name)
        if row is None or row.digest != digest_of(emit(instance, plan(instance))):
            found.append(instance.name)
    return found


def cells_of(output: str) -> dict[str, int]:
    """Cell counts in the last statistics that Yosys printed; empty when it printed none."""
    tail = output.rpartition("Number of cells:")[2]
    return {name: int(count) for name, count in re.findall(r"^\s+(MISTRAL_\w+|\$\w+)\s+(\d+)\s*$", tail, re.MULTILINE)}


def synthesize(name: str, verilog: str, yosys: str = "yosys") -> dict[str, int]:
    """Cells of one module; raises HlsError when Yosys is missing or printed no statistics (it can stop silently)."""
    if shutil.which(yosys) is None:
        raise HlsError(f"{yosys} is not on PATH; the committed figures need no Yosys, only making them anew does")
    with tempfile.TemporaryDirectory(prefix="npusim-hls-") as folder:
        source = Path(folder) / f"{name}.v"
        source.write_text(verilog)
        script = f"read_verilog {source}; {COMMAND.format(name=name)}"
        done = subprocess.run([yosys, "-p", script], capture_output=True, text=True, check=False)
    cells = cells_of(done.stdout) if done.returncode == 0 else {}
    if not cells:
        message = (done.stderr.strip() or "it printed no statistics").splitlines()[-1]
        raise HlsError(f"yosys failed on {name}: {message}")
    return cells


def taken(cells: dict[str, int]) -> tuple[int, int, float]:
    """ALMs, look-up tables and DSP blocks of Yosys' cells: a 6-input table fills an ALM, two smaller ones share it."""
    full = cells.get("MISTRAL_ALUT6", 0)
    half = sum(number for name, number in cells.items() if re.fullmatch(r"MISTRAL_(ALUT[2-5]|ALUT_ARITH|NOT)", name))
    share = {"MISTRAL_MUL27X27": 1.0, "MISTRAL_MUL18X18": 0.5, "MISTRAL_MUL9X9": 0.5}  # Arria 10: two a block, any size
    dsps = round(sum(part * cells.get(name, 0) for name, part in share.items()), 2)
    return full + math.ceil(half / 2), full + half, dsps


def count(instance: Instance, yosys: str = "yosys") -> Figures:
    """Figures of one kernel, from its schedule and Yosys."""
    schedule = plan(instance)
    text = emit(instance, schedule)
    cells = synthesize(instance.name, text, yosys)
    alms, aluts, dsps = taken(cells)
    return Figures(
        kernel=instance.name,
        latency=schedule.latency,
        register_bits=schedule.register_bits + schedule.latency,
        fmax_mhz=round(schedule.fmax_mhz, 1),
        alms=alms,
        aluts=aluts,
        registers=cells.get("MISTRAL_FF", 0),
        dsps=dsps,
        digest=digest_of(text),
    )


def refresh(path: Path = FIGURES, instances: Iterable[Instance] = (), yosys: str = "yosys") -> dict[str, Figures]:
    """Synthesize and write the figures file; all committed kernels by default."""
    rows = [count(instance, yosys) for instance in instances or KERNELS.values()]
    version = subprocess.run([yosys, "-V"], capture_output=True, text=True, check=True).stdout.strip()
    head = {"command": REFRESH, "yosys": version, "script": COMMAND, "family": "cyclonev", "clock_mhz": CLOCK_MHZ}
    path.write_text(json.dumps({**head, "kernels": [asdict(row) for row in rows]}, indent=1) + "\n")
    return {row.kernel: row for row in rows}
