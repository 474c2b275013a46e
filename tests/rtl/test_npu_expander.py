"""The Expander against im2col in NumPy and the golden model, its latency, and the chains that it refuses."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
import pytest
from bench import lint, simulate
from descriptor import descriptor
from reading_work import random_chains
from streams import Bench, halves, known, pack, unpack

from npusim.chain import ComputeChain
from npusim.config import NpuConfig, load_config
from npusim.golden import GoldenMachine, Vector
from npusim.isa import Space

pytestmark = pytest.mark.rtl

SOURCES = ["npu_expander.v"]
FIELDS = ("native_dim", "expander", "expander_rows", "lat_expand")
GEOMETRIES: dict[str, dict[str, int]] = {
    "tiny": {"expander": 32},
    "odd": {
        "native_dim": 6,
        "engines": 3,
        "lat_acc": 3,
        "expander": 23,
        "expander_rows": 3,
        "lat_read": 2,
        "lat_expand": 2,
    },
    "wide": {"native_dim": 16, "expander": 16, "lat_expand": 7},
}
ILLEGAL_CHAIN, ADDRESS_RANGE, UNINITIALISED = 2, 3, 8
BITS = 48


def machine(name: str) -> NpuConfig:
    changes = GEOMETRIES[name]
    changed: dict[str, Any] = {"block": changes.get("native_dim", 8), **changes}
    return replace(load_config("tiny"), **changed)


def im2col(chain: ComputeChain, memory: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """uint16[ROWS, COLS, KC, N] of an Expander's contents uint16[vectors, N]: section 3.1 on a padded image."""
    r, lanes = chain.regs, memory.shape[1]
    height = (r.rows - 1) * r.stride_h + (r.kh - 1) * r.dilation_h + 1
    width = (r.cols - 1) * r.stride_w + (r.kw - 1) * r.dilation_w + 1
    rows = (chain.source.addr + np.arange(r.in_h)[:, None] * r.rd_row + np.arange(r.rd_row)) % len(memory)
    image = memory[rows].reshape(r.in_h, -1)[:, : r.in_w * r.channels].reshape(r.in_h, r.in_w, r.channels)
    bottom, right = max(0, height - r.pad_top - r.in_h), max(0, width - r.pad_left - r.in_w)
    padded = np.pad(image, ((r.pad_top, bottom), (r.pad_left, right), (0, 0)))
    y = np.arange(r.rows)[:, None] * r.stride_h + np.arange(r.kh) * r.dilation_h
    x = np.arange(r.cols)[:, None] * r.stride_w + np.arange(r.kw) * r.dilation_w
    taps = padded[y[:, None, :, None], x[None, :, None, :]].reshape(r.rows, r.cols, -1)
    columns = np.zeros((r.rows, r.cols, r.kc * lanes), np.uint16)
    columns[:, :, : taps.shape[2]] = taps
    return columns.reshape(r.rows, r.cols, r.kc, lanes)


# ---- in the simulator ------------------------------------------------------------------------------------------------


class Device:
    """Ports of the Expander; `want` holds the vectors that are due, by cycle."""

    def __init__(self, bench: Bench, config: NpuConfig) -> None:
        self.bench, self.dut, self.config = bench, bench.dut, config
        self.rng = random.Random(bench.seed)
        self.memory: list[Vector | None] = [None] * config.expander
        self.want: deque[tuple[int, Vector, str]] = deque()
        self.faults: list[tuple[int, int]] = []
        self.cycle = 0
        for name in ("clear", "xd_valid", "s_valid"):
            getattr(self.dut, name).value = 0

    def write(self, addr: int) -> None:
        """Write a random vector in this cycle."""
        data = tuple(self.rng.getrandbits(15) for _ in range(self.config.native_dim))
        self.memory[addr] = data
        self.dut.xd_valid.value, self.dut.xd_addr.value, self.dut.xd_wdata.value = 1, addr, pack(data)

    def request(self, chain: ComputeChain, position: int, k: int) -> None:
        """Ask for a vector in this cycle."""
        regs, dut = chain.regs, self.dut
        r, c = divmod(position, regs.cols)
        y, x = r * regs.stride_h - regs.pad_top, c * regs.stride_w - regs.pad_left
        row = chain.source.addr + y * regs.rd_row
        dut.s_valid.value, dut.s_k.value, dut.s_desc.value = 1, k, descriptor(chain)
        for name, value in (("s_y", y), ("s_x", x), ("s_row", row)):
            getattr(dut, name).value = value & ((1 << BITS) - 1)
        products = (regs.stride_h, regs.dilation_h, regs.pad_top)
        dut.s_wide.value = int(max(products) * regs.rd_row >= (1 << 40) - 1)

    async def tick(self) -> None:
        """End the cycle: compare what is due, note faults."""
        dut = self.dut
        await self.bench.tick()
        dut.xd_valid.value, dut.s_valid.value = 0, 0
        dut.s_desc.value, dut.s_k.value = self.rng.getrandbits(len(dut.s_desc)), self.rng.getrandbits(32)
        if self.want and self.want[0][0] == self.cycle:
            _, right, where = self.want.popleft()
            got = unpack(known(dut.m_data), self.config.native_dim)
            text = (
                f"{where}, cycle {self.cycle}: got {halves(pack(got), len(got))}, want {halves(pack(right), len(got))}"
            )
            assert tuple(got) == right, text
        if known(dut.fault_valid):
            self.faults.append((known(dut.fault_code), known(dut.fault_word)))
        self.cycle += 1


