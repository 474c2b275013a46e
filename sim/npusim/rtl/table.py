"""The table of cycles: program, simulated, RTL, error; for micro-benchmarks, and any programs besides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from npusim.config import NpuConfig
from npusim.errors import InputError
from npusim.rtl.cosim import Subject, cosimulate
from npusim.rtl.micro import benchmarks
from npusim.rtl.random_programs import of_random

ALLOWED = 0.005  # part of the simulated cycles by which any program may differ


@dataclass(frozen=True, slots=True)
class Row:
    """One program on one machine: cycles on both sides, whether all bits agree, chains whose cycles differ."""

    program: str
    config: str
    simulated: int
    rtl: int
    bits: bool
    chains: int
    other_cycles: int

    @property
    def error(self) -> float:
        """Difference in parts of the simulated cycles."""
        return abs(self.rtl - self.simulated) / max(1, self.simulated)


def micro_subjects(config: NpuConfig) -> Iterator[tuple[str, Subject]]:
    """Yield every micro-benchmark of a machine."""
    for name, program in benchmarks(config).items():
        yield name, of_random(program, config)


def measure(
    subjects: Iterable[tuple[str, Subject]], simulator: str, say: Callable[[str], None] | None = None
) -> Iterator[Row]:
    """Run programs on both sides."""
    for name, subject in subjects:
        found = cosimulate(subject, simulator, say=say).comparison
        yield Row(
            name, subject.config.name, found.simulated, found.rtl, found.same_bits, found.chains, len(found.cycles)
        )


def lines(rows: list[Row]) -> list[str]:
    """Return the table as text."""
    width = max(len(row.program) for row in rows)
    head = f"{'program':<{width}}  {'machine':<13} {'simulated':>9} {'RTL':>9} {'error':>8}  chains off"
    body = [
        f"{row.program:<{width}}  {row.config:<13} {row.simulated:>9,} {row.rtl:>9,} {row.error:>8.3%}  "
        f"{row.other_cycles} of {row.chains}{'' if row.bits else '  BITS DIFFER'}"
        for row in rows
    ]
    worst = max(rows, key=lambda row: row.error)
    equal = sum(row.error == 0 and not row.other_cycles for row in rows)
    return [head, *body, "", f"{equal} of {len(rows)} programs equal in every cycle; worst error {worst.error:.3%}"]


def to_json(rows: list[Row]) -> str:
    """Return the baseline file's text."""
    return "[\n" + ",\n".join(f"  {json.dumps(asdict(row))}" for row in rows) + "\n]\n"


def read_baseline(path: str | Path) -> dict[tuple[str, str], Row]:
    """Return the rows of a baseline file by program and machine; raises `InputError`."""
    try:
        rows = [Row(**row) for row in json.loads(Path(path).read_text())]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not a table of cycles: {error}") from None
    return {(row.program, row.config): row for row in rows}


def worse(rows: list[Row], baseline: dict[tuple[str, str], Row]) -> list[str]:
    """Return what is worse than the baseline, or than any program may be, as sentences."""
    found = []
    for row in rows:
        before = baseline.get((row.program, row.config))
        name = f"{row.program} on {row.config}"
        if not row.bits:
            found.append(f"{name}: bits differ")
        if before is None:
            found.append(f"{name}: not in the baseline; write it anew with npusim verify --table --json")
        elif row.error > before.error or row.other_cycles > before.other_cycles:
            found.append(
                f"{name}: {row.rtl} cycles on the RTL, {row.simulated} simulated, {row.other_cycles} chains off; "
                f"the baseline has an error of {before.error:.3%}, {before.other_cycles} chains off"
            )
        elif row.error > ALLOWED:
            found.append(f"{name}: {row.error:.2%} apart, {ALLOWED:.1%} is allowed")
    return found
