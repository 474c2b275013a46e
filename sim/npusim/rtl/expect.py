"""What the simulator says of a run, in the terms in which the RTL is compared: checksums, vectors, cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.chain import Chain, ComputeChain, Decoded, VectorMove, WeightMove
from npusim.config import NpuConfig
from npusim.engine.moves import NetPort
from npusim.engine.timing import Timing
from npusim.engine.values import Engine
from npusim.isa import Space
from npusim.numerics import to_f16_bits
from npusim.rtl.checksum import U16, vector_sum, weight_sum


@dataclass(slots=True)
class Expected:
    """One run of the simulator.

    sums: checksum of each chain's writes; incoming, sent: vectors of each NetInQ, NetOutQ move, uint16[vectors, N], by
    chain; outputs: of every chain that writes vectors.
    """

    decoded: Decoded
    timing: Timing
    overflow: bool
    sums: list[int]
    incoming: dict[int, U16] = field(default_factory=dict)
    sent: dict[int, U16] = field(default_factory=dict)
    outputs: dict[int, U16] = field(default_factory=dict)


def expect(engine: Engine, timing: Timing, net: NetPort, progress: Callable[[int], None] | None = None) -> Expected:
    """Run the simulator's values and keep what the RTL must agree with; timing: the run's times."""
    decoded, config = engine.decoded, engine.config
    found = Expected(decoded, timing, False, [0] * len(decoded.chains))

    def observe(chain: ComputeChain | VectorMove, vectors: npt.NDArray[np.float32]) -> None:
        bits = to_f16_bits(np.ascontiguousarray(vectors))
        found.outputs[chain.index] = bits
        found.sums[chain.index] = vector_sum(chain, bits, config)
        if isinstance(chain, VectorMove):
            if chain.source.space is Space.NET_IN_Q:
                found.incoming[chain.index] = bits
            if any(target.space is Space.NET_OUT_Q for target in chain.targets):
                found.sent[chain.index] = bits

    found.overflow = engine.run(net, observe, progress, moved=observe)
    sums: dict[tuple[int, int, int], int] = {}  # weights are read from the image, which no run changes
    for chain in decoded.chains:
        if isinstance(chain, WeightMove):
            key = (chain.addr, chain.tile, chain.tiles)
            if key not in sums:
                sums[key] = weight_sum(chain, engine.image, config)
            found.sums[chain.index] = sums[key]
    return found


def beats(vectors: U16, config: NpuConfig) -> list[str]:
    """Return the vectors of one move as beats of the network queue: hexadecimal, the last filled up with zeros."""
    data = vectors.astype("<u2").tobytes()
    size = config.net_bytes
    data = data.ljust(-(-len(data) // size) * size, b"\0")
    return [data[at : at + size][::-1].hex() for at in range(0, len(data), size)]


def describe(chain: Chain) -> str:
    """Return what kind of chain it is, in two words."""
    kinds: dict[Any, str] = {WeightMove: "weight move", VectorMove: "vector move", ComputeChain: "compute chain"}
    return kinds[type(chain)]
