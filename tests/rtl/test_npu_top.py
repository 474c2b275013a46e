"""npu_top: registers and cycles of a run, every fault with its word, stalled buses, soft reset in mid-run."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
import pytest
from bench import RTL, lint, simulate
from cocotb.triggers import ReadOnly, RisingEdge
from cocotbext.axi import (
    AxiBus,
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiSlave,
    AxiStreamBus,
    AxiStreamSink,
    AxiStreamSource,
    MemoryRegion,
)
from streams import Bench, known

from npusim.asm import assemble
from npusim.chain import decode_stream
from npusim.config import NpuConfig, load_config
from npusim.csr import CSRS, Fault
from npusim.engine.timing import simulate_time
from npusim.engine.values import Engine
from npusim.isa import Queue
from npusim.numerics import from_f16_bits, to_f16_bits
from npusim.rtl.kernels import kernel_modules
from npusim.rtl.parameters import parameters

pytestmark = pytest.mark.rtl

TOP = RTL / "npu_top.v"
BASE, WINDOW, MEMORY = 0x2000, 0x1000, 0x8000  # of DRAM_BASE, DRAM_SIZE, and the whole memory
OFFSET = {row.name: row.offset for row in CSRS}
BUSY, DONE, FAULT, SATURATED = 1, 2, 4, 8

ECHO = """
    s_wr ROWS 4 | s_wr RD_ROW 1 | s_wr WR_ROW 1 | s_wr IN_H 4 | s_wr OP0_ROW 1
    v_rd NetInQ 0 | v_wr InitialVrf 0 | v_wr AddSubVrf_0 3 | end_chain give=compute
    v_rd InitialVrf 0 | v_wr InitialVrf 100 | end_chain wait=vector
    loop 3 | v_rd InitialVrf 0 | vv_add mfu0 3 step | v_wr InitialVrf 8 base | end_chain | s_add WR_BASE 4 | end_loop
    v_rd InitialVrf 0 | vv_add mfu0 3 step | v_wr MultiplyVrf_1 8 | end_chain give=vector
    v_rd MultiplyVrf_1 8 | v_wr NetOutQ 0 | end_chain wait=compute
    halt"""

WORK = """
    m_rd 0 | m_wr 3 | end_chain give=compute
    s_wr ROWS 4 | s_wr COLS 3 | s_wr RD_ROW 3 | s_wr RD_COL 1 | s_wr WR_ROW 3 | s_wr WR_COL 1 | s_wr OUT_COLS 3
    s_wr IN_H 4 | s_wr IN_W 3
    v_rd DRAM 1024 | v_wr InitialVrf 0 | end_chain give=compute
    v_rd InitialVrf 0 | mv_mul 3 | v_relu mfu0 | v_wr AddSubVrf_1 9 | end_chain wait=weight,vector give=vector
    v_rd AddSubVrf_1 9 | v_wr {target} | end_chain wait=compute
    halt"""
OUT = 2048


def lines(text: str) -> list[int]:
    """Words of a text whose lines end at | too; 0x… stands for itself."""
    parts = [part.strip() for part in text.replace("\n", "|").split("|")]
    return [int(part, 16) if part.startswith("0x") else int(assemble(part)[0]) for part in parts if part]


@dataclass
class Case:
    """A program that fails: code, place of the word, and what surrounds it."""

    name: str
    text: str
    code: Fault
    word: int
    vectors: int = 0  # that wait in NetInQ
    registers: dict[str, int] = field(default_factory=dict)
    trouble: str = ""  # what the memory does


V, W, IN = "v_rd InitialVrf 0", "v_wr InitialVrf 8", "v_rd NetInQ 0 | v_wr InitialVrf 0 | end_chain give=compute"
TAKE = f"{W} | end_chain wait=vector | halt"
LOAD, RANGE, NEVER = "v_rd DRAM 0 | v_wr InitialVrf 0 | end_chain", Fault.ADDRESS_RANGE, Fault.UNINITIALISED
CASES = [
    Case("opcode", "s_wr ROWS 1 | 0xfc00000000000000 | halt", Fault.ILLEGAL_INSTRUCTION, 1),
    Case("chain", f"{V} | end_chain | halt", Fault.ILLEGAL_CHAIN, 1),
    Case("DRAM to DRAM", "v_rd DRAM 0 | v_wr DRAM 64 | end_chain | halt", Fault.ILLEGAL_CHAIN, 2),
    Case("no halt", "s_wr ROWS 1 | s_wr COLS 3", Fault.NO_HALT, 1),
    Case("program too large", "halt", RANGE, 4096, registers={"PROGRAM_WORDS": 5000}),
    Case("reader", f"v_rd InitialVrf 1024 | {W} | end_chain | halt", RANGE, 2),
    Case("write-back", f"{IN} | {V} | v_wr AddSubVrf_0 256 | end_chain wait=vector | halt", RANGE, 5, vectors=1),
    Case("operand 0", f"{IN} | {V} | vv_add mfu0 256 | {W} | end_chain wait=vector | halt", RANGE, 6, vectors=1),
    Case("operand 1", f"{IN} | {V} | vv_mul mfu1 300 | {W} | end_chain wait=vector | halt", RANGE, 6, vectors=1),
    Case("DMA writes", "v_rd NetInQ 0 | v_wr InitialVrf 1024 | end_chain | halt", RANGE, 2, vectors=1),
    Case("DMA reads", "v_rd AddSubVrf_1 512 | v_wr NetOutQ 0 | end_chain | halt", RANGE, 2),
    Case("DRAM vector", "v_rd DRAM 4096 | v_wr InitialVrf 0 | end_chain | halt", RANGE, 2),
    Case("DRAM tail", f"s_wr ROWS 2 | s_wr RD_ROW 1 | {LOAD.replace('DRAM 0', 'DRAM 4080')} | halt", RANGE, 4),
    Case("DRAM tile", "m_rd 4032 | m_wr 0 | end_chain | halt", RANGE, 2, registers={"DRAM_SIZE_LO": 4064}),
    Case("DRAM written", f"{IN} | {V} | {W} | end_chain wait=vector give=vector | v_rd InitialVrf 8 | v_wr DRAM 4096 |"
         "end_chain wait=compute | halt", RANGE, 8, vectors=1),
    Case("read before write", f"v_rd InitialVrf 5 | {W} | end_chain | halt", NEVER, 2),
    Case("operand before write", f"{IN} | {V} | vv_max mfu1 7 | {TAKE}", NEVER, 6, vectors=1),
    Case("DMA before write", "v_rd MultiplyVrf_0 9 | v_wr NetOutQ 0 | end_chain | halt", NEVER, 2),
    Case("image before write", f"s_wr RD_ROW 1 | v_rd Expander 0 | {W} | end_chain | halt", NEVER, 3),
    Case("run not divided", f"{IN} | s_wr KC 4 | s_wr RED_RUN 3 | {V} | v_red_max | {TAKE}",
         Fault.ILLEGAL_CHAIN, 8, vectors=4, registers={"ROWS": 4, "WR_ROW": 1}),
    Case("tile answered SLVERR", "m_rd 0 | m_wr 0 | end_chain | halt", Fault.DRAM_RESPONSE, 2, trouble="read SLVERR"),
    # behind a run that has written slot 3, as all runs do that follow a trouble
    Case("tile of the run before", f"{IN} | {V} | mv_mul 3 | {TAKE}", NEVER, 6, vectors=1),
    Case("tile beside those written", f"m_rd 0 | m_wr 3 | end_chain give=compute | {IN} | {V} | mv_mul 2 | "
         f"{W} | end_chain wait=weight,vector | halt", NEVER, 9, vectors=1),
    Case("vector answered DECERR", f"{LOAD} | halt", Fault.DRAM_RESPONSE, 2, trouble="read DECERR"),
    Case("write answered SLVERR", "v_rd NetInQ 0 | v_wr DRAM 64 | end_chain | halt", Fault.DRAM_RESPONSE, 2, vectors=1,
         trouble="write SLVERR"),
    Case("write answered DECERR", "v_rd NetInQ 0 | v_wr DRAM 64 | end_chain | halt", Fault.DRAM_RESPONSE, 2, vectors=1,
         trouble="write DECERR"),
    Case("token that nobody gives", f"{IN} | {V} | {W} | end_chain wait=weight | halt", Fault.WATCHDOG, 5, vectors=1,
         registers={"WATCHDOG": 300}),
    Case("NetInQ that stays empty", "v_rd NetInQ 0 | v_wr InitialVrf 0 | end_chain | halt", Fault.WATCHDOG, 2,
         registers={"WATCHDOG": 300}),
    Case("bus that does not answer", f"s_wr ROWS 1 | {LOAD} | halt", Fault.WATCHDOG, 3, registers={"WATCHDOG": 300},
         trouble="stall"),
    Case("256 tokens", f"{IN} | loop 300 | {V} | {W} | end_chain give=weight | end_loop | halt",
         Fault.TOKEN_OVERFLOW, 6, vectors=1),
]  # fmt: skip


# ---- pytest's side ---------------------------------------------------------------------------------------------------


def sources(config: NpuConfig, folder: Path) -> list[Path]:
    for name, text in kernel_modules(config).items():
        (folder / name).write_text(text)
    return [*sorted(RTL.glob("npu_*.v")), *sorted(folder.glob("k_*.v"))]


def top_parameters(config: NpuConfig) -> dict[str, int]:
    """The parameters that npu_top has."""
    declared = TOP.read_text()
    every = parameters(config)
    return {name: value for name, value in every.items() if f"parameter {name} " in declared}


@pytest.mark.parametrize("preset", ["tiny", "tiny_private"])
def test_top(simulator: str, preset: str, tmp_path: Path) -> None:
    if simulator == "icarus" and preset == "tiny_private":
        pytest.skip("one organisation is enough for the slower simulator")
    config = load_config(preset)
    cases = ["knows_its_outputs", "runs_in_exact_cycles", "every_fault_ends_clean", "resets_in_mid_run",
             "waits_for_a_slow_bus"]  # fmt: skip
    simulate("npu_top", sources(config, tmp_path), __name__, simulator, parameters=top_parameters(config), job=preset,
             cases=cases)  # fmt: skip


@pytest.mark.parametrize("preset", ["tiny", "tiny_private", pytest.param("arria10", marks=pytest.mark.slow)])
def test_lint(preset: str, tmp_path: Path) -> None:
    config = load_config(preset)
    lint("npu_top", sources(config, tmp_path), top_parameters(config))


# ---- the simulator's side --------------------------------------------------------------------------------------------


class Port:
    """The host's queues for the simulator."""

    def __init__(self, vectors: npt.NDArray[np.uint16]) -> None:
        self.vectors, self.at, self.sent = from_f16_bits(vectors), 0, []  # type: Any

    def receive(self, count: int) -> Any:
        self.at += count
        return self.vectors[self.at - count : self.at]

    def send(self, vectors: Any) -> None:
        self.sent.append(np.array(vectors))


