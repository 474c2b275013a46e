"""npu_csr: every register of the table over AXI4-Lite, with gaps on every channel."""

from __future__ import annotations

import itertools
from typing import Any

import cocotb
import pytest
from bench import GAPS, lint, simulate
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp
from streams import Bench, known

from npusim.csr import CSRS
from npusim.isa import Queue

pytestmark = pytest.mark.rtl

WORDS = 20
TABLE = {row.name: row for row in CSRS}
STATUS_BITS = ("busy", "done", "fault", "saturated")
WIDE = {"CYCLES": "cycles", "DRAM_READ": "dram_read", "DRAM_WRITTEN": "dram_written"}
NARROW = {
    "ERROR_CODE": ("error_code", 4), "ERROR_WORD": ("error_word", 24),
    "BUSY_COMPUTE": ("busy_compute_cycles", 32), "BUSY_VECTOR": ("busy_vector_cycles", 32),
}  # fmt: skip
OUTPUTS = {
    "PROGRAM_WORDS": ("cfg_words", 0), "WATCHDOG": ("cfg_watchdog", 0), "DRAM_BASE_LO": ("cfg_dram_base", 0),
    "DRAM_BASE_HI": ("cfg_dram_base", 32), "DRAM_SIZE_LO": ("cfg_dram_size", 0), "DRAM_SIZE_HI": ("cfg_dram_size", 32),
}  # fmt: skip


@pytest.mark.parametrize("gaps", GAPS)
def test_csr(simulator: str, gaps: str) -> None:
    simulate("npu_csr", ["npu_csr.v"], __name__, simulator, parameters={"IMEM_WORDS": WORDS}, gaps=gaps)


def test_lint() -> None:
    lint("npu_csr", ["npu_csr.v"], {"IMEM_WORDS": WORDS})


