"""Inside the simulator: clock and reset, drivers and monitors of streams, an in-order comparison, packed vectors.

Values are sampled at the rising edge, as a register would; what is written then is seen at the next one.
"""

from __future__ import annotations

import json
import os
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

Beat = int | Mapping[str, int]


class Bench:
    """The design under test with its clock: `cycle` counts rising edges, `rng` and `job` come from `simulate`."""

    def __init__(self, dut: Any, clk: str = "clk", rst: str = "rst") -> None:
        self.dut, self.clk = dut, getattr(dut, clk)
        self.rst = getattr(dut, rst, None)
        found = json.loads(Path(os.environ["NPUSIM_JOB"]).read_text())
        self.job, self.seed, self._gaps = found["job"], found["seed"], found["gaps"]
        self.rng = random.Random(self.seed)
        self.cycle = 0
        self.running = self.rst is None  # streams rest until the first reset has ended
        if self.rst is not None:
            self.rst.value = 1
        Clock(self.clk, 10, unit="ns").start()
        cocotb.start_soon(self._count())

    async def _count(self) -> None:
        while True:
            await RisingEdge(self.clk)
            self.cycle += 1

    async def tick(self, count: int = 1) -> None:
        """Wait for rising edges."""
        for _ in range(count):
            await RisingEdge(self.clk)

    async def reset(self, cycles: int = 3, **inputs: int) -> None:
        """Hold rst for some cycles; `inputs` are set first (all others stay as they are).

        Streams rest meanwhile; what they hold or have queued stays, see `Source.waiting`.
        """
        self.running = False
        for name, value in inputs.items():
            getattr(self.dut, name).value = value
        if self.rst is not None:
            self.rst.value = 1
        await self.tick(cycles)
        if self.rst is not None:
            self.rst.value = 0
        await self.tick()
        self.running = True

    async def sample(self, *names: str) -> list[int]:
        """Values of signals at the end of the present cycle, before the next rising edge; X and Z fail."""
        await ReadOnly()
        return [known(getattr(self.dut, name)) for name in names]

    def gap(self, side: str) -> bool:
        """True where a stream pauses this cycle; side: "source" or "sink"."""
        return self._gaps in (side, "both") and self.rng.random() < 0.4


class Source:
    """Drives a stream `<prefix>_valid/_ready/_<field>`; without a ready port every beat is taken at once.

    While valid is low the other fields carry random bits, so that a sink that looks at them is found.
    """

    def __init__(self, bench: Bench, prefix: str, fields: Sequence[str] = ("data",)) -> None:
        self.bench, dut = bench, bench.dut
        self.valid, self.ready = getattr(dut, f"{prefix}_valid"), getattr(dut, f"{prefix}_ready", None)
        self.fields = {name: getattr(dut, f"{prefix}_{name}") for name in fields}
        self.waiting: deque[Beat] = deque()
        self.sent: list[int] = []  # cycle of every transfer
        self.valid.value = 0
        cocotb.start_soon(self._run())

    def send(self, beats: Sequence[Beat]) -> None:
        """Queue beats: an int for a stream of one field, else a mapping of all fields."""
        self.waiting.extend(beats)

    @property
    def idle(self) -> bool:
        return not self.waiting

    async def done(self, timeout: int = 100_000) -> None:
        """Wait until everything has been transferred."""
        for _ in range(timeout):
            if self.idle:
                return
            await RisingEdge(self.bench.clk)
        raise AssertionError(f"{len(self.waiting)} beats were not taken within {timeout} cycles")

    async def _run(self) -> None:
        while True:
            if not self.bench.running or not self.waiting or self.bench.gap("source"):
                self._junk()
                await RisingEdge(self.bench.clk)
                continue
            beat = self.waiting[0]
            values = beat if isinstance(beat, Mapping) else {next(iter(self.fields)): beat}
            for name, signal in self.fields.items():
                signal.value = values[name]
            self.valid.value = 1
            await RisingEdge(self.bench.clk)
            while self.ready is not None and known(self.ready) != 1:
                await RisingEdge(self.bench.clk)
            self.waiting.popleft()
            self.sent.append(self.bench.cycle)

    def _junk(self) -> None:
        self.valid.value = 0
        for signal in self.fields.values():
            signal.value = self.bench.rng.getrandbits(len(signal))


