"""The instruction set, once: assembler, disassembler, simulators, Verilog include file and docs derive from here.

An instruction is one 64-bit word, the opcode in bits 63..58.  A **chain** is a run of instructions that starts with
a read, passes the stages in the order of `Stage`, ends with writes and is closed by `end_chain`.  Scalar instructions
(`s_wr`, `s_add`, `loop`, `end_loop`, `halt`) stand between chains.  `docs/isa.md` is generated from this module;
`docs/architecture.md` gives the semantics.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

WORD_BITS = 64
OPCODE_LSB = 58
ISA_VERSION = 2
LOOP_DEPTH = 4
"""Loops that may be open at once."""


class Space(IntEnum):
    """Where vectors live.  Addresses count native vectors, in DRAM bytes."""

    DRAM = 0
    NET_IN_Q = 1
    NET_OUT_Q = 2
    EXPANDER = 3
    INITIAL_VRF = 4
    ADDSUB_VRF_0 = 5
    ADDSUB_VRF_1 = 6
    MULTIPLY_VRF_0 = 7
    MULTIPLY_VRF_1 = 8


SPACE_NAMES: dict[Space, str] = {
    Space.DRAM: "DRAM",
    Space.NET_IN_Q: "NetInQ",
    Space.NET_OUT_Q: "NetOutQ",
    Space.EXPANDER: "Expander",
    Space.INITIAL_VRF: "InitialVrf",
    Space.ADDSUB_VRF_0: "AddSubVrf_0",
    Space.ADDSUB_VRF_1: "AddSubVrf_1",
    Space.MULTIPLY_VRF_0: "MultiplyVrf_0",
    Space.MULTIPLY_VRF_1: "MultiplyVrf_1",
}


class Queue(IntEnum):
    """The three in-order queues.  A chain's queue follows from its instructions, see `docs/architecture.md`."""

    WEIGHT = 0
    VECTOR = 1
    COMPUTE = 2


QUEUE_NAMES: dict[Queue, str] = {Queue.WEIGHT: "weight", Queue.VECTOR: "vector", Queue.COMPUTE: "compute"}


class Reg(IntEnum):
    """Scalar registers.  They keep their value until written again; reset gives `RESET[reg]`."""

    ROWS = 0
    COLS = 1
    KH = 2
    KW = 3
    KC = 4
    STRIDE_H = 5
    STRIDE_W = 6
    DILATION_H = 7
    DILATION_W = 8
    PAD_TOP = 9
    PAD_LEFT = 10
    IN_H = 11
    IN_W = 12
    RD_ROW = 13
    RD_COL = 14
    CHANNELS = 15
    OP0_ROW = 16
    OP0_COL = 17
    OP1_ROW = 18
    OP1_COL = 19
    OUT_COLS = 20
    WR_ROW = 21
    WR_COL = 22
    MV_ROWS = 23
    RED_N = 24
    RED_HEAD = 25
    RED_OVERLAP = 26
    RED_RUN = 27
    RED_TAIL = 28
    TILES = 29
    RD_BASE = 30
    OP0_BASE = 31
    OP1_BASE = 32
    WR_BASE = 33


REG_BITS = 32


@dataclass(frozen=True, slots=True)
class RegInfo:
    """One scalar register: its reset value and its meaning."""

    reset: int
    text: str


