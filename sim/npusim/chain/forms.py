"""The parts of a chain: registers, source, stages and targets, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from npusim.isa import Space


class Registers(NamedTuple):
    """All scalar registers, in the order of `npusim.isa.Reg`."""

    rows: int
    cols: int
    kh: int
    kw: int
    kc: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int
    in_h: int
    in_w: int
    rd_row: int
    rd_col: int
    channels: int
    op0_row: int
    op0_col: int
    op1_row: int
    op1_col: int
    out_cols: int
    wr_row: int
    wr_col: int
    mv_rows: int
    red_n: int
    red_head: int
    red_overlap: int
    red_run: int
    red_tail: int
    tiles: int
    rd_base: int
    op0_base: int
    op1_base: int
    wr_base: int


AddSubOp: TypeAlias = Literal["add", "a_sub_b", "b_sub_a", "max"]
ActOp: TypeAlias = Literal["relu", "clip", "lrelu", "sigm", "tanh"]
ReduceOp: TypeAlias = Literal["max", "add"]


@dataclass(frozen=True, slots=True)
class Source:
    """`v_rd`: addr in native vectors, in DRAM bytes; `low` makes padding −65504."""

    word: int
    space: Space
    addr: int
    low: bool


@dataclass(frozen=True, slots=True)
class Matmul:
    """`mv_mul`: first slot, and what happens to the accumulators."""

    word: int
    tile: int
    acc: bool
    hold: bool


@dataclass(frozen=True, slots=True)
class Operand:
    """A vector operand of an MFU: first address in its memory, and whether it steps with the stream."""

    word: int
    space: Space
    addr: int
    step: bool


@dataclass(frozen=True, slots=True)
class AddSub:
    """`vv_add`, `vv_a_sub_b`, `vv_b_sub_a` or `vv_max`; a is the stream, b the operand."""

    op: AddSubOp
    operand: Operand


@dataclass(frozen=True, slots=True)
class Act:
    """A unary function; a and b are float16 bit patterns (clip: low, high; lrelu: alpha)."""

    op: ActOp
    a: int = 0
    b: int = 0


@dataclass(frozen=True, slots=True)
class Mfu:
    """The steps of one multifunction unit, in this order; None passes the stream on."""

    mul: Operand | None = None
    addsub: AddSub | None = None
    act: Act | None = None

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Operands in memory."""
        addsub = () if self.addsub is None else (self.addsub.operand,)
        return addsub if self.mul is None else (self.mul, *addsub)


@dataclass(frozen=True, slots=True)
class Write:
    """`v_wr`: first address, as in `Source`."""

    word: int
    space: Space
    addr: int
