"""Rewrite the tables of docs/validation.md from what `npusim validate --markdown` prints.

npusim validate --markdown | python tools/validation_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "validation.md"
BEGIN, END = "<!-- tables -->\n", "<!-- end of tables -->\n"


def main() -> None:
    """Put standard input between the marks."""
    tables = sys.stdin.read().strip()
    if "DeepBench" not in tables:
        sys.exit("standard input is not the output of npusim validate --markdown; docs/validation.md stays as it is")
    head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{tables}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
