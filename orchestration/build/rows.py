"""How many rows a table holds, from its snapshots' summaries: no scan, no engine.

Source of the fields: Iceberg table spec, appendix F, "Snapshot summary".
"""

from collections.abc import Mapping

from pyiceberg.table import StaticTable, Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from orchestration.lake import Lake
from orchestration.lake.model import Pointer, TableId


def rows(metadata: TableMetadata) -> int | None:
    """Rows of the current snapshot; None where its writer did not say."""
    snapshot = metadata.current_snapshot()
    if snapshot is None:
        return 0
    total = _number(snapshot, "total-records")
    if total is None or _number(snapshot, "total-equality-deletes"):
        return None  # equality deletes hide a number of rows that only a scan knows
    return total - (_number(snapshot, "total-position-deletes") or 0)


def added(metadata: TableMetadata, *, since_ms: int) -> int:
    """Rows written by the snapshots from `since_ms` (epoch milliseconds) on."""
    return sum(
        _number(snapshot, "added-records") or 0
        for snapshot in metadata.snapshots
        if snapshot.timestamp_ms >= since_ms
    )


def metadata_at(location: str) -> TableMetadata:
    """The metadata that a pointer names."""
    return static_table(location).metadata


def static_table(location: str) -> Table:
    """A table as one metadata file has it, for reading only."""
    return StaticTable.from_metadata(location)


def snapshot_ids(
    lake: Lake, branch: str, pointers: Mapping[TableId, Pointer], tables: set[TableId]
) -> dict[str, int | None]:
    """The current snapshot of each of `tables`; None when empty or not there."""
    ids: dict[str, int | None] = {}
    for table in sorted(tables):
        pointer = pointers.get(table)
        known = pointer is not None and pointer.kind == "TABLE"
        metadata = lake.load(branch, table).metadata if known else None
        ids[str(table)] = metadata.current_snapshot_id if metadata else None
    return ids


def _number(snapshot: Snapshot, field: str) -> int | None:
    value = snapshot.summary[field] if snapshot.summary else None
    return int(value) if value is not None else None
