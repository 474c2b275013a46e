"""Decoded chains: what one `end_chain` dispatches, as frozen records.

A chain that `decode_stream` returned is legal on its machine: no count is zero, no address leaves its memory.
Chains that are the same at several iterations of a loop share what has been worked out about one of them (`Memo`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np

from npusim.chain import spans
from npusim.chain.forms import Matmul, Mfu, ReduceOp, Registers, Source, Write
from npusim.chain.reduce import reduce_windows
from npusim.chain.regions import Memory, Region, region_of, slot_tiles, written
from npusim.chain.spans import I64
from npusim.config import NpuConfig
from npusim.isa import Queue, Space

Result = TypeVar("Result")


class Memo:
    """Results of functions of a chain's contents and its machine; a chain has one machine, that it was decoded for."""

    def __init__(self) -> None:
        self._results: dict[str, Any] = {}

    def get(self, name: str, make: Callable[[], Result]) -> Result:
        """Return the result of that name, made at most once."""
        if name not in self._results:
            self._results[name] = make()
        result: Result = self._results[name]
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    index: int  # place in the list of chains as they are dispatched, loops unrolled
    dispatch: int  # words that are dispatched before the chain's end_chain
    first: int  # word of the read
    end: int  # word of the end_chain
    wait: int  # mask of queues: bit q is the semaphore (q, own queue)
    give: int  # mask of queues: bit q is the semaphore (own queue, q)
    node: int
    regs: Registers
    memo: Memo = field(init=False, default_factory=Memo, compare=False, repr=False)

    def share(self, other: _Chain) -> None:
        """Share what is known about a chain that differs in place and time only."""
        object.__setattr__(self, "memo", other.memo)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMove(_Chain):
    """`m_rd` → `m_wr`: regs.tiles tiles from DRAM byte `addr` on to slots from `tile` on."""

    addr: int
    tile: int

    @property
    def queue(self) -> Queue:
        """The weight queue."""
        return Queue.WEIGHT

    @property
    def tiles(self) -> int:
        """Native tiles moved."""
        return self.regs.tiles

    def reads(self, config: NpuConfig) -> list[Region]:
        """Return the bytes read."""
        return [Region(Memory.DRAM, spans.run(self.addr, self.tiles * config.tile_bytes))]

    def writes(self, config: NpuConfig) -> list[Region]:
        """Return the tiles of the MatrixRf that are written."""
        ways = slot_tiles(config)
        return [Region(Memory.MATRIX_RF, spans.wrap(spans.run(self.tile * ways, self.tiles), config.mrf_slots * ways))]


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorMove(_Chain):
    """`v_rd` → `v_wr` through the vector DMA; several writes go to on-chip memories."""

    source: Source
    targets: tuple[Write, ...]

    @property
    def queue(self) -> Queue:
        """The vector queue."""
        return Queue.VECTOR

    @property
    def positions(self) -> int:
        """P, the vectors moved."""
        return self.regs.rows * self.regs.cols

    @property
    def outputs(self) -> int:
        """Vectors moved."""
        return self.positions

    def reads(self, config: NpuConfig) -> list[Region]:
        """Return the addresses read; none for NetInQ."""
        if self.source.space == Space.NET_IN_Q:
            return []
        regs = self.regs
        return [region_of(self.source, spans.nest(self.positions, regs.cols, regs.rd_row, regs.rd_col), config)]

    def writes(self, config: NpuConfig) -> list[Region]:
        """Return the addresses written; none for NetOutQ."""
        return written(self.targets, self.regs, self.positions, config)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeChain(_Chain):
    """`v_rd` → stages → `v_wr`, or up to an `mv_mul` that holds its sums (no targets then)."""

    source: Source
    matmul: Matmul | None
    mfu0: Mfu
    reduce: ReduceOp | None
    mfu1: Mfu
    targets: tuple[Write, ...]
    positions: int  # P
    window: int  # K: vectors that the reader gives for a position
    elements: int  # of the stream through MFU0
    outputs: int  # native vectors written to each target; 0 for a chain that holds
    rounds: int  # R: rounds of the matrix-vector unit; 0 without mv_mul

    @property
    def queue(self) -> Queue:
        """The compute queue."""
        return Queue.COMPUTE

    @property
    def holds(self) -> bool:
        """True if the sums stay in the accumulators."""
        return self.matmul is not None and self.matmul.hold

    @property
    def row_tiles(self) -> int:
        """Vectors that the matrix-vector unit gives for a position; 1 without mv_mul."""
        return 1 if self.matmul is None else self.regs.mv_rows

    def windows(self) -> I64:
        """Return int64[outputs, 2]: first element and number of elements of each output of the reduce stage."""
        r = self.regs
        return reduce_windows(r.red_n, r.red_head, r.red_overlap, r.red_run, r.red_tail, self.elements)

    def reads(self, config: NpuConfig) -> list[Region]:
        """Return the addresses read, one region for each reader, operand and the matrix."""
        regs = self.regs
        regions = [self._read(config)]
        if self.matmul is not None:
            regions.append(self._tiles(config))
        stays = spans.run(0, self.row_tiles)
        for operand in self.mfu0.operands:
            steps = stays
            if operand.step:
                steps = spans.product(spans.nest(self.positions, regs.cols, regs.op0_row, regs.op0_col), stays)
            regions.append(region_of(operand, steps, config))
        for operand in self.mfu1.operands:
            steps = stays
            if operand.step:
                steps = spans.nest(self.outputs, regs.out_cols, regs.op1_row, regs.op1_col)
            regions.append(region_of(operand, steps, config))
        return regions

    def writes(self, config: NpuConfig) -> list[Region]:
        """Return the addresses written, one region for each target."""
        return written(self.targets, self.regs, self.outputs, config)

    def _read(self, config: NpuConfig) -> Region:
        r = self.regs
        ys = spans.axis(r.rows, r.stride_h, r.kh, r.dilation_h, r.pad_top, r.in_h)
        xs = spans.axis(r.cols, r.stride_w, r.kw, r.dilation_w, r.pad_left, r.in_w)
        if self.source.space == Space.EXPANDER:
            pixels = spans.lanes(xs, r.channels, config.native_dim)
            return region_of(self.source, spans.rows(ys, r.rd_row, pixels), config)
        return region_of(self.source, spans.rows(ys, r.rd_row, spans.merge(xs * r.rd_col, r.kc)), config)

    def _tiles(self, config: NpuConfig) -> Region:
        assert self.matmul is not None
        ways, window = slot_tiles(config), self.window
        if ways == 1:
            used = spans.run(self.matmul.tile, window)
        else:
            row = np.arange(self.regs.mv_rows, dtype=np.int64)
            first = (row // ways * window + self.matmul.tile) * ways + row % ways
            used = spans.merge(first[:, None] + np.arange(window, dtype=np.int64) * ways, 1)
        return Region(Memory.MATRIX_RF, spans.wrap(used, config.mrf_slots * ways))


Chain: TypeAlias = WeightMove | VectorMove | ComputeChain


@dataclass(frozen=True, slots=True)
class Decoded:
    """A legal program: its chains in the order of dispatch, a chain of a loop once for each iteration.

    words: of the program, `halt` the last; dispatched: words with loops unrolled.
    """

    chains: tuple[Chain, ...]
    words: int
    dispatched: int
