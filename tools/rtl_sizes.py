"""Synthesise the RTL module by module with Yosys and write `sim/npusim/rtl/sizes.json`: `make rtl-sizes`.

A flattened core does not end in hours.  So the hierarchy is elaborated once, and each module with its parameters is
mapped alone, the modules in it as black boxes and its memories kept; instances are counted by group.  Figures whose
sources are unchanged stay.  A module beyond the limit of time gets none, and the page says so.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from npusim.config import NpuConfig
from npusim.errors import NpuError
from npusim.generate import repository
from npusim.rtl import sizes
from npusim.rtl.export import TOP as WRAPPER
from npusim.rtl.export import export_files
from npusim_hls.report import cells_of, taken

SYNTH = "synth_intel_alm -family cyclonev -noiopad -noclkbuf -nobram -nolutram"
NO_DSP = ("k_bfp_dot",)
"""Its products are counted in ALMs: the resource model says which of them a device's DSP blocks take."""


@dataclass(frozen=True, slots=True)
class Netlist:
    """A module of the elaborated design: name in Verilog, parameters, lines of RTLIL, what is in it and how often."""

    module: str
    parameters: dict[str, int]
    lines: list[str]
    inside: Counter[str]


def elaborate(config: NpuConfig, folder: Path) -> dict[str, Netlist]:
    """Return the modules of a machine by the names that Yosys gives them."""
    files = export_files(config)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    verilog = " ".join(name for name in files if name.endswith(".v"))
    script = f"read_verilog -defer -I. {verilog}; hierarchy -check -top {WRAPPER}; write_rtlil design.il"
    yosys(script, folder, limit=600)
    return split((folder / "design.il").read_text(encoding="utf-8"))


def yosys(script: str, folder: Path, limit: int) -> None:
    """Run Yosys; `TimeoutError` beyond the limit, in seconds of processor time, `NpuError` where it fails."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(
        ["yosys", "-q", "-p", script], cwd=folder, capture_output=True, text=True, preexec_fn=bound, check=False
    )
    if done.returncode:
        if resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before > 0.9 * limit:
            raise TimeoutError
        raise NpuError(f"yosys failed: {(done.stderr.strip() or 'it says nothing').splitlines()[-1]}")


def split(text: str) -> dict[str, Netlist]:
    """Return the modules of a design in RTLIL."""
    found = {}
    blocks = re.findall(r"^((?:attribute [^\n]*\n)*)module (\S+)\n(.*?)^end\n", text, re.MULTILINE | re.DOTALL)
    names = {name for _, name, _ in blocks}
    for attributes, name, body in blocks:
        said = re.search(r'attribute \\hdlname "\\\\(\w+)"', attributes)
        values = dict(re.findall(r"^  parameter \\(\w+) (-?\d+)$", body, re.MULTILINE))
        inside = Counter(kind for kind in re.findall(r"^  cell (\S+) ", body, re.MULTILINE) if kind in names)
        module = said.group(1) if said else name.lstrip("\\")
        found[name] = Netlist(module, {key: int(value) for key, value in values.items()}, body.splitlines(), inside)
    return found


def instances(design: dict[str, Netlist]) -> dict[str, Counter[str]]:
    """Return how often each module is there, by group."""
    found: dict[str, Counter[str]] = {name: Counter() for name in design}

    def walk(name: str, group: str, times: int) -> None:
        group = sizes.GROUPS.get(design[name].module, group)
        found[name][group] += times
        for inner, number in design[name].inside.items():
            walk(inner, group, times * number)

    walk(next(name for name, net in design.items() if net.module == sizes.TOP), sizes.CONTROL, 1)
    return found


def synthesise(
    name: str, design: dict[str, Netlist], folder: Path, limit: int
) -> tuple[dict[str, int], list[list[int]]]:
    """Return a module's cells, and depth, width, read and write ports of its memories."""
    short = {inner: f"\\m{number}" for number, inner in enumerate([name, *design[name].inside])}
    lines = ["module \\m0"]
    for line in design[name].lines:
        indent, cell, rest = line.partition("cell ")
        kind = rest.partition(" ")[0]
        lines.append(line.replace(kind, short[kind], 1) if cell and not indent.strip() and kind in short else line)
    lines.append("end")
    for inner in design[name].inside:
        ports = [line for line in design[inner].lines if re.match(r"  wire .*\b(input|output|inout) \d+ ", line)]
        lines += ["attribute \\blackbox 1", f"module {short[inner]}", *ports, "end"]
    (folder / "one.il").write_text("\n".join(lines) + "\n", encoding="utf-8")
    how = f"{SYNTH} -nodsp" if design[name].module in NO_DSP else SYNTH
    script = (
        f"read_rtlil one.il; {how} -top m0 -run begin:map_ffram; tee -q -o memories.txt dump t:$mem_v2; "
        f"{how} -top m0 -run map_ffs:; tee -q -o cells.txt stat"
    )
    yosys(script, folder, limit)
    report = (folder / "cells.txt").read_text(encoding="utf-8")
    if "Number of cells:" not in report:
        raise NpuError(f"yosys printed no statistics of {design[name].module}")
    dump = (folder / "memories.txt").read_text(encoding="utf-8")
    columns = [re.findall(rf"parameter \\{key} (\d+)", dump) for key in ("SIZE", "WIDTH", "RD_PORTS", "WR_PORTS")]
    return cells_of(report), [[int(value) for value in row] for row in zip(*columns, strict=True)]


