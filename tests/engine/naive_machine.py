"""The machine once more, written from docs/architecture.md with exact fractions, and nothing of npusim but the table.

Numbers are Python floats that hold float16 and fp32 values exactly, zeros with their sign; every operation goes through
`Fraction` and is rounded once.  A chain reads everything before it writes anything.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction

from npusim import isa
from npusim.config import NpuConfig
from npusim.isa import Reg, Space
from npusim_hls import kernels

Vector = list[float]
MEMORIES = [s for s in Space if s >= Space.EXPANDER]


def to_bits(x: float) -> int:
    return int(struct.unpack("<H", struct.pack("<e", x))[0])


def from_bits(bits: int) -> float:
    """A pattern from outside: subnormals are zeros."""
    value = float(struct.unpack("<e", struct.pack("<H", bits))[0])
    return value if abs(value) >= 2.0**-14 else math.copysign(0.0, value)


def exponent_of(x: Fraction) -> int:
    """⌊log2 |x|⌋."""
    e = abs(x.numerator).bit_length() - x.denominator.bit_length()
    return e if abs(x) >= Fraction(2) ** e else e - 1


class NaiveMachine:
    def __init__(self, config: NpuConfig, dram: bytes) -> None:
        self.config, self.dram = config, bytearray(dram).ljust(config.dram_bytes, b"\0")
        self.memory: dict[Space, dict[int, Vector]] = {space: {} for space in MEMORIES}
        self.tiles: dict[tuple[int, int], tuple[list[list[int]], list[int]]] = {}
        self.sums: list[Vector] = []
        self.sent: list[list[int]] = []
        self.overflow = False

    # ---- arithmetic ------------------------------------------------------------------------------------------------

    def round(self, x: Fraction, sign: float, half: bool) -> float:
        """x in float16 or fp32; an exact zero has the sign of `sign`."""
        digits, smallest = (11, Fraction(1, 2**14)) if half else (24, Fraction(1, 2**126))
        largest = Fraction(65504) if half else (2 - Fraction(1, 2**23)) * 2**127
        if x == 0:
            return math.copysign(0.0, sign)
        quantum = Fraction(2) ** (exponent_of(x) - digits + 1)
        rounded = round(x / quantum) * quantum
        if abs(rounded) < smallest:
            return math.copysign(0.0, x)
        if abs(rounded) > largest:
            self.overflow = True
            return math.copysign(float(largest), x)
        return float(rounded)

    def add(self, a: float, b: float, half: bool = True) -> float:
        both_negative = math.copysign(1, a) < 0 and math.copysign(1, b) < 0
        return self.round(Fraction(a) + Fraction(b), -1.0 if both_negative else 1.0, half)

    def mul(self, a: float, b: float) -> float:
        return self.round(Fraction(a) * Fraction(b), math.copysign(1, a) * math.copysign(1, b), True)

    @staticmethod
    def max(a: float, b: float) -> float:
        if a == b == 0:
            return a if math.copysign(1, a) > 0 else b
        return max(a, b)

    @staticmethod
    def min(a: float, b: float) -> float:
        if a == b == 0:
            return a if math.copysign(1, a) < 0 else b
        return min(a, b)

    def unary(self, name: str, values: dict[str, int]) -> Callable[[float], float]:
        a, b = from_bits(values.get("a", 0)), from_bits(values.get("b", 0))
        return {
            "v_relu": lambda x: self.max(x, 0.0),
            "v_clip": lambda x: self.min(self.max(x, a), b),
            "v_lrelu": lambda x: self.mul(a, x) if x < 0 else x,
            "v_sigm": lambda x: from_bits(kernels.f16_sigmoid(to_bits(x))),
            "v_tanh": lambda x: from_bits(kernels.f16_tanh(to_bits(x))),
        }[name]

    def binary(self, name: str) -> Callable[[float, float], float]:
        return {
            "vv_mul": self.mul,
            "vv_add": self.add,
            "vv_a_sub_b": lambda x, b: self.add(x, -b),
            "vv_b_sub_a": lambda x, b: self.add(b, -x),
            "vv_max": self.max,
        }[name]

    def block(self, x: Vector) -> tuple[list[int], int]:
        m = self.config.act_mantissa
        if not any(x):
            return [0] * len(x), -14
        e = exponent_of(max(abs(Fraction(v)) for v in x))
        limit = 2**m - 1
        return [max(-limit, min(limit, round(Fraction(v) * Fraction(2) ** (m - 1 - e)))) for v in x], e

    # ---- programs --------------------------------------------------------------------------------------------------

    def run(self, words: Sequence[int], incoming: Sequence[Sequence[int]]) -> None:
        self.incoming = iter(incoming)
        regs = {reg: isa.REGISTERS[reg].reset for reg in Reg}
        body: list[tuple[str, dict[str, int]]] = []
        loops: list[list[int]] = []  # first word of the body, iterations left
        at = 0
        while at < len(words):
            row, values = isa.decode(int(words[at]))
            at += 1
            if row.name == "s_wr":
                regs[Reg(values["reg"])] = values["value"]
            elif row.name == "s_add":
                regs[Reg(values["reg"])] = (regs[Reg(values["reg"])] + values["value"]) % 2**32
            elif row.name == "loop":
                loops.append([at, values["count"]])
            elif row.name == "end_loop":
                loops[-1][1] -= 1
                if loops[-1][1]:
                    at = loops[-1][0]
                else:
                    loops.pop()
            elif row.name == "end_chain":
                self.chain([(name, self.based(name, v, regs)) for name, v in body], regs)
                body = []
            elif row.name != "halt":
                body.append((row.name, values))

    def based(self, name: str, values: dict[str, int], regs: dict[Reg, int]) -> dict[str, int]:
        """The fields with the effective address."""
        if not values.get("base"):
            return values
        operand = (Reg.OP0_BASE, Reg.OP1_BASE)[values.get("mfu", 0)]
        base = regs[{"v_rd": Reg.RD_BASE, "v_wr": Reg.WR_BASE}.get(name, operand)]
        unit = self.config.vector_bytes if values.get("space") == Space.DRAM else 1
        return values | {"addr": values["addr"] + unit * (base - 2**32 if base >= 2**31 else base)}

    def chain(self, body: list[tuple[str, dict[str, int]]], regs: dict[Reg, int]) -> None:
        (first, read), writes = body[0], [v for name, v in body if name == "v_wr"]
        if first == "m_rd":
            self.weights(read["addr"], body[1][1]["tile"], regs[Reg.TILES])
            return
        off_chip = {Space.DRAM, Space.NET_IN_Q, Space.NET_OUT_Q}
        if {Space(v["space"]) for v in (read, *writes)} & off_chip:
            stream = self.move(read, regs)
        else:
            result = self.compute(body, regs)
            if result is None:
                return
            stream = result
        for n, vector in enumerate(stream):
            i, j = n // regs[Reg.OUT_COLS], n % regs[Reg.OUT_COLS]
            step = i * regs[Reg.WR_ROW] + j * regs[Reg.WR_COL]
            for write in writes:
                self.store(Space(write["space"]), write["addr"], step, vector)

    def store(self, space: Space, addr: int, step: int, vector: Vector) -> None:
        bits = [to_bits(x) for x in vector]
        if space == Space.NET_OUT_Q:
            self.sent.append(bits)
        elif space == Space.DRAM:
            size = self.config.vector_bytes
            self.dram[addr + size * step : addr + size * (step + 1)] = struct.pack(f"<{len(bits)}H", *bits)
        else:
            at = addr + step
            self.memory[space][at % self.config.expander if space == Space.EXPANDER else at] = vector

    def move(self, read: dict[str, int], regs: dict[Reg, int]) -> list[Vector]:
        found = []
        for r in range(regs[Reg.ROWS]):
            for c in range(regs[Reg.COLS]):
                step = r * regs[Reg.RD_ROW] + c * regs[Reg.RD_COL]
                if read["space"] == Space.NET_IN_Q:
                    found.append([from_bits(int(b)) for b in next(self.incoming)])
                elif read["space"] == Space.DRAM:
                    lanes = self.config.native_dim
                    halves = struct.unpack_from(f"<{lanes}H", self.dram, read["addr"] + 2 * lanes * step)
                    found.append([from_bits(b) for b in halves])
                else:
                    found.append(self.memory[Space(read["space"])][read["addr"] + step])
        return found

    def weights(self, addr: int, slot: int, count: int) -> None:
        c = self.config
        lanes, width = c.native_dim, c.weight_mantissa + 1
        for n in range(count):
            start = addr + n * c.tile_bytes
            bits = []
            for byte in self.dram[start : start + -(-lanes * lanes * width // 8)]:
                bits += [byte >> b & 1 for b in range(8)]
            values = [
                sum(bit << b for b, bit in enumerate(bits[e * width : e * width + width - 1]))
                - (bits[(e + 1) * width - 1] << (width - 1))
                for e in range(lanes * lanes)
            ]
            at = start + -(-lanes * lanes * width // 8)
            exponents = list(struct.unpack_from(f"<{lanes}b", self.dram, at))
            engine, place = (0, slot + n) if c.shared_weights else (n % c.engines, slot + n // c.engines)
            chunks = [values[j * lanes * c.lanes :] for j in range(lanes // c.lanes)]
            rows = [[v for chunk in chunks for v in chunk[row * c.lanes :][: c.lanes]] for row in range(lanes)]
            self.tiles[engine, place % c.mrf_slots] = rows, exponents

    # ---- compute chains --------------------------------------------------------------------------------------------

    def compute(self, body: list[tuple[str, dict[str, int]]], regs: dict[Reg, int]) -> list[Vector] | None:
        read, stages = body[0][1], dict(body[1:])
        matmul = stages.get("mv_mul")
        windows = [
            ((r, c), self.window(read, regs, r, c)) for r in range(regs[Reg.ROWS]) for c in range(regs[Reg.COLS])
        ]
        tiles = regs[Reg.MV_ROWS] if matmul else 1
        stream: list[tuple[int, int, Vector]] = []  # MFU0's offset of stepping operands, row tile, vector
        if matmul:
            sums = [s for p, (_, x) in enumerate(windows) for s in self.product(matmul, regs, p, x)]
            if matmul["hold"]:
                self.sums = sums
                return None
            vectors = [[self.round(Fraction(v), v, True) for v in s] for s in sums]
            for n, vector in enumerate(vectors):
                r, c = windows[n // tiles][0]
                offset = r * regs[Reg.OP0_ROW] + c * regs[Reg.OP0_COL] + n % tiles
                stream.append((offset, n % tiles, vector))
        else:
            for (r, c), x in windows:
                stream += [(r * regs[Reg.OP0_ROW] + c * regs[Reg.OP0_COL], 0, vector) for vector in x]
        units: list[list[tuple[str, dict[str, int]]]] = [[], []]
        reduce = None
        for name, values in body[1:]:
            if "mfu" in values:
                units[values["mfu"]].append((name, values))
            elif name.startswith("v_red"):
                reduce = name
        outputs = [self.unit(units[0], vector, step, tile, 0) for step, tile, vector in stream]
        if reduce:
            outputs = self.reduced(reduce, outputs, regs)
        results = []
        for n, vector in enumerate(outputs):
            i, j = n // regs[Reg.OUT_COLS], n % regs[Reg.OUT_COLS]
            step = i * regs[Reg.OP1_ROW] + j * regs[Reg.OP1_COL]
            results.append(self.unit(units[1], vector, step, n % tiles, 1))
        return results

    def window(self, read: dict[str, int], regs: dict[Reg, int], r: int, c: int) -> list[Vector]:
        lanes, memory = self.config.native_dim, self.memory[Space(read["space"])]
        expands = read["space"] == Space.EXPANDER
        vectors: list[Vector] = []
        elements: Vector = []
        for i in range(regs[Reg.KH]):
            for j in range(regs[Reg.KW]):
                y = r * regs[Reg.STRIDE_H] + i * regs[Reg.DILATION_H] - regs[Reg.PAD_TOP]
                x = c * regs[Reg.STRIDE_W] + j * regs[Reg.DILATION_W] - regs[Reg.PAD_LEFT]
                padded = y < 0 or y >= regs[Reg.IN_H] or x < 0 or x >= regs[Reg.IN_W]
                for ch in range(regs[Reg.CHANNELS] if expands else 0):
                    at = read["addr"] + y * regs[Reg.RD_ROW] + (x * regs[Reg.CHANNELS] + ch) // lanes
                    lane = (x * regs[Reg.CHANNELS] + ch) % lanes
                    elements.append(0.0 if padded else memory[at % self.config.expander][lane])
                for k in range(0 if expands else regs[Reg.KC]):
                    at = read["addr"] + y * regs[Reg.RD_ROW] + x * regs[Reg.RD_COL] + k
                    vectors.append([-65504.0 if read["low"] else 0.0] * lanes if padded else memory[at])
        if expands:
            elements += [0.0] * (regs[Reg.KC] * lanes - len(elements))
            vectors = [elements[k * lanes : (k + 1) * lanes] for k in range(regs[Reg.KC])]
        return vectors

    def product(self, matmul: dict[str, int], regs: dict[Reg, int], p: int, x: list[Vector]) -> list[Vector]:
        c = self.config
        engines, blocks = 1 if c.shared_weights else c.engines, [self.block(v) for v in x]
        found = []
        for r in range(regs[Reg.MV_ROWS]):
            sums = self.sums[p if c.shared_weights else r] if matmul["acc"] else None
            for k, (q, e) in enumerate(blocks):
                slot = (matmul["tile"] + r // engines * len(x) + k) % c.mrf_slots
                rows, exponents = self.tiles[r % engines, slot]
                terms = []
                for row, e_w in zip(rows, exponents, strict=True):
                    scale = Fraction(2) ** (e_w + e - (c.weight_mantissa - 1) - (c.act_mantissa - 1))
                    exact = sum(a * b for a, b in zip(row, q, strict=True)) * scale
                    terms.append(self.round(exact, 1.0, False))
                sums = terms if sums is None else [self.add(a, b, False) for a, b in zip(sums, terms, strict=True)]
            assert sums is not None
            found.append(sums)
        return found

    def unit(self, stages: list[tuple[str, dict[str, int]]], x: Vector, step: int, tile: int, mfu: int) -> Vector:
        for name, values in stages:
            if name.startswith("v_"):
                x = [self.unary(name, values)(v) for v in x]
                continue
            space = {"vv_mul": (Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)}.get(
                name, (Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1)
            )[mfu]
            operand = self.memory[space][values["addr"] + (step if values["step"] else tile)]
            x = [self.binary(name)(a, b) for a, b in zip(x, operand, strict=True)]
        return x

    def reduced(self, name: str, stream: list[Vector], regs: dict[Reg, int]) -> list[Vector]:
        outputs = []
        run, overlap = regs[Reg.RED_RUN], regs[Reg.RED_OVERLAP]
        for base in range(0, len(stream), run):
            start, size, shared = 0, regs[Reg.RED_HEAD], 0
            while start < run:
                window = stream[base + start : base + min(start + size, run)]
                if len(window) == size or (regs[Reg.RED_TAIL] and len(window) > shared):
                    outputs.append([self.fold(name, lane) for lane in zip(*window, strict=True)])
                start, size, shared = start + size - overlap, regs[Reg.RED_N], overlap
        return outputs

    def fold(self, name: str, values: Sequence[float]) -> float:
        if name == "v_red_add":
            return self.round(sum(map(Fraction, values), Fraction(0)), 1.0, True)
        largest = values[0]
        for v in values[1:]:
            largest = self.max(largest, v)
        return largest
