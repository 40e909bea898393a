# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""Read a batch of files with DuckDB into a temporary table, row order kept.

`files → stage → <the batch's columns>, _file, _verdict [, _raw]`

Rows are staged before they land so that they can be numbered in the file's order by all
cores (`rowid`), counted, and judged before a byte is written to the lake.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import duckdb

from orchestration.errors import GateError
from orchestration.ingestion import casts
from orchestration.ingestion.files import shown_list
from orchestration.ingestion.schema import (
    Batch,
    Field,
    fields_of,
    mismatch,
    schema_error,
)
from orchestration.ingestion.shapes import as_glob
from orchestration.ingestion.spec import Source
from orchestration.lake.types import literal, quote

STAGE = "firn_stage"
_DOCUMENTS = "firn_documents"
_REJECTS, _SCANS = "firn_reject_errors", "firn_reject_scans"
_LONGEST_JSON = 64 << 20
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
class Torn:
    """Why DuckDB could make no row of a record."""

    column: str | None
    reason: str


@dataclass(frozen=True)
class Rows:
    """What a file gave: `first` is the rowid of its first row in the stage."""

    first: int = 0
    staged: int = 0
    misfits: int = 0


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


def stage(con: duckdb.DuckDBPyConnection, source: Source, batch: Batch) -> Staged:
    """Parse a batch; what was staged before is replaced.

    Raises:
        GateError: DuckDB cannot read a file at all, or its columns do not fit.
    """
    for name in (STAGE, _DOCUMENTS, _REJECTS, _SCANS):
        con.execute(f"drop table if exists temp.{name}")
    try:
        match source.format_of(batch.table):
            case "csv":
                return _stage_csv(con, source, batch)
            case "parquet":
                return _stage_parquet(con, batch)
            case _:
                return _stage_json(con, source, batch)
    except _UNREADABLE as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise GateError(
            f"DuckDB cannot read it, nothing of this source was published: {lines[0]}",
            where=_culprit(lines, batch),
            remedy="Line ends that are mixed, a quote that never closes or a broken "
            "document are the usual causes: correct the file, or move it away.",
        ) from error


def _stage_csv(con: duckdb.DuckDBPyConnection, source: Source, batch: Batch) -> Staged:
    places = _places(batch)
    csv = source.csv
    formats = {"date": csv.date_format, "timestamp": csv.timestamp_format}
    given = [type_ for type_, format_ in formats.items() if format_]
    types = {f.name: casts.reader_type(f, formats=given) for f in batch.fields}
    asked = (f"{place}: {literal(types[f.name])}" for place, f in places.items())
    options = [
        f"columns = {{{', '.join(asked)}}}",
        "auto_detect = false",
        f"header = {csv.header}",
        f"delim = {literal(csv.delimiter)}",
        f"quote = {literal(csv.quote)}",
        f"escape = {literal(csv.quote)}",
        f"encoding = {literal(csv.encoding)}",
        f"nullstr = {_list(csv.null_strings)}",
        "compression = 'uncompressed'",  # whatever the name says
        f"skip = {batch.shape.skip}",
        "hive_partitioning = false",
        "store_rejects = true",
        f"rejects_table = {literal(_REJECTS)}",
        f"rejects_scan = {literal(_SCANS)}",
    ]
    options += [f"{t}format = {literal(f)}" for t, f in formats.items() if f]
    where = {field.name: place for place, field in places.items()}
    columns = [
        casts.from_reader(f, where.get(f.name), text=types[f.name] != f.type)
        for f in batch.fields
    ]
    _fill(con, columns, f"read_csv({_paths(batch)}, {', '.join(options)})")
    return Staged(batch, _rows(con), _torn(con, batch))


def _stage_parquet(con: duckdb.DuckDBPyConnection, batch: Batch) -> Staged:
    types = dict(zip(batch.shape.names or (), batch.shape.types, strict=True))
    columns = [
        casts.from_typed(field, types.get(field.original or "", ""))
        for field in batch.fields
    ]
    reader = f"read_parquet({_paths(batch)}, hive_partitioning = false)"
    _fill(con, columns, f"{reader} as parquet", raw="to_json(parquet)::varchar")
    return Staged(batch, _rows(con), has_raw=True)


