"""Models, programs and a way to call the command line, in process and as a process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Call, Said, listing

import npusim_models
from npusim.cli.shell import run


@pytest.fixture
def npusim(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in this process; no exception gets out of it."""

    def call(*args: object) -> Said:
        capsys.readouterr()
        status = run([str(a) for a in args])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return call


@pytest.fixture
def refused(npusim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Call the command line where it has to refuse: exit code 2, one sentence, nothing written anywhere near."""
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> str:
        before = listing(tmp_path)
        said = npusim(*args)
        lines = [line for line in said.err.splitlines() if not line.endswith("so far")]
        assert said.status == 2, said
        assert said.out == ""
        assert len(lines) == 1, said.err
        assert lines[0].startswith("npusim: error: ")
        assert listing(tmp_path) == before
        return lines[0].removeprefix("npusim: error: ")

    return call


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with mlp.onnx and tiny.onnx (a residual network for 16 x 16 pictures)."""
    folder = tmp_path_factory.mktemp("models")
    npusim_models.save(npusim_models.build("mlp"), folder / "mlp.onnx")
    npusim_models.save(npusim_models.build("tiny_resnet_16"), folder / "tiny.onnx")
    return folder


@pytest.fixture(scope="session")
def mlp(models: Path) -> Path:
    """A multilayer perceptron as ONNX."""
    return models / "mlp.onnx"


@pytest.fixture(scope="session")
def resnet(models: Path) -> Path:
    """A small residual network as ONNX."""
    return models / "tiny.onnx"


@pytest.fixture(scope="session")
def program(models: Path, mlp: Path) -> Path:
    """The perceptron as a program for arria10."""
    path = models / "mlp.npu"
    assert run(["compile", str(mlp), "-o", str(path)]) == 0
    return path
