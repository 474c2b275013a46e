"""The chain descriptor's bus from a decoded chain, and back to fields; the layout is read from rtl/npu_chain.vh.

bus = descriptor(chain, seq=0)         # chain: from npusim.chain.decode_stream
field(bus, "TILE"), field(bus, "WR_ADDR", 4), describe(bus)
"""

from __future__ import annotations

import ast
import operator
import re
from functools import lru_cache

from bench import RTL

from npusim.chain import Chain, ComputeChain, Mfu, VectorMove, WeightMove
from npusim.isa import Reg, Space

_DEFINE = re.compile(r"^`define[ ]+NPU_(\w+)(\(\w\))?[ ]+([^/\n]+?)[ ]*(?://.*)?$", re.M)
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_ADDRS = tuple(range(Space.EXPANDER, Space.MULTIPLY_VRF_1 + 1))
_ADDSUB = {"add": "AS_ADD", "a_sub_b": "AS_A_SUB_B", "b_sub_a": "AS_B_SUB_A", "max": "AS_MAX"}
_MAX_40 = (1 << 40) - 1
_MAX_32 = (1 << 32) - 1


@lru_cache(maxsize=1)
def layout() -> dict[str, tuple[str, str]]:
    """Every macro of the file: name without NPU_ -> (argument or "", text)."""
    text = (RTL / "npu_chain.vh").read_text()
    return {name: (arg.strip("()"), value) for name, arg, value in _DEFINE.findall(text) if value}


def constant(name: str) -> int:
    """Value of a constant such as D_W or AS_MAX."""
    return _value(layout()[name][1].split("'d")[-1])


def place(name: str, index: int = 0) -> tuple[int, int]:
    """Offset and width of a field; `index` is the argument of D_REG and D_WR_ADDR."""
    arg, text = layout()[f"D_{name}"]
    if arg:
        text = re.sub(rf"\b{arg}\b", str(index), text)
    offset, _, width = text.partition("+:")
    return _value(offset), _value(width) if width else 1


def field(bus: int, name: str, index: int = 0) -> int:
    """The value of a field in a bus."""
    offset, width = place(name, index)
    return bus >> offset & ((1 << width) - 1)


def build(values: dict[str, int], indexed: dict[tuple[str, int], int] | None = None) -> int:
    """A bus with these fields set; a value that does not fit its field is an error of the test."""
    bus = 0
    for (name, index), value in ({(name, 0): value for name, value in values.items()} | (indexed or {})).items():
        offset, width = place(name, index)
        assert 0 <= value < 1 << width, f"{name} is {value}, which does not fit {width} bits"
        bus |= value << offset
    return bus


def descriptor(chain: Chain, seq: int | None = None) -> int:
    """The bus that dispatch makes of a chain; seq is its number in the run (default: its place in the program)."""
    regs = chain.regs
    indexed = {("REG", int(reg)): getattr(regs, reg.name.lower()) for reg in Reg}
    expander = isinstance(chain, ComputeChain) and chain.source.space == Space.EXPANDER
    values = {
        "GIVE": chain.give,
        "WAIT": chain.wait,
        "WORD": chain.end,
        "SEQ": chain.index if seq is None else seq,
        "POSITIONS": min(regs.rows * regs.cols, _MAX_32),
        "WINDOW": regs.kc if expander else min(regs.kh * regs.kw * regs.kc, _MAX_32),
        "STEP_Y": min(regs.stride_h * regs.rd_row, _MAX_40),
        "STEP_X": min(regs.stride_w * regs.rd_col, _MAX_40),
        "TAP_Y": min(regs.dilation_h * regs.rd_row, _MAX_40),
        "TAP_X": min(regs.dilation_w * regs.rd_col, _MAX_40),
        "PAD_Y": min(regs.pad_top * regs.rd_row, _MAX_40),
        "PAD_X": min(regs.pad_left * regs.rd_col, _MAX_40),
    }
    if isinstance(chain, WeightMove):
        return build({**values, "SPACE": int(Space.DRAM), "ADDR": chain.addr, "TILE": chain.tile}, indexed)
    values |= {"SPACE": int(chain.source.space), "ADDR": chain.source.addr, "LOW": int(chain.source.low)}
    for target in chain.targets:
        values["WR"] = values.get("WR", 0) | 1 << target.space
        if target.space == Space.DRAM:
            values["WR_DRAM"] = target.addr
        elif target.space in _ADDRS:
            indexed["WR_ADDR", int(target.space)] = target.addr
    if isinstance(chain, VectorMove):
        return build(values, indexed)
    if chain.matmul is not None:
        values |= {"MM": 1, "TILE": chain.matmul.tile, "ACC": int(chain.matmul.acc), "HOLD": int(chain.matmul.hold)}
    values |= _mfu("M0", chain.mfu0) | _mfu("M1", chain.mfu1)
    values["RED"] = 0 if chain.reduce is None else constant(f"RED_{chain.reduce.upper()}")
    return build(values, indexed)


def describe(bus: int) -> dict[str, int]:
    """The fields of a bus that are not zero, for messages."""
    names = [(name[2:], arg) for name, (arg, _) in layout().items() if name.startswith("D_") and name != "D_W"]
    found = {name: field(bus, name) for name, arg in names if not arg}
    found |= {reg.name: field(bus, "REG", reg) for reg in Reg}
    found |= {f"WR_ADDR({space})": field(bus, "WR_ADDR", space) for space in _ADDRS}
    return {name: value for name, value in found.items() if value}


def _mfu(unit: str, mfu: Mfu) -> dict[str, int]:
    values: dict[str, int] = {}
    if mfu.mul is not None:
        values |= {"MUL": 1, "MSTEP": int(mfu.mul.step), "MADDR": mfu.mul.addr}
    if mfu.addsub is not None:
        operand = mfu.addsub.operand
        values |= {"AS": constant(_ADDSUB[mfu.addsub.op]), "ASTEP": int(operand.step), "AADDR": operand.addr}
    if mfu.act is not None:
        values |= {"ACT": constant(f"ACT_{mfu.act.op.upper()}"), "A": mfu.act.a, "B": mfu.act.b}
    return {f"{unit}_{name}": value for name, value in values.items()}


def _value(text: str) -> int:
    def walk(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        assert isinstance(node, ast.BinOp), f"{text}: not a constant expression"
        return int(_OPERATORS[type(node.op)](walk(node.left), walk(node.right)))

    return walk(ast.parse(text.strip(), mode="eval").body)
