"""A chain must not read what it has written itself: when the pipeline makes the new value readable is not defined.

Reading first and overwriting later, as an update in place does, is legal.
"""

from __future__ import annotations

import numpy as np

from npusim.chain import check
from npusim.chain.addresses import PADDING, nest, window
from npusim.chain.chains import ComputeChain
from npusim.chain.forms import Operand, Source
from npusim.chain.spans import I64
from npusim.config import NpuConfig
from npusim.isa import SPACE_NAMES


def refuse_own_reads(chain: ComputeChain, config: NpuConfig) -> None:
    """Raise `ProgramError` if an element is read from where an output of an earlier element went."""
    if not chain.targets:
        return
    readers: tuple[Source | Operand, ...] = (chain.source, *chain.mfu0.operands, *chain.mfu1.operands)
    last = check.nest_last(chain.outputs, chain.regs.out_cols, chain.regs.wr_row, chain.regs.wr_col)
    for target in chain.targets:
        for reader in readers:
            if reader.space != target.space:
                continue
            reach = _reach(chain, reader)
            if reach is None or target.addr > reader.addr + reach or reader.addr > target.addr + last:
                continue
            if np.any(_last_read(chain, reader, config) > _first_write(chain, target.addr, reader, config)):
                name = SPACE_NAMES[target.space]
                check.refuse(target.word, "v_wr", f"overwrites vectors of {name} that word {reader.word} reads later")


def _reach(chain: ComputeChain, reader: Source | Operand) -> int | None:
    regs = chain.regs
    if isinstance(reader, Source):
        return check.reader_last(regs)
    if not reader.step:
        return chain.row_tiles - 1
    if reader in chain.mfu0.operands:
        return check.nest_last(chain.positions, regs.cols, regs.op0_row, regs.op0_col) + chain.row_tiles - 1
    return check.nest_last(chain.outputs, regs.out_cols, regs.op1_row, regs.op1_col)


def _first_write(chain: ComputeChain, addr: int, reader: Source | Operand, config: NpuConfig) -> I64:
    """When each vector of the memory is first written: int64[depth], in elements or outputs as the reader counts."""
    regs = chain.regs
    when = np.arange(chain.outputs, dtype=np.int64)
    if chain.reduce is not None and reader not in chain.mfu1.operands:
        when = chain.windows().sum(axis=1) - 1
    at = addr + nest(chain.outputs, regs.out_cols, regs.wr_row, regs.wr_col)
    first = np.full(config.depth(reader.space), np.iinfo(np.int64).max)
    np.minimum.at(first, at, when)
    return first


def _last_read(chain: ComputeChain, reader: Source | Operand, config: NpuConfig) -> I64:
    """When each vector of the memory is last read, int64[depth]; −1 if never."""
    regs = chain.regs
    if isinstance(reader, Source):
        at: I64 = window(regs).ravel()
        when: I64 = np.arange(at.size, dtype=np.int64)
        if chain.matmul is not None:
            when = when // chain.window * chain.row_tiles
        at, when = at[at != PADDING], when[at != PADDING]
    elif reader in chain.mfu0.operands:
        when = np.arange(chain.elements, dtype=np.int64)
        p = when // (chain.elements // chain.positions)
        at = p // regs.cols * regs.op0_row + p % regs.cols * regs.op0_col + when % chain.row_tiles
    else:
        when = np.arange(chain.outputs, dtype=np.int64)
        at = nest(chain.outputs, regs.out_cols, regs.op1_row, regs.op1_col)
    if isinstance(reader, Operand) and not reader.step:
        at = when % chain.row_tiles
    last = np.full(config.depth(reader.space), -1, np.int64)
    np.maximum.at(last, reader.addr + at, when)
    return last
