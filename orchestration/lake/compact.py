# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""Few files instead of many: what increments leave behind is written again as one.

Every increment adds a data file, and a merge a delete file, to what each later query
has to open. The run or load that changed a table looks at it on its own branch before
it publishes: so nobody else's commit is in the way, and readers see nothing of it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import duckdb
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.manifest import DataFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import NullOrder, SortDirection
from pyiceberg.transforms import IdentityTransform

from orchestration.errors import DamagedError
from orchestration.lake.lake import Lake
from orchestration.lake.model import TableId
from orchestration.lake.reachable import DATA, Walk
from orchestration.lake.staging import discard, stage, swap
from orchestration.lake.types import literal, quote
from orchestration.lake.updates import key

MANY = 32  # files that a query opens for nothing, before they are written again
SMALL = 16 * 2**20  # bytes; a file from this size on is left alone
_FILE = "filename"  # DuckDB's column of the file that a row is from

Opened = tuple[duckdb.DuckDBPyConnection, RestCatalog]
Open = Callable[[], AbstractContextManager[Opened]]


@dataclass(frozen=True)
class Rewrite:
    """Data files of a table to write again; None for all, which ends delete files."""

    table: TableId
    files: frozenset[str] | None


def tidy(lake: Lake, branch: str, opened: Open) -> list[Rewrite]:
    """Write again the many small files of tables that the branch changed.

    Args:
        opened: DuckDB and pyiceberg on the branch; only called when there is work.

    Returns:
        What was written again.

    Raises:
        DamagedError: A table has not the rows that it had; it must not be published.
    """
    due = list(_due(lake, branch))
    with ExitStack() as stack:
        if due:
            con, catalog = stack.enter_context(opened())
            for one in due:
                _rewrite(con, catalog, one)
    return due


def plan(table: TableId, data: Iterable[DataFile], deletes: int) -> Rewrite | None:
    """What to write again of a table with these data files; None where it is well.

    Args:
        deletes: How many delete files a query opens beside them.
    """
    if deletes > MANY:
        return Rewrite(table, None)
    parts: dict[object, list[str]] = defaultdict(list)
    for file in data:
        if file.file_size_in_bytes < SMALL:
            parts[file.spec_id, repr(file.partition)].append(file.file_path)
    # A partition's only file cannot become fewer.
    small = {part: files for part, files in parts.items() if len(files) > 1}
    if sum(map(len, small.values())) - len(small) <= MANY:
        return None
    return Rewrite(table, frozenset(file for files in small.values() for file in files))


def _due(lake: Lake, branch: str) -> Iterable[Rewrite]:
    walk = Walk()
    for change in lake.diff(branch):
        if change.kind != "TABLE" or change.new is None:
            continue
        live = [one for one in walk.metadata(change.new).snapshots if one.live]
        if all(one.entries is not None and one.entries <= MANY for one in live):
            continue
        files, troubles = walk.files(live)
        if troubles:
            continue  # publish is going to say so
        entries = [one for one in files if one.data is not None]
        data = [one.data for one in entries if one.role == DATA and one.data]
        found = plan(change.table, data, len(entries) - len(data))
        if found is not None:
            yield found


def _rewrite(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog, wanted: Rewrite
) -> None:
    table = wanted.table
    metadata = catalog.load_table(key(table)).metadata
    files = None if _hides_files(metadata) else wanted.files
    staged = stage(catalog, table, None)
    try:
        rows = _count(con, table)
        con.execute(
            f"insert into {_name(staged)} by name select * from {_name(table)}"
            f"{_only(files)}{_order(metadata)}"
        )
        leaves = None if files is None else lambda file: file.file_path in files
        swap(catalog, table, staged, leaves=leaves)
    except BaseException:
        discard(catalog, staged)
        raise
    if (left := _count(con, table)) != rows:
        raise DamagedError(
            f"of {rows} rows {left} are left where small files were written again",
            where=str(table),
            remedy="Nothing was published. Drop the branch, and report it as a defect.",
        )


def _hides_files(metadata: TableMetadata) -> bool:
    """Whether a column has the name by which DuckDB tells the files of rows apart."""
    return any(one.name.lower() == _FILE for one in metadata.schema().fields)


def _count(con: duckdb.DuckDBPyConnection, table: TableId) -> int:
    [(rows,)] = con.execute(f"select count(*) from {_name(table)}").fetchall()
    return int(rows)


def _only(files: frozenset[str] | None) -> str:
    if files is None:
        return ""
    return f" where {_FILE} in ({', '.join(map(literal, sorted(files)))})"


def _order(metadata: TableMetadata) -> str:
    """The table's own order, as far as it is one of columns."""
    names = metadata.schema()
    terms = [
        f"{quote(names.find_field(field.source_id).name)} "
        f"{'desc' if field.direction == SortDirection.DESC else 'asc'} "
        f"nulls {'first' if field.null_order == NullOrder.NULLS_FIRST else 'last'}"
        for field in metadata.sort_order().fields
        if isinstance(field.transform, IdentityTransform)
    ]
    return f" order by {', '.join(terms)}" if terms else ""


def _name(table: TableId) -> str:
    return f"lake.{quote(table.namespace)}.{quote(table.name)}"
