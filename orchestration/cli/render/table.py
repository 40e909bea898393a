"""Rows as an aligned table, JSON or CSV."""

import csv
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from orchestration.cli.output import plain
from orchestration.cli.streams import speak_utf_8

if TYPE_CHECKING:
    import duckdb

Printer = Callable[["duckdb.DuckDBPyConnection"], None]
_BATCH = 10_000
_WIDEST = 60
_FORMULA: tuple[str, ...] = ("=", "+", "-", "@", "\t", "\r", "\n")
_FORMULA += ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # the same marks in full width
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def grid(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Align columns: numbers to the right, the rest to the left."""
    body = [[cell(value) for value in row] for row in rows]
    numeric = [_is_numeric(column) for column in zip(*body, strict=True)] or [
        False for _ in header
    ]
    lines = [list(header), *body]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def cell(value: object) -> str:
    """One value on one line; NULL is empty, long text is cut.

    Control characters are shown as `\\x1b`: a terminal would obey them.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = " ".join(str(value).split())
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def printer(shape: str, limit: int, *, raw: bool = False) -> Printer:
    """How `firn sql` prints a result; text up to `limit` rows, 0 for all.

    Args:
        raw: Leave the texts of CSV as they are, for a reader that is no spreadsheet.
    """
    return {
        "text": lambda result: _text(result, limit),
        "json": _json,
        "csv": lambda result: _csv(result, raw=raw),
    }[shape]


def _text(result: "duckdb.DuckDBPyConnection", limit: int) -> None:
    rows = result.fetchmany(limit + 1) if limit else result.fetchall()
    cut = bool(limit) and len(rows) > limit
    print(grid(_header(result), rows[:limit] if cut else rows))  # noqa: T201
    if cut:
        note = f"(the first {limit} rows; --limit 0 prints all)"
        print(note, file=sys.stderr)  # noqa: T201


def _json(result: "duckdb.DuckDBPyConnection") -> None:
    header = _distinct(_header(result))
    write = sys.stdout.write
    write("[")
    for number, row in enumerate(_rows(result)):
        write(",\n " if number else "\n ")
        named = {name: _finite(value) for name, value in zip(header, row, strict=True)}
        write(json.dumps(named, default=_value, allow_nan=False))
    write("\n]\n")


def _csv(result: "duckdb.DuckDBPyConnection", *, raw: bool) -> None:
    speak_utf_8()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    written = _as_is if raw else _harmless
    writer.writerow([written(name) for name in _header(result)])
    writer.writerows([written(value) for value in row] for row in _rows(result))


def _harmless(value: object) -> object:
    """A text that no spreadsheet takes for a formula, as OWASP's CSV Injection advises.

    Numbers stay numbers: only text can be a formula.
    """
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _as_is(value: object) -> object:
    return value


def _rows(result: "duckdb.DuckDBPyConnection") -> Iterator[tuple[Any, ...]]:
    while batch := result.fetchmany(_BATCH):
        yield from batch


def _header(result: "duckdb.DuckDBPyConnection") -> list[str]:
    return [column[0] for column in result.description or ()]


def _distinct(names: Sequence[str]) -> list[str]:
    """Columns of one name apart, as DuckDB's own tables have them: `a`, `a_1`."""
    taken: list[str] = []
    for name in names:
        number, free = 0, name
        while free in taken:
            number += 1
            free = f"{name}_{number}"
        taken.append(free)
    return taken


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become text, as DuckDB spells them."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return value


def _value(value: object) -> Any:
    from decimal import Decimal

    # Text keeps every digit: a reader's JSON number would be a binary float.
    return str(value) if isinstance(value, Decimal) else plain(value)


def _is_numeric(column: Sequence[str]) -> bool:
    texts = [text for text in column if text]
    return bool(texts) and all(_number(text) for text in texts)


def _number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True
