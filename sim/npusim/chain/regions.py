"""The addresses that chains touch: exact sets, for the verifier and for placing semaphores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from npusim.chain import spans
from npusim.chain.forms import Operand, Registers, Source, Write
from npusim.chain.spans import I64, Spans
from npusim.config import NpuConfig
from npusim.isa import Space


class Memory(IntEnum):
    """What a region lies in: the memories of `Space` under their numbers, and the MatrixRf."""

    DRAM = 0
    EXPANDER = 3
    INITIAL_VRF = 4
    ADDSUB_VRF_0 = 5
    ADDSUB_VRF_1 = 6
    MULTIPLY_VRF_0 = 7
    MULTIPLY_VRF_1 = 8
    MATRIX_RF = 9


@dataclass(frozen=True, slots=True)
class Region:
    """A set of addresses of one memory.

    spans: int64[n, 2], sorted disjoint half-open intervals; in bytes for DRAM, native vectors for vector memories,
    tiles for the MatrixRf (the slot's number; with private weights slot · T + engine).
    """

    memory: Memory
    spans: Spans

    @property
    def addresses(self) -> I64:
        """Every address, sorted."""
        return spans.expand(self.spans)

    @property
    def size(self) -> int:
        """Number of addresses."""
        return int((self.spans[:, 1] - self.spans[:, 0]).sum())


def slot_tiles(config: NpuConfig) -> int:
    """Return the tiles of a MatrixRf slot: with private weights one for each engine."""
    return 1 if config.shared_weights else config.engines


def region_of(at: Source | Operand | Write, steps: Spans, config: NpuConfig) -> Region:
    """Return the addresses at + step of a memory, for steps in native vectors."""
    if at.space == Space.DRAM:
        return Region(Memory.DRAM, steps * config.vector_bytes + at.addr)
    if at.space == Space.EXPANDER:
        return Region(Memory.EXPANDER, spans.wrap(steps + at.addr, config.expander))
    return Region(Memory(at.space), steps + at.addr)


def written(targets: tuple[Write, ...], regs: Registers, outputs: int, config: NpuConfig) -> list[Region]:
    """Return what outputs go to, one region for each target that is a memory."""
    vectors = [target for target in targets if target.space != Space.NET_OUT_Q]
    if not vectors:
        return []
    steps = spans.nest(outputs, regs.out_cols, regs.wr_row, regs.wr_col)
    return [region_of(target, steps, config) for target in vectors]
