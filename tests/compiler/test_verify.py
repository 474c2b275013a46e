"""The program verifier: every kind of offence is refused by name, and no token of a compiled program is superfluous."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest
from test_backend import IMAGE, compiled, network

from npusim import isa
from npusim.asm import assemble
from npusim.chain import decode_stream
from npusim.compiler.back.sync import synchronise
from npusim.compiler.back.verify import MAX_TOKENS, verify_chains, verify_program
from npusim.errors import ProgramError
from npusim.program import Program, Region

LOAD = (
    "s_wr COLS, 4\ns_wr OUT_COLS, 4\ns_wr RD_COL, 1\ns_wr WR_COL, 1\ns_wr IN_W, 4\nv_rd NetInQ, 0\nv_wr InitialVrf, 0\n"
)
MANY = "".join(f"v_rd NetInQ, 0\nv_wr InitialVrf, {i}\nend_chain give=compute\n" for i in range(MAX_TOKENS + 1))
RELU = "v_rd InitialVrf, 0\nv_relu mfu0\nv_wr InitialVrf, 8\n"


def check(text: str) -> None:
    words = assemble(text + "\nhalt\n")
    verify_chains(decode_stream(words, IMAGE).chains, IMAGE)


def test_a_program_with_tokens_passes() -> None:
    check(LOAD + "end_chain give=compute\n" + RELU + "end_chain wait=vector\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LOAD + "end_chain\n" + RELU + "end_chain\n", r"the chain that ends at word 7 \(vector queue\) without"),
        (LOAD + "end_chain\n" + RELU + "end_chain wait=vector\n", r"no earlier chain gives: the program would"),
        (RELU + "end_chain\n", r"reads INITIAL_VRF 0, which nothing has written"),
        (
            LOAD + "end_chain give=compute\n" + RELU + "end_chain wait=vector\n"
            + "s_wr COLS, 1\n" + "v_rd InitialVrf, 8\nv_wr InitialVrf, 12\nend_chain\n",
            r"the chain uses memory of the chain that ends at word 11 \(compute queue\) without waiting",
        ),
        (MANY, r"more than 255 tokens"),
    ],
    ids=["race", "deadlock", "unwritten", "overtaking", "tokens"],
)  # fmt: skip
def test_offences_are_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        check(text)


@pytest.fixture(scope="module")
def program() -> Program:
    config = dataclasses.replace(IMAGE, initial_vrf=200, addsub_vrf_1=128, mrf_tiles=24)
    return compiled(network(0, (3, 20, 12), 12, pool=3, kernel=3, dilation=1), config)


def test_no_token_is_superfluous(program: Program) -> None:
    """Without any one of its waits a program is refused."""
    lsb = isa.BY_NAME["end_chain"].field("wait").lsb
    chains = decode_stream(program.words, program.config).chains
    waits = [(c.end, q) for c in chains for q in isa.Queue if c.wait >> q & 1]
    assert len(waits) > 30
    for end, queue in waits[:: max(1, len(waits) // 25)]:
        words = program.words.copy()
        words[end] &= np.uint64(~(1 << (lsb + queue)) & (1 << 64) - 1)
        with pytest.raises(ProgramError, match="without waiting for it"):
            verify_chains(decode_stream(words, program.config).chains, program.config)


def test_synchronising_again_changes_nothing(program: Program) -> None:
    bare = program.words.copy()
    row = isa.BY_NAME["end_chain"]
    mask = (row.field("wait").limit << row.field("wait").lsb) | (row.field("give").limit << row.field("give").lsb)
    ends = (bare >> np.uint64(isa.OPCODE_LSB)) == row.opcode
    bare[ends] &= np.uint64(~mask & (1 << 64) - 1)
    np.testing.assert_array_equal(synchronise([int(w) for w in bare], program.config), program.words)


@pytest.mark.parametrize(
    ("space", "operation", "before"),
    [
        ("MultiplyVrf_0", "vv_mul mfu0, 0", 0),
        ("AddSubVrf_0", "vv_add mfu0, 0", IMAGE.lat_mul),
        ("MultiplyVrf_1", "vv_mul mfu1, 0", IMAGE.lat_mul + IMAGE.lat_add + IMAGE.lat_act + IMAGE.lat_reduce),
        ("AddSubVrf_1", "vv_max mfu1, 0", 2 * IMAGE.lat_mul + IMAGE.lat_add + IMAGE.lat_act + IMAGE.lat_reduce),
    ],
)
def test_an_operand_is_read_when_its_stage_takes_it(space: str, operation: str, before: int) -> None:
    """A chain of `count` elements writes vector 0 first; the next one's first element uses it as an operand.

    The second chain starts `count` cycles behind the first.  The vector is readable W after its element entered the
    tail; its address is taken lat_read before the stage, which is `before` cycles behind the entry.
    """
    c = replace(IMAGE, initial_vrf=256, addsub_vrf_0=256, multiply_vrf_0=256, multiply_vrf_1=256, addsub_vrf_1=256)
    tail = 2 * (c.lat_mul + c.lat_add + c.lat_act) + c.lat_reduce + c.lat_write
    enough = tail + c.lat_read - before

    def waits(count: int) -> bool:
        shape = f"s_wr COLS, {count}\ns_wr OUT_COLS, {count}\ns_wr RD_COL, 1\ns_wr WR_COL, 1\ns_wr IN_W, {count}\n"
        load = "v_rd NetInQ, 0\nv_wr InitialVrf, 0\nend_chain\n"
        first = f"v_rd InitialVrf, 0\nv_wr {space}, 0\nend_chain\n"
        second = f"s_wr COLS, 1\nv_rd InitialVrf, 0\n{operation}\nv_wr InitialVrf, 255\nend_chain\nhalt"
        words = synchronise([int(word) for word in assemble(shape + load + first + second)], c)
        chains = decode_stream(words, c).chains
        verify_chains(chains, c)
        return bool(chains[-1].wait >> isa.Queue.COMPUTE & 1)

    assert waits(enough - 1)
    assert not waits(enough)


def test_dram_and_ports_are_checked(program: Program) -> None:
    verify_program(program)
    with pytest.raises(ProgramError, match="only scratch regions can be written"):
        verify_program(replace(program, regions=tuple(r for r in program.regions if r.kind != "scratch")))
    inside = Region("inside", 0, 64, "scratch")
    with pytest.raises(ProgramError, match="scratch region 'inside' begins at byte 0, inside the DRAM image"):
        verify_program(replace(program, regions=(*program.regions, inside)))
    with pytest.raises(ProgramError, match="more tensors pass NetOutQ than the program's table names"):
        verify_program(replace(program, io=program.io[:1]))
    with pytest.raises(ProgramError, match="before tensor 'y' has passed"):
        verify_program(replace(program, io=(*program.io, program.io[-1])))
    dram = program.dram.copy()
    constants = next(r for r in program.regions if r.kind == "constants")
    dram[constants.address : constants.address + 2] = (0, 0x7E)
    with pytest.raises(ProgramError, match="hold NaN or infinity"):
        verify_program(replace(program, dram=dram))