def _stage_json(con: duckdb.DuckDBPyConnection, source: Source, batch: Batch) -> Staged:
    lines = source.format_of(batch.table) == "jsonl"
    function = "read_ndjson_objects" if lines else "read_json_objects"
    # A broken line comes back as NULL; in one document there is no line to give up.
    extra = "ignore_errors = true" if lines else "format = 'auto'"
    con.execute(
        f"create temp table {_DOCUMENTS} as "
        f"select json as document, file_index as _file from {function}("
        f"{_paths(batch)}, compression = 'uncompressed', "
        f"maximum_object_size = {_LONGEST_JSON}, hive_partitioning = false, {extra})"
    )
    batch = replace(batch, fields=_json_fields(con, source, batch))
    columns = [casts.from_json(field, "document") for field in batch.fields]
    broken = "coalesce(json_type(document), '') <> 'OBJECT'"
    reader = f"(select document, _file as file_index from {_DOCUMENTS})"
    _fill(con, columns, reader, raw="document", broken=broken)
    return Staged(batch, _rows(con), has_raw=True)


def _json_fields(
    con: duckdb.DuckDBPyConnection, source: Source, batch: Batch
) -> tuple[Field, ...]:
    found = con.execute(
        f"select distinct unnest(json_keys(document)) as key from {_DOCUMENTS} "
        "where json_type(document) = 'OBJECT' order by key"
    ).fetchall()
    names = [name for (name,) in found]
    known = [column.original for column in batch.table.columns]
    # JSON leaves a NULL out: a key that no object has is no missing column.
    present = [*known, *(name for name in names if name not in known)]
    if problem := mismatch(source, batch.table, present):
        where = f"{shown_list(batch.files)}: {problem}"
        raise schema_error(source, batch.table, [where])
    return fields_of(source, batch.table, present)


def _fill(
    con: duckdb.DuckDBPyConnection,
    columns: list[casts.Cast],
    reader: str,
    *,
    raw: str | None = None,
    broken: str | None = None,
) -> None:
    selected = [f"{cast.value} as {quote(cast.field.name)}" for cast in columns]
    verdict = casts.verdict(columns, broken=broken)
    selected += ["file_index::smallint as _file", f"{verdict} as _verdict"]
    if raw:
        selected.append(f"case when _verdict is not null then {raw} end as _raw")
    con.execute(
        f"create temp table {STAGE} as select {', '.join(selected)} from {reader}"
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


def _torn(con: duckdb.DuckDBPyConnection, batch: Batch) -> dict[int, dict[int, Torn]]:
    found = con.execute(
        "select file_path, line, arg_min(column_name, place), "
        "arg_min(concat_ws(': ', error_type, error_message), place) from (select *, "
        # What is wrong with a whole line, as one that is too long, has no column.
        "coalesce(column_idx, 0) as place "
        f"from {_REJECTS} join {_SCANS} using (scan_id, file_id)) group by all"
    ).fetchall()
    numbers = {str(file.readable): number for number, file in enumerate(batch.files)}
    places = _places(batch)
    torn: dict[int, dict[int, Torn]] = {}
    for path, record, column, message in found:
        where = torn.setdefault(numbers[path], {})
        name = places[column].name if column in places else None
        where[record] = Torn(name, message.strip())
    return torn


def _places(batch: Batch) -> dict[str, Field]:
    """What the reader calls each column: DuckDB would mix up `Name` and `name`."""
    fields = {field.original: field for field in batch.fields}
    names = batch.shape.names or ()
    return {f"c{number}": fields[name] for number, name in enumerate(names)}


def _paths(batch: Batch) -> str:
    return _list(as_glob(file) for file in batch.files)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(literal(text) for text in texts)}]"


def _culprit(lines: list[str], batch: Batch) -> str:
    message = "\n".join(lines)
    named = [file for file in batch.files if str(file.readable) in message]
    return shown_list(named or batch.files)
