"""Every kind of bad input: one sentence that says where and what, exit code 2, nothing left behind."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_tools import dense, external, model, save
from onnx import helper

from npusim.program import Program

Refused = Callable[..., str]
COMMANDS = ("compile", "run", "bench")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_no_protobuf(refused: Refused, tmp_path: Path, command: str) -> None:
    (tmp_path / "junk.onnx").write_bytes(b"hello")
    assert refused(command, "junk.onnx") == "junk.onnx: not an ONNX model: 5 bytes that are not a protobuf"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_there(refused: Refused, command: str) -> None:
    assert refused(command, "no/such.onnx") == "no/such.onnx: cannot be read: No such file or directory"


def test_an_empty_file(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    assert refused("run", "empty.onnx") == "empty.onnx: not an ONNX model: it holds no graph"


def test_a_folder_and_a_device(refused: Refused) -> None:
    assert refused("run", "/tmp") == "/tmp: cannot be read: Is a directory"
    assert "not a regular file" in refused("run", "/dev/null")


def test_external_data(refused: Refused, tmp_path: Path) -> None:
    external(tmp_path / "a.onnx", location="weights.bin")
    assert "external data 'weights.bin' does not exist" in refused("compile", "a.onnx")
    (tmp_path / "weights.bin").write_bytes(bytes(20))
    assert "'weights.bin' is truncated: 20 bytes, needed 48" in refused("compile", "a.onnx")
    external(tmp_path / "b.onnx", location="weights.bin", length=12)
    assert "12 bytes at 0, allowed: 48 bytes" in refused("compile", "b.onnx")
    external(tmp_path / "c.onnx", location="../../etc/passwd")
    assert "lies outside the model's folder" in refused("compile", "c.onnx")


def test_an_unknown_domain(refused: Refused, tmp_path: Path) -> None:
    node = helper.make_node("Magic", ["x"], ["y"], name="m", domain="org.example")
    save(model([node], {"x": (1, 4)}, ["y"], domain="org.example"), tmp_path / "m.onnx")
    assert "operator domain 'org.example' (Magic) is unknown" in refused("run", "m.onnx")


def test_a_dynamic_shape(refused: Refused, tmp_path: Path) -> None:
    dense(tmp_path / "d.onnx", np.ones((3, 4), np.float32), ("batch", "features"))
    assert "dimension 1 is 'features'" in refused("run", "d.onnx")
    dense(tmp_path / "e.onnx", np.ones((3, 4), np.float32), (5, 4))
    assert "batch 5" in refused("run", "e.onnx")


@pytest.mark.parametrize(("bad", "text"), [(np.nan, "holds NaN"), (-np.inf, "holds infinity")])
def test_weights_that_are_no_numbers(refused: Refused, tmp_path: Path, bad: float, text: str) -> None:
    dense(tmp_path / "w.onnx", np.array([[1, 2, bad, 3]], np.float32))
    assert text in refused("run", "w.onnx")


def test_host_nodes_with_npu_only(refused: Refused, mlp: Path) -> None:
    for command in ("compile", "run"):
        assert "Softmax 'mlp/Softmax' (the NPU has no Softmax)" in refused(command, mlp, "--npu-only")


def test_a_layer_that_cannot_be_placed(refused: Refused, tmp_path: Path) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="big", pads=[3, 3, 3, 3])
    save(model([node], {"x": (1, 64, 64, 512)}, ["y"], {"w": np.ones((8, 64, 7, 7), np.float32)}), tmp_path / "p.onnx")
    text = refused("compile", "p.onnx", "-c", "tiny")
    assert "big" in text


# ---- inputs


def test_wrong_inputs(refused: Refused, tmp_path: Path, program: Path) -> None:
    np.save(tmp_path / "short.npy", np.zeros((1, 3), np.float32))
    np.save(tmp_path / "whole.npy", np.zeros((1, 256), np.int32))
    np.save(tmp_path / "nan.npy", np.full((1, 256), np.nan, np.float32))
    np.save(tmp_path / "good.npy", np.zeros((1, 256), np.float32))
    np.savez(tmp_path / "other.npz", picture=np.zeros((1, 256), np.float32))
    (tmp_path / "text.npy").write_text("1 2 3")
    (tmp_path / "objects.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '|O', }".ljust(118))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "other.npz").read_bytes()[:90])

    def run(*inputs: str) -> str:
        return refused("run", program, *(part for text in inputs for part in ("--input", text)))

    assert run("short.npy") == "input 'features' has shape 1x3, expected 1x256"
    assert run("whole.npy") == "input 'features' has dtype int32, expected float32"
    assert run("nan.npy") == "input 'features' holds NaN or infinity; every value must be finite"
    assert run("other.npz") == "the model has no input 'picture' (inputs: features)"
    assert run("image=good.npy") == "the model has no input 'image' (inputs: features)"
    assert run("good.npy", "features=good.npy") == "good.npy: input 'features' is given twice"
    assert run("gone.npy") == "gone.npy: cannot be read: No such file or directory"
    for name in ("text.npy", "objects.npy", "cut.npz"):
        assert run(name).startswith(f"{name}: not a readable .npz or .npy file of plain arrays: ")


def recurrent(steps: int) -> object:
    """Return an LSTM of four units over a sequence of this length."""
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal((1, 16, 4)).astype(np.float32) for name in "wr"}
    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], name="lstm", hidden_size=4)
    return model([node], {"x": (steps, 1, 4)}, ["y"], weights)


def test_sequences_of_length_0(refused: Refused, tmp_path: Path) -> None:
    assert refused("build", "lstm", "--steps", 0) == "lstm: steps 0 is not a whole number of 1 or more"
    save(recurrent(0), tmp_path / "none.onnx")
    assert "net: input 'x': dimension 0 is " in refused("run", "none.onnx", "-c", "arria10_rnn")
    save(recurrent(3), tmp_path / "three.onnx")
    np.save(tmp_path / "none.npy", np.zeros((0, 1, 4), np.float32))
    text = refused("run", "three.onnx", "-c", "arria10_rnn", "--input", "none.npy")
    assert text == "input 'x' has shape 0x1x4, expected 3x1x4"


# ---- programs


@pytest.mark.parametrize("command", ["run", "bench", "disasm"])
def test_damaged_programs(refused: Refused, tmp_path: Path, program: Path, command: str) -> None:
    data = program.read_bytes()
    (tmp_path / "cut.npu").write_bytes(data[:-100])
    assert refused(command, "cut.npu") == f"cut.npu: truncated: {len(data) - 100} bytes, stated {len(data)}"
    flipped = bytearray(data)
    flipped[-50] ^= 1
    (tmp_path / "flipped.npu").write_bytes(flipped)
    assert "flipped.npu: corrupted: section" in refused(command, "flipped.npu")
    prefix = data[:8] + struct.pack("<I", 99) + data[12:28]
    (tmp_path / "future.npu").write_bytes(prefix + struct.pack("<I", zlib.crc32(prefix)) + data[32:])
    assert "program format 99 is newer than this npusim reads" in refused(command, "future.npu")
    (tmp_path / "junk.npu").write_bytes(b"hello")
    assert "junk.npu: not an .npu program" in refused(command, "junk.npu")
    (tmp_path / "empty.npu").touch()
    assert "empty.npu: not an .npu program" in refused(command, "empty.npu")


def test_a_program_for_another_machine(refused: Refused, program: Path) -> None:
    for command in ("run", "bench"):
        text = refused(command, program, "-c", "tiny")
        assert f"{program}: compiled for another configuration: " in text
        assert "native_dim is 8, compiled for 128" in text


def test_a_check_needs_the_model(refused: Refused, program: Path, resnet: Path) -> None:
    assert "--check compares with the ONNX model" in refused("run", program, "--check")
    assert "is not the model that" in refused("run", program, "--check", "--model", resnet)


def test_a_listing_that_is_none(refused: Refused, tmp_path: Path, program: Path) -> None:
    (tmp_path / "a.s").write_text("halt\n")
    assert "before the .code directive" in refused("asm", "a.s")
    (tmp_path / "b.s").write_bytes(b"\xff\xfe")
    assert refused("asm", "b.s") == "b.s: not a text: byte 0 is no UTF-8"
    assert "cannot read the listing: No such file" in refused("asm", "gone.s")


# ---- paths


def test_paths_that_cannot_be_written(refused: Refused, tmp_path: Path, program: Path, mlp: Path) -> None:
    there = tmp_path / "gone"
    (tmp_path / "folder.npu").mkdir()
    assert f"{there}/a.npu: cannot write the program: No such file" in refused("compile", mlp, "-o", there / "a.npu")
    assert "folder.npu: cannot write the program: Is a directory" in refused("compile", mlp, "-o", "folder.npu")
    assert "cannot be written: no such file" in refused("build", "mlp", "-o", there / "a.onnx")
    assert "cannot write the binary data" in refused("disasm", program, "-o", there / "a.s")
    for option, what in (("--json", "report"), ("--trace", "trace")):
        assert f"cannot write the {what}: No such file" in refused("run", program, "--no-values", option, there / "f")
    assert "cannot write the outputs: No such file" in refused("run", program, "--output", there / "o.npz")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everything")
def test_paths_without_permission(refused: Refused, tmp_path: Path, mlp: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    assert "Permission denied" in refused("compile", mlp, "-o", locked / "a.npu")
    secret = tmp_path / "secret.onnx"
    secret.touch(0o000)
    assert "Permission denied" in refused("run", secret)


def test_a_full_disk(
    refused: Refused, tmp_path: Path, program: Path, mlp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """A stream that takes a little and then nothing more."""

        def __init__(self, stream: object) -> None:
            self.stream = stream

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.stream.close()  # type: ignore[attr-defined]

        def writelines(self, chunks: object) -> None:
            self.stream.write(b"the beginning")  # type: ignore[attr-defined]
            raise OSError(28, "No space left on device")

    real = Path.open

    def opened(self: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        stream = real(self, mode, *args, **kwargs)  # type: ignore[call-overload]
        return Full(stream) if "x" in mode or "w" in mode else stream

    monkeypatch.setattr(Path, "open", opened)
    assert refused("compile", mlp, "-o", "a.npu") == "a.npu: cannot write the program: No space left on device"
    assert "cannot write the binary data: No space left" in refused("disasm", program, "-o", "a.s")
    for option, what in (("--json", "report"), ("--trace", "trace")):
        assert f"cannot write the {what}: No space left" in refused("run", program, "--no-values", option, "f")


# ---- usage


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["bnech", "x"], "no command 'bnech' (nearest: bench)"),
        (["bench", "resnet51"], "no network named 'resnet51' (nearest: resnet50"),
        (["build", "resnt50"], "no network named 'resnt50' (nearest: resnet50"),
        (["build"], "npusim build --list shows the networks"),
        (["build", "mlp", "--list"], "--list takes no NAME"),
        (["build", "mlp", "--seed", "-1"], "-1 is not in the range"),
        (["build", "mlp", "--weights", "w.txt"], "unknown weights format '.txt'"),
        (["build", "mlp", "--weights", "gone.npz"], "gone.npz: cannot be read: no such file or directory"),
        (["run"], "run: Missing argument"),
        (["run", "mlp", "--threads", "0"], "0 is not in the range"),
        (["run", "mlp", "--bogus"], "No such option"),
        (["run", "mlp", "--no-values", "--golden"], "--golden needs values"),
        (["run", "mlp", "--min-sqnr", "3"], "--min-sqnr is for --check"),
        (["run", "mlp", "--model", "x.onnx"], "only for a .npu program"),
        (["run", "mlp", "-c", "arria11"], "no preset named 'arria11' (nearest: arria10"),
        (["run", "mlp", "-c", "gone.toml"], "gone.toml: cannot read the configuration: No such file"),
        (["compile", "mlp", "--emit", "fues"], "no such stage, the stages are import, "),
        (["compile", "mlp", "--emit", "fuse", "-o", "x"], "leave -o out"),
        (["configs", "--toml"], "--toml needs the NAME"),
        (["configs", "nope"], "no preset named 'nope'"),
    ],
)
def test_usage(refused: Refused, args: list[str], text: str) -> None:
    assert text in refused(*args)


def test_a_program_is_not_compiled_again(refused: Refused, program: Path) -> None:
    assert "is a program already" in refused("compile", program)


def test_a_configuration_that_does_not_fit(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "big.toml").write_text('base = "arria10"\nname = "big"\nmrf_tiles = 4096\n')
    text = refused("bench", "mlp", "-c", "big.toml")
    assert "big.toml: does not fit Arria 10 GX 1150: needs" in text
    assert "cheapest ways out" in text


def test_host_steps_that_onnx_runtime_refuses(refused: Refused, tmp_path: Path, program: Path) -> None:
    loaded = Program.load(program)
    step = loaded.host_steps[0]
    broken = onnx.ModelProto.FromString(step.model)
    broken.graph.node[0].op_type = "NoSuchOperator"
    import dataclasses

    changed = dataclasses.replace(step, model=broken.SerializeToString())
    dataclasses.replace(loaded, host_steps=(changed,)).save(tmp_path / "h.npu")
    assert "ONNX Runtime cannot run it" in refused("run", "h.npu")
