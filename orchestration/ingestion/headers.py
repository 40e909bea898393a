"""The header of a CSV file, and what its first bytes say about its encoding."""

import codecs
import csv
import io
from itertools import dropwhile

from orchestration.errors import GateError
from orchestration.ingestion.files import SourceFile, open_content
from orchestration.ingestion.records import Dialect, Record, csv_reader, walk

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def header_of(
    file: SourceFile, dialect: Dialect, expected: tuple[str, ...]
) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and how many lines there are before the header.

    Empty names at the end are left out: they come of a delimiter at the end of each
    line, and DuckDB takes a line whose last value is empty and one too many.

    Args:
        expected: The names of the spec, which stand for a header that is not there.

    Raises:
        GateError: It cannot be read, or is not what `csv` in the spec says.
    """
    _check_mark(file, dialect.encoding)
    try:
        first = _first_record(file, dialect)
        if first is None:
            return expected, 0  # no row, no harm
        text = io.StringIO(first.text, newline="")
        names = [name.strip() for name in next(csv_reader(text, dialect))]
    except (csv.Error, UnicodeError, OSError, EOFError) as error:
        raise _refusal(file, f"its header cannot be read ({error})") from error
    if not dialect.header:
        if tuple(names) == expected:
            raise _refusal(file, "its first line is a header, and `csv.header` is off")
        return expected, 0
    if any("\0" in name for name in names):
        raise _refusal(file, "its header holds NUL bytes, so it is no UTF-8")
    while names and not names[-1]:
        names.pop()
    return tuple(names), first.index - 1


def _first_record(file: SourceFile, dialect: Dialect) -> Record | None:
    records = walk(file, dialect)
    return next(dropwhile(lambda one: not one.text.strip("\r\n"), records), None)


def _check_mark(file: SourceFile, encoding: str) -> None:
    with open_content(file) as stream:
        start = stream.read(2)
    if encoding == "utf-16" and start and start != codecs.BOM_UTF16_LE:
        raise _refusal(
            file,
            "it is no little-endian UTF-16 with a byte order mark, which is the one "
            "that DuckDB reads",
        )
    if encoding != "utf-16" and start in _UTF16_MARKS:
        raise _refusal(file, f"it is UTF-16, and `csv.encoding` is {encoding}")


def _refusal(file: SourceFile, what: str) -> GateError:
    return GateError(
        f"{what}; nothing of this source was published",
        where=file.shown,
        remedy="Check `csv` in the spec: quote, delimiter, header, encoding.",
    )
