"""Point-wise stages of a layer's chains: instructions, operand addresses and the registers that step them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npusim.compiler.back.placement import SLOT_SPACE, Placement
from npusim.compiler.ir import ConstOperand, MapOperand, Operand
from npusim.errors import PlacementError
from npusim.isa import Reg
from npusim.numerics import round_f16, to_f16_bits

Body = list[tuple[str, dict[str, int]]]


def turn(pairs: list[tuple[Reg, Reg, int, int]], transposed: bool) -> dict[Reg, int]:
    """Assign (row register, column register, row, column), exchanged where the position nest runs down the columns."""
    regs = {}
    for row_reg, col_reg, row, col in pairs:
        regs[row_reg], regs[col_reg] = (col, row) if transposed else (row, col)
    return regs


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a chain makes: stripe number, first output pixel, first vector of a pixel, row tiles of the chain."""

    stripe: int
    row: int
    col: int
    vector: int
    count: int


@dataclass(frozen=True, slots=True)
class Steps:
    """A stepping operand: its address at the chain's first output, pitch from row to row and column to column."""

    address: int
    row: int
    col: int


class StageBuilder:
    """Makes the MFU stages of one layer."""

    def __init__(self, index: int, place: Placement) -> None:
        self.index, self.place = index, place
        self.g = place.geometry[index]
        self.layer = self.g.layer

    def unit(self, unit: int, outputs: Outputs, regs: dict[Reg, int]) -> Body:
        """Return the instructions of MFU 0 or 1 and set the registers of its stepping operands."""
        mfu, name = ((self.layer.pre, "pre"), (self.layer.post, "post"))[unit]
        body: Body = []
        pitches = set()
        operands: list[tuple[str, Operand, str]] = []
        if mfu.mul is not None:
            operands.append((f"{name}.mul", mfu.mul, "vv_mul"))
        if mfu.addsub is not None:
            operands.append((f"{name}.addsub", mfu.addsub[1], f"vv_{mfu.addsub[0]}"))
        for slot, op, instr in operands:
            steps = self._steps(slot, op, outputs)
            if steps is None:
                address = self.place.constants[self.index, slot][1] + outputs.vector
                body.append((instr, {"mfu": unit, "addr": address}))
                continue
            wide = isinstance(op, MapOperand)
            regs.update(self._registers(unit, steps, wide, outputs.count))
            pitches.add((steps.row, steps.col, wide))
            body.append((instr, {"mfu": unit, "addr": steps.address + (outputs.vector if wide else 0), "step": 1}))
        if len(pitches) > 1:
            raise PlacementError(
                f"layer {self.layer.name} ({self.layer.op}): the operands of MFU{unit} step with different pitches"
            )
        if mfu.act is not None:
            halves = to_f16_bits(round_f16(np.asarray(mfu.act_args, np.float32).reshape(-1))[0])
            args = dict(zip(("a", "b"), (int(h) for h in halves), strict=False))
            body.append((f"v_{mfu.act}", {"mfu": unit, **args}))
        return body

    def _registers(self, unit: int, steps: Steps, wide: bool, count: int) -> dict[Reg, int]:
        if unit == 0:
            return turn([(Reg.OP0_ROW, Reg.OP0_COL, steps.row, steps.col)], self.g.transposed)
        if count > 1:  # row tiles are the inner loop of the output nest
            return {Reg.OP1_ROW: steps.col, Reg.OP1_COL: int(wide)}
        return turn([(Reg.OP1_ROW, Reg.OP1_COL, steps.row, steps.col)], self.g.transposed)

    def _steps(self, slot: str, op: Operand, outputs: Outputs) -> Steps | None:
        """Return how an operand steps; None for one that stays."""
        if isinstance(op, ConstOperand) and not op.per_position:
            return None
        space = SLOT_SPACE[slot]
        if isinstance(op, ConstOperand):
            name, sh, sw, width, pitch = slot, 1, 1, self.g.out_w, 1
            base = self.place.constants[self.index, slot][1]
        else:
            own = self.place.layout.slice(op.map)
            name, sh, sw, width, pitch = op.map, op.sh, op.sw, self.place.layout.map(op.map).width, own.pitch
            base = self.place.resident.get((own.root, space), 0) + own.offset
        row = outputs.row
        buffer = self.place.buffers.get((self.index, name, space))
        if buffer is not None:
            base = buffer.area(outputs.stripe)
            row -= 0 if buffer.whole else self.place.stripes[self.index][outputs.stripe].out[0]
            if isinstance(op, MapOperand):
                pitch = self.place.layout.slice(op.map).vectors
        address = base + (row * sh * width + outputs.col * sw) * pitch
        return Steps(address, sh * width * pitch, sw * pitch)
