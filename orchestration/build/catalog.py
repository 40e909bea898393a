"""What `dbt docs generate` shows of the lake: columns, types, comments and sizes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import NoSuchNamespaceError
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata

from orchestration.lake.definition import COMMENT
from orchestration.lake.model import TEMPORARY, TableId
from orchestration.lake.types import duckdb_type
from orchestration.lake.updates import load
from orchestration.lake.views import load_view, view_schema

_MEGABYTE = 1_000_000


def describe(
    catalog: RestCatalog,
    *,
    kind: str,
    schemas: list[str] | None = None,
    relations: list[list[str]] | None = None,
) -> list[dict[str, Any]]:
    """One entry a column, in the words of dbt's catalog.

    Args:
        kind: `table` or `view`.
        schemas: Everything in these.
        relations: Or these alone, as schema and name.
    """
    wanted = [TableId(*names) for names in relations or ()]
    wanted += [
        table for schema in schemas or () for table in _names(catalog, schema, kind)
    ]
    entry = _view if kind == "view" else _table
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = pool.map(lambda name: list(entry(catalog, name)), wanted)
        return [column for columns in found for column in columns]


def _names(catalog: RestCatalog, schema: str, kind: str) -> list[TableId]:
    listed = catalog.list_views if kind == "view" else catalog.list_tables
    try:
        names = [name[-1] for name in listed(tuple(schema.split(".")))]
    except NoSuchNamespaceError:
        return []
    return [TableId(schema, name) for name in names if TEMPORARY not in name]


def _table(catalog: RestCatalog, name: TableId) -> Iterator[dict[str, Any]]:
    if table := load(catalog, name):
        metadata = table.metadata
        comment = metadata.properties.get(COMMENT)
        common = {"table_type": "BASE TABLE", "stats": _stats(metadata)}
        yield from _columns(name, metadata.schema(), comment, common)


def _view(catalog: RestCatalog, name: TableId) -> Iterator[dict[str, Any]]:
    if view := load_view(catalog, name):
        comment = view.metadata.properties.get(COMMENT)
        common = {"table_type": "VIEW", "stats": {}}
        yield from _columns(name, view_schema(view.metadata), comment, common)


def _columns(
    name: TableId, schema: Schema, comment: str | None, common: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for index, column in enumerate(schema.fields, start=1):
        yield {
            **common,
            "table_schema": name.namespace,
            "table_name": name.name,
            "table_comment": comment,
            "column_name": column.name,
            "column_index": index,
            "column_type": duckdb_type(column.field_type),
            "column_comment": column.doc,
        }


def _stats(metadata: TableMetadata) -> dict[str, dict[str, str]]:
    """What the newest snapshot's summary says; nothing is read for it."""
    snapshot = metadata.current_snapshot()
    if snapshot is None or snapshot.summary is None:
        return {}
    summary = snapshot.summary
    deleted = int(summary["total-position-deletes"] or 0)
    rows = int(summary["total-records"] or 0) - deleted
    moment = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, tz=UTC)
    spec = metadata.spec()
    schema = metadata.schema()
    partitions = [
        f"{f.transform}({schema.find_column_name(f.source_id)})" for f in spec.fields
    ]
    stats = {
        "rows": ("Rows", f"{rows:,}", "Live rows."),
        "files": ("Files", summary["total-data-files"], "Data files."),
        "last_commit": (
            "Last commit",
            f"{moment:%Y-%m-%d %H:%M} UTC",
            "Newest snapshot.",
        ),
        "partitions": (
            "Partitioned by",
            ", ".join(partitions),
            "Partition transforms.",
        ),
    }
    if size := summary["total-files-size"]:
        text = f"{int(size) / _MEGABYTE:,.1f} MB"
        stats["bytes"] = ("Size", text, "Size of the data files.")
    return {
        name: {"label": label, "value": value or "", "description": description}
        for name, (label, value, description) in stats.items()
    }
