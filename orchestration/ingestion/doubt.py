"""Look at CSV files in which DuckDB met a line that it cannot take apart.

DuckDB can go on and list such lines, but it takes about 1 KB of memory, outside of its
limit, for each; and a quote that never closes makes one of every line of the file. So
Python's own parser reads the files first, and refuses those that are past listing.
"""

import csv
import re
from collections.abc import Iterable

from orchestration.errors import GateError
from orchestration.ingestion.files import SourceFile
from orchestration.ingestion.records import Dialect, Record, walk

LONGEST_LINE = 2_000_000  # bytes; DuckDB's default
_MOST_TORN = 200_000
_ENDS = {"\n": "LF", "\r": "CR", "\r\n": "CRLF"}


def look_closely(files: Iterable[SourceFile], dialect: Dialect, width: int) -> int:
    """Refuse what DuckDB cannot list the torn lines of.

    Args:
        width: How many values a line should have.

    Returns:
        The characters of the longest record.

    Raises:
        GateError: A value never ends, line ends are mixed, or most lines are torn.
    """
    return max((_look(file, dialect, width) for file in files), default=0)


def never_closes(file: SourceFile, detail: str) -> GateError:
    """The refusal of a file in which a quote opens and nothing closes it."""
    return GateError(
        f"a quoted value never closes, or is too long to land ({detail}); "
        "nothing of this source was published",
        where=file.shown,
        remedy="Correct the file, or set `csv.quote` in the spec; lines of up to "
        f"{LONGEST_LINE:,} bytes can land.",
    )


def _look(file: SourceFile, dialect: Dialect, width: int) -> int:
    bare = _bare_quote(dialect)
    torn = longest = 0
    end = ""
    try:
        for record in walk(file, dialect):
            end = _same_end(file, record, end)
            longest = max(longest, len(record.text))
            torn += bool(record.row) and _is_torn(record, width, bare)
            if torn > _MOST_TORN:
                raise _too_many(file, width)
    except csv.Error as error:
        raise never_closes(file, str(error)) from error
    return longest


def _is_torn(record: Record, width: int, bare: re.Pattern[str] | None) -> bool:
    text = record.text
    if record.fields != width or "\\x" in text:  # which stands for a byte of no text
        return True
    return bare is not None and bare.search(text) is not None


def _bare_quote(dialect: Dialect) -> re.Pattern[str] | None:
    """A quote in the middle of a value, which DuckDB refuses in a quoted one."""
    if not dialect.quote:
        return None
    quote, mark = re.escape(dialect.quote), re.escape(dialect.delimiter)
    return re.compile(rf"(?<=[^{mark}{quote}\r\n]){quote}(?=[^{mark}{quote}\r\n])")


def _same_end(file: SourceFile, record: Record, end: str) -> str:
    found = record.text[len(record.text.rstrip("\r\n")) :]
    found = "\r\n" if found.endswith("\r\n") else found[-1:]
    if end and found and found != end:
        raise GateError(
            f"line ends are mixed: lines end in {_ENDS[end]}, line "
            f"{record.line + record.lines - 1} in {_ENDS[found]}; nothing of this "
            "source was published",
            where=file.shown,
            remedy="Write all lines with one kind of end, or quote values that hold "
            "line ends.",
        )
    return end or found


def _too_many(file: SourceFile, width: int) -> GateError:
    return GateError(
        f"more than {_MOST_TORN:,} of its lines do not have {width} well-formed "
        "values; nothing of this source was published",
        where=file.shown,
        remedy="Check `columns` and `csv` in the spec (delimiter, quote, encoding) "
        "against the file.",
    )
