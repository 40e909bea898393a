"""What a file says about its columns before its rows are read: header or footer."""

import glob
import zlib
from dataclasses import dataclass

import duckdb

from orchestration.errors import GateError
from orchestration.ingestion.files import SourceFile
from orchestration.ingestion.headers import header_of
from orchestration.ingestion.kinds import check_kind
from orchestration.ingestion.records import Dialect
from orchestration.ingestion.spec import Source, Table
from orchestration.ingestion.unpack import broken
from orchestration.lake.confine import reader


@dataclass(frozen=True)
class Shape:
    """What a file says about its columns before its rows are read.

    Attributes:
        names: Its columns in its order; None when only the rows know (JSON).
        types: DuckDB's types of those columns, where the format has types.
        skip: Blank lines before the header.
    """

    names: tuple[str, ...] | None = None
    types: tuple[str, ...] = ()
    skip: int = 0


def shape_of(file: SourceFile, source: Source, table: Table) -> Shape:
    """Read the header or footer of a file.

    Raises:
        GateError: It cannot be read at all, or is something else than its format.
        FileNotFoundError: It is gone.
    """
    try:
        return _shape_of(file, source, table)
    except FileNotFoundError:
        raise
    except (EOFError, OSError, zlib.error) as error:  # of what is packed
        raise broken(file, str(error)) from error


def _shape_of(file: SourceFile, source: Source, table: Table) -> Shape:
    format_ = source.format_of(table)
    check_kind(file, format_)
    if format_ == "csv":
        names, skip = header_of(file, dialect_of(source, table), originals(table))
        return Shape(names, skip=skip)
    if format_ == "parquet":
        return _parquet_shape(file)
    return Shape()


def dialect_of(source: Source, table: Table) -> Dialect:
    """How to tell the records of a table's text files apart."""
    if source.format_of(table) == "csv":
        return Dialect(
            delimiter=source.csv.delimiter,
            quote=source.csv.quote,
            header=source.csv.header,
            encoding=source.csv.encoding,
            blank_is_row=len(table.columns) == 1,
        )
    return Dialect(delimiter="\x1f", quote="", header=False, blank=" \t\r\n")


def as_glob(file: SourceFile) -> str:
    """The path for DuckDB, which would take `[` and `*` in it for a pattern."""
    return glob.escape(str(file.readable))


def originals(table: Table) -> tuple[str, ...]:
    """The names that the spec expects in the files, in its order."""
    return tuple(column.original for column in table.columns)


def _parquet_shape(file: SourceFile) -> Shape:
    try:
        with reader(file.path) as con:
            columns = con.execute(
                "describe from read_parquet(?, hive_partitioning = false)",
                [as_glob(file)],
            ).fetchall()
    except duckdb.Error as error:
        raise GateError(
            f"not a readable Parquet file ({error})",
            where=file.shown,
            remedy="Ask for the file again, or move it away.",
        ) from error
    return Shape(tuple(row[0] for row in columns), tuple(row[1] for row in columns))
