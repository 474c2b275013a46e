"""npu_queue: every output in every cycle against lists of chains and the cycles of their events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cocotb
import descriptor
import pytest
from bench import GAPS, lint, simulate
from cocotb.triggers import ReadOnly, RisingEdge
from streams import Bench, known

pytestmark = pytest.mark.rtl

SIZES = [(2, 1), (4, 2), (5, 3)]  # QUEUE_DEPTH, LAT_ISSUE


@pytest.mark.parametrize(("depth", "issue", "gaps"), [(*SIZES[k % 3], gap) for k, gap in enumerate(GAPS)])
def test_queue(simulator: str, depth: int, issue: int, gaps: str) -> None:
    parameters = {"QUEUE_DEPTH": depth, "LAT_ISSUE": issue}
    simulate(
        "npu_queue",
        ["npu_queue.v"],
        __name__,
        simulator,
        parameters=parameters,
        gaps=gaps,
        job=parameters | {"cycles": 1500},
    )


def test_lint() -> None:
    for depth, issue in SIZES:
        lint("npu_queue", ["npu_queue.v"], {"QUEUE_DEPTH": depth, "LAT_ISSUE": issue})


@dataclass
class Chain:
    """A chain in the queue: its bus, its wait mask, the cycle in which it entered, and when it took its tokens."""

    bus: int
    wait: int
    entered: int
    taken: int | None = None


@dataclass
class Model:
    """The queue by docs/architecture.md 5.1 and 5.2."""

    depth: int
    issue: int
    chains: list[Chain] = field(default_factory=list)

    def outputs(self, now: int, any_: int, start: int, stop: int) -> tuple[int, int, int, int | None]:
        """(s_ready, token_take, m_valid, m_desc or None), given the tokens there are and if the unit would start."""
        take = 0
        waiting = next((chain for chain in self.chains if chain.taken is None), None)
        if waiting is not None and waiting.entered < now and not stop and waiting.wait & ~any_ == 0:
            take = waiting.wait
        head = self.chains[0] if self.chains else None
        valid = head is not None and head.taken is not None and now >= head.taken + self.issue and not stop
        room = len(self.chains) < self.depth or (valid and start)
        return int(room), take, int(valid), head.bus if head else None

    def step(self, now: int, any_: int, start: int, stop: int, push: tuple[int, int] | None) -> None:
        room, _, valid, _ = self.outputs(now, any_, start, stop)
        waiting = next((chain for chain in self.chains if chain.taken is None), None)
        if waiting is not None and waiting.entered < now and not stop and waiting.wait & ~any_ == 0:
            waiting.taken = now
        if valid and start:
            self.chains.pop(0)
        if push is not None and room:
            self.chains.append(Chain(*push, entered=now))


@cocotb.test()
async def keeps_its_cycles(dut: Any) -> None:
    bench = Bench(dut)
    model = Model(bench.job["QUEUE_DEPTH"], bench.job["LAT_ISSUE"])
    for name in ("clear", "stop", "s_valid", "s_desc", "token_any", "m_ready"):
        getattr(dut, name).value = 0
    await bench.reset()
    rng, started, full, number = bench.rng, 0, 0, 0
    push: tuple[int, int] | None = None
    for now in range(bench.job["cycles"]):
        if push is None and not bench.gap("source") and rng.random() < 0.7:
            wait = rng.choice([0, 0, 1, 2, 4, 5, 7])
            number += 1
            push = descriptor.build({"WAIT": wait, "SEQ": number, "WORD": rng.getrandbits(24)}), wait
        any_, start = rng.choice([0, 1, 2, 3, 5, 6, 7, 7]), int(not bench.gap("sink") and rng.random() < 0.6)
        stop, clear = int(rng.random() < 0.05), int(rng.random() < 0.01)
        dut.s_valid.value, dut.s_desc.value = (
            int(push is not None),
            push[0] if push else rng.getrandbits(len(dut.s_desc)),
        )
        dut.token_any.value, dut.m_ready.value, dut.stop.value, dut.clear.value = any_, start, stop, clear
        await ReadOnly()
        got = tuple(known(signal) for signal in (dut.s_ready, dut.token_take, dut.m_valid))
        want = model.outputs(now, any_, start, stop)
        assert got == want[:3], f"cycle {now}: ready, take, valid are {got}, want {want[:3]}"
        if want[3] is not None:
            assert known(dut.m_desc) == want[3], f"cycle {now}: {descriptor.describe(known(dut.m_desc))}"
        started += want[2] and start
        full += not want[0]
        room = want[0]
        await RisingEdge(dut.clk)
        model.step(now, any_, start, stop, push)
        if push is not None and room:
            push = None
        if clear:
            model.chains.clear()
    assert started > 80, f"only {started} chains started"
    assert full > 20 or bench._gaps in ("source", "both"), f"full in {full} cycles only"
