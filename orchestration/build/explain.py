"""What a change of a table means to its reader: rows, columns, partitions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata

from orchestration.build import rows
from orchestration.lake.model import TableChange


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One changed table. Row counts are None for views and where nobody knows."""

    change: TableChange
    before: int | None = None
    after: int | None = None
    columns: tuple[str, ...] = ()
    layout: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For `--format json`."""
        return {
            "table": str(self.change.table),
            "kind": self.change.kind.lower(),
            "change": self.change.change,
            "rows_before": self.before,
            "rows_after": self.after,
            "columns": list(self.columns),
            "layout": list(self.layout),
        }


def explain(changes: Iterable[TableChange]) -> list[Explained]:
    """Look at the metadata before and after each change."""
    return [_explain(change) for change in changes]


def _explain(change: TableChange) -> Explained:
    if change.kind == "VIEW":
        return Explained(change=change)
    old = rows.metadata_at(change.old) if change.old else None
    new = rows.metadata_at(change.new) if change.new else None
    explained = Explained(
        change=change,
        before=rows.rows(old) if old else None,
        after=rows.rows(new) if new else None,
    )
    if old is None or new is None:
        return explained
    return replace(
        explained,
        columns=tuple(_columns(old.schema(), new.schema())),
        layout=tuple(_layout(old, new)),
    )


def _columns(old: Schema, new: Schema) -> Iterable[str]:
    """Differences between top-level columns; ids tell a rename from drop and add."""
    before = {column.field_id: column for column in old.fields}
    after = {column.field_id: column for column in new.fields}
    for field_id, column in after.items():
        was = before.get(field_id)
        if was is None:
            yield f"+ {column.name} {column.field_type}"
            continue
        if was.name != column.name:
            yield f"~ {was.name} renamed to {column.name}"
        if was.field_type != column.field_type:
            yield f"~ {column.name} {was.field_type} to {column.field_type}"
        if was.required != column.required:
            yield f"~ {column.name} {'not null' if column.required else 'nullable'}"
    for field_id, column in before.items():
        if field_id not in after:
            yield f"- {column.name} {column.field_type}"


def _layout(old: TableMetadata, new: TableMetadata) -> Iterable[str]:
    """Differences in partitioning and sort order."""
    before, after = (_partitions(metadata) for metadata in (old, new))
    if before != after:
        yield f"partitioned by {after or 'nothing'}, was {before or 'nothing'}"
    sorts = [str(m.sort_order().fields) for m in (old, new)]
    if sorts[0] != sorts[1]:
        yield "sort order changed"


def _partitions(metadata: TableMetadata) -> str:
    schema = metadata.schema()
    return ", ".join(
        f"{part.transform}({schema.find_column_name(part.source_id)})"
        for part in metadata.spec().fields
    )
