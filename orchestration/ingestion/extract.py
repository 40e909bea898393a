# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""Read a batch of files with DuckDB into a temporary table, row order kept.

`files → stage → <the batch's columns>, _file, _verdict [, _raw]`

Rows are staged before they land so that they can be numbered in the file's order by all
cores (`rowid`), counted, and judged before a byte is written to the lake.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from orchestration.errors import GateError
from orchestration.ingestion import casts, csv_files, json_files
from orchestration.ingestion.csv_files import Torn
from orchestration.ingestion.doubt import LONGEST_LINE, look_closely
from orchestration.ingestion.files import shown_list
from orchestration.ingestion.schema import Batch, free_name
from orchestration.ingestion.shapes import as_glob, dialect_of
from orchestration.ingestion.spec import Source
from orchestration.lake.types import literal
from orchestration.trouble import DiskFullError, MemoryShortError, explain

STAGE = "firn_stage"
# What the reader raises at a line that it cannot take apart, or that fills its buffers.
_TORN = (duckdb.InvalidInputException, duckdb.NotImplementedException)
# What DuckDB raises over the bytes of a file; the rest is about the machine, or us.
_UNREADABLE = (
    duckdb.InvalidInputException,
    duckdb.IOException,
    duckdb.ConversionException,
    duckdb.SerializationException,
    duckdb.NotImplementedException,
    duckdb.OutOfRangeException,
)


@dataclass(frozen=True)
class Rows:
    """What a file gave: `first` is the rowid of its first row in the stage."""

    first: int = 0
    staged: int = 0
    misfits: int = 0


@dataclass(frozen=True)
class _Relation:
    """What to stage: SQL of the rows, of each row's text, and of its file's number."""

    sql: str
    raw: str | None = None
    file_number: str = "file_index"
    broken: Sequence[str] = ()


@dataclass(frozen=True)
class Staged:
    """A batch in the table `STAGE`; files go by their number in the batch.

    Attributes:
        batch: With the columns that were found in the rows, for JSON.
        torn: By file and record number (header and blank lines count): no row at all.
        has_raw: Whether `_raw` holds the text of misfits.
    """

    batch: Batch
    rows: dict[int, Rows]
    torn: dict[int, dict[int, Torn]] = field(default_factory=dict)
    has_raw: bool = False

    def accounted(self, number: int) -> int:
        """How many rows of a file DuckDB has found, torn ones included."""
        staged = self.rows.get(number, Rows()).staged
        return staged + len(self.torn.get(number, {}))


def stage(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    batch: Batch,
    *,
    parallel: bool = True,
) -> Staged:
    """Parse a batch; what was staged before is replaced.

    Args:
        parallel: Whether several cores may read one CSV file. Each begins somewhere in
            it, and takes a quoted value that looks like rows for rows.

    Raises:
        GateError: DuckDB cannot read a file at all, or its columns do not fit.
    """
    for name in (STAGE, json_files.DOCUMENTS, csv_files.REJECTS, csv_files.SCANS):
        con.execute(f"drop table if exists temp.{name}")
    try:
        match source.format_of(batch.table):
            case "csv":
                return _stage_csv(con, source, batch, parallel=parallel)
            case "parquet":
                return _stage_parquet(con, batch)
            case _:
                return _stage_json(con, source, batch)
    except duckdb.Error as error:
        # Of a broken Parquet footer it says no more than "Error".
        if type(error) is not duckdb.Error and not isinstance(error, _UNREADABLE):
            raise
        trouble = explain(error)
        if isinstance(trouble, (DiskFullError, MemoryShortError)):
            raise trouble from error  # no fault of the file
        lines = [line for line in str(error).splitlines() if line.strip()]
        said = lines[0]
        for file in batch.files:
            said = said.replace(str(file.readable), file.shown)
        raise GateError(
            f"DuckDB cannot read it, nothing of this source was published: {said}",
            where=_culprit(lines, batch),
            remedy="Line ends that are mixed, a quote that never closes or a broken "
            "document are the usual causes: correct the file, or move it away.",
        ) from error


