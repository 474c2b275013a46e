"""Runs a program of moves on `npu_dma_bench` and compares values, starts and completions with the reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from bench import simulate
from cocotb.triggers import RisingEdge
from descriptor import descriptor
from dma_model import VRFS, Expected, Halves
from streams import Bench, compare, known, unpack

from npusim.chain import Decoded
from npusim.config import NpuConfig
from npusim.engine.timing import simulate_time
from npusim.isa import Queue, Space

SOURCES = (
    "npu_weight_dma.v", "npu_vector_dma.v", "npu_dram.v", "npu_bursts.v", "npu_beats.v", "npu_gearbox.v", "npu_fifo.v",
    "npu_skid.v", "npu_dma_store.v", "npu_dma_fetch.v", "npu_dma_guard.v", "npu_dma_send.v", "npu_dma_done.v",
    "npu_dma_receive.v", "npu_dma_pace.v", "npu_flush.v", "npu_later.v", "npu_queue.v", "npu_semaphores.v",
    "npu_memories.v", "npu_vrf.v", "npu_ram.v", "npu_delay.v", "axi_dram.v",
    Path(__file__).with_name("npu_dma_bench.v"),
)  # fmt: skip
PARAMETERS = (
    "NATIVE_DIM", "LANES", "ENGINES", "SHARED_WEIGHTS", "WEIGHT_MANTISSA", "MRF_TILES", "INITIAL_VRF", "ADDSUB_VRF_0",
    "ADDSUB_VRF_1", "MULTIPLY_VRF_0", "MULTIPLY_VRF_1", "EXPANDER", "QUEUE_DEPTH", "DRAM_BURST", "NET_BYTES", "LAT_SEM",
    "LAT_ISSUE", "LAT_READ", "LAT_DMA",
)  # fmt: skip


def parameters(config: NpuConfig, **more: int) -> dict[str, int]:
    """Parameters of npu_dma_bench."""
    every, width = config.verilog_parameters(), 8
    while width < config.dram_rate:
        width *= 2
    rate = {"RATE_NUM": config.dram_rate.numerator, "RATE_DEN": config.dram_rate.denominator}
    return {name: every[name] for name in PARAMETERS} | rate | {
        "AXI_BYTES": width, "LATENCY": config.dram_latency, **more}  # fmt: skip


def run_bench(
    test: str, case: str, simulator: str, config: NpuConfig, job: dict[str, Any], *, gaps: str = "free",
    plusargs: tuple[str, ...] = (), seed: int | None = None, **more: int,
) -> Path:  # fmt: skip
    """Build and run one case; the configuration travels in the job. DRAM is dumped to dram.bin of the run's folder."""
    plusargs = (*plusargs, "+dram_dump=dram.bin", "+dram_dump_from=0", f"+dram_dump_bytes={1 << 17}")
    return simulate(
        "npu_dma_bench", SOURCES, test, simulator, parameters=parameters(config, **more),
        job={**job, "config": config.to_dict()}, gaps=gaps, cases=[case], plusargs=plusargs, seed=seed,
    )  # fmt: skip


@dataclass
class Seen:
    """What came out, by cycle of the run."""

    start: dict[int, int] = field(default_factory=dict)
    complete: dict[int, int] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    memories: dict[Space, dict[int, int]] = field(default_factory=lambda: {s: {} for s in (Space.EXPANDER, *VRFS)})
    parts: list[tuple[int, int, int, int]] = field(default_factory=list)
    net_out: list[tuple[int, int]] = field(default_factory=list)
    faults: list[tuple[str, int, int]] = field(default_factory=list)
    net_taken: int = 0
    read: int = 0
    written: int = 0
    cycle: int = 0


