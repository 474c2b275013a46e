"""The matrix of a recurrent layer: its tiles in DRAM, and the products that make one step of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusim.compiler.back.cells import CellChain
from npusim.compiler.back.image import DramImage
from npusim.compiler.back.layout import ceil_div
from npusim.compiler.back.recurrent_rows import Rows, row_plan
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
    part of a sum that begins before, or goes on.  first may be negative: see `recurrent_rows`.
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


@dataclass(frozen=True, slots=True)
class _Pass:
    """A product before its tiles have an address; first: without the lead."""

    first: int
    count: int
    slot: int
    lead: int
    depth: int
    low: int
    high: int


class RecurrentMatrix:
    """Tiles in the order of the products.

    resident: the whole matrix stays in MatrixRf; otherwise it passes through MatrixRf at every step, one half of it
    filled while the other is in use.  segments: of the inputs, where the layer multiplies them itself.  idle: tiles of
    other products that the passes of a step multiply, too.
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
        self.ways = 1 if config.shared_weights else config.engines
        self.vectors = ceil_div(step.hidden, config.native_dim)
        own, given = self._blocks(step, step.weights, (step.hidden,)), None
        if step.inputs is not None:
            given = self._blocks(step, step.inputs, segments)
        plan = row_plan(step, chains, segments, config)
        self.slots, self.resident = plan.slots, plan.slots <= config.mrf_slots
        self.idle = sum(rows.lead * rows.depth for rows in plan.rows.values())
        wanted = [(chain, part) for chain, rows in plan.rows.items() for part in self._passes(rows)]
        tiles = [self._part(given if c.ahead and given is not None else own, self._gate(c), part) for c, part in wanted]
        self.tiles = self.slots * self.ways if self.resident else sum(map(len, tiles))
        self.address = image.tiles(step.name, self._together(wanted, tiles) if self.resident else np.concatenate(tiles))
        self.products: dict[CellChain, list[Product]] = {chain: [] for chain in plan.rows}
        self.order: list[Product] = []
        address, half = self.address, max(1, config.mrf_slots // 2)
        for (chain, part), data in zip(wanted, tiles, strict=True):
            slot = part.slot if self.resident else len(self.order) % 2 * half
            product = Product(
                part.first - part.lead, part.lead + part.count, part.low, part.high, slot, address, len(data),
                part.low > 0, part.high < part.depth,
            )  # fmt: skip
            self.order.append(product)
            self.products[chain].append(product)
            address += data.size

    @staticmethod
    def _gate(chain: CellChain) -> int:
        assert chain.gates is not None
        return chain.gates[0]

    def _passes(self, rows: Rows) -> list[_Pass]:
        """Cut a chain's rows into passes: a row tile each with shared weights; else all of them, or as many as engines
        if the matrix passes through MatrixRf; and no more vectors than it then holds."""
        most, limit = rows.count, self.config.mrf_slots
        if self.config.shared_weights or not self.resident:
            most = self.ways
        if not self.resident:
            limit = max(1, limit // 2)
        return [
            _Pass(
                rows.first + at, min(most, rows.count - at), rows.slot + at // self.ways * rows.depth, rows.lead,
                rows.depth, low, min(low + limit, rows.depth),
            )
            for at in range(0, rows.count, most)
            for low in range(0, rows.depth, limit)
        ]  # fmt: skip

    def _part(self, blocks: U8, gate: int, part: _Pass) -> U8:
        """Return a pass's tiles in the order of a weight move, blank where engines have none of this chain's."""
        rounds, depth = ceil_div(part.lead + part.count, self.ways), part.high - part.low
        first = gate * self.vectors + part.first
        found = np.zeros((rounds * self.ways, depth, blocks.shape[2]), np.uint8)
        found[part.lead : part.lead + part.count] = blocks[first : first + part.count, part.low : part.high]
        laid: U8 = found.reshape(rounds, self.ways, depth, -1).transpose(0, 2, 1, 3).reshape(-1, blocks.shape[2])
        return laid

    def _together(self, wanted: list[tuple[CellChain, _Pass]], tiles: list[U8]) -> U8:
        """Return the tiles of all slots; passes that share a round have theirs in different engines."""
        whole = np.zeros((self.tiles, self.config.tile_bytes), np.uint8)
        for (_, part), data in zip(wanted, tiles, strict=True):
            whole[part.slot * self.ways :][: len(data)] |= data
        return whole

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
