"""`npusim conformance`: the onnx package's own backend tests, on the simulated machine."""

from __future__ import annotations

import dataclasses
from collections import Counter

import click

from npusim.cli.console import ColdStart, Progress
from npusim.cli.load import config_option, debug_option, finish, json_option

EPILOG = """\b
Examples:
  npusim conformance                    every node and model test that the onnx package ships
  npusim conformance --match conv       those with conv in their names
"""


@click.command("conformance", epilog=EPILOG, short_help="Run the onnx package's backend tests on the machine.")
@config_option
@click.option("--match", default="", metavar="TEXT", help="Only tests whose names hold this.")
@json_option
@debug_option
def conformance_command(config: str | None, match: str, json_path: str | None) -> None:
    """Run the node and model tests of the onnx package through npusim.backend and count what becomes of them.

    passed: within the test's own tolerance, with operators on the NPU, or with all of them on the host, which is ONNX
    Runtime; quantised: computed by the NPU, within block floating point of it; runtime: beyond the tolerance on the
    host, where ONNX Runtime alone computes the same; failed; refused, with every reason. Exit code 0 also where tests
    fail: this is a count.
    """
    from npusim.cli.load import resolve_config
    from npusim.cli.tables import table
    from npusim.errors import InputError
    from npusim.report.conformance import COLUMNS, KINDS, QUANTISED_DB, VERDICTS, cases, column, reasons, run_cases

    machine = resolve_config(config)
    found = cases(KINDS, match)
    if not found:
        raise InputError(f"--match {match}: no test of the onnx package has this in its name")
    with ColdStart(), Progress("running the backend tests") as progress:
        outcomes = run_cases(found, machine, progress.update)
    counts = Counter((one.kind, column(one)) for one in outcomes) + Counter(("total", column(one)) for one in outcomes)
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in outcomes)]
    body = [[kind, *(f"{counts[kind, head]:,}" for head in COLUMNS)] for kind in (*kinds, "total")]
    lines = [*table(("tests", *COLUMNS), body, "<" + ">" * len(COLUMNS))]
    lines.append(f"quantised: beyond the test's tolerance, on the NPU, with an SQNR of {QUANTISED_DB:g} dB or more")
    lines.append("runtime: beyond the test's tolerance, on the host, where ONNX Runtime alone computes the same")
    for verdict in ("runtime", "failed", "refused"):
        for reason, count in reasons(outcomes, verdict).most_common():
            lines.append(f"  {verdict} {count:>5,}  {reason}")
    data = {
        "config": machine.name,
        "counts": {verdict: sum(one.verdict == verdict for one in outcomes) for verdict in VERDICTS},
        "passed_on_npu": counts["total", COLUMNS[0]],
        "tests": [dataclasses.asdict(one) for one in outcomes],
    }
    finish(lines, [], json_path, data)