class DmaBench:
    """Drives the queues as dispatch does, feeds NetInQ, drains NetOutQ, notes everything else."""

    def __init__(self, dut: Any) -> None:
        self.bench, self.dut = Bench(dut), dut
        self.config = NpuConfig(**self.bench.job["config"])
        self.traffic = 0.0  # how often the compute path reads, and writes, a memory
        self.limit: int | None = None  # bytes of DRAM that may be touched
        self.known_dram = b""  # what a bench knows to be in DRAM

    async def begin(self, base: int = 0, size: int | None = None, *, bus: bool = True) -> None:
        """Reset; `bus`: the AXI inputs are set too, which is wrong where a model drives them."""
        zeros = ("clear", "stop", "dump", "wq_valid", "vq_valid", "q_desc", "s_net_valid", "s_net_data", "m_net_ready",
                 "busy_rd", "busy_wr", "busy_addr", "m_axi_arready", "m_axi_rvalid", "m_axi_rid", "m_axi_rdata",
                 "m_axi_rresp", "m_axi_rlast", "m_axi_awready", "m_axi_wready", "m_axi_bvalid", "m_axi_bid",
                 "m_axi_bresp")  # fmt: skip
        self._driven: dict[str, int] = {}
        inputs = {name: 0 for name in zeros if bus or not name.startswith("m_axi")}
        await self.bench.reset(**inputs, cfg_dram_base=base,
                               cfg_dram_size=self.config.dram_bytes if size is None else size)  # fmt: skip

    async def dump(self, count: int) -> bytes:
        """The first bytes of axi_dram."""
        self.dut.dump.value = 1
        for _ in range(3):
            await RisingEdge(self.dut.clk)
        self.dut.dump.value = 0
        await RisingEdge(self.dut.clk)
        data = Path("dram.bin").read_bytes()
        assert len(data) >= count, f"the dump has {len(data)} bytes, want {count}"
        return data[:count]

    async def run(
        self,
        decoded: Decoded,
        net_in: list[int],
        dispatched: dict[int, int],
        timeout: int,
        *,
        until_fault: bool = False,
        changed: dict[int, int] | None = None,
    ) -> Seen:
        """Run until every chain is complete; cycle 0 is the cycle in which the first word is dispatched.

        changed: descriptors to dispatch in place of those of a chain, by its index.
        """
        dut, bench, seen = self.dut, self.bench, Seen()
        left = sorted(decoded.chains, key=lambda chain: dispatched[chain.index])
        width = self.config.net_bytes
        offered = False
        late = 0
        while len(seen.complete) < len(decoded.chains):
            if seen.cycle > timeout:
                waits = [chain.index for chain in decoded.chains if chain.index not in seen.complete]
                raise AssertionError(f"after {timeout} cycles these chains are not complete: {waits}")
            chain = left[0] if left and seen.cycle >= dispatched[left[0].index] + late else None
            self._set("wq_valid", int(chain is not None and chain.queue is Queue.WEIGHT))
            self._set("vq_valid", int(chain is not None and chain.queue is Queue.VECTOR))
            if chain is not None:
                self._set("q_desc", (changed or {}).get(chain.index) or descriptor(chain))
            offered = offered or (seen.net_taken < len(net_in) and not bench.gap("source"))
            self._set("s_net_valid", int(offered))
            self._set("s_net_data", net_in[seen.net_taken] if offered else (1 << 8 * width) - 1)
            open_now = not bench.gap("sink")
            self._set("m_net_ready", int(open_now))
            if self.traffic:
                self._set("busy_rd", self._busy())
                self._set("busy_wr", self._busy())
                self._set("busy_addr", bench.rng.getrandbits(16))
            await RisingEdge(dut.clk)
            if chain is not None:
                if known(dut.wq_ready if chain.queue is Queue.WEIGHT else dut.vq_ready):
                    left.pop(0)
                else:
                    late += 1
            if offered and known(dut.s_net_ready):
                seen.net_taken += 1
                offered = False
            self._note(seen, open_now)
            seen.cycle += 1
            if seen.faults and until_fault:
                return seen
        assert not seen.faults, f"fault {seen.faults[0]}"
        return seen

    def rest(self) -> None:
        """Offer nothing more."""
        for name in ("wq_valid", "vq_valid", "s_net_valid"):
            self._set(name, 0)

    def _set(self, name: str, value: int) -> None:
        if self._driven.get(name) != value:
            getattr(self.dut, name).value = self._driven[name] = value

    def _busy(self) -> int:
        return sum(1 << m for m in range(5) if self.bench.rng.random() < self.traffic)

    def _note(self, seen: Seen, open_now: bool) -> None:
        dut, now, happens = self.dut, seen.cycle, known(self.dut.happens)
        if happens & 1 and open_now:
            seen.net_out.append((known(dut.m_net_data), known(dut.m_net_last)))
        for queue in ("w", "v") if happens & 0b1110 else ():
            if known(getattr(dut, f"{queue}_start")):
                seen.start[known(getattr(dut, f"{queue}_start_seq"))] = now
            if known(getattr(dut, f"{queue}_done")):
                number = known(getattr(dut, f"{queue}_done_seq"))
                assert number not in seen.complete, f"chain {number} is complete twice"
                seen.complete[number] = now
                seen.order.append(number)
            if known(getattr(dut, f"{queue}_fault")):
                code, word = known(getattr(dut, f"{queue}_fault_code")), known(getattr(dut, f"{queue}_fault_word"))
                seen.faults.append((queue, code, word))
        if happens & 0b1100_0000 and self.limit is not None:
            for side in ("ar", "aw"):
                if known(getattr(dut, f"m_axi_{side}valid")):
                    end = known(getattr(dut, f"m_axi_{side}addr")) + (known(getattr(dut, f"m_axi_{side}user")) & 0x1FFF)
                    assert end <= self.limit, f"DRAM byte {end - 1} is asked for, the program has {self.limit}"
        if happens & 0b1100_0000:
            seen.read += known(dut.read_bytes)
            seen.written += known(dut.write_bytes)
        if happens & 0b10_0000:
            seen.parts.append((known(dut.w_slot), known(dut.w_engine), known(dut.w_chunk), known(dut.w_data)))
        if happens & 0b1_0000:
            valid = known(dut.vec_valid)
            addresses = unpack(known(dut.vec_addr), 6, 24)
            for place, space in enumerate((Space.EXPANDER, *VRFS)):
                if valid >> place & 1:
                    seen.memories[space][addresses[place]] = known(dut.vec_data)


