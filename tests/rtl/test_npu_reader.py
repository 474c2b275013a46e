"""The reader against the simulator's address loops and read times, chain behind chain, and its faults."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from descriptor import descriptor
from reading_work import Read, random_chains, reads, skew
from streams import Bench, known

from npusim.chain import ComputeChain
from npusim.config import NpuConfig, load_config
from npusim.isa import Space
from npusim.pipeline import chain_times

pytestmark = pytest.mark.rtl

SOURCES = ["npu_reader.v"]
FIELDS = ("native_dim", "lanes", "engines", "shared_weights", "mrf_tiles", "initial_vrf", "expander")
GEOMETRIES: dict[str, dict[str, int]] = {
    "tiny": {},
    "fewer": {"native_dim": 16, "engines": 3, "mrf_tiles": 15},  # engines rest in a tile
    "one": {"engines": 1, "mrf_tiles": 5},
    "flat": {"native_dim": 6, "lanes": 6, "engines": 1, "lat_acc": 1, "mrf_tiles": 12},  # a tile is one cycle
}
VRF, EXPANDER = Space.INITIAL_VRF, Space.EXPANDER
HUGE = ((1 << 32) - 1, 1 << 31, 1 << 24, (1 << 24) - 1, 1 << 23, 1 << 20)


def machine(name: str, shared: bool) -> NpuConfig:
    changes = GEOMETRIES[name]
    size = changes.get("native_dim", 8)
    changed: dict[str, Any] = {"shared_weights": shared, "block": size, **changes}
    return replace(load_config("tiny"), **changed)


# ---- in the simulator ------------------------------------------------------------------------------------------------


async def run(bench: Bench, chain: ComputeChain, config: NpuConfig) -> tuple[dict[int, dict[str, int]], int | None]:
    """Start a chain and watch it to its end: signals of each cycle with a read, the first cycle with a fault."""
    dut, found, fault = bench.dut, {}, None
    names = [name for name in dir(dut) if name.startswith("m_")]
    dut.start.value, dut.desc.value = 1, descriptor(chain)
    for cycle in range(chain_times(chain, config).busy + 1):
        await bench.tick()
        dut.start.value = 0
        assert known(dut.active) == (cycle > 0), f"cycle {cycle}: active is {known(dut.active)}"
        if known(dut.fault) and fault is None:
            fault = cycle
        if known(dut.m_valid):
            found[cycle] = {name: known(getattr(dut, name)) for name in names}
        if known(dut.ends):
            if chain.matmul is not None:
                assert known(dut.skew) == skew(chain, config)
            return found, fault
    raise AssertionError("the chain did not end")


def compare(got: dict[str, int], want: Read, where: str) -> None:
    """One read; fields that nobody looks at are free."""
    right = {"m_first": want.first, "m_last": want.last, "m_k": want.k} | {
        "m_elem": want.elem, "m_elem_first": want.elem_first, "m_elem_last": want.elem_last,
    }  # fmt: skip
    if not got["m_expand"]:
        del right["m_k"]
        right["m_pad"] = want.at is None
        if want.at is not None:
            right["m_addr"] = want.at
    for name, value in right.items():
        assert got[name] == value, f"{where}: {name} is {got[name]}, expected {int(value)}"


@cocotb.test()
async def reads_what_the_simulator_reads(dut: Any) -> None:
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    rng, lengths = random.Random(bench.seed), set()
    dut.start.value = 0
    await bench.reset()
    done = 0
    while done < bench.job["chains"]:
        for chain in random_chains(rng, config, (VRF, VRF, EXPANDER)):
            want, times = reads(chain, config), chain_times(chain, config)
            got, fault = await run(bench, chain, config)
            text = f"chain {done}, {chain}"
            assert fault is None, f"{text}: fault in cycle {fault}"
            assert sorted(got) == sorted(want), f"{text}: reads in {sorted(got)[:30]}, expected {sorted(want)[:30]}"
            for cycle, read in want.items():
                compare(got[cycle], read, f"{text}, cycle {cycle}")
                if chain.matmul is not None:
                    matrix = {"m_engine": read.engine, "m_count": read.count, "m_slot": read.slot}
                    assert {name: got[cycle][name] for name in matrix} == matrix, f"{text}, cycle {cycle}"
                if chain.source.space == EXPANDER:
                    r, c = divmod(read.position, chain.regs.cols)
                    y, x = r * chain.regs.stride_h - chain.regs.pad_top, c * chain.regs.stride_w - chain.regs.pad_left
                    at = chain.source.addr + y * chain.regs.rd_row
                    origin = tuple((got[cycle][name] ^ 1 << 47) - (1 << 47) for name in ("m_y", "m_x", "m_row"))
                    assert origin == (y, x, at), f"{text}, cycle {cycle}: origin {origin}, expected {(y, x, at)}"
            lengths.add(times.busy)
            done += 1
            for _ in range(rng.choice((0, 0, 0, 1, 3))):  # mostly, the next chain starts in the next cycle
                dut.desc.value = rng.getrandbits(len(dut.desc))
                await bench.tick()
                assert not any(known(signal) for signal in (dut.m_valid, dut.active, dut.fault))
    assert 1 in lengths, "no chain took one cycle"


@cocotb.test()
async def never_reads_outside(dut: Any) -> None:
    """Huge strides, pitches, pads: a read inside the map gives its exact address or a fault, never another vector."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    rng = random.Random(bench.seed + 1)
    dut.start.value = 0
    await bench.reset()
    faults = clean = 0
    names = (
        "stride_h",
        "stride_w",
        "dilation_h",
        "dilation_w",
        "pad_top",
        "pad_left",
        "in_h",
        "in_w",
        "rd_row",
        "rd_col",
    )
    while min(faults, clean) < bench.job["chains"] // 4:
        chain = random_chains(rng, config, (VRF,))[-1]
        changes = {name: rng.choice(HUGE) for name in rng.sample(names, rng.choice((1, 2, 2, 3)))}
        addr = rng.choice((chain.source.addr, chain.source.addr, config.initial_vrf - 1, config.initial_vrf, 1 << 24))
        chain = replace(chain, regs=chain.regs._replace(**changes), source=replace(chain.source, addr=addr))
        positions = {cycle: address(chain, read) for cycle, read in reads(chain, config).items()}
        outside = [c for c, at in positions.items() if at is not None and not 0 <= at < config.initial_vrf]
        got, fault = await run(bench, chain, config)
        faulted = 1 << 40 if fault is None else fault  # a cycle that never comes
        products = [chain.regs.rd_row * v for v in (chain.regs.stride_h, chain.regs.dilation_h, chain.regs.pad_top)]
        products += [chain.regs.rd_col * v for v in (chain.regs.stride_w, chain.regs.dilation_w, chain.regs.pad_left)]
        if outside:
            assert faulted <= min(outside), f"{chain}: no fault, outside in {outside[:9]}"
        elif max(products) < (1 << 40) - 1:
            assert fault is None, f"{chain}: fault in cycle {fault}"
        for cycle, at in positions.items():
            read = got[cycle]
            if not read["m_pad"]:
                assert read["m_addr"] == at, f"{chain}, cycle {cycle}: address {read['m_addr']}, expected {at}"
            elif at is not None:
                assert faulted <= cycle, f"{chain}, cycle {cycle}: vector {at} read as padding"
        faults, clean = faults + (fault is not None), clean + (fault is None)


