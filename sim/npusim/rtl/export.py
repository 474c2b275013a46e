"""A configuration's RTL as one folder for a synthesis tool: sources, kernels, a top with its parameters, file lists."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from npusim.config import NpuConfig
from npusim.rtl.build import RtlError, rtl_folder
from npusim.rtl.kernels import kernel_modules
from npusim.rtl.parameters import parameters

TOP = "npu_core"


def export_files(config: NpuConfig) -> dict[str, str]:
    """Return file name -> text.  Raises `ConfigError` for a machine that the RTL cannot be."""
    values = {**parameters(config), "CHECK_INIT": 0}  # written-bits are for simulation
    folder = rtl_folder()
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("npu_*.v*"))}
    files |= kernel_modules(config)
    files[f"{TOP}.v"] = _top(files["npu_top.v"], values, config)
    sources = sorted(name for name in files if name.endswith(".v"))
    files["files.f"] = "".join(f"{line}\n" for line in ["+incdir+.", *sources])
    files[f"{TOP}.qsf"] = _qsf(sources, config)
    files[f"{TOP}.sdc"] = f"create_clock -name clk -period {1e3 / config.clock_mhz:.3f} [get_ports clk]\n"
    return files


def write_export(config: NpuConfig, folder: Path) -> int:
    """Write the files into a new folder, all or none; returns how many."""
    files = export_files(config)
    if folder.exists():
        raise RtlError(f"{folder}: is there already; give the name of a new folder")
    try:
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name[:80]}.", dir=folder.parent))
    except OSError as error:
        raise RtlError(f"{folder}: cannot be written: {error.strerror}") from None
    try:
        for name, text in files.items():
            (staging / name).write_text(text, encoding="utf-8")
        staging.chmod(0o777 & ~_umask())
        os.rename(staging, folder)
    except OSError as error:
        raise RtlError(f"{folder}: cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return len(files)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _top(source: str, values: dict[str, int], config: NpuConfig) -> str:
    """Return a module without parameters around npu_top: its ports, with the widths that these values give."""
    head = source[source.index("module npu_top") : source.index(");", source.index(") ("))]
    declared = re.findall(r"^\s*parameter\s+(\w+)\s*=", head, re.M)
    ports = head[head.index(") (") + 3 :]
    names = re.findall(r"^\s*(?:input|output)\s+wire\s+(?:\[[^\]]*\]\s*)?(\w+)", ports, re.M)
    body = ports.strip("\n")
    local = [name for name in declared if re.search(rf"\b{name}\b", ports)]
    for name in local:
        body = re.sub(rf"\b{name}\b", str(values[name]), body)
    set_values = ",\n".join(f"        .{name}({values[name]})" for name in declared if name in values)
    links = ",\n".join(f"        .{name}({name})" for name in names)
    return (
        f"// {TOP}: npu_top with the parameters of the configuration {config.name}.  Written by `npusim rtl`.\n"
        f"`default_nettype none\nmodule {TOP} (\n{body}\n);\n"
        f"    npu_top #(\n{set_values}\n    ) top_i (\n{links}\n    );\nendmodule\n`default_nettype wire\n"
    )


def _qsf(sources: list[str], config: NpuConfig) -> str:
    lines = [f"# Quartus settings of {config.name}: include them in a project, or make this file its .qsf"]
    if config.device != "none":
        family = "Stratix 10" if config.device.startswith("stratix10") else "Arria 10"
        lines += [f'set_global_assignment -name FAMILY "{family}"']
    lines += [f"set_global_assignment -name TOP_LEVEL_ENTITY {TOP}"]
    lines += ["set_global_assignment -name SEARCH_PATH ."]
    lines += [f"set_global_assignment -name VERILOG_FILE {name}" for name in sources]
    lines += [f"set_global_assignment -name SDC_FILE {TOP}.sdc"]
    return "".join(f"{line}\n" for line in lines)
