"""Tokens of programs with loops: closed in every block of words, proved on the stream with its loops written out."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim import isa
from npusim.asm import assemble, disassemble
from npusim.chain import decode_stream
from npusim.compiler.back.sync import synchronise
from npusim.compiler.back.verify import verify_chains
from npusim.engine.timing import simulate_time
from npusim.errors import ProgramError

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))
from random_programs import random_case, small_machine

MACHINE = small_machine(4, True)
COPY = "v_rd InitialVrf, {}\nv_wr InitialVrf, {}\nend_chain\n"
LOAD = "v_rd NetInQ, 0\nv_wr InitialVrf, {}\nend_chain\n"
STORE = "v_rd InitialVrf, {}\nv_wr NetOutQ, 0\nend_chain\n"


def synchronised(text: str) -> list[str]:
    """The `end_chain`s of the program's loop."""
    words = synchronise([int(w) for w in assemble(text + "halt\n")], MACHINE)
    verify_chains(decode_stream(words, MACHINE).chains, MACHINE)
    inside = disassemble(words).split(" loop ")[1].split("end_loop")[0]
    return [line.strip() for line in inside.splitlines() if "end_chain" in line]


def test_a_loop_waits_inside_for_what_its_next_iteration_needs() -> None:
    """The chain that reads 1 needs the write of 1 before; the copy behind it has waited for that."""
    body = COPY.format(1, 2) + COPY.format(2, 1) + COPY.format(1, 3)
    begin = LOAD.format(1) + COPY.format(1, 3)
    found = synchronised(
        begin + "loop 5\n" + body + "end_loop\n" + COPY.format(1, 5) + COPY.format(3, 4) + STORE.format(4)
    )
    assert found == [
        "end_chain give=compute node=0",
        "end_chain wait=compute give=compute node=0",
        "end_chain wait=compute node=0",
    ]


def test_moves_of_a_loop_give_and_take_within_an_iteration() -> None:
    """The store has waited for the copy, so the next load need not."""
    body = LOAD.format(1) + COPY.format(1, 2) + STORE.format(2) + COPY.format(5, 7)
    found = synchronised(LOAD.format(5) + COPY.format(5, 6) + "loop 400\n" + body + "end_loop\n")
    assert found == [
        "end_chain give=compute node=0",
        "end_chain wait=vector give=vector node=0",
        "end_chain wait=compute node=0",
        "end_chain node=0",
    ]


@pytest.mark.parametrize(
    "body",
    [
        COPY.format(1, 2) + COPY.format(2, 1),  # the last chain makes what the first one reads
        LOAD.format(1) + STORE.format(1),  # loads again while nobody knows that the store is done
    ],
)
def test_needs_that_cross_the_edge_are_refused(body: str) -> None:
    with pytest.raises(ProgramError, match=r"word \d+: the chain needs .* beyond the edge of a loop"):
        synchronised(LOAD.format(1) + COPY.format(1, 3) + "loop 3\n" + body + "end_loop\n")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32), st.booleans())
def test_random_programs_are_made_safe_or_refused(seed: int, shared: bool) -> None:
    config = small_machine(4, shared)
    bare = random_case(Random(seed), config, chains=5).words
    try:
        words = synchronise(bare, config)
    except ProgramError:
        with pytest.raises(ProgramError, match="beyond the edge of a loop"):
            synchronise(bare, config)
        return
    decoded = decode_stream(words, config)
    verify_chains(decoded.chains, config)
    assert len(simulate_time(decoded, config).spans) == len(decoded.chains)
    ends = np.array(bare, np.uint64) >> np.uint64(isa.OPCODE_LSB) == isa.BY_NAME["end_chain"].opcode
    np.testing.assert_array_equal(words[~ends], np.array(bare, np.uint64)[~ends])
