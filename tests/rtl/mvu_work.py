"""Random work for the matrix-vector unit: what to drive in which cycle, and what must come out when.

Chains follow one another as section 5.3 of docs/architecture.md lets them, most without a gap; MatrixRf is written
while earlier chains are at work; the values are made to flush, saturate and cancel. The model knows no signals.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from operator import mul

from npusim import arith
from npusim.config import NpuConfig

Tile = tuple[list[list[int]], list[int]]  # rows of mantissas, an exponent for each row
MINUS_ZERO_F16, LARGEST_F16, SMALLEST_F16 = 0x8000, 0x7BFF, 0x0400
EXPONENTS = {"usual": (-12, 2), "huge": (105, 127), "tiny": (-128, -105), "any": (-128, 127)}


@dataclass
class Work:
    """Cycles count from 0; vectors and writes: the fields of s_* and w_* by cycle."""

    config: NpuConfig
    rng: random.Random
    vectors: dict[int, dict[str, object]] = field(default_factory=dict)
    writes: dict[int, dict[str, object]] = field(default_factory=dict)
    results: dict[int, tuple[int, ...]] = field(default_factory=dict)  # N float16 patterns
    overflows: set[int] = field(default_factory=set)
    seen: dict[str, int] = field(default_factory=dict)  # how often the interesting things happened
    start: int = 0  # of the next chain
    _write: int = 0  # next cycle of the write port
    _held: list[list[int]] | None = None  # sums that the chain before left
    _tiles: dict[tuple[int, int], Tile] = field(default_factory=dict)
    _busy: dict[int, int] = field(default_factory=dict)  # slot -> last cycle in which it may be read

    # ---- values ------------------------------------------------------------------------------------------------

    def vector(self) -> tuple[int, ...]:
        """N float16 patterns, no subnormals."""
        n, rng = self.config.native_dim, self.rng
        kind = rng.choice(("usual", "usual", "any", "one", "zero", "edge"))
        exponents = (12, 17) if kind == "usual" else (1, 30)
        values = [rng.getrandbits(16) & 0x83FF | rng.randint(*exponents) << 10 for _ in range(n)]
        if kind == "zero":
            values = [rng.choice((0, MINUS_ZERO_F16)) for _ in range(n)]
        elif kind == "one":
            lane = rng.randrange(n)
            values = [values[lane] if i == lane else 0 for i in range(n)]
        elif kind == "edge":
            values = [rng.choice((LARGEST_F16, SMALLEST_F16)) | rng.choice((0, MINUS_ZERO_F16)) for _ in range(n)]
        return tuple(values)

    def tile(self, exponents: str) -> Tile:
        """Any bits are a tile: -2^m, too, which the compiler never writes."""
        n, rng = self.config.native_dim, self.rng
        limit = 1 << self.config.weight_mantissa
        kind = rng.choice(("any", "any", "sparse", "least", "most"))
        rows = [[rng.randrange(-limit, limit) for _ in range(n)] for _ in range(n)]
        if kind == "sparse":
            rows = [[q if rng.random() < 0.2 else 0 for q in row] for row in rows]
        elif kind in ("least", "most"):
            rows = [[-limit if kind == "least" else limit - 1] * n for _ in rows]
        return rows, [rng.randint(*EXPONENTS[exponents]) for _ in range(n)]

    def negated(self, tile: Tile) -> Tile:
        limit = 1 << self.config.weight_mantissa
        return [[min(-q, limit - 1) for q in row] for row in tile[0]], tile[1]

    # ---- MatrixRf ----------------------------------------------------------------------------------------------

    def load(self, slot: int, engine: int, tile: Tile) -> None:
        """Write a tile, a part a cycle, as soon as nobody reads its slot."""
        c, rng = self.config, self.rng
        width = c.weight_mantissa + 1
        self._tiles[slot, engine] = tile
        self._write = max(self._write, self._busy.get(slot, -1) + 1)
        for chunk in range(c.tile_cycles + 1):
            mantissas = [q for row in tile[0] for q in row[chunk * c.lanes : (chunk + 1) * c.lanes]]
            values, bits = (tile[1], 8) if chunk == c.tile_cycles else (mantissas, width)
            self._write += rng.choice((0, 0, 0, 1))
            data = sum((value & ((1 << bits) - 1)) << i * bits for i, value in enumerate(values))
            self.writes[self._write] = {"slot": slot, "engine": engine, "chunk": chunk, "data": data}
            self._write += 1

    # ---- chains ------------------------------------------------------------------------------------------------

    def chain(self) -> None:
        """Add one chain behind the others."""
        c, rng = self.config, self.rng
        engines, slots, acc = c.engines, c.mrf_slots, self._held is not None
        hold = rng.random() < 0.3
        if c.shared_weights:
            rows, positions = 1, rng.randint(1, engines if hold else 2 * engines + 1)
            positions = len(self._held) if self._held is not None else positions
        else:
            rows = rng.randint(1, engines if hold else min(2 * engines + 1, slots * engines))
            positions = 1 if hold else rng.randint(1, 3)
            rows, positions = (len(self._held), 1) if self._held is not None else (rows, positions)
        groups = -(-rows // engines)
        window = rng.randint(1, min(4, slots // groups))
        first = rng.randrange(slots)
        self._fill([(first + i) % slots for i in range(groups * window)], rng.choice(sorted(EXPONENTS)))
        self.start = max(self.start + rng.choice((0, 0, 0, 1, 2, 9)), self._write if self._write > self.start else 0)
        self._stream(positions, rows, window, first, acc, hold)
        self.note("held" if hold else "sent")
        self.note("continued" if acc else "begun")

    def _fill(self, needed: list[int], exponents: str) -> None:
        """Have a tile in each slot that a chain uses, some of them new."""
        own = 1 if self.config.shared_weights else self.config.engines
        fresh = self.rng.random() < 0.5
        before: Tile | None = None
        for slot in needed:
            for engine in range(own):
                if fresh or (slot, engine) not in self._tiles:
                    cancel = before is not None and self.rng.random() < 0.5
                    tile = self.negated(before) if cancel and before is not None else self.tile(exponents)
                    self.load(slot, engine, tile)
                    before = tile

    def _stream(self, positions: int, rows: int, window: int, first: int, acc: bool, hold: bool) -> None:
        """The vectors of a chain; positions side by side in the engines (shared), or row tiles (private)."""
        c = self.config
        repeat = self.rng.random() < 0.3  # the same vector for each tile: tiles that cancel give 0
        sums: dict[int, list[int]] = dict(enumerate(self._held or []))
        for p0 in range(0, positions, c.engines if c.shared_weights else 1):
            for r0 in range(0, rows, c.engines):
                count = min(c.engines, positions - p0) if c.shared_weights else min(c.engines, rows - r0)
                given: dict[int, tuple[int, ...]] = {}
                for k in range(window):
                    base = self.start
                    self.start += c.tile_cycles
                    slot = (first + r0 // c.engines * window + k) % c.mrf_slots
                    self._busy[slot] = base + c.lat_bfp + c.tile_cycles + c.lat_dot + c.engines
                    for e in range(count):
                        owner = e if c.shared_weights else 0
                        if owner not in given or (not repeat and (c.shared_weights or e == 0)):
                            given[owner] = self.vector()
                        if c.shared_weights or e == 0:
                            self.vectors[base + e] = {
                                "data": given[owner], "engine": owner, "slot": slot, "first": k == 0,
                                "last": k == window - 1, "acc": acc, "hold": hold,
                                "count": self.rng.randrange(256) if c.shared_weights else count,
                            }  # fmt: skip
                        tile = self._tiles[slot, 0 if c.shared_weights else e]
                        before = sums.get(e) if k or acc else None
                        sums[e] = self._add(base + e, tile, given[owner], before)
                        if k == window - 1 and not hold:
                            self._send(base + e, sums[e])
        self._held = [sums[i] for i in sorted(sums)] if hold else None

    # ---- arithmetic: section 4 ---------------------------------------------------------------------------------

    def _add(self, arrival: int, tile: Tile, vector: tuple[int, ...], before: list[int] | None) -> list[int]:
        c = self.config
        q, exponent = arith.f16_to_bfp(vector, c.act_mantissa)
        dotted = arrival + c.lat_bfp + c.tile_cycles + c.lat_dot + c.lat_convert
        terms = []
        for row, own in zip(*tile, strict=True):
            total = sum(map(mul, row, q))
            term, over = arith.int_to_f32(total, own + exponent - (c.weight_mantissa - 1) - (c.act_mantissa - 1))
            self._over(dotted, over, "summand")
            self.note("flushed", bool(total) and not term & 0x7FFFFFFF)
            terms.append(term)
        if before is None:
            return terms
        sums = [arith.f32_add(old, term) for old, term in zip(before, terms, strict=True)]
        for (total, over), term in zip(sums, terms, strict=True):
            self._over(dotted + c.lat_acc, over, "sum")
            self.note("cancelled", total == 0 and term != 0)
        return [total for total, _ in sums]

    def _send(self, arrival: int, sums: list[int]) -> None:
        c = self.config
        out = [arith.f32_to_f16(value) for value in sums]
        matrix = c.lat_bfp + c.tile_cycles + c.lat_dot + c.lat_convert + c.lat_acc + c.lat_round
        for _, over in out:
            self._over(arrival + matrix, over, "result")
        assert arrival + matrix not in self.results, "two engines would deliver in one cycle"
        self.results[arrival + matrix] = tuple(bits for bits, _ in out)

    def _over(self, cycle: int, over: bool, what: str) -> None:
        if over:
            self.overflows.add(cycle + 1)  # the pulse has a register
            self.note(f"{what} saturated")

    def note(self, what: str, happened: bool = True) -> None:
        self.seen[what] = self.seen.get(what, 0) + int(happened)

    @property
    def cycles(self) -> int:
        """Cycles after which everything has come out."""
        return max([*self.results, *self.overflows, *self.vectors, *self.writes], default=0) + 2
