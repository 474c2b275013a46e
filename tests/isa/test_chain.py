"""Chains: decoding, and every refusal by its sentence."""

from __future__ import annotations

import contextlib
import time

import numpy as np
import pytest
from chain_programs import PRIVATE, SHARED, compute, decode, program
from hypothesis import given
from hypothesis import strategies as st

from npusim import isa
from npusim.chain import ComputeChain, VectorMove, WeightMove, decode_stream
from npusim.errors import ProgramError
from npusim.isa import Queue, Space

# ---- decoding --------------------------------------------------------------------------------------------------------


def test_chains_stand_in_program_order_with_their_words_and_registers() -> None:
    decoded = decode(
        "m_rd 128 | m_wr 3 | end_chain give=compute | s_wr TILES 1 |"
        "v_rd NetInQ 0 | v_wr InitialVrf 5 | end_chain give=compute node=7 |"
        "v_rd InitialVrf 5 | v_relu mfu1 | v_wr AddSubVrf_0 1 | v_wr MultiplyVrf_1 2 | end_chain wait=weight,vector",
        TILES=2,
    )
    weight, move, chain = decoded.chains
    assert decoded.words == 14
    assert isinstance(weight, WeightMove)
    assert (weight.addr, weight.tile, weight.tiles, weight.regs.tiles) == (128, 3, 2, 2)
    assert isinstance(move, VectorMove)
    assert (move.source.space, move.targets[0].addr, move.positions, move.node) == (Space.NET_IN_Q, 5, 1, 7)
    assert isinstance(chain, ComputeChain)
    assert [t.space for t in chain.targets] == [Space.ADDSUB_VRF_0, Space.MULTIPLY_VRF_1]
    assert [c.queue for c in decoded.chains] == [Queue.WEIGHT, Queue.VECTOR, Queue.COMPUTE]
    assert [(c.index, c.first, c.end, c.dispatch) for c in decoded.chains] == [
        (0, 1, 3, 3),
        (1, 5, 7, 7),
        (2, 8, 12, 12),
    ]
    assert (chain.wait, chain.give, weight.give) == (0b011, 0, 0b100)
    assert chain.regs.tiles == 1


def test_stages_carry_operands_steps_and_immediates() -> None:
    chain = compute(
        "v_rd InitialVrf 1 low | vv_mul mfu0 2 step | vv_b_sub_a mfu0 3 | v_clip mfu0 -1.0 6.0 | v_red_add |"
        "vv_mul mfu1 4 | vv_max mfu1 5 step | v_lrelu mfu1 0.5 | v_wr AddSubVrf_0 6 | end_chain",
        RED_RUN=1,
    )
    assert chain.source.low
    mul, addsub, act = chain.mfu0.mul, chain.mfu0.addsub, chain.mfu0.act
    assert mul is not None
    assert addsub is not None
    assert act is not None
    assert (mul.space, mul.addr, mul.step) == (Space.MULTIPLY_VRF_0, 2, True)
    assert (addsub.op, addsub.operand.space, addsub.operand.addr) == ("b_sub_a", Space.ADDSUB_VRF_0, 3)
    assert (act.op, act.a, act.b) == ("clip", 0xBC00, 0x4600)
    assert chain.reduce == "add"
    assert [o.space for o in chain.mfu1.operands] == [Space.MULTIPLY_VRF_1, Space.ADDSUB_VRF_1]
    assert chain.mfu1.act is not None
    assert (chain.mfu1.act.op, chain.mfu1.act.a) == ("lrelu", 0x3800)


def test_counts_with_shared_weights() -> None:
    chain = compute(
        "v_rd InitialVrf 0 | mv_mul 0 | v_wr AddSubVrf_1 0 | end_chain",
        ROWS=3, COLS=5, KH=2, KW=2, KC=3, IN_H=4, IN_W=6, OUT_COLS=15,
    )  # fmt: skip
    assert (chain.positions, chain.window, chain.elements, chain.outputs, chain.rounds) == (15, 12, 15, 15, 8)


