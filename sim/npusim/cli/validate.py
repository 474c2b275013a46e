"""`npusim validate`: every published figure beside the simulated one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from npusim.cli import tables
from npusim.cli.console import Progress
from npusim.cli.load import debug_option, finish, json_option

if TYPE_CHECKING:
    from npusim.report.validate import Row

EPILOG = """\b
Examples:
  npusim validate
  npusim validate --markdown        the table of docs/validation.md
  npusim validate --json -
"""
WIDTH = 110


@click.command("validate", epilog=EPILOG, short_help="Compare with every published figure.")
@click.option("--markdown", is_flag=True, help="Print tables in Markdown.")
@json_option
@debug_option
def validate_command(markdown: bool, json_path: str | None) -> None:
    """Simulate what has been published about machines of this class, and print both figures and the error.

    Two DeepBench rows calibrate the dispatch interval of bw_s10; everything else is a prediction. Latencies of
    recurrent networks are warm: weights are in MatrixRf when the run begins. What the rows mean: docs/validation.md.
    """
    from npusim.report.validate import all_rows

    with Progress("simulating") as progress:
        rows = all_rows(progress.update)
    lines = list(markdown_lines(rows) if markdown else text_lines(rows))
    finish(lines, [], json_path, to_json(rows))


def to_json(rows: list[Row]) -> dict[str, Any]:
    """Return everything as JSON takes it."""
    return {"rows": [row.to_json() for row in rows], "summary": summary(rows)}


def summary(rows: list[Row]) -> str:
    """Return how many DeepBench rows are close."""
    from npusim.report.validate import CLOSE

    rows = [row for row in rows if row.group.startswith("DeepBench")]
    close = sum(row.close for row in rows)
    names = " and ".join(row.what for row in rows if row.calibrated)
    return f"{close} of {len(rows)} DeepBench rows within {CLOSE:.0%}; calibrated on {names}, the others predicted"


def figure(value: float) -> str:
    """Return a figure with the digits that matter."""
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"


def text_lines(rows: list[Row]) -> Iterator[str]:
    """A table for each group, its notes below."""
    for group, members in _groups(rows):
        cells, notes = _cells(members, "*")
        yield f"{group} ({members[0].source})" if len({row.source for row in members}) == 1 else group
        yield from tables.table(("", "published", "simulated", "error", "", "note"), cells, "<>>><<")
        sources = [] if len({row.source for row in members}) == 1 else _sources(members)
        for text in [*(f"[{number}] {note}" for note, number in notes.items()), *sources]:
            yield from wrap(text, WIDTH, subsequent_indent="    ")
        yield ""
    yield f"{summary(rows)} (* calibrated)"


def markdown_lines(rows: list[Row]) -> Iterator[str]:
    """The same in Markdown."""
    for group, members in _groups(rows):
        cells, notes = _cells(members, "calibrated")
        yield from (
            f"### {group}",
            "",
            "| | published | simulated | error | | note |",
            "| --- | ---: | ---: | ---: | --- | --- |",
        )
        yield from (f"| {' | '.join(row)} |" for row in cells)
        yield ""
        yield from (f"- [{number}] {note}." for note, number in notes.items())
        yield from (f"- {text}." for text in _sources(members))
        yield ""
    yield f"{summary(rows)}."


def _groups(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for group, members in groupby(rows, key=lambda row: row.group):
        yield group, list(members)


def _cells(rows: list[Row], mark: str) -> tuple[list[list[str]], dict[str, int]]:
    """Return the table's cells, and the numbers of the notes."""
    notes: dict[str, int] = {}
    cells = []
    for row in rows:
        number = f"[{notes.setdefault(row.note, len(notes) + 1)}]" if row.note else ""
        unit = f" {row.unit}" if row.unit else ""
        cells.append([
            row.what, figure(row.published) + unit, figure(row.simulated) + unit, f"{row.error:+.1%}",
            mark if row.calibrated else "", number,
        ])  # fmt: skip
    return cells, notes


def _sources(rows: list[Row]) -> list[str]:
    """Return who published what."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.source, []).append(row.what)
    if len(found) == 1:
        return [f"source: {source}" for source in found]
    return [f"source of {', '.join(names)}: {source}" for source, names in found.items()]
