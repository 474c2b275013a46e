"""The .npu file: round trips, refusals by message, and no traceback whatever the bytes are."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from programs import names, sample, tiny, words

from npusim import container, isa
from npusim.errors import ProgramError
from npusim.program import U64, Port, Program


@given(words, names)
def test_round_trip(code: U64, name: str) -> None:
    keep = [w for w in code.tolist() if w >> isa.OPCODE_LSB != isa.BY_NAME["end_chain"].opcode]
    program = sample([*keep, 0], name=name)
    data = np.frombuffer(program.to_bytes(), np.uint8)
    again = Program.from_parts(*container.unpack(data, "x"), "x")
    assert again.to_bytes() == program.to_bytes()


def test_save_and_load_keep_every_field(tmp_path: Path) -> None:
    program, path = sample(), tmp_path / "sample.npu"
    program.save(path)
    again = Program.load(path)
    for f in dataclasses.fields(Program):
        mine, other = getattr(program, f.name), getattr(again, f.name)
        if f.name in ("words", "dram"):
            assert mine.dtype == other.dtype
            assert mine.tolist() == other.tolist()
        elif f.name != "io":
            assert mine == other, f.name
    for port, got in zip(program.io, again.io, strict=True):
        for f in dataclasses.fields(Port):
            mine, other = getattr(port, f.name), getattr(got, f.name)
            assert np.array_equal(mine, other) if f.name == "index" else mine == other
    assert path.read_bytes() == program.to_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sample.npu"]


def test_a_large_program_loads_quickly(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, 8_000_000, np.uint8)
    program = dataclasses.replace(sample(), dram=image, dram_size=image.size)
    program.save(tmp_path / "large.npu")
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        Program.load(tmp_path / "large.npu")
        best = min(best, time.perf_counter() - start)
    assert best < 0.05


# ---------------------------------------------------------------------------------------------------------- refusals


def _refused(data: bytes, path: Path) -> str:
    path.write_bytes(data)
    with pytest.raises(ProgramError) as caught:
        Program.load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def _prefix(data: bytes, **changes: int) -> bytes:
    """Return a file with other numbers in its first 32 bytes and the right CRC over them."""
    version, length, total, crc = struct.unpack("<IIQI", data[8:28])
    values = {"version": version, "length": length, "total": total, "crc": crc, **changes}
    head = data[:8] + struct.pack("<IIQI", *values.values())
    return head + struct.pack("<I", zlib.crc32(head)) + data[32:]


def test_damaged_files(tmp_path: Path) -> None:
    path, data = tmp_path / "x.npu", sample().to_bytes()
    assert _refused(b"", path).startswith("not an .npu program: it begins with nothing, expected 89 4e 50 55 0d 0a")
    assert _refused(b"PK\x03\x04" + data, path).startswith("not an .npu program: it begins with 50 4b 03 04")
    assert _refused(data[:20], path) == "truncated: 20 bytes, expected at least 32"
    assert _refused(data[:-1], path) == f"truncated: {len(data) - 1} bytes, stated {len(data)}"
    assert _refused(data + b"\0", path) == f"corrupted: {len(data) + 1} bytes, stated {len(data)}"
    assert _refused(_prefix(data, version=3), path).startswith("program format 3 is newer than this npusim reads (2)")
    older = _refused(_prefix(data, version=1), path)
    assert older.startswith("program format 1 is not one that this npusim reads (2); compile the model again")
    assert _refused(_prefix(data, length=1 << 31), path).startswith("corrupted: a header of 2147483648 bytes in a file")
    assert _refused(_prefix(data, crc=7), path).endswith("stated 0x00000007")
    at = data.index(b'"sections"')
    assert _refused(data[:at] + b"X" + data[at + 1 :], path).startswith("corrupted: the header's CRC-32 is")
    assert _refused(data[:-1] + b"X", path).startswith("corrupted: section 'host_steps/0/model' has CRC-32")


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"missing\.npu: cannot read the program: No such file or directory"):
        Program.load(tmp_path / "missing.npu")
    with pytest.raises(ProgramError, match="cannot read the program: not a regular file"):
        Program.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ProgramError, match="cannot read the program: not a regular file"):
        Program.load(tmp_path / "pipe")


def test_paths_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProgramError, match="cannot write the program: No such file or directory"):
        sample().save(tmp_path / "missing" / "x.npu")
    with pytest.raises(ProgramError, match="cannot write the program: Is a directory"):
        sample().save(tmp_path)

    with pytest.raises(ProgramError, match="/dev/full: cannot write the program: No space left on device"):
        sample().save("/dev/full")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ProgramError, match=r"x\.npu: cannot write the program: No space left on device"):
        sample().save(tmp_path / "x.npu")
    assert list(tmp_path.iterdir()) == []

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    (tmp_path / "x.npu").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sample().save(tmp_path / "x.npu")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("x.npu", b"old")]


def test_another_configuration_is_refused() -> None:
    program = sample()
    program.check_config(tiny())
    other = dataclasses.replace(tiny(), native_dim=16, block=16, lanes=4, clock_mhz=50)
    with pytest.raises(ProgramError) as caught:
        program.check_config(other, "sample.npu")
    assert str(caught.value) == (
        "sample.npu: compiled for another configuration: native_dim is 16, compiled for 8; lanes is 4, compiled for 2; "
        "block is 16, compiled for 8; and 1 more"
    )


def test_metadata_comes_back_as_it_was(tmp_path: Path) -> None:
    metadata = {"a": [1, 2.5, None, {"b": "c"}], "count": np.int64(3)}
    dataclasses.replace(sample(), metadata=metadata).save(tmp_path / "x.npu")
    assert Program.load(tmp_path / "x.npu").metadata == metadata
    for value in ({1: "x"}, np.zeros(3)):
        with pytest.raises(TypeError, match="metadata/x: "):
            dataclasses.replace(sample(), metadata={"x": value}).save(tmp_path / "x.npu")


def _changed(**changes: Any) -> Program:
    return dataclasses.replace(sample(), **changes)


def _port(**changes: Any) -> Program:
    return _changed(io=(dataclasses.replace(sample().io[1], **changes),), host_steps=())


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (_changed(words=np.zeros(0, np.uint64)), "0 instruction words, imem_words is 4096"),
        (_changed(words=np.zeros(5000, np.uint64)), "5000 instruction words, imem_words is 4096"),
        (_changed(words=np.array([0, 1], np.uint64)), "word 1: halt: bits outside its fields are set"),
        (_changed(words=np.array([0xFC << 56], np.uint64)), "word 0: illegal opcode 0x3f in word 0xfc00000000000000"),
        (_changed(words=np.zeros(1, np.int64)), "words are int64, dram is uint8; uint64, uint8 expected"),
        (_changed(dram_size=999), "dram_size is 999, expected at least the image's 1000"),
        (_changed(dram_size=1 << 40), "and at most 16777216 bytes"),
        (_changed(nodes=sample().nodes[:1]), "end_chain names node 1, there are 1"),
        (_changed(io=()), "host step 'classifier' runs after 2 ports, there are 0"),
        (_port(vectors=7), "port 0 ('features'): 7 vectors, its map has 6"),
        (_port(dtype="float8"), "dtype 'float8', expected one of bool, int8"),
        (_port(shape=(1, -24)), "shape (1, -24) has a negative extent"),
        (_port(segments=()), "a map of 1 x 2, segments (); all are at least 1"),
        (_port(layout="image"), "an image has 2 segments, expected 1"),
        (_port(index=None, shape=(1, 25)), "shape (1, 25) does not fill its map of 24 elements"),
        (_port(index=np.full((1, 24), 24, np.int64)), "index 24..24, its map has elements 0..23"),
    ],
)
def test_illegal_programs_are_not_saved(program: Program, message: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        program.save(tmp_path / "x.npu")
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------------------------------------------------- fuzz


def test_flipped_and_cut_bytes_are_always_found(tmp_path: Path) -> None:
    data, path, rng = sample().to_bytes(), tmp_path / "x.npu", random.Random(1)
    for _ in range(800):
        broken = bytearray(data)
        if rng.random() < 0.2:
            del broken[rng.randrange(len(data)) :]
        else:
            broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        _refused(bytes(broken), path)


_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 2**100, 0.5, 1e300, "", "x", "vectors", [], [[]], {}, {"section": "dram"}
)  # fmt: skip


def _mutate(value: Any, rng: random.Random) -> Any:
    """Return a JSON value with one place changed."""
    if isinstance(value, dict) and value and rng.random() < 0.93:
        key = rng.choice(sorted(value))
        change = rng.random()
        if change < 0.05:
            return {k: v for k, v in value.items() if k != key}
        if change < 0.08:
            return {**value, "extra": 1}
        return {**value, key: _mutate(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], _mutate(value[at], rng), *value[at + 1 :]]
    return rng.choice(_VALUES)


def test_wrong_headers_with_right_checksums_are_refused_or_mean_something(tmp_path: Path) -> None:
    data, path, rng = sample().to_bytes(), tmp_path / "x.npu", random.Random(2)
    length = struct.unpack("<I", data[12:16])[0]
    header, start = json.loads(data[32 : 32 + length]), -(-(32 + length) // 64) * 64
    messages = []
    for _ in range(800):
        text = json.dumps(_mutate(header, rng)).encode()
        new = -(-(32 + len(text)) // 64) * 64
        body = text + bytes(new - 32 - len(text)) + data[start:]
        path.write_bytes(_prefix(data[:32], length=len(text), total=32 + len(body), crc=zlib.crc32(text)) + body)
        try:
            Program.load(path).to_bytes()
        except ProgramError as error:
            messages.append(str(error))
    assert len(messages) > 500
    assert all(m.startswith(f"{path}: ") and len(m) < 1000 for m in messages)


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b"1" * 10_000, b"NaN", b"\xff\xfe", b"null", b"{}", b'{"sections":{}}']
)
def test_headers_that_are_no_headers(text: bytes, tmp_path: Path) -> None:
    data = sample().to_bytes()
    body = text + bytes(-(32 + len(text)) % 64)
    raw = _prefix(data[:32], length=len(text), total=32 + len(body), crc=zlib.crc32(text)) + body
    assert "header" in _refused(raw, tmp_path / "x.npu")
