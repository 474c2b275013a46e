"""What everything becomes: the machine's values, bit for bit, chain by chain on whole feature maps.

Vector memories are float32 arrays that hold float16 values.  A program's constant parts are prepared once: unpacked
weight tiles, address arrays.  Chains run in program order, which a verified program makes equal to any order in time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from npusim.chain import Act, ComputeChain, Decoded, Mfu, Operand, VectorMove, WeightMove, slot_tiles
from npusim.chain.addresses import nest
from npusim.config import NpuConfig
from npusim.engine import gather
from npusim.engine.matvec import Product, Targets, TilePool
from npusim.engine.moves import Moves, NetPort
from npusim.engine.moves import Observer as MoveObserver
from npusim.engine.passes import Pass, refresh
from npusim.engine.reduce import Reduction, reduce_windows
from npusim.engine.tables import unary_table
from npusim.engine.vector import Op, Stage, Stages
from npusim.isa import Space
from npusim.numerics import from_f16_bits, offset_activations, unpack_tiles

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]

LOW = np.float32(-65504.0)

_ADDSUB = {"add": Op.ADD, "a_sub_b": Op.A_SUB_B, "b_sub_a": Op.B_SUB_A, "max": Op.MAX}

Work = Callable[[], object]
"""A step of a chain, made ready; true if a value saturated."""


class _Unit(NamedTuple):
    """What a compute chain does at every run.

    tiles: int32[row tiles, K], tiles of the pool; work: its steps; changed: rows of InitialVrf that it writes.
    """

    tiles: I32
    work: tuple[Work, ...]
    changed: slice | I32 | None


Observer = Callable[[ComputeChain, F32], None]
"""Called with each chain's outputs, float32[outputs, N], in output order; valid only during the call."""


