"""What everything becomes: the machine's values, bit for bit, chain by chain on whole feature maps.

Vector memories are float32 arrays that hold float16 values.  A program's constant parts are prepared once: unpacked
weight tiles, address arrays.  Chains run in program order, which a verified program makes equal to any order in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.chain import Act, ComputeChain, Decoded, Mfu, Operand, VectorMove, WeightMove, slot_tiles
from npusim.chain.addresses import nest
from npusim.config import NpuConfig
from npusim.engine import gather
from npusim.engine.matvec import Targets, TilePool, matvec
from npusim.engine.moves import Moves, NetPort
from npusim.engine.moves import Observer as MoveObserver
from npusim.engine.reduce import Reduction, reduce_windows
from npusim.engine.tables import unary_table
from npusim.engine.vector import Op, Stage, Stages, apply_stages
from npusim.isa import Space
from npusim.numerics import from_f16_bits, offset_activations, unpack_tiles

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.signedinteger[Any]]
U8 = npt.NDArray[np.uint8]

LOW = np.float32(-65504.0)

_ADDSUB = {"add": Op.ADD, "a_sub_b": Op.A_SUB_B, "b_sub_a": Op.B_SUB_A, "max": Op.MAX}


Places = slice | Ints
"""Rows of a memory: a slice where the addresses are an arithmetic progression."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a compute chain needs at every run and that no run changes.

    source: int32[P, K] addresses, or a row per vector from the Expander; low, high: their range in InitialVrf;
    tiles: int32[row tiles, K], tiles of the pool; before, after: stages up to and behind the reduction; writes: rows
    of each destination.
    """

    source: I32
    low: int
    high: int
    tiles: I32
    before: Stages
    after: Stages
    writes: list[tuple[Space, Places]]
    targets: Targets | None  # the destinations as views, where results can go straight there


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
        slots = np.full(config.mrf_slots * slot_tiles(config), -1, np.int32)
        self._prepared: dict[int, _Prepared] = {}
        alike: dict[int, _Prepared] = {}  # of the chains of a loop that are the same at every iteration
        for chain in decoded.chains:
            if isinstance(chain, WeightMove):
                first = int(np.searchsorted(self._addresses, chain.addr))
                into = (chain.tile * slot_tiles(config) + np.arange(chain.tiles)) % len(slots)
                slots[into] = first + np.arange(chain.tiles)
            elif isinstance(chain, ComputeChain):
                tiles = self._tiles(chain, slots)
                if id(chain.memo) not in alike:
                    alike[id(chain.memo)] = self._prepare(chain, tiles)
                ready = alike[id(chain.memo)]
                if not np.array_equal(ready.tiles, tiles):  # a loop that goes on with other weights
                    ready = replace(ready, tiles=tiles)
                self._prepared[chain.index] = ready

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
        self.q = np.zeros((depth + 2, self.n), np.uint8)  # the same in block floating point, mantissas + 128
        self.exp = np.zeros(depth + 2, np.int16)
        offset_activations(initial, c.act_mantissa, self.q, self.exp)
        self.stale = np.ones(depth, np.bool_)
        self._work: dict[str, F32] = {}

    def _room(self, name: str, vectors: int) -> F32:
        """Return float32[vectors, N] of working memory, used again by every chain: fresh pages cost more than work."""
        if name not in self._work or len(self._work[name]) < vectors:
            self._work[name] = np.empty((vectors, self.n), np.float32)
        return self._work[name][:vectors]

    def _share(self, key: tuple[object, ...], make: Callable[[], I32]) -> I32:
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def _nest(self, count: int, columns: int, row: int, col: int) -> I32:
        return self._share(("nest", count, columns, row, col), lambda: nest(count, columns, row, col).astype(np.int32))

    def _prepare(self, chain: ComputeChain, tiles: I32) -> _Prepared:
        r, depth = chain.regs, self.config.initial_vrf
        low = high = 0
        if chain.source.space is Space.INITIAL_VRF:
            key = ("reader", chain.source.addr, chain.source.low, *r[:15])
            source = self._share(key, lambda: gather.reader(chain, depth + (1 if chain.source.low else 0)))
            inside = source[source < depth]
            low, high = (int(inside.min()), int(inside.max()) + 1) if inside.size else (0, 0)
        else:
            count = chain.positions * chain.window
            rows = self._share(("rows", count), lambda: np.arange(count, dtype=np.int32))
            source = rows.reshape(chain.positions, chain.window)
        row_tiles = r.mv_rows if chain.matmul is not None else 1
        repeat = row_tiles if chain.matmul is not None else chain.window

        def positions() -> I32:
            base = np.repeat(nest(chain.positions, r.cols, r.op0_row, r.op0_col), repeat)
            return (base + np.tile(np.arange(row_tiles, dtype=np.int32), len(base) // row_tiles)).astype(np.int32)

        op0 = self._share(("op0", chain.positions, r.cols, r.op0_row, r.op0_col, repeat, row_tiles), positions)
        before = self._stages(chain.mfu0, op0, chain)
        after = self._stages(chain.mfu1, self._nest(chain.outputs, r.out_cols, r.op1_row, r.op1_col), chain)
        if chain.reduce is None:
            before, after = [*before, *after], []
        write = self._nest(chain.outputs, r.out_cols, r.wr_row, r.wr_col)
        writes = [(t.space, _places(self._wrap(t.space, t.addr + write))) for t in chain.targets]
        first = Stages(before, chain.elements, self.n)
        last = Stages(after, chain.outputs, self.n)
        return _Prepared(source, low, high, tiles, first, last, writes, self._targets(chain, writes))

    def _targets(self, chain: ComputeChain, writes: list[tuple[Space, Places]]) -> Targets | None:
        """The destinations of a product's results.

        No target holds what the chain still reads: the unit reads InitialVrf's block floating point form, and operands
        are at most updated in place.
        """
        if chain.matmul is None or chain.reduce is not None or chain.regs.mv_rows > 1:
            return None
        if not all(isinstance(places, slice) for _, places in writes):
            return None
        return Targets([self.memory[space][places] for space, places in writes]) if writes else None

    def _tiles(self, chain: ComputeChain, slots: I32) -> I32:
        """int32[row tiles, K]: the pool's tile for each step."""
        if chain.matmul is None:
            return np.zeros((0, 0), np.int32)
        ways = slot_tiles(self.config)
        r, k = np.arange(chain.regs.mv_rows)[:, None], np.arange(chain.window)[None]
        at = (chain.matmul.tile + (r // ways) * chain.window + k) * ways + r % ways
        return np.ascontiguousarray(slots[at % len(slots)])

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
        rows = chain.regs.mv_rows if chain.matmul is not None else 1
        if rows > 1:
            per_position = np.arange(rows, dtype=np.int32) + np.int32(operand.addr)
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
        self.observe, self.overflow = observe, False
        self.held: F32 | None = None
        for chain in self.decoded.chains:
            if isinstance(chain, VectorMove):
                for space, first, steps in self.moves.run(chain, net, moved):
                    if space is Space.INITIAL_VRF:
                        self.stale[first + steps] = True
            elif isinstance(chain, ComputeChain):
                self._compute(chain)
            if progress is not None:
                progress(chain.index)
        return self.overflow

    def _wrap(self, space: Space, addresses: Ints) -> Ints:
        return addresses % self.config.expander if space is Space.EXPANDER else addresses

    def _store(self, space: Space, places: Places, vectors: F32) -> None:
        self.memory[space][places] = vectors
        self._changed([(space, places)])

    # ---- compute chains ----------------------------------------------------------------------------------------

    def _compute(self, chain: ComputeChain) -> None:
        at = self._prepared[chain.index]
        stream = self._product(chain, at) if chain.matmul is not None else self._read(chain, at)
        if stream is None:
            return
        if chain.reduce is not None:
            stream = self._reduced(chain, stream)
            if at.after.stages:
                self.overflow |= apply_stages(stream, at.after)
        if chain.matmul is not None and at.targets is not None:  # everything is in its place already
            self._changed(at.writes)
        else:
            for space, places in at.writes:
                self._store(space, places, stream)
        if self.observe is not None:
            self.observe(chain, np.ascontiguousarray(stream))

    def _read(self, chain: ComputeChain, at: _Prepared) -> F32:
        """The stream of a chain without matrix: reader vectors in order."""
        if chain.source.space is Space.EXPANDER:
            x = self._room("reader", chain.elements)
            gather.expand(self.memory[Space.EXPANDER], chain, x)
        else:
            x = self._room("reader", chain.elements)
            np.take(self.memory[Space.INITIAL_VRF], at.source.reshape(-1), axis=0, out=x, mode="clip")
        self.overflow |= apply_stages(x, at.before)
        return x

    def _product(self, chain: ComputeChain, at: _Prepared) -> F32 | None:
        """The stream behind the matrix-vector unit; None if the sums stay in the accumulators."""
        c, matmul = self.config, chain.matmul
        assert matmul is not None
        if chain.source.space is Space.EXPANDER:
            x = self._room("reader", chain.positions * chain.window)
            gather.expand(self.memory[Space.EXPANDER], chain, x)
            q: U8 = np.empty(x.shape, np.uint8)
            exp = np.empty(len(x), np.int16)
            offset_activations(x, c.act_mantissa, q, exp)
        else:
            self._refresh(at.low, at.high)
            q, exp = self.q, self.exp
        rows = chain.regs.mv_rows
        turn = rows > 1 and not matmul.hold  # the stream has the row tiles of a position one after the other
        direct = None if matmul.hold else at.targets
        out = self._room("held" if matmul.hold else "stream", rows * chain.positions if direct is None else 0)
        self.overflow |= matvec(
            self.pool, at.tiles, q, exp, c.act_mantissa, at.source,
            out.reshape(rows, chain.positions, self.n) if direct is None else direct,
            start=self.held if matmul.acc else None, hold=matmul.hold,
            stages=() if turn or matmul.hold else at.before, threads=self.threads,
        )  # fmt: skip
        self.held = out if matmul.hold else None
        if matmul.hold:
            return None
        if direct is not None:
            return direct.views[0]
        if not turn:
            return out
        stream = np.ascontiguousarray(out.reshape(rows, -1, self.n).transpose(1, 0, 2)).reshape(-1, self.n)
        self.overflow |= apply_stages(stream, at.before)
        return stream

    def _changed(self, writes: list[tuple[Space, Places]]) -> None:
        for space, places in writes:
            if space is Space.INITIAL_VRF:
                self.stale[places] = True

    def _refresh(self, low: int, high: int) -> None:
        """Convert the vectors of InitialVrf that changed to block floating point."""
        if not self.stale[low:high].any():
            return
        changed = np.flatnonzero(self.stale[low:high]) + low
        first, last = int(changed[0]), int(changed[-1]) + 1
        x = self.memory[Space.INITIAL_VRF][first:last]
        offset_activations(x, self.config.act_mantissa, self.q[first:last], self.exp[first:last])
        self.stale[first:last] = False

    def _reduced(self, chain: ComputeChain, stream: F32) -> F32:
        r = chain.regs
        out = self._room("reduced", chain.outputs)
        kind = Reduction.MAX if chain.reduce == "max" else Reduction.SUM
        self.overflow |= reduce_windows(
            stream, kind, out, n=r.red_n, overlap=r.red_overlap, head=r.red_head, run=r.red_run, tail=bool(r.red_tail)
        )
        return out


def _places(addresses: Ints) -> Places:
    """Return the addresses as a slice where they are an increasing arithmetic progression."""
    if len(addresses) == 1:
        return slice(int(addresses[0]), int(addresses[0]) + 1)
    step = int(addresses[1]) - int(addresses[0])
    if step < 1 or (np.diff(addresses) != step).any():
        return addresses
    return slice(int(addresses[0]), int(addresses[-1]) + 1, step)


def _unary(act: Act) -> Stage:
    if act.op in ("sigm", "tanh"):
        return Stage(op=Op.LUT, table=unary_table(act.op))
    a, b = (float(v) for v in from_f16_bits(np.array([act.a, act.b], np.uint16)))
    if act.op == "relu":
        return Stage(op=Op.RELU)
    if act.op == "clip":
        return Stage(op=Op.CLIP, lo=a, hi=b)
    return Stage(op=Op.LEAKY_RELU, lo=a)
