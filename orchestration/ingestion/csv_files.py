# ruff: noqa: S608 - names and texts in SQL pass through `literal`
"""How DuckDB is asked to read CSV, and which lines it could not take apart.

Every column is read as text and cast by `casts`: what does not fit is then a verdict
in the stage, and only lines that are torn are left to DuckDB's list of rejects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from orchestration.ingestion.schema import Batch, Field
from orchestration.ingestion.shapes import as_glob
from orchestration.ingestion.spec import Source
from orchestration.lake.types import literal

REJECTS, SCANS = "firn_reject_errors", "firn_reject_scans"


@dataclass(frozen=True)
class Torn:
    """Why DuckDB could make no row of a record."""

    column: str | None
    reason: str


def places(batch: Batch) -> dict[str, Field]:
    """What the reader calls each column: DuckDB would mix up `Name` and `name`."""
    fields = {field.original: field for field in batch.fields}
    names = batch.shape.names or ()
    return {f"c{number}": fields[name] for number, name in enumerate(names)}


def reader(source: Source, batch: Batch, *options: str) -> str:
    """The table function that reads a batch; the first torn line makes it raise."""
    csv = source.csv
    columns = ", ".join(f"{place}: 'varchar'" for place in places(batch))
    asked = [
        f"columns = {{{columns}}}",
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
        *options,
    ]
    return f"read_csv({_list(map(as_glob, batch.files))}, {', '.join(asked)})"


def list_torn(*, parallel: bool) -> list[str]:
    """Options by which the reader lists torn lines and goes on."""
    return [
        "store_rejects = true",
        f"rejects_table = {literal(REJECTS)}",
        f"rejects_scan = {literal(SCANS)}",
        f"parallel = {parallel}",
    ]


def formats(source: Source) -> Mapping[str, str]:
    """By type, how the spec says that its values are written, as for `strptime`."""
    csv = source.csv
    given = {
        "date": csv.date_format,
        "timestamp": csv.timestamp_format,
        "timestamp with time zone": csv.timestamp_format,
    }
    return {type_: format_ for type_, format_ in given.items() if format_}


def torn(con: duckdb.DuckDBPyConnection, batch: Batch) -> dict[int, dict[int, Torn]]:
    """What the reader listed: by file and record number, blank lines included."""
    found = con.execute(
        "select file_path, line, arg_min(column_name, place), "
        "arg_min(concat_ws(': ', error_type, error_message), place) from (select *, "
        # What is wrong with a whole line, as one that is too long, has no column.
        "coalesce(column_idx, 0) as place "
        f"from {REJECTS} join {SCANS} using (scan_id, file_id)) group by all"
    ).fetchall()
    numbers = {str(file.readable): number for number, file in enumerate(batch.files)}
    columns = places(batch)
    lines: dict[int, dict[int, Torn]] = {}
    for path, record, column, message in found:
        name = columns[column].name if column in columns else None
        lines.setdefault(numbers[path], {})[record] = Torn(name, message.strip())
    return lines


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(literal(text) for text in texts)}]"
