"""What holds for every program file, said in one sentence where it does not.  Chains are checked by the verifier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from npusim import isa
from npusim.errors import ProgramError

if TYPE_CHECKING:
    from npusim.program import Port, Program

DTYPES = (
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
)
"""dtypes that a tensor between host and program may have."""

_LEGAL = np.zeros(64, np.bool_)
_BITS = np.zeros(64, np.uint64)
for _row in isa.TABLE:
    _LEGAL[_row.opcode] = True
    _BITS[_row.opcode] = sum(f.limit << f.lsb for f in _row.fields) | (_row.opcode << isa.OPCODE_LSB)


def check_words(words: npt.NDArray[np.uint64], where: str) -> None:
    """Refuse words that are no instructions: `ProgramError` naming the first one."""
    opcode = (words >> np.uint64(isa.OPCODE_LSB)).astype(np.int64)
    bad = ~_LEGAL[opcode] | ((words & ~_BITS[opcode]) != 0)
    if bad.any():
        at = int(np.argmax(bad))
        try:
            isa.decode(int(words[at]))
        except ValueError as error:
            raise ProgramError(f"{where}: word {at}: {error}") from None


def check(program: Program, where: str) -> None:
    """State what holds for every program file; `ProgramError` naming `where`.  Chains are checked by the verifier."""
    c = program.config
    if program.words.dtype != np.uint64 or program.dram.dtype != np.uint8 or program.dram.ndim != 1:
        raise ProgramError(
            f"{where}: words are {program.words.dtype}, dram is {program.dram.dtype}; uint64, uint8 expected"
        )
    if program.words.ndim != 1 or not 1 <= program.words.size <= c.imem_words:
        raise ProgramError(f"{where}: {program.words.size} instruction words, imem_words is {c.imem_words}")
    check_words(program.words, where)
    _check_nodes(program, where)
    if not program.dram.size <= program.dram_size <= c.dram_bytes:
        raise ProgramError(
            f"{where}: dram_size is {program.dram_size}, expected at least the image's "
            f"{program.dram.size} and at most {c.dram_bytes} bytes"
        )
    for region in program.regions:
        if region.address < 0 or region.size < 0 or region.address + region.size > program.dram_size:
            raise ProgramError(
                f"{where}: DRAM region {region.name!r:.60} is {region.address} + {region.size} bytes, "
                f"dram_size is {program.dram_size}"
            )
    for i, port in enumerate(program.io):
        _check_port(port, c.native_dim, f"{where}: port {i} ({port.tensor!r:.60})")
    for info in (*program.inputs, *program.outputs):
        _check_tensor(info.shape, info.dtype, f"{where}: tensor {info.name!r:.60}")
    for step in program.host_steps:
        if not 0 <= step.after <= len(program.io):
            raise ProgramError(
                f"{where}: host step {step.name!r:.60} runs after {step.after} ports, there are {len(program.io)}"
            )


def _check_nodes(program: Program, where: str) -> None:
    row = isa.BY_NAME["end_chain"]
    ends = program.words[(program.words >> np.uint64(isa.OPCODE_LSB)) == row.opcode]
    node = row.field("node")
    used = (ends >> np.uint64(node.lsb)) & np.uint64(node.limit)
    if program.nodes and used.size and int(used.max()) >= len(program.nodes):
        raise ProgramError(f"{where}: end_chain names node {int(used.max())}, there are {len(program.nodes)}")


def _check_tensor(shape: tuple[int, ...], dtype: str, where: str) -> None:
    if any(d < 0 for d in shape):
        raise ProgramError(f"{where}: shape {shape} has a negative extent")
    if dtype not in DTYPES:
        raise ProgramError(f"{where}: dtype {dtype!r:.60}, expected one of {', '.join(DTYPES)}")


def _check_port(port: Port, native_dim: int, where: str) -> None:
    _check_tensor(port.shape, port.dtype, where)
    if port.height < 1 or port.width < 1 or not port.segments or min(port.segments) < 1:
        raise ProgramError(
            f"{where}: a map of {port.height} x {port.width}, segments {port.segments}; all are at least 1"
        )
    if port.layout == "image" and len(port.segments) != 1:
        raise ProgramError(f"{where}: an image has {len(port.segments)} segments, expected 1")
    if port.vectors != port.vectors_on(native_dim):
        raise ProgramError(f"{where}: {port.vectors} vectors, its map has {port.vectors_on(native_dim)}")
    elements = port.height * port.width * port.channels
    if port.index is None:
        if math.prod(port.shape) != elements:
            raise ProgramError(f"{where}: shape {port.shape} does not fill its map of {elements} elements")
    elif port.index.size and not 0 <= int(port.index.min()) <= int(port.index.max()) < elements:
        raise ProgramError(
            f"{where}: index {int(port.index.min())}..{int(port.index.max())}, its map has elements 0..{elements - 1}"
        )
