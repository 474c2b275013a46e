"""What the commands say: results on standard output, everything else on standard error, progress where it is slow."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any

PATIENCE_S = 2.0
"""Work that takes longer than this says so."""

REPEAT_S = 10.0
"""Seconds between two lines of progress where standard error is no terminal."""

BAR_AFTER_S = 0.4


class Interrupted:
    """Whether Ctrl-C was pressed."""

    seen = False


def say(text: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def note(text: str) -> None:
    """Print a remark on standard error."""
    say(f"npusim: {text}")


def out(text: str = "") -> None:
    """Print a result on standard output."""
    sys.stdout.write(f"{text}\n")


def interactive() -> bool:
    """True if standard error is a terminal that shows bars."""
    return sys.stderr.isatty()


class Progress:
    """Show that work goes on: a bar on a terminal, else a line after two seconds and then every ten.

    `update` may be called from the work as often as it likes; work that never calls it is shown with its time alone.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.done = self.total = 0
        self.detail = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Progress:
        self._begin = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(1)

    def update(self, done: int, total: int, detail: str = "") -> None:
        """State how much of how much is done, and what comes next."""
        self.done, self.total, self.detail = done, total, detail

    def _watch(self) -> None:
        try:
            if interactive():
                if not self._over.wait(BAR_AFTER_S):
                    self._bar()
                return
            wait = PATIENCE_S
            while not self._over.wait(wait):
                note(self._line())
                wait = REPEAT_S
        except (OSError, ValueError):  # nobody reads standard error
            return

    def _line(self) -> str:
        part = f", {self.done} of {self.total}" if self.total else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.what}{part}{detail}, {time.monotonic() - self._begin:.0f} s so far"

    def _bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns: tuple[Any, ...] = (
            TextColumn("{task.description}", markup=False), BarColumn(30),
            TextColumn("{task.fields[detail]}", markup=False), TimeElapsedColumn(),
        )  # fmt: skip
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(self.what, total=None, detail="")
            while not self._over.wait(0.1):
                detail = f"{self.done} of {self.total} {self.detail}" if self.total else self.detail
                bars.update(task, completed=self.done, total=self.total or None, detail=detail)


class ColdStart:
    """Tell, once, that kernels are being compiled: numba caches them, so only a first use takes this long.

    Listens while it is entered; without numba events nothing is said.
    """

    def __enter__(self) -> ColdStart:
        from numba.core import event

        class Listener(event.Listener):  # type: ignore[misc]
            told = False

            def on_start(self, event: Any) -> None:
                if not Listener.told:
                    Listener.told = True
                    note("compiling the simulator's kernels for this processor; once, 10 to 60 s, then cached on disk")

            def on_end(self, event: Any) -> None:
                pass

        self._listener = Listener()
        event.register("numba:compile", self._listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from numba.core import event

        event.unregister("numba:compile", self._listener)
