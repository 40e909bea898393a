# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""What DuckDB makes of a sample of the data: types, keys, and how a CSV is written."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from orchestration.errors import UsageError
from orchestration.ingestion import casts, nested
from orchestration.ingestion.column_types import canonical_type
from orchestration.ingestion.naming import TableFiles, singular
from orchestration.ingestion.sample_files import plain_files
from orchestration.ingestion.schema import Field, free_name, landed_name
from orchestration.ingestion.spec import Format
from orchestration.lake.confine import reader as confined
from orchestration.lake.types import literal, quote

_MOST_ROWS = 200_000
# Types of Parquet files that Iceberg lacks, and what holds every value of them.
_WIDENED = {
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "UTINYINT": "integer",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "decimal(20,0)",
    "HUGEINT": "decimal(38,0)",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
}
_NUMBERS = ("integer", "bigint", "double", "float")
_CHANGE_WORDS = ("updated", "modified", "changed")


@dataclass(frozen=True)
class SampledColumn:
    """One column of the sample: its name in the lake, its type, its original name."""

    name: str
    type: str
    original: str


@dataclass(frozen=True)
class SampledTable:
    """What a sample of a table's files suggests.

    Attributes:
        key: A column that is unique and never NULL within each file.
        cursor: A time that says when a row was changed last.
        csv: Options that differ from the spec's defaults.
    """

    files: TableFiles
    columns: tuple[SampledColumn, ...]
    key: str | None = None
    cursor: str | None = None
    csv: dict[str, Any] = field(default_factory=dict)


def look_at(table: TableFiles) -> SampledTable:
    """Infer a table's columns and key from its first files.

    Raises:
        UsageError: DuckDB cannot read them.
    """
    try:
        with plain_files(table) as files, confined(*files) as con:
            paths = [glob.escape(str(path)) for path in files]
            reader = _reader(table.format, paths)
            csv = _csv_options(con, paths[0]) if table.format == "csv" else {}
            columns = _columns(con, reader)
            columns = _exact(con, _Sample(table.format, paths, csv), columns)
            key = _key(con, reader, table.name, columns)
    except duckdb.Error as error:
        raise UsageError(
            f"DuckDB cannot read it: {str(error).splitlines()[0]}",
            where=str(table.files[0]),
            remedy="Correct or move the file, or write the spec by hand: "
            "docs/how-to/add-a-source.md.",
        ) from error
    cursor = _cursor(columns) if key else None
    return SampledTable(table, columns, key, cursor, csv)


@dataclass(frozen=True)
class _Sample:
    """What is read: paths are patterns, `csv` has the options of the spec."""

    format: Format
    paths: list[str]
    csv: dict[str, Any]


def _reader(format_: Format, paths: list[str], *options: str) -> str:
    listed = f"[{', '.join(map(literal, paths))}]"
    plain = "compression = 'uncompressed'"  # whatever the name says
    function, *given = {
        "csv": (
            "read_csv",
            plain,
            f"sample_size = {_MOST_ROWS}",
            "strict_mode = true",
            "ignore_errors = true",
        ),
        "json": ("read_json", plain),
        "jsonl": (
            "read_json",
            plain,
            "ignore_errors = true",
            "format = 'newline_delimited'",
        ),
        "parquet": ("read_parquet",),
    }[format_]
    common = ("union_by_name = true", "hive_partitioning = false")
    return f"{function}({', '.join((listed, *common, *given, *options))})"


def _exact(
    con: duckdb.DuckDBPyConnection,
    sample: _Sample,
    columns: tuple[SampledColumn, ...],
) -> tuple[SampledColumn, ...]:
    """The columns, as varchar where a load would reject or change a sampled value.

    DuckDB proposes `double` for a number of 20 digits and `bigint` for `00123`, which
    are numbers of orders and postcodes.
    """
    tests = [test or "false" for test in _misfits(con, sample, columns)]
    selected = ", ".join(f"bool_or(coalesce({test}, false))" for test in tests)
    [found] = con.execute(f"select {selected} from {_texts(sample)}").fetchall()
    return tuple(
        replace(column, type="varchar") if unfit else column
        for column, unfit in zip(columns, found, strict=True)
    )


