"""The executable specification of what the machine computes: `docs/architecture.md`, sections 3 and 4, in plain Python.

Integers, bit patterns and lists only; time does not exist here, so the chains run one after the other in program
order, which the semaphores of a correct program make equal to every order that the machine may choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Protocol

import numpy as np
import numpy.typing as npt

from npusim import arith, isa
from npusim.chain import (
    Act,
    Chain,
    ComputeChain,
    Matmul,
    Mfu,
    Operand,
    Source,
    VectorMove,
    WeightMove,
    decode_stream,
    slot_tiles,
)
from npusim.config import NpuConfig
from npusim.errors import InputError, NpuError, ProgramError
from npusim.isa import SPACE_NAMES, Space

Vector = tuple[int, ...]
"""A native vector: N float16 bit patterns."""

_LOW = 0xFBFF  # -65504


class NetPort(Protocol):
    """The host's end of the network queues."""

    def receive(self) -> Sequence[int]:
        """Return the next native vector of NetInQ, N float16 bit patterns."""

    def send(self, vector: Vector) -> None:
        """Take the next native vector of NetOutQ."""


@dataclass(slots=True)
class NetQueues:
    """A `NetPort` over vectors that are there from the beginning; collects what the machine sends."""

    incoming: Iterable[Sequence[int]] = ()
    sent: list[Vector] = field(default_factory=list)
    _next: Iterator[Sequence[int]] = field(init=False)

    def __post_init__(self) -> None:
        self._next = iter(self.incoming)

    def receive(self) -> Sequence[int]:
        """Return the next vector; `InputError` behind the last."""
        for vector in self._next:
            return vector
        raise InputError("NetInQ is empty: the program reads more vectors than its inputs have")

    def send(self, vector: Vector) -> None:
        """Keep the vector."""
        self.sent.append(vector)


@dataclass(frozen=True, slots=True)
class Tile:
    """A weight tile unpacked: N rows of N mantissas, an exponent for each row."""

    rows: tuple[tuple[int, ...], ...]
    exponents: tuple[int, ...]


