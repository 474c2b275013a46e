"""`npusim run`: simulate one inference, compare it, keep its outputs, report and timeline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

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
from npusim.cli.pictures import Pictures, is_picture
from npusim.cli.shell import ComparisonFailed

if TYPE_CHECKING:
    from npusim.atomic import NewFile
    from npusim.compiler.ir import TensorInfo
    from npusim.runtime import RunResult, Session, Tensors

EPILOG = """\b
Examples:
  npusim run model.onnx --check                         compare with ONNX Runtime in float32
  npusim run model.npu --input picture.npy --output scores.npz
  npusim run resnet50.onnx --input cat.jpg --top 5 --labels imagenet.txt
  npusim run ssd_vgg.onnx --input street.jpg --draw boxes.png
  npusim run model.onnx --input a=a.npy --input b=b.npy two inputs by name
  npusim run mlp --golden                               bit for bit against the golden model
  npusim run model.npu --no-values --trace trace.json   time alone, and a timeline for ui.perfetto.dev
"""


@click.command("run", epilog=EPILOG, short_help="Simulate one inference: values, time, checks.")
@click.argument("model", metavar="MODEL.onnx|FILE.npu|NAME")
@config_option
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE|NAME=FILE",
    help=".npz with an array for each input, .npy, .jpg or .png; repeat it for several.  [default: seeded noise]",
)
@click.option("--output", metavar="FILE.npz", help="Write the outputs, one array each.")
@click.option(
    "--prepare",
    type=click.Choice(["vgg", "densenet", "ssd", "torch", "caffe"]),
    help="How a picture becomes an input, see docs/run-a-model.md.  [default: what the network expects]",
)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Print the N best classes.")
@click.option("--labels", metavar="FILE.txt", help="Names of the classes, one a line.")
@click.option("--draw", metavar="FILE.png", help="Write the picture with the boxes that a detector found.")
@click.option(
    "--score", type=click.FloatRange(0, 1), default=0.5, help="Least probability of a detection.  [default: 0.5]"
)
@click.option(
    "--iou", type=click.FloatRange(0, 1), default=0.45, help="Overlap above which boxes are one.  [default: 0.45]"
)
@click.option("--check", is_flag=True, help="Compare with ONNX Runtime in float32, layer by layer.")
@click.option(
    "--min-sqnr", type=float, metavar="DB", help="Let --check fail below this.  [default: from mantissa bits and depth]"
)
@click.option("--golden", is_flag=True, help="Compare bit for bit with the golden model (slow: plain Python).")
@json_option
@click.option("--trace", metavar="FILE", help="Write a timeline for ui.perfetto.dev.")
@click.option("--no-values", is_flag=True, help="Simulate time alone.")
@seed_option
@threads_option
@click.option("--npu-only", is_flag=True, help="Refuse a model any node of which needs the host.")
@click.option("--model", "onnx_path", metavar="MODEL.onnx", help="The model of a .npu program, for --check.")
@debug_option  # fmt: skip
def run_command(
    model: str, config: str | None, inputs: tuple[str, ...], output: str | None, prepare: str | None, top: int | None,
    labels: str | None, draw: str | None, score: float, iou: float, check: bool, min_sqnr: float | None,
    golden: bool, json_path: str | None, trace: str | None, no_values: bool, seed: int, threads: int, npu_only: bool,
    onnx_path: str | None,
) -> None:  # fmt: skip
    """Simulate one inference: outputs, bit for bit as the machine computes them, and its time, cycle by cycle.

    Without --input a seeded random input is used. See docs/run-a-model.md.
    """
    from npusim.cli.load import is_program

    valued = {"--check": check, "--golden": golden, "--output": output, "--input": inputs, "--top": top}
    valued |= {"--labels": labels, "--draw": draw}
    for flag, given in valued.items():
        if no_values and given:
            raise click.UsageError(f"{flag} needs values: leave --no-values out")
    pictures = Pictures(prepare, labels, top or 0, draw, score, iou)
    pictures.check_usage(inputs)
    if min_sqnr is not None and not check:
        raise click.UsageError("--min-sqnr is for --check")
    if check and is_program(model) and onnx_path is None:
        raise click.UsageError(
            f"--check compares with the ONNX model, which {model} does not hold: add --model MODEL.onnx"
        )
    pictures.open(inputs)
    tensors: Tensors = {}

    def interface(name: str, wanted: tuple[TensorInfo, ...], given: tuple[TensorInfo, ...]) -> None:
        if not no_values:
            pictures.check_outputs(name, given)
            tensors.update(_inputs(name, wanted, inputs, pictures) if inputs else {})

    loaded = load_program(model, config, seed=seed, npu_only=npu_only, model=onnx_path, on_interface=interface)
    failures = _run(
        loaded, tensors, pictures, output, check, min_sqnr, golden, json_path, trace, not no_values, seed, threads
    )
    if failures:
        raise ComparisonFailed("; ".join(failures))


def _run(
    loaded: Loaded, tensors: Tensors, pictures: Pictures, output: str | None, check: bool,
    min_sqnr: float | None, golden: bool, json_path: str | None, trace: str | None, values: bool, seed: int,
    threads: int,
) -> list[str]:  # fmt: skip
    """Do everything; returns what the comparisons found, files written and results printed.

    tensors: inputs by name, none for seeded ones.
    """
    from npusim.report.account import build_report
    from npusim.report.crossings import run_clock
    from npusim.runtime import Session, check_inputs
    from npusim.tensors import outputs_file

    program = loaded.program
    if values:
        tensors = tensors or check_inputs(program.inputs, default_inputs(program, seed))
    session = Session(program, threads=threads)
    begin = time.perf_counter()
    timing = run_clock(program, session.decoded)
    result = _simulate(session, tensors, capture=check or golden) if values else None
    loaded.wall_s["simulate"] = time.perf_counter() - begin
    report = build_report(program, timing, None if result is None else result.host_s)
    report.wall_s = dict(loaded.wall_s)
    lines: list[str] = []
    failures: list[str] = []
    files_out: list[NewFile] = []
    if result is not None:
        report.overflow = result.overflow
        meaning, files_out = pictures.results(result.outputs)
        lines += ["", *pictures.lines, *(meaning or _output_lines(result))]
        if result.overflow:
            lines.append("overflow: a value went beyond float16 and was saturated to 65504")
        if check:
            failures += _check(loaded, tensors, result, report, min_sqnr, lines)
        if golden:
            failures += _golden(session, tensors, result, report, lines)
    if output is not None and result is not None:
        files_out.append(outputs_file(output, result.outputs))
    if trace is not None:
        from npusim.report.trace import trace_file

        files_out.append(trace_file(trace, program, timing))
    finish([*_summary(report), *lines], files_out, json_path, report.to_json())
    return failures


def _inputs(network: str, wanted: tuple[TensorInfo, ...], files: tuple[str, ...], pictures: Pictures) -> Tensors:
    """Return the arrays of the input files, pictures among them, checked."""
    from npusim.runtime import check_inputs
    from npusim.tensors import read_inputs

    def picture(path: str, info: TensorInfo) -> Any:
        return pictures.read(path, info, network) if is_picture(path) else None

    return check_inputs(wanted, read_inputs(files, wanted, picture))


def _simulate(session: Session, inputs: Tensors, capture: bool) -> RunResult:
    """Run the fast engine, with progress by chains."""
    count = len(session.decoded.chains)
    with ColdStart(), Progress("simulating") as progress:
        return session.run(inputs, capture=capture, progress=lambda n: progress.update(n + 1, count, "chains"))


def _summary(report: Any) -> list[str]:
    return [
        f"{report.model} on {report.config}, {report.clock_mhz} MHz: {report.cycles:,} cycles, "
        f"{percent_use(report)} of the peak rate",
        *tables.bound_lines(report),
        *tables.host_lines(report),
        tables.wall_line(report),
    ]


def percent_use(report: Any) -> str:
    """Return the utilisation as text."""
    return tables.percent(report.utilisation, 1)


def _output_lines(result: RunResult) -> list[str]:
    """Return name, shape, range and the largest elements of every output."""
    import numpy as np

    lines = []
    for name, array in result.outputs.items():
        shape = "x".join(map(str, array.shape)) or "scalar"
        text = f"output {name}: {array.dtype} {shape}"
        if array.size and array.dtype.kind in "fiu":
            text += f", {array.min():.6g} to {array.max():.6g}"
        lines.append(text)
        if array.dtype.kind == "f" and 5 < array.size == array.shape[-1]:
            flat = array.reshape(-1)
            best = np.argsort(-flat, kind="stable")[:5]
            lines.append("  largest: " + ", ".join(f"[{at}] {flat[at]:.5g}" for at in best))
    return lines


def _check(
    loaded: Loaded, inputs: Tensors, result: RunResult, report: Any, min_sqnr: float | None, lines: list[str]
) -> list[str]:
    """Compare with ONNX Runtime; returns what is below the threshold."""
    from npusim.report.accuracy import compare

    with Progress("running ONNX Runtime for the comparison"):
        found = compare(loaded.program, loaded.source, inputs, result, min_sqnr)
    report.check = found.to_json()
    lines += ["", *found.lines()]
    return found.failures()


def _golden(session: Session, inputs: Tensors, result: RunResult, report: Any, lines: list[str]) -> list[str]:
    """Compare with the golden model; returns the first difference."""
    from npusim.report.accuracy import compare_golden

    chains = session.decoded.chains
    note(f"running the golden model, plain Python: {golden_estimate(session)}")
    with Progress("running the golden model") as progress:
        begin = time.perf_counter()
        count = iter(range(1, len(chains) + 1))
        golden = session.run_golden(inputs, lambda _: progress.update(next(count), len(chains), "chains"))
        report.wall_s["golden"] = time.perf_counter() - begin
    found = compare_golden(session.program, result, golden)
    report.golden = {"equal": not found, "differences": found}
    lines += [
        "",
        f"golden model: {'equal, bit for bit' if not found else 'DIFFERS'}",
        *(f"  {text}" for text in found[:5]),
    ]
    return [f"the golden model differs: {found[0]}"] if found else []


def golden_estimate(session: Session) -> str:
    """Return how much work it is, so that nobody waits a day unawares."""
    work = sum(row.tile_multiplies for row in session.program.nodes) * session.config.native_dim**2
    return f"{work / 1e6:,.1f} million multiply-accumulates at very roughly 10 million a second"
