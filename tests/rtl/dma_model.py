"""Programs of moves, what they leave behind, and their times: the reference of the DMA benches.

`Moves` writes programs; `Expected` is worked out from docs/architecture.md, sections 2 and 3, without any signal.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from npusim.chain import Decoded, VectorMove, WeightMove, decode_stream
from npusim.chain.addresses import nest
from npusim.config import NpuConfig
from npusim.isa import REGISTERS, Reg, Space, encode

VRFS = (Space.INITIAL_VRF, Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1, Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)
Halves = npt.NDArray[np.uint16]


@dataclass
class Moves:
    """A program under construction; registers are written where they change."""

    config: NpuConfig
    words: list[int] = field(default_factory=list)
    regs: dict[Reg, int] = field(default_factory=lambda: {reg: REGISTERS[reg].reset for reg in Reg})

    def vectors(
        self,
        source: tuple[Space, int],
        targets: Sequence[tuple[Space, int]],
        *,
        rows: int = 1,
        cols: int = 1,
        rd: tuple[int, int] = (0, 1),
        out_cols: int | None = None,
        wr: tuple[int, int] = (0, 1),
        wait: int = 0,
        give: int = 0,
    ) -> None:
        """Add a vector move; rd and wr are pitches of rows and columns, out_cols is cols if not given."""
        self._set(ROWS=rows, COLS=cols, RD_ROW=rd[0], RD_COL=rd[1], OUT_COLS=cols if out_cols is None else out_cols,
                  WR_ROW=wr[0], WR_COL=wr[1])  # fmt: skip
        self.words.append(encode("v_rd", space=source[0], addr=source[1]))
        self.words += [encode("v_wr", space=space, addr=addr) for space, addr in targets]
        self.words.append(encode("end_chain", wait=wait, give=give))

    def weights(self, addr: int, tile: int, tiles: int, *, wait: int = 0, give: int = 0) -> None:
        """Add a weight move."""
        self._set(TILES=tiles)
        self.words += [encode("m_rd", addr=addr), encode("m_wr", tile=tile), encode("end_chain", wait=wait, give=give)]

    def decoded(self) -> Decoded:
        """The program, with its halt."""
        return decode_stream([*self.words, encode("halt")], self.config)

    def _set(self, **values: int) -> None:
        for name, value in values.items():
            reg = Reg[name]
            if self.regs[reg] != value:
                self.words.append(encode("s_wr", reg=reg, value=value))
                self.regs[reg] = value


def flush(vectors: Halves) -> Halves:
    """Subnormal patterns from outside become zeros of their sign."""
    return np.where(vectors & 0x7C00, vectors, vectors & 0x8000).astype(np.uint16)


class Expected:
    """What the moves of a program do, one after the other, in program order.

    dram: bytes; memories: vectors by space and address, where written; net_in, net_out: beats as (data, last);
    parts: what MatrixRf is given, as (slot, engine, chunk, data).
    """

    def __init__(self, decoded: Decoded, config: NpuConfig, dram: bytes, incoming: Halves) -> None:
        self.config, self.dram = config, bytearray(dram)
        self.memories: dict[Space, dict[int, Halves]] = {space: {} for space in (Space.EXPANDER, *VRFS)}
        self.net_in: list[int] = []
        self.net_out: list[tuple[int, int]] = []
        self.parts: list[tuple[int, int, int, int]] = []
        self.incoming = incoming
        for chain in decoded.chains:
            if isinstance(chain, WeightMove):
                self._tiles(chain)
            else:
                assert isinstance(chain, VectorMove)
                self._move(chain)

    def _tiles(self, chain: WeightMove) -> None:
        c = self.config
        bits = c.native_dim * c.lanes * (c.weight_mantissa + 1)
        mantissas = -(-c.tile_cycles * bits // 8)
        for n in range(chain.tiles):
            at = chain.addr + n * c.tile_bytes
            tile = int.from_bytes(self.dram[at : at + c.tile_bytes], "little")
            ways = 1 if c.shared_weights else c.engines
            slot, engine = (chain.tile + n // ways) % c.mrf_slots, n % ways
            for j in range(c.tile_cycles):
                self.parts.append((slot, engine, j, tile >> j * bits & ((1 << bits) - 1)))
            exponents = tile >> 8 * mantissas & ((1 << 8 * c.native_dim) - 1)
            self.parts.append((slot, engine, c.tile_cycles, exponents))

    def _move(self, chain: VectorMove) -> None:
        c, r = self.config, chain.regs
        size, count = c.vector_bytes, chain.positions
        if chain.source.space is Space.NET_IN_Q:
            vectors, self.incoming = self.incoming[:count], self.incoming[count:]
            assert len(vectors) == count, "too few vectors come in"
            self.net_in += _beats(vectors, c)
            vectors = flush(vectors)
        else:
            offsets = nest(count, r.cols, r.rd_row, r.rd_col)
            if chain.source.space is Space.DRAM:
                places = [chain.source.addr + size * int(n) for n in offsets]
                data = b"".join(self.dram[at : at + size] for at in places)
                vectors = flush(np.frombuffer(data, np.uint16).reshape(count, -1))
            else:
                vectors = np.stack([self.memories[chain.source.space][chain.source.addr + int(n)] for n in offsets])
        for target in chain.targets:
            if target.space is Space.NET_OUT_Q:
                beats = _beats(vectors, c)
                self.net_out += [(beat, int(n == len(beats) - 1)) for n, beat in enumerate(beats)]
                continue
            for n, vector in zip(nest(count, r.out_cols, r.wr_row, r.wr_col), vectors, strict=True):
                if target.space is Space.DRAM:
                    at = target.addr + size * int(n)
                    self.dram[at : at + size] = vector.tobytes()
                else:
                    wrap = c.expander if target.space is Space.EXPANDER else 1 << 60
                    self.memories[target.space][(target.addr + int(n)) % wrap] = vector


def _beats(vectors: Halves, config: NpuConfig) -> list[int]:
    data = vectors.tobytes()
    width = config.net_bytes
    return [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]


def random_vectors(rng: random.Random, count: int, lanes: int) -> Halves:
    """Any finite float16 patterns, subnormals among them."""
    values = np.random.default_rng(rng.getrandbits(32)).integers(0, 1 << 16, (count, lanes)).astype(np.uint16)
    values = np.where(values & 0x7C00 == 0x7C00, values & 0x83FF, values)
    return values.astype(np.uint16)


def random_moves(rng: random.Random, config: NpuConfig, count: int, image: int, scratch: int) -> Moves:
    """Moves of every kind, in any order: they read what the first ones wrote, and write places of their own.

    image: bytes of DRAM that hold numbers; scratch: bytes behind them that may be written.
    """
    size, c = config.vector_bytes, config
    moves, quarter = Moves(c), {space: c.depth(space) // 4 for space in VRFS}
    low = min(quarter.values())
    moves.vectors((Space.NET_IN_Q, 0), [(space, 0) for space in VRFS], rows=low, wr=(1, 0), out_cols=1, give=2)
    free = dict(quarter)
    ring, spill = 0, -(-image // 64) * 64
    step = size * 64 // np.gcd(size, 64)
    for number in range(count):
        rows, cols = rng.randint(1, 4), rng.randint(1, 6)
        total = rows * cols
        wait = 2 if number == 0 else 0
        kind = rng.choice(["weights", "load", "load", "take", "spill", "send", "emit", "pour", "pass"])
        out_cols = rng.choice([1, cols, total, rng.randint(1, total + 1)])
        rd = rng.choice([(cols, 1), (cols, 1), (rng.randint(0, 7), rng.randint(0, 3))])
        if kind == "weights":
            tiles = rng.randint(1, min(5, c.mrf_tiles))
            at = rng.randrange((image - tiles * c.tile_bytes) // 64 + 1) * 64
            moves.weights(at, rng.randrange(c.mrf_slots), tiles, wait=0)
            continue
        reach = ((rows - 1) * rd[0] + (cols - 1) * rd[1] + 1) * size
        unit = min(64, size & -size)
        dram = (Space.DRAM, rng.randrange((image - reach) // unit + 1) * unit)
        space = rng.choice(VRFS)
        if kind in ("spill", "send"):
            rd = (min(rd[0], 2), min(rd[1], 1))
            source = (space, rng.randrange(low - (rows - 1) * rd[0] - (cols - 1) * rd[1]))
        else:
            source = dram if kind in ("load", "emit") else (Space.NET_IN_Q, 0)
        wr = (out_cols, 1)
        if kind in ("load", "take"):
            chosen = rng.sample(VRFS, rng.randint(1, 5))
            if any(free[s] + total > 2 * quarter[s] for s in chosen):
                free = dict(quarter)
            targets = [(s, free[s]) for s in chosen]
            for s in chosen:
                free[s] += total
            if rng.random() < 0.4:
                targets = [*targets[:2], (Space.EXPANDER, ring)]
                ring = (ring + total) % c.expander
        elif kind in ("send", "emit", "pass"):
            targets = [(Space.NET_OUT_Q, 0)]
        else:
            gap = rng.randint(0, 2)
            wr = (out_cols + gap, 1)
            targets = [(Space.DRAM, spill)]
            spill += -(-(total + (total // out_cols + 1) * gap) * size // step) * step
            assert spill <= image + scratch, "more scratch is needed"
        moves.vectors(source, targets, rows=rows, cols=cols, rd=rd, out_cols=out_cols, wr=wr, wait=wait)
    return moves
