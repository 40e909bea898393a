# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""Write staged rows, rejects and the ledger to the raw tables of a branch.

`stage → land → raw.<source>__<table>, raw.<source>__rejects, raw.<source>__loads`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from orchestration.errors import GateError
from orchestration.ingestion import ledger
from orchestration.ingestion.extract import STAGE, Staged
from orchestration.ingestion.rejects import Judged
from orchestration.ingestion.schema import Field
from orchestration.ingestion.spec import Source
from orchestration.ingestion.values import as_relation
from orchestration.lake.types import literal, quote

RAW = "raw"
SYSTEM_COLUMNS = {
    "_load_id": "varchar",
    "_loaded_at": "timestamp",
    "_source_file": "varchar",
    "_row_number": "bigint",
}
REJECT_COLUMNS = {
    "_load_id": "varchar",
    "_loaded_at": "timestamp",
    "table_name": "varchar",
    "_source_file": "varchar",
    "_row_number": "bigint",
    "line_number": "bigint",
    "column_name": "varchar",
    "reason": "varchar",
    "raw_line": "varchar",
}
# DuckDB 1.5 writes such a table on all cores; without partitions its threads wait for
# each other. A file a month is what stays of small loads once they are joined.
PARTITION = "month(_loaded_at)"
# Iceberg changes these types in place, without touching a file.
_WIDER = {("integer", "bigint"), ("float", "double")}


@dataclass(frozen=True)
class Load:
    """One load of a source: its id and its moment (UTC) are on every row it writes."""

    id: str
    at: datetime

    @property
    def columns(self) -> str:
        """The two columns as SQL."""
        at = self.at.isoformat(sep=" ")
        return f"{literal(self.id)} as _load_id, timestamp {literal(at)} as _loaded_at"


def relation(source: Source, table: str) -> str:
    """A raw table's full name in DuckDB."""
    return f"lake.{RAW}.{quote(source.raw_name(table))}"


def prepare(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    *,
    partition: str = "",
) -> None:
    """Create a raw table, or add the columns that it lacks.

    Args:
        partition: Transforms of a new table: `month(_loaded_at)`.

    Raises:
        GateError: A column has another type already, and Iceberg cannot widen it.
    """
    con.execute(f"create schema if not exists lake.{RAW}")
    definitions = ", ".join(f"{quote(key)} {type_}" for key, type_ in columns.items())
    parts = f"partitioned by ({partition})" if partition else ""
    con.execute(f"create table if not exists {name} ({definitions}) {parts}")
    found = con.execute(f"describe {name}").fetchall()
    existing = {row[0]: str(row[1]) for row in found}
    for column, type_ in columns.items():
        if column not in existing:
            con.execute(f"alter table {name} add column {quote(column)} {type_}")
        elif existing[column].lower() != type_.lower():
            _retype(con, name, column, existing[column].lower(), type_)


def columns_of(fields: Sequence[Field]) -> dict[str, str]:
    """A raw table's columns: those of the files, then those of the load."""
    return {field.name: field.type for field in fields} | SYSTEM_COLUMNS


def write_rows(
    con: duckdb.DuckDBPyConnection,
    name: str,
    staged: Staged,
    judged: Mapping[int, Judged],
    load: Load,
) -> None:
    """Append the rows of the judged files that fit, numbered as in their file."""
    if not any(verdict.landed for verdict in judged.values()):
        return
    files = ", ".join(
        f"({number}, {literal(staged.batch.files[number].shown)}, "
        f"{staged.rows[number].first - 1})"
        for number in judged
        if number in staged.rows
    )
    columns = ", ".join(
        f"stage.{field.staged} as {quote(field.name)}" for field in staged.batch.fields
    )
    place = "stage.rowid - files.before"
    shifted = _keep_gaps(con, judged)
    gaps = (
        f"asof left join temp.firn_gaps as gaps on stage._file = gaps.file "
        f"and {place} >= gaps.place"
        if shifted
        else ""
    )
    row = f"{place} + coalesce(gaps.shift, 0)" if shifted else place
    con.execute(
        f"insert into {name} by name select {columns}, {load.columns}, "
        f"files.path as _source_file, {row} as _row_number "
        f"from {STAGE} as stage "
        f"join (values {files}) as files (file, path, before) "
        f"on stage._file = files.file {gaps} where stage._verdict is null"
    )


def write_rejects(
    con: duckdb.DuckDBPyConnection,
    name: str,
    staged: Staged,
    judged: Mapping[int, Judged],
    load: Load,
) -> None:
    """Append the rows that did not fit."""
    rows = [
        (
            load.id,
            load.at,
            staged.batch.table.name,
            staged.batch.files[number].shown,
            reject.row,
            reject.line,
            reject.column,
            reject.reason,
            reject.text,
        )
        for number, verdict in judged.items()
        for reject in verdict.rejects
    ]
    _append(con, name, REJECT_COLUMNS, rows)


def write_ledger(
    con: duckdb.DuckDBPyConnection,
    name: str,
    entries: Sequence[ledger.Entry],
    load: Load,
) -> None:
    """Append one row a file."""
    rows = ledger.rows_of(entries, load_id=load.id, loaded_at=load.at)
    _append(con, name, ledger.COLUMNS, rows)


def _append(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
) -> None:
    if not rows:
        return
    with as_relation(con, columns, rows) as values:
        con.execute(f"insert into {name} by name select * from {values}")


def _keep_gaps(con: duckdb.DuckDBPyConnection, judged: Mapping[int, Judged]) -> bool:
    """Say from which staged row on how many rows of the file are not in the stage."""
    gaps: dict[tuple[int, int], int] = {}
    for number, verdict in judged.items():
        torn = [reject.row for reject in verdict.rejects if reject.torn]
        for shift, row in enumerate(torn, start=1):
            gaps[number, row - shift + 1] = shift  # the last of a run of gaps counts
    if gaps:
        rows = [(*key, shift) for key, shift in gaps.items()]
        columns = {"file": "bigint", "place": "bigint", "shift": "bigint"}
        definition = ", ".join(f"{key} {type_}" for key, type_ in columns.items())
        con.execute(f"create or replace temp table firn_gaps ({definition})")
        _append(con, "temp.firn_gaps", columns, rows)
    return bool(gaps)


def _retype(
    con: duckdb.DuckDBPyConnection, name: str, column: str, old: str, new: str
) -> None:
    if (old, new) in _WIDER or _is_wider_decimal(old, new):
        con.execute(f"alter table {name} alter column {quote(column)} type {new}")
        return
    raise GateError(
        f"column {column} is {old} in the lake and {new} in the spec",
        where=name,
        remedy="Raw is append-only: land it under a new name, as in "
        f"`name: {column}_2` with `from: {column}`, and join the two in staging.",
    )


def _is_wider_decimal(old: str, new: str) -> bool:
    if not (old.startswith("decimal(") and new.startswith("decimal(")):
        return False
    old_precision, old_scale = map(int, old[8:-1].split(","))
    new_precision, new_scale = map(int, new[8:-1].split(","))
    return new_scale == old_scale and new_precision >= old_precision