def test_counts_with_private_weights() -> None:
    chain = compute(
        "v_rd InitialVrf 0 | mv_mul 0 | v_wr AddSubVrf_1 0 | end_chain", PRIVATE, ROWS=3, KC=2, MV_ROWS=5, OUT_COLS=15
    )
    assert (chain.positions, chain.window, chain.elements, chain.outputs, chain.rounds) == (3, 2, 15, 15, 9)


def test_a_window_without_matrix_is_a_stream_of_its_vectors() -> None:
    chain = compute(
        "v_rd InitialVrf 0 | v_red_max | v_wr AddSubVrf_1 0 | end_chain",
        ROWS=2, COLS=2, KH=3, KW=3, IN_H=4, IN_W=4, RD_ROW=4, RD_COL=1, RED_N=9, RED_HEAD=9, RED_RUN=9, MV_ROWS=4,
    )  # fmt: skip
    assert (chain.elements, chain.outputs, chain.rounds) == (36, 4, 0)


def test_numpy_words_decode_as_a_list_does() -> None:
    words = program("v_rd DRAM 64 | v_wr NetOutQ 0 | end_chain")
    assert decode_stream(np.array(words, np.uint64), SHARED) == decode_stream(words, SHARED)


def test_loops_dispatch_their_body_again_with_the_registers_as_they_are() -> None:
    decoded = decode(
        "s_wr RD_BASE 4 | loop 3 | v_rd InitialVrf 1 base | v_wr AddSubVrf_0 7 | end_chain | s_add RD_BASE -2 |"
        "loop 2 | v_rd InitialVrf 9 | v_wr AddSubVrf_1 0 base | end_chain | s_add WR_BASE 3 | end_loop | end_loop"
    )
    assert (decoded.words, decoded.dispatched) == (14, 1 + 1 + 3 * (4 + 1 + 2 * 5 + 1) + 1)
    outer = [c for c in decoded.chains if c.end == 4]
    inner = [c for c in decoded.chains if c.end == 9]
    assert [c.index for c in decoded.chains] == list(range(9))
    assert [c.source.addr for c in outer if isinstance(c, ComputeChain)] == [5, 3, 1]
    assert [c.targets[0].addr for c in inner if isinstance(c, ComputeChain)] == [0, 3, 6, 9, 12, 15]
    assert [c.dispatch for c in outer] == [4, 20, 36]
    assert [c.dispatch for c in inner[:3]] == [9, 14, 25]
    assert [c.regs.rd_base for c in decoded.chains[:4]] == [4, 2, 2, 2]


def test_base_registers_count_vectors_and_are_signed() -> None:
    text = "s_add RD_BASE -3 | s_add WR_BASE 2 | v_rd DRAM 128 base | v_wr InitialVrf 5 base | end_chain"
    move = decode(text).chains[0]
    assert isinstance(move, VectorMove)
    assert (move.source.addr, move.targets[0].addr) == (128 - 3 * 8, 7)
    chain = compute(
        "s_wr OP0_BASE 3 | s_add OP1_BASE -1 | v_rd InitialVrf 0 | vv_mul mfu0 2 base | vv_add mfu0 2 |"
        "vv_mul mfu1 4 base | vv_max mfu1 5 step base | v_wr AddSubVrf_0 0 | end_chain"
    )
    assert [o.addr for o in (*chain.mfu0.operands, *chain.mfu1.operands)] == [5, 2, 3, 4]
    assert len(decode("s_add RD_BASE -1 | v_rd NetInQ 0 base | v_wr InitialVrf 0 | end_chain").chains) == 1


def test_a_loop_may_hold_sums_from_one_iteration_for_the_next() -> None:
    decoded = decode(
        READ + "mv_mul 0 hold | end_chain | loop 3 |" + READ + "mv_mul 0 acc hold | end_chain | end_loop |"
        + READ + "mv_mul 0 acc" + WRITE
    )  # fmt: skip
    assert [c.holds for c in decoded.chains if isinstance(c, ComputeChain)] == [True] * 4 + [False]


