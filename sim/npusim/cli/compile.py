"""`npusim compile`: ONNX to a program, and what runs where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npusim.cli import tables
from npusim.cli.console import note, out
from npusim.cli.load import (
    compile_model,
    config_option,
    debug_option,
    is_program,
    load_onnx,
    resolve_config,
    seed_option,
)

if TYPE_CHECKING:
    from npusim.program import Program

EPILOG = """\b
Examples:
  npusim compile model.onnx                          writes model.npu beside you and says what runs where
  npusim compile model.onnx -c tiny -o small.npu
  npusim compile model.onnx --npu-only               refuse a model any node of which needs the host
  npusim compile model.onnx --emit fuse              the graph after a pass
  npusim compile model.onnx --emit program           the instructions
\b
Stages of --emit: import, check, fold-constants, ... in the compiler's order, place, program; a wrong
one lists them all.
"""


class _Emitted(Exception):
    """The stage to show has been reached."""


@click.command("compile", epilog=EPILOG, short_help="Compile an ONNX model to a program.")
@click.argument("model", metavar="MODEL.onnx|NAME")
@config_option
@click.option("-o", "--output", metavar="FILE.npu", help="Program to write.  [default: MODEL.npu in this folder]")
@click.option("--emit", metavar="STAGE", help="Print what the compiler has after this stage, and stop there.")
@click.option("--npu-only", is_flag=True, help="Refuse a model any node of which needs the host.")
@seed_option
@debug_option
def compile_command(
    model: str, config: str | None, output: str | None, emit: str | None, npu_only: bool, seed: int
) -> None:
    """Compile an ONNX model for a machine, and print what runs on the NPU and what on the host, and why."""
    if is_program(model):
        raise click.UsageError(f"{model} is a program already, expected an ONNX model")
    if emit is not None:
        _check_stage(emit)
        if output is not None:
            raise click.UsageError("--emit prints a stage and writes no program: leave -o out")
    machine = resolve_config(config)
    proto, _, sha256 = load_onnx(model, seed)
    if emit is not None:
        _emit(proto, machine, emit, npu_only)
        return
    program = compile_model(proto, machine, sha256=sha256, npu_only=npu_only)
    path = output if output is not None else f"{Path(model).stem}.npu"
    program.save(path)
    for line in compile_lines(program):
        out(line)
    note(
        f"wrote {path}: {len(program.words):,} instructions, {len(program.dram) / 1e6:,.1f} MB of weights and constants"
    )


def _check_stage(stage: str) -> None:
    from npusim.compiler.front.frontend import STAGES

    stages = [*STAGES, "place", "program"]
    if stage not in stages:
        raise click.UsageError(f"--emit {stage!r}: no such stage, the stages are {', '.join(stages)}")


def _emit(proto: Any, machine: Any, stage: str, npu_only: bool) -> None:
    """Print one stage; later stages are not even run."""
    from npusim.compiler.front.frontend import dump

    def on_graph(name: str, made: Any) -> None:
        if name == stage:
            out(dump(made).rstrip("\n"))
            raise _Emitted

    def on_text(name: str, text: Callable[[], str]) -> None:
        if name == stage:
            out(text().rstrip("\n"))
            raise _Emitted

    try:
        compile_model(proto, machine, npu_only=npu_only, on_graph=on_graph, on_text=on_text)
    except _Emitted:
        return


def compile_lines(program: Program) -> list[str]:
    """Return what runs where, the tiles, and what of the machine's memories is used."""
    from npusim.isa import SPACE_NAMES, Space
    from npusim.report.account import tiling

    c = program.config
    lines = [f"{program.model} for {c.name}: {len(program.words):,} of {c.imem_words:,} instruction words", ""]
    lines += [*_coverage_lines(program), ""]
    t = tiling(program)
    body = [
        ["straightforward, convolutions", f"{t.plain_conv[0]:,}", f"{t.plain_conv[1]:,}"],
        ["straightforward, other layers", f"{t.plain_other[0]:,}", f"{t.plain_other[1]:,}"],
        ["this program", f"{t.weight_tiles:,}", f"{t.tile_multiplies:,}"],
    ]
    lines += [*tables.table(("tiling", "weight tiles", "tile-multiplies"), body, "<>>"), ""]
    used = program.metadata.get("vectors_used", {})
    rows = []
    for space in Space:
        if space.name.lower() in used:
            need, have = int(used[space.name.lower()]), c.depth(space)
            rows.append([SPACE_NAMES[space], f"{need:,}", f"{have:,}", tables.percent(need, have)])
    kinds: dict[str, int] = {}
    for region in program.regions:
        kinds[region.kind] = kinds.get(region.kind, 0) + region.size
    lines += tables.table(("memory", "vectors used", "held", "share"), rows, "<>>>")
    parts = ", ".join(f"{size / 1e6:,.2f} MB {kind}" for kind, size in kinds.items()) or "nothing"
    lines.append(f"DRAM: {program.dram_size / 1e6:,.2f} MB of {c.dram_bytes / 1e6:,.0f} MB: {parts}")
    spilled = program.metadata.get("spilled", [])
    if spilled:
        lines.append(f"feature maps in DRAM, processed in stripes: {', '.join(map(str, spilled))}")
    return lines


def _coverage_lines(program: Program) -> list[str]:
    """Return counts and shares, then every node on the host with its reason, and the folded ones."""
    total = sum(info.macs for info in program.coverage)
    lines = []
    for where, text in (("npu", "on the NPU"), ("host", "on the host"), ("folded", "folded away")):
        rows = [info for info in program.coverage if info.where == where]
        macs = sum(info.macs for info in rows)
        ops: dict[str, int] = {}
        for info in rows:
            ops[info.op] = ops.get(info.op, 0) + 1
        kinds = ", ".join(f"{count} {op}" for op, count in sorted(ops.items(), key=lambda item: -item[1]))
        share = f", {tables.percent(macs, total)} of {total / 1e6:,.1f} million MACs" if where != "folded" else ""
        lines.append(f"{text}: {len(rows)} of {len(program.coverage)} nodes{share}{': ' + kinds if kinds else ''}")
        if where == "folded":
            lines += [f"  {info.op} '{tables.shorten(info.name, 60)}': {info.layer}" for info in rows[:20]]
            if len(rows) > 20:
                lines.append(f"  and {len(rows) - 20} more")
        if where == "host":
            for step in program.host_steps:
                pairs = zip(step.nodes, step.reasons, strict=False)
                lines += [f"  {op} '{tables.shorten(name, 60)}': {reason}" for (name, op), reason in pairs]
    return lines
