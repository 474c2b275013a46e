"""How fast the machine could at best run a network: lower bounds on the device's time, in cycles."""

from __future__ import annotations

from collections.abc import Iterable

from npusim.config import NpuConfig
from npusim.engine.timing import Timing
from npusim.program import NodeRow, Program


def bound_cycles(program: Program, timing: Timing, warm: bool = False) -> dict[str, float]:
    """Return the bounds and their maximum; warm: no weights come from DRAM.

    compute: all tile-multiplies, T engines busy all the time; reader: those, and the vectors that pass without being
    multiplied, one a cycle, as both go through the one reader; dram: the run's bytes at the sustained rate; stream:
    weights that come through a MatrixRf of this size in the order of the layers (`stream_cycles`).
    """
    c = program.config
    multiplies = sum(row.tile_multiplies for row in program.nodes)
    compute = c.tile_cycles * multiplies / c.engines
    bounds = {
        "compute": compute,
        "reader": compute + timing.account["vector"],
        "dram": float((timing.dram_read + timing.dram_written) / c.dram_rate),
        "stream": 0.0 if warm else stream_cycles(program.nodes, c),
    }
    return bounds | {"best_possible": max(bounds.values())}


def stream_cycles(rows: Iterable[NodeRow], config: NpuConfig) -> float:
    """Return the least time to load every weight tile once and to multiply by it, layer after layer.

    Loads go on while earlier tiles are multiplied, but a load needs a free place among `mrf_tiles`: convolutions cannot
    hide the loads of the fully connected layers behind them.  A tile takes its share of the layer's tile-multiplies,
    all engines busy, and is freed the moment it is done.  No latency of any unit counts.
    """
    load = float(config.tile_bytes / config.dram_rate)
    loaded = done = 0.0
    freed: list[float] = []  # when each tile is done
    for row in rows:
        tiles = min(row.weight_tiles, row.plain_weight_tiles) or row.weight_tiles
        if not tiles:
            continue
        share = config.tile_cycles * row.tile_multiplies / config.engines / tiles
        for _ in range(tiles):
            place = freed[len(freed) - config.mrf_tiles] if len(freed) >= config.mrf_tiles else 0.0
            loaded = max(loaded, place) + load
            done = max(done, loaded) + share
            freed.append(done)
    return done
