"""A checksum of everything that a chain writes: the harness makes the same one in Verilog (npu_harness.v).

A write of halves h[0..] is hashed to v = sum of h[l]·M^l, and adds (v ^ v >> 32) + 1, times the odd number
(space << 60 | n << 40 | address)·M | 1, to its chain's sum, where n counts the chain's writes to that space; all modulo
2^64. To DRAM each half is a write of its own with n = 0, at its byte address. MatrixRf is space 9: its address is the
tile's (slot, with private weights slot·T + engine), n the chunk of the tile, behind the last the exponents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.chain import ComputeChain, VectorMove, WeightMove, slot_tiles
from npusim.chain.addresses import nest
from npusim.config import NpuConfig
from npusim.isa import Space

U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]
MATRIX_RF = 9
M = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_ONE, _HALF = np.uint64(1), np.uint64(32)


def hash_halves(halves: U16) -> U64:
    """Return uint64[writes] of uint16[writes, halves]."""
    powers = np.empty(halves.shape[1], np.uint64)
    power = 1
    for lane in range(len(powers)):
        powers[lane] = power
        power = power * M & _MASK
    found: U64 = np.zeros(len(halves), np.uint64)
    for lane in range(len(powers)):  # a matrix product of uint64 would be slower
        found += halves[:, lane].astype(np.uint64) * powers[lane]
    return found


def terms(space: int, number: npt.NDArray[Any], address: npt.NDArray[Any], halves: U16) -> int:
    """Return the sum that writes add: number and address one for each, halves uint16[writes, halves]."""
    value = hash_halves(halves)
    value = (value ^ (value >> _HALF)) + _ONE
    key = address.astype(np.uint64) | (number.astype(np.uint64) << np.uint64(40)) | np.uint64(space << 60)
    return int((value * (key * np.uint64(M) | _ONE)).sum(dtype=np.uint64))


def targets(chain: ComputeChain | VectorMove, config: NpuConfig) -> list[tuple[Space, npt.NDArray[np.int64]]]:
    """Return each target's space and the addresses of the outputs, in DRAM in bytes."""
    offsets = nest(chain.outputs, chain.regs.out_cols, chain.regs.wr_row, chain.regs.wr_col)
    found = []
    for target in chain.targets:
        addresses = target.addr + offsets * (config.vector_bytes if target.space is Space.DRAM else 1)
        found.append((target.space, addresses % config.expander if target.space is Space.EXPANDER else addresses))
    return found


def vector_sum(chain: ComputeChain | VectorMove, outputs: U16, config: NpuConfig) -> int:
    """Return the checksum of a chain that writes vectors: outputs uint16[outputs, N]; NetOutQ is not in it."""
    total = 0
    for space, addresses in targets(chain, config):
        if space is Space.DRAM:
            halves = (addresses[:, None] + 2 * np.arange(config.native_dim)).reshape(-1)
            total += terms(space, np.zeros(len(halves), np.int64), halves, outputs.reshape(-1, 1))
        elif space is not Space.NET_OUT_Q:
            total += terms(space, np.arange(len(addresses)) & 0xFFFFF, addresses, outputs)
    return total & _MASK


def weight_sum(chain: WeightMove, dram: npt.NDArray[np.uint8], config: NpuConfig) -> int:
    """Return the checksum of a weight move, from the tiles' bytes in DRAM."""
    size, ways = config.tile_bytes, slot_tiles(config)
    tiles = dram[chain.addr : chain.addr + chain.tiles * size].reshape(chain.tiles, size)
    places = (chain.tile * ways + np.arange(chain.tiles)) % (config.mrf_slots * ways)
    total = 0
    for number, halves in enumerate(tile_writes(tiles, config)):
        total += terms(MATRIX_RF, np.full(chain.tiles, number), places, halves)
    return total & _MASK


def tile_writes(tiles: npt.NDArray[np.uint8], config: NpuConfig) -> list[U16]:
    """Return the writes of tiles, uint8[tiles, tile_bytes]: for every chunk uint16[tiles, halves], then exponents."""
    n = config.native_dim
    chunk = n * config.lanes * (config.weight_mantissa + 1)
    mantissas = -(-chunk * config.tile_cycles // 8)
    bits = np.unpackbits(tiles[:, :mantissas], axis=1, bitorder="little")[:, : chunk * config.tile_cycles]
    parts = bits.reshape(len(tiles), config.tile_cycles, chunk)
    found = [_halves(np.packbits(parts[:, j], axis=1, bitorder="little")) for j in range(config.tile_cycles)]
    return [*found, _halves(tiles[:, mantissas : mantissas + n])]


def _halves(data: npt.NDArray[np.uint8]) -> U16:
    if data.shape[1] % 2:
        data = np.pad(data, ((0, 0), (0, 1)))
    halves: U16 = np.ascontiguousarray(data).view("<u2").astype(np.uint16)
    return halves
