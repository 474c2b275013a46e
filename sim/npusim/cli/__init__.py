"""The command line: `npusim`.

This module is all that is loaded before the interrupt handler stands, so it imports next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 success, 1 a comparison failed, 2 bad usage or input, 130 interrupted."""
    try:
        from npusim.cli.shell import run

        status = run(args, last=True)
    except KeyboardInterrupt:
        sys.stderr.write("npusim: interrupted\n")
        status = 130
    sys.exit(status)


__all__ = ["main"]
