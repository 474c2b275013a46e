"""`npusim accuracy`: what block floating point costs on real data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npusim.cli.console import ColdStart, Progress
from npusim.cli.load import compile_model, config_option, debug_option, finish, json_option, load_onnx, seed_option

if TYPE_CHECKING:
    from npusim.config import NpuConfig
    from npusim.report.dataset import Accuracy, DataSet

EPILOG = """\b
Examples:
  npusim accuracy digits_cnn digits                 float32 against block floating point on 539 digits
  npusim accuracy digits_lstm digits -c tiny
  npusim accuracy digits_cnn digits --widths        accuracy with mantissas of 2 to 7 bits
  npusim accuracy model.onnx data.npz --limit 100   your own: one array for each input, and labels
"""


@click.command("accuracy", epilog=EPILOG, short_help="Accuracy in float32 and on the machine, layer by layer.")
@click.argument("model", metavar="MODEL.onnx|NAME")
@click.argument("data", metavar="DATA.npz|digits")
@config_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Use the first N samples.  [default: all]")
@click.option(
    "--inspect",
    type=click.IntRange(1, 10_000),
    default=16,
    metavar="N",
    help="Samples whose layers are measured.  [default: 16]",
)
@click.option("--widths", is_flag=True, help="Print the accuracy for every mantissa width instead.")
@json_option
@seed_option
@debug_option  # fmt: skip
def accuracy_command(
    model: str, data: str, config: str | None, limit: int | None, inspect: int, widths: bool, json_path: str | None,
    seed: int,
) -> None:  # fmt: skip
    """Run a labelled data set in float32 (ONNX Runtime) and on the simulated machine.

    Prints both accuracies, and for each layer its SQNR, the spread of its blocks' exponents, how many values
    saturate or are flushed, and what the layer costs alone; and which width would repair the costliest. A .npz
    holds one array for each input with samples in front, and int labels.
    """
    from npusim.cli.load import resolve_config

    machine = resolve_config(config)
    proto, _, sha256 = load_onnx(model, seed)
    program = compile_model(proto, machine, sha256=sha256)
    dataset = _load(data, program.inputs, limit)
    if widths:
        rows = _widths(proto, machine, dataset)
        lines = _width_lines(dataset, rows)
        report: dict[str, Any] = {"data": dataset.name, "samples": len(dataset.labels), "widths": rows}
    else:
        found = _evaluate(program, proto, dataset, inspect)
        lines = _lines(program, dataset, found, inspect)
        report = _json(dataset, found)
    finish(lines, [], json_path, {"model": program.model, "config": machine.name, **report})


def _load(data: str, expected: Any, limit: int | None) -> DataSet:
    from npusim.errors import InputError
    from npusim.report.dataset import checked
    from npusim.tensors import read_arrays

    if data == "digits":
        from npusim_models.digits import load_digits

        if len(expected) != 1:
            raise InputError(f"digits: one picture a sample, the model has {len(expected)} inputs")
        x, y = load_digits("test")
        arrays: Any = {expected[0].name: x, "labels": y}
    elif Path(data).suffix != ".npz":
        raise InputError(f"{data}: expected an .npz file, or the name of a data set: digits")
    else:
        arrays = read_arrays(data)
    if limit is not None:
        arrays = {name: array[:limit] for name, array in arrays.items()}
    return checked(data, arrays, expected)


def _evaluate(program: Any, proto: Any, data: DataSet, inspect: int) -> Accuracy:
    from npusim.report.dataset import costs, evaluate

    with ColdStart(), Progress("running the data set") as progress:
        found = evaluate(program, proto, data, inspect, progress.update)
    with Progress("quantising each layer alone") as progress:
        costs(found, program, proto, data, min(4, inspect), progress.update)
    return found


def _widths(proto: Any, machine: NpuConfig, data: DataSet) -> list[dict[str, Any]]:
    from npusim.report.dataset import WIDTHS, at_width, evaluate

    rows = []
    for width in WIDTHS:
        program = compile_model(proto, at_width(machine, width))
        with ColdStart(), Progress(f"running the data set with {width} bits") as progress:
            found = evaluate(program, proto, data, 0, progress.update)
        rows.append({"bits": width, "float32": found.float32, "npu": found.npu, "agree": found.agree})
    return rows


def _lines(program: Any, data: DataSet, found: Accuracy, inspect: int) -> list[str]:
    from npusim.cli.tables import short_names, table

    body = [
        [
            name,
            f"{row.sqnr_db:.1f} dB",
            "" if row.alone_db is None else f"{row.alone_db:.1f} dB",
            f"{row.low} .. {row.high}" if row.low <= row.high else "all zero",
            f"{row.flushed:.2%}",
            f"{row.saturated:,}",
        ]
        for name, row in zip(short_names([row.name for row in found.layers]), found.layers, strict=True)
    ]
    head = ("layer", "SQNR", "alone", "exponents", "flushed", "saturated")
    return [
        f"{program.model} on {program.config.name}, {data.name}: {found.samples:,} samples",
        f"float32 (ONNX Runtime)  {_share(found.float32, found.samples)}",
        f"on the machine          {_share(found.npu, found.samples)}",
        f"the same class          {_share(found.agree, found.samples)}",
        "",
        *(table(head, body, "<>>>>>") if body else []),
        *([f"over the first {min(inspect, found.samples)} samples; alone: only this layer quantised"] if body else []),
        *([found.repair] if found.repair else []),
    ]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:7.2%}   {part:,} of {whole:,}"


def _width_lines(data: DataSet, rows: list[dict[str, Any]]) -> list[str]:
    from npusim.cli.tables import table

    count = len(data.labels)
    body = [
        [str(row["bits"]), f"{row['npu'] / count:.2%}", f"{row['float32'] / count:.2%}", f"{row['agree'] / count:.2%}"]
        for row in rows
    ]
    return [
        f"{data.name}: {count:,} samples",
        *table(("mantissa bits", "on the machine", "float32", "same class"), body, ">>>>"),
    ]


def _json(data: DataSet, found: Accuracy) -> dict[str, Any]:
    layers = [
        {
            "name": row.name, "sqnr_db": row.sqnr_db if row.noise else None, "alone_db": row.alone_db,
            "exponents": [row.low, row.high] if row.low <= row.high else None, "flushed": row.flushed,
            "saturated": row.saturated,
        }
        for row in found.layers
    ]  # fmt: skip
    counts = {"samples": found.samples, "float32": found.float32, "npu": found.npu, "agree": found.agree}
    return {"data": data.name, **counts, "layers": layers, "repair": found.repair or None}