REGISTERS: dict[Reg, RegInfo] = {
    Reg.ROWS: RegInfo(1, "positions: outer loop count (output rows of a convolution)"),
    Reg.COLS: RegInfo(1, "positions: inner loop count (output columns)"),
    Reg.KH: RegInfo(1, "window loop: kernel rows"),
    Reg.KW: RegInfo(1, "window loop: kernel columns"),
    Reg.KC: RegInfo(1, "window loop: native vectors per kernel tap"),
    Reg.STRIDE_H: RegInfo(1, "input rows per output row"),
    Reg.STRIDE_W: RegInfo(1, "input columns per output column"),
    Reg.DILATION_H: RegInfo(1, "input rows per kernel row"),
    Reg.DILATION_W: RegInfo(1, "input columns per kernel column"),
    Reg.PAD_TOP: RegInfo(0, "padding rows above the input"),
    Reg.PAD_LEFT: RegInfo(0, "padding columns left of the input"),
    Reg.IN_H: RegInfo(1, "input rows; a row outside 0..IN_H-1 reads as padding"),
    Reg.IN_W: RegInfo(1, "input columns; a column outside 0..IN_W-1 reads as padding"),
    Reg.RD_ROW: RegInfo(0, "source pitch from input row to input row [vectors]"),
    Reg.RD_COL: RegInfo(0, "source pitch from input column to input column [vectors]"),
    Reg.CHANNELS: RegInfo(1, "Expander: elements per pixel of the raw image"),
    Reg.OP0_ROW: RegInfo(0, "MFU0 stepping operands: pitch per position row [vectors]"),
    Reg.OP0_COL: RegInfo(0, "MFU0 stepping operands: pitch per position column [vectors]"),
    Reg.OP1_ROW: RegInfo(0, "MFU1 stepping operands: pitch per output row [vectors]"),
    Reg.OP1_COL: RegInfo(0, "MFU1 stepping operands: pitch per output column [vectors]"),
    Reg.OUT_COLS: RegInfo(1, "output nest: the j-th output has row j div OUT_COLS, column j mod OUT_COLS"),
    Reg.WR_ROW: RegInfo(0, "destination pitch per output row [vectors]"),
    Reg.WR_COL: RegInfo(0, "destination pitch per output column [vectors]"),
    Reg.MV_ROWS: RegInfo(1, "row tiles of the matrix (more than 1 only with private weights)"),
    Reg.RED_N: RegInfo(1, "reduce: elements of a window"),
    Reg.RED_HEAD: RegInfo(1, "reduce: elements of the first window of a run"),
    Reg.RED_OVERLAP: RegInfo(0, "reduce: elements shared by neighbouring windows, 0 or 1"),
    Reg.RED_RUN: RegInfo(1, "reduce: elements of a run; windows never cross a run's end"),
    Reg.RED_TAIL: RegInfo(0, "reduce: 1 writes a window that the run's end cuts short, 0 drops it"),
    Reg.TILES: RegInfo(1, "weight move: number of native tiles"),
    Reg.RD_BASE: RegInfo(0, "added to the address of a v_rd with base [vectors, signed]"),
    Reg.OP0_BASE: RegInfo(0, "added to the addresses of MFU0's operands with base [vectors, signed]"),
    Reg.OP1_BASE: RegInfo(0, "added to the addresses of MFU1's operands with base [vectors, signed]"),
    Reg.WR_BASE: RegInfo(0, "added to the addresses of v_wr with base [vectors, signed]"),
}


class Stage(IntEnum):
    """Position of an instruction in a chain.  Strictly increasing, except that `WRITE` may repeat."""

    READ = 0
    MATMUL = 1
    MFU0_MUL = 2
    MFU0_ADDSUB = 3
    MFU0_ACT = 4
    REDUCE = 5
    MFU1_MUL = 6
    MFU1_ADDSUB = 7
    MFU1_ACT = 8
    WRITE = 9
    END = 10
    SCALAR = 11


@dataclass(frozen=True, slots=True)
class Field:
    """A bit field of an instruction word.  `kind` tells the assembler how to read and print the value."""

    name: str
    lsb: int
    width: int
    kind: str = "uint"  # uint, int (signed), space, reg, mfu, half (float16 bits), flag, mask (of queues), node
    text: str = ""

    @property
    def limit(self) -> int:
        """Largest value that fits."""
        return (1 << self.width) - 1


@dataclass(frozen=True, slots=True)
class Instr:
    """One row of the table."""

    name: str
    opcode: int
    stage: Stage
    fields: tuple[Field, ...]
    text: str

    def field(self, name: str) -> Field:
        """Return the field of that name; KeyError otherwise (our own bug)."""
        for f in self.fields:
            if f.name == name:
                return f
        raise KeyError(name)


