# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""Which rows of a file did not fit, where they stand in it, and why.

DuckDB says which records it could not take apart and which values it could not cast;
`records.walk` reads the file again, only when there are such rows, to number them
and to show their text. (What DuckDB says of a rejected line's text and byte position is
at times true of its neighbour; its record numbers are right.)
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from orchestration.errors import GateError
from orchestration.ingestion import casts
from orchestration.ingestion.extract import STAGE, Staged
from orchestration.ingestion.files import SourceFile
from orchestration.ingestion.records import Dialect, Record, Scan, walk

_LONGEST_TEXT = 4000
_MOST_MISFITS = 1_000_000  # of a batch, each about 1 KB of memory until it has landed


@dataclass(frozen=True)
class Reject:
    """One row that does not fit; `line` is None where the format has no lines."""

    row: int
    line: int | None
    column: str | None
    reason: str
    text: str
    torn: bool = False


@dataclass(frozen=True)
class Misfit:
    """A row in the stage that does not fit: the how many-th of its file, and why."""

    verdict: int
    text: str | None


@dataclass(frozen=True)
class Judged:
    """The rows of one file, counted twice: `source_rows` = landed + rejected."""

    source_rows: int
    rejects: tuple[Reject, ...]

    @property
    def landed(self) -> int:
        """Rows that fit."""
        return self.source_rows - len(self.rejects)


def misfits(
    con: duckdb.DuckDBPyConnection, staged: Staged
) -> dict[int, dict[int, Misfit]]:
    """The stage's misfits, by file and by their place among the file's staged rows.

    Raises:
        GateError: There are so many that listing them would take all memory.
    """
    if sum(rows.misfits for rows in staged.rows.values()) > _MOST_MISFITS:
        raise _too_many(con, staged)
    raw = "_raw" if staged.has_raw else "null"
    found: dict[int, dict[int, Misfit]] = {}
    if not any(rows.misfits for rows in staged.rows.values()):
        return found
    for file, rowid, verdict, text in con.execute(
        f"select _file, rowid, _verdict, {raw} from {STAGE} "
        "where _verdict is not null order by rowid"
    ).fetchall():
        place = rowid - staged.rows[file].first + 1
        found.setdefault(file, {})[place] = Misfit(verdict, text)
    return found


def _too_many(con: duckdb.DuckDBPyConnection, staged: Staged) -> GateError:
    [(file, verdict, misfits)] = con.execute(
        f"select _file, _verdict, count(*) as misfits from {STAGE} "
        "where _verdict is not null group by all order by misfits desc limit 1"
    ).fetchall()
    _, reason = casts.reason(staged.batch.fields, verdict)
    return GateError(
        f"more than {_MOST_MISFITS:,} rows do not fit, of {misfits:,} here the reason "
        f"is: {reason}; nothing of this source was published",
        where=staged.batch.files[file].shown,
        remedy="Correct the column in the spec, or the file.",
    )


def judge(
    staged: Staged,
    number: int,
    scan: Scan,
    bad: Mapping[int, Misfit],
    dialect: Dialect | None,
) -> Judged:
    """Account for every row of one file; `dialect` is None where it has no lines.

    Raises:
        GateError: Rows are missing or too many, or a quote never closes.
    """
    file = staged.batch.files[number]
    torn = staged.torn.get(number, {})
    accounted = staged.accounted(number)
    source_rows = scan.rows
    rejects: tuple[Reject, ...] = ()
    if dialect is None:
        rejects = tuple(_described(staged, bad))
    elif torn or bad or source_rows != accounted:
        try:
            rejects, source_rows = _located(staged, number, bad, dialect)
        except csv.Error as error:
            raise _never_closes(file, str(error)) from error
    if source_rows != accounted or len(rejects) != len(torn) + len(bad):
        raise GateError(
            f"its rows do not add up, nothing of this source was published: "
            f"{source_rows} in the file, {accounted} read by DuckDB",
            where=file.shown,
            remedy="Look for a quote that is opened and not closed, or set `csv.quote` "
            "in the spec.",
        )
    return Judged(source_rows, rejects)


def _described(staged: Staged, bad: Mapping[int, Misfit]) -> Iterator[Reject]:
    for place, misfit in bad.items():
        column, reason = casts.reason(staged.batch.fields, misfit.verdict)
        yield Reject(place, None, column, reason, (misfit.text or "")[:_LONGEST_TEXT])


def _located(
    staged: Staged, number: int, bad: Mapping[int, Misfit], dialect: Dialect
) -> tuple[tuple[Reject, ...], int]:
    file = staged.batch.files[number]
    torn = staged.torn.get(number, {})
    rejects: list[Reject] = []
    place = total = 0
    for record in walk(file, dialect):
        if not record.row:
            continue
        total = record.row
        if record.index in torn:
            cause = torn[record.index]
            if record.is_last and record.lines > 1:
                raise _never_closes(file, f"from line {record.line} to the end")
            rejects.append(_reject(record, cause.column, cause.reason, torn=True))
            continue
        place += 1
        if place in bad:
            column, reason = casts.reason(staged.batch.fields, bad[place].verdict)
            rejects.append(_reject(record, column, reason))
    return tuple(rejects), total


def _reject(
    record: Record, column: str | None, reason: str, *, torn: bool = False
) -> Reject:
    text = record.text.rstrip("\r\n")[:_LONGEST_TEXT]
    return Reject(record.row, record.line, column, reason, text, torn)


def _never_closes(file: SourceFile, detail: str) -> GateError:
    return GateError(
        f"a quoted value never closes ({detail}), nothing of this source was published",
        where=file.shown,
        remedy="Correct the file, or set `csv.quote` in the spec.",
    )