class Sink:
    """Takes a stream, drives its ready (if it has one), and holds it to the handshake's rules.

    `got`: the beats (an int for a stream of one field, else a dict); `when`: the cycle of each.
    """

    def __init__(self, bench: Bench, prefix: str, fields: Sequence[str] = ("data",)) -> None:
        self.bench, self.prefix, dut = bench, prefix, bench.dut
        self.valid, self.ready = getattr(dut, f"{prefix}_valid"), getattr(dut, f"{prefix}_ready", None)
        self.fields = {name: getattr(dut, f"{prefix}_{name}") for name in fields}
        self.got: list[Any] = []
        self.when: list[int] = []
        if self.ready is not None:
            self.ready.value = 0
        cocotb.start_soon(self._run())

    async def take(self, count: int, timeout: int = 100_000) -> list[Any]:
        """Wait for `count` beats in all; returns them."""
        for _ in range(timeout):
            if len(self.got) >= count:
                return self.got[:count]
            await RisingEdge(self.bench.clk)
        raise AssertionError(f"{self.prefix}: {len(self.got)} of {count} beats came within {timeout} cycles")

    async def _run(self) -> None:
        held: dict[str, int] | None = None
        while True:
            open_now = self.bench.running and not self.bench.gap("sink")
            if self.ready is not None:
                self.ready.value = int(open_now)
            await RisingEdge(self.bench.clk)
            if not self.bench.running:
                held = None
                continue
            valid = known(self.valid)
            values = {name: known(signal) for name, signal in self.fields.items()} if valid else {}
            if held is not None:
                assert valid, f"{self.prefix}_valid fell at cycle {self.bench.cycle} before the transfer"
                changed = [name for name in values if values[name] != held[name]]
                assert not changed, f"{self.prefix}_{changed[0]} changed at cycle {self.bench.cycle} while it waited"
            taken = bool(valid and (self.ready is None or open_now))
            held = values if valid and not taken else None
            if taken:
                self.got.append(values if len(values) > 1 else next(iter(values.values()), 1))
                self.when.append(self.bench.cycle)


def known(signal: Any) -> int:
    """The signal's value; fails where a bit is X or Z."""
    value = signal.value
    assert value.is_resolvable, f"{signal._path} has unknown bits: {value}"
    return int(value)


def compare(got: Sequence[Any], want: Sequence[Any], decode: Callable[[Any], Any] | None = None) -> None:
    """Fail with the first beat that differs, decoded (mappings: the fields that differ), or a wrong count."""
    show = decode or (lambda beat: f"0x{beat:x}" if isinstance(beat, int) else beat)
    for beat, (g, w) in enumerate(zip(got, want, strict=False)):
        if g == w:
            continue
        if isinstance(g, Mapping) and isinstance(w, Mapping):
            bad = [name for name in w if g.get(name) != w[name]]
            text = ", ".join(f"{name} got {show(g.get(name))} want {show(w[name])}" for name in bad)
            raise AssertionError(f"beat {beat}: {text}")
        raise AssertionError(f"beat {beat}: got {show(g)}, want {show(w)}")
    assert len(got) == len(want), f"{len(got)} beats, want {len(want)}"


def pack(values: Sequence[int] | npt.NDArray[Any], width: int = 16) -> int:
    """Values to one bus, the first in the lowest bits; negative ones in two's complement."""
    bus, mask = 0, (1 << width) - 1
    for place, value in enumerate(values):
        bus |= (int(value) & mask) << (place * width)
    return bus


def unpack(bus: int, count: int, width: int = 16, *, signed: bool = False) -> list[int]:
    """Inverse of pack."""
    mask, half = (1 << width) - 1, 1 << (width - 1)
    values = [(bus >> (place * width)) & mask for place in range(count)]
    return [value - (mask + 1) if signed and value & half else value for value in values]


def halves(bus: int, count: int) -> str:
    """A float16 vector for messages: numbers with their bits."""
    bits = np.array(unpack(bus, count), np.uint16)
    return " ".join(f"{value:g}[{pattern:04x}]" for value, pattern in zip(bits.view(np.float16), bits, strict=True))
