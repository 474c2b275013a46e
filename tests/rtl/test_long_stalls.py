"""A DRAM that rests for thousands of cycles in the middle of a run: nothing is lost; beyond the watchdog, its fault."""

from __future__ import annotations

import numpy as np
import pytest
from rtl_networks import machine

from npusim.asm import assemble
from npusim.chain import decode_stream
from npusim.csr import Fault
from npusim.rtl.build import build
from npusim.rtl.cosim import Subject
from npusim.rtl.expect import Expected, expect
from npusim.rtl.random_programs import RandomProgram, of_random
from npusim.rtl.run import Job, RtlRun, run

pytestmark = pytest.mark.rtl

LONG, PATIENT, IMPATIENT = 5000, 20_000, 1000
MOVES = {
    "weights": "s_wr TILES 4 | m_rd 1024 | m_wr 3 | end_chain wait=vector",
    "DRAM to VRF": "v_rd DRAM 0 | v_wr AddSubVrf_1 7 | end_chain",
    "VRF to DRAM": "v_rd InitialVrf 0 | v_wr DRAM 8192 | end_chain",
    "NetInQ to DRAM": "v_rd NetInQ 0 | v_wr DRAM 8192 | end_chain",
    "DRAM to NetOutQ": "v_rd DRAM 0 | v_wr NetOutQ 0 | end_chain",
}
FIRST = """s_wr ROWS 8 | s_wr RD_ROW 1 | s_wr WR_ROW 1 | s_wr OUT_COLS 1
    v_rd NetInQ 0 | v_wr InitialVrf 0 | end_chain give=weight"""  # a move that no stall touches


def play(subject: Subject, expected: Expected, watchdog: int, stall: tuple[int, int] | None) -> RtlRun:
    """Run a program, with the DRAM at rest for a while."""
    size = max(subject.engine.size, len(subject.engine.image))
    incoming = [(0, vectors) for _, vectors in sorted(expected.incoming.items())]
    job = Job(
        np.asarray(subject.words, np.uint64), subject.engine.image, size, incoming, 100_000, watchdog, stall=stall
    )
    return run(build(subject.config, "verilator", size), subject.config, job)


def moving(name: str) -> tuple[Subject, Expected, RtlRun, int]:
    """A program whose second chain is this move; both sides of its undisturbed run, the move's start since reset."""
    config, rng = machine("tiny"), np.random.default_rng(5)
    text = f"{FIRST} | {MOVES[name]} | halt".replace("|", "\n")
    words = np.array(assemble(text), np.uint64)
    halves = rng.standard_normal((16, config.native_dim)).astype(np.float16).view(np.uint16)
    image = np.zeros(8192, np.uint8)
    image[:1024] = rng.standard_normal(512).astype(np.float16).view(np.uint8)
    image[1024:] = rng.integers(0, 64, 7168)  # tiles with exponents that are no extremes
    program = RandomProgram(0, words, decode_stream(words, config), halves, image, 16384)
    subject = of_random(program, config)
    expected = expect(subject.engine, subject.timing, subject.net)
    plain = play(subject, expected, PATIENT, None)
    assert not plain.faults
    assert plain.sums == dict(enumerate(expected.sums))
    assert plain.offset is not None
    return subject, expected, plain, plain.offset


@pytest.mark.parametrize("name", MOVES)
def test_a_long_stall_costs_time_alone(name: str) -> None:
    """The stall begins where the move's first burst is on its way, and while data is due."""
    subject, expected, plain, offset = moving(name)
    for at in (plain.started[1] + 1, plain.started[1] + 14):
        stalled = play(subject, expected, PATIENT, (offset + at, LONG))
        assert Fault(stalled.registers["ERROR_CODE"]) is Fault.NONE
        assert (stalled.sums, stalled.sent, stalled.faults) == (plain.sums, plain.sent, [])
        assert stalled.completed[0] == plain.completed[0]
        assert LONG - 100 < stalled.completed[1] - plain.completed[1] < LONG + 100


@pytest.mark.parametrize("name", MOVES)
def test_a_stall_beyond_the_watchdog_is_its_fault(name: str) -> None:
    """The code, the move's word, and the move not complete."""
    subject, expected, plain, offset = moving(name)
    stalled = play(subject, expected, IMPATIENT, (offset + plain.started[1] + 1, LONG))
    assert Fault(stalled.registers["ERROR_CODE"]) is Fault.WATCHDOG
    assert stalled.registers["ERROR_WORD"] == subject.decoded.chains[1].end
    assert stalled.completed == {0: plain.completed[0]}
    assert stalled.faults == []
