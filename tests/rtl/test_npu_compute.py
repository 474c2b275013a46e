"""npu_compute with its memories: random chains start, complete and compute as the formulas and the golden model say."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
import pytest
from bench import ROOT, RTL, lint, simulate
from descriptor import descriptor
from reading_work import VRFS, random_chains
from streams import Bench, halves, known, pack, unpack

from npusim.chain import ComputeChain
from npusim.config import NpuConfig, load_config
from npusim.golden import GoldenMachine, Tile, Vector
from npusim.isa import Space
from npusim.pipeline import chain_times
from npusim.rtl.kernels import kernel_modules

pytestmark = pytest.mark.rtl

FIELDS = (
    "native_dim", "lanes", "engines", "shared_weights", "weight_mantissa", "act_mantissa", "mrf_tiles", "initial_vrf",
    "addsub_vrf_0", "addsub_vrf_1", "multiply_vrf_0", "multiply_vrf_1", "expander", "expander_rows", "lat_read",
    "lat_expand", "lat_bfp", "lat_dot", "lat_convert", "lat_acc", "lat_round", "lat_mul", "lat_add", "lat_act",
    "lat_reduce", "lat_write",
)  # fmt: skip
SMALL = {"initial_vrf": 96, "addsub_vrf_0": 40, "addsub_vrf_1": 64, "multiply_vrf_0": 40, "multiply_vrf_1": 33}
GEOMETRIES: dict[str, dict[str, int]] = {
    "tiny": {},
    "late": {"lat_read": 2, "lat_expand": 9, "lat_write": 3, "expander": 23},  # vectors of InitialVrf could overtake
    "quick": {"lat_read": 1, "lat_expand": 2, "lat_write": 1, "engines": 3, "mrf_tiles": 15},
    "flat": {"native_dim": 6, "lanes": 6, "engines": 1, "lat_acc": 1, "mrf_tiles": 12, "clock_mhz": 20},
}
UNUSUAL = ("quick", "flat")
ADDRESS_RANGE, UNINITIALISED = 3, 8


def machine(name: str, shared: bool) -> NpuConfig:
    changes = {"clock_mhz": 50, "expander": 32, **SMALL, **GEOMETRIES[name]}
    changed: dict[str, Any] = {"shared_weights": shared, "block": changes.get("native_dim", 8), **changes}
    return replace(load_config("tiny"), **changed)


# ---- the model -------------------------------------------------------------------------------------------------------


@dataclass
class Schedule:
    """When chains are offered to the unit, start and complete: section 5.3, and the rule of the contract."""

    config: NpuConfig
    offered: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    complete: list[int] = field(default_factory=list)
    chains: list[ComputeChain] = field(default_factory=list)

    def add(self, chain: ComputeChain, offer: int) -> None:
        """Offer a chain in cycle `offer`, but not before what it reads is written, nor before it is the head."""
        times = chain_times(chain, self.config)
        for before, done in zip(self.chains, self.complete, strict=True):
            if done > offer and conflict(before, chain, self.config):
                offer = done
        start = offer
        if self.chains:
            last, began = self.chains[-1], self.start[-1]
            past = chain_times(last, self.config)
            offer = max(offer, began + 1)
            start = max(offer, began + past.busy, began + past.last + 1 - times.first)
            if last.matmul is not None and chain.matmul is not None and last.source.space == Space.EXPANDER:
                wait = self.config.lat_expand - self.config.lat_read if chain.source.space != Space.EXPANDER else 0
                start = max(start, began + past.busy + wait)
        self.offered.append(offer)
        self.start.append(start)
        self.complete.append(start + times.complete)
        self.chains.append(chain)


def conflict(before: ComputeChain, chain: ComputeChain, config: NpuConfig) -> bool:
    """True if the chain reads what one before it writes."""
    writes = [(region.memory, set(region.addresses.tolist())) for region in before.writes(config)]
    return any(
        memory == region.memory and not addresses.isdisjoint(region.addresses.tolist())
        for region in chain.reads(config)
        for memory, addresses in writes
    )


def writes(chain: ComputeChain, space: Space, addr: int, config: NpuConfig) -> bool:
    return any(region.memory == int(space) and addr in region.addresses for region in chain.writes(config))


def random_vector(rng: random.Random, lanes: int) -> Vector:
    return tuple(rng.getrandbits(16) & 0x83FF | rng.randint(11, 17) << 10 for _ in range(lanes))


# ---- in the simulator ------------------------------------------------------------------------------------------------


class Device:
    """The bench's ports."""

    def __init__(self, bench: Bench, config: NpuConfig) -> None:
        self.bench, self.dut, self.config, self.rng = bench, bench.dut, config, random.Random(bench.seed)
        for name in ("clear", "stop", "s_valid", "d_valid", "d_write", "xd_valid", "w_valid"):
            getattr(self.dut, name).value = 0

    async def fill(self, golden: GoldenMachine) -> None:
        """Write every vector and every tile, in the golden model too."""
        c, dut = self.config, self.dut
        for addr in range(max(c.depth(space) for space in VRFS)):
            data = random_vector(self.rng, c.native_dim)
            inside = [addr < c.depth(space) for space in VRFS]
            for space, here in zip(VRFS, inside, strict=True):
                if here:
                    golden.vrf[space][addr] = data
            dut.d_valid.value, dut.d_write.value = pack(inside, 1), 1
            dut.d_addr.value, dut.d_wdata.value = pack([addr] * 5, 24), pack(data)
            await self.bench.tick()
            assert known(dut.d_ready) == 31, "the DMA waits although nothing computes"
        dut.d_valid.value = 0
        for addr in range(c.expander):
            golden.vrf[Space.EXPANDER][addr] = data = random_vector(self.rng, c.native_dim)
            dut.xd_valid.value, dut.xd_addr.value, dut.xd_wdata.value = 1, addr, pack(data)
            await self.bench.tick()
        dut.xd_valid.value = 0
        for place in range(len(golden.matrix)):
            await self._tile(golden, place)
        dut.w_valid.value = 0
        await self.bench.tick(4)

    async def _tile(self, golden: GoldenMachine, place: int) -> None:
        c, dut, rng = self.config, self.dut, self.rng
        ways, width, limit = 1 if c.shared_weights else c.engines, c.weight_mantissa + 1, 1 << c.weight_mantissa
        rows = tuple(tuple(rng.randrange(1 - limit, limit) for _ in range(c.native_dim)) for _ in range(c.native_dim))
        exponents = tuple(rng.randint(-4, 1) for _ in range(c.native_dim))
        golden.matrix[place] = Tile(rows, exponents)
        for chunk in range(c.tile_cycles + 1):
            mantissas = [q for row in rows for q in row[chunk * c.lanes : (chunk + 1) * c.lanes]]
            dut.w_data.value = pack(exponents, 8) if chunk == c.tile_cycles else pack(mantissas, width)
            dut.w_valid.value, dut.w_chunk.value = 1, chunk
            dut.w_slot.value, dut.w_engine.value = place // ways, place % ways
            await self.bench.tick()

    async def play(self, schedule: Schedule, cycles: int) -> dict[int, tuple[int, int]]:
        """Offer the chains; returns completions by cycle: give, number. Checks the cycle of every start."""
        dut, done, number = self.dut, {}, 0
        self.busy_mm = self.busy_vector = self.overflows = 0
        for cycle in range(cycles):
            offered = number < len(schedule.chains) and cycle >= schedule.offered[number]
            dut.s_valid.value = int(offered)
            if offered:
                dut.s_desc.value = descriptor(schedule.chains[number], number)
            else:
                dut.s_desc.value = self.rng.getrandbits(len(dut.s_desc))
            await self.bench.tick()
            starts = offered and known(dut.s_ready) == 1
            if offered:
                want = cycle == schedule.start[number]
                text = f"chain {number} offered in {schedule.offered[number]}"
                assert starts == want, (
                    f"{text}: ready is {int(starts)} in {cycle}, expected start {schedule.start[number]}"
                )
            number += starts
            if known(dut.done_valid):
                done[cycle] = known(dut.done_give), known(dut.done_seq)
            self.busy_mm += known(dut.busy_mm)
            self.busy_vector += known(dut.busy_vector)
            self.overflows += known(dut.overflow)
            assert not known(dut.fault_valid), (
                f"fault {known(dut.fault_code)}, word {known(dut.fault_word)}, in {cycle}"
            )
            assert not known(dut.unwritten_valid), f"read of an unwritten vector in {cycle}"
        return done

    async def contents(self, memory: int) -> list[Vector]:
        """Read a vector memory through the DMA's port."""
        c, dut, found = self.config, self.dut, []
        dut.d_write.value, dut.d_valid.value = 0, 1 << memory
        for addr in range(c.depth(VRFS[memory])):
            dut.d_addr.value = addr << 24 * memory
            await self.bench.tick()
            found += self._read(memory)
        dut.d_valid.value = 0
        for _ in range(4):
            await self.bench.tick()
            found += self._read(memory)
        return found

    def _read(self, memory: int) -> list[Vector]:
        if not known(self.dut.d_rvalid) >> memory & 1:
            return []
        width = 16 * self.config.native_dim
        bits = str(self.dut.d_rdata.value)[::-1][memory * width : (memory + 1) * width][::-1]  # others may be X
        return [tuple(unpack(int(bits, 2), self.config.native_dim))]