def _texts(sample: _Sample) -> str:
    """The sample as the ingestion reads it, for the same casts."""
    if sample.format == "parquet":
        return _reader("parquet", sample.paths)
    if sample.format == "csv":
        return _reader("csv", sample.paths, "all_varchar = true")
    lines = sample.format == "jsonl"
    function = "read_ndjson_objects" if lines else "read_json_objects"
    extra = "ignore_errors = true" if lines else "format = 'auto'"
    listed = f"[{', '.join(map(literal, sample.paths))}]"
    return (
        f"(select json as document from {function}({listed}, {extra}, "
        "compression = 'uncompressed', hive_partitioning = false))"
    )


def _misfits(
    con: duckdb.DuckDBPyConnection,
    sample: _Sample,
    columns: tuple[SampledColumn, ...],
) -> Iterator[str | None]:
    """For each column, where a value is not what its text says."""
    described = con.execute(f"describe from {_texts(sample)}").fetchall()
    types = {row[0]: row[1] for row in described}
    for column in columns:
        field = Field(column.name, column.type, column.original)
        text = quote(column.original)
        match sample.format:
            case "parquet":
                yield casts.from_typed(field, types[column.original]).misfit
            case "csv":
                kind = column.type.partition(" ")[0]
                format_ = sample.csv.get(f"{kind}_format")
                wrong = casts.from_reader(field, text, format_).misfit
                padded = rf"regexp_matches({text}, '^\s*[+-]?0[0-9]')"
                yield f"{wrong} or {padded}" if column.type in _NUMBERS else wrong
            case _:
                yield casts.from_json(field, nested.At("document")).misfit


def _columns(con: duckdb.DuckDBPyConnection, reader: str) -> tuple[SampledColumn, ...]:
    taken: set[str] = set()
    columns = []
    for original, type_, *_ in con.execute(f"describe from {reader}").fetchall():
        name = free_name(landed_name(original), taken)
        taken.add(name)
        columns.append(SampledColumn(name, _landed_type(type_), original))
    return tuple(columns)


def _landed_type(type_: str) -> str:
    try:
        return canonical_type(_WIDENED.get(type_, type_))
    except ValueError:
        return "varchar"  # holds the text of anything


def _csv_options(con: duckdb.DuckDBPyConnection, path: str) -> dict[str, Any]:
    [found] = con.execute(
        "select delimiter, quote, hasheader, dateformat, timestampformat "
        f"from sniff_csv({literal(path)}, sample_size = {_MOST_ROWS}, "
        "compression = 'uncompressed')"
    ).fetchall()
    delimiter, quoted, has_header, dates, timestamps = found
    options: dict[str, Any] = {}
    if delimiter != ",":
        options["delimiter"] = delimiter
    if quoted not in ('"', "\0", "", "(empty)"):
        options["quote"] = quoted
    if not has_header:
        options["header"] = False
    if dates and not dates.startswith("%Y-%m-%d"):
        options["date_format"] = dates
    if timestamps and not timestamps.startswith("%Y-%m-%d"):
        options["timestamp_format"] = timestamps
    return options


def _key(
    con: duckdb.DuckDBPyConnection,
    reader: str,
    table: str,
    columns: tuple[SampledColumn, ...],
) -> str | None:
    likely = ("id", f"{table}_id", f"{singular(table)}_id", columns[0].name)
    for wanted in dict.fromkeys(likely):
        for column in columns:
            if column.name != wanted or column.type in ("boolean", "double", "float"):
                continue
            name = quote(column.original)
            # Within a file: a row that was sent again stands in a later one.
            unique = con.execute(
                f"select count(*) > 0 and count(*) = count(distinct ({name}, _file)) "
                f"and count(*) = count({name}) from "
                f"(select {name}, file_index as _file from {reader})"
            ).fetchone()
            if unique and unique[0]:
                return column.name
    return None


def _cursor(columns: tuple[SampledColumn, ...]) -> str | None:
    times = (c.name for c in columns if c.type.startswith(("timestamp", "date")))
    return next((n for n in times if any(word in n for word in _CHANGE_WORDS)), None)
