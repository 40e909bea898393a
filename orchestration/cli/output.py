"""How a verb answers: text for people or JSON for machines, on stdout.

Progress, hints and errors in text go to stderr, so that stdout can be piped.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from orchestration.cli.streams import speak_utf_8
from orchestration.redact import redact

_META = "firn.format"
LARGEST = 2**31 - 1  # what every database takes as a number
LANDED = "firn.landed"  # ids of what `firn run` has landed, for its last words


class Format(StrEnum):
    """What `--format` takes."""

    text = "text"
    json = "json"


def _remember(ctx: typer.Context, value: str) -> str:
    ctx.meta[_META] = str(value)  # errors are rendered in the same format
    return value


FormatOption = Annotated[
    Format,
    typer.Option("--format", help="For people or machines.", callback=_remember),
]


def left_on_main(landed: Sequence[int]) -> str:
    """What became of `main` when a build published nothing."""
    if not landed:
        return "main is as it was"
    ids = ", ".join(map(str, landed))
    noun = "publication" if len(landed) == 1 else "publications"
    return f"raw landed as {noun} {ids}; nothing that was built is published"


def wants_json(ctx: typer.Context) -> bool:
    """Whether the verb was called with `--format json`."""
    return ctx.meta.get(_META) == "json"


def emit(output: Format, data: Any, text: Callable[[], str]) -> None:
    """Print `data` as JSON, or what `text` makes of it."""
    if output is Format.json:
        print_json(data)
    else:
        typer.echo(redact(text()))


def print_json(data: Any) -> None:
    """One JSON value on stdout, indented."""
    speak_utf_8()
    text = json.dumps(data, indent=2, default=plain, ensure_ascii=False)
    typer.echo(redact(text))


def plain(value: object) -> Any:
    """A Python value that JSON lacks, as the text a person would write."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def hint(message: str) -> None:
    """A line for people that is no part of the answer."""
    typer.echo(redact(message), err=True)


def interactive() -> bool:
    """Whether somebody watches stderr."""
    return sys.stderr is not None and sys.stderr.isatty()