@cocotb.test()
async def chains_start_and_compute(dut: Any) -> None:
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    device, golden = Device(bench, config), GoldenMachine(config)
    await bench.reset()
    await device.fill(golden)
    schedule, rng = Schedule(config), device.rng
    now = 2
    while len(schedule.chains) < bench.job["chains"]:
        for chain in random_chains(rng, config, (Space.INITIAL_VRF, Space.INITIAL_VRF, Space.EXPANDER)):
            schedule.add(chain, now)
            now = schedule.start[-1] + rng.choice((0, 0, 0, 1, rng.randint(0, 30)))
            golden._compute(chain)
    done = await device.play(schedule, max(schedule.complete) + 5)
    want = {at: (chain.give, n) for n, (at, chain) in enumerate(zip(schedule.complete, schedule.chains, strict=True))}
    assert len(want) == len(schedule.chains)
    for at, (_, n) in want.items():
        assert done.get(at) == want[at], (
            f"chain {n}: complete {want[at]} in {at}, got {done.get(at)}; {schedule.chains[n]}"
        )
    assert done == want
    busy = [(chain.matmul is not None, chain_times(chain, config).busy) for chain in schedule.chains]
    assert device.busy_mm == sum(cycles for mm, cycles in busy if mm)
    assert device.busy_vector == sum(cycles for mm, cycles in busy if not mm)
    assert (device.overflows > 0) == golden.overflow
    for memory, space in enumerate(VRFS):
        got = await device.contents(memory)
        assert len(got) == config.depth(space)
        for addr, (found, right) in enumerate(zip(got, golden.vrf[space], strict=True)):
            assert right is not None
            writers = [n for n, chain in enumerate(schedule.chains) if writes(chain, space, addr, config)]
            last = f" (chain {writers[-1]}: {schedule.chains[writers[-1]]})" if writers else ""
            both = [halves(pack(vector), len(vector)) for vector in (found, right)]
            assert found == right, f"{space.name} {addr}{last}: got {both[0]}, want {both[1]}"
    waits = np.array(schedule.start) - np.array(schedule.offered)
    assert waits.any(), "no chain waited"
    assert not waits.all(), "every chain waited"


