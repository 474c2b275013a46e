"""Text and words: round trips, and refusals by message."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import names, sample, words

import npusim_models
from npusim import asm, isa
from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.config import load_config
from npusim.errors import ProgramError
from npusim.listing import assemble_program, disassemble_program
from npusim.program import U64, NodeRow

CHAIN = """\
; 1: block/conv (Conv) 64 x 56 x 56
    s_wr ROWS, 56
    v_rd InitialVrf, 1024, low
    mv_mul 16, acc
    vv_add mfu1, 512, step
    v_clip mfu0, 0.0, 6.0
    v_wr AddSubVrf_1, 0
    v_wr NetOutQ, 7
    end_chain wait=weight,compute give=vector node=1

    halt
"""


def _node(layer: str) -> NodeRow:
    return NodeRow(layer, "Conv", (layer,), (64, 56, 56), 0, 0, 0, 0, 0)


def test_the_listing_is_what_the_documentation_shows() -> None:
    assert asm.disassemble(asm.assemble(CHAIN), (_node("other"), _node("block/conv"))) == CHAIN


def test_loops_are_indented() -> None:
    lines = ["s_add RD_BASE, -1", "loop 3", "  loop 2", "    s_wr ROWS, 4", "  end_loop", "end_loop", "halt"]
    text = "".join(f"    {line}\n" for line in lines)
    assert asm.disassemble(asm.assemble(text)) == text
    assert asm.assemble("s_add ROWS, 4294967295").tolist() == asm.assemble("s_add ROWS, -1").tolist()
    assert asm.disassemble(asm.assemble("end_loop\nloop 1")) == "    end_loop\n    loop 1\n"


@given(words)
def test_assemble_inverts_disassemble(code: U64) -> None:
    assert asm.assemble(asm.disassemble(code)).tolist() == code.tolist()


@given(words, names)
def test_layer_names_cannot_break_the_text(code: U64, layer: str) -> None:
    nodes = [_node(layer)] * (1 << 16)  # any node field finds a row
    assert asm.assemble(asm.disassemble(code, nodes)).tolist() == code.tolist()


@given(st.integers(0, 0xFFFF))
def test_halfs_round_trip(bits: int) -> None:
    text = asm.format_half(bits)
    word = asm.assemble(f"v_lrelu mfu0, {text}")[0]
    assert isa.decode(int(word))[1]["a"] == bits
    is_half = np.isfinite(np.uint16(bits).view(np.float16)) and (bits & 0x7FFF == 0 or bits & 0x7C00 != 0)
    assert text.startswith("0x") != is_half


def test_white_space_comments_and_numbers_are_free() -> None:
    tidy = asm.assemble("v_rd DRAM, 4096\nend_chain wait=weight,vector give=compute node=7")
    loose = "  v_rd\tDRAM 0x1000 ; comment\r\n\n# comment\nend_chain node = 0x7 , wait= weight , vector give =compute"
    assert asm.assemble(loose).tolist() == tidy.tolist()
    by_name = asm.assemble("v_rd addr=4096 space=DRAM low=0\nend_chain node=7 give=compute wait=weight,vector")
    assert by_name.tolist() == tidy.tolist()


def test_numbers_without_a_name_stay_numbers() -> None:
    code = np.array([isa.encode("v_wr", space=15, addr=1), isa.encode("s_wr", reg=63, value=2)], np.uint64)
    assert asm.disassemble(code) == "    v_wr space15, 1\n    s_wr reg63, 2\n"
    assert asm.assemble(asm.disassemble(code)).tolist() == code.tolist()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mv_mul 16777216", "tile 16777216 does not fit the 24-bit field (0..16777215)"),
        ("v_rd DRAM, -1", "addr -1 does not fit the 40-bit field (0..1099511627775)"),
        ("s_add ROWS, -2147483649", "value -2147483649 does not fit the 32-bit field (-2147483648..4294967295)"),
        ("v_rdd DRAM, 1", "unknown instruction 'v_rdd' (nearest: v_rd, vv_add, v_red_add)"),
        ("v_rd InitialVf, 1", "unknown space 'InitialVf' (nearest: InitialVrf)"),
        ("s_wr ROW, 1", "unknown reg 'ROW' (nearest: ROWS, WR_ROW, RD_ROW)"),
        ("s_wr ROWS", "s_wr: value is missing, expected s_wr reg value"),
        ("v_rd DRAM, 1, hi", "v_rd: unexpected operand 'hi', expected v_rd space addr [low] [base]"),
        ("v_rd DRAM, here", "addr 'here' is not a decimal or hexadecimal number"),
        ("v_relu mfu2", "mfu 2 does not fit the 1-bit field (0..1)"),
        ("v_lrelu mfu0, 70000", "a 70000 is not a half (0, or magnitudes 2^-14..65504)"),
        ("v_lrelu mfu0, 1e-5", "a 1e-5 is not a half (0, or magnitudes 2^-14..65504)"),
        ("v_lrelu mfu0, nan", "a 'nan' is not a decimal number"),
        ("mv_mul tile=3 tile=4", "mv_mul: tile is given twice"),
        ("end_chain wait=wieght", "wait: unknown queue 'wieght' (nearest: weight)"),
        ("end_chain wait=weight,weight", "wait: queue weight is given twice"),
        ("end_chain nod=3", "end_chain has no field 'nod' (nearest: node)"),
        ("halt now", "halt: unexpected operand 'now', expected halt"),
    ],
)
def test_refusals(line: str, message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        asm.assemble(f"halt\n{line}", "prog.s")
    assert str(caught.value) == f"prog.s:2: {message}"


@given(st.text(max_size=60))
def test_any_text_is_assembled_or_refused(text: str) -> None:
    try:
        asm.assemble(text)
        assemble_program(text, "prog.s", "/nonexistent")
    except ProgramError:
        pass


def test_disassemble_refuses_what_is_no_instruction() -> None:
    with pytest.raises(ProgramError, match="word 1: illegal opcode 0x3f"):
        asm.disassemble(np.array([0, 0xFC << 56], np.uint64))


# ------------------------------------------------------------------------------------------------------ whole programs


@given(words, names, names, st.booleans())
def test_a_listing_is_the_whole_program(code: U64, name: str, layer: str, aside: bool) -> None:
    keep = [w for w in code.tolist() if w >> isa.OPCODE_LSB != isa.BY_NAME["end_chain"].opcode]
    program = sample([*keep, 0], name=name, layer=layer)
    text, _ = disassemble_program(program)
    assert assemble_program(text, "prog.s").to_bytes() == program.to_bytes()


def test_a_listing_with_a_sidecar(tmp_path: object) -> None:
    program = sample()
    text, blob = disassemble_program(program, "prog.dram")
    with open(f"{tmp_path}/prog.dram", "wb") as stream:
        stream.write(blob)
    assert assemble_program(text, "prog.s", str(tmp_path)).to_bytes() == program.to_bytes()
    with open(f"{tmp_path}/prog.dram", "wb") as stream:
        stream.write(blob[:-1])
    with pytest.raises(ProgramError, match=r"prog\.s:\d+: section '.*' has \d+ bytes, stated \d+"):
        assemble_program(text, "prog.s", str(tmp_path))


def test_the_listing_of_a_compiled_network() -> None:
    graph = to_graph(load_model(npusim_models.build("tiny_resnet")))
    program = to_program(graph, load_config("arria10"))
    text, _ = disassemble_program(program)
    used = {isa.decode(word)[1].get("node") for word in program.words.tolist()} - {None}
    assert all(f"; {i}: {program.nodes[i].layer} (" in text for i in used)
    assert assemble_program(text, "prog.s").to_bytes() == program.to_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (".code", "; code", "'s_wr' before the .code directive, expected a directive"),
        (".npu 2", ".npu 3", "prog.s:1: program format '3', expected 2"),
        (".model", ".modle", "unknown directive '.modle' (nearest: .model, .code, .nodes)"),
        (".dram_size 4096", ".dram_size 10", "prog.s: dram_size is 10, expected at least the image's 1000"),
        (".dram_size 4096", ".dram_size", "prog.s:6: not valid JSON"),
        ('"native_dim":8', '"native_dim":9', "native_dim 9 is not a multiple of lanes 2"),
        ("  .base64 AAEC", "  .base64 AAED", "section 'dram' has CRC-32"),
        ("  .base64 AAEC", "  .base64 A", "section 'dram' is not base64"),
        ("    halt", "    hlt", "unknown instruction 'hlt' (nearest: halt)"),
        ("node=1", "node=2", "prog.s: end_chain names node 2, there are 2"),
    ],
)
def test_listing_refusals(old: str, new: str, message: str) -> None:
    text, _ = disassemble_program(sample())
    assert old in text
    with pytest.raises(ProgramError) as caught:
        assemble_program(text.replace(old, new, 1), "prog.s")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", ""])
def test_a_sidecar_stays_in_its_folder(name: str) -> None:
    with pytest.raises(ProgramError, match="expected a file name without a folder"):
        assemble_program(f'.sidecar "{name}"\n.code\nhalt', "prog.s")
