"""`npusim verify --random` and `--table`: many programs at once."""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from pathlib import Path
from typing import Any

from npusim.cli.console import ColdStart, Progress, note, out
from npusim.cli.load import json_file, load_program
from npusim.cli.shell import ComparisonFailed
from npusim.config import load_config

SMALL = "tiny"
"""The machine of many programs, unless another is asked for."""


def verify_random(
    config_name: str | None, simulator: str, count: int, first: int, gaps: int, waves: str | None, json_path: str | None
) -> None:
    """Compare `count` random programs from seed `first` on; prints coverage, and every difference with its replay."""
    from npusim.rtl import coverage
    from npusim.rtl.cosim import cosimulate
    from npusim.rtl.random_programs import of_random, random_program

    config = load_config(config_name or SMALL, fit=False)
    found: Counter[str] = Counter()
    failed: list[dict[str, Any]] = []
    cycles = chains = 0
    begin = time.perf_counter()
    with ColdStart(), Progress(f"verifying random programs on {config.name}") as progress:
        for number, seed in enumerate(range(first, first + count)):
            progress.update(number, count, f"seed {seed}")
            program = random_program(seed, config)
            subject = of_random(program, config)
            outcome = cosimulate(
                subject, simulator, seed=seed, gaps=gaps, say=note, waves=None if waves is None else Path(waves)
            )
            found.update(coverage.points(program.words, program.decoded, subject.timing, config))
            cycles += outcome.comparison.rtl
            chains += outcome.comparison.chains
            if outcome.comparison.agrees if gaps == 0 else outcome.comparison.same_bits:
                continue
            failed.append({"seed": seed, "report": outcome.lines})
            words = ["npusim", "verify", "--random", "1", "--seed", str(seed), "-c", config_name or SMALL]
            words += ["--simulator", simulator, *(["--gaps", str(gaps)] if gaps else []), "--waves", "waves.fst"]
            for line in [f"seed {seed}:", *outcome.lines, f"replay with a waveform: {shlex.join(words)}", ""]:
                out(line)
    for line in coverage.report(found, config):
        out(line)
    out(
        f"{count - len(failed)} of {count} random programs on {config.name} agree in {simulator}, seeds {first} to "
        f"{first + count - 1}: {chains:,} chains, {cycles:,} cycles, {time.perf_counter() - begin:.0f} s"
    )
    if json_path is not None:
        missing = sorted(coverage.universe(config) - set(found))
        data = {
            "config": config.name, "simulator": simulator, "first_seed": first, "programs": count, "chains": chains,
            "cycles": cycles, "failed": failed, "covered": dict(sorted(found.items())), "not_covered": missing,
        }  # fmt: skip
        _write_json(json_path, data)
    if failed:
        raise ComparisonFailed(
            f"{len(failed)} of {count} random programs differ, the first has seed {failed[0]['seed']}"
        )


def verify_table(config_name: str | None, simulator: str, models: tuple[str, ...], seed: int, path: str | None) -> None:
    """Print the table of cycles of the micro-benchmarks and of these models; path: where to write it as JSON.

    config_name: a machine, or several with commas between them.
    """
    from npusim.rtl import table

    names = (config_name or SMALL).split(",")
    configs = {name: load_config(name, fit=False) for name in names}
    subjects = [subject for config in configs.values() for subject in table.micro_subjects(config)]
    subjects += [(model, _subject(model, name, seed)) for name in names for model in models]
    rows = []
    with ColdStart(), Progress(f"measuring programs on {' and '.join(c.name for c in configs.values())}") as progress:
        for row in table.measure(subjects, simulator, note):
            rows.append(row)
            progress.update(len(rows), len(subjects), row.program)
    for line in table.lines(rows):
        out(line)
    if path is not None:
        from npusim.atomic import NewFile, write_together

        write_together([NewFile(path, [table.to_json(rows).encode()], "the table")])
        note(f"wrote {path}")
    bad = [row for row in rows if not row.bits or row.error > table.ALLOWED]
    if bad:
        raise ComparisonFailed(f"{len(bad)} of {len(rows)} programs differ, the first is {bad[0].program}")


def _subject(model: str, config: str, seed: int) -> Any:
    from npusim.cli.load import default_inputs
    from npusim.rtl.cosim import of_program
    from npusim.runtime import Session, check_inputs

    program = load_program(model, config, seed=seed).program
    return of_program(Session(program), check_inputs(program.inputs, default_inputs(program, seed)))


def _write_json(path: str, data: dict[str, Any]) -> None:
    from npusim.atomic import write_together

    if path == "-":
        out(json.dumps(data, indent=2))
    else:
        write_together([json_file(path, data)])
        note(f"wrote {path}")