def address(chain: ComputeChain, read: Read) -> int | None:
    """Section 3.1, in whole numbers of any size."""
    regs = chain.regs
    r, c = divmod(read.position, regs.cols)
    tap, k = divmod(read.k, regs.kc)
    i, j = divmod(tap, regs.kw)
    y = r * regs.stride_h + i * regs.dilation_h - regs.pad_top
    x = c * regs.stride_w + j * regs.dilation_w - regs.pad_left
    inside = 0 <= y < regs.in_h and 0 <= x < regs.in_w
    return chain.source.addr + y * regs.rd_row + x * regs.rd_col + k if inside else None


@cocotb.test()
async def refuses_slots_that_are_not_there(dut: Any) -> None:
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    rng = random.Random(bench.seed + 2)
    dut.start.value = 0
    await bench.reset()
    for tile in (config.mrf_slots - 1, config.mrf_slots, config.mrf_slots + 1, (1 << 24) - 1):
        chain = next(c for _ in range(999) for c in random_chains(rng, config, (VRF,)) if c.matmul is not None)
        assert chain.matmul is not None
        _, fault = await run(bench, replace(chain, matmul=replace(chain.matmul, tile=tile)), config)
        assert (fault is not None) == (tile >= config.mrf_slots), f"tile {tile}: fault {fault}"
    chain = next(c for _ in range(999) for c in random_chains(rng, config, (VRF,)) if c.matmul is not None)
    for window, bad in ((config.mrf_slots, False), (config.mrf_slots + 1, True)):
        regs = chain.regs._replace(
            rows=1, cols=1, kh=1, kw=1, kc=window, mv_rows=1, in_h=1, in_w=1, pad_top=0, pad_left=0
        )
        rounds, source = 1, replace(chain.source, addr=0)
        wide = replace(
            chain, regs=regs, source=source, positions=1, window=window, elements=1, rounds=rounds, outputs=1
        )
        _, fault = await run(bench, wide, config)
        assert (fault is not None) == bad, f"{window} slots: fault {fault}"


# ---- in pytest -------------------------------------------------------------------------------------------------------


def parameters(config: NpuConfig) -> dict[str, int]:
    return {name.upper(): int(getattr(config, name)) for name in FIELDS}


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_reader(simulator: str, geometry: str, shared: bool) -> None:
    config = machine(geometry, shared)
    job = {"config": config.to_dict(), "chains": 150}
    simulate("npu_reader", SOURCES, __name__, simulator, parameters=parameters(config), job=job)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_lint_is_clean(geometry: str, shared: bool) -> None:
    lint("npu_reader", SOURCES, parameters(machine(geometry, shared)))
