"""Rewrite the README's table of figures from a measurement.

npusim bench --all --json all.json
python tools/readme_table.py all.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from npusim.cli.bench_table import markdown_table

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def main() -> None:
    """Rewrite the table in place; refuse a measurement in which a network failed."""
    data = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    failed = [row["network"] for row in data["rows"] if "error" in row]
    if failed:
        sys.exit(f"{sys.argv[1]}: {', '.join(failed)} failed, expected figures of every network")
    table = "".join(f"{line}\n" for line in markdown_table(data["rows"]))
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", re.S)
    README.write_text(pattern.sub(lambda _: table, text), encoding="utf-8")


if __name__ == "__main__":
    main()
