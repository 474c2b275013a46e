"""The vector memories against a dictionary: every port busy, few addresses, so that banks collide all the time."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from streams import Bench, known

pytestmark = pytest.mark.rtl

SOURCES = ["npu_memories.v", "npu_vrf.v", "npu_ram.v", "npu_delay.v"]
DEPTHS = {"INITIAL_VRF": 37, "ADDSUB_VRF_0": 16, "ADDSUB_VRF_1": 5, "MULTIPLY_VRF_0": 2, "MULTIPLY_VRF_1": 1}
CASES = [(1, 1), (2, 1), (3, 1), (3, 0), (5, 1)]  # lat_read, check_init
LANES = 2
APART = 12  # cycles between accesses of one vector by the DMA and by the compute path, one of which writes
UNINITIALISED = 8


@dataclass
class Pending:
    """A DMA request that waits for its port."""

    write: bool
    addr: int
    data: int


class Memory:
    """One of the five: what it holds, who touched what when."""

    def __init__(self, number: int, depth: int) -> None:
        self.number, self.depth = number, depth
        self.values: dict[int, int] = {}
        self.landing: dict[int, list[tuple[int, int]]] = {}  # compute writes by the cycle from which reads see them
        self.compute: dict[int, int] = {}  # address -> last cycle of an access
        self.dma: dict[int, int] = {}
        self.wanted: deque[tuple[int, int | None]] = deque()  # compute reads: cycle of the data, value
        self.moved: deque[tuple[int, int | None]] = deque()  # DMA reads
        self.reads: dict[int, int] = {}  # bank by the cycle in which it is met
        self.writes: dict[int, int] = {}
        self.pending: Pending | None = None

    def quiet(self, last: dict[int, int], addr: int, cycle: int) -> bool:
        return cycle - last.get(addr, -APART) >= APART


def parity(addr: int) -> int:
    return addr.bit_count() & 1


@cocotb.test()
async def holds_what_was_written(dut: Any) -> None:
    bench = Bench(dut)
    rng = random.Random(bench.seed)
    lat_read, check = bench.job["lat_read"], bench.job["check_init"]
    ahead = 1 if lat_read > 2 else 0  # the banks are met later than the ports
    memories = [Memory(m, depth) for m, depth in enumerate(DEPTHS.values())]
    for name in ("clear", "rd_en", "wr_en", "d_valid", "d_write"):
        getattr(dut, name).value = 0
    await bench.reset()
    stalls = faults = 0
    blamed: deque[tuple[int, set[int]]] = deque()  # cycle of a fault, words of which it may name one
    for cycle in range(bench.job["cycles"]):
        for memory in memories:
            for addr, data in memory.landing.pop(cycle, []):
                memory.values[addr] = data
        lazy = rng.random() < 0.1
        # compute writes: one vector to several memories
        data, mask, addrs = rng.getrandbits(16 * LANES), 0, 0
        for memory in memories:
            addr = rng.randrange(memory.depth)
            held = memory.pending is not None and memory.pending.addr == addr
            if rng.random() < 0.6 and not lazy and not held and memory.quiet(memory.dma, addr, cycle):
                mask |= 1 << memory.number
                memory.landing.setdefault(cycle + 1, []).append((addr, data))
                memory.compute[addr] = cycle
                memory.writes[cycle + ahead] = parity(addr)
            addrs |= addr << 24 * memory.number
        dut.wr_en.value, dut.wr_addr.value, dut.wr_data.value = mask, addrs, data
        # compute reads
        mask, addrs, word, unwritten = 0, 0, rng.getrandbits(24), set()
        for memory in memories:
            addr = rng.randrange(memory.depth)
            held = memory.pending is not None and memory.pending.addr == addr
            known_value = addr in memory.values
            may = known_value or (check and rng.random() < 0.1)
            if rng.random() < 0.8 and not lazy and may and not held and memory.quiet(memory.dma, addr, cycle):
                mask |= 1 << memory.number
                memory.wanted.append((cycle + lat_read, memory.values.get(addr)))
                memory.compute[addr] = cycle
                memory.reads[cycle + ahead] = parity(addr)
                unwritten |= set() if known_value else {word + memory.number & 0xFFFFFF}
            addrs |= addr << 24 * memory.number
        dut.rd_en.value, dut.rd_addr.value = mask, addrs
        dut.rd_word.value = sum((word + m & 0xFFFFFF) << 24 * m for m in range(5))
        if unwritten:
            blamed.append((cycle + ahead + 1, unwritten))
        # the DMA: one kind of access a cycle
        write, data = rng.random() < 0.5, rng.getrandbits(16 * LANES)
        waiting = [memory.pending for memory in memories if memory.pending is not None]
        if waiting:
            write, data = waiting[0].write, waiting[0].data
        mask, addrs = 0, 0
        for memory in memories:
            if memory.pending is None and not waiting and rng.random() < 0.7:
                addr = rng.randrange(memory.depth)
                if memory.quiet(memory.compute, addr, cycle) and (write or addr in memory.values):
                    memory.pending = Pending(write, addr, data)
            if memory.pending is not None:
                mask |= 1 << memory.number
                addrs |= memory.pending.addr << 24 * memory.number
        dut.d_valid.value, dut.d_write.value = mask, int(write)
        dut.d_addr.value, dut.d_wdata.value, dut.d_word.value = addrs, data, word
        await bench.tick()
        # what came out in this cycle
        ready, rvalid = known(dut.d_ready) if mask else 0, known(dut.d_rvalid)
        for memory in memories:
            bus = str(dut.rd_data.value)[::-1], str(dut.d_rdata.value)[::-1]
            part = slice(16 * LANES * memory.number, 16 * LANES * (memory.number + 1))
            if memory.wanted and memory.wanted[0][0] == cycle:
                compare(f"memory {memory.number} read", bus[0][part], memory.wanted.popleft()[1], cycle)
            moved = memory.moved.popleft() if memory.moved and memory.moved[0][0] == cycle else None
            assert rvalid >> memory.number & 1 == (moved is not None), f"memory {memory.number}: rvalid in {cycle}"
            if moved is not None:
                compare(f"memory {memory.number} move", bus[1][part], moved[1], cycle)
            request = memory.pending
            if request is None:
                continue
            bank = parity(request.addr)
            busy = memory.reads.get(cycle) == bank and memory.writes.get(cycle) == bank
            assert ready >> memory.number & 1 != busy, f"memory {memory.number}: ready is {not busy} wrong in {cycle}"
            stalls += busy
            memory.dma[request.addr] = cycle
            if not busy:
                if request.write:
                    memory.values[request.addr] = request.data
                else:
                    memory.moved.append((cycle + min(lat_read, 2), memory.values[request.addr]))
                memory.pending = None
        blame = blamed.popleft()[1] if blamed and blamed[0][0] == cycle else set()
        assert known(dut.fault_valid) == bool(blame), f"fault is {known(dut.fault_valid)} in {cycle}, expected {blame}"
        if blame:
            faults += 1
            assert (known(dut.fault_code), known(dut.fault_word) in blame) == (UNINITIALISED, True)
    assert stalls > 10, "the DMA never had to wait"
    assert faults or not check, "no read of an unwritten vector"


def compare(where: str, got: str, want: int | None, cycle: int) -> None:
    """got: bits, the lowest first; want None: an unwritten vector, anything."""
    assert want is None or int(got[::-1], 2) == want, f"{where} in {cycle}: got {got[::-1]}, want {want:032b}"


@cocotb.test()
async def a_new_run_has_written_nothing(dut: Any) -> None:
    bench = Bench(dut)
    for name in ("clear", "rd_en", "wr_en", "d_valid", "d_write"):
        getattr(dut, name).value = 0
    await bench.reset()
    for run in range(3):
        dut.d_valid.value, dut.d_write.value, dut.d_addr.value, dut.d_wdata.value = 1, 1, 3, 99 + run
        await bench.tick()
        dut.d_valid.value = 0
        for clears in (False, True):
            dut.clear.value = int(clears)
            await bench.tick()
            dut.clear.value = 0
            for side in ("rd", "d"):
                dut.d_write.value, dut.rd_addr.value, dut.d_addr.value = 0, 3, 3
                dut.rd_word.value, dut.d_word.value = 77, 78
                (dut.rd_en if side == "rd" else dut.d_valid).value = 1
                faults = []
                for _ in range(5):
                    await bench.tick()
                    dut.rd_en.value, dut.d_valid.value = 0, 0
                    if known(dut.fault_valid):
                        faults.append((known(dut.fault_code), known(dut.fault_word)))
                word = 77 if side == "rd" else 78
                assert faults == ([(UNINITIALISED, word)] if clears and bench.job["check_init"] else [])


# ---- in pytest -------------------------------------------------------------------------------------------------------


def parameters(lat_read: int, check_init: int) -> dict[str, int]:
    return {**DEPTHS, "NATIVE_DIM": LANES, "LAT_READ": lat_read, "CHECK_INIT": check_init}


@pytest.mark.parametrize(("lat_read", "check_init"), CASES)
def test_memories(simulator: str, lat_read: int, check_init: int) -> None:
    job = {"lat_read": lat_read, "check_init": check_init, "cycles": 1500}
    sizes = parameters(lat_read, check_init)
    simulate("npu_memories", SOURCES, __name__, simulator, parameters=sizes, job=job)


@pytest.mark.parametrize(("lat_read", "check_init"), CASES)
def test_lint_is_clean(lat_read: int, check_init: int) -> None:
    lint("npu_memories", SOURCES, parameters(lat_read, check_init))
