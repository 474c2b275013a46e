"""The tail against the golden model and the pipeline's formulas: reads, writes, completions, faults, by cycle."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from streams import Bench, halves, known, pack
from tail_work import VRFS, Vector, Work, beyond, contents, random_chains

from npusim.config import NpuConfig, load_config
from npusim.rtl.kernels import kernel_modules

pytestmark = pytest.mark.rtl

SOURCES = [
    f"npu_{name}.v"
    for name in ("tail", "walk", "operand", "mfu", "mfu_lane", "reduce", "reduce_lane", "writeback", "delay")
]  # fmt: skip
KERNELS = [f"f16_{name}" for name in ("mul", "add", "max", "clip", "leaky_relu", "sigmoid", "tanh", "to_fixed")]
KERNELS += ["sum_to_f16"]
FIELDS = (
    "native_dim", "initial_vrf", "addsub_vrf_0", "addsub_vrf_1", "multiply_vrf_0", "multiply_vrf_1", "lat_read",
    "lat_mul", "lat_add", "lat_act", "lat_reduce", "lat_write", "sigmoid_tanh_0", "sigmoid_tanh_1",
)  # fmt: skip
MACHINES = {
    "tiny": {},
    "private": {"shared_weights": False, "native_dim": 4, "lanes": 1, "initial_vrf": 90, "multiply_vrf_1": 33,
                "sigmoid_tanh_1": False},
    "short": {"clock_mhz": 10, "lat_read": 1, "lat_mul": 1, "lat_add": 1, "lat_act": 1, "lat_reduce": 3,
              "lat_write": 1, "native_dim": 3, "lanes": 1, "engines": 3, "lat_acc": 3},
    "long": {"lat_read": 7, "lat_expand": 7, "lat_mul": 5, "lat_add": 9, "lat_act": 12, "lat_reduce": 7, "lat_write": 4,
             "native_dim": 2, "lanes": 1, "engines": 2, "lat_acc": 2, "sigmoid_tanh_0": False, "sigmoid_tanh_1": False},
}  # fmt: skip
STAGES = {f"{name}{unit}" for unit in (0, 1) for name in (
    "mul", "add", "a_sub_b", "b_sub_a", "max", "relu", "clip", "lrelu", "sigm", "tanh")}  # fmt: skip
EVERYTHING = STAGES | {"reduce max", "reduce add", "reduce None", "0 targets", "1 targets", "5 targets"}


def machine(name: str) -> NpuConfig:
    changes = {"clock_mhz": 60, **MACHINES[name]}
    return replace(load_config("tiny"), block=changes.get("native_dim", 8), **changes)  # type: ignore[arg-type]


# ---- in the simulator ------------------------------------------------------------------------------------------------


class Player:
    """Plays a work's cycles with a model of the operand memories, and compares what the tail does in each of them."""

    def __init__(self, bench: Bench, config: NpuConfig) -> None:
        self.bench, self.dut, self.config = bench, bench.dut, config
        self.lanes = config.native_dim
        self.asked: deque[dict[int, int]] = deque([{}] * config.lat_read, config.lat_read)
        for name in ("pre_valid", "stop", "clear"):
            getattr(self.dut, name).value = 0

    async def play(self, work: Work, cycles: Iterable[int], stop: int | None = None) -> None:
        """Drive and check; stop: from this cycle on the machine is stopped."""
        dut = self.dut
        flags = []
        for cycle in cycles:
            stopped = stop is not None and cycle >= stop
            dut.stop.value = int(stopped)
            self._drive(work, cycle)
            await self.bench.tick()
            self._reads(work, cycle)
            self._writes(work, cycle, stopped)
            self._reports(work, cycle, stopped)
            if known(dut.overflow):
                flags.append(cycle)
        if work.apart:
            for first, last, want in work.saturated:
                got = any(first <= at <= last for at in flags)
                assert got == want, f"overflow of the chain in cycles {first}..{last}: got {got}, want {want}"
        elif stop is None and work.fault is None:
            assert bool(flags) == any(want for _, _, want in work.saturated)

    def _drive(self, work: Work, cycle: int) -> None:
        """Set all inputs; junk where nothing is valid."""
        dut, rng = self.dut, self.bench.rng
        first, last, bus = work.pre.get(cycle, (rng.getrandbits(1), rng.getrandbits(1), None))
        dut.pre_valid.value = int(bus is not None)
        dut.pre_first.value, dut.pre_last.value = int(first), int(last)
        dut.pre_desc.value = rng.getrandbits(len(dut.pre_desc)) if bus is None else bus
        dut.x_data.value = self._bus(work.entering.get(cycle))
        asked = self.asked[0]
        ports = [contents(VRFS[m], asked[m], self.lanes) if m in asked else None for m in range(1, 5)]
        dut.rd_data.value = sum(self._bus(port) << 16 * self.lanes * k for k, port in enumerate(ports))

    def _bus(self, value: Vector | None) -> int:
        return self.bench.rng.getrandbits(16 * self.lanes) if value is None else pack(value)

    def _reads(self, work: Work, cycle: int) -> None:
        en, addr = known(self.dut.rd_en), self.dut.rd_addr.value
        got = {m: int(addr[24 * m - 1 : 24 * m - 24]) for m in range(1, 5) if en >> (m - 1) & 1}
        want = work.reads.get(cycle, {})
        assert got == want, f"cycle {cycle}: reads by memory: got {named(got)}, want {named(want)}"
        self.asked.append(got)

    def _writes(self, work: Work, cycle: int, stopped: bool) -> None:
        en, addr, data = known(self.dut.wr_en), self.dut.wr_addr.value, self.dut.wr_data.value
        got = {m: int(addr[24 * m + 23 : 24 * m]) for m in range(5) if en >> m & 1}
        write = work.writes.get(cycle)
        want = {} if write is None or stopped else write.addrs
        assert got == want, f"cycle {cycle}: writes by memory: got {named(got)}, want {named(want)}"
        if write is not None and got:
            assert known(self.dut.wb_seq) == write.seq
            right = pack(write.data)
            assert int(data) == right, (
                f"cycle {cycle}, chain {write.seq}: wrote\n{halves(int(data), self.lanes)}, want\n"
                f"{halves(right, self.lanes)}"
            )

    def _reports(self, work: Work, cycle: int, stopped: bool) -> None:
        dut = self.dut
        done = (known(dut.done_give), known(dut.done_seq)) if known(dut.done_valid) else None
        want = None if stopped else work.done.get(cycle)
        assert done == want, f"cycle {cycle}: done (give, number): got {done}, want {want}"
        fault = (cycle, known(dut.fault_code), known(dut.fault_word)) if known(dut.fault_valid) else None
        right = work.fault if work.fault and work.fault[0] == cycle and not stopped else None
        assert fault == right, f"cycle {cycle}: fault (cycle, code, word): got {fault}, want {right}"