class Machine:
    """npu_top with a memory, a host and their troubles."""

    def __init__(self, dut: Any) -> None:
        self.bench, self.dut = Bench(dut), dut
        self.config = load_config(self.bench.job)
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.memory = MemoryRegion(MEMORY)
        self.slave = AxiSlave(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, target=self.memory)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        self.trouble = ""
        self._answer(self.slave.read_if.r_channel, "rresp", "read")
        self._answer(self.slave.write_if.b_channel, "bresp", "write")
        rng = np.random.default_rng(self.bench.seed)
        self.image = bytearray(WINDOW)
        tile = self.config.tile_bytes
        exponents = (self.config.native_dim**2 * (self.config.weight_mantissa + 1) + 7) // 8
        self.image[:exponents] = rng.bytes(exponents)
        self.image[exponents : exponents + self.config.native_dim] = bytes(self.config.native_dim)
        assert tile <= 1024
        self.data = rng.standard_normal((12, self.config.native_dim)).astype(np.float16).view(np.uint16)
        self.image[1024 : 1024 + self.data.nbytes] = self.data.tobytes()

    def _answer(self, channel: Any, name: str, kind: str) -> None:
        """Let a channel answer with an error where the trouble says so."""
        send = channel.send

        async def spoiled(beat: Any) -> None:
            if self.trouble.startswith(kind):
                setattr(beat, name, AxiResp[self.trouble.split()[1]])
            await send(beat)

        channel.send = spoiled

    async def begin(self) -> None:
        await self.bench.reset()
        await self.bench.tick(2)

    async def write(self, name: str, value: int) -> AxiResp:
        return AxiResp((await self.axil.write(OFFSET[name], value.to_bytes(4, "little"))).resp)

    async def read(self, name: str) -> int:
        return int.from_bytes((await self.axil.read(OFFSET[name], 4)).data, "little")

    async def load(self, words: list[int], registers: dict[str, int] | None = None) -> None:
        """Fill memory, instruction memory and registers."""
        self.memory.mem.seek(0)
        self.memory.mem.write(self.bench.rng.randbytes(MEMORY))
        self.memory.mem[BASE : BASE + WINDOW] = bytes(self.image)
        values = {"IMEM_ADDR": 0, "PROGRAM_WORDS": len(words), "WATCHDOG": 1 << 20, "DRAM_BASE_LO": BASE,
                  "DRAM_SIZE_LO": WINDOW} | (registers or {})  # fmt: skip
        for name, value in values.items():
            if name in OFFSET:
                assert await self.write(name, value) == AxiResp.OKAY, name
        for word in words:
            await self.write("IMEM_DATA_LO", word & 0xFFFFFFFF)
            assert await self.write("IMEM_DATA_HI", word >> 32) == AxiResp.OKAY

    async def start(self) -> None:
        await self.write("CONTROL", 1)

    async def until(self, mask: int, what: str, limit: int = 20_000) -> int:
        """Wait for a bit of STATUS; returns STATUS."""
        for _ in range(limit // 20):
            status = await self.read("STATUS")
            if status & mask:
                return status
            await self.bench.tick(10)
        raise AssertionError(f"{what}: STATUS is {await self.read('STATUS'):04b} after {limit} cycles")

    async def rest(self) -> None:
        """Wait until the machine is not busy."""
        for _ in range(200):
            if not await self.read("STATUS") & BUSY:
                return
        raise AssertionError("busy without an end")

    async def works(self) -> None:
        """The program of weights, vectors and compute gives what the simulator gives, and writes nothing else."""
        await self.load(lines(WORK.format(target=f"DRAM {OUT}")))
        before = bytes(self.memory.mem[:])
        await self.start()
        status = await self.until(DONE | FAULT, "work")
        assert status & ~SATURATED == DONE, f"STATUS {status:04b}, error {await self.read('ERROR_CODE')}"
        after = bytes(self.memory.mem[:])
        want = self.expected(WORK.format(target="NetOutQ 0"))
        place = BASE + OUT
        got = np.frombuffer(after[place : place + want.nbytes], np.uint16).reshape(want.shape)
        np.testing.assert_array_equal(got, want)
        assert before[:place] == after[:place], "written below the output"
        assert before[place + want.nbytes :] == after[place + want.nbytes :], "written behind the output"

    def expected(self, text: str, vectors: npt.NDArray[np.uint16] | None = None) -> npt.NDArray[np.uint16]:
        """What the simulator sends on NetOutQ."""
        port = Port(self.data if vectors is None else vectors)
        image = np.frombuffer(bytes(self.image), np.uint8)
        Engine(decode_stream(lines(text), self.config), self.config, image, len(image)).run(port)
        return to_f16_bits(np.concatenate(port.sent))

    async def soft_reset(self) -> None:
        await self.write("CONTROL", 2)
        await self.rest()
        assert await self.read("STATUS") == 0
        assert await self.read("ERROR_CODE") == Fault.NONE
        assert known(self.dut.irq) == 0


@cocotb.test()
async def knows_its_outputs(dut: Any) -> None:
    """No bit of any output is unknown (X or Z) in any cycle after reset: at rest, in two programs, after each.

    Only a simulator with four states can tell; it starts with every register unknown.
    """
    outputs = [getattr(dut, name) for name in re.findall(r"output wire\s+(?:\[.*\] )?\s*(\w+)", TOP.read_text())]
    if cocotb.SIM_NAME.startswith("Icarus"):
        assert any(not output.value.is_resolvable for output in outputs), "every output is known before reset"
    machine = Machine(dut)
    await machine.begin()
    assert {"irq", "s_axil_rdata", "m_axi_wdata", "m_axis_tdata"} <= {output._name for output in outputs}
    unknown: dict[str, int] = {}

    async def watch() -> None:
        for cycle in itertools.count():
            await ReadOnly()
            for output in outputs:
                if not output.value.is_resolvable:
                    unknown.setdefault(output._name, cycle)
            await RisingEdge(dut.clk)

    task = cocotb.start_soon(watch())
    await machine.bench.tick(50)
    await machine.works()
    await machine.load(lines(ECHO))
    await machine.source.send(machine.data[:4].tobytes())
    await machine.start()
    assert await machine.until(DONE | FAULT, "echo") == DONE
    await machine.sink.recv()
    task.cancel()
    assert not unknown, f"unknown bits, and the first cycle of each: {unknown}"


@cocotb.test()
async def runs_in_exact_cycles(dut: Any) -> None:
    """No DRAM in this one: cycles, chains and busy cycles are the simulator's; twice, with no reset between."""
    machine = Machine(dut)
    await machine.begin()
    words = lines(ECHO)
    timing = simulate_time(decode_stream(words, machine.config), machine.config)
    for _ in range(2):
        await machine.load(words)
        vectors = machine.data[:4]
        await machine.source.send(vectors.tobytes())
        await machine.start()
        assert await machine.until(DONE | FAULT, "echo") == DONE
        assert known(dut.irq) == 1
        frame = await machine.sink.recv()
        got = np.frombuffer(bytes(frame.tdata), np.uint16).reshape(-1, machine.config.native_dim)
        np.testing.assert_array_equal(got, machine.expected(ECHO, vectors))
        assert await machine.read("CYCLES_LO") == timing.cycles
        assert await machine.read("BUSY_COMPUTE") == timing.account["compute"]
        assert await machine.read("BUSY_VECTOR") == timing.account["vector"]
        chains = [span.chain.queue for span in timing.spans]
        for queue in Queue:
            assert await machine.read(f"CHAINS_{queue.name}") == chains.count(queue), queue.name
        assert await machine.read("DRAM_READ_LO") == await machine.read("DRAM_WRITTEN_LO") == 0
    await machine.works()
    moved = machine.data.nbytes
    assert await machine.read("DRAM_READ_LO") == machine.config.tile_bytes + moved
    assert await machine.read("DRAM_WRITTEN_LO") == moved


@cocotb.test()
async def every_fault_ends_clean(dut: Any) -> None:
    """Code, word and interrupt; nothing is written; a start is refused until a soft reset; then all works."""
    machine = Machine(dut)
    await machine.begin()
    for case in CASES:
        registers = {name: value for name, value in case.registers.items() if name in OFFSET}
        text = "".join(f"s_wr {n} {v} | " for n, v in case.registers.items() if n not in OFFSET) + case.text
        place = case.word + len(lines(text)) - len(lines(case.text))
        await machine.load(lines(text), registers)
        before = bytes(machine.memory.mem[:])
        machine.trouble = case.trouble
        channels = (machine.slave.read_if.ar_channel, machine.slave.write_if.aw_channel)
        for channel in channels:
            channel.pause = case.trouble == "stall"
        if case.vectors:
            await machine.source.send(machine.data[: case.vectors].tobytes())
        await machine.start()
        status = await machine.until(FAULT | DONE, case.name)
        error = Fault(await machine.read("ERROR_CODE")), await machine.read("ERROR_WORD")
        assert status & (FAULT | DONE) == FAULT, f"{case.name}: STATUS {status:04b}"
        assert error == (case.code, place), (
            f"{case.name}: {error[0].name} at word {error[1]}, want {case.code.name} {place}"
        )
        assert known(dut.irq) == 1
        if case.trouble == "stall":
            assert status & BUSY, "the bus has not answered yet"
            await machine.write("CONTROL", 2)
            await machine.bench.tick(100)
            assert await machine.read("STATUS") & BUSY, "a reset waits for the bus"
            for channel in channels:
                channel.pause = False
        await machine.rest()
        if not case.trouble.startswith("write"):  # the memory has taken the data before it answers
            assert bytes(machine.memory.mem[:]) == before, f"{case.name}: memory was written"
        if case.trouble != "stall":
            await machine.start()
            await machine.bench.tick(20)
            assert await machine.read("ERROR_CODE") == case.code, f"{case.name}: a start clears the fault"
        machine.trouble = ""
        assert machine.source.idle(), f"{case.name}: not all of NetInQ was taken"
        await machine.soft_reset()
        if machine.bench.rng.random() < 0.4 or case.trouble:
            await machine.works()
    await machine.works()


@cocotb.test()
async def resets_in_mid_run(dut: Any) -> None:
    """A soft reset in any cycle: accepted bursts end, nothing is written outside the output, the next run is right.

    In every other trial the memory holds back what it owes, read data or the answer of a write, until long after the
    reset: the machine stays busy for so long.
    """
    machine = Machine(dut)
    await machine.begin()
    rng, waited = random.Random(machine.bench.seed), 0
    read, write = machine.slave.read_if, machine.slave.write_if
    for trial in range(16):
        await machine.load(lines(WORK.format(target=f"DRAM {OUT}")))
        before = bytes(machine.memory.mem[:])
        owed = rng.choice([read.r_channel, write.w_channel, write.b_channel]) if trial % 2 else None
        await machine.start()
        if owed is not None:
            owed.pause = True
        await machine.bench.tick(rng.randint(0, 500))
        if owed is not None:
            await machine.write("CONTROL", 2)
            await machine.bench.tick(300)
            waited += await machine.read("STATUS") & BUSY
            owed.pause = False
        await machine.soft_reset()
        after = bytes(machine.memory.mem[:])
        first, last = BASE + OUT, BASE + OUT + machine.data.nbytes
        assert before[:first] + before[last:] == after[:first] + after[last:], "written outside the output"
        if trial % 3 == 0 or owed is not None:
            await machine.works()
    await machine.works()
    assert waited > 2, f"the bus owed something in {waited} trials"


@cocotb.test()
async def waits_for_a_slow_bus(dut: Any) -> None:
    """Long stalls of every channel, one after the other, change nothing but the time."""
    machine = Machine(dut)
    await machine.begin()
    read, write = machine.slave.read_if, machine.slave.write_if
    channels = [read.ar_channel, read.r_channel, write.aw_channel, write.w_channel, write.b_channel]

    async def stall(channel: Any) -> None:
        for _ in range(4):
            await machine.bench.tick(machine.bench.rng.randint(1, 150))
            channel.pause = True
            for _ in range(machine.bench.rng.choice([40, 400])):
                await RisingEdge(dut.clk)
            channel.pause = False

    for channel in channels:
        task = cocotb.start_soon(stall(channel))
        await machine.works()
        await task
