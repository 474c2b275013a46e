"""Cut a layer's weights into native tiles of block floating point, and count its work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusim.compiler.back.geometry import Geometry
from npusim.compiler.back.layout import Layout, ceil_div
from npusim.config import NpuConfig
from npusim.numerics import pack_tiles, quantise_weights

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RowTile:
    """The tiles of one native row of output channels, in the order in which the reader delivers its window.

    index: row tile, output vector of the pixel; taps: kernel taps (1 from the Expander); low, high: source vectors
    per tap that hold any channel these outputs depend on (all of them unless the convolution is grouped);
    data: uint8[taps * (high - low), tile_bytes], the DRAM format.
    """

    index: int
    taps: int
    low: int
    high: int
    data: U8

    @property
    def tiles(self) -> int:
        """Number of tiles: K of the machine's description."""
        return self.taps * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Work:
    """What a layer means in multiplications, as tiled here and by the straightforward tiling of every tap."""

    macs: int
    plain_tiles: int
    plain_multiplies: int


def work_of(geometry: Geometry, layout: Layout, config: NpuConfig) -> Work:
    """Count useful multiply-accumulates, and tiles and tile-multiplies of the straightforward tiling.

    Straightforward: every kernel tap of every native vector of input channels is a tile; a raw image that goes
    through the Expander is tiled over its flattened window.
    """
    layer, n = geometry.layer, config.native_dim
    if layer.weights is None:
        return Work(0, 0, 0)
    outputs, per_group, kh, kw = layer.weights.shape
    positions = layer.window.out_h * layer.window.out_w
    channels = layout.map(layer.source).channels
    k = ceil_div(kh * kw * channels, n) if geometry.expander else kh * kw * ceil_div(channels, n)
    tiles = k * ceil_div(outputs, n)
    return Work(positions * outputs * per_group * kh * kw, tiles, tiles * positions)


def tile_weights(geometry: Geometry, layout: Layout, config: NpuConfig) -> list[RowTile]:
    """Return the row tiles of a layer with weights, quantised and packed."""
    layer, n = geometry.layer, config.native_dim
    weights = layer.weights
    assert weights is not None
    if geometry.transposed:
        weights = weights.transpose(0, 1, 3, 2)
    outputs, per_group, kh, kw = weights.shape
    out_lanes = layout.lanes(layer.out)
    in_lanes = layout.lanes(layer.source)
    taps = 1 if geometry.expander else kh * kw
    group_outputs = outputs // layer.groups
    found = []
    for index in range(geometry.out_vectors):
        chosen = np.flatnonzero((out_lanes >= index * n) & (out_lanes < (index + 1) * n))
        rows = out_lanes[chosen] - index * n
        part = weights[chosen].transpose(0, 2, 3, 1)  # [rows, kh, kw, channels of the group]
        if geometry.expander:
            low, high = 0, ceil_div(kh * kw * per_group, n)
            dense = np.zeros((n, 1, high * n), np.float32)
            dense[rows, 0, : kh * kw * per_group] = part.reshape(len(chosen), -1)
        else:
            first = (chosen // group_outputs) * per_group  # first input channel of each row's group
            used = in_lanes[int(first.min()) : int(first.max()) + per_group]
            low, high = int(used.min()) // n, int(used.max()) // n + 1
            dense = np.zeros((n, taps, (high - low) * n), np.float32)
            flat = part.reshape(len(chosen), taps, per_group)
            for start in np.unique(first):
                of_group = first == start
                lanes = in_lanes[start : start + per_group] - low * n
                dense[np.ix_(rows[of_group], np.arange(taps), lanes)] = flat[of_group]
        blocks = dense.reshape(n, taps, high - low, n).transpose(1, 2, 0, 3)
        count = taps * (high - low)
        q, exp = quantise_weights(np.ascontiguousarray(blocks).reshape(-1, n), config.weight_mantissa)
        data = pack_tiles(q.reshape(count, n, n), exp.reshape(count, n), config.weight_mantissa, config.lanes)
        found.append(RowTile(index, taps, low, high, data))
    return found