# ---- refusals --------------------------------------------------------------------------------------------------------

READ, WRITE = "v_rd InitialVrf 0 |", "| v_wr AddSubVrf_1 0 | end_chain"
LATE = "stages stand in datapath order"
MATMUL = READ + "mv_mul 0" + WRITE
TWICE = READ + "mv_mul 0 hold | end_chain |" + READ + "mv_mul 0 acc" + WRITE
REDUCE = READ + "v_red_max" + WRITE

REFUSALS: list[tuple[str, dict[str, int], str]] = [
    # order
    ("v_wr AddSubVrf_0 0", {}, "word 0 (v_wr): no chain is open, expected v_rd or m_rd before it"),
    ("end_chain", {}, "word 0 (end_chain): no chain is open, expected v_rd or m_rd before it"),
    (READ + "v_rd InitialVrf 0", {}, "word 1 (v_rd): the chain that begins at word 0 has no end_chain"),
    (READ + "s_wr ROWS 1", {}, "word 1 (s_wr): stands inside the chain that begins at word 0"),
    (READ, {}, "word 1 (halt): stands inside the chain that begins at word 0"),
    (READ + "vv_add mfu0 0 | vv_mul mfu0 0", {}, "word 2 (vv_mul): cannot follow vv_add: " + LATE),
    (READ + "v_relu mfu1 | v_relu mfu0", {}, "word 2 (v_relu): cannot follow v_relu: " + LATE),
    (READ + "vv_add mfu0 0 | vv_max mfu0 0", {}, "word 2 (vv_max): cannot follow vv_add: " + LATE),
    (READ + "v_wr AddSubVrf_0 0 | v_relu mfu0", {}, "word 2 (v_relu): cannot follow v_wr: " + LATE),
    (READ + "m_wr 0", {}, "word 1 (m_wr): ends a chain that begins with v_rd, expected v_wr"),
    ("m_rd 0 | v_wr AddSubVrf_0 0", {}, "word 1 (v_wr): follows m_rd, a weight move is m_rd, m_wr, end_chain"),
    ("m_rd 0 | m_wr 0 | m_wr 1", {}, "word 2 (m_wr): follows m_wr, a weight move is m_rd, m_wr, end_chain"),
    ("m_rd 0 | end_chain", {}, "word 1 (end_chain): the weight move has no m_wr"),
    (READ + "v_relu mfu0 | end_chain", {}, "word 2 (end_chain): the chain has no v_wr"),
    ("halt", {}, "word 1 (halt): stands behind halt, expected the end of the program"),
    # loops
    (READ + "loop 2", {}, "word 1 (loop): stands inside the chain that begins at word 0"),
    ("loop 2 |" + READ + "end_loop", {}, "word 2 (end_loop): stands inside the chain that begins at word 1"),
    (READ + "s_add ROWS 1", {}, "word 1 (s_add): stands inside the chain that begins at word 0"),
    ("loop 0 | end_loop", {}, "word 0 (loop): count is 0, expected at least 1"),
    ("end_loop", {}, "word 0 (end_loop): no loop is open, expected loop before it"),
    ("loop 2 | end_loop | end_loop", {}, "word 2 (end_loop): no loop is open, expected loop before it"),
    ("loop 1 | loop 2", {}, "word 2 (halt): stands inside the loop that begins at word 1"),
    ("loop 1 | loop 1 | loop 1 | loop 1 | loop 1", {},
     "word 4 (loop): 4 loops are open, which is as deep as they nest"),
    ("loop 4294967295 | end_loop", {},
     "word 0 (loop): its 4294967295 iterations dispatch 4294967295 words, expected at most 2097152 in a program"),
    ("loop 2097152 | end_loop", {}, "the program dispatches 2097154 words, expected at most 2097152"),
    ("loop 2 | s_add ROWS -1 |" + READ + "v_wr InitialVrf 0 | end_chain | end_loop", {"ROWS": 2},
     "word 5 (end_chain): ROWS is 0, expected at least 1"),
    # bases
    ("s_add RD_BASE -1 | v_rd InitialVrf 0 base" + WRITE, {},
     "word 1 (v_rd): its base register makes the address -1, expected at least 0"),
    ("s_add RD_BASE 1 | v_rd InitialVrf 63 base" + WRITE, {}, "word 1 (v_rd): reaches vector 64 of InitialVrf (0..63)"),
    ("s_add WR_BASE -2 | v_rd NetInQ 0 | v_wr DRAM 8 base | end_chain", {},
     "word 2 (v_wr): its base register makes the address -8, expected at least 0"),
    # spaces
    ("v_rd NetOutQ 0" + WRITE, {}, "word 0 (v_rd): reads NetOutQ, which is only written"),
    (READ + "v_wr NetInQ 0 | end_chain", {}, "word 1 (v_wr): writes NetInQ, which is only read"),
    (READ + "v_wr AddSubVrf_1 0 | v_wr AddSubVrf_1 9 | end_chain", {},
     "word 2 (v_wr): AddSubVrf_1 has one write port, the chain writes it twice"),
    (READ + "v_wr DRAM 0 | v_wr AddSubVrf_1 9 | end_chain", {},
     "word 1 (v_wr): DRAM must be the only target of its chain"),
    ("v_rd AddSubVrf_0 0" + WRITE, {},
     "word 0 (v_rd): reads AddSubVrf_0, a compute chain reads InitialVrf or Expander"),
    (READ + "v_wr Expander 0 | end_chain", {}, "word 1 (v_wr): a compute chain writes VRFs, not the Expander"),
    ("v_rd Expander 0 | v_wr DRAM 0 | end_chain", {},
     "word 0 (v_rd): reads the Expander in a vector move, expected DRAM, NetInQ or a VRF"),
    ("v_rd DRAM 0 | v_relu mfu0" + WRITE, {},
     "word 1 (v_relu): a chain from or to DRAM or a network queue has no other stage"),
    (READ + "mv_mul 0 | v_wr NetOutQ 0 | end_chain", {},
     "word 1 (mv_mul): a chain from or to DRAM or a network queue has no other stage"),
    ("v_rd DRAM 0 low" + WRITE, {}, "word 0 (v_rd): low is set in a vector move, which has no padding"),
    ("v_rd Expander 0 low" + WRITE, {}, "word 0 (v_rd): low is set for the Expander, whose padding is 0"),
    # addresses
    ("v_rd InitialVrf 64" + WRITE, {}, "word 0 (v_rd): reaches vector 64 of InitialVrf (0..63)"),
    (READ + "v_wr AddSubVrf_1 40 | end_chain", {"COLS": 9, "OUT_COLS": 9, "WR_COL": 1},
     "word 4 (v_wr): reaches vector 48 of AddSubVrf_1 (0..47)"),
    (READ + "vv_mul mfu0 31 step" + WRITE, {"COLS": 2, "OUT_COLS": 2, "OP0_COL": 1},
     "word 4 (vv_mul): reaches vector 32 of MultiplyVrf_0 (0..31)"),
    (READ + "vv_add mfu1 47 step" + WRITE, {"COLS": 2, "OUT_COLS": 2, "OP1_COL": 1},
     "word 4 (vv_add): reaches vector 48 of AddSubVrf_1 (0..47)"),
    ("v_rd Expander 16" + WRITE, {"RD_ROW": 1}, "word 1 (v_rd): address 16 is outside the Expander (0..15)"),
    ("v_rd DRAM 1048576" + WRITE, {}, "word 0 (v_rd): reaches byte 1048583 of DRAM (0..1048575)"),
    ("v_rd DRAM 4" + WRITE, {}, "word 0 (v_rd): DRAM address 4 is not a multiple of 8 bytes"),
    ("m_rd 32 | m_wr 0 | end_chain", {}, "word 0 (m_rd): DRAM address 32 is not a multiple of 64 bytes"),
    ("m_rd 1048512 | m_wr 0 | end_chain", {"TILES": 2}, "word 1 (m_rd): reaches byte 1048639 of DRAM (0..1048575)"),
    ("m_rd 0 | m_wr 12 | end_chain", {}, "word 1 (m_wr): slot 12 is outside the MatrixRf (0..11)"),
    ("m_rd 0 | m_wr 0 | end_chain", {"TILES": 13}, "word 2 (m_wr): needs 13 slots, the MatrixRf has 12"),
    (READ + "mv_mul 12" + WRITE, {}, "word 1 (mv_mul): slot 12 is outside the MatrixRf (0..11)"),
    (MATMUL, {"KC": 13}, "word 2 (mv_mul): needs 13 slots, the MatrixRf has 12"),
    # registers
    ("m_rd 0 | m_wr 0 | end_chain", {"TILES": 0}, "word 3 (end_chain): TILES is 0, expected at least 1"),
    (MATMUL, {"MV_ROWS": 2}, "word 4 (end_chain): MV_ROWS is 2, expected 1 with shared weights"),
    (MATMUL, {"ROWS": 1 << 20, "KH": 5}, "word 5 (end_chain): ROWS·COLS·KH·KW·KC is 5242880, expected at most 4194304"),
    (MATMUL, {"STRIDE_H": 1 << 20}, "word 4 (end_chain): STRIDE_H is 1048576, expected less than 1048576"),
    (MATMUL, {"RD_COL": 1 << 31}, "word 4 (end_chain): RD_COL is 2147483648, expected less than 1048576"),
    ("v_rd NetInQ 0 | v_wr NetOutQ 0 | end_chain", {"ROWS": 1 << 23},
     "word 3 (end_chain): ROWS·COLS is 8388608, expected at most 4194304"),
    ("v_rd Expander 0" + WRITE, {"KH": 4, "RD_ROW": 1},
     "word 4 (end_chain): KH is 4, the Expander reads at most 3 rows at once"),
    ("v_rd Expander 0" + WRITE, {"KW": 2, "CHANNELS": 3, "RD_ROW": 1},
     "word 5 (end_chain): KH·KW·CHANNELS is 6, expected at most KC·4 = 4"),
    ("v_rd Expander 0" + WRITE, {"IN_W": 9, "RD_ROW": 2},
     "word 4 (end_chain): RD_ROW is 2, expected 3..16 vectors an image row"),
    (REDUCE, {"RED_OVERLAP": 2}, "word 4 (end_chain): RED_OVERLAP is 2, expected 0 or 1"),
    (REDUCE, {"RED_TAIL": 2}, "word 4 (end_chain): RED_TAIL is 2, expected 0 or 1"),
    (REDUCE, {"RED_OVERLAP": 1},
     "word 4 (end_chain): RED_N is 1 with RED_OVERLAP 1, expected at least 2: a window must advance"),
    (REDUCE, {"RED_RUN": 2, "ROWS": 3},
     "word 5 (end_chain): RED_RUN is 2, expected a divisor of the stream's 3 elements"),
    (REDUCE, {"RED_HEAD": 3, "RED_RUN": 2, "ROWS": 2},
     "word 6 (end_chain): no window of 3 fits a run of 2: the chain has no output"),
    (READ + "v_clip mfu0 0x7c00 0.0" + WRITE, {},
     "word 1 (v_clip): immediate 0x7c00 is NaN or infinity, expected a finite number"),
    # accumulators
    (READ + "mv_mul 0 hold | v_relu mfu0" + WRITE, {}, "word 2 (v_relu): follows mv_mul with hold, expected end_chain"),
    (READ + "mv_mul 0 hold" + WRITE, {}, "word 2 (v_wr): follows mv_mul with hold, expected end_chain"),
    (READ + "mv_mul 0 acc" + WRITE, {}, "word 1 (mv_mul): acc, but the compute chain before it does not hold its sums"),
    (READ + "mv_mul 0 hold | end_chain |" + MATMUL, {},
     "word 4 (mv_mul): mv_mul at word 1 holds its sums, expected a chain that continues with acc"),
    (READ + "mv_mul 0 hold | end_chain |" + REDUCE, {},
     "word 3 (v_rd): mv_mul at word 1 holds its sums, expected a chain that continues with acc"),
    (READ + "mv_mul 0 hold | end_chain", {},
     "word 3 (halt): mv_mul at word 1 holds sums that no later chain continues"),
    (TWICE, {"ROWS": 3}, "word 3 (end_chain): acc or hold with 3 positions, expected at most 2"),
    (READ + "mv_mul 0 hold | end_chain | s_wr ROWS 2 |" + READ + "mv_mul 0 acc" + WRITE, {},
     "word 5 (mv_mul): acc with 2 positions of 1 row tiles, but word 1 holds 1 of 1"),
    # own reads
    (READ + "v_wr InitialVrf 1 | end_chain", {"COLS": 2, "IN_W": 2, "RD_COL": 1, "OUT_COLS": 2, "WR_COL": 1},
     "word 6 (v_wr): overwrites vectors of InitialVrf that word 5 reads later"),
    ("v_rd DRAM 0 | v_wr DRAM 64 | end_chain", {},
     "word 2 (end_chain): moves vectors from DRAM to DRAM; expected a VRF or a network queue at one end"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "regs", "message"), REFUSALS, ids=[r[2] for r in REFUSALS])