def named(addrs: dict[int, int]) -> dict[str, int]:
    return {VRFS[m].name: addr for m, addr in addrs.items()}


@cocotb.test()
async def runs_chains(dut: Any) -> None:
    """Chains one behind the other; then far apart, where each has its own overflow flag."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    player = Player(bench, config)
    seen: set[str] = set()
    for apart in (False, True):
        work = Work(config, random.Random(bench.seed), apart)
        while work.chains < bench.job["chains"]:
            for chain in random_chains(work.rng, config):
                work.run(chain)
        await bench.reset()
        await player.play(work, range(work.cycles))
        seen |= work.seen
    want = EVERYTHING | {"overflow True", "overflow False"} | (set() if config.shared_weights else {"tiles"})
    want -= {f"{name}{unit}" for unit in (0, 1) if not config.sigmoid_tanh[unit] for name in ("sigm", "tanh")}
    assert seen >= want, f"the random chains never had: {', '.join(sorted(want - seen))}; raise `chains`"


@cocotb.test()
async def reports_faults(dut: Any) -> None:
    """Each run ends with a chain that leaves a memory or cuts a run; what stands before it is written."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    player = Player(bench, config)
    codes = []
    for run in range(bench.job["faults"]):
        work = Work(config, random.Random(1000 * bench.seed + run))
        for _ in range(work.rng.randint(0, 2)):
            for chain in random_chains(work.rng, config):
                work.run(chain)
        while work.fault is None:
            chain = random_chains(work.rng, config)[0]
            if chain.holds:
                continue
            if run % 3:
                work.run(beyond(work.rng, chain, config))
            elif chain.reduce is not None and chain.regs.red_run > 1:
                short = chain.elements - work.rng.randint(1, chain.regs.red_run - 1)
                work.run(chain, short)
        codes.append(work.fault[1])
        work.run(random_chains(work.rng, config)[0])  # what follows is not written
        await bench.reset()
        await player.play(work, range(work.cycles))
    assert set(codes) == {2, 3}


@cocotb.test()
async def stops_and_clears(dut: Any) -> None:
    """From `stop` on nothing is written; a pulse of `clear` drops what is under way, and new chains run."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    player = Player(bench, config)
    await bench.reset()
    for run in range(6):
        work = Work(config, random.Random(1000 * bench.seed + run))
        while work.chains < 6:
            for chain in random_chains(work.rng, config):
                work.run(chain)
        if run == 5:
            await player.play(work, range(work.cycles))
            break
        end = bench.rng.randint(work.cycles // 3, work.cycles)
        await player.play(work, range(end), end - 25 if run % 2 else end + 1)
        dut.pre_valid.value, dut.clear.value = 0, 1
        await bench.tick()
        dut.clear.value = 0


# ---- in pytest -------------------------------------------------------------------------------------------------------


def parameters(config: NpuConfig) -> dict[str, int]:
    return {field.upper(): int(getattr(config, field)) for field in FIELDS}


@pytest.fixture
def kernels(tmp_path: Path) -> Any:
    def write(config: NpuConfig) -> list[Path]:
        texts = kernel_modules(config)  # no sigmoid and tanh where no unit has them
        files = {tmp_path / f"k_{name}.v": texts[f"k_{name}.v"] for name in KERNELS if f"k_{name}.v" in texts}
        for file, text in files.items():
            file.write_text(text)
        return list(files)

    return write


@pytest.mark.parametrize("name", MACHINES)
def test_values_addresses_and_cycles(simulator: str, name: str, kernels: Any) -> None:
    config = machine(name)
    job = {"config": config.to_dict(), "chains": 120, "faults": 20}
    simulate("npu_tail", [*SOURCES, *kernels(config)], __name__, simulator, parameters=parameters(config), job=job)


@pytest.mark.parametrize("name", MACHINES)
def test_lint(name: str, kernels: Any) -> None:
    config = machine(name)
    lint("npu_tail", [*SOURCES, *kernels(config)], parameters(config))
