"""Count and find the records of a text file without DuckDB: the second opinion.

`scan_text` looks at bytes only (newlines outside quotes), nearly at the disk's speed.
`walk` reads record by record with Python's own CSV parser; it is for files where the
first count and DuckDB disagree, and to show the text of rejected rows.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import IO, TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from orchestration.ingestion.files import SourceFile, open_content

if TYPE_CHECKING:
    import _csv

_CHUNK = 1 << 20
_SNIFFED = 1 << 16
_LONGEST_FIELD = 16 << 20
_LONGEST_LINE = 64 << 20  # characters, as long as a JSON object may be
_LF, _CR = 10, 13


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How records are told apart.

    Attributes:
        quote: The quote character; empty when nothing is quoted.
        blank: Characters that make no record when a line holds nothing else.
        blank_is_row: A blank line is a row of NULL, as in a CSV of one column.
    """

    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    encoding: str = "utf-8"
    blank: str = "\r\n"
    blank_is_row: bool = False


@dataclass(frozen=True)
class Scan:
    """One pass over a file: the hash of its content, and its number of rows."""

    sha256: str
    rows: int
    has_nul: bool = False


@dataclass(frozen=True)
class Record:
    """One record of a text file.

    Attributes:
        index: Its number in the file from 1, header and blank lines included.
        row: Its number among the rows from 1; 0 for the header and blank lines.
        line: The line that it starts on, from 1, as an editor counts.
        lines: How many lines it takes.
        fields: How many values it has.
        is_last: Whether the file ends with it.
    """

    index: int
    row: int
    line: int
    lines: int
    fields: int
    text: str
    is_last: bool


def scan_text(file: SourceFile, dialect: Dialect) -> Scan:
    """Hash a file and count its rows in one pass over its decompressed bytes."""
    digest = hashlib.sha256()
    counter = _RowCounter(dialect, newline=_newline(file))
    decoder = None
    if dialect.encoding != "utf-8":
        decoder = codecs.getincrementaldecoder(dialect.encoding)("replace")
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    has_nul = False
    with open_content(file) as stream:
        while size := stream.readinto(buffer):  # type: ignore[attr-defined]
            digest.update(view[:size])
            text: memoryview | bytes = view[:size]
            nul = buffer.find(0, 0, size)
            if decoder is not None:
                text = _utf8(decoder, view[:size])
                nul = text.find(0)
            has_nul = has_nul or nul >= 0
            counter.feed(np.frombuffer(text, dtype=np.uint8))
    return Scan(digest.hexdigest(), counter.rows(), has_nul)


def scan_bytes(file: SourceFile) -> str:
    """The SHA-256 of a file's decompressed bytes, in hexadecimal."""
    with open_content(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def walk(file: SourceFile, dialect: Dialect) -> Iterator[Record]:
    """Every record of a file with its place and text.

    Raises:
        csv.Error: A value never ends; the message names the line that it starts on.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    with open_content(file) as stream:
        buffered = io.BufferedReader(cast("io.RawIOBase", stream))
        text = io.TextIOWrapper(
            buffered, encoding, errors="backslashreplace", newline=""
        )
        yield from _records(text, dialect)


def csv_reader(lines: Iterable[str], dialect: Dialect) -> "_csv._reader":
    """Python's own CSV parser for a dialect."""
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )


def _records(text: IO[str], dialect: Dialect) -> Iterator[Record]:
    lines = _Lines(text)
    reader = csv_reader(lines, dialect)
    header_due = dialect.header
    row, line = 0, 1
    for index in count(1):
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(f"from line {line} on: {error}") from error
        raw = lines.take()
        content = "".join(raw)
        is_blank = not content.strip(dialect.blank)
        is_header = header_due and not is_blank
        is_row = not header_due and (dialect.blank_is_row or not is_blank)
        header_due = header_due and not is_header
        row += is_row
        yield Record(
            index, row * is_row, line, len(raw), len(values), content, lines.ended
        )
        line += len(raw)


class _Lines:
    """Hands lines to the CSV reader, remembers them, and knows the last one."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._taken: list[str] = []
        self._next = text.readline(_LONGEST_LINE)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._next
        if not line:
            raise StopIteration
        if len(line) == _LONGEST_LINE:  # the rest of it may be longer than memory
            raise csv.Error(f"a line has more than {_LONGEST_LINE:,} characters")
        self._taken.append(line)
        self._next = self._text.readline(_LONGEST_LINE)
        return line

    def take(self) -> list[str]:
        """The lines handed out since the last call."""
        taken, self._taken = self._taken, []
        return taken

    @property
    def ended(self) -> bool:
        """Whether no line is left."""
        return not self._next


class _RowCounter:
    """Counts line ends outside quotes, chunk by chunk; a doubled quote cancels out."""

    def __init__(self, dialect: Dialect, *, newline: int) -> None:
        self._dialect = dialect
        self._quote = ord(dialect.quote) if dialect.quote else None
        self._newline = newline
        self._inside = 0  # 1 while a quote is open
        self._offset = 0  # of the chunk in the file
        self._last_end = -1  # offset of the last line end outside quotes
        self._last_byte = 0
        self._records = 0

    def feed(self, chunk: npt.NDArray[np.uint8]) -> None:
        """Take the next bytes, as UTF-8."""
        if not len(chunk):
            return
        ends = self._ends_outside_quotes(chunk)
        if len(ends):
            blank = 0 if self._dialect.blank_is_row else self._blank_lines(chunk, ends)
            self._records += len(ends) - blank
            self._last_end = self._offset + int(ends[-1])
        self._offset += len(chunk)
        self._last_byte = int(chunk[-1])

    def rows(self) -> int:
        """The records so far, without the header."""
        unended = self._offset - 1 - self._last_end
        only_cr = unended == 1 and self._last_byte == _CR
        records = self._records + (unended > 0 and not only_cr)
        return max(records - self._dialect.header, 0)

    def _ends_outside_quotes(
        self, chunk: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.intp]:
        ends = np.flatnonzero(chunk == self._newline)
        if self._quote is None:
            return ends
        quotes = np.flatnonzero(chunk == self._quote)
        if not len(quotes):
            return ends[:0] if self._inside else ends
        before = np.searchsorted(quotes, ends)
        inside = self._inside
        self._inside ^= len(quotes) & 1
        outside: npt.NDArray[np.intp] = ends[(before & 1) == inside]
        return outside

    def _blank_lines(
        self, chunk: npt.NDArray[np.uint8], ends: npt.NDArray[np.intp]
    ) -> int:
        lengths = np.diff(ends, prepend=self._last_end - self._offset)
        blank = int(np.count_nonzero(lengths == 1))
        for at in ends[lengths == 2]:  # one byte before the end: blank if it is \r
            previous = chunk[at - 1] if at else self._last_byte
            blank += int(previous == _CR)
        return blank


def _newline(file: SourceFile) -> int:
    with open_content(file) as stream:
        start = stream.read(_SNIFFED)
    return _CR if b"\r" in start and b"\n" not in start else _LF


def _utf8(decoder: codecs.IncrementalDecoder, data: memoryview) -> bytes:
    return decoder.decode(bytes(data)).encode("utf-8", "replace")
