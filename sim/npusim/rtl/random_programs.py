"""Random legal programs: chains of every kind, loops, multicast, weights that change, tokens, extreme values.

A program fills a window of every memory, works there, and sends everything out. Tokens are placed by the compiler's own
`synchronise`; more are thrown in where the verifier allows them. The same seed gives the same program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
import numpy.typing as npt

from npusim.chain import ComputeChain, Decoded, Memory, Region, VectorMove, decode_stream
from npusim.compiler.back.sync import synchronise
from npusim.compiler.back.verify import verify_chains
from npusim.config import DRAM_ALIGN, NpuConfig
from npusim.engine.timing import Span, simulate_time
from npusim.engine.values import Engine
from npusim.errors import ProgramError
from npusim.isa import BY_NAME, REGISTERS, Reg, Space, encode
from npusim.numerics import from_f16_bits
from npusim.rtl.cosim import Subject
from npusim.rtl.random_chains import VRFS, Draft, Item, compute, moves, reads_numbers, weights

WINDOW = 48  # vectors of each memory that a program uses
SCRATCH = 64  # vectors of DRAM that it writes
CORNERS = np.array([0, 0x8000, 0x7BFF, 0xFBFF, 0x0400, 0x8400, 0x3C00, 0x03FF], np.uint16)
TRIES = 40


@dataclass(frozen=True, slots=True)
class RandomProgram:
    """A program with its data: incoming uint16[vectors, N] for NetInQ in order, the DRAM image, bytes it may touch."""

    seed: int
    words: npt.NDArray[np.uint64]
    decoded: Decoded
    incoming: npt.NDArray[np.uint16]
    dram: npt.NDArray[np.uint8]
    size: int


class _Net:
    """The host's end of the network queues: vectors that are there from the beginning."""

    def __init__(self, incoming: npt.NDArray[np.uint16]) -> None:
        self.left = from_f16_bits(np.ascontiguousarray(incoming))

    def receive(self, count: int) -> npt.NDArray[np.float32]:
        """Return the next vectors."""
        found, self.left = self.left[:count], self.left[count:]
        return found

    def send(self, vectors: npt.NDArray[np.float32]) -> None:
        """Take vectors; what is compared is kept elsewhere."""


def of_random(program: RandomProgram, config: NpuConfig) -> Subject:
    """Return a random program ready for `npusim.rtl.cosim.cosimulate`."""
    engine = Engine(program.decoded, config, program.dram, program.size)
    return Subject(config, program.words, engine, simulate_time(program.decoded, config), _Net(program.incoming))


@dataclass(slots=True)
class _Writer:
    """The program so far: words without tokens, what every register holds (None: differs from run to run of a loop)."""

    config: NpuConfig
    random: Random
    words: list[int] = field(default_factory=list)
    values: dict[Reg, int | None] = field(default_factory=lambda: {reg: REGISTERS[reg].reset for reg in Reg})

    def chain(self, item: Item, fixed: Iterable[Reg] = ()) -> list[int]:
        """Words of a chain; registers are set where they must be, and some where they need not. fixed: left alone."""
        wanted = {reg: item.regs.get(reg, REGISTERS[reg].reset) for reg in Reg}
        words = []
        for reg in self.random.sample(list(Reg), len(Reg)):
            value, before = wanted[reg], self.values[reg]
            if reg in fixed or (before == value and self.random.random() > 0.03):
                continue
            if before is not None and self.random.random() < 0.15:
                words.append(encode("s_add", reg=reg, value=(value - before) & 0xFFFFFFFF))
            else:
                words.append(encode("s_wr", reg=reg, value=value))
            self.values[reg] = value
        return [*words, *(encode(name, **values) for name, values in item.body), encode("end_chain")]


