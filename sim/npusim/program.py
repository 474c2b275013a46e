"""A compiled program: instructions, DRAM image, ports, host steps, layer table and the machine it was compiled for.

`Program.save` and `Program.load` keep it in a `.npu` file, a versioned and checksummed container
(`docs/program-file.md`).  The classes below are the file's schema: their fields are the header's keys.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from npusim import container, isa
from npusim.atomic import write_atomic
from npusim.compiler.ir import NodeInfo, TensorInfo
from npusim.config import NpuConfig
from npusim.container import U8
from npusim.errors import ProgramError
from npusim.program_check import check
from npusim.record import from_json, to_json
from npusim.segments import vectors_of

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Port:
    """One tensor that passes NetInQ or NetOutQ.

    layout "vectors": a feature map in canonical order, `segments` as in `FeatureMap`.  layout "image": raw rows for
    the Expander, ceil(width * channels / N) vectors a row; `segments` is then (channels,).
    index: int64[shape], for each ONNX element its flat (h * width + w) * channels + c position in the map; None for
    (1, C, H, W), or (1, C) of a 1 x 1 map.
    """

    direction: Literal["in", "out"]
    tensor: str
    shape: tuple[int, ...]  # of the ONNX tensor
    dtype: str  # of the ONNX tensor; on the queue all elements are float16
    layout: Literal["vectors", "image"]
    height: int
    width: int
    segments: tuple[int, ...]
    vectors: int
    index: I64 | None = None

    @property
    def channels(self) -> int:
        """Channels of a pixel, all segments together."""
        return sum(self.segments)

    def vectors_on(self, native_dim: int) -> int:
        """Native vectors that the layout takes."""
        if self.layout == "image":
            return self.height * -(-self.width * self.channels // native_dim)
        return self.height * self.width * vectors_of(self.segments, native_dim)


@dataclass(frozen=True, slots=True)
class HostCall:
    """ONNX nodes that ONNX Runtime executes, as soon as the first `after` ports have passed and its inputs are there.

    model: a serialised ONNX model of exactly these nodes; inputs and outputs are ONNX tensor names.
    """

    name: str
    model: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[tuple[str, str], ...]  # (node name, op type)
    macs: int
    reasons: tuple[str, ...]  # why the NPU does not run each of the nodes
    after: int


@dataclass(frozen=True, slots=True)
class NodeRow:
    """What `end_chain.node` refers to: a layer, and the work it means."""

    layer: str
    op: str
    nodes: tuple[str, ...]  # ONNX nodes whose work it does, the main one first
    shape: tuple[int, ...]  # of its output
    macs: int  # useful multiply-accumulates
    tile_multiplies: int
    weight_tiles: int
    plain_tile_multiplies: int  # what the straightforward tiling would need
    plain_weight_tiles: int


@dataclass(frozen=True, slots=True)
class Region:
    """A named part of DRAM, in bytes."""

    name: str
    address: int
    size: int
    kind: Literal["tiles", "constants", "scratch"]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Everything that is needed to run a model on the machine it was compiled for.  Treat the arrays as read-only."""

    model: str
    config: NpuConfig
    words: U64
    dram: U8  # weight tiles and constants, from DRAM address 0 on
    dram_size: int  # bytes in use: `dram` and the scratch space behind it
    io: tuple[Port, ...]  # those of either direction in the order in which they pass its queue
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    host_steps: tuple[HostCall, ...] = ()
    nodes: tuple[NodeRow, ...] = ()
    coverage: tuple[NodeInfo, ...] = ()
    regions: tuple[Region, ...] = ()
    compiler: str = ""  # version that wrote it
    source_sha256: str = ""  # of the ONNX file
    metadata: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a `.npu` file, completely or not at all; `ProgramError` if that fails."""
        check(self, os.fspath(path))
        write_atomic(path, container.pack(*self.to_parts()), "the program", ProgramError)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Program:
        """Read a `.npu` file; `ProgramError` in one sentence if it is damaged, too new or no program."""
        header, sections = container.read(path)
        header.setdefault("fingerprint", None)
        return cls.from_parts(header, sections, os.fspath(path))

    def to_bytes(self) -> bytes:
        """Return the file's bytes: the same program gives the same bytes."""
        return b"".join(container.pack(*self.to_parts()))

    def to_parts(self) -> tuple[dict[str, Any], dict[str, U8]]:
        """Return header fields and sections."""
        sections: dict[str, U8] = {}
        header = {f.name: to_json(getattr(self, f.name), f.name, sections) for f in fields(self)}
        return {**header, "fingerprint": self.config.fingerprint, "isa": isa.ISA_VERSION}, sections

    @classmethod
    def from_parts(cls, header: dict[str, Any], sections: dict[str, U8], where: str) -> Program:
        """Build from header fields and sections, checking everything; `ProgramError` naming `where`.

        The fingerprint is checked if it is there: a listing has none, so that its configuration can be edited.
        """
        header, sections = dict(header), dict(sections)
        version, fingerprint = header.pop("isa", None), header.pop("fingerprint", "")
        if version != isa.ISA_VERSION:
            raise ProgramError(f"{where}: instruction set {version!r:.60}, expected {isa.ISA_VERSION}")
        program: Program = from_json(cls, header, f"{where}: header", sections)
        if sections:
            raise ProgramError(f"{where}: section {next(iter(sections))!r} belongs to nothing")
        if fingerprint not in ("", program.config.fingerprint):
            raise ProgramError(
                f"{where}: the configuration's fingerprint is {program.config.fingerprint[:12]}..., "
                f"stated {fingerprint!r:.14}..."
            )
        io = tuple(_shaped(port, f"{where}: port {i}") for i, port in enumerate(program.io))
        program = replace(program, io=io)
        check(program, where)
        return program

    def check_config(self, other: NpuConfig, where: str = "program") -> None:
        """Refuse to run on another machine: `ProgramError` naming the first parameters that differ."""
        mine, got = self.config.to_dict(), other.to_dict()
        differ = [f"{key} is {got[key]!r}, compiled for {mine[key]!r}" for key in mine if mine[key] != got[key]]
        if differ:
            more = f"; and {len(differ) - 3} more" if len(differ) > 3 else ""
            raise ProgramError(f"{where}: compiled for another configuration: {'; '.join(differ[:3])}{more}")


def _shaped(port: Port, where: str) -> Port:
    if port.index is None:
        return port
    if any(d < 0 for d in port.shape) or math.prod(port.shape) != port.index.size:
        raise ProgramError(f"{where} ({port.tensor}): {port.index.size} index elements, its shape is {port.shape}")
    return replace(port, index=port.index.reshape(port.shape))
