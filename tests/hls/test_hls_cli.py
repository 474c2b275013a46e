"""The command group: what users see, exit codes, one-sentence errors."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from npusim_hls.cli import hls
from npusim_hls.errors import HlsError
from npusim_hls.kernels import KERNELS

USER_KERNEL = """
    from __future__ import annotations

    from npusim_hls.kernel import kernel
    from npusim_hls.widths import s, u


    @kernel
    def average(a: u[8], b: u[8], *, up: int) -> u[8]:
        '''The mean of two bytes.'''
        return (a + b + up) >> 1


    @kernel(outputs=("gap",))
    def distance(a: u[8], b: u[8]) -> u[8]:
        '''How far apart two bytes are.'''
        return abs(a - b)


    average_up = average.bind("average_up", up=1)
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(hls, list(words))


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(USER_KERNEL))
    return path


def test_list() -> None:
    assert run("list", "--names").output.split() == list(KERNELS)
    assert "f16_tanh             Hyperbolic tangent, within 0.53 ulp" in run("list").output


def test_emit_writes_a_module(tmp_path: Path) -> None:
    assert "module f16_mul (" in run("emit", "f16_mul").output
    target = tmp_path / "f16_mul.v"
    assert run("emit", "f16_mul", "-o", str(target), "--no-valid", "--clock", "150").exit_code == 0
    assert "scheduled for 150 MHz" in target.read_text()
    assert "s_valid" not in target.read_text()
    result = run("emit", "--all", str(tmp_path / "all"))
    assert result.exit_code == 0
    assert sorted(path.stem for path in (tmp_path / "all").iterdir()) == sorted(KERNELS)


def test_block_sizes_come_by_name() -> None:
    assert "module f16_to_bfp_4x7 (" in run("emit", "f16_to_bfp_4x7").output


def test_user_kernels_go_through_the_same_commands(user_file: Path) -> None:
    assert "module average_up (" in run("emit", f"{user_file}:average_up").output
    assert "module distance (" in run("emit", f"{user_file}:distance").output
    result = run("check", f"{user_file}:average_up", "--simulator", "none")
    assert (result.exit_code, result.output.count("all operands"), result.output.count("equal")) == (0, 2, 1)


@pytest.mark.rtl
def test_check_on_verilator_of_a_user_kernel_with_a_waveform(user_file: Path, tmp_path: Path) -> None:
    waves = tmp_path / "waves.vcd"
    result = run("check", f"{user_file}:distance", "--simulator", "verilator", "--waves", str(waves))
    assert result.exit_code == 0, result.output
    assert result.output.count("equal") == 2
    assert "gap" in waves.read_text()


def test_a_difference_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    from npusim_hls import check

    monkeypatch.setattr(check, "run_numba", lambda instance, sets: [[0, 0]] * len(sets))
    result = run("check", "f16_mul", "--simulator", "none")
    assert result.exit_code == 1
    assert "f16_mul: operand set " in result.output
    assert "replay: npusim hls check f16_mul --vectors 4000 --seed 1 --simulator none" in result.output


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["emit", "f16_ad"],
            "error: kernel f16_ad is not known; near: f16_add, bf16_add, f16_max; ",
        ),
        (["emit"], "error: emit takes either one KERNEL or --all FOLDER"),
        (["check"], "error: check takes either kernels or --all"),
        (["check", "f16_add", "--waves", "x.vcd"], "error: --waves needs one simulator; add --simulator verilator"),
        (["emit", "nowhere.py:k"], "error: nowhere.py: no such file; a kernel of your own is given as FILE.py:NAME"),
        (
            ["emit", "f16_mul", "--clock", "2000"],
            "error: clock 2000 MHz is not accepted; a target ",
        ),
    ],
)
def test_errors_are_one_sentence_with_exit_code_2(words: list[str], text: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.output.startswith(text)
    assert result.output.count("\n") == 1


def test_errors_of_a_user_file(user_file: Path) -> None:
    assert (
        "mine.py: nothing is not a kernel; it defines average, distance, average_up"
        in run("emit", f"{user_file}:nothing").output
    )
    assert "average: parameters up are needed, got none" in run("emit", f"{user_file}:average").output
    user_file.write_text("1 / 0")
    assert "mine.py: cannot be imported: ZeroDivisionError: division by zero" in run("emit", f"{user_file}:x").output


def test_debug_shows_the_traceback() -> None:
    assert isinstance(run("--debug", "emit", "f16_ad").exception, HlsError)


def test_report_prints_the_committed_figures() -> None:
    result = run("report")
    assert result.exit_code == 0
    row = next(line for line in result.output.splitlines() if line.split()[:1] == ["f32_add"])
    assert "fp32 add of one DSP block" in row
    assert "older than the Verilog" not in result.output
    data = json.loads(run("report", "--json").output)
    assert [item["kernel"] for item in data] == list(KERNELS)
    assert all(item["alms"] > 0 for item in data)


@pytest.mark.rtl
@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
def test_report_of_a_user_kernel(user_file: Path) -> None:
    result = run("report", f"{user_file}:distance", "--json")
    (row,) = json.loads(result.output)
    assert row["kernel"] == "distance"
    assert row["registers"] == row["register_bits"] > 0
