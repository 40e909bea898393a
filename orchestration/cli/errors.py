"""Errors as messages and exit codes: 1 the data said no, 2 wrong use, 3 environment."""

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from orchestration.cli import output
from orchestration.errors import FirnError

_ENVIRONMENT = 3
_INTERRUPTED = 130  # as shells have it: 128 and the signal's number
_LEAVE_A_BRANCH = ("run", "build")


class Verbs(TyperGroup):
    """The group of all verbs; what they raise ends here, never as a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb that was named."""
        try:
            return super().invoke(ctx)
        except FirnError as error:
            show(error, as_json=output.wants_json(ctx))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            if ctx.invoked_subcommand in _LEAVE_A_BRANCH:
                output.hint(
                    "interrupted: main is as it was, `firn branches` has the rest"
                )
            raise typer.Exit(_INTERRUPTED) from error
        except BrokenPipeError:
            raise  # silence for `firn log | head`
        except Exception as error:
            if _is_click(error):
                raise
            _unexpected(error, as_json=output.wants_json(ctx))
            raise typer.Exit(_ENVIRONMENT) from error


def show(error: FirnError, *, as_json: bool) -> None:
    """Print what happened, where, and what to do: JSON on stdout, text on stderr."""
    if as_json:
        output.print_json(error.as_dict())
        return
    where = f"{error.where}: " if error.where else ""
    output.hint(f"error: {where}{error.what}")
    if error.remedy:
        output.hint(f"  fix: {error.remedy}")


def _unexpected(error: Exception, *, as_json: bool) -> None:
    """Keep the trace in a file: the terminal gets one line and the file's name."""
    path = _write_trace(error)
    what = f"unexpected {type(error).__name__}: {error}"
    show(
        FirnError(
            what.splitlines()[0],
            remedy=f"The details are in {path}. `firn doctor` checks the machine.",
        ),
        as_json=as_json,
    )


def _write_trace(error: Exception) -> Path:
    from orchestration.settings import Settings

    try:
        folder = Settings.load().log_dir
        folder.mkdir(parents=True, exist_ok=True)
    except (FirnError, OSError):
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="firn-"))
    path = folder / f"error_{datetime.now(UTC):%Y%m%d_%H%M%S}_{os.getpid()}.log"
    path.write_text("".join(traceback.format_exception(error)))
    return path


def _is_click(error: Exception) -> bool:
    """Typer's own exceptions carry their exit code and message."""
    return isinstance(error, (typer.Exit, typer.Abort)) or hasattr(
        error, "format_message"
    )
