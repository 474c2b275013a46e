"""npu_semaphores: nine lists of tokens with the cycles from which on they can be taken."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from cocotb.triggers import ReadOnly, RisingEdge
from streams import Bench, known

pytestmark = pytest.mark.rtl


@pytest.mark.parametrize("latency", [1, 2, 5])
def test_semaphores(simulator: str, latency: int) -> None:
    simulate("npu_semaphores", ["npu_semaphores.v"], __name__, simulator, parameters={"LAT_SEM": latency}, job=latency)


def test_lint() -> None:
    for latency in (1, 2, 5):
        lint("npu_semaphores", ["npu_semaphores.v"], {"LAT_SEM": latency})


@cocotb.test()
async def counts_tokens(dut: Any) -> None:
    """Phases of much giving and much taking, to 255 tokens and beyond; a clear now and then."""
    bench, latency = Bench(dut), 0
    latency = bench.job
    for name in ("clear", "give", "take"):
        getattr(dut, name).value = 0
    await bench.reset()
    rng, tokens, spilled = bench.rng, [[] for _ in range(9)], 0  # type: list[list[int]]
    for now in range(4000):
        giving = now % 2000 < 1200
        give = sum((rng.random() < (0.6 if giving else 0.2)) << s for s in range(9))
        here = [bool(times) and times[0] <= now for times in tokens]
        take = sum((here[s] and rng.random() < (0.1 if giving else 0.6)) << s for s in range(9))
        clear = int(now in (1700, 3900))
        dut.give.value, dut.take.value, dut.clear.value = give, take, clear
        await ReadOnly()
        want = sum(flag << s for s, flag in enumerate(here))
        assert known(dut.any) == want, f"cycle {now}: tokens in {known(dut.any):09b}, want {want:09b}"
        over = [give >> s & 1 and not take >> s & 1 and len(tokens[s]) == 255 for s in range(9)]
        want = sum(any(over[3 * q : 3 * q + 3]) << q for q in range(3))
        assert known(dut.overflow) == want, f"cycle {now}: overflow {known(dut.overflow):03b}, want {want:03b}"
        await RisingEdge(dut.clk)
        for s in range(9):
            if take >> s & 1:
                tokens[s].pop(0)
            if give >> s & 1 and not over[s]:
                tokens[s].append(now + latency)
            if clear:
                tokens[s].clear()
        spilled += sum(over)
    assert spilled > 100, f"only {spilled} tokens too many"