class Host:
    """The bus, and what the registers drive: pulses and stored words."""

    def __init__(self, dut: Any) -> None:
        self.bench, self.dut = Bench(dut), dut
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.pulses: list[str] = []
        self.stored: list[tuple[int, int]] = []
        for name in [*STATUS_BITS, *WIDE.values(), *(signal for signal, _ in NARROW.values()), "chains"]:
            getattr(dut, name).value = 0

    async def begin(self) -> None:
        await self.bench.reset()
        write, read = self.axil.write_if, self.axil.read_if
        for side, channels in (
            ("source", (write.aw_channel, write.w_channel, read.ar_channel)),
            ("sink", (write.b_channel, read.r_channel)),
        ):
            for channel in channels:
                channel.set_pause_generator(self._pauses(side))
        cocotb.start_soon(self._watch())

    def _pauses(self, side: str) -> Any:
        return (self.bench.gap(side) for _ in itertools.count())

    async def _watch(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.pulses += [name for name in ("start_req", "reset_req") if known(getattr(self.dut, name))]
            if known(self.dut.imem_we):
                self.stored.append((known(self.dut.imem_addr), known(self.dut.imem_data)))

    async def write(self, name: str | int, value: int, data: bytes | None = None) -> AxiResp:
        offset = TABLE[name].offset if isinstance(name, str) else name
        response = await self.axil.write(offset, data if data is not None else value.to_bytes(4, "little"))
        await self.bench.tick(2)
        return AxiResp(response.resp)

    async def read(self, name: str | int) -> tuple[int, AxiResp]:
        offset = TABLE[name].offset if isinstance(name, str) else name
        response = await self.axil.read(offset, 4)
        return int.from_bytes(response.data, "little"), AxiResp(response.resp)


@cocotb.test()
async def reset_values_and_read_write(dut: Any) -> None:
    host = Host(dut)
    await host.begin()
    values = {row.name: row.reset for row in CSRS}
    for row in CSRS:
        assert await host.read(row.name) == (row.reset, AxiResp.OKAY), row.name
    for row in CSRS:
        if row.name in ("CONTROL", "IMEM_DATA_HI"):
            continue
        value = host.bench.rng.getrandbits(32)
        assert await host.write(row.name, value) == AxiResp.OKAY, row.name
        if row.access == "rw":
            values[row.name] = value
    for row in CSRS:
        assert await host.read(row.name) == (values[row.name], AxiResp.OKAY), row.name
    for name, (signal, shift) in OUTPUTS.items():
        assert known(getattr(dut, signal)) >> shift & 0xFFFFFFFF == values[name], signal
    assert not host.pulses
    assert not host.stored


@cocotb.test()
async def bytes_keep_their_places(dut: Any) -> None:
    host = Host(dut)
    await host.begin()
    await host.write("DRAM_SIZE_LO", 0x11223344)
    for place in range(4):
        offset = TABLE["DRAM_SIZE_LO"].offset + place
        assert await host.write(offset, 0, bytes([0xA0 + place])) == AxiResp.OKAY
        value, _ = await host.read("DRAM_SIZE_LO")
        want = [0xA0 + i if i <= place else 0x11223344 >> 8 * i & 0xFF for i in range(4)]
        assert value == int.from_bytes(bytes(want), "little"), f"after byte {place}: {value:08x}"


@cocotb.test()
async def status_and_counters(dut: Any) -> None:
    host = Host(dut)
    await host.begin()
    rng = host.bench.rng
    for _ in range(20):
        bits = rng.getrandbits(4)
        for i, name in enumerate(STATUS_BITS):
            getattr(dut, name).value = bits >> i & 1
        chains = [rng.getrandbits(32) for _ in Queue]
        dut.chains.value = sum(value << 32 * queue for queue, value in enumerate(chains))
        want = {"STATUS": bits} | {f"CHAINS_{q.name}": chains[q] for q in Queue}
        for name, signal in WIDE.items():
            value = rng.getrandbits(64)
            getattr(dut, signal).value = value
            want |= {f"{name}_LO": value & 0xFFFFFFFF, f"{name}_HI": value >> 32}
        for name, (signal, width) in NARROW.items():
            want[name] = rng.getrandbits(width)
            getattr(dut, signal).value = want[name]
        await host.bench.tick()
        for name, value in want.items():
            assert await host.read(name) == (value, AxiResp.OKAY), name


@cocotb.test()
async def control_acts_once(dut: Any) -> None:
    """Start only where the machine rests without a fault; soft reset always, and it wins."""
    host = Host(dut)
    await host.begin()
    for value, busy, fault, want in (
        (0, 0, 0, []), (1, 0, 0, ["start_req"]), (2, 0, 0, ["reset_req"]), (3, 0, 0, ["reset_req"]),
        (1, 1, 0, []), (2, 1, 0, ["reset_req"]), (1, 0, 1, []), (2, 0, 1, ["reset_req"]), (0xFFFFFFFC, 0, 0, []),
    ):  # fmt: skip
        dut.busy.value, dut.fault.value = busy, fault
        host.pulses.clear()
        assert await host.write("CONTROL", value) == AxiResp.OKAY
        assert host.pulses == want, f"CONTROL = {value}, busy {busy}, fault {fault}: {host.pulses}, want {want}"


@cocotb.test()
async def stores_instructions(dut: Any) -> None:
    host = Host(dut)
    await host.begin()
    words = [host.bench.rng.getrandbits(64) for _ in range(WORDS + 3)]
    await host.write("IMEM_ADDR", 2)
    responses = []
    for word in words:
        await host.write("IMEM_DATA_LO", word & 0xFFFFFFFF)
        responses.append(await host.write("IMEM_DATA_HI", word >> 32))
    assert host.stored == [(2 + i, word) for i, word in enumerate(words[: WORDS - 2])]
    assert responses == [AxiResp.OKAY if i < WORDS - 2 else AxiResp.SLVERR for i in range(len(words))]
    assert await host.read("IMEM_ADDR") == (WORDS, AxiResp.OKAY)


@cocotb.test()
async def refuses_and_keeps(dut: Any) -> None:
    """Offsets outside the table, and every write but CONTROL in a run: SLVERR, nothing changes."""
    host = Host(dut)
    await host.begin()
    for offset in range(0, 256, 4):
        if offset not in {row.offset for row in CSRS}:
            assert await host.read(offset) == (0, AxiResp.SLVERR), hex(offset)
            assert await host.write(offset, 1) == AxiResp.SLVERR, hex(offset)
    dut.busy.value = 1
    for row in CSRS:
        if row.name != "CONTROL":
            assert await host.write(row.name, 0x12345678) == AxiResp.SLVERR, row.name
    for row in CSRS:
        want = row.reset | (1 if row.name == "STATUS" else 0)
        assert await host.read(row.name) == (want, AxiResp.OKAY), row.name
    assert not host.stored
