"""The matrix of a recurrent layer: its tiles in DRAM, and the products that make one step of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusim.compiler.back.cells import CellChain
from npusim.compiler.back.image import DramImage
from npusim.compiler.back.layout import ceil_div
from npusim.compiler.ir import Recurrent
from npusim.config import NpuConfig
from npusim.numerics import pack_tiles, quantise_weights
from npusim.segments import lanes_of, vectors_of

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Product:
    """One pass of the matrix-vector unit: rows first..first+rows-1 of a chain's gates times vectors low..high-1.

    slot: first slot, counted from the first of the layer; address, tiles: where and how many in DRAM; acc, hold: a
    part of a sum that begins before, or goes on.
    """

    first: int
    rows: int
    low: int
    high: int
    slot: int
    address: int
    tiles: int
    acc: bool
    hold: bool


def slots_of(step: Recurrent, chains: list[CellChain], segments: tuple[int, ...], config: NpuConfig) -> int:
    """Return the slots of MatrixRf that all products of a step take."""
    n, found = config.native_dim, 0
    for chain in chains:
        if chain.gates is not None:
            rows = chain.gates[1] * ceil_div(step.hidden, n)
            depth = vectors_of(segments if chain.ahead else (step.hidden,), n)
            found += (rows if config.shared_weights else ceil_div(rows, config.engines)) * depth
    return found


class RecurrentMatrix:
    """Tiles in the order of the products.

    resident: the whole matrix stays in MatrixRf; otherwise it passes through MatrixRf at every step, one half of it
    filled while the other is in use.  segments: of the inputs, where the layer multiplies them itself.
    """

    def __init__(
        self,
        step: Recurrent,
        chains: list[CellChain],
        segments: tuple[int, ...],
        config: NpuConfig,
        image: DramImage,
    ) -> None:
        self.config = config
        self.vectors = ceil_div(step.hidden, config.native_dim)
        matrices = [chain for chain in chains if chain.gates is not None]
        rows = {chain: self._rows(chain, config.mrf_slots) for chain in matrices}
        own, given = self._blocks(step, step.weights, (step.hidden,)), None
        if step.inputs is not None:
            given = self._blocks(step, step.inputs, segments)
        blocks = {chain: given if chain.ahead and given is not None else own for chain in matrices}
        self.slots = slots_of(step, chains, segments, config)
        self.resident = self.slots <= config.mrf_slots
        if not self.resident:
            rows = {chain: self._rows(chain, 1) for chain in matrices}
        half = max(1, config.mrf_slots // 2)
        limit = config.mrf_slots if self.resident else half
        wanted = [
            (chain, first, count, low, min(low + limit, blocks[chain].shape[1]))
            for chain in matrices
            for first, count in rows[chain]
            for low in range(0, blocks[chain].shape[1], limit)
        ]
        parts = [self._part(blocks[c], self._gate(c) * self.vectors + f, n, low, high) for c, f, n, low, high in wanted]
        self.tiles = sum(map(len, parts))
        self.address = image.tiles(step.name, np.concatenate(parts))
        self.products: dict[CellChain, list[Product]] = {chain: [] for chain in matrices}
        self.order: list[Product] = []
        slot, address = 0, self.address
        for (chain, first, count, low, high), part in zip(wanted, parts, strict=True):
            where = slot if self.resident else len(self.order) % 2 * half
            sums = (low > 0, high < blocks[chain].shape[1])
            self.order.append(Product(first, count, low, high, where, address, len(part), *sums))
            self.products[chain].append(self.order[-1])
            slot += self._slots(count) * (high - low)
            address += part.size

    @staticmethod
    def _gate(chain: CellChain) -> int:
        assert chain.gates is not None
        return chain.gates[0]

    def _rows(self, chain: CellChain, rounds: int) -> list[tuple[int, int]]:
        """Row tiles of each product, (first, count): one with shared weights, else as many as engines in `rounds`."""
        assert chain.gates is not None
        total = chain.gates[1] * self.vectors
        most = 1 if self.config.shared_weights else self.config.engines * rounds
        return [(first, min(most, total - first)) for first in range(0, total, most)]

    def _slots(self, rows: int) -> int:
        """Slots that a column of so many row tiles takes."""
        return rows if self.config.shared_weights else ceil_div(rows, self.config.engines)

    def _blocks(self, step: Recurrent, weights: F32, segments: tuple[int, ...]) -> U8:
        """Return uint8[row tiles, vectors, tile_bytes]: all tiles, gate after gate; segments: of what is multiplied."""
        c, n, size, v = self.config, self.config.native_dim, step.hidden, self.vectors
        depth = vectors_of(segments, n)
        dense = np.zeros((step.gates, v * n, depth * n), np.float32)
        dense[:, :size, lanes_of(segments, n)] = weights.reshape(step.gates, size, -1)
        rows = dense.reshape(step.gates * v, n, depth, n).transpose(0, 2, 1, 3)
        q, exp = quantise_weights(np.ascontiguousarray(rows).reshape(-1, n), c.weight_mantissa)
        count = step.gates * v * depth
        data = pack_tiles(q.reshape(count, n, n), exp.reshape(count, n), c.weight_mantissa, c.lanes)
        blocks: U8 = data.reshape(step.gates * v, depth, -1)
        return blocks

    def _part(self, blocks: U8, first: int, count: int, low: int, high: int) -> U8:
        """Return a product's tiles in the order of a weight move, blank where the last round has engines to spare."""
        ways = 1 if self.config.shared_weights else self.config.engines
        rounds = ceil_div(count, ways)
        found = np.zeros((rounds * ways, high - low, blocks.shape[2]), np.uint8)
        found[:count] = blocks[first : first + count, low:high]
        part: U8 = found.reshape(rounds, ways, high - low, -1).transpose(0, 2, 1, 3).reshape(-1, blocks.shape[2])
        return part
