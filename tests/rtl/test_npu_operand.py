"""The address nests against plain integers: stepping, staying, row tiles, and sums that 24 bits would alias."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import cocotb
import pytest
from bench import GAPS, lint, simulate
from streams import Bench, known

from npusim.chain.addresses import nest

pytestmark = pytest.mark.rtl

BEYOND = 1 << 24
PITCHES = (0, 1, 7, 1000, 1 << 22, (1 << 24) - 1, 1 << 24, 1 << 31, (1 << 32) - 1)


def chain(rng: random.Random) -> Iterator[tuple[dict[str, int], int]]:
    """Inputs and the true address of each element of a random chain."""
    rows, cols, inner = rng.randint(1, 4), rng.randint(1, 4), rng.choice((1, 1, 3))
    row, col = rng.choice(PITCHES), rng.choice(PITCHES)
    base = rng.choice((0, rng.randrange(1000), BEYOND - 1, BEYOND - rng.randint(1, 30)))
    step, tiles = rng.randint(0, 1), rng.randint(0, 1)
    for position, offset in enumerate(nest(rows * cols, cols, row, col).tolist()):
        for tile in range(inner):
            inputs = {
                "first": int(position == tile == 0), "more": int(tile < inner - 1), "tiles": tiles, "step": step,
                "row_end": int(position % cols == cols - 1), "base": base, "row": row, "col": col,
            }  # fmt: skip
            yield inputs, base + (offset if step else 0) + (tile if tiles else 0)


@cocotb.test()
async def follows_nests(dut: Any) -> None:
    bench = Bench(dut)
    dut.s_valid.value = 0
    await bench.tick()
    beyond = 0
    for number in range(bench.job["chains"]):
        for place, (inputs, want) in enumerate(chain(bench.rng)):
            while bench.gap("source"):
                dut.s_valid.value = 0
                for name in inputs:
                    signal = getattr(dut, f"s_{name}")
                    signal.value = bench.rng.getrandbits(len(signal))
                await bench.tick()
            dut.s_valid.value = 1
            for name, value in inputs.items():
                getattr(dut, f"s_{name}").value = value
            await bench.tick()
            got = known(dut.m_addr)
            text = f"chain {number}, element {place} {inputs}: got 0x{got:x}, want 0x{want:x}"
            assert got == want if want < BEYOND else got >= BEYOND, text
            beyond += want >= BEYOND
    assert beyond


@pytest.mark.parametrize("gaps", [GAPS[0], GAPS[1]])
def test_addresses(simulator: str, gaps: str) -> None:
    simulate("npu_operand", ["npu_operand.v"], __name__, simulator, gaps=gaps, job={"chains": 300})


def test_lint() -> None:
    lint("npu_operand", ["npu_operand.v"])
