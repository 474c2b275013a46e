"""The golden machine against an independent one with exact fractions, and its refusals."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from naive_machine import MEMORIES, NaiveMachine, to_bits
from random_programs import random_case, small_machine

from npusim.asm import assemble
from npusim.chain import Chain
from npusim.config import NpuConfig
from npusim.errors import InputError, ProgramError
from npusim.golden import GoldenMachine, NetQueues
from npusim.isa import Space

MACHINES = [small_machine(4, True), small_machine(4, False), small_machine(8, True)]
IDS = ["shared-4", "private-4", "shared-8"]


@pytest.mark.parametrize("config", MACHINES, ids=IDS)
@settings(max_examples=30, deadline=None, phases=[Phase.reuse, Phase.generate])  # a seed does not shrink
@given(seed=st.integers(0, 2**32 - 1))
def test_random_programs_compute_what_the_document_says(config: NpuConfig, seed: int) -> None:
    case = random_case(Random(seed), config)
    incoming = case.incoming.tolist()
    golden, naive = GoldenMachine(config, case.dram), NaiveMachine(config, case.dram)
    net = NetQueues(incoming)
    golden.run(case.words, net)
    naive.run(case.words, incoming)
    assert [list(v) for v in net.sent] == naive.sent
    for space in MEMORIES:
        want = {at: tuple(map(to_bits, vector)) for at, vector in naive.memory[space].items()}
        assert {at: v for at, v in enumerate(golden.vrf[space]) if v is not None} == want
    assert golden.overflow == naive.overflow
    for at, half in golden.dram.written.items():
        assert naive.dram[at] | naive.dram[at + 1] << 8 == half


SMALL = MACHINES[0]
ONES = (0x3C00,) * 4
FILL = "v_rd NetInQ 0 | v_wr InitialVrf 0 | end_chain |"
SEND = "v_rd InitialVrf 0 | v_wr NetOutQ 0 | end_chain"


def program(text: str) -> list[int]:
    return [int(word) for word in assemble("\n".join([*text.split("|"), "halt"]))]


def test_moves_keep_bits_and_make_zeros_of_subnormals() -> None:
    words = program(FILL + SEND + "| v_rd DRAM 64 | v_wr NetOutQ 0 | end_chain")
    image = np.array([0x8001, 0x03FF, 0x0400, 0xFBFF], "<u2").tobytes()
    net = NetQueues([(0x8000, 0x83FF, 0x0001, 0x7BFF)])
    machine = GoldenMachine(SMALL, bytes(64) + image)
    machine.run(words, net)
    assert net.sent == [(0x8000, 0x8000, 0, 0x7BFF), (0x8000, 0, 0x0400, 0xFBFF)]
    assert not machine.overflow


def test_state_survives_from_run_to_run_and_progress_sees_every_chain() -> None:
    machine = GoldenMachine(SMALL)
    seen: list[int] = []

    def progress(chain: Chain) -> None:
        seen.append(chain.index)

    machine.run(program(FILL), NetQueues([ONES]), progress)
    net = NetQueues()
    machine.run(np.array(program(SEND + "|" + SEND), np.uint64), net, progress)
    assert net.sent == [ONES, ONES]
    assert seen == [0, 0, 1]


def test_elements_of_a_dropped_window_still_overflow() -> None:
    load = "s_wr ROWS 3 | s_wr WR_ROW 1 | v_rd NetInQ 0 | v_wr InitialVrf 0 | v_wr AddSubVrf_0 0 | end_chain |"
    reduce = "s_wr IN_H 3 | s_wr RD_ROW 1 | s_wr OP0_ROW 1 | s_wr RED_HEAD 2 | s_wr RED_N 2 | s_wr RED_RUN 3 |"
    reduce += "v_rd InitialVrf 0 | vv_add mfu0 0 step | v_red_max | v_wr AddSubVrf_1 0 | end_chain"
    machine = GoldenMachine(SMALL)
    machine.run(program(load + reduce), NetQueues([ONES, ONES, (0x7BFF,) * 4]))
    assert machine.overflow
    assert machine.vrf[Space.ADDSUB_VRF_1][:2] == [(0x4000,) * 4, None]


@pytest.mark.parametrize("image", [bytes(16), bytearray(16), np.zeros(16, np.uint8)])
def test_dram_images_of_any_type(image: bytes) -> None:
    net = NetQueues()
    GoldenMachine(SMALL, image).run(program("v_rd DRAM 8 | v_wr NetOutQ 0 | end_chain"), net)
    assert net.sent == [(0, 0, 0, 0)]


def test_what_was_written_to_dram_lies_over_the_image() -> None:
    text = FILL + "v_rd InitialVrf 0 | v_wr DRAM 8 | end_chain | v_rd DRAM 8 | v_wr NetOutQ 0 | end_chain"
    net = NetQueues([ONES])
    GoldenMachine(SMALL, bytes(12)).run(program(text), net)
    assert net.sent == [ONES]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v_rd InitialVrf 5 | v_wr NetOutQ 0 | end_chain",
         "word 0 (v_rd): reads vector 5 of InitialVrf, which nothing has written"),
        (FILL + "v_rd InitialVrf 0 | vv_mul mfu1 9 | v_wr AddSubVrf_0 0 | end_chain",
         "word 4 (vv_mul): reads vector 9 of MultiplyVrf_1, which nothing has written"),
        (FILL + "v_rd InitialVrf 0 | vv_b_sub_a mfu0 7 step | v_wr AddSubVrf_0 0 | end_chain",
         "word 4 (vv_b_sub_a): reads vector 7 of AddSubVrf_0, which nothing has written"),
        ("s_wr RD_ROW 1 | v_rd Expander 3 | v_wr AddSubVrf_0 0 | end_chain",
         "word 1 (v_rd): reads vector 3 of Expander, which nothing has written"),
        (FILL + "v_rd InitialVrf 0 | mv_mul 2 | v_wr AddSubVrf_0 0 | end_chain",
         "word 4 (mv_mul): reads slot 2, which nothing has written"),
        ("v_rd DRAM 64 | v_wr InitialVrf 0 | end_chain",
         "word 0 (v_rd): reads byte 66 of DRAM, which nothing has written"),
        ("m_rd 64 | m_wr 0 | end_chain", "word 0 (m_rd): reads byte 66 of DRAM, which nothing has written"),
    ],
)  # fmt: skip
def test_reads_of_unwritten_data_are_refused(text: str, message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        GoldenMachine(SMALL, bytes(66)).run(program(text), NetQueues([ONES] * 4))
    assert str(caught.value) == message


def test_a_slot_without_a_tile_is_named_with_its_engine() -> None:
    config = MACHINES[1]
    tile = "m_rd 0 | m_wr 3 | end_chain |"
    text = FILL + tile + "s_wr MV_ROWS 2 | v_rd InitialVrf 0 | mv_mul 3 | v_wr AddSubVrf_0 0 | end_chain"
    with pytest.raises(ProgramError, match=r"^word 8 \(mv_mul\): reads slot 3 of engine 1, which nothing has written$"):
        GoldenMachine(config, bytes(config.tile_bytes)).run(program(text), NetQueues([ONES]))


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([], "NetInQ is empty: the program reads more vectors than its inputs have"),
        ([(0, 0, 0)], "word 0 (v_rd): NetInQ: a vector has 3 values, expected 4"),
        ([(0, 0x7C00, 0, 0)], "word 0 (v_rd): NetInQ: lane 1 is 0x7c00, expected a finite float16"),
        ([(0, 0, 0xFE01, 0)], "word 0 (v_rd): NetInQ: lane 2 is 0xfe01, expected a finite float16"),
        ([(0, 0, 0, 65536)], "word 0 (v_rd): NetInQ: lane 3 is 0x10000, expected a finite float16"),
    ],
)
def test_bad_input_vectors_are_refused(vectors: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(InputError) as caught:
        GoldenMachine(SMALL).run(program(FILL), NetQueues(vectors))
    assert str(caught.value) == message


def test_infinity_in_a_constant_and_an_image_too_large_are_refused() -> None:
    words = program("v_rd DRAM 8 | v_wr InitialVrf 0 | end_chain")
    with pytest.raises(ProgramError, match=r"^word 0 \(v_rd\): DRAM address 8: lane 3 is 0xfc00, expected a finite"):
        GoldenMachine(SMALL, bytes(14) + b"\x00\xfc").run(words)
    with pytest.raises(ProgramError, match=r"^the DRAM image has 1048577 bytes, DRAM holds 1048576$"):
        GoldenMachine(SMALL, bytes((1 << 20) + 1))
