"""`npusim verify`: run a program on the RTL and compare every bit and every cycle with the simulator."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npusim.cli.console import ColdStart, Progress, note
from npusim.cli.load import (
    Loaded,
    config_option,
    debug_option,
    default_inputs,
    finish,
    json_option,
    load_program,
    seed_option,
)
from npusim.cli.shell import ComparisonFailed

if TYPE_CHECKING:
    from npusim.rtl.cosim import Outcome

EPILOG = """\b
Examples:
  npusim verify model.onnx -c tiny                     bits and cycles, in Verilator
  npusim verify model.npu --simulator icarus           the same program in Icarus Verilog
  npusim verify model.npu --waves run.fst --trace t.json   with a waveform, and the RTL's timeline
  npusim verify --random 100 --seed 7 -c tiny          random programs, and what they cover
  npusim verify --table model.onnx -c tiny             cycles of every micro-benchmark, and of a model
"""
AROUND = 500  # cycles before and behind the difference that a replay's waveform should show


@click.command("verify", epilog=EPILOG, short_help="Run a program on the RTL and compare bits and cycles.")
@click.argument("models", nargs=-1, metavar="MODEL.onnx|FILE.npu|NAME")
@config_option
@click.option(
    "--simulator",
    type=click.Choice(["verilator", "icarus"]),
    default="verilator",
    show_default=True,
    help="Verilog simulator; `npusim doctor` says which are installed.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE|NAME=FILE",
    help=".npz with an array for each input, or .npy; repeat it for several.  [default: seeded noise]",
)
@seed_option
@click.option(
    "--gaps",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="N",
    help="Pause up to N cycles before each beat of the network queues; bits alone are then compared.",
)
@click.option("--waves", metavar="FILE.fst", help="Write a waveform.")
@click.option("--waves-window", metavar="FIRST:LAST", help="What the waveform shows, in cycles since reset.")
@click.option(
    "--random",
    "count",
    type=click.IntRange(1),
    metavar="COUNT",
    help="Verify random programs instead, the seeds from --seed on.  [default machine: tiny]",
)
@click.option(
    "--table",
    is_flag=True,
    help="Print the cycles of all micro-benchmarks, and of the models given (-c A,B: on several machines).",
)
@click.option("--trace", metavar="FILE", help="Write the RTL's timeline for ui.perfetto.dev.")
@json_option
@debug_option  # fmt: skip
def verify_command(
    models: tuple[str, ...], config: str | None, simulator: str, inputs: tuple[str, ...], seed: int, gaps: int,
    waves: str | None, waves_window: str | None, count: int | None, table: bool, trace: str | None,
    json_path: str | None,
) -> None:  # fmt: skip
    """Run one inference on the RTL, in a Verilog simulator, and compare with npusim: every output bit, a checksum of
    everything that each chain writes, the cycle in which it starts and the cycle in which it is complete.

    The first disagreement is explained: instruction, layer, vector, lane, values and cycles on both sides. Exit code 1
    where anything differs. See docs/rtl.md.
    """
    window = _window(waves_window, waves)
    _refuse(models, inputs, gaps, waves, count, table, trace)
    if count is not None:
        from npusim.cli.verify_many import verify_random

        verify_random(config, simulator, count, seed, gaps, waves, json_path)
        return
    if table:
        from npusim.cli.verify_many import verify_table

        verify_table(config, simulator, models, seed, json_path)
        return
    model = models[0]
    loaded = load_program(model, config, seed=seed)
    outcome, wall = _run(loaded, simulator, inputs, seed, gaps, waves, window)
    found = outcome.comparison
    cycles_matter = gaps == 0
    agrees = found.agrees if cycles_matter else found.same_bits
    lines = _lines(loaded, outcome, simulator, cycles_matter, wall)
    if not agrees:
        lines += ["", *outcome.lines]
        if waves is None:
            lines += ["", f"replay with a waveform: {_replay(model, config, simulator, inputs, seed, gaps, outcome)}"]
    files = []
    if trace is not None:
        from npusim.report.trace import trace_file

        files.append(trace_file(trace, loaded.program, outcome.timing()))
    finish(lines, files, json_path, _json(loaded, outcome, simulator, agrees, wall))
    if waves is not None:
        note(f"wrote {waves}")
    if not agrees:
        raise ComparisonFailed(f"{loaded.name}: the RTL and the simulator disagree")


def _refuse(
    models: tuple[str, ...], inputs: tuple[str, ...], gaps: int, waves: str | None, count: int | None, table: bool,
    trace: str | None,
) -> None:  # fmt: skip
    """Refuse options and arguments that do not go together."""
    many = "--random" if count is not None else "--table"
    if count is None and not table:
        if len(models) != 1:
            raise click.UsageError("expected one model, or --random, or --table")
        return
    if count is not None and table:
        raise click.UsageError("--random and --table do not go together")
    if count is not None and models:
        raise click.UsageError(f"--random makes its own programs, but {models[0]} is given")
    refused = {"--input": inputs, "--trace": trace, "--gaps": table and gaps, "--waves": waves and count != 1 and waves}
    for flag, given in refused.items():
        if given:
            one = " of more than one program" if flag == "--waves" else ""
            raise click.UsageError(f"{flag} is not for {many}{one}")


def _run(
    loaded: Loaded, simulator: str, files: tuple[str, ...], seed: int, gaps: int, waves: str | None,
    window: tuple[int, int] | None,
) -> tuple[Outcome, dict[str, float | None]]:  # fmt: skip
    from npusim.rtl.cosim import cosimulate, of_program
    from npusim.runtime import Session, check_inputs
    from npusim.tensors import read_inputs

    program = loaded.program
    tensors = read_inputs(files, program.inputs) if files else default_inputs(program, seed)
    begin = time.perf_counter()
    with ColdStart(), Progress("verifying") as progress:

        def show(what: str, done: int, total: int) -> None:
            progress.what = what
            progress.update(done, total)

        subject = of_program(Session(program), check_inputs(program.inputs, tensors))
        outcome = cosimulate(
            subject, simulator, seed=seed, gaps=gaps, waves=None if waves is None else Path(waves), window=window,
            say=note, progress=show,
        )  # fmt: skip
    return outcome, {**loaded.wall_s, "verify": time.perf_counter() - begin}


def _window(text: str | None, waves: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    if waves is None:
        raise click.UsageError("--waves-window is for --waves")
    first, _, last = text.partition(":")
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise click.UsageError(f"--waves-window is {text!r}, expected FIRST:LAST, two cycles")
    return int(first), int(last)


def _lines(
    loaded: Loaded, outcome: Outcome, simulator: str, cycles_matter: bool, wall: dict[str, float | None]
) -> list[str]:
    found, config = outcome.comparison, loaded.program.config
    sent = sum(len(bits) for bits in outcome.expected.sent.values())
    bits = "equal" if found.same_bits else "DIFFERENT"
    lines = [
        f"{loaded.name} on {config.name}, RTL in {simulator}, {found.chains} chains",
        f"bits:   {bits} ({sent} output vectors, checksums of {found.chains - len(found.values)} of {found.chains} "
        "chains' writes agree)",
    ]
    if cycles_matter:
        cycles = "equal" if not found.cycles and found.simulated == found.rtl else "DIFFERENT"
        lines.append(
            f"cycles: {cycles} ({found.rtl:,} on the RTL, {found.simulated:,} simulated, {found.error:.2%} apart; "
            f"{found.chains - len(found.cycles)} of {found.chains} chains start and complete in the same cycle)"
        )
    else:
        lines.append(f"cycles: {found.rtl:,} on the RTL, not compared: its network queues paused")
    seconds = wall.get("verify") or 0.0
    return [*lines, f"wall time {seconds:.1f} s"]


def _replay(
    model: str, config: str | None, simulator: str, inputs: tuple[str, ...], seed: int, gaps: int, outcome: Outcome
) -> str:
    found, spans = outcome.comparison, outcome.expected.timing.spans
    words = ["npusim", "verify", model]
    words += [] if config is None else ["-c", config]
    words += [] if simulator == "verilator" else ["--simulator", simulator]
    words += [word for path in inputs for word in ("--input", path)]
    words += [] if seed == 0 else ["--seed", str(seed)]
    words += [] if gaps == 0 else ["--gaps", str(gaps)]
    words += ["--waves", "waves.fst"]
    numbers = [*found.values, *found.cycles]
    if numbers and outcome.rtl.offset is not None:
        at = min(spans[number].start for number in numbers), min(spans[number].complete for number in numbers)
        first, last = max(0, at[0] - AROUND) + outcome.rtl.offset, at[1] + AROUND + outcome.rtl.offset
        words += ["--waves-window", f"{first}:{last}"]
    return shlex.join(words)


def _json(
    loaded: Loaded, outcome: Outcome, simulator: str, agrees: bool, wall: dict[str, float | None]
) -> dict[str, Any]:
    found = outcome.comparison
    return {
        "model": loaded.name,
        "config": loaded.program.config.name,
        "simulator": simulator,
        "agrees": agrees,
        "chains": found.chains,
        "cycles": {"simulated": found.simulated, "rtl": found.rtl, "error": found.error},
        "chains_with_other_bits": len(found.values),
        "chains_with_other_cycles": len(found.cycles),
        "registers": outcome.rtl.registers,
        "report": outcome.lines,
        "wall_s": wall,
    }