def random_program(seed: int, config: NpuConfig, chains: int = 12) -> RandomProgram:
    """Return a legal program of about so many chains besides those that fill and empty the memories."""
    random = Random(seed)
    rng = np.random.default_rng(seed)
    vectors = random_halves(rng, 4 * WINDOW, config.native_dim).astype("<u2").tobytes()
    tiles_at = _align(len(vectors))
    tiles = 2 * config.mrf_tiles
    dram = vectors.ljust(tiles_at, b"\0") + random_tiles(rng, tiles, config)
    dram = dram.ljust(_align(len(dram)), b"\0")
    draft = Draft(
        config=config, random=random, window=WINDOW, constants=4 * WINDOW, tiles_at=tiles_at, tiles=tiles,
        scratch_at=len(dram), scratch=SCRATCH, base=_bases(random, config),
    )  # fmt: skip
    size = len(dram) + SCRATCH * config.vector_bytes
    writer = _Writer(config, random)
    for item in draft.fill():
        writer.words += writer.chain(item)
    last = _end(writer, draft)
    for _ in range(chains):
        last = _extend(writer, draft) or last
    words = synchronise([*writer.words, *last], config)
    words = _more_tokens(words, random, config)
    decoded = decode_stream(words, config)
    count = sum(c.positions for c in decoded.chains if isinstance(c, VectorMove) and c.source.space is Space.NET_IN_Q)
    return RandomProgram(
        seed, words, decoded, random_halves(rng, count, config.native_dim), np.frombuffer(dram, np.uint8), size
    )


def _extend(writer: _Writer, draft: Draft) -> list[int] | None:
    """Add one chain, a few that hold their sums, or a loop, if a legal one is found; returns the words that end it."""
    random = writer.random
    for _ in range(TRIES):
        before = dict(writer.values)
        added = _loop(writer, draft) if random.random() < 0.15 else _plain(writer, draft)
        last = _end(writer, draft)
        try:
            words = synchronise([*writer.words, *added, *last], writer.config)
            decoded = decode_stream(words, writer.config)
            verify_chains(decoded.chains, writer.config)
        except ProgramError:
            writer.values = before
            continue
        if reads_numbers(draft, decoded) and _orderly(decoded, writer.config):
            writer.words += added
            return last
        writer.values = before
    return None


def _orderly(decoded: Decoded, config: NpuConfig) -> bool:
    """True if a program meets nothing that docs/architecture.md 9 leaves out of the times."""
    spans = simulate_time(decoded, config).spans
    return not _overwrites_reads(spans, config) and not _meets_both_ports(spans, config)


def _overwrites_reads(spans: Sequence[Span], config: NpuConfig) -> bool:
    """True if a move writes DRAM bytes that an earlier one still reads."""
    reading: list[tuple[int, int, int]] = []
    for span in spans:
        chain = span.chain
        if not isinstance(chain, VectorMove):
            continue
        for region in chain.writes(config):
            low, high = int(region.spans[0, 0]), int(region.spans[-1, 1])
            late = [end for end, first, last in reading if end > span.start and first < high and low < last]
            if region.memory is Memory.DRAM and late:
                return True
        for region in chain.reads(config):
            if region.memory is Memory.DRAM:
                reading.append((span.complete, int(region.spans[0, 0]), int(region.spans[-1, 1])))
    return False


def _meets_both_ports(spans: Sequence[Span], config: NpuConfig) -> bool:
    """True if a move is at a vector memory that compute chains read and write at the same time, so that it may wait."""
    work = [
        (span, _vrfs(span.chain.reads(config)), _vrfs(span.chain.writes(config)))
        for span in spans
        if isinstance(span.chain, ComputeChain)
    ]
    for move in spans:
        if not isinstance(move.chain, VectorMove):
            continue
        beside = [(r, w) for span, r, w in work if span.start <= move.complete and move.start <= span.complete]
        read = {memory for r, _ in beside for memory in r}
        written = {memory for _, w in beside for memory in w}
        if read & written & (_vrfs(move.chain.reads(config)) | _vrfs(move.chain.writes(config))):
            return True
    return False


def _vrfs(regions: Iterable[Region]) -> set[Memory]:
    return {region.memory for region in regions} & {Memory(space) for space in VRFS}


def _end(writer: _Writer, draft: Draft) -> list[int]:
    """Words that send everything out behind the program so far."""
    values = dict(writer.values)
    words = [word for item in draft.empty() for word in writer.chain(item)]
    writer.values = values
    return [*words, encode("halt")]


def _items(draft: Draft) -> list[Item]:
    kind = draft.random.random()
    if kind < 0.6:
        return compute(draft)
    return [weights(draft)] if kind < 0.75 else [moves(draft)]


def _plain(writer: _Writer, draft: Draft) -> list[int]:
    return [word for item in _items(draft) for word in writer.chain(item)]


