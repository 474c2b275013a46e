"""Ctrl-C at any moment: exit code 130, one line, and the folder as it was."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_tools import Call, listing, spawn

JOBS = (
    ("build", "tiny_resnet", "-o", "a.onnx"),
    ("compile", "{resnet}", "-o", "a.npu"),
    ("run", "{resnet}", "--check", "--golden", "--output", "o.npz", "--json", "r.json", "--trace", "t.json"),
    ("bench", "{program}", "--json", "r.json", "--runs", "10000"),
)


def interrupt(process: subprocess.Popen[str], delay: float) -> tuple[int, str]:
    """Send SIGINT after a delay, unless it has ended before; return exit code and standard error."""
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.parametrize("job", JOBS, ids=[job[0] for job in JOBS])
def test_at_random_moments(tmp_path: Path, resnet: Path, program: Path, job: tuple[str, ...]) -> None:
    args = [part.format(resnet=resnet, program=program) for part in job]
    moments = random.Random(job[0])
    for _ in range(3):
        process = spawn(*args, cwd=tmp_path)
        status, err = interrupt(process, moments.uniform(0.35, 2.0))
        lines = [line for line in err.splitlines() if line.strip()]
        if status == 130:
            assert lines[-1] == "npusim: interrupted"
            assert "Traceback" not in err
            assert listing(tmp_path) == {}
        else:  # it was done before
            assert status == 0, err
            for path in tmp_path.iterdir():
                path.unlink()


def test_while_a_file_is_written(npusim: Call, tmp_path: Path, mlp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from npusim import container

    pack = container.pack

    def slow(*args: object) -> object:
        yield pack(*args)[0]  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(container, "pack", slow)
    said = npusim("compile", mlp, "-o", tmp_path / "a.npu")
    assert (said.status, said.err.splitlines()[-1]) == (130, "npusim: interrupted")
    assert listing(tmp_path) == {}


def test_between_two_renames(npusim: Call, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real, calls = os.replace, []

    def once(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", once)
    said = npusim("run", program, "--no-values", "--json", tmp_path / "r.json", "--trace", tmp_path / "t.json")
    assert said.status == 130
    assert len(calls) == 2
    assert not [name for name in listing(tmp_path) if name.endswith(".tmp")]


def test_a_library_that_swallows_it(npusim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some turn the interrupt into an error of their own; it is an interrupt nevertheless."""

    def load(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
            time.sleep(10)
        except KeyboardInterrupt:
            raise RuntimeError("something odd") from None

    monkeypatch.setattr("npusim.config.load_config", load)
    monkeypatch.setattr("sys.unraisablehook", sys.unraisablehook)  # put it back
    said = npusim("configs", "arria10")
    assert (said.status, said.err) == (130, "npusim: interrupted\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
