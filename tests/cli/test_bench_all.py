"""`npusim bench --all`: one row a network, each from processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_tools import Call

from npusim.cli import bench_all
from npusim.cli.bench_all import Network
from npusim.cli.bench_table import HEAD, markdown_lines, text_lines

CODE = "import npusim.cli.bench_all as b; b.NETWORKS = {}; from npusim.cli import main; main()"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go; the tests look whether any stay."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(tmp_path)
    return folder


def folders(scratch: Path) -> list[Path]:
    return [path for path in scratch.iterdir() if path.name.startswith("npusim-")]


def test_a_row_for_each_network(npusim: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scratch: Path) -> None:
    small = (Network("mpl"), Network("gru", ("--hidden", "32", "--steps", "2"), True))
    monkeypatch.setattr(bench_all, "NETWORKS", small)
    said = npusim("bench", "--all", "--runs", 2, "--json", "rows.json")
    assert said.status == 1
    assert said.err.splitlines()[-1] == "npusim: 1 of 2 networks failed: mpl"
    assert "mpl failed: npusim build: no network named 'mpl'" in said.out
    assert folders(scratch) == []
    failed, row = rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [row["network"] for row in rows] == ["mpl", "gru 32x2"]
    assert set(failed) == {"network", "error", "seconds"}
    assert row["config"] == "arria10_rnn"
    assert row["latency_ms"] == pytest.approx(row["cycles"] / row["clock_mhz"] * 1e-3)
    assert row["over_bound"] == pytest.approx(row["latency_ms"] / max(row["bound_ms"].values()))
    assert row["over_roofline"] >= row["over_bound"]
    assert row["bound_ms"][row["bound_by"]] == max(row["bound_ms"].values())
    assert row["sqnr_db"]["worst"] <= row["sqnr_db"]["median"]
    assert row["check_passed"]
    assert row["simulation_over_onnxruntime"] > 0
    assert set(row["peak_bytes"]) == {"build", "compile", "run", "check", "bench"}
    assert all(5e7 < size < 5e9 for size in row["peak_bytes"].values())
    assert f"{row['latency_ms']:.3f}" in said.out


def test_the_table() -> None:
    figures = {
        "config": "arria10", "clock_mhz": 300, "latency_ms": 1.5, "over_bound": 1.25, "over_roofline": 1.3,
        "bound_ms": {"compute": 1.2, "dram": 0.5, "stream": 1.0, "best_possible": 1.2}, "bound_by": "compute",
        "utilisation": 0.5,
        "dram_bytes": {"read": 21e6, "written": 0, "weights": 20e6}, "peak_bytes": {"run": 640e6},
        "host": {"steps": 1, "share_of_macs": 0.001, "ms": 2.34}, "check_passed": True,
        "sqnr_db": {"worst": 11.94, "median": 18.5}, "simulate_ms": 1234.5, "onnxruntime_ms": 99.94,
        "simulation_over_onnxruntime": 1.4567, "simulate_time_ms": 12.0,
    }  # fmt: skip
    low = {"config": "arria10_rnn", "check_passed": False, "sqnr_db": {"worst": None, "median": None}}
    rows = [{"network": "a", **figures}, {"network": "b", "error": "broken"}, {"network": "c", **figures, **low}]
    lines = text_lines(rows, 5)
    want = "1.500 1.200 tiles 1.25 (1.30) 50.0 20.0 0.1; 2.3 11.9 (18.5) 1,234 99.9 1.46 12.0 0.64"
    assert lines[3].split() == ["a", *want.split()]
    assert lines[4].split() == ["b", "failed"]
    assert "exact" in lines[5]
    assert all(len(line) <= 130 for line in lines)
    text = "\n".join(lines)
    assert "\nb failed: broken\nc: SQNR too low\narria10, 300 MHz: a\narria10_rnn, 300 MHz: c (recurrent" in text
    assert "median of 5" in text
    markdown = markdown_lines(rows, 5)
    assert [line.count("|") for line in markdown[:5]] == [len(HEAD) + 1] * 5
    assert "- arria10, 300 MHz: a." in markdown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(tmp_path: Path, scratch: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CODE.format("(b.Network('resnet50'),)"), "bench", "--all", "--json", "rows.json"],
        cwd=tmp_path, env=dict(os.environ), start_new_session=True, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    limit = time.monotonic() + 60
    while not folders(scratch):
        assert time.monotonic() < limit
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)  # into the first command
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert folders(scratch) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch"]
    with pytest.raises(ProcessLookupError):  # nobody is left of its process group
        os.killpg(process.pid, 0)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--all", "mlp"], "MODEL mlp does not go with --all"),
        (["--all", "--warm"], "--warm does not go with --all"),
        (["--all", "--runs", "0"], "--runs 0 does not go with --all"),
        (["--all", "-c", "arria11"], "no preset named 'arria11' (nearest: arria10"),
        (["mlp", "--markdown"], "--markdown is for --all"),
        ([], "Missing argument 'MODEL.onnx|FILE.npu|NAME', or --all"),
    ],
)
def test_usage(npusim: Call, args: list[str], text: str) -> None:
    said = npusim("bench", *args)
    assert (said.status, said.out) == (2, "")
    assert text in said.err