def check_values(seen: Seen, want: Expected) -> None:
    """Everything that the moves wrote but DRAM."""
    lanes = want.config.native_dim
    compare(seen.parts, want.parts)
    compare(seen.net_out, want.net_out)
    for space, vectors in want.memories.items():
        got = seen.memories[space]
        assert sorted(got) == sorted(vectors), (
            f"{space.name}: other addresses are written: {sorted(set(got) ^ set(vectors))}"
        )
        for address, vector in vectors.items():
            halves = unpack(got[address], lanes)
            assert halves == vector.tolist(), f"{space.name} {address}: got {halves}, want {vector.tolist()}"


def check_times(seen: Seen, decoded: Decoded, config: NpuConfig, slack: int = 0) -> None:
    """Starts and completions are the simulator's; slack: cycles that they may differ."""
    timing = simulate_time(decoded, config)
    wrong = []
    for span in timing.spans:
        index = span.chain.index
        got, want = (seen.start[index], seen.complete[index]), (span.start, span.complete)
        if max(abs(g - w) for g, w in zip(got, want, strict=True)) > slack:
            wrong.append(f"chain {index} (word {span.chain.end}) starts, is complete at {got}, want {want}")
    assert not wrong, "\n".join(wrong[:5])
    assert (seen.read, seen.written) == (timing.dram_read, timing.dram_written)


def vectors_of(data: bytes, lanes: int) -> Halves:
    """Bytes as vectors."""
    return np.frombuffer(data, np.uint16).reshape(-1, lanes)
