"""When each element of a compute chain is read, passes and is written, counted from the chain's start.

The formulas of `docs/architecture.md`, section 5.3.  The clock needs the first and last element, the compiler all of
them: it may leave out a token where the pipeline's order already guarantees that data is there when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusim.chain import ComputeChain
from npusim.config import NpuConfig
from npusim.isa import Space

I64 = npt.NDArray[np.int64]


def source_latency(chain: ComputeChain, config: NpuConfig) -> int:
    """S: address to vector."""
    return config.lat_expand if chain.source.space is Space.EXPANDER else config.lat_read


def matrix_latency(config: NpuConfig) -> int:
    """M: last vector of a position read to its float16 result, first tile of a round."""
    c = config
    return c.lat_bfp + c.tile_cycles + c.lat_dot + c.lat_convert + c.lat_acc + c.lat_round


def tail_latency(config: NpuConfig) -> int:
    """W: element enters MFU0 to output readable."""
    c = config
    return 2 * (c.lat_mul + c.lat_add + c.lat_act) + c.lat_reduce + c.lat_write


@dataclass(frozen=True, slots=True)
class Times:
    """A chain's times relative to its start: occupancy B, first and last entry into the tail F and E, completion."""

    busy: int
    first: int
    last: int
    complete: int


def chain_times(chain: ComputeChain, config: NpuConfig) -> Times:
    """Return the four times that the clock works with."""
    source, tail = source_latency(chain, config), tail_latency(config)
    if chain.matmul is None:
        busy = chain.elements
        return Times(busy, source, source + busy - 1, source + busy - 1 + tail)
    tc, matrix = config.tile_cycles, matrix_latency(config)
    busy = chain.rounds * chain.window * tc
    parallel = chain.positions if config.shared_weights else chain.regs.mv_rows
    first = source + matrix + (chain.window - 1) * tc
    last = source + matrix + busy - tc + (parallel - 1) % config.engines
    return Times(busy, first, last, last + tail)


def _rounds(chain: ComputeChain, config: NpuConfig) -> tuple[I64, I64]:
    """Round and engine of every element behind the matrix-vector unit: position, or position and row tile."""
    if config.shared_weights:
        p = np.arange(chain.positions, dtype=np.int64)
        return p // config.engines, p % config.engines
    rows = chain.regs.mv_rows
    r = np.arange(rows, dtype=np.int64)
    groups = -(-rows // config.engines)
    p = np.arange(chain.positions, dtype=np.int64)
    rounds = (p[:, None] * groups + r // config.engines).reshape(-1)
    return rounds, np.tile(r % config.engines, chain.positions)


def entry_times(chain: ComputeChain, config: NpuConfig) -> I64:
    """Return int64[elements]: cycle in which each element enters MFU0."""
    source = source_latency(chain, config)
    if chain.matmul is None:
        return source + np.arange(chain.elements, dtype=np.int64)
    rounds, engine = _rounds(chain, config)
    return source + matrix_latency(config) + ((rounds + 1) * chain.window - 1) * config.tile_cycles + engine


def output_times(chain: ComputeChain, config: NpuConfig) -> I64:
    """Return int64[outputs]: cycle in which the last element of each output enters MFU0."""
    entries = entry_times(chain, config)
    if chain.reduce is None:
        return entries
    windows = chain.windows()
    last: I64 = entries[windows[:, 0] + windows[:, 1] - 1]
    return last


def operand_delay(space: Space, config: NpuConfig) -> int:
    """Cycles from an element's entry into MFU0 to the address of its operand in one of the operand VRFs.

    For MFU1 the element is the one that completes the output.  A vector is on its way for `lat_read` cycles, so the
    multiplication of MFU0 takes its address that long before the element is there.
    """
    c = config
    into_mfu1 = c.lat_mul + c.lat_add + c.lat_act + c.lat_reduce
    stage = {
        Space.MULTIPLY_VRF_0: 0,
        Space.ADDSUB_VRF_0: c.lat_mul,
        Space.MULTIPLY_VRF_1: into_mfu1,
        Space.ADDSUB_VRF_1: into_mfu1 + c.lat_mul,
    }
    return stage[space] - c.lat_read


def write_times(chain: ComputeChain, config: NpuConfig) -> I64:
    """Return int64[outputs]: cycle from which each output is readable."""
    return output_times(chain, config) + tail_latency(config)


def read_times(chain: ComputeChain, config: NpuConfig) -> I64:
    """Return int64[P, K]: cycle in which the reader takes each vector (the first time, where it takes it again)."""
    k = np.arange(chain.window, dtype=np.int64)
    if chain.matmul is None:
        return np.arange(chain.positions, dtype=np.int64)[:, None] * chain.window + k
    rounds, engine = _rounds(chain, config)
    if not config.shared_weights:
        rounds, engine = rounds[:: chain.regs.mv_rows], engine[:: chain.regs.mv_rows]
    return (rounds[:, None] * chain.window + k) * config.tile_cycles + engine[:, None]