@cocotb.test()
async def faults_name_their_word(dut: Any) -> None:
    """An address outside, a vector that nothing has written, then a clear: the next run is clean."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    device, golden = Device(bench, config), GoldenMachine(config)
    await bench.reset()
    await device.fill(golden)
    for kind in ("outside", "unwritten", "clean", "outside", "clean"):
        chain = random_chains(device.rng, config, (Space.INITIAL_VRF,))[-1]
        chain = replace(chain, end=device.rng.getrandbits(24), mfu0=type(chain.mfu0)(), mfu1=type(chain.mfu1)())
        regs = chain.regs._replace(pad_top=0, pad_left=0, rd_row=0, rd_col=0)
        addr = config.initial_vrf - (0 if kind == "outside" else regs.kc)
        chain = replace(chain, regs=regs, source=replace(chain.source, addr=addr))
        if kind == "unwritten":
            dut.clear.value = 1
            await bench.tick()
            dut.clear.value = 0
        seen = []
        dut.s_valid.value, dut.s_desc.value = 1, descriptor(chain, 0)
        for _ in range(chain_times(chain, config).complete + 9):
            await bench.tick()
            dut.s_valid.value = 0
            if known(dut.fault_valid) or known(dut.unwritten_valid):
                side = "fault" if known(dut.fault_valid) else "unwritten"
                seen.append(tuple(known(getattr(dut, f"{side}_{name}")) for name in ("code", "word")))
                dut.stop.value = 1
            assert not (seen and known(dut.done_valid)), "a chain completed after the fault"
        want = {"outside": (ADDRESS_RANGE, chain.end), "unwritten": (UNINITIALISED, chain.end)}.get(kind)
        assert seen[:1] == ([] if want is None else [want]), f"{kind}: faults {seen[:4]}, expected {want}"
        dut.stop.value = 0
        await bench.reset()
        await device.fill(golden)


# ---- in pytest -------------------------------------------------------------------------------------------------------


def modules(top: Path) -> list[Path]:
    """A file and those in rtl/ of all the modules below it: a file has its module's name."""
    found = [top]
    for file in found:
        names = re.findall(r"^ *(npu_\w+) ", file.read_text(), re.M)
        found += [path for name in dict.fromkeys(names) if (path := RTL / f"{name}.v") not in found]
    return found


def prepare(config: NpuConfig, top: Path, folder: Path) -> tuple[list[str | Path], dict[str, int]]:
    """Sources, the configuration's kernels written to the folder, and parameters."""
    paths: list[str | Path] = [*modules(top)]
    for name, text in kernel_modules(config).items():
        (folder / name).write_text(text)
        paths.append(folder / name)
    return paths, {name.upper(): int(getattr(config, name)) for name in FIELDS}


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
@pytest.mark.parametrize(
    "geometry", ["tiny", "late", *(pytest.param(name, marks=pytest.mark.slow) for name in UNUSUAL)]
)
def test_compute(simulator: str, geometry: str, shared: bool, tmp_path: Path) -> None:
    config = machine(geometry, shared)
    sources, parameters = prepare(config, ROOT / "tests" / "rtl" / "compute_bench.v", tmp_path)
    job = {"config": config.to_dict(), "chains": 60}
    simulate("compute_bench", sources, __name__, simulator, parameters=parameters, job=job)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_lint_is_clean(geometry: str, shared: bool, tmp_path: Path) -> None:
    sources, parameters = prepare(machine(geometry, shared), RTL / "npu_compute.v", tmp_path)
    lint("npu_compute", sources, parameters)