_SPACE = Field("space", 54, 4, "space", "memory space")
_ADDR = Field("addr", 0, 40, "uint", "first address: in native vectors; in DRAM, in bytes")
_MFU = Field("mfu", 57, 1, "mfu", "which multifunction unit, 0 or 1")
_OPERAND = Field("addr", 0, 24, "uint", "first vector in the unit's AddSubVrf / MultiplyVrf")
_STEP = Field("step", 56, 1, "flag", "the operand's address steps with the stream (OPx_ROW, OPx_COL) or stays")
_REG = Field("reg", 52, 6, "reg", "scalar register")
_A = Field("a", 16, 16, "half", "first immediate")
_B = Field("b", 0, 16, "half", "second immediate")


def _base(lsb: int, reg: str) -> Field:
    return Field("base", lsb, 1, "flag", f"add {reg} to the address")


def _mfu(name: str, opcode: int, stage: Stage, text: str) -> Instr:
    return Instr(name, opcode, stage, (_MFU, _OPERAND, _STEP, _base(55, "OP0_BASE or OP1_BASE")), text)


# fmt: off
TABLE: tuple[Instr, ...] = (
    Instr("halt", 0x00, Stage.SCALAR, (), "end of the program: when every queue has drained, raise done"),
    Instr(
        "s_wr", 0x01, Stage.SCALAR,
        (_REG, Field("value", 0, REG_BITS, "uint", "its new value")),
        "set a scalar register for the chains that follow",
    ),
    Instr(
        "v_rd", 0x02, Stage.READ,
        (_SPACE, _ADDR, Field("low", 53, 1, "flag", "padding reads as -65504 instead of 0 (maximum pooling)"),
         _base(52, "RD_BASE")),
        "start a chain: stream native vectors over positions and window",
    ),
    Instr(
        "m_rd", 0x03, Stage.READ, (_ADDR,),
        "start a weight move: TILES native tiles from this DRAM byte address on",
    ),
    Instr(
        "s_add", 0x04, Stage.SCALAR,
        (_REG, Field("value", 0, REG_BITS, "int", "what is added")),
        "add to a scalar register, modulo 2^32",
    ),
    Instr(
        "loop", 0x05, Stage.SCALAR, (Field("count", 0, REG_BITS, "uint", "iterations, at least 1"),),
        f"dispatch the words up to the matching end_loop count times; loops nest up to {LOOP_DEPTH} deep",
    ),
    Instr("end_loop", 0x06, Stage.SCALAR, (), "end of a loop: go back to the word behind its loop, or on"),
    Instr(
        "mv_mul", 0x08, Stage.MATMUL,
        (Field("tile", 0, 24, "uint", "first tile slot in MatrixRf; slots wrap at the end of the MatrixRf"),
         Field("acc", 24, 1, "flag", "start from the sums that the chain before held, not from zero"),
         Field("hold", 25, 1, "flag", "leave the sums in the accumulators: the chain ends here, without a write")),
        "multiply KH*KW*KC vectors a position by as many tiles, accumulate in fp32, round once to float16",
    ),
    _mfu("vv_mul", 0x10, Stage.MFU0_MUL, "x * MultiplyVrf"),
    _mfu("vv_add", 0x11, Stage.MFU0_ADDSUB, "x + AddSubVrf"),
    _mfu("vv_a_sub_b", 0x12, Stage.MFU0_ADDSUB, "x - AddSubVrf"),
    _mfu("vv_b_sub_a", 0x13, Stage.MFU0_ADDSUB, "AddSubVrf - x"),
    _mfu("vv_max", 0x14, Stage.MFU0_ADDSUB, "max(x, AddSubVrf)"),
    Instr("v_relu", 0x18, Stage.MFU0_ACT, (_MFU,), "max(x, +0)"),
    Instr("v_clip", 0x19, Stage.MFU0_ACT, (_MFU, _A, _B), "min(max(x, a), b)"),
    Instr("v_lrelu", 0x1A, Stage.MFU0_ACT, (_MFU, _A), "x < 0 ? a * x : x"),
    Instr("v_sigm", 0x1B, Stage.MFU0_ACT, (_MFU,), "1 / (1 + exp(-x)), the integer kernel of npusim_hls"),
    Instr("v_tanh", 0x1C, Stage.MFU0_ACT, (_MFU,), "tanh(x), the integer kernel of npusim_hls"),
    Instr("v_red_max", 0x20, Stage.REDUCE, (), "maximum over windows of the stream (RED_*)"),
    Instr("v_red_add", 0x21, Stage.REDUCE, (), "exact sum over windows of the stream, rounded once (RED_*)"),
    Instr("v_wr", 0x28, Stage.WRITE, (_SPACE, _ADDR, _base(53, "WR_BASE")), "write the outputs; several = multicast"),
    Instr("m_wr", 0x29, Stage.WRITE, (Field("tile", 0, 24, "uint", "first tile slot in MatrixRf; slots wrap"),),
          "end of a weight move: store the tiles"),
    Instr(
        "end_chain", 0x30, Stage.END,
        (Field("wait", 55, 3, "mask", "take one token from each named queue's semaphore before starting"),
         Field("give", 52, 3, "mask", "give one token to each named queue's semaphore when complete"),
         Field("node", 0, 16, "node", "index of the ONNX node, for listings and traces; ignored by the machine")),
        "close the chain and dispatch it",
    ),
)
# fmt: on