def _stage_csv(
    con: duckdb.DuckDBPyConnection, source: Source, batch: Batch, *, parallel: bool
) -> Staged:
    where = {field.name: place for place, field in csv_files.places(batch).items()}
    formats = csv_files.formats(source)
    columns = [
        casts.from_reader(field, where.get(field.name), formats.get(field.type))
        for field in batch.fields
    ]
    try:
        read = csv_files.reader(source, batch, f"parallel = {parallel}")
        _fill(con, columns, _Relation(read))
    except _TORN:  # see first whether the lines can be listed
        dialect = dialect_of(source, batch.table)
        longest = look_closely(batch.files, dialect, len(where))
        parallel = parallel and longest <= LONGEST_LINE
        listing = csv_files.list_torn(parallel=parallel)
        _fill(con, columns, _Relation(csv_files.reader(source, batch, *listing)))
        return Staged(batch, _rows(con), csv_files.torn(con, batch))
    return Staged(batch, _rows(con))


def reject_nul(
    con: duckdb.DuckDBPyConnection, staged: Staged, files: Sequence[int]
) -> Staged:
    """Judge the rows of files that hold NUL bytes, by their number in the batch."""
    verdict = casts.nul_verdict(staged.batch.fields)
    if not files or verdict is None:
        return staged
    con.execute(
        f"update {STAGE} set _verdict = {verdict} "
        f"where _verdict is null and _file in ({', '.join(map(str, files))})"
    )
    return replace(staged, rows=_rows(con))


def _stage_parquet(con: duckdb.DuckDBPyConnection, batch: Batch) -> Staged:
    types = dict(zip(batch.shape.names or (), batch.shape.types, strict=True))
    columns = [
        casts.from_typed(field, types.get(field.original or "", ""))
        for field in batch.fields
    ]
    reader = f"read_parquet({_paths(batch)}, hive_partitioning = false"
    number, text = "file_index", "to_json(_firn_row)"
    taken = {name.lower() for name in types}
    if number in taken:  # which hides DuckDB's own
        path = free_name("_firn_file", taken)
        reader += f", filename = {literal(path)}"
        paths = _list(str(file.readable) for file in batch.files)
        number = f"(list_position({paths}, {path}) - 1)"
        text = f"json_merge_patch({text}, '{{\"{path}\": null}}')"
    raw = f"{text}::varchar"
    _fill(con, columns, _Relation(f"{reader}) as _firn_row", raw, number))
    return Staged(batch, _rows(con), has_raw=True)


def _stage_json(con: duckdb.DuckDBPyConnection, source: Source, batch: Batch) -> Staged:
    objects = json_files.read(con, source, batch, _paths(batch))
    columns, relation, broken = json_files.columns(objects)
    _fill(con, columns, _Relation(relation, "raw", broken=broken))
    return Staged(replace(batch, fields=objects.fields), _rows(con), has_raw=True)


def _fill(
    con: duckdb.DuckDBPyConnection, columns: list[casts.Cast], relation: _Relation
) -> None:
    selected = [f"{cast.value} as {cast.field.staged}" for cast in columns]
    verdict = casts.verdict(columns, broken=relation.broken)
    selected += [f"{relation.file_number}::smallint as _file", f"{verdict} as _verdict"]
    if relation.raw:
        text = f"case when _verdict is not null then {relation.raw} end"
        selected.append(f"{text} as _raw")
    con.execute(
        f"create temp table {STAGE} as select {', '.join(selected)} from {relation.sql}"
    )


def _rows(con: duckdb.DuckDBPyConnection) -> dict[int, Rows]:
    found = con.execute(
        "select _file, min(rowid), max(rowid), count(*), count(_verdict) "
        f"from {STAGE} group by _file"
    ).fetchall()
    rows = {}
    for file, first, last, staged, misfits in found:
        if last - first + 1 != staged:  # else row numbers would be wrong, in silence
            raise AssertionError("DuckDB mixed the rows of two files")
        rows[file] = Rows(first, staged, misfits)
    return rows


def _paths(batch: Batch) -> str:
    return _list(as_glob(file) for file in batch.files)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(literal(text) for text in texts)}]"


def _culprit(lines: list[str], batch: Batch) -> str:
    message = "\n".join(lines)
    named = [file for file in batch.files if str(file.readable) in message]
    return shown_list(named or batch.files)