def order(rng: random.Random, chain: ComputeChain, engines: int) -> list[tuple[int, int]]:
    """Position and k in the order of a chain without mv_mul, or in that of rounds of some positions."""
    if rng.random() < 0.5:
        return [(p, k) for p in range(chain.positions) for k in range(chain.window)]
    rounds = range(0, chain.positions, engines)
    return [
        (p, k)
        for first in rounds
        for k in range(chain.window)
        for p in range(first, min(first + engines, chain.positions))
    ]


@cocotb.test()
async def gathers_windows(dut: Any) -> None:
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    device, golden = Device(bench, config), GoldenMachine(config)
    rng = device.rng
    await bench.reset()
    for addr in range(config.expander):
        device.write(addr)
        await device.tick()
    padded = inside = 0
    for number in range(bench.job["chains"]):
        chain = random_chains(rng, config, (Space.EXPANDER,))[0]
        for addr in rng.sample(range(config.expander), rng.randint(0, 3)):  # the last one beside the first request
            await device.tick()
            device.write(addr)
        golden.vrf[Space.EXPANDER] = list(device.memory)
        columns = im2col(chain, np.array(device.memory, np.uint16))
        for position, k in order(rng, chain, config.engines):
            r, c = divmod(position, chain.regs.cols)
            right = tuple(int(v) for v in columns[r, c, k])
            assert right == list(golden._expand(chain, r, c))[k]
            padded, inside = padded + (0 in right), inside + any(right)
            device.request(chain, position, k)
            device.want.append((device.cycle + config.lat_expand, right, f"chain {number}, {chain}, {position}, {k}"))
            await device.tick()
            for _ in range(rng.choice((0, 0, 0, 2)) if bench.gap("source") else 0):
                await device.tick()
    for _ in range(config.lat_expand + 1):
        await device.tick()
    assert not device.want
    assert not device.faults, f"faults: {device.faults[:9]}"
    assert min(padded, inside) > 20, f"{padded} vectors with zeros, {inside} with elements"


@cocotb.test()
async def refuses(dut: Any) -> None:
    """What docs/architecture.md, section 3.1, does not allow, and vectors that nothing has written."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    device = Device(bench, config)
    await bench.reset()
    for addr in range(config.expander):
        device.write(addr)
        await device.tick()
    lanes, rows, depth = config.native_dim, config.expander_rows, config.expander
    legal = {"rows": 1, "cols": 1, "kh": rows, "kw": 1, "kc": rows, "channels": lanes, "in_h": rows, "in_w": 2}
    legal |= {"rd_row": 2, "pad_top": 0, "pad_left": 0, "stride_h": 1, "stride_w": 1, "dilation_h": 1, "dilation_w": 1}
    cases: list[tuple[dict[str, int], int | None]] = [
        ({}, None),
        ({"kh": rows + 1, "kc": rows + 1}, ILLEGAL_CHAIN),
        ({"channels": lanes + 1, "rd_row": 3}, ILLEGAL_CHAIN),  # the window does not fit KC vectors
        ({"rd_row": 1}, ILLEGAL_CHAIN),  # nor the row RD_ROW vectors
        ({"rd_row": depth + 1}, ILLEGAL_CHAIN),
        ({"in_w": (1 << 32) - 1}, ILLEGAL_CHAIN),
        ({"dilation_h": (1 << 32) - 1, "in_h": (1 << 32) - 1}, None),
        ({"rd_row": depth, "dilation_h": 1 << 31, "in_h": (1 << 32) - 1, "in_w": 1}, None),
    ]
    for changes, code in cases:
        template = random_chains(device.rng, config, (Space.EXPANDER,))[0]
        chain = replace(template, regs=template.regs._replace(**{**legal, **changes}), end=device.rng.getrandbits(24))
        device.faults.clear()
        for k in range(chain.regs.kc):
            device.request(chain, 0, k)
            await device.tick()
        for _ in range(3):
            await device.tick()
        assert device.faults[:1] == ([] if code is None else [(code, chain.end)]), f"{changes}: {device.faults[:3]}"
    # saturated products: padding may be read with them, the image may not
    for in_h, code in ((1, None), (5, ADDRESS_RANGE)):
        chain = replace(template, regs=template.regs._replace(**{**legal, "kh": 1, "kc": 1, "in_h": in_h}), end=7)
        device.faults.clear()
        device.request(chain, 0, 0)
        dut.s_wide.value, dut.s_y.value = 1, 1
        await device.tick()
        dut.s_wide.value = 0
        for _ in range(3):
            await device.tick()
        assert device.faults == ([] if code is None else [(code, 7)])
    # a new run, in which some vectors are written
    dut.clear.value = 1
    await device.tick()
    dut.clear.value = 0
    device.write(0)
    await device.tick()
    chain = replace(template, regs=template.regs._replace(**{**legal, "kh": 1, "kc": 1, "in_h": 1}), end=9)
    for addr, code in ((0, None), (2, UNINITIALISED)):
        device.faults.clear()
        device.request(replace(chain, source=replace(chain.source, addr=addr)), 0, 0)
        for _ in range(4):
            await device.tick()
        assert device.faults == ([] if code is None else [(code, 9)])


# ---- in pytest -------------------------------------------------------------------------------------------------------


def parameters(config: NpuConfig) -> dict[str, int]:
    return {name.upper(): int(getattr(config, name)) for name in FIELDS}


@pytest.mark.parametrize("gaps", ["free", "source"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_expander(simulator: str, geometry: str, gaps: str) -> None:
    config = machine(geometry)
    job = {"config": config.to_dict(), "chains": 60}
    simulate("npu_expander", SOURCES, __name__, simulator, parameters=parameters(config), job=job, gaps=gaps)


@pytest.mark.parametrize("check_init", [0, 1])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_lint_is_clean(geometry: str, check_init: int) -> None:
    lint("npu_expander", SOURCES, {**parameters(machine(geometry)), "CHECK_INIT": check_init})