def test_refusals_say_where_and_what(text: str, regs: dict[str, int], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        decode(text, SHARED, **regs)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "regs", "message"),
    [
        (REDUCE.replace("v_red", "mv_mul 0 | v_red"), {"MV_ROWS": 2},
         "word 3 (v_red_max): reduces a chain with 2 row tiles, expected MV_ROWS 1"),
        (TWICE, {"MV_ROWS": 3},
         "word 3 (end_chain): acc or hold with 1 positions of 3 row tiles, expected 1 of at most 2"),
        (TWICE, {"ROWS": 2},
         "word 3 (end_chain): acc or hold with 2 positions of 1 row tiles, expected 1 of at most 2"),
        (MATMUL, {"KC": 3, "MV_ROWS": 5}, "word 3 (mv_mul): needs 9 slots, the MatrixRf has 6"),
        ("m_rd 0 | m_wr 0 | end_chain", {"TILES": 13}, "word 2 (m_wr): needs 7 slots, the MatrixRf has 6"),
        (READ + "mv_mul 0 | vv_add mfu0 31" + WRITE, {"MV_ROWS": 2},
         "word 3 (vv_add): reaches vector 32 of AddSubVrf_0 (0..31)"),
        (READ + "mv_mul 0 | v_wr InitialVrf 0 | end_chain",
         {"ROWS": 2, "IN_H": 2, "RD_ROW": 1, "MV_ROWS": 2, "OUT_COLS": 4, "WR_COL": 1},
         "word 8 (v_wr): overwrites vectors of InitialVrf that word 6 reads later"),
        (READ + "mv_mul 0 | vv_add mfu0 0 step | v_wr AddSubVrf_0 1 | end_chain",
         {"MV_ROWS": 2, "OUT_COLS": 2, "WR_COL": 1},
         "word 6 (v_wr): overwrites vectors of AddSubVrf_0 that word 5 reads later"),
        (MATMUL, {"ROWS": 1 << 20, "MV_ROWS": 5},
         "word 5 (end_chain): ROWS·COLS·KH·KW·KC·MV_ROWS is 5242880, expected at most 4194304"),
    ],
)  # fmt: skip
def test_refusals_with_private_weights(text: str, regs: dict[str, int], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        decode(text, PRIVATE, **regs)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "name"),
    [(MATMUL, n) for n in ("ROWS", "COLS", "KH", "KW", "KC", "IN_H", "IN_W", "OUT_COLS", "MV_ROWS")]
    + [(REDUCE, n) for n in ("RED_N", "RED_HEAD", "RED_RUN")]
    + [("v_rd Expander 0" + WRITE, "CHANNELS")]
    + [("v_rd NetInQ 0" + WRITE, n) for n in ("ROWS", "COLS", "OUT_COLS")],
)
def test_counts_of_zero_are_refused(text: str, name: str) -> None:
    with pytest.raises(ProgramError, match=rf"\(end_chain\): {name} is 0, expected at least 1$"):
        decode(text, SHARED, **{name: 0})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the program ends after 0 words without halt"),
        ([0xFC << 56], "word 0: illegal opcode 0x3f"),
        ([1], "word 0 (halt): bits outside its fields are set in 0x0000000000000001"),
        ([1 << 64], "word 0: 18446744073709551616 does not fit 64 bits"),
        ([isa.encode("s_wr", reg=34)], "word 0 (s_wr): there is no register 34 (0..33)"),
        ([isa.encode("v_rd", space=9), isa.encode("end_chain")], "word 0 (v_rd): there is no memory space 9 (0..8)"),
        ([0] * 16385, "the program has 16385 words, the instruction memory holds 16384"),
    ],
)
def test_refusals_of_words(words: list[int], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        decode_stream(words, SHARED)
    assert str(caught.value) == message


def test_slots_wrap_and_registers_that_a_chain_does_not_use_are_free() -> None:
    decode("m_rd 0 | m_wr 11 | end_chain", TILES=12, ROWS=0, RED_N=0)
    decode(MATMUL.replace("mv_mul 0", "mv_mul 11"), KC=12, RED_OVERLAP=7, CHANNELS=0, TILES=0)
    decode(READ + "v_wr InitialVrf 0 | end_chain", MV_ROWS=0)
    decode("v_rd Expander 0" + WRITE, RD_ROW=1, RD_COL=1 << 31)
    decode("v_rd DRAM 0 | v_wr InitialVrf 0 | end_chain", STRIDE_H=1 << 31)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=12), st.data())
