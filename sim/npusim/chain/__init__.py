"""Chains: a program's words decoded, checked and measured, for every model of the machine."""

from npusim.chain.chains import Chain, ComputeChain, Decoded, VectorMove, WeightMove
from npusim.chain.check import MAX_ELEMENTS
from npusim.chain.decode import decode_stream
from npusim.chain.forms import Act, ActOp, AddSub, AddSubOp, Matmul, Mfu, Operand, ReduceOp, Registers, Source, Write
from npusim.chain.reduce import reduce_windows, windows_per_run
from npusim.chain.regions import Memory, Region, slot_tiles

__all__ = [
    "MAX_ELEMENTS",
    "Act",
    "ActOp",
    "AddSub",
    "AddSubOp",
    "Chain",
    "ComputeChain",
    "Decoded",
    "Matmul",
    "Memory",
    "Mfu",
    "Operand",
    "ReduceOp",
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
