"""A layer's weight tiles in DRAM, and how they are grouped into moves to MatrixRf."""

from __future__ import annotations

import numpy as np

from npusim.compiler.back.events import TileSet
from npusim.compiler.back.geometry import map_operands
from npusim.compiler.back.image import DramImage
from npusim.compiler.back.tile import RowTile
from npusim.compiler.ir import Layer
from npusim.config import NpuConfig
from npusim.errors import PlacementError


def row_group(layer: Layer, config: NpuConfig) -> int:
    """Row tiles that one chain multiplies: T with private weights, each in an engine of its own, unless a reduction or
    an operand read with a stride needs the positions of a single row tile in order; 1 with shared weights."""
    strided = any((op.sh, op.sw) != (1, 1) for _, op in map_operands(layer))
    return 1 if config.shared_weights or layer.reduce is not None or strided else config.engines


class Weights:
    """A layer's tiles in DRAM, and how they are grouped into moves; group: row tiles that are moved together."""

    def __init__(self, name: str, rows: list[RowTile], config: NpuConfig, image: DramImage, group: int) -> None:
        self.config, self.rows, self.group = config, rows, group
        self.total = sum(r.tiles for r in rows)
        self._resident: dict[tuple[int, int, int], TileSet] | None = None
        if config.shared_weights:
            self.addresses = [image.tiles(f"{name} [{r.index}]", r.data) for r in rows]
        else:
            self.addresses = self._interleave(name, image)

    def _interleave(self, name: str, image: DramImage) -> list[int]:
        """Private weights: a slot holds a tile in each engine, blank where the group is smaller.

        Returns for each row tile the address of its group's tiles.
        """
        engines = self.config.engines
        addresses: list[int] = []
        for first in range(0, len(self.rows), self.group):
            group = self.rows[first : first + self.group]
            low, high = min(r.low for r in group), max(r.high for r in group)
            if any((r.low, r.high) != (low, high) for r in group):
                raise PlacementError(f"{name}: a grouped convolution needs an organisation with shared weights")
            block = np.zeros((group[0].tiles, engines, self.config.tile_bytes), np.uint8)
            for engine, row in enumerate(group):
                block[:, engine] = row.data
            addresses += [image.tiles(f"{name} [{first}]", block.reshape(-1, self.config.tile_bytes))] * len(group)
        return addresses

    def keep(self) -> None:
        """Let every set stay in MatrixRf until its last use (several stripes) instead of moving it each time."""
        self._resident = {}

    def take(self, row: int, offset: int, tiles: int, node: int) -> TileSet:
        """Return the set of `tiles` tiles of a row tile (or group of row tiles) from tile `offset` on."""
        key = (row, offset, tiles)
        if self._resident is not None and key in self._resident:
            return self._resident[key]
        ways = 1 if self.config.shared_weights else self.config.engines
        address = self.addresses[row] + offset * ways * self.config.tile_bytes
        found = TileSet(address, tiles * ways, tiles, node)
        if self._resident is not None:
            self._resident[key] = found
        return found