BY_NAME: dict[str, Instr] = {row.name: row for row in TABLE}
BY_OPCODE: dict[int, Instr] = {row.opcode: row for row in TABLE}


def stage_of(row: Instr, mfu: int) -> Stage:
    """Return the stage of an instruction, given its `mfu` field (rows of the table carry MFU0's)."""
    if mfu and Stage.MFU0_MUL <= row.stage <= Stage.MFU0_ACT:
        return Stage(row.stage + (Stage.MFU1_MUL - Stage.MFU0_MUL))
    return row.stage


def encode(name: str, **values: int) -> int:
    """Return the 64-bit word of one instruction; ValueError if a value does not fit its field."""
    row = BY_NAME[name]
    word = row.opcode << OPCODE_LSB
    for field in row.fields:
        value = int(values.pop(field.name, 0))
        if not 0 <= value <= field.limit:
            raise ValueError(
                f"{name}: {field.name} {value} does not fit the {field.width}-bit field (0..{field.limit})"
            )
        word |= value << field.lsb
    if values:
        raise ValueError(f"{name}: unknown field {next(iter(values))}")
    return word


def decode(word: int) -> tuple[Instr, dict[str, int]]:
    """Return table row and field values of a word; ValueError for an illegal opcode or stray bits."""
    row = BY_OPCODE.get(word >> OPCODE_LSB)
    if row is None:
        raise ValueError(f"illegal opcode 0x{word >> OPCODE_LSB:02x} in word 0x{word:016x}")
    values = {f.name: (word >> f.lsb) & f.limit for f in row.fields}
    if encode(row.name, **values) != word:
        raise ValueError(f"{row.name}: bits outside its fields are set in word 0x{word:016x}")
    return row, values


def check_table(table: tuple[Instr, ...] = TABLE) -> None:
    """Refuse overlapping fields, duplicate opcodes and names: raises ValueError naming both rows."""
    names: dict[str, Instr] = {}
    opcodes: dict[int, Instr] = {}
    for row in table:
        if row.name in names:
            raise ValueError(f"instruction {row.name} appears twice")
        if row.opcode in opcodes:
            raise ValueError(f"opcode 0x{row.opcode:02x} belongs to {opcodes[row.opcode].name} and {row.name}")
        if not 0 <= row.opcode < 1 << (WORD_BITS - OPCODE_LSB):
            raise ValueError(f"{row.name}: opcode 0x{row.opcode:x} does not fit")
        names[row.name] = opcodes[row.opcode] = row
        used = 0
        for field in row.fields:
            bits = field.limit << field.lsb
            if field.lsb + field.width > OPCODE_LSB:
                raise ValueError(f"{row.name}.{field.name} reaches into the opcode")
            if used & bits:
                raise ValueError(f"{row.name}.{field.name} overlaps another field")
            used |= bits


check_table()
