"""Random work for the tail: elements of compute chains by cycle, and what must come of them in which cycle.

Chains follow one another as section 5.3 of docs/architecture.md lets them. Values come from the golden model, fed with
elements in place of a reader and a matrix; addresses and times from the formulas. The model knows no signals.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from descriptor import descriptor

from npusim.chain import ComputeChain, Operand, decode_stream
from npusim.chain.addresses import nest
from npusim.config import NpuConfig
from npusim.errors import ProgramError
from npusim.golden import GoldenMachine, Vector
from npusim.isa import BY_NAME, Reg, Space, encode
from npusim.pipeline import entry_times, output_times, tail_latency

VRFS = (Space.INITIAL_VRF, Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1, Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)
RANGE, ILLEGAL = 3, 2  # fault codes
LARGEST, MINUS_ZERO = 0x7BFF, 0x8000
IMMEDIATES = (0x0000, 0x8000, 0x3C00, 0xC000, 0x2E66, 0x4600, 0x7BFF, 0xFBFF, 0x0001, 0x83FF, 0x5000)


def vector(rng: random.Random, lanes: int) -> Vector:
    """Float16 patterns without subnormals: of similar size, of any size, zeros, the ends."""
    kind = rng.choice(("near", "near", "near", "small", "any", "zero", "end"))
    low, high = {"near": (13, 17), "small": (1, 13)}.get(kind, (1, 30))
    values = [rng.getrandbits(16) & 0x83FF | rng.randint(low, high) << 10 for _ in range(lanes)]
    if kind == "zero":
        values = [value if rng.random() < 0.3 else value & MINUS_ZERO for value in values]
    if kind == "end":
        values = [rng.choice((LARGEST, 0x0400)) | value & MINUS_ZERO for value in values]
    return tuple(values)


@dataclass(frozen=True)
class Contents:
    """A vector memory without end: each address always holds the same vector, and writes change nothing."""

    space: Space
    lanes: int

    def __len__(self) -> int:
        return 1 << 62

    def __getitem__(self, addr: int) -> Vector:
        return contents(self.space, addr, self.lanes)


@lru_cache(1 << 14)
def contents(space: Space, addr: int, lanes: int) -> Vector:
    return vector(random.Random(addr * 16 + space), lanes)


class Rig(GoldenMachine):
    """The golden model of the tail alone."""

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(config)
        self.vrf = {space: Contents(space, config.native_dim) for space in VRFS}  # type: ignore[misc]

    def outputs(self, chain: ComputeChain, elements: list[Vector]) -> list[Vector]:
        """Vectors that the chain writes; `overflow` says afterwards whether it set the flag."""
        self.overflow, self.given, self.written = False, iter(elements), []
        self._compute(chain)
        assert next(self.given, None) is None
        return self.written

    def _window(self, chain: ComputeChain, r: int, c: int) -> Iterator[Vector]:
        return (next(self.given) for _ in range(chain.window))

    def _multiply(self, chain: ComputeChain, matmul: object, p: int) -> Iterator[list[int]]:
        for _ in range(chain.row_tiles):
            half = np.array(next(self.given), np.uint16).view(np.float16)
            yield half.astype(np.float32).view(np.uint32).tolist()

    def _write(self, chain: object, n: int, vector: Vector) -> None:
        self.written.append(vector)


@dataclass
class Write:
    """One multicast: addresses by index of the memory."""

    seq: int
    addrs: dict[int, int]
    data: Vector


@dataclass
class Work:
    """What to drive and what to expect, by cycle; `fault` is the first one: cycle, code, word."""

    config: NpuConfig
    rng: random.Random
    apart: bool = False  # chains are far apart: their overflow flags can be told
    pre: dict[int, tuple[bool, bool, int]] = field(default_factory=dict)  # first, last, descriptor
    entering: dict[int, Vector] = field(default_factory=dict)
    reads: dict[int, dict[int, int]] = field(default_factory=dict)  # index of memory -> address
    writes: dict[int, Write] = field(default_factory=dict)
    done: dict[int, tuple[int, int]] = field(default_factory=dict)  # give, number
    saturated: list[tuple[int, int, bool]] = field(default_factory=list)  # of each chain: cycles, flag
    fault: tuple[int, int, int] | None = None
    seen: set[str] = field(default_factory=set)
    cycles: int = 0
    last_entry: int = 0
    chains: int = 0

    def run(self, chain: ComputeChain, length: int | None = None) -> None:
        """Append a chain; length: end the stream after so many elements, which cuts a run of the reduce stage."""
        c, rng = self.config, self.rng
        tail, count = tail_latency(c), chain.elements if length is None else length
        gap = rng.choice((1, 1, 1, 2, rng.randint(1, 40))) + (2 * tail if self.apart else 0)
        times = entry_times(chain, c)
        start = max(self.last_entry, c.lat_read) + gap - int(times[0])
        times = (times + start).tolist()
        chain = replace(chain, end=rng.getrandbits(24))
        seq, bus = rng.getrandbits(32), 0
        bus = descriptor(chain, seq)
        elements = [vector(rng, c.native_dim) for _ in times]
        rig = Rig(c)
        results = rig.outputs(chain, elements)
        for n in range(count):
            self.pre[times[n] - c.lat_read] = n == 0, n == count - 1, bus
            self.entering[times[n]] = elements[n]
        self.last_entry = times[count - 1]
        ends = [] if chain.holds else (output_times(chain, c) + start).tolist()
        bad = self._operands(chain, times[:count], [t for t in ends if t <= self.last_entry])
        bad |= self._writes(chain, seq, ends, results)
        if self.fault is None:
            self.done[self.last_entry + tail] = chain.give, seq
            misfit = {self.last_entry + tail - 1} if length is not None else set()
            if bad | misfit:
                at = min(bad | misfit)
                self._cut(at, RANGE if at in bad else ILLEGAL, chain.end)
        self.saturated.append((times[0], self.last_entry + tail + 1, rig.overflow))
        self.cycles = self.last_entry + tail + 10
        self.chains += 1
        self._note(chain, rig.overflow)

    def _operands(self, chain: ComputeChain, entries: list[int], ends: list[int]) -> set[int]:
        """Note the reads of both units; returns the turns of elements with an operand outside its memory."""
        c, regs, tiles = self.config, chain.regs, chain.row_tiles
        inner = tiles if chain.matmul is not None else chain.window
        position = nest(chain.positions, regs.cols, regs.op0_row, regs.op0_col).tolist()
        output = nest(max(chain.outputs, 1), regs.out_cols, regs.op1_row, regs.op1_col).tolist()
        to_output = c.lat_mul + c.lat_add + c.lat_act + c.lat_reduce
        bad = set()
        for unit, (mfu, times) in enumerate(((chain.mfu0, entries), (chain.mfu1, ends))):
            stages = ((mfu.mul, 0), (None if mfu.addsub is None else mfu.addsub.operand, c.lat_mul))
            for operand, delay in ((o, d + unit * to_output - c.lat_read) for o, d in stages if o is not None):
                for n, time in enumerate(times):
                    tile = n % tiles
                    step = output[n] if unit else position[n // inner] + tile
                    addr = operand.addr + (step if operand.step else tile)
                    if addr >= c.depth(operand.space):
                        bad.add(time + tail_latency(c) - 1)
                    else:
                        self.reads.setdefault(time + delay, {})[VRFS.index(operand.space)] = addr
        return bad

    def _writes(self, chain: ComputeChain, seq: int, ends: list[int], results: list[Vector]) -> set[int]:
        regs, bad = chain.regs, set()
        offsets = nest(len(ends), regs.out_cols, regs.wr_row, regs.wr_col).tolist()
        for end, offset, result in zip(ends, offsets, results, strict=True):
            addrs = {target.space: target.addr + offset for target in chain.targets}
            turn = end + tail_latency(self.config) - 1
            if any(addr >= self.config.depth(space) for space, addr in addrs.items()):
                bad.add(turn)
            if self.fault is None and end <= self.last_entry:
                self.writes[turn] = Write(seq, {VRFS.index(s): addr for s, addr in addrs.items()}, result)
        return {turn for turn in bad if turn < self.last_entry + tail_latency(self.config)}

    def _cut(self, turn: int, code: int, word: int) -> None:
        self.fault = turn, code, word
        self.writes = {at: write for at, write in self.writes.items() if at < turn}
        self.done = {at: done for at, done in self.done.items() if at <= turn}

    def _note(self, chain: ComputeChain, overflow: bool) -> None:
        for unit, mfu in enumerate((chain.mfu0, chain.mfu1)):
            if mfu.mul is not None:
                self.seen.add(f"mul{unit}")
            if mfu.addsub is not None:
                self.seen.add(f"{mfu.addsub.op}{unit}")
            if mfu.act is not None:
                self.seen.add(f"{mfu.act.op}{unit}")
        self.seen |= {f"reduce {chain.reduce}", f"{len(chain.targets)} targets", f"overflow {overflow}"}
        self.seen |= {"tiles"} if chain.row_tiles > 1 else set()


# ---- random chains ---------------------------------------------------------------------------------------------------


def random_chains(rng: random.Random, config: NpuConfig) -> tuple[ComputeChain, ...]:
    """A legal compute chain, or some of which all but the last hold their sums."""
    while True:
        try:
            return decode_stream([*_words(rng, config), 0], config).chains  # type: ignore[return-value]
        except ProgramError:
            continue


def _words(rng: random.Random, config: NpuConfig) -> list[int]:
    pick = rng.randint
    regs = dict.fromkeys((Reg.KH, Reg.KW, Reg.KC, Reg.RED_N, Reg.RED_HEAD), 1)
    regs |= {Reg.ROWS: pick(1, 4), Reg.COLS: pick(1, 5), Reg.OUT_COLS: pick(1, 7)}
    regs |= {reg: pick(0, 9) for reg in (Reg.OP0_ROW, Reg.OP0_COL, Reg.OP1_ROW, Reg.OP1_COL, Reg.WR_ROW, Reg.WR_COL)}
    matmul = rng.random() < 0.5
    hold = matmul and rng.random() < 0.2
    if matmul and not config.shared_weights:
        regs[Reg.MV_ROWS] = pick(1, config.engines if hold else 2 * config.engines + 1)
    if not matmul or rng.random() < 0.2:
        regs |= {Reg.KH: pick(1, 2), Reg.KW: pick(1, 3), Reg.KC: pick(1, 2)}
    if hold:
        regs |= {Reg.ROWS: 1, Reg.COLS: pick(1, config.engines) if config.shared_weights else 1}
    inner = regs.get(Reg.MV_ROWS, 1) if matmul else regs[Reg.KH] * regs[Reg.KW] * regs[Reg.KC]
    elements = regs[Reg.ROWS] * regs[Reg.COLS] * inner
    reduce = []
    if regs.get(Reg.MV_ROWS, 1) == 1 and rng.random() < 0.6:
        regs[Reg.RED_RUN] = rng.choice([d for d in range(1, elements + 1) if elements % d == 0])
        regs |= {Reg.RED_OVERLAP: pick(0, 1), Reg.RED_TAIL: pick(0, 1), Reg.RED_N: pick(1, 5), Reg.RED_HEAD: pick(1, 5)}
        reduce = [encode(rng.choice(("v_red_max", "v_red_add")))]
    words = [encode("s_wr", reg=reg, value=value) for reg, value in regs.items()]
    end = encode("end_chain", give=pick(0, 7))
    read = encode("v_rd", space=Space.INITIAL_VRF)
    if hold:
        words += [read, encode("mv_mul", hold=1), end]
    words += [read, *([encode("mv_mul", acc=int(hold))] if matmul else [])]
    words += [*_mfu(rng, config, 0), *reduce, *_mfu(rng, config, 1)]
    for space in rng.sample(VRFS, rng.choice((1, 1, 2, 3, 5))):
        words.append(encode("v_wr", space=space, addr=pick(0, config.depth(space) - 1)))
    return [*words, end]


def _mfu(rng: random.Random, config: NpuConfig, mfu: int) -> list[int]:
    words, depth = [], (config.multiply_vrf_0, config.multiply_vrf_1)[mfu]
    for names in (["vv_mul"], ["vv_add", "vv_a_sub_b", "vv_b_sub_a", "vv_max"]):
        if rng.random() < 0.5:
            words.append(encode(rng.choice(names), mfu=mfu, addr=rng.randrange(depth), step=rng.randint(0, 1)))
        depth = (config.addsub_vrf_0, config.addsub_vrf_1)[mfu]
    if rng.random() < 0.6:
        name = rng.choice(("v_relu", "v_clip", "v_lrelu", "v_sigm", "v_tanh"))
        fields = [f.name for f in BY_NAME[name].fields if f.name != "mfu"]
        words.append(encode(name, mfu=mfu, **{f: rng.choice(IMMEDIATES) for f in fields}))
    return words


def beyond(rng: random.Random, chain: ComputeChain, config: NpuConfig) -> ComputeChain:
    """The chain with an address, or a pitch, that leaves its memory at some element, perhaps beyond 24 bits."""

    def moved(operand: Operand | None) -> Operand | None:
        return operand and replace(operand, addr=config.depth(operand.space) - rng.randint(1, 4))

    match rng.choice(("target", "operand", "pitch")):
        case "target":
            targets = list(chain.targets)
            k = rng.randrange(len(targets))
            targets[k] = replace(targets[k], addr=config.depth(targets[k].space) - rng.randint(0, 4))
            return replace(chain, targets=tuple(targets))
        case "operand":
            mfu0 = replace(chain.mfu0, mul=moved(chain.mfu0.mul))
            addsub = chain.mfu1.addsub and replace(chain.mfu1.addsub, operand=moved(chain.mfu1.addsub.operand))
            return replace(chain, mfu0=mfu0, mfu1=replace(chain.mfu1, addsub=addsub))
        case _:
            names = ("wr_row", "wr_col", "op0_row", "op0_col", "op1_row", "op1_col")
            pitch = rng.choice(((1 << 32) - 1, 1 << 24, (1 << 24) - 1, 1 << 23, 1 << 31, 100))
            return replace(chain, regs=chain.regs._replace(**{rng.choice(names): pitch}))
