"""Rewrite the README's table of figures from a measurement.

npusim bench resnet50 --runs 9 --json report.json
python tools/readme_table.py report.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def table(data: dict[str, Any]) -> str:
    """Return the table's lines."""
    bound, cycles, wall = data["bound_ms"], data["cycles"], data["wall_s"]
    took = {row["what"]: row["ms"] for row in data["compared"]}
    ratio = took["bit-exact simulation, 1 thread"] / took["ONNX Runtime float32, 1 thread"]
    waits = ", ".join(f"{kind} {100 * n / cycles:.1f} %" for kind, n in data["stalls"].items() if n / cycles >= 0.0005)
    best, gain = bound["best_possible"], data["tiling"]["gain"]
    bounds = f"tile-multiplies {bound['compute']:.3f}, weights in order {bound['stream']:.3f}, DRAM {bound['dram']:.3f}"
    use = f"{100 * data['utilisation']:.1f} % of the peak rate"
    rows = [
        (f"ResNet-50, preset `{data['config']}`, {data['clock_mhz']} MHz", ""),
        ("---", "---"),
        ("device latency", f"**{data['latency_ms']:.3f} ms**, {cycles:,} cycles"),
        ("best possible", f"{best:.3f} ms: {bounds}"),
        ("device latency over the best possible", f"{data['latency_ms'] / best:.3f}"),
        ("with the host link", f"{data['latency_with_link_ms']:.3f} ms"),
        ("useful multiply-accumulates", f"{data['macs_useful'] / 1e9:.3f} G, {use}"),
        ("cycles in which the machine waits", waits or "none"),
        ("tile-multiplies", f"{data['tile_multiplies']:,}; straightforward tiling needs {gain:.3f} × as many"),
        ("to simulate values and time, one thread", f"{wall['simulate']:.2f} s, {ratio:.2f} × ONNX Runtime float32"),
        ("to simulate time alone", f"{wall['simulate_time']:.3f} s"),
        ("to read and compile", f"{wall['import'] + wall['compile']:.1f} s"),
    ]  # fmt: skip
    return "".join(f"| {left} | {right} |\n" for left, right in rows)


def main() -> None:
    """Rewrite the table in place."""
    data = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", re.S)
    README.write_text(pattern.sub(lambda _: table(data), text), encoding="utf-8")


if __name__ == "__main__":
    main()
