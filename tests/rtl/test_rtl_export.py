"""`npusim rtl`, and the page of the modules."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from npusim.cli.shell import run
from npusim.config import load_config
from npusim.rtl import modules_doc
from npusim.rtl.build import rtl_folder
from npusim.rtl.parameters import parameters
from npusim_hls.errors import HlsError
from npusim_hls.simulators import environment


@pytest.fixture(scope="module", params=["tiny", "tiny_private"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "core"
    assert run(["rtl", "-c", request.param, "-o", str(path)]) == 0
    return path


def test_top_sets_every_parameter(folder: Path) -> None:
    text = (folder / "npu_core.v").read_text()
    config = load_config("tiny_private" if ".SHARED_WEIGHTS(0)" in text else "tiny", fit=False)
    found = {name: int(value) for name, value in re.findall(r"\.([A-Z0-9_]+)\((\d+)\)", text)}
    declared = set(re.findall(r"^    parameter (\w+)", (rtl_folder() / "npu_top.v").read_text(), re.M))
    assert set(found) == declared
    known = {**parameters(config), "CHECK_INIT": 0}
    assert found == {name: known[name] for name in declared}


@pytest.mark.rtl
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_simulators_read_the_folder(folder: Path, simulator: str) -> None:
    try:
        variables = environment(simulator)
    except HlsError as error:
        pytest.skip(str(error))
    command = {
        "verilator": ["verilator", "--lint-only", "-Wno-fatal", "--top-module", "npu_core", "-f", "files.f"],
        "icarus": ["iverilog", "-g2005", "-t", "null", "-s", "npu_core", "-I.", "-c", "sources.f"],
    }[simulator]
    sources = [line for line in (folder / "files.f").read_text().splitlines() if not line.startswith("+")]
    (folder / "sources.f").write_text("".join(f"{line}\n" for line in sources))
    said = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-2000:]
    assert "rror" not in said.stderr


def test_quartus_gets_every_source_and_the_clock(folder: Path) -> None:
    text = (folder / "npu_core.qsf").read_text()
    assert set(re.findall(r"VERILOG_FILE (\S+)", text)) == {path.name for path in folder.glob("*.v")}
    assert (folder / "npu_core.sdc").read_text() == "create_clock -name clk -period 10.000 [get_ports clk]\n"


def test_an_existing_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rtl", "-c", "tiny", "-o", str(tmp_path)]) == 2
    assert "is there already; give the name of a new folder" in capsys.readouterr().err
    assert run(["rtl", "-c", "tiny", "-o", str(tmp_path / "no" / "core")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_top_uses_every_module() -> None:
    assert modules_doc.unlisted(rtl_folder()) == []


def test_every_module_states_its_contract() -> None:
    for path in sorted(rtl_folder().glob("npu_*.v")):
        assert path.read_text().startswith(f"// {path.stem}: "), path.name
