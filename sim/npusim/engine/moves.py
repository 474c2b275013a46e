"""Vector moves: between DRAM, the network queues and the vector memories.

DRAM holds binary16 patterns, the vector memories float32; a move converts them on the way.
"""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import carray, njit

from npusim.chain import VectorMove
from npusim.chain.addresses import nest
from npusim.config import NpuConfig
from npusim.engine.vector import copy_floats, pointer_to
from npusim.errors import InputError
from npusim.isa import Space
from npusim.numerics import half_index, widen_halves

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]


class NetPort(Protocol):
    """The host's end of the network queues."""

    def receive(self, count: int) -> F32:
        """Return the next vectors of NetInQ: float32[count, N] of float16 values."""

    def send(self, vectors: F32) -> None:
        """Take vectors of NetOutQ: float32[count, N]."""


class Place(NamedTuple):
    """Where a move's vectors are.

    first: row of a vector memory, or address in this process of a vector of DRAM; steps: int32[P], vectors from there;
    apart: no two of them are in one place.
    """

    space: Space
    first: int
    steps: I32
    apart: bool = True


Observer: TypeAlias = Callable[[VectorMove, F32], None]
"""Called with the vectors of every move, float32[P, N], as they are written."""


class Moves:
    """The vector queue's unit.

    memory: float32[depth, N] of each vector memory; dram: the program's image; size: bytes of DRAM in use.
    """

    def __init__(self, config: NpuConfig, memory: Mapping[Space, F32], dram: U8, size: int) -> None:
        self.config, self.memory = config, memory
        self.image = np.ascontiguousarray(dram)
        self.scratch = np.zeros(max(0, size - len(dram)), np.uint8)
        self._places: dict[int, tuple[Place, tuple[Place, ...]]] = {}  # by the memo that moves alike share
        self._nests: dict[tuple[int, int, int, int], I32] = {}
        self._room = np.empty((0, config.native_dim), np.float32)

    def run(self, move: VectorMove, net: NetPort, moved: Observer | None) -> tuple[Place, ...]:
        """Execute a move and return where it has written to."""
        if id(move.memo) not in self._places:
            self._places[id(move.memo)] = self._find(move)
        source, targets = self._places[id(move.memo)]
        vectors, first, rows = self._read(source, targets[0], net)
        if moved is not None:
            moved(move, vectors[first + rows])
        for space, to, steps, _ in targets:
            if space is Space.NET_OUT_Q:
                net.send(vectors[first + rows])
            elif space is Space.DRAM:
                _save(vectors, first, rows, to, steps)
            elif vectors is not self.memory[space]:
                _copy(vectors, first, rows, self.memory[space], to, steps)
        return targets

    def _read(self, source: Place, target: Place, net: NetPort) -> tuple[F32, int, I32]:
        """Return an array and the rows of it that hold the vectors.

        What DRAM gives stands where it is to go, unless a vector overwrites an earlier one of its move there.
        """
        if source.space is Space.NET_IN_Q:
            return net.receive(len(source.steps)), 0, source.steps
        if source.space is not Space.DRAM:
            return self.memory[source.space], source.first, source.steps
        into, first, rows = self._staging(len(source.steps)), 0, self._nest(len(source.steps), 1, 1, 0)
        if target.space in self.memory and target.apart:
            into, first, rows = self.memory[target.space], target.first, target.steps
        if _load(source.first, source.steps, into, first, rows):
            raise InputError("DRAM: a vector that is read holds an infinity or NaN (allowed: finite numbers)")
        return into, first, rows

    def _staging(self, count: int) -> F32:
        if len(self._room) < count:
            self._room = np.empty((count, self.config.native_dim), np.float32)
        return self._room

    def _find(self, move: VectorMove) -> tuple[Place, tuple[Place, ...]]:
        r, count = move.regs, move.positions
        reads = self._nest(count, r.cols, r.rd_row, r.rd_col)
        writes = self._nest(count, r.out_cols, r.wr_row, r.wr_col)
        targets = tuple(self._place(target.space, target.addr, writes) for target in move.targets)
        if move.source.space is Space.NET_IN_Q:
            return Place(Space.NET_IN_Q, 0, self._nest(count, 1, 1, 0)), targets
        return self._place(move.source.space, move.source.addr, reads), targets

    def _place(self, space: Space, address: int, steps: I32) -> Place:
        if space is Space.DRAM:
            end = address + (int(steps.max()) + 1) * self.config.vector_bytes
            edge = len(self.image)
            area, origin = (self.image, 0) if end <= edge else (self.scratch, edge)
            return Place(space, area.ctypes.data + address - origin, steps)
        if space is Space.EXPANDER:
            address, steps = 0, (address + steps) % np.int32(self.config.expander)
        return Place(space, address, steps, np.unique(steps).size == steps.size)

    def _nest(self, count: int, columns: int, row: int, col: int) -> I32:
        key = (count, columns, row, col)
        if key not in self._nests:
            self._nests[key] = nest(*key).astype(np.int32)
        return self._nests[key]


@njit(cache=True, nogil=True)
def _load(address, steps, out, first, rows):
    """Read vectors of DRAM into rows of a memory; return nonzero if one holds an infinity or NaN."""
    width = out.shape[1]
    bad = 0
    for p in range(steps.size):
        bits = carray(pointer_to(address + np.int64(steps[p]) * width * 2, np.uint16), (width,))
        bad |= widen_halves(bits, out[first + rows[p]])
    return bad


@njit(cache=True, nogil=True)
def _save(vectors, first, rows, address, steps):
    width = vectors.shape[1]
    for p in range(steps.size):
        bits = carray(pointer_to(address + np.int64(steps[p]) * width * 2, np.uint16), (width,))
        vector = vectors[first + rows[p]]
        for i in range(width):
            bits[i] = half_index(vector[i])


@njit(cache=True, nogil=True)
def _copy(vectors, first, rows, memory, to, steps):
    width = memory.shape[1]
    for p in range(steps.size):
        copy_floats(vectors[first + rows[p]].ctypes.data, memory[to + steps[p]].ctypes.data, width)