def test_any_words_decode_or_are_refused(noise: list[int], data: st.DataObject) -> None:
    """Words of the table with any field values: no other exception, no hang."""
    rows = data.draw(st.lists(st.sampled_from(isa.TABLE), max_size=30))
    words = [isa.encode(r.name, **{f.name: data.draw(st.integers(0, f.limit)) for f in r.fields}) for r in rows]
    for sequence in (words, words + noise, noise):
        with contextlib.suppress(ProgramError):
            decode_stream([*sequence, 0], SHARED)


def test_hostile_registers_cost_no_time_and_no_memory() -> None:
    largest, steep = 2**32 - 1, 2**20 - 1
    begin = time.perf_counter()
    for config in (SHARED, PRIVATE):
        for text in (MATMUL, REDUCE, "v_rd Expander 0" + WRITE, "v_rd NetInQ 0 | v_wr NetOutQ 0 | end_chain"):
            with pytest.raises(ProgramError):
                decode(text, config, **{r.name: largest for r in isa.Reg})
            for reg in isa.Reg:
                with contextlib.suppress(ProgramError):
                    decode(text, config, **{"RD_ROW": 1, reg.name: largest})
    chain = compute(
        READ + "vv_add mfu0 0 step" + WRITE,
        ROWS=1 << 11, COLS=1 << 11, IN_H=largest, IN_W=largest, STRIDE_H=steep, STRIDE_W=steep, PAD_TOP=1,
    )  # fmt: skip
    assert chain.reads(SHARED)[0].spans.tolist() == [[0, 1]]
    assert time.perf_counter() - begin < 10
