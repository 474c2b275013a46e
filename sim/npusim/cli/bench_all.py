"""`npusim bench --all`: every network in one table, each measured by the commands that a user would type.

A network is built, compiled, run, compared with float32 and measured, and each of these is a process of its own: its
peak memory is its own, and what one network breaks costs no other.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import click

from npusim.cli.bench_table import markdown_lines, text_lines
from npusim.cli.console import Progress, note
from npusim.cli.load import finish, resolve_config
from npusim.cli.shell import ComparisonFailed
from npusim.errors import NpuError

RECURRENT_CONFIG = "arria10_rnn"
"""Where recurrent networks run if the machine asked for has neither sigmoid nor tanh."""

KILOBYTE = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss


@dataclass(frozen=True, slots=True)
class Network:
    """A row of the table.  sizes: further arguments of `npusim build`."""

    name: str
    sizes: tuple[str, ...] = ()
    recurrent: bool = False

    @property
    def label(self) -> str:
        """The row's name: the network's, and its sizes."""
        return " ".join(filter(None, (self.name, "x".join(self.sizes[1::2]))))


RECURRENT_SIZES = ("--hidden", "1024", "--steps", "25")
NETWORKS = (
    *(Network(name) for name in ("resnet50", "resnet152", "densenet121", "vgg16", "ssd_vgg")),
    *(Network(name, RECURRENT_SIZES, True) for name in ("lstm", "gru")),
)


class StageFailed(NpuError):
    """A command that a network needs did not succeed."""


def bench_all(config: str | None, seed: int, runs: int, json_path: str | None, markdown: bool) -> None:
    """Measure every network, print the table, write its figures; `ComparisonFailed` if any network failed."""
    machine = resolve_config(config)
    other = None if all(machine.sigmoid_tanh) else RECURRENT_CONFIG
    rows: list[dict[str, Any]] = []
    with Progress("measuring") as progress, _terminable():
        for number, network in enumerate(NETWORKS):
            chosen = other if network.recurrent and other is not None else config

            def show(stage: str, label: str = network.label, number: int = number) -> None:
                progress.update(number, len(NETWORKS), f"{label}: {stage}")

            begin = time.monotonic()
            try:
                row = _measure(network, chosen, seed, runs, show)
            except StageFailed as error:
                row = {"error": str(error)}
            row = {"network": network.label, **row, "seconds": time.monotonic() - begin}
            rows.append(row)
            said = str(row["error"]) if "error" in row else f"{row['latency_ms']:.3f} ms"
            note(f"{network.label}: {said} (measured in {row['seconds']:.0f} s)")
    lines = markdown_lines(rows, runs) if markdown else text_lines(rows, runs)
    finish(lines, [], json_path, {"runs": runs, "seed": seed, "rows": rows})
    failed = [row["network"] for row in rows if "error" in row or not row["check_passed"]]
    if failed:
        raise ComparisonFailed(f"{len(failed)} of {len(rows)} networks failed: {', '.join(failed)}")


# ---- one network ---------------------------------------------------------------------------------------------------


def _measure(network: Network, config: str | None, seed: int, runs: int, show: Any) -> dict[str, Any]:
    """Return a network's row; show: called with the name of each stage.  Raises `StageFailed`."""
    with TemporaryDirectory(prefix="npusim-") as folder:
        model, program, report = (str(Path(folder) / name) for name in ("model.onnx", "model.npu", "report.json"))
        machine = [] if config is None else ["-c", config]
        seeded = ["--seed", str(seed)]
        peak = {}

        def stage(command: str, *args: str, name: str = "", allowed: tuple[int, ...] = (0,)) -> dict[str, Any]:
            show(name or command)
            peak[name or command] = _call([command, *args], Path(folder) / "said", allowed)
            made: dict[str, Any] = json.loads(Path(report).read_bytes()) if "--json" in args else {}
            return made

        stage("build", network.name, *network.sizes, *seeded, "-o", model)
        stage("compile", model, *machine, "-o", program)
        stage("run", program, *seeded)
        check = ["run", program, *seeded, "--check", "--model", model, "--json", report]
        checked = stage(*check, name="check", allowed=(0, 1))["check"]
        measured = stage("bench", program, *seeded, "--model", model, "--runs", str(runs), "--json", report)
    return _row(checked, measured, peak)


def _call(args: list[str], said: Path, allowed: tuple[int, ...]) -> int:
    """Run one command and return its peak memory in bytes; said: file for what it says on standard error."""
    with said.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "npusim.cli", *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream,
        )  # fmt: skip
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == 128 + signal.SIGINT:
        raise KeyboardInterrupt
    if process.returncode not in allowed:
        raise StageFailed(f"npusim {args[0]}: {_reason(said, process.returncode)}")
    return usage.ru_maxrss * KILOBYTE


def _reason(said: Path, status: int) -> str:
    """Return what a command said last, or that a signal ended it."""
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [f"exit code {status}"]
    return lines[-1].removeprefix("npusim: ").removeprefix("error: ")


def _row(checked: dict[str, Any], measured: dict[str, Any], peak: dict[str, int]) -> dict[str, Any]:
    """Return the figures of one network from the reports of its runs."""
    judged = checked["sent"] or checked["outputs"]
    best = measured["bound_ms"]["best_possible"]
    host = [row["seconds"] for row in measured["host"]]
    took = {row["what"]: row["ms"] for row in measured["compared"]}
    return {
        **{key: measured[key] for key in ("model", "config", "clock_mhz", "cycles", "latency_ms", "bound_ms")},
        "bound_by": measured["bound_by"],
        "over_bound": measured["latency_ms"] / best,
        "over_roofline": measured["latency_ms"] / max(measured["bound_ms"][name] for name in ("compute", "dram")),
        "utilisation": measured["utilisation"],
        "dram_bytes": measured["dram_bytes"],
        "host": {"steps": len(host), "share_of_macs": measured["coverage"]["share"]["host"], "ms": 1e3 * sum(host)},
        "sqnr_db": _spread(judged, "sqnr_db"),
        "bfp_alone_db": _spread(judged, "expected_db"),
        "check_passed": checked["passed"],
        "simulate_ms": 1e3 * measured["wall_s"]["simulate"],
        "onnxruntime_ms": took["ONNX Runtime float32, 1 thread"],
        "simulation_over_onnxruntime": measured["simulation_over_onnxruntime"],
        "simulate_time_ms": 1e3 * measured["wall_s"]["simulate_time"],
        "peak_bytes": peak,
    }


def _spread(tensors: list[dict[str, Any]], key: str) -> dict[str, float | None]:
    """Return the worst and the median of tensors; None where all are equal to float32."""
    values = [row[key] for row in tensors if row[key] is not None]
    return {"worst": min(values), "median": statistics.median(values)} if values else {"worst": None, "median": None}


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does: the running process is ended and its folder removed."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise click.exceptions.Exit(128 + number)

    old = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)
