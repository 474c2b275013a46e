"""Compute chains of a recurrent layer: addresses of its areas, and the registers that all of them share."""

from __future__ import annotations

from npusim.compiler.back.cells import AHEAD, BIAS, GATES, IDLE, INPUT_BIAS, CellChain, Op, area_spaces, operand_space
from npusim.compiler.back.events import Event, TileSet
from npusim.compiler.back.placement import Placement
from npusim.compiler.back.recurrent_matrix import Product
from npusim.compiler.back.stages import Body
from npusim.compiler.ir import MapOperand, Operand, Recurrent
from npusim.isa import Queue, Reg, Space

INTERNAL = (0,)
"""Place of a chain that makes no part of the layer's output."""

Target = tuple[Space, int]


class CellBuilder:
    """Makes the compute chains of one layer.  tiles: the slots that its products use."""

    def __init__(self, index: int, step: Recurrent, place: Placement, node: int, tiles: TileSet) -> None:
        self.index, self.step, self.place, self.node, self.tiles = index, step, place, node, tiles
        self.vectors = place.layout.slice(step.out).vectors  # of the state
        self.spaces = {area: spaces for area, (_, spaces) in area_spaces(step).items()}
        self.wide = step.gates * self.vectors
        self.lead = place.leads[index]
        self.loads = step.source in place.streams or place.layout.slice(step.source).root in place.spilled

    # ---- addresses ---------------------------------------------------------------------------------------------

    def area(self, name: str, space: Space, part: int = 0, number: int = 0) -> int:
        """Return the address of a block of an area; number: which of the areas, where there are several."""
        first = self.place.areas[self.index, name, space] + self.lead + part * self.vectors
        return first + number * (self.lead + self.wide)

    def slot(self, name: str, space: Space, number: int = 0) -> int:
        """Return the address of one of the slots through which a map in DRAM passes."""
        return self.place.buffers[self.index, name, space].area(number)

    def targets(self, name: str) -> list[Target]:
        """Return where a map that stays on chip is wanted; its first pixel."""
        if not name or name in self.place.streams:
            return []
        own = self.place.layout.slice(name)
        if own.root in self.place.spilled:
            return []
        spaces = sorted(self.place.spaces.get(own.root, ()))
        return [(space, self.place.resident[own.root, space] + own.offset) for space in spaces]

    def _operand(self, op: Op, unit: int, slot: int) -> dict[str, int]:
        """Return address and base flag of an operand; slot: of the gates, where they pass through slots."""
        assert op.operand is not None
        area, part = op.operand
        if area in (BIAS, INPUT_BIAS):
            slot_name = "pre.addsub" if area == BIAS else "input"
            return {"addr": self.place.constants[self.index, slot_name][1] + self.lead + part * self.vectors}
        if area == GATES and self.step.inputs is not None:
            return {"addr": self.area(GATES, Space.ADDSUB_VRF_0, part, slot % AHEAD)}
        if area != GATES:
            return {"addr": self.area(area, operand_space(op, unit), part)}
        own = self.place.layout.slice(self.step.source)
        if self.loads:
            return {"addr": self.slot(self.step.source, Space.ADDSUB_VRF_0, slot) + part * self.vectors}
        first = self.place.resident[own.root, Space.ADDSUB_VRF_0] + own.offset
        return {"addr": first + part * self.vectors, "base": 1}

    # ---- chains ------------------------------------------------------------------------------------------------

    def multiply(self, chain: CellChain, product: Product, slot: int) -> Event:
        """One product of a step."""
        if chain.ahead:
            read = self._inputs(slot)
        else:
            read = {"addr": self.area(chain.source.area, Space.INITIAL_VRF, chain.source.part)}
        read |= {"space": int(Space.INITIAL_VRF), "addr": read["addr"] + product.low}
        regs = self._regs(1) | {Reg.KC: product.high - product.low, Reg.MV_ROWS: product.rows}
        matmul = {"tile": product.slot, "acc": int(product.acc), "hold": int(product.hold)}
        body: Body = [("v_rd", read), ("mv_mul", matmul)]
        if product.hold:
            return Event(Queue.COMPUTE, regs, body, self.node, self.tiles)
        body += self._units(chain, slot, product.first)
        number = slot % AHEAD if chain.target == GATES else 0
        return self.event(regs, body + self.writes(chain.target, chain.part, number, product.first))

    def _inputs(self, slot: int) -> dict[str, int]:
        """Return address and base flag of the inputs of a step."""
        if self.loads:
            return {"addr": self.slot(self.step.source, Space.INITIAL_VRF, slot)}
        own = self.place.layout.slice(self.step.source)
        return {"addr": self.place.resident[own.root, Space.INITIAL_VRF] + own.offset, "base": 1}

    def combine(self, chain: CellChain, slot: int) -> Event:
        """A chain without matrix over the vectors of the state."""
        source = self.area(chain.source.area, Space.INITIAL_VRF, chain.source.part)
        regs, body = self.stream(source)
        return self.event(regs, body + self._units(chain, slot, 0, step=1) + self.writes(chain.target))

    def copy(self, targets: list[Target], **flags: int) -> Event:
        """Copy the state.  Without a target one vector is copied, to nowhere: the chain is there to wait."""
        regs, body = self.stream(self.area("h", Space.INITIAL_VRF))
        if not targets:
            return self.event(regs | {Reg.COLS: 1}, body + self.writes(IDLE))
        return self.event(regs, body + write(targets, **flags))

    def initial(self, area: str, operand: Operand | None) -> Event:
        """Write the initial state: a map, or zeros to which a constant is added."""
        if isinstance(operand, MapOperand):
            own = self.place.layout.slice(operand.map)
            if own.root in self.place.spilled:
                source = self.slot(operand.map, Space.INITIAL_VRF)
            else:
                source = self.place.resident[own.root, Space.INITIAL_VRF] + own.offset
            regs, body = self.stream(source)
        else:
            regs, body = self.zeros()
            if operand is not None:
                constant = self.place.constants[self.index, f"init.{area}"][1] + self.lead
                body.append(("vv_add", {"mfu": 0, "addr": constant, "step": 1}))
        return self.event(regs, body + self.writes(area))

    def event(self, regs: dict[Reg, int], body: Body) -> Event:
        """Return a chain that makes no part of the output."""
        return Event(Queue.COMPUTE, regs, body, self.node, self.tiles, INTERNAL)

    def stream(self, source: int) -> tuple[dict[Reg, int], Body]:
        """Return registers and read of a chain over the vectors of the state."""
        return self._regs(self.vectors), [("v_rd", {"space": int(Space.INITIAL_VRF), "addr": source})]

    def zeros(self) -> tuple[dict[Reg, int], Body]:
        """The same over zeros: everything is padding."""
        regs, body = self.stream(self.area("h", Space.INITIAL_VRF))
        return regs | {Reg.PAD_LEFT: self.vectors}, body

    def writes(self, area: str, part: int = 0, number: int = 0, row: int = 0) -> Body:
        """Return the writes to a block of an area, from a row on."""
        return write([(space, self.area(area, space, part, number) + row) for space in self.spaces[area]])

    def _regs(self, columns: int) -> dict[Reg, int]:
        """Every register that a chain of the layer looks at."""
        ones = (Reg.ROWS, Reg.KH, Reg.KW, Reg.KC, Reg.STRIDE_H, Reg.STRIDE_W, Reg.DILATION_H, Reg.DILATION_W, Reg.IN_H)
        steps = (Reg.RD_COL, Reg.OP0_COL, Reg.OP1_COL, Reg.WR_COL, Reg.MV_ROWS)
        zeros = (Reg.PAD_TOP, Reg.PAD_LEFT, Reg.RD_ROW, Reg.OP0_ROW, Reg.OP1_ROW, Reg.WR_ROW)
        found = dict.fromkeys((*ones, *steps), 1) | dict.fromkeys(zeros, 0)
        return found | {Reg.COLS: columns, Reg.IN_W: self.wide, Reg.OUT_COLS: self.wide}

    def _units(self, chain: CellChain, slot: int, row: int, step: int = 0) -> Body:
        """Return the instructions of both MFUs; row: first row tile of the operands."""
        body: Body = []
        for unit, mfu in enumerate((chain.mfu0, chain.mfu1)):
            for op in mfu:
                if op.operand is None:
                    body.append((op.name, {"mfu": unit, **dict(zip("ab", op.halves, strict=False))}))
                else:
                    values = self._operand(op, unit, slot)
                    body.append((op.name, {"mfu": unit, "step": step, **values, "addr": values["addr"] + row}))
        return body


def write(targets: list[Target], **flags: int) -> Body:
    """Return the writes of a chain."""
    return [("v_wr", {"space": int(space), "addr": address, **flags}) for space, address in targets]