class Engine:
    """One program on one machine; `run` may be called any number of times.

    decoded: a verified program; dram: its DRAM image; size: bytes of DRAM in use; threads: processor cores to use
    (results do not depend on it).
    """

    def __init__(self, decoded: Decoded, config: NpuConfig, dram: U8, size: int, threads: int = 1) -> None:
        self.config, self.decoded, self.threads = config, decoded, threads
        self.image, self.size = dram, size
        self.n = config.native_dim
        self._load_tiles()
        self._make_memories()
        self.moves = Moves(config, self.memory, dram, size)
        self._shared: dict[tuple[object, ...], I32] = {}
        self._tiles = self._find_tiles()
        self._units: list[_Unit | None] = []  # by chain, made by the first run
        self._observed = False

    # ---- preparation -------------------------------------------------------------------------------------------

    def _load_tiles(self) -> None:
        """Unpack every tile that a weight move reads, once."""
        step = self.config.tile_bytes
        found = [c.addr + step * np.arange(c.tiles) for c in self.decoded.chains if isinstance(c, WeightMove)]
        self._addresses = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
        packed = np.empty((len(self._addresses), step), np.uint8)
        for row, address in enumerate(self._addresses):
            packed[row] = self.image[address : address + step]
        q, exp = unpack_tiles(packed, self.n, self.config.weight_mantissa, self.config.lanes)
        self.pool = TilePool(q, exp, self.config.weight_mantissa)

    def _make_memories(self) -> None:
        """Allocate the vector memories once: a verified program reads nothing that it has not written in this run."""
        c = self.config
        operands = (Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1, Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)
        self.memory = {s: np.zeros((c.depth(s), self.n), np.float32) for s in (Space.EXPANDER, *operands)}
        depth = c.initial_vrf
        initial = np.zeros((depth + 2, self.n), np.float32)  # and two rows of padding
        initial[depth + 1] = LOW
        self.memory[Space.INITIAL_VRF] = initial
        # The same in block floating point, mantissas + 128.
        self.q = np.zeros((depth + 2, -(-self.n // 4) * 4), np.uint8)
        self.exp = np.zeros(depth + 2, np.int16)
        offset_activations(initial, c.act_mantissa, self.q, self.exp)
        self.stale = np.ones(depth, np.bool_)

    def _make_rooms(self, observed: bool) -> None:
        """Allocate what chains work in; all use the same, as fresh pages cost more than work."""
        chains = [c for c in self.decoded.chains if isinstance(c, ComputeChain)]
        sizes = {
            "read": [c.positions * c.window for c in chains if c.source.space is Space.EXPANDER],
            "product": [c.elements for c in chains if c.row_tiles > 1],
            "held": [c.row_tiles * c.positions for c in chains if c.holds],
            "stream": [c.elements for c in chains if not self._is_direct(c)],
            "reduced": [c.outputs for c in chains if c.reduce is not None],
            "outputs": [c.outputs for c in chains if observed],
        }
        self._rooms = {name: np.zeros((max(counts, default=0), self.n), np.float32) for name, counts in sizes.items()}
        self._read_q = np.zeros((len(self._rooms["read"]), self.q.shape[1]), np.uint8)
        self._read_exp = np.zeros(len(self._read_q), np.int16)

    def _share(self, key: tuple[object, ...], make: Callable[[], I32]) -> I32:
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def _nest(self, count: int, columns: int, row: int, col: int) -> I32:
        return self._share(("nest", count, columns, row, col), lambda: nest(count, columns, row, col).astype(np.int32))

    def _rows(self, count: int) -> I32:
        return self._nest(count, 1, 1, 0)

    def _make_units(self, observed: bool) -> None:
        """Make every compute chain ready; the chains of a loop that are the same at every iteration share a unit."""
        self._make_rooms(observed)
        alike: dict[int, _Unit] = {}
        self._units = []
        for chain in self.decoded.chains:
            unit = None
            if isinstance(chain, ComputeChain):
                tiles = self._tiles[chain.index]
                unit = alike.get(id(chain.memo))
                if unit is None or unit.tiles is not tiles:  # or a loop that goes on with other weights
                    alike[id(chain.memo)] = unit = self._unit(chain, tiles, observed)
            self._units.append(unit)

    def _unit(self, chain: ComputeChain, tiles: I32, observed: bool) -> _Unit:
        """Make a chain ready: a product or the reader, a reduction, stages as early as they can be, its writes."""
        r, rooms = chain.regs, self._rooms
        write = self._nest(chain.outputs, r.out_cols, r.wr_row, r.wr_col)
        targets = [(self.memory[t.space], t.addr + write) for t in chain.targets]
        if observed and chain.outputs:
            targets.append((rooms["outputs"], self._rows(chain.outputs)))
        before, after = self._all_stages(chain)
        work: list[Work] = []
        if chain.source.space is Space.EXPANDER:
            x = rooms["read"][: chain.positions * chain.window]
            work.append(partial(gather.expand, self.memory[Space.EXPANDER], chain, x))
        if chain.matmul is not None:
            work += self._product(chain, tiles, before, targets)
            stream = rooms["stream" if chain.row_tiles == 1 else "product"]
            rows = self._turned(chain)
        elif chain.source.space is Space.EXPANDER:
            stream, rows = rooms["read"], self._rows(chain.elements)
        else:
            stream, rows = self.memory[Space.INITIAL_VRF], self._reader(chain).reshape(-1)
        if not self._is_direct(chain):
            if chain.matmul is not None and chain.row_tiles == 1:  # the product has been through its stages
                before = []
            if chain.reduce is not None:
                ready = Stages(before, chain.elements, self.n)
                if ready.stages or chain.matmul is None or chain.row_tiles > 1:
                    work.append(Pass(stream, rows, ready, [(rooms["stream"], self._rows(chain.elements))]).run)
                work.append(self._reduction(chain))
                stream, rows, before = rooms["reduced"], self._rows(chain.outputs), after
            work.append(Pass(stream, rows, Stages(before, chain.outputs, self.n), targets).run)
        changed = [t.addr + write for t in chain.targets if t.space is Space.INITIAL_VRF]
        return _Unit(tiles, tuple(work), _progression(changed[0]) or changed[0] if changed else None)

    def _reader(self, chain: ComputeChain) -> I32:
        """int32[P, K]: rows of InitialVrf, padding behind its last vector."""
        key = ("reader", chain.source.addr, chain.source.low, *chain.regs[:15])
        padding = self.config.initial_vrf + (1 if chain.source.low else 0)
        return self._share(key, lambda: gather.reader(chain, padding))

    def _turned(self, chain: ComputeChain) -> I32:
        """int32[elements]: a product has one row tile behind the other, the stream all those of a position."""
        count, row_tiles = chain.positions, chain.row_tiles
        turned = self._rows(count * row_tiles).reshape(row_tiles, count).T
        return self._share(("turned", count, row_tiles), lambda: np.ascontiguousarray(turned).reshape(-1))

    def _is_direct(self, chain: ComputeChain) -> bool:
        """Tell whether a product leaves its results straight where the chain does.

        No target holds what the chain still reads: the unit reads InitialVrf's block floating point form, and operands
        are at most updated in place.
        """
        r = chain.regs
        if chain.holds:
            return True
        if chain.matmul is None or chain.reduce is not None or chain.row_tiles > 1:
            return False
        return _progression(self._nest(chain.outputs, r.out_cols, r.wr_row, r.wr_col)) is not None

    def _product(
        self, chain: ComputeChain, tiles: I32, stages: Sequence[Stage], targets: Sequence[tuple[F32, I32]]
    ) -> list[Work]:
        c, matmul, row_tiles = self.config, chain.matmul, chain.row_tiles
        assert matmul is not None
        count = row_tiles * chain.positions
        name = "held" if chain.holds else "stream" if row_tiles == 1 else "product"
        if not chain.holds and self._is_direct(chain):
            out = Targets([memory[_progression(rows)] for memory, rows in targets])
        else:
            out = Targets([self._rooms[name][:count]])
        if chain.source.space is Space.EXPANDER:
            vectors = chain.positions * chain.window
            q, exp = self._read_q, self._read_exp
            source = self._rows(vectors).reshape(chain.positions, chain.window)
            x = self._rooms["read"][:vectors]
            before = partial(offset_activations, x, c.act_mantissa, q[:vectors], exp[:vectors])
        else:
            q, exp = self.q, self.exp
            source = self._reader(chain)
            inside = source[source < c.initial_vrf]
            low, high = (int(inside.min()), int(inside.max()) + 1) if inside.size else (0, 0)
            memory = self.memory[Space.INITIAL_VRF]
            before = partial(refresh, memory, self.stale, low, high, c.act_mantissa, q, exp)
        product = Product(
            self.pool, tiles, q, exp, c.act_mantissa, source, out, hold=chain.holds,
            start=self._rooms["held"][:count] if matmul.acc else None,
            stages=stages if row_tiles == 1 else (), threads=self.threads,
        )  # fmt: skip
        return [before, product.run]

    def _reduction(self, chain: ComputeChain) -> Work:
        r = chain.regs
        kind = Reduction.MAX if chain.reduce == "max" else Reduction.SUM
        stream, out = self._rooms["stream"][: chain.elements], self._rooms["reduced"][: chain.outputs]
        windows = {"n": r.red_n, "overlap": r.red_overlap, "head": r.red_head, "run": r.red_run}
        return partial(reduce_windows, stream, kind, out, **windows, tail=bool(r.red_tail))

    def _find_tiles(self) -> dict[int, I32]:
        """Return for each compute chain, by its number, the pool's tile for each step: int32[row tiles, K]."""
        ways = slot_tiles(self.config)
        slots = np.full(self.config.mrf_slots * ways, -1, np.int32)
        found: dict[int, I32] = {}
        latest: dict[int, I32] = {}  # of chains alike
        for chain in self.decoded.chains:
            if isinstance(chain, WeightMove):
                first = int(np.searchsorted(self._addresses, chain.addr))
                slots[(chain.tile * ways + np.arange(chain.tiles)) % len(slots)] = first + np.arange(chain.tiles)
            elif isinstance(chain, ComputeChain):
                tiles = np.zeros((0, 0), np.int32)
                if chain.matmul is not None:
                    r, k = np.arange(chain.row_tiles)[:, None], np.arange(chain.window)[None]
                    at = (chain.matmul.tile + (r // ways) * chain.window + k) * ways + r % ways
                    tiles = np.ascontiguousarray(slots[at % len(slots)])
                if not np.array_equal(latest.get(id(chain.memo), ()), tiles):
                    latest[id(chain.memo)] = tiles
                found[chain.index] = latest[id(chain.memo)]
        return found

    def _all_stages(self, chain: ComputeChain) -> tuple[list[Stage], list[Stage]]:
        """Return the stages up to and behind the reduction; without one, all are up to it."""
        r, row_tiles = chain.regs, chain.row_tiles
        repeat = row_tiles if chain.matmul is not None else chain.window

        def positions() -> I32:
            base = np.repeat(nest(chain.positions, r.cols, r.op0_row, r.op0_col), repeat)
            return (base + np.tile(np.arange(row_tiles, dtype=np.int32), len(base) // row_tiles)).astype(np.int32)

        op0 = self._share(("op0", chain.positions, r.cols, r.op0_row, r.op0_col, repeat, row_tiles), positions)
        before = self._stages(chain.mfu0, op0, chain)
        after = self._stages(chain.mfu1, self._nest(chain.outputs, r.out_cols, r.op1_row, r.op1_col), chain)
        return (before, after) if chain.reduce is not None else ([*before, *after], [])

    def _stages(self, mfu: Mfu, steps: I32, chain: ComputeChain) -> list[Stage]:
        found = []
        if mfu.mul is not None:
            found.append(self._stage(Op.MUL, mfu.mul, steps, chain))
        if mfu.addsub is not None:
            found.append(self._stage(_ADDSUB[mfu.addsub.op], mfu.addsub.operand, steps, chain))
        if mfu.act is not None:
            found.append(_unary(mfu.act))
        return found

    def _stage(self, op: Op, operand: Operand, steps: I32, chain: ComputeChain) -> Stage:
        memory = self.memory[operand.space]
        if operand.step:
            return Stage(op=op, operand=memory, index=(operand.addr + steps).astype(np.int32))
        if chain.row_tiles > 1:
            per_position = np.arange(chain.row_tiles, dtype=np.int32) + np.int32(operand.addr)
            return Stage(op=op, operand=memory, index=np.tile(per_position, chain.positions))
        return Stage(op=op, operand=memory, index=operand.addr)

    # ---- a run -------------------------------------------------------------------------------------------------

    def run(
        self,
        net: NetPort,
        observe: Observer | None = None,
        progress: Callable[[int], None] | None = None,
        moved: MoveObserver | None = None,
    ) -> bool:
        """Execute the program; returns the sticky overflow flag.

        net: host's end of the queues; observe: sees every compute chain's outputs; progress: called after each chain
        with its number; moved: sees the vectors of every vector move.
        """
        observed = observe is not None
        if not self._units or observed != self._observed:
            self._make_units(observed)
            self._observed = observed
        overflow = False
        for chain, unit in zip(self.decoded.chains, self._units, strict=True):
            if unit is not None and isinstance(chain, ComputeChain):
                for work in unit.work:
                    if work():
                        overflow = True
                if unit.changed is not None:
                    self.stale[unit.changed] = True
                if observe is not None and chain.outputs:
                    observe(chain, self._rooms["outputs"][: chain.outputs])
            elif isinstance(chain, VectorMove):
                for space, first, steps, _ in self.moves.run(chain, net, moved):
                    if space is Space.INITIAL_VRF:
                        self.stale[first + steps] = True
            if progress is not None:
                progress(chain.index)
        return overflow


def _progression(rows: I32) -> slice | None:
    """Return rows as a slice where they are an increasing arithmetic progression."""
    if len(rows) == 1:
        return slice(int(rows[0]), int(rows[0]) + 1)
    step = int(rows[1]) - int(rows[0])
    if step < 1 or (np.diff(rows) != step).any():
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1, step)


def _unary(act: Act) -> Stage:
    if act.op in ("sigm", "tanh"):
        return Stage(op=Op.LUT, table=unary_table(act.op))
    a, b = (float(v) for v in from_f16_bits(np.array([act.a, act.b], np.uint16)))
    if act.op == "relu":
        return Stage(op=Op.RELU)
    if act.op == "clip":
        return Stage(op=Op.CLIP, lo=a, hi=b)
    return Stage(op=Op.LEAKY_RELU, lo=a)
