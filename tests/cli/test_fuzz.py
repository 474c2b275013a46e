"""Mutated models and programs: an answer or one sentence, never a traceback, never a hang."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import onnx
import pytest
from cli_tools import Call, residual, save

from npusim.container import pack, read
from npusim.program import Program

SECONDS = 20


@contextmanager
def deadline() -> Iterator[None]:
    """Fail where a call hangs."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("hangs")

    old = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def survives(npusim: Call, *args: object, replay: object) -> int:
    """Call the command line; anything but success, a failed comparison or one sentence is a failure."""
    begin = time.monotonic()
    with deadline():
        said = npusim(*args)
    lines = [line for line in said.err.splitlines() if not line.endswith("so far")]
    where = f"replay {replay}: exit {said.status}, {time.monotonic() - begin:.1f} s\n{said.err}"
    assert said.status in (0, 2), where
    assert "Traceback" not in said.err, where
    if said.status == 2:
        assert len(lines) == 1, where
        assert lines[0].startswith("npusim: error: "), where
        assert len(lines[0]) < 2000, where
    return said.status


def flip(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, or cut, or repeat a part."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        kind = rng.random()
        at = rng.randrange(len(out))
        if kind < 0.6:
            out[at] = rng.randrange(256)
        elif kind < 0.75:
            out[at] ^= 1 << rng.randrange(8)
        elif kind < 0.85:
            del out[at : at + rng.randrange(1, 30)]
        elif kind < 0.95:
            out[at:at] = out[at : at + rng.randrange(1, 30)]
        else:
            del out[max(1, at) :]
        if not out:
            out = bytearray(b"x")
    return bytes(out)


@pytest.mark.parametrize("seed", range(4))
def test_models_with_changed_bytes(npusim: Call, tmp_path: Path, seed: int) -> None:
    data = residual().SerializeToString()
    path = tmp_path / "m.onnx"
    for number in range(25):
        rng = random.Random(f"{seed} {number}")
        path.write_bytes(flip(data, rng))
        survives(npusim, "run", path, "-c", "tiny", "--no-values", replay=(seed, number))


@pytest.mark.parametrize("seed", range(4))
def test_models_with_changed_structure(npusim: Call, tmp_path: Path, seed: int) -> None:
    """Attributes, names, shapes and operators that a protobuf holds without complaint."""
    ops = ["Conv", "Gemm", "MatMul", "Add", "MaxPool", "Relu", "Flatten", "Concat", "Reshape", "Transpose", "Softmax"]
    path = tmp_path / "m.onnx"
    answered = 0
    for number in range(25):
        rng = random.Random(f"{seed} {number}")
        made = residual()
        for _ in range(rng.choice((1, 1, 2))):
            node = rng.choice(list(made.graph.node))
            match rng.randrange(7):
                case 0:
                    node.op_type = rng.choice(ops)
                case 1 if node.input:
                    names = [n for other in made.graph.node for n in (*other.input, *other.output)]
                    node.input[rng.randrange(len(node.input))] = rng.choice([*names, "", "gone"])
                case 2 if node.attribute:
                    attribute = rng.choice(list(node.attribute))
                    values = [0, 1, -1, 2, 3, 7, 100, 2**31, -(2**40)]
                    if attribute.ints:
                        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(values)
                    else:
                        attribute.i = rng.choice(values)
                case 3:
                    tensor = rng.choice(list(made.graph.initializer))
                    tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice([0, 1, 2, 5, -3, 10**9])
                case 4:
                    dims = made.graph.input[0].type.tensor_type.shape.dim
                    rng.choice(list(dims)).dim_value = rng.choice([0, 1, 2, 5, 33, -3, 10**9])
                case 5:
                    made.graph.node.remove(node)
                case _:
                    rng.choice(list(made.opset_import)).version = rng.choice([6, 7, 9, 11, 13, 18, 20, 99])
        save(made, path)
        answered += survives(npusim, "run", path, "-c", "tiny", replay=(seed, number)) == 0
    assert answered


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small program for the tiny machine."""
    from npusim.cli.shell import run

    folder = tmp_path_factory.mktemp("fuzz")
    save(residual(), folder / "net.onnx")
    assert run(["compile", str(folder / "net.onnx"), "-c", "tiny", "-o", str(folder / "net.npu")]) == 0
    return folder / "net.npu"


@pytest.mark.parametrize("seed", range(2))
def test_programs_with_changed_bytes(npusim: Call, tmp_path: Path, small: Path, seed: int) -> None:
    data, path = small.read_bytes(), tmp_path / "p.npu"
    for number in range(25):
        rng = random.Random(f"{seed} {number}")
        path.write_bytes(flip(data, rng))
        survives(npusim, rng.choice(["run", "disasm"]), path, replay=(seed, number))


@pytest.mark.parametrize("seed", range(4))
def test_programs_with_valid_checksums(npusim: Call, tmp_path: Path, small: Path, seed: int) -> None:
    """Words, header fields and host models changed, and everything summed up again: only checks of meaning are left."""
    path = tmp_path / "p.npu"
    for number in range(25):
        rng = random.Random(f"{seed} {number}")
        header, sections = read(small)
        sections = {name: data.copy() for name, data in sections.items()}
        header.pop("sections", None)
        match rng.randrange(4):
            case 0 | 1:
                words = sections["words"].view(np.uint64)
                for _ in range(rng.choice((1, 1, 3))):
                    at = rng.randrange(len(words))
                    words[at] ^= np.uint64(1 << rng.randrange(64))
            case 2:
                name = rng.choice([n for n in sections if len(sections[n])])
                sections[name][rng.randrange(len(sections[name]))] ^= 1 << rng.randrange(8)
            case _:
                key = rng.choice(list(header))
                header[key] = rng.choice([None, 0, -1, 2**40, "", "x", [], {}, [1], True, 1.5])
        path.write_bytes(b"".join(bytes(chunk) for chunk in pack(header, sections)))
        survives(npusim, "run", path, replay=(seed, number))


@pytest.mark.parametrize("seed", range(2))
def test_listings_with_changed_characters(npusim: Call, tmp_path: Path, small: Path, seed: int) -> None:
    from npusim.listing import disassemble_program

    text, _ = disassemble_program(Program.load(small))
    path = tmp_path / "p.s"
    for number in range(15):
        rng = random.Random(f"{seed} {number}")
        path.write_bytes(flip(text.encode(), rng))
        survives(npusim, "asm", path, "-o", tmp_path / "p.npu", replay=(seed, number))


def test_a_model_in_text_of_a_program(npusim: Call, tmp_path: Path) -> None:
    """A model under a program's name and a program under a model's."""
    (tmp_path / "a.npu").write_bytes(residual().SerializeToString())
    assert survives(npusim, "run", tmp_path / "a.npu", replay="a") == 2
    (tmp_path / "b.onnx").write_bytes(onnx.ModelProto().SerializeToString() + b"\x00" * 9)
    assert survives(npusim, "run", tmp_path / "b.onnx", replay="b") == 2
