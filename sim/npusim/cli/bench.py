"""`npusim bench`: one inference's latency, layer by layer, and what it is to be compared with."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import click

from npusim.cli import tables
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
    threads_option,
)

if TYPE_CHECKING:
    from npusim.report.account import Report
    from npusim.report.reference import Reference
    from npusim.runtime import Session, Tensors

EPILOG = """\b
Examples:
  npusim bench resnet50
  npusim bench model.onnx -c machine.toml --json report.json
  npusim bench model.npu --model model.onnx --runs 20
  npusim bench resnet50 --runs 0              time alone: nothing is measured on this computer
  npusim bench mlp --warm                     weights in MatrixRf already, as behind an earlier inference
  npusim bench --all                          every network in one table; minutes
"""
CLOCKS = 5  # times that the clock is run; the median counts


@click.command("bench", epilog=EPILOG, short_help="Print one inference's latency, layer by layer.")
@click.argument("model", metavar="MODEL.onnx|FILE.npu|NAME", required=False)
@config_option
@json_option
@threads_option
@seed_option
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every network of the service, an LSTM and a GRU, built, checked and measured one after the other: minutes, "
    "and up to 4 GB of memory.",
)
@click.option("--markdown", is_flag=True, help="Print the table of --all in Markdown.")
@click.option("--runs", type=click.IntRange(0, 10_000), default=5, metavar="N",
              help="Runs of each measurement here; the median counts. 0 for none.  [default: 5]")  # fmt: skip
@click.option("--model", "onnx_path", metavar="MODEL.onnx", help="The model of a .npu program, for the comparison.")
@click.option(
    "--warm", is_flag=True, help="Weights are in MatrixRf when the run begins; refused where they do not stay."
)
@debug_option
def bench_command(
    model: str | None,
    config: str | None,
    json_path: str | None,
    threads: int,
    seed: int,
    every: bool,
    markdown: bool,
    runs: int,
    onnx_path: str | None,
    warm: bool,
) -> None:
    """Simulate one inference at batch size one and print its latency, layer by layer.

    Shows what bounds each layer, where every cycle of the run went, how far the latency is from the best possible, and
    the same network in ONNX Runtime on this computer. How to read it: docs/read-the-report.md.
    """
    if every:
        others = {f"MODEL {model}": model, "--model": onnx_path, "--warm": warm, "--threads": threads > 1}
        for flag, given in (others | {"--runs 0": not runs}).items():
            if given:
                raise click.UsageError(f"{flag} does not go with --all")
        from npusim.cli.bench_all import bench_all

        bench_all(config, seed, runs, json_path, markdown)
        return
    if model is None:
        raise click.UsageError("Missing argument 'MODEL.onnx|FILE.npu|NAME', or --all")
    if markdown:
        raise click.UsageError("--markdown is for --all")
    loaded = load_program(model, config, seed=seed, model=onnx_path)
    report = measure(loaded, threads, seed, runs, warm)
    finish(bench_lines(report), [], json_path, report.to_json())


def measure(loaded: Loaded, threads: int, seed: int, runs: int, warm: bool = False) -> Report:
    """Return the report of a program with everything that `runs` runs on this computer tell.

    warm: its weights are in MatrixRf when the run begins; `InputError` where they do not stay there.
    """
    from npusim.report.account import build_report
    from npusim.report.crossings import run_clock
    from npusim.report.reference import published
    from npusim.report.warm import resident_moves
    from npusim.runtime import Session

    begin = time.perf_counter()
    session = Session(loaded.program, threads=threads)
    verify_s = time.perf_counter() - begin
    pinned = resident_moves(loaded.program, session.decoded) if warm else frozenset()
    clocks = []
    for _ in range(CLOCKS):
        begin = time.perf_counter()
        timing = run_clock(loaded.program, session.decoded, pinned)
        clocks.append(time.perf_counter() - begin)
    clock_s = statistics.median(clocks)
    report = build_report(loaded.program, timing, warm=warm)
    report.wall_s = {**loaded.wall_s, "verify": verify_s, "simulate": None, "simulate_time": clock_s}
    if runs:
        _measure(report, loaded, session, clock_s, seed, runs)
    else:
        report.wall_s["simulate"] = clock_s
    report.compared += published(loaded.program.model)
    return report


def _measure(report: Report, loaded: Loaded, session: Session, clock_s: float, seed: int, runs: int) -> None:
    """Add measured host steps, ONNX Runtime's latency and the simulation's own wall time.

    Runs of the simulation and of ONNX Runtime with one thread take turns, so that both see the same computer, and their
    ratio is the median of the pairs' ratios; the simulation's time is that of its values and of its clock.
    """
    from npusim.report.account import Compared, HostRow
    from npusim.report.reference import Reference, cores

    inputs = default_inputs(loaded.program, seed)
    walls: list[float] = []
    times: dict[int, list[float]] = {}
    host: dict[str, list[float]] = {}
    counts = [] if loaded.source is None else sorted({1, cores()})
    if not counts:
        note("no comparison with ONNX Runtime: a program file does not hold the model; name it with --model MODEL.onnx")
    with ColdStart(), Progress("warming up"):
        single = Reference(loaded.source, 1) if counts else None
        session.run(inputs)
        if single is not None:
            single.run(inputs)
    with Progress("measuring") as progress:
        for number in range(runs):
            progress.update(number + 1, runs, "runs")
            begin = time.perf_counter()
            result = session.run(inputs)
            walls.append(time.perf_counter() - begin)
            for name, seconds in result.host_s.items():
                host.setdefault(name, []).append(seconds)
            if single is not None:
                times.setdefault(1, []).append(_seconds(single, inputs))
    single = None  # gives its copy of the weights back before the next one takes its own
    for count in counts[1:]:  # by itself: its idle threads spin for a while
        with Progress(f"measuring ONNX Runtime with {_threads(count)}"):
            several = Reference(loaded.source, count)
            several.run(inputs)
            times[count] = [_seconds(several, inputs) for _ in range(runs)]
    wall = statistics.median(walls) + clock_s
    report.wall_s["simulate"] = wall
    if counts and session.threads == 1:
        pairs = zip(walls, times[1], strict=True)
        report.over_onnxruntime = statistics.median((ours + clock_s) / theirs for ours, theirs in pairs)
    report.host = tuple(
        HostRow(r.name, r.nodes, r.reasons, r.macs, statistics.median(host.get(r.name, [0.0]))) for r in report.host
    )
    how = f"here, median of {runs}"
    for count in counts:
        report.compared.append(
            Compared(f"ONNX Runtime float32, {_threads(count)}", 1e3 * statistics.median(times[count]), how)
        )
    report.compared.append(Compared(f"bit-exact simulation, {_threads(session.threads)}", 1e3 * wall, how))


def _seconds(reference: Reference, inputs: Tensors) -> float:
    begin = time.perf_counter()
    reference.run(inputs)
    return time.perf_counter() - begin


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def bench_lines(report: Report) -> list[str]:
    """Return every table."""
    state = ", weights in MatrixRf before the run" if report.warm else ""
    lines = [f"{report.model} on {report.config}, {report.clock_mhz} MHz, batch size one{state}"]
    blocks = [
        tables.layer_lines(report),
        tables.budget_lines(report),
        tables.bound_lines(report),
        tables.tiling_lines(report),
        tables.host_lines(report),
        tables.compared_lines(report),
        [*simulation_lines(report), tables.wall_line(report)],
    ]
    for block in blocks:
        lines += ["", *block] if block else []
    return lines


def simulation_lines(report: Report) -> list[str]:
    """Return the ratio of the simulation's wall time to ONNX Runtime's, one thread each."""
    if report.over_onnxruntime is None:
        return []
    ratio = f"{report.over_onnxruntime:.2f} x the time of ONNX Runtime float32"
    return [f"the bit-exact simulation takes {ratio}, one thread each, median of pairs"]
