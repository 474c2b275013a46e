"""Instruction words to chains: the grammar of a program, `docs/architecture.md`, section 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusim import isa
from npusim.chain import check
from npusim.chain.build import Builder, Step
from npusim.chain.chains import Chain, Decoded
from npusim.chain.forms import Registers
from npusim.config import NpuConfig
from npusim.errors import ProgramError
from npusim.isa import REGISTERS, Instr, Reg, Stage

assert Registers._fields == tuple(reg.name.lower() for reg in Reg)

_ROWS: dict[int, tuple[Instr, int, tuple[tuple[str, int, int], ...]]] = {
    row.opcode: (
        row,
        sum(f.limit << f.lsb for f in row.fields),
        tuple((f.name, f.lsb, f.limit) for f in row.fields),
    )
    for row in isa.TABLE
}
_BODY = (1 << isa.OPCODE_LSB) - 1
_REG_MASK = (1 << isa.REG_BITS) - 1
_Fields: TypeAlias = tuple[Instr, dict[str, int]]

MAX_DISPATCHED = 1 << 21
"""Words that a program may dispatch, loops unrolled."""


def decode_stream(words: npt.NDArray[np.uint64] | Sequence[int], config: NpuConfig) -> Decoded:
    """Decode and check a whole program, loops unrolled.

    words: one instruction each, `halt` the last.  Raises `ProgramError` with the first illegal word in the order of
    dispatch: a stage out of order, a register or an address out of range, sums held that nobody continues, a loop
    without end.
    """
    listed = words.tolist() if isinstance(words, np.ndarray) else [int(word) for word in words]
    if len(listed) > config.imem_words:
        raise ProgramError(f"the program has {len(listed)} words, the instruction memory holds {config.imem_words}")
    _bound(listed)
    walk = _Walk(config)
    rows: list[_Fields] = []
    at = 0
    while at < len(listed):
        if at == len(rows):  # the first time
            rows.append(_fields(at, listed[at]))
        at = walk.step(at, *rows[at])
    if not walk.halted:
        raise ProgramError(f"the program ends after {len(listed)} words without halt")
    return Decoded(tuple(walk.chains), len(listed), walk.dispatched)


def _bound(words: list[int]) -> None:
    """Refuse a program that dispatches too many words, before any is."""
    loop, end_loop = isa.BY_NAME["loop"].opcode, isa.BY_NAME["end_loop"].opcode
    open_loops: list[int] = []
    dispatched = [0]  # in the program, in each open loop once
    for index, word in enumerate(words):
        opcode = word >> isa.OPCODE_LSB
        dispatched[-1] += 1
        if opcode == loop:
            open_loops.append(index)
            dispatched.append(0)
        elif opcode == end_loop and open_loops:
            count, start = words[open_loops[-1]] & _REG_MASK, open_loops.pop()
            body = dispatched.pop() * count
            if body > MAX_DISPATCHED:
                text = f"its {count} iterations dispatch {body} words, expected at most {MAX_DISPATCHED} in a program"
                check.refuse(start, "loop", text)
            dispatched[-1] += body
    if dispatched[0] > MAX_DISPATCHED:
        raise ProgramError(f"the program dispatches {dispatched[0]} words, expected at most {MAX_DISPATCHED}")


@dataclass(slots=True)
class _Loop:
    """An open loop: its `loop` word, and the iterations that are left, this one included."""

    word: int
    left: int


@dataclass(slots=True)
class _Walk:
    """State between words: registers, open loops, the open chain."""

    config: NpuConfig
    chains: list[Chain] = field(default_factory=list)
    dispatched: int = 0
    halted: bool = False
    values: list[int] = field(default_factory=lambda: [REGISTERS[reg].reset for reg in Reg])
    regs: Registers | None = None  # copy of `values` that the chains since the last change share
    loops: list[_Loop] = field(default_factory=list)
    open: list[Step] = field(default_factory=list)
    builder: Builder = field(init=False)
    built: dict[object, tuple[Chain, tuple[int, int, int] | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.builder = Builder(self.config)

    def step(self, index: int, row: Instr, values: dict[str, int]) -> int:
        """Take the word at `index`; return the place of the next one."""
        if self.halted:
            check.refuse(index, row.name, "stands behind halt, expected the end of the program")
        self.dispatched += 1
        if row.stage == Stage.SCALAR:
            return self._scalar(index, row, values)
        self._chain(index, row, values)
        return index + 1

    def _chain(self, index: int, row: Instr, values: dict[str, int]) -> None:
        stage = isa.stage_of(row, values.get("mfu", 0))
        if stage == Stage.READ:
            if self.open:
                check.refuse(index, row.name, f"the chain that begins at word {self.open[0].word} has no end_chain")
        elif not self.open:
            check.refuse(index, row.name, "no chain is open, expected v_rd or m_rd before it")
        step = Step(index, row.name, stage, values)
        self._order(step)
        if stage != Stage.END:
            self.open.append(step)
            return
        self.chains.append(self._build(step))
        self.open = []

    def _build(self, end: Step) -> Chain:
        """Return the chain that is open.  In a loop most are the same at every iteration, and are built once."""
        if self.regs is None:
            self.regs = Registers(*self.values)
        index, dispatch = len(self.chains), self.dispatched - 1
        if not self.loops:
            return self.builder.chain(index, dispatch, self.open, end, self.regs)
        bases = tuple(self._base(step) for step in self.open)
        key = (end.word, self.regs[: Reg.RD_BASE], bases, self.builder.held)
        if key not in self.built:
            chain = self.builder.chain(index, dispatch, self.open, end, self.regs)
            self.built[key] = chain, self.builder.held
            return chain
        chain, self.builder.held = self.built[key]
        again = replace(chain, index=index, dispatch=dispatch, regs=self.regs)
        again.share(chain)
        return again

    def _base(self, step: Step) -> int:
        """Return what a base register adds to the step's address."""
        if not step.values.get("base"):
            return 0
        by_stage = {Stage.READ: Reg.RD_BASE, Stage.WRITE: Reg.WR_BASE}
        reg = by_stage.get(step.stage, Reg.OP1_BASE if step.stage > Stage.REDUCE else Reg.OP0_BASE)
        return self.values[reg]

    def _scalar(self, index: int, row: Instr, values: dict[str, int]) -> int:
        if self.open:
            check.refuse(index, row.name, f"stands inside the chain that begins at word {self.open[0].word}")
        match row.name:
            case "halt":
                if self.loops:
                    check.refuse(index, row.name, f"stands inside the loop that begins at word {self.loops[-1].word}")
                self.builder.finish(index)
                self.halted = True
            case "loop":
                if not values["count"]:
                    check.refuse(index, row.name, "count is 0, expected at least 1")
                if len(self.loops) == isa.LOOP_DEPTH:
                    check.refuse(index, row.name, f"{isa.LOOP_DEPTH} loops are open, which is as deep as they nest")
                self.loops.append(_Loop(index, values["count"]))
            case "end_loop":
                if not self.loops:
                    check.refuse(index, row.name, "no loop is open, expected loop before it")
                self.loops[-1].left -= 1
                if self.loops[-1].left:
                    return self.loops[-1].word + 1
                self.loops.pop()
            case _:
                self._register(index, row.name, values)
        return index + 1

    def _register(self, index: int, name: str, values: dict[str, int]) -> None:
        reg, value = values["reg"], values["value"]
        if reg >= len(Reg):
            check.refuse(index, name, f"there is no register {reg} (0..{len(Reg) - 1})")
        self.values[reg] = value if name == "s_wr" else (self.values[reg] + value) & _REG_MASK
        self.regs = None

    def _order(self, step: Step) -> None:
        if not self.open:
            return
        before = self.open[-1]
        weights = self.open[0].name == "m_rd"
        if step.stage == Stage.END:
            return
        if weights and (step.name != "m_wr" or before.name != "m_rd"):
            check.refuse(step.word, step.name, f"follows {before.name}, a weight move is m_rd, m_wr, end_chain")
        if not weights and step.name == "m_wr":
            check.refuse(step.word, step.name, "ends a chain that begins with v_rd, expected v_wr")
        if step.stage < before.stage or (step.stage == before.stage != Stage.WRITE):
            check.refuse(step.word, step.name, f"cannot follow {before.name}: stages stand in datapath order")


def _fields(index: int, word: int) -> _Fields:
    if not 0 <= word < 1 << isa.WORD_BITS:
        raise ProgramError(f"word {index}: {word} does not fit {isa.WORD_BITS} bits")
    found: Any = _ROWS.get(word >> isa.OPCODE_LSB)
    if found is None:
        raise ProgramError(f"word {index}: illegal opcode 0x{word >> isa.OPCODE_LSB:02x}")
    row, used, fields = found
    if word & _BODY & ~used:
        check.refuse(index, row.name, f"bits outside its fields are set in 0x{word:016x}")
    return row, {name: (word >> lsb) & limit for name, lsb, limit in fields}
