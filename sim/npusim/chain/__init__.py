"""Chains: a program's words decoded, checked and measured, for every model of the machine."""

from npusim.chain.check import MAX_ELEMENTS
from npusim.chain.decode import decode_stream
from npusim.chain.forms import (
    Act,
    AddSub,
    Chain,
    ComputeChain,
    Decoded,
    Matmul,
    Memory,
    Mfu,
    Operand,
    Region,
    Registers,
    Source,
    VectorMove,
    WeightMove,
    Write,
    slot_tiles,
)
from npusim.chain.reduce import reduce_windows, windows_per_run

__all__ = [
    "MAX_ELEMENTS",
    "Act",
    "AddSub",
    "Chain",
    "ComputeChain",
    "Decoded",
    "Matmul",
    "Memory",
    "Mfu",
    "Operand",
    "Region",
    "Registers",
    "Source",
    "VectorMove",
    "WeightMove",
    "Write",
    "decode_stream",
    "reduce_windows",
    "slot_tiles",
    "windows_per_run",
]
