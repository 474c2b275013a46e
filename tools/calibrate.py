"""Choose the pipeline depths of bw_s10 anew: two factors, on two published latencies.

The factors scale the depths that the kernels need, one on the matrix path and one on the tail; least depths, published
figures and the two rows are in sim/npusim/report/published.toml.  The search starts at the kernels' depths and goes to
the neighbour with the least sum of squared errors, in steps of 1, then 1/2, then 1/4; a change has to pay, so of equal
ones the least stays.  Prints the depths; preset and published.toml are edited by hand.

    python tools/calibrate.py
"""

from __future__ import annotations

import sys

from npusim.config import NpuConfig, load_config
from npusim.report.validate import deepbench_name, deepbench_time, published_figures, scaled

STEPS = (1.0, 0.5, 0.25)
MOST = 16.0


class Calibration:
    """Errors of the two rows by factors (matrix, tail)."""

    def __init__(self) -> None:
        table = published_figures()["deepbench"]
        self.config, self.depths = load_config(table["machine"], fit=False), table["depths"]
        self.rows = [row for row in table["rows"] if deepbench_name(row) in table["calibration"]]
        self.seen: dict[tuple[float, float], list[float]] = {}

    def machine(self, factors: tuple[float, float]) -> NpuConfig:
        """Return the machine with these factors."""
        return scaled(self.config, self.depths, *factors)

    def errors(self, factors: tuple[float, float]) -> list[float]:
        """Return the relative errors of both rows."""
        if factors not in self.seen:
            config = self.machine(factors)
            cycles = [deepbench_time(row, config)[0].cycles for row in self.rows]
            want = [row["ms"] * config.clock_mhz * 1e3 for row in self.rows]
            self.seen[factors] = [got / published - 1 for got, published in zip(cycles, want, strict=True)]
            said = ", ".join(
                f"{deepbench_name(r)} {e:+.1%}" for r, e in zip(self.rows, self.seen[factors], strict=True)
            )
            print(f"matrix x {factors[0]:.2f}, tail x {factors[1]:.2f}: {said}", file=sys.stderr)
        return self.seen[factors]

    def cost(self, factors: tuple[float, float]) -> float:
        """Return the sum of squared errors."""
        return sum(error**2 for error in self.errors(factors))

    def search(self) -> tuple[float, float]:
        """Return the best factors."""
        best = (1.0, 1.0)
        for step in STEPS:
            while True:
                ways = [(best[0] + a * step, best[1] + b * step) for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))]
                found = min((w for w in ways if min(w) >= 1 and max(w) <= MOST), key=self.cost)
                if self.cost(found) >= self.cost(best):
                    break
                best = found
        return best


def main() -> None:
    """Print the depths."""
    calibration = Calibration()
    factors = calibration.search()
    machine = calibration.machine(factors)
    print(f"matrix_scale = {factors[0]}\ntail_scale = {factors[1]}")
    for group in ("matrix", "tail"):
        for key in calibration.depths[group]:
            print(f"{key} = {getattr(machine, key)}")


if __name__ == "__main__":
    main()
