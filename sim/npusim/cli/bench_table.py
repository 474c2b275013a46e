"""The table of `npusim bench --all`, as text and as Markdown."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from npusim.cli import tables

Row = dict[str, Any]
"""A network's figures, as `bench --all --json` writes them."""

HEAD = (
    "network", "latency\nms", "best\nms", "bound\nby", "ratio", "use\n%", "weights\nMB", "host\n% MACs; ms", "SQNR\ndB",
    "npusim\nms", "ORT\nms", "ratio", "clock\nms", "peak\nGB",
)  # fmt: skip
ALIGN = "<>><>>>>>>>>>>"
BOUND = {"compute": "tiles", "reader": "reader", "dram": "DRAM", "stream": "weights"}


def text_lines(rows: list[Row], runs: int) -> list[str]:
    """Return the table and what its columns mean."""
    notes = [line for text in notes_of(rows, runs) for line in wrap(text, 110, subsequent_indent="  ")]
    return [*tables.table(HEAD, [_cells(row) for row in rows], ALIGN), "", *notes]


def markdown_lines(rows: list[Row], runs: int) -> list[str]:
    """The same in Markdown."""
    return [*markdown_table(rows), "", *(f"- {text}." for text in notes_of(rows, runs))]


def markdown_table(rows: list[Row]) -> list[str]:
    """Return the table alone."""
    head = " | ".join(text.replace("\n", " ") for text in HEAD)
    rule = " | ".join("---" if side == "<" else "---:" for side in ALIGN)
    return [f"| {head} |", f"| {rule} |", *(f"| {' | '.join(_cells(row))} |" for row in rows)]


def _cells(row: Row) -> list[str]:
    """Return a network's row as text."""
    if "error" in row:
        return [row["network"], "failed", *[""] * (len(HEAD) - 2)]
    sqnr, host = row["sqnr_db"], row["host"]
    several = sqnr["worst"] != sqnr["median"]
    return [
        row["network"],
        f"{row['latency_ms']:.3f}",
        f"{row['bound_ms']['best_possible']:.3f}",
        BOUND[row["bound_by"]],
        f"{row['over_bound']:.2f} ({row['over_roofline']:.2f})",
        f"{100 * row['utilisation']:.1f}",
        f"{row['dram_bytes']['weights'] / 1e6:.1f}",
        f"{100 * host['share_of_macs']:.1f}; {_ms(host['ms'])}",
        _decibels(sqnr["worst"]) + (f" ({_decibels(sqnr['median'])})" if several else ""),
        _ms(row["simulate_ms"]),
        _ms(row["onnxruntime_ms"]),
        f"{row['simulation_over_onnxruntime']:.2f}",
        _ms(row["simulate_time_ms"]),
        f"{row['peak_bytes']['run'] / 1e9:.2f}",
    ]


def _ms(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _decibels(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f}"


def notes_of(rows: list[Row], runs: int) -> list[str]:
    """Return what the columns mean, where the networks ran and what failed, a sentence each."""
    machines: dict[str, list[str]] = {}
    for row in rows:
        if "error" not in row:
            machines.setdefault(f"{row['config']}, {row['clock_mhz']} MHz", []).append(row["network"])
    ran = [f"{machine}: {', '.join(names)}" for machine, names in machines.items()]
    if len(ran) > 1:
        ran[-1] += " (recurrent networks need a machine with sigmoid and tanh)"
    failed = [f"{row['network']} failed: {row['error']}" for row in rows if "error" in row]
    failed += [f"{row['network']}: SQNR too low" for row in rows if "error" not in row and not row["check_passed"]]
    return [
        *failed,
        *ran,
        "latency: of the device at batch size one, all weights loaded in the run; best: the largest of the bounds "
        "(tiles: all engines always multiply, reader: poolings and the like pass in between, DRAM: its bytes, weights: "
        "each tile in order through MatrixRf); ratio: latency over best, and over the larger of tiles and DRAM alone",
        "weights: read from DRAM; host: its share of the multiply-accumulates and the milliseconds of its nodes here",
        "SQNR: against float32, of the tensor that leaves the NPU; of several the worst (the median)",
        "npusim: bit-exact values and clock, ORT: ONNX Runtime in float32, one thread each, taking turns, median of "
        f"{runs}; ratio: median of the pairs; clock: time alone; peak: memory of a run of the compiled program",
    ]
