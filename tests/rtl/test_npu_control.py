"""npu_control and npu_pending: the run's states, the fault that wins, counters, and the oldest chain."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from cocotb.triggers import ReadOnly, RisingEdge
from streams import Bench, known, pack

from npusim.csr import Fault

pytestmark = pytest.mark.rtl

SOURCES = 3
IDLE_INPUTS = (
    "start_req", "reset_req", "cfg_watchdog", "word_done", "word_pc", "halt_done", "done_valid", "oldest_valid",
    "oldest_word", "f_valid", "f_code", "f_word", "overflow", "busy_mm", "busy_vector", "read_bytes", "write_bytes",
)  # fmt: skip


def test_control(simulator: str) -> None:
    cases = ["counts_a_run", "first_fault_wins", "watchdog_names_the_oldest", "resets_in_every_state"]
    simulate("npu_control", ["npu_control.v"], __name__, simulator, parameters={"SOURCES": SOURCES}, cases=cases)


@pytest.mark.parametrize("chains", [4, 64])
def test_pending(simulator: str, chains: int) -> None:
    cases = ["remembers_chains"]
    simulate(
        "npu_pending", ["npu_pending.v"], __name__, simulator, parameters={"CHAINS": chains}, cases=cases, job=chains
    )


def test_lint() -> None:
    lint("npu_control", ["npu_control.v"], {"SOURCES": SOURCES})
    lint("npu_pending", ["npu_pending.v"], {"CHAINS": 64})


class Unit:
    """The control block with quiet surroundings."""

    def __init__(self, dut: Any) -> None:
        self.bench, self.dut = Bench(dut), dut
        for name in IDLE_INPUTS:
            getattr(dut, name).value = 0
        dut.empty.value = dut.bus_idle.value = 1

    async def step(self, **inputs: int) -> None:
        """One cycle with these inputs high, low again afterwards (levels: set them on the dut)."""
        for name, value in inputs.items():
            getattr(self.dut, name).value = value
        await RisingEdge(self.dut.clk)
        for name in inputs:
            getattr(self.dut, name).value = 0

    async def get(self, *names: str) -> tuple[int, ...]:
        await ReadOnly()
        values = tuple(known(getattr(self.dut, name)) for name in names)
        await RisingEdge(self.dut.clk)
        return values

    async def start(self) -> None:
        """Start, and see clear before start, one cycle each."""
        await self.step(start_req=1)
        seen = [await self.get("clear", "start") for _ in range(4)]
        assert seen == [(1, 0), (0, 1), (0, 0), (0, 0)], seen


@cocotb.test()
async def counts_a_run(dut: Any) -> None:
    """Cycles are counted from the first word on; the last of halt + 1 and the completions stays."""
    unit = Unit(dut)
    await unit.bench.reset()
    rng = unit.bench.rng
    for _ in range(10):
        await unit.start()
        await unit.bench.tick(rng.randint(0, 5))
        dut.empty.value = 0
        count, want = rng.randint(3, 60), {"done": [0, 0, 0], "mm": 0, "vector": 0, "read": 0, "written": 0}
        halt, last, overflow = rng.randint(0, count - 1), 0, 0
        for now in range(count):
            done = rng.getrandbits(3) & rng.getrandbits(3)
            busy, sizes = rng.choice([(0, 0), (1, 0), (0, 1)]), [rng.choice([0, 0, 64, 4096]) for _ in range(2)]
            spill = int(rng.random() < 0.02)
            last = max(last, now + 1 if now == halt else 0, now if done else 0)
            await unit.step(
                word_done=int(now <= halt), halt_done=int(now == halt), done_valid=done, busy_mm=busy[0],
                busy_vector=busy[1], read_bytes=sizes[0], write_bytes=sizes[1], overflow=spill,
            )  # fmt: skip
            want["done"] = [n + (done >> q & 1) for q, n in enumerate(want["done"])]
            want["mm"], want["vector"] = want["mm"] + busy[0], want["vector"] + busy[1]
            want["read"], want["written"] = want["read"] + sizes[0], want["written"] + sizes[1]
            overflow |= spill
        assert await unit.get("busy", "done") == (1, 0)
        dut.empty.value, dut.bus_idle.value = 1, 0
        await unit.bench.tick(rng.randint(10, 30))
        assert await unit.get("busy", "done") == (1, 0), "the bus is at work"
        dut.bus_idle.value = 1
        await unit.bench.tick(10)
        assert await unit.get("busy", "done", "fault", "stop") == (0, 1, 0, 0)
        names = (
            "cycles",
            "chains",
            "busy_compute_cycles",
            "busy_vector_cycles",
            "dram_read",
            "dram_written",
            "saturated",
        )
        got = await unit.get(*names)
        chains = pack(want["done"], 32)
        assert got == (last, chains, want["mm"], want["vector"], want["read"], want["written"], overflow)


@cocotb.test()
async def first_fault_wins(dut: Any) -> None:
    unit = Unit(dut)
    await unit.bench.reset()
    rng = unit.bench.rng
    for mask in range(1, 1 << SOURCES):
        await unit.start()
        dut.empty.value = 0
        codes, words = [rng.randint(1, 8) for _ in range(SOURCES)], [rng.getrandbits(24) for _ in range(SOURCES)]
        lowest = (mask & -mask).bit_length() - 1
        await unit.step(f_valid=mask, f_code=pack(codes, 4), f_word=pack(words, 24))
        await unit.step(f_valid=7, f_code=0xFFF, f_word=0)
        got = await unit.get("fault", "error_code", "error_word", "stop", "done", "busy")
        assert got == (1, codes[lowest], words[lowest], 1, 0, 1), got
        dut.bus_idle.value = 0
        await unit.bench.tick(20)
        assert await unit.get("busy", "stop") == (1, 1), "the bus is at work"
        dut.bus_idle.value = 1
        await unit.bench.tick(9)
        assert await unit.get("busy", "stop", "fault") == (0, 1, 1)
        await unit.step(reset_req=1)
        await unit.bench.tick(12)
        dut.empty.value = 1
        assert await unit.get("busy", "stop", "fault", "error_code", "error_word") == (0, 0, 0, 0, 0)


@cocotb.test()
async def watchdog_names_the_oldest(dut: Any) -> None:
    unit = Unit(dut)
    await unit.bench.reset()
    for limit, oldest in ((12, None), (12, 77), (40, 3)):
        dut.cfg_watchdog.value = limit
        await unit.start()
        dut.empty.value = int(oldest is None)
        dut.oldest_valid.value, dut.oldest_word.value = int(oldest is not None), oldest or 0
        await unit.step(word_done=1, word_pc=12)
        await unit.bench.tick(limit // 2)
        await unit.step(done_valid=2)
        for _ in range(limit):
            assert await unit.get("fault") == (0,), f"before {limit} cycles"
        await unit.bench.tick()
        got = await unit.get("fault", "error_code", "error_word")
        assert got == (1, Fault.WATCHDOG, 12 if oldest is None else oldest), got
        await unit.step(reset_req=1)
        await unit.bench.tick(12)
    dut.cfg_watchdog.value = 0
    await unit.start()
    await unit.bench.tick(300)
    assert await unit.get("fault", "busy") == (0, 1), "0 is off"


@cocotb.test()
async def resets_in_every_state(dut: Any) -> None:
    """A soft reset from any state stops, waits for the bus, clears once and leaves the machine ready."""
    unit = Unit(dut)
    await unit.bench.reset()
    rng = unit.bench.rng
    for trial in range(40):
        dut.empty.value = 1
        await unit.step(start_req=1)
        await unit.bench.tick(trial % 8)
        if trial % 3 == 1:
            await unit.step(f_valid=1, f_code=Fault.DRAM_RESPONSE)
        dut.bus_idle.value = 0
        await unit.step(reset_req=1)
        for _ in range(rng.randint(0, 30)):
            clear, busy, stop = await unit.get("clear", "busy", "stop")
            assert (clear, busy, stop) == (0, 1, 1), f"trial {trial}: {(clear, busy, stop)} with a busy bus"
        dut.bus_idle.value = 1
        seen = [await unit.get("clear", "stop") for _ in range(16)]
        clears = [clear for clear, _ in seen]
        assert sum(clears) == 1, clears
        assert all(stop for _, stop in seen[: clears.index(1) + 1]), "a unit must not go on before it is cleared"
        assert await unit.get("busy", "stop", "fault", "done", "cycles") == (0, 0, 0, 0, 0)
    await unit.start()
    assert await unit.get("busy") == (1,)


@cocotb.test()
async def remembers_chains(dut: Any) -> None:
    """Random chains of three queues; the oldest of those that have not completed is named."""
    bench = Bench(dut)
    chains = bench.job
    for name in ("clear", "s_valid", "s_word", "s_seq", "done_valid"):
        getattr(dut, name).value = 0
    await bench.reset()
    rng, queues = bench.rng, [[], [], []]  # type: list[list[tuple[int, int]]]
    seq, oldest, full = (1 << 32) - 300, None, 0
    for now in range(1500):
        queue, word = rng.randrange(3), rng.getrandbits(24)
        valid = int(rng.random() < (0.8 if now % 500 < 300 else 0.2))
        done = sum((bool(q) and rng.random() < 0.15) << i for i, q in enumerate(queues))
        clear = int(now == 1200)
        dut.s_valid.value, dut.s_word.value, dut.s_seq.value = valid << queue, word, seq
        dut.done_valid.value, dut.clear.value = done, clear
        await ReadOnly()
        room = [len(q) < chains for q in queues]
        assert known(dut.s_ready) == pack([int(r) for r in room], 1), f"cycle {now}"
        assert known(dut.empty) == int(not any(queues)), f"cycle {now}"
        heads = pack([q[0][1] if q else 0 for q in queues], 24)
        mask = pack([0xFFFFFF if done >> i & 1 else 0 for i in range(3)], 24)
        assert known(dut.done_word) & mask == heads & mask, f"cycle {now}"
        if now:
            assert known(dut.oldest_valid) == int(oldest is not None), f"cycle {now}"
            assert oldest is None or known(dut.oldest_word) == oldest, f"cycle {now}"
        await RisingEdge(dut.clk)
        first = min((q[0] for q in queues if q), key=lambda item: (item[0] - (1 << 31)) % (1 << 32), default=None)
        oldest = None if first is None or clear else first[1]
        full += valid and not room[queue]
        if valid and room[queue]:
            queues[queue].append((seq, word))
        if valid:
            seq = (seq + 1) % (1 << 32)
        for i, q in enumerate(queues):
            if done >> i & 1:
                q.pop(0)
            if clear:
                q.clear()
    assert full or chains > 4, "never full"
