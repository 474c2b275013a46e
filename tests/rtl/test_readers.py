"""Every file of the RTL is read by Pyverilog and by Yosys, and Yosys finds no latch and no combinational loop."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from npusim.config import load_config
from npusim.rtl.build import rtl_folder
from npusim.rtl.kernels import kernel_modules
from npusim_hls.verilog import vast

pytestmark = pytest.mark.rtl

FILES = sorted(rtl_folder().glob("npu_*.v"))
Parse = Callable[[Path], vast.Node]


@pytest.fixture(scope="module")
def parse(tmp_path_factory: pytest.TempPathFactory) -> Parse:
    """One parser for all files: making its tables takes longer than reading them."""
    from pyverilog.vparser.parser import VerilogParser
    from pyverilog.vparser.preprocessor import VerilogPreprocessor

    if shutil.which("iverilog") is None:
        pytest.skip("Pyverilog preprocesses with iverilog, which is not installed")
    place = tmp_path_factory.mktemp("pyverilog")
    parser = VerilogParser(outputdir=str(place), debug=False)

    def read(file: Path) -> vast.Node:
        text = place / "text.v"
        VerilogPreprocessor([str(file)], str(text), [str(rtl_folder())], []).preprocess()
        parser.lexer.reset_lineno()
        return parser.parse(text.read_text())

    return read


def modules(node: vast.Node) -> list[str]:
    """Return the names of the modules of a syntax tree."""
    own = [node.name] if isinstance(node, vast.ModuleDef) else []
    return own + [name for child in node.children() for name in modules(child)]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Pyverilog leaves files open
def test_pyverilog_reads_every_file(parse: Parse) -> None:
    assert FILES
    for file in FILES:
        assert modules(parse(file)) == [file.stem]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_pyverilog_refuses_what_it_cannot_read(parse: Parse, tmp_path: Path) -> None:
    from pyverilog.vparser.parser import ParseError

    file = tmp_path / "late.v"
    file.write_text("module late; wire a = 1'b0, b = 1'b1; endmodule\n")  # Verilog-2005, but not to Pyverilog
    with pytest.raises(ParseError):
        parse(file)


def check(top: str, files: list[Path]) -> str:
    """Return what Yosys prints as it reads, elaborates and checks a design."""
    steps = [f"read_verilog -I{rtl_folder()} {' '.join(map(str, files))}", f"hierarchy -check -top {top}"]
    script = "; ".join([*steps, "proc", "opt_clean", "check", "stat"])
    done = subprocess.run(["yosys", "-p", script], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    return done.stdout


def faults(printed: str) -> list[str]:
    """Return latches, combinational loops and nets with no driver or several that Yosys found."""
    found = re.findall(
        r"^Latch inferred .*|^Warning: (?:found logic loop|multiple conflicting|Wire .* is used).*", printed, re.M
    )
    assert "Found and reported" in printed
    return found


@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
def test_yosys_finds_no_latch_and_no_loop(tmp_path: Path) -> None:
    kernels = kernel_modules(load_config("tiny"))
    for name, text in kernels.items():
        (tmp_path / name).write_text(text)
    printed = check("npu_top", [*FILES, *(tmp_path / name for name in kernels)])
    assert faults(printed) == []
    assert "Found and reported 0 problems" in printed


@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
def test_a_latch_and_a_loop_are_found(tmp_path: Path) -> None:
    file = tmp_path / "bad.v"
    file.write_text(
        "module bad(input wire e, input wire d, output reg q, output wire y); wire b;\n"
        "always @* if (e) q = d;\nassign y = b & d; assign b = y | e;\nendmodule\n"
    )
    found = faults(check("bad", [file]))
    assert any("Latch" in line for line in found)
    assert any("loop" in line for line in found)
