"""The instruction table, its encoder and what is generated from it."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import instructions

from npusim import generate, isa


@given(instructions())
def test_decode_inverts_encode(word: int) -> None:
    row, values = isa.decode(word)
    assert isa.encode(row.name, **values) == word


@pytest.mark.parametrize("row", isa.TABLE, ids=lambda r: r.name)
def test_every_row_holds_its_limits(row: isa.Instr) -> None:
    limits = {f.name: f.limit for f in row.fields}
    assert isa.decode(isa.encode(row.name, **limits)) == (row, limits)


@given(st.integers(0, (1 << 64) - 1))
def test_decode_accepts_exactly_what_encode_makes(word: int) -> None:
    try:
        row, values = isa.decode(word)
    except ValueError:
        return
    assert isa.encode(row.name, **values) == word


def test_encode_says_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"mv_mul: tile 16777216 does not fit the 24-bit field \(0\.\.16777215\)"):
        isa.encode("mv_mul", tile=1 << 24)
    with pytest.raises(ValueError, match="halt: unknown field addr"):
        isa.encode("halt", addr=1)


def test_decode_says_what_is_illegal() -> None:
    with pytest.raises(ValueError, match="illegal opcode 0x3f in word 0xfc00000000000001"):
        isa.decode(0xFC00000000000001)
    with pytest.raises(ValueError, match="halt: bits outside its fields are set in word 0x0000000000000001"):
        isa.decode(1)


_HALT = isa.BY_NAME["halt"]
_MV_MUL = isa.BY_NAME["mv_mul"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (dataclasses.replace(_HALT, opcode=1), "instruction halt appears twice"),
        (dataclasses.replace(_HALT, name="stop"), "opcode 0x00 belongs to halt and stop"),
        (dataclasses.replace(_HALT, name="stop", opcode=64), "stop: opcode 0x40 does not fit"),
        (
            dataclasses.replace(_HALT, name="stop", opcode=63, fields=(isa.Field("x", 57, 2),)),
            "stop.x reaches into the opcode",
        ),
        (
            dataclasses.replace(_MV_MUL, name="two", opcode=63, fields=(isa.Field("x", 0, 8), isa.Field("y", 7, 1))),
            "two.y overlaps another field",
        ),
    ],
)
def test_the_table_refuses(row: isa.Instr, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        isa.check_table((*isa.TABLE, row))


def test_registers_and_spaces_fit_their_fields() -> None:
    assert set(isa.REGISTERS) == set(isa.Reg)
    assert set(isa.SPACE_NAMES) == set(isa.Space)
    assert max(isa.Reg) <= isa.BY_NAME["s_wr"].field("reg").limit
    assert max(isa.Space) <= isa.BY_NAME["v_rd"].field("space").limit
    assert isa.BY_NAME["end_chain"].field("wait").width == len(isa.Queue)


def test_stages_of_both_units() -> None:
    row = isa.BY_NAME["vv_add"]
    assert (isa.stage_of(row, 0), isa.stage_of(row, 1)) == (isa.Stage.MFU0_ADDSUB, isa.Stage.MFU1_ADDSUB)
    assert isa.stage_of(isa.BY_NAME["v_wr"], 1) is isa.Stage.WRITE


def test_generated_files_are_current() -> None:
    assert generate.stale(generate.repository()) == [], "run `make generate`"


@pytest.mark.rtl
def test_the_verilog_include_file_is_verilog(tmp_path: object) -> None:
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not installed")
    source = f"{tmp_path}/probe.v"
    fields = "\n".join(
        f'initial $display("%0d", w[`NPU_{r.name}_{f.name}]);'.replace(
            f"{r.name}_{f.name}", f"{r.name}_{f.name}".upper()
        )
        for r in isa.TABLE
        for f in r.fields
    )
    with open(source, "w", encoding="utf-8") as stream:
        stream.write(f'`include "npu_isa.vh"\nmodule probe; wire [`NPU_WORD_W-1:0] w = 64\'d0;\n{fields}\nendmodule\n')
    folder = str(generate.repository() / "rtl")
    run = subprocess.run(
        ["iverilog", "-g2005", "-Wall", "-tnull", "-I", folder, source], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
