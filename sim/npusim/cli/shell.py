"""From arguments to an exit code: how every command's errors are told."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Any

import click

from npusim.cli.console import Interrupted, say
from npusim.errors import NpuError

ISSUES = "this is a bug in npusim: please report it with the lines above and what you ran"


class ComparisonFailed(Exception):
    """A comparison that the user asked for did not hold: exit code 1, one sentence."""


def run(args: Sequence[str] | None = None, *, last: bool = False) -> int:
    """Run the command line; returns the exit code and lets no exception out, Ctrl-C included.

    last: the process ends next, so an interrupt from now on is too late and ignored.
    """
    argv = list(sys.argv[1:] if args is None else args)
    interrupted = Interrupted()
    old = _listen(interrupted)
    try:
        status = _invoke(argv)
        sys.stdout.flush()
        return status
    except BaseException as error:
        _ignore_interrupts()  # from here on
        return _tell(KeyboardInterrupt() if interrupted.seen else error, "--debug" in argv)
    finally:
        if old is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN if last else old)


def _listen(interrupted: Interrupted) -> Any:
    """Remember Ctrl-C even where a library swallows the exception; returns the handler to restore."""
    if threading.current_thread() is not threading.main_thread():
        return None

    def handler(number: int, frame: FrameType | None) -> None:
        interrupted.seen = True
        sys.unraisablehook = _say_nothing  # objects half made when it came complain as they go
        raise KeyboardInterrupt

    return signal.signal(signal.SIGINT, handler)


def _say_nothing(unraisable: object) -> None:
    """Take the place of `sys.unraisablehook`."""


def _ignore_interrupts() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _invoke(argv: list[str]) -> int:
    from npusim.cli.commands import cli

    with cli.make_context("npusim", argv) as context:  # not `cli.main`, which has an opinion on broken pipes
        cli.invoke(context)
    return 0


def _tell(error: BaseException, debug: bool) -> int:
    """Print one line for an expected error, the traceback for a bug; returns the exit code."""
    if debug and not isinstance(error, click.exceptions.Exit):
        _quietly(lambda: traceback.print_exception(error))
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            return _end("npusim: interrupted", 130)
        case ComparisonFailed():
            return _end(f"npusim: {_line(error)}", 1)
        case BrokenPipeError():
            _silence(sys.stdout)
            return 128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1
        case click.exceptions.NoArgsIsHelpError():
            return _end(error.format_message(), 2)
        case click.ClickException():
            return _end(f"npusim: error: {_usage(error)}", 2)
        case NpuError():
            return _end(f"npusim: error: {_line(error)}", 2)
        case OSError():
            if error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT):
                _silence(sys.stdout)
                return _end(f"npusim: error: standard output: cannot be written: {error.strerror}", 2)
            where = f"{error.filename}: " if error.filename else ""
            return _end(f"npusim: error: {where}{error.strerror or error}", 2)
        case MemoryError():
            return _end("npusim: error: not enough memory for this model", 2)
        case _:
            return _unexpected(error, debug)


def _unexpected(error: BaseException, debug: bool) -> int:
    """A models package error is the user's, too; it is looked up only here, because its package is slow to load."""
    models = sys.modules.get("npusim_models.errors")
    if models is not None and isinstance(error, models.ModelsError):
        return _end(f"npusim: error: {_line(error)}", 2)
    if not debug:
        _quietly(lambda: traceback.print_exception(error))
    return _end(f"npusim: {ISSUES}", 70)


def _usage(error: click.ClickException) -> str:
    """Return click's message as one sentence that names the command."""
    text = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "npusim"
    name = command.removeprefix("npusim").strip()
    return f"{name}: {text}" if name else text


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _end(text: str, status: int) -> int:
    _quietly(lambda: say(text))
    return status


def _quietly(act: Any) -> None:
    """Standard error may be closed, too."""
    try:
        act()
    except OSError:
        _silence(sys.stderr)


def _silence(stream: Any) -> None:
    """Send what is left in a stream's buffer nowhere, so that nothing complains at exit."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass
