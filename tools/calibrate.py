"""Choose the dispatch interval of bw_s10 anew: one whole number of cycles, on two published latencies.

Published figures and the two rows are in sim/npusim/report/published.toml.  The interval is the one with the least sum
of squared relative errors; of equal ones the least stays.  A step takes longer with every cycle of the interval once
dispatch is what it waits for, so the search ends where both rows are too slow.  Prints the interval; the preset is
edited by hand.

    python tools/calibrate.py
"""

from __future__ import annotations

import sys
from dataclasses import replace

from npusim.config import load_config
from npusim.report.validate import deepbench_name, deepbench_program, published_figures, warm

MOST = 64


class Calibration:
    """The two rows, compiled: the interval changes no word of a program."""

    def __init__(self) -> None:
        table = published_figures()["deepbench"]
        self.config = load_config(table["machine"], fit=False)
        self.rows = [row for row in table["rows"] if deepbench_name(row) in table["calibration"]]
        self.programs = [deepbench_program(row, self.config) for row in self.rows]

    def errors(self, interval: int) -> list[float]:
        """Return the relative errors of the rows."""
        config = replace(self.config, dispatch_interval=interval)
        cycles = [warm(replace(program, config=config))[0].cycles for program in self.programs]
        published = [row["ms"] * config.clock_mhz * 1e3 for row in self.rows]
        found = [got / want - 1 for got, want in zip(cycles, published, strict=True)]
        said = ", ".join(f"{deepbench_name(row)} {error:+.1%}" for row, error in zip(self.rows, found, strict=True))
        print(f"interval {interval}: {said}", file=sys.stderr)
        return found

    def search(self) -> int:
        """Return the best interval."""
        best, least = 0, float("inf")
        for interval in range(1, MOST + 1):
            found = self.errors(interval)
            cost = sum(error**2 for error in found)
            if cost < least:
                best, least = interval, cost
            if min(found) > 0:
                break
        return best


if __name__ == "__main__":
    print(f"dispatch_interval = {Calibration().search()}")