def measure(config: NpuConfig, old: list[sizes.Size], limit: int) -> Iterator[sizes.Size]:
    """Yield the rows of a machine; reports progress on stderr."""
    files, kept = export_files(config), {row.digest: row for row in old}
    with tempfile.TemporaryDirectory(prefix="npusim-sizes-") as place:
        folder = Path(place)
        design = elaborate(config, folder)
        used = {name: number for name, number in instances(design).items() if number}
        for index, (name, number) in enumerate(used.items(), 1):
            net = design[name]
            key = sizes.digest(net.module, net.parameters, files)
            row, begin, said = kept.get(key), time.monotonic(), "kept"
            if row is None or row.alms is None:
                row = size_of(name, design, key, folder, limit)
                said = f"{row.alms} ALMs, {time.monotonic() - begin:.1f} s"
                if row.alms is None:
                    said = f"not within {limit} s of processor time"
            yield replace(row, instances=dict(number))
            print(f"{config.name} {index}/{len(used)} {net.module}: {said}", file=sys.stderr, flush=True)


def size_of(name: str, design: dict[str, Netlist], key: str, folder: Path, limit: int) -> sizes.Size:
    """Return a module's figures, for no instance yet."""
    alms, dsps, cells, memories = None, 0.0, dict[str, int](), list[list[int]]()
    try:
        cells, memories = synthesise(name, design, folder, limit)
        alms, _, dsps = taken(cells)
    except TimeoutError:
        pass
    return sizes.Size(
        module=design[name].module, parameters=design[name].parameters, instances={}, alms=alms,
        registers=cells.get("MISTRAL_FF", 0), dsps=dsps, memories=memories, digest=key,
    )  # fmt: skip


def refresh(name: str, known: dict[str, list[sizes.Size]], limit: int) -> None:
    """Measure a machine and write the figures; those of modules that are done stay if it is interrupted."""
    before, rows = known.get(name, []), dict[str, sizes.Size]()
    for row in measure(sizes.machine(name, repository()), before, limit):
        rows[row.digest] = row
        known[name] = [*rows.values(), *(row for row in before if row.digest not in rows)]
        write(known, sizes.FIGURES)
    known[name] = list(rows.values())
    write(known, sizes.FIGURES)


def write(found: dict[str, list[sizes.Size]], path: Path) -> None:
    """Write the figures, one line a row."""

    def order(row: sizes.Size) -> tuple[str, str]:
        return row.module, row.digest

    version = subprocess.run(["yosys", "-V"], capture_output=True, text=True, check=True).stdout.strip()
    machines = ",\n".join(
        f'  "{name}": [\n' + ",\n".join(f"   {json.dumps(asdict(row))}" for row in rows) + "\n  ]"
        for name, rows in ((name, sorted(found[name], key=order)) for name in sizes.MACHINES if name in found)
    )
    head = json.dumps({"command": sizes.REFRESH, "yosys": version, "script": SYNTH}, indent=1)
    path.write_text(f'{head[:-2]},\n "machines": {{\n{machines}\n }}\n}}\n', encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Measure what is not yet known; exit code 2 with one sentence where that is impossible."""
    parser = argparse.ArgumentParser(prog="tools/rtl_sizes.py", description="Synthesise the RTL module by module.")
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=f"of {', '.join(sizes.MACHINES)} (all)")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.machines if name not in sizes.MACHINES]
    try:
        if unknown:
            raise NpuError(f"{unknown[0]} is no machine; expected of {', '.join(sizes.MACHINES)}")
        if shutil.which("yosys") is None:
            raise NpuError("yosys is missing; on Debian and Ubuntu: apt-get install yosys")
        known = sizes.load() if sizes.FIGURES.exists() else {}
        for name in given.machines or sizes.MACHINES:
            refresh(name, known, sizes.LIMIT)
    except (NpuError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
