"""Errors as messages and exit codes: 1 the data said no, 2 wrong use, 3 environment."""

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from orchestration.cli import output, streams
from orchestration.errors import FirnError
from orchestration.limits import allow_open_files
from orchestration.redact import redact
from orchestration.trouble import explain

_BY_SIGNAL = 128  # as shells have it: 128 and the signal's number
_LEAVE_A_BRANCH = ("run", "build")


class Verbs(TyperGroup):
    """The group of all verbs; what they raise ends here, never as a stack trace."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **how: Any) -> Any:
        """Run the command line, whatever state its streams and locale are in."""
        streams.settle()
        logging.raiseExceptions = False  # a log on a full disk would print its trace
        given = sys.argv[1:] if args is None else list(args)
        return super().main(streams.unicode(given), *rest, **how)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb that was named."""
        with _terminable() as received:
            try:
                allow_open_files()
                try:
                    return super().invoke(ctx)
                finally:
                    sys.stdout.flush()  # or it would fail after the exit code is set
            except BrokenPipeError:
                raise  # silence for `firn log | head`
            except (Exception, KeyboardInterrupt) as error:
                if _is_click(error):
                    raise
                raise typer.Exit(_end(ctx, error, received)) from error


def _end(ctx: Any, error: BaseException, received: list[int]) -> int:
    """Say what stopped the verb; returns the exit code."""
    if _is_interrupt(error):
        if ctx.invoked_subcommand in _LEAVE_A_BRANCH:
            state = output.left_on_main(ctx.meta.get(output.LANDED, ()))
            output.hint(f"interrupted: {state}, `firn branches` has the rest")
        return _BY_SIGNAL + (received[-1] if received else signal.SIGINT)
    found = error if isinstance(error, FirnError) else None
    if trouble := explain(error, catalog_log=str(_log_dir() / "catalog.log")):
        found = trouble
    if found is None:
        found = _unexpected(error)
    as_json = output.wants_json(ctx)
    for machine in (True, False) if as_json else (False,):
        with suppress(OSError):  # where it would be told may be what is broken
            show(found, as_json=machine)
            break
    return found.exit_code


@contextmanager
def _terminable() -> Iterator[list[int]]:
    """Let SIGTERM end a verb as Ctrl-C does; yields the signals that came."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def interrupt(number: int, _: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is what stopped it, whatever the libraries made of it.

    Inside a query DuckDB notices the signal and raises errors of its own. They are
    known by name: a verb that asks nothing does not import DuckDB.
    """
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        if type(error).__name__ == "InterruptException":
            return True
        if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
            return True
        error = error.__cause__
    return False


def show(error: FirnError, *, as_json: bool) -> None:
    """Print what happened, where, and what to do: JSON on stdout, text on stderr."""
    if as_json:
        output.print_json(error.as_dict())
        return
    where = f"{error.where}: " if error.where else ""
    output.hint(f"error: {where}{error.what}")
    if error.remedy:
        output.hint(f"  fix: {error.remedy}")


def _unexpected(error: BaseException) -> FirnError:
    """Keep the trace in a file: the terminal gets one line and the file's name."""
    path = _write_trace(error)
    kept = f"The details are in {path}. " if path else ""
    what = f"unexpected {type(error).__name__}: {error}"
    return FirnError(
        what.splitlines()[0], remedy=f"{kept}`firn doctor` checks the machine."
    )


def _write_trace(error: BaseException) -> Path | None:
    """Where the trace is; None if no folder takes it."""
    import tempfile

    name = f"error_{datetime.now(UTC):%Y%m%d_%H%M%S}_{os.getpid()}.log"
    text = redact("".join(traceback.format_exception(error)))
    for folder in (_log_dir, lambda: Path(tempfile.mkdtemp(prefix="firn-"))):
        with suppress(OSError):
            path = folder() / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return path
    return None


def _log_dir() -> Path:
    """The folder of logs; a relative one where no project is."""
    from orchestration.settings import Settings

    try:
        return Settings.load().log_dir
    except Exception:  # noqa: BLE001 - telling of an error must not be another one
        return Path(".firn/logs")


def _is_click(error: BaseException) -> bool:
    """Typer's own exceptions carry their exit code and message."""
    return isinstance(error, (typer.Exit, typer.Abort)) or hasattr(
        error, "format_message"
    )
