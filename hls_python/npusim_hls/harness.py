"""The module around kernels under test: operands packed into one vector per kernel, results into another."""

from __future__ import annotations

from collections.abc import Sequence

from npusim_hls.emit import Port, ports
from npusim_hls.kernel import Instance


def pack(leaves: Sequence[int], fields: Sequence[tuple[int, bool]]) -> int:
    """Leaves in two's complement, the first in the low bits."""
    word, offset = 0, 0
    for leaf, (width, _) in zip(leaves, fields, strict=True):
        word |= (leaf & ((1 << width) - 1)) << offset
        offset += width
    return word


def unpack(word: int, fields: Sequence[tuple[int, bool]]) -> list[int]:
    """Inverse of pack."""
    leaves = []
    for width, is_signed in fields:
        leaf = word & ((1 << width) - 1)
        leaves.append(leaf - (leaf >> (width - 1) << width) if is_signed else leaf)
        word >>= width
    return leaves


def fields_of(found: list[Port]) -> list[tuple[int, bool]]:
    return [field for port in found for field in port.fields]


def harness(work: Sequence[tuple[Instance, int]]) -> str:
    """A module `harness` with one pipeline per kernel and a player of that many operand sets for each.

    While play is 1 the operands come from memory_<k>.hex instead of s_data_<k>, and results go to played_<k>.hex.
    """
    heads, bodies = [f"input wire {name} {PUBLIC}" for name in ("clk", "rst", "ce", "play")], []
    for k, (instance, count) in enumerate(work):
        inputs, outputs = ports({**instance.inputs}), ports({**instance.outputs})
        wide_in, wide_out = sum(p.width for p in inputs), sum(p.width for p in outputs)
        heads += [f"input wire s_valid_{k} {PUBLIC}", f"input wire [{wide_in - 1}:0] s_data_{k} {PUBLIC}"]
        heads += [f"output wire m_valid_{k} {PUBLIC}", f"output wire [{wide_out - 1}:0] m_data_{k} {PUBLIC}"]
        links = [".clk(clk)", ".rst(rst)", ".ce(ce)", f".s_valid(valid_{k})", f".m_valid(m_valid_{k})"]
        for bus, group in ((f"data_{k}", inputs), (f"m_data_{k}", outputs)):
            offset = 0
            for port in group:
                links.append(f".{port.name}({bus}[{offset + port.width - 1}:{offset}])")
                offset += port.width
        bodies.append(PLAYER.format(k=k, depth=max(count, 1), last=count, top=wide_in - 1))
        bodies.append(f"    {instance.name} pipeline_{k} ({', '.join(links)});")
    ports_text = ",\n    ".join(heads)
    return f"module harness (\n    {ports_text}\n);\n{COUNTER}" + "\n".join(bodies) + "\nendmodule\n"


PUBLIC = "/*verilator public_flat_rw*/"  # cocotb sees these; the kernels stay free to be optimised
COUNTER = """    integer beat = 0;
    reg was_playing = 1'b0;
    always @(posedge clk) was_playing <= play;
    always @(posedge clk) if (play && ce) beat <= beat + 1;
"""
PLAYER = """    reg [{top}:0] memory_{k} [0:{depth}-1];
    integer file_{k};
    initial $readmemh("memory_{k}.hex", memory_{k});
    initial file_{k} = $fopen("played_{k}.hex", "w");
    wire playing_{k} = play && beat < {last};
    wire valid_{k} = play ? playing_{k} : s_valid_{k};
    wire [{top}:0] data_{k} = playing_{k} ? memory_{k}[beat] : s_data_{k};
    always @(posedge clk) if (play && ce && m_valid_{k}) $fdisplay(file_{k}, "%h", m_data_{k});
    always @(posedge clk) if (was_playing && !play) $fclose(file_{k});"""