BASES = (Reg.RD_BASE, Reg.OP0_BASE, Reg.OP1_BASE, Reg.WR_BASE)


def _loop(writer: _Writer, draft: Draft, depth: int = 0) -> list[int]:
    """A loop of a few chains whose addresses step from run to run."""
    random = writer.random
    words = []
    steps = {reg: random.choice([0, 1, 1, 2, -1]) for reg in BASES}
    count = random.randint(1, 4)
    for reg, step in steps.items():
        start = random.randint(-2, 3) & 0xFFFFFFFF
        words.append(encode("s_wr", reg=reg, value=start))
        writer.values[reg] = None if step else start
    for reg in Reg:
        if reg not in BASES:
            writer.values[reg] = None
    words.append(encode("loop", count=count))
    if depth < 3 and random.random() < 0.4:
        words += _loop(writer, draft, depth + 1)
        for reg in Reg:
            writer.values[reg] = None
    else:
        for _ in range(random.randint(1, 3)):
            for item in _items(draft):
                words += writer.chain(item.based(random), BASES)
    words += [encode("s_add", reg=reg, value=step & 0xFFFFFFFF) for reg, step in steps.items() if step]
    words.append(encode("end_loop"))
    for reg in BASES:
        writer.values[reg] = None
    return words


def _more_tokens(words: npt.NDArray[np.uint64], random: Random, config: NpuConfig) -> npt.NDArray[np.uint64]:
    """Add tokens that nothing needs, where the verifier finds the program as sound as before."""
    row = BY_NAME["end_chain"]
    chains = decode_stream(words, config).chains
    wait, give = row.field("wait").lsb, row.field("give").lsb
    for _ in range(random.randint(0, 4)):
        one, two = sorted(random.sample(range(len(chains)), 2))
        if chains[one].end >= chains[two].end:
            continue
        more = words.copy()
        more[chains[one].end] |= np.uint64(1 << (give + chains[two].queue))
        more[chains[two].end] |= np.uint64(1 << (wait + chains[one].queue))
        try:
            verify_chains(decode_stream(more, config).chains, config)
        except ProgramError:
            continue
        words = more
    return words


def random_halves(rng: np.random.Generator, count: int, lanes: int) -> npt.NDArray[np.uint16]:
    """Return finite float16 patterns: vectors of numbers of similar size, of any size, and of corners."""
    normal = (rng.standard_normal((count, lanes)) * 2.0 ** rng.integers(-6, 6, (count, 1))).astype(np.float16)
    patterns: npt.NDArray[np.uint16] = normal.view(np.uint16)
    anything = rng.integers(0, 1 << 16, (count, lanes)).astype(np.uint16)
    anything = np.where(anything & 0x7C00 == 0x7C00, anything & 0x83FF, anything)
    kind = rng.choice(3, (count, 1), p=[0.8, 0.1, 0.1])
    chosen = np.select([kind == 0, kind == 1], [patterns, anything], rng.choice(CORNERS, (count, lanes)))
    found: npt.NDArray[np.uint16] = chosen.astype(np.uint16)
    return found


def random_tiles(rng: np.random.Generator, count: int, config: NpuConfig) -> bytes:
    """Return tiles of any mantissas, with exponents near 0 and a few at the ends."""
    out = b""
    bits = config.native_dim**2 * (config.weight_mantissa + 1)
    for _ in range(count):
        exponents = rng.integers(-6, 7, config.native_dim)
        if rng.random() < 0.1:
            exponents = rng.choice([-128, -126, 127], config.native_dim)
        tile = rng.bytes(-(-bits // 8)) + exponents.astype(np.int8).tobytes()
        out += tile.ljust(config.tile_bytes, b"\0")
    return out


def _bases(random: Random, config: NpuConfig) -> dict[Space, int]:
    """First vector of every memory's window: at its beginning, at its end, or between."""
    found = {}
    for space in (Space.EXPANDER, *VRFS):
        room = config.depth(space) - WINDOW
        found[space] = 0 if room <= 0 else random.choice([0, room, random.randint(0, room)])
    found[Space.EXPANDER] = 0
    return found


def _align(size: int) -> int:
    return -(-size // DRAM_ALIGN) * DRAM_ALIGN