class GoldenMachine:
    """All state of one machine.  Memories hold None where nothing was written since power-up.

    dram: the image from byte 0 on; bytes behind it are unwritten.
    """

    def __init__(self, config: NpuConfig, dram: bytes | bytearray | npt.NDArray[np.uint8] = b"") -> None:
        if len(dram) > config.dram_bytes:
            raise ProgramError(f"the DRAM image has {len(dram)} bytes, DRAM holds {config.dram_bytes}")
        self.config = config
        self.dram = Dram(bytes(dram))
        self.vrf: dict[Space, list[Vector | None]] = {
            space: [None] * config.depth(space) for space in Space if Space.EXPANDER <= space <= Space.MULTIPLY_VRF_1
        }
        self.matrix: list[Tile | None] = [None] * (config.mrf_slots * slot_tiles(config))
        self.sums: list[list[int]] = []  # fp32 patterns of the last mv_mul, N for each position or row tile
        self.overflow = False  # sticky
        self.words: npt.NDArray[np.uint64] | Sequence[int] = []

    def run(
        self,
        words: npt.NDArray[np.uint64] | Sequence[int],
        net: NetPort | None = None,
        progress: Callable[[Chain], None] | None = None,
    ) -> None:
        """Execute a program; `progress` is called after each chain.

        Raises `ProgramError` for an illegal program or a read of unwritten data, `InputError` for bad input vectors.
        """
        self.words = words
        self.net: NetPort = NetQueues() if net is None else net
        for chain in decode_stream(words, self.config).chains:
            if isinstance(chain, WeightMove):
                self._weight_move(chain)
            elif isinstance(chain, VectorMove):
                self._vector_move(chain)
            else:
                self._compute(chain)
            if progress is not None:
                progress(chain)

    # ---- moves -------------------------------------------------------------------------------------------------

    def _weight_move(self, chain: WeightMove) -> None:
        size = self.config.tile_bytes
        for n in range(chain.tiles):
            packed = self.dram.read(chain.addr + n * size, size, f"word {chain.first} (m_rd)")
            slot = chain.tile * slot_tiles(self.config) + n
            self.matrix[slot % len(self.matrix)] = unpack_tile(packed, self.config)

    def _vector_move(self, chain: VectorMove) -> None:
        regs = chain.regs
        for n in range(chain.positions):
            r, c = divmod(n, regs.cols)
            vector = self._move_in(chain.source, r * regs.rd_row + c * regs.rd_col)
            self._write(chain, n, vector)

    def _move_in(self, source: Source, offset: int) -> Vector:
        where = f"word {source.word} (v_rd)"
        if source.space == Space.NET_IN_Q:
            return self._from_outside(self.net.receive(), f"{where}: NetInQ", InputError)
        if source.space == Space.DRAM:
            addr = source.addr + offset * self.config.vector_bytes
            packed = self.dram.read(addr, self.config.vector_bytes, where)
            halves = [packed[i] | packed[i + 1] << 8 for i in range(0, len(packed), 2)]
            return self._from_outside(halves, f"{where}: DRAM address {addr}", ProgramError)
        return self._read(source, offset)

    def _from_outside(self, halves: Sequence[int], where: str, error: type[NpuError]) -> Vector:
        if len(halves) != self.config.native_dim:
            raise error(f"{where}: a vector has {len(halves)} values, expected {self.config.native_dim}")
        for lane, bits in enumerate(halves):
            if not 0 <= bits <= 0xFFFF or not arith.f16_is_number(bits):
                raise error(f"{where}: lane {lane} is 0x{bits:04x}, expected a finite float16")
        return tuple(arith.f16_flush(int(bits)) for bits in halves)

    # ---- compute -----------------------------------------------------------------------------------------------

    def _compute(self, chain: ComputeChain) -> None:
        if chain.holds:
            self._hold(chain)
            return
        regs = chain.regs
        for n, vector in enumerate(self._reduced(chain)):
            i, j = divmod(n, regs.out_cols)
            out = self._mfu(chain.mfu1, vector, n % chain.row_tiles, i * regs.op1_row + j * regs.op1_col)
            self._write(chain, n, out)

    def _hold(self, chain: ComputeChain) -> None:
        assert chain.matmul is not None
        self.sums = [sums for p in range(chain.positions) for sums in self._multiply(chain, chain.matmul, p)]

    def _reduced(self, chain: ComputeChain) -> Iterator[Vector]:
        """The stream behind the reduce stage, one vector for each output."""
        stream = self._stream(chain)
        if chain.reduce is None:
            yield from stream
            return
        unused: list[Vector] = []  # elements of the stream from number `first` on
        first = 0
        for start, length in chain.windows().tolist():
            while first + len(unused) < start + length:
                unused.append(next(stream))
            unused = unused[start - first :]
            first = start
            yield self._reduce_max(unused[:length]) if chain.reduce == "max" else self._reduce_add(unused[:length])
        for _ in stream:  # windows that were dropped
            pass

    def _stream(self, chain: ComputeChain) -> Iterator[Vector]:
        """The stream behind MFU0: row tiles of each position with mv_mul, vectors of each window without."""
        regs = chain.regs
        for p in range(chain.positions):
            r, c = divmod(p, regs.cols)
            offset = r * regs.op0_row + c * regs.op0_col
            if chain.matmul is None:
                elements = self._window(chain, r, c)
            else:
                elements = (self._round(sums) for sums in self._multiply(chain, chain.matmul, p))
            for number, vector in enumerate(elements):
                tile = number % chain.row_tiles
                yield self._mfu(chain.mfu0, vector, tile, offset + tile)

    def _window(self, chain: ComputeChain, r: int, c: int) -> Iterator[Vector]:
        """The K vectors of a position, section 3.1."""
        if chain.source.space == Space.EXPANDER:
            yield from self._expand(chain, r, c)
            return
        regs = chain.regs
        padding = (_LOW if chain.source.low else 0,) * self.config.native_dim
        for i in range(regs.kh):
            for j in range(regs.kw):
                y = r * regs.stride_h + i * regs.dilation_h - regs.pad_top
                x = c * regs.stride_w + j * regs.dilation_w - regs.pad_left
                inside = 0 <= y < regs.in_h and 0 <= x < regs.in_w
                for k in range(regs.kc):
                    yield self._read(chain.source, y * regs.rd_row + x * regs.rd_col + k) if inside else padding

    def _expand(self, chain: ComputeChain, r: int, c: int) -> Iterator[Vector]:
        """The K vectors of a position from the Expander: elements of the raw image side by side."""
        regs, lanes = chain.regs, self.config.native_dim
        elements: list[int] = []
        for i in range(regs.kh):
            for j in range(regs.kw):
                y = r * regs.stride_h + i * regs.dilation_h - regs.pad_top
                x = c * regs.stride_w + j * regs.dilation_w - regs.pad_left
                inside = 0 <= y < regs.in_h and 0 <= x < regs.in_w
                for ch in range(regs.channels):
                    vector, lane = divmod(x * regs.channels + ch, lanes)
                    elements.append(self._read(chain.source, y * regs.rd_row + vector)[lane] if inside else 0)
        elements += [0] * (regs.kc * lanes - len(elements))
        for k in range(regs.kc):
            yield tuple(elements[k * lanes : (k + 1) * lanes])

    # ---- matrix-vector unit ------------------------------------------------------------------------------------

    def _multiply(self, chain: ComputeChain, matmul: Matmul, p: int) -> Iterator[list[int]]:
        """The fp32 sums of position p, for each row tile: section 3.2."""
        m = self.config.act_mantissa
        blocks = [arith.f16_to_bfp(vector, m) for vector in self._window(chain, *divmod(p, chain.regs.cols))]
        rows = 1 if self.config.shared_weights else chain.regs.mv_rows
        for r in range(rows):
            sums = list(self.sums[p if self.config.shared_weights else r]) if matmul.acc else None
            for k, (q, exponent) in enumerate(blocks):
                tile = self._tile(matmul, r, k, len(blocks))
                terms = [self._dot(tile, row, q, exponent) for row in range(self.config.native_dim)]
                sums = terms if sums is None else self._lanes(arith.f32_add, sums, terms)
            assert sums is not None
            yield sums

    def _tile(self, matmul: Matmul, r: int, k: int, window: int) -> Tile:
        engines = slot_tiles(self.config)
        slot = (matmul.tile + r // engines * window + k) % self.config.mrf_slots
        tile = self.matrix[slot * engines + r % engines]
        if tile is None:
            of = "" if self.config.shared_weights else f" of engine {r % engines}"
            raise ProgramError(f"word {matmul.word} (mv_mul): reads slot {slot}{of}, which nothing has written")
        return tile

    def _dot(self, tile: Tile, row: int, q: tuple[int, ...], exponent: int) -> int:
        total = sum(map(mul, tile.rows[row], q))
        scale = tile.exponents[row] + exponent - (self.config.weight_mantissa - 1) - (self.config.act_mantissa - 1)
        bits, overflow = arith.int_to_f32(total, scale)
        self.overflow |= bool(overflow)
        return bits

    # ---- point-wise and reduce ---------------------------------------------------------------------------------

    def _lanes(self, operation: Callable[..., arith.Rounded], *vectors: Sequence[int]) -> list[int]:
        """Apply an operation that rounds to each lane, and note overflow."""
        results = [operation(*lanes) for lanes in zip(*vectors, strict=True)]
        self.overflow |= any(overflow for _, overflow in results)
        return [bits for bits, _ in results]

    def _round(self, sums: Sequence[int]) -> Vector:
        return tuple(self._lanes(arith.f32_to_f16, sums))

    def _mfu(self, unit: Mfu, x: Vector, stays: int, steps: int) -> Vector:
        """One element through a unit; stays, steps: offsets of operands that stay and that step."""
        if unit.mul is not None:
            x = tuple(self._lanes(arith.f16_mul, x, self._operand(unit.mul, stays, steps)))
        if unit.addsub is not None:
            b = self._operand(unit.addsub.operand, stays, steps)
            match unit.addsub.op:
                case "add":
                    x = tuple(self._lanes(arith.f16_add, x, b))
                case "a_sub_b":
                    x = tuple(self._lanes(arith.f16_sub, x, b))
                case "b_sub_a":
                    x = tuple(self._lanes(arith.f16_sub, b, x))
                case "max":
                    x = tuple(map(arith.f16_max, x, b))
        return x if unit.act is None else self._act(unit.act, x)

    def _act(self, act: Act, x: Vector) -> Vector:
        match act.op:
            case "relu":
                return tuple(map(arith.f16_relu, x))
            case "clip":
                return tuple(arith.f16_clip(bits, act.a, act.b) for bits in x)
            case "lrelu":
                return tuple(self._lanes(lambda bits: arith.f16_leaky_relu(bits, act.a), x))
            case "sigm":
                return tuple(map(arith.f16_sigmoid, x))
            case "tanh":
                return tuple(map(arith.f16_tanh, x))

    def _operand(self, operand: Operand, stays: int, steps: int) -> Vector:
        return self._read(operand, steps if operand.step else stays)

    def _reduce_max(self, window: list[Vector]) -> Vector:
        result = window[0]
        for vector in window[1:]:
            result = tuple(map(arith.f16_max, result, vector))
        return result

    def _reduce_add(self, window: list[Vector]) -> Vector:
        """The exact sums in units of 2^-24, each rounded once."""
        totals = [0] * self.config.native_dim
        for vector in window:
            for lane, bits in enumerate(vector):
                sign, units = arith.f16_to_fixed(bits)
                totals[lane] += -units if sign else units
        return tuple(self._lanes(arith.sum_to_f16, totals))

    # ---- memories ----------------------------------------------------------------------------------------------

    def _read(self, at: Source | Operand, offset: int) -> Vector:
        memory = self.vrf[at.space]
        addr = (at.addr + offset) % len(memory)  # leaves only the Expander
        vector = memory[addr]
        if vector is None:
            name, memory_name = isa.decode(int(self.words[at.word]))[0].name, SPACE_NAMES[at.space]
            raise ProgramError(
                f"word {at.word} ({name}): reads vector {addr} of {memory_name}, which nothing has written"
            )
        return vector

    def _write(self, chain: VectorMove | ComputeChain, n: int, vector: Vector) -> None:
        """Write output number n to every target, section 3.5."""
        i, j = divmod(n, chain.regs.out_cols)
        offset = i * chain.regs.wr_row + j * chain.regs.wr_col
        for target in chain.targets:
            if target.space == Space.NET_OUT_Q:
                self.net.send(vector)
            elif target.space == Space.DRAM:
                self.dram.write(target.addr + offset * self.config.vector_bytes, vector)
            else:
                memory = self.vrf[target.space]
                memory[(target.addr + offset) % len(memory)] = vector


class Dram:
    """The image and what was written over it, by 16-bit word; nothing else exists."""

    def __init__(self, image: bytes) -> None:
        self.image = image
        self.written: dict[int, int] = {}

    def read(self, addr: int, count: int, where: str) -> list[int]:
        """Return bytes; `ProgramError` for a byte that is neither in the image nor written.  addr, count: even."""
        out: list[int] = []
        for at in range(addr, addr + count, 2):
            if at in self.written:
                out += (self.written[at] & 0xFF, self.written[at] >> 8)
            elif at + 2 <= len(self.image):
                out += self.image[at : at + 2]
            else:
                raise ProgramError(f"{where}: reads byte {at} of DRAM, which nothing has written")
        return out

    def write(self, addr: int, vector: Vector) -> None:
        """Write a vector, little-endian."""
        for lane, bits in enumerate(vector):
            self.written[addr + 2 * lane] = bits


def unpack_tile(packed: Sequence[int], config: NpuConfig) -> Tile:
    """Return the tile of a DRAM image, section 2: mantissas chunk by chunk, then an exponent for each row."""
    n, lanes, width = config.native_dim, config.lanes, config.weight_mantissa + 1
    behind = -(-n * n * width // 8)
    bits = int.from_bytes(bytes(packed[:behind]), "little")
    rows: list[list[int]] = [[] for _ in range(n)]
    for _ in range(n // lanes):
        for row in rows:
            line = bits & ((1 << lanes * width) - 1)
            bits >>= lanes * width
            row.extend(_signed(line >> lane * width, width) for lane in range(lanes))
    return Tile(tuple(map(tuple, rows)), tuple(_signed(byte, 8) for byte in packed[behind : behind + n]))


def _signed(bits: int, width: int) -> int:
    value = bits & ((1 << width) - 1)
    return value - (1 << width) if value >> (width - 1) else value
