"""The lake at a glance: branches, publications, and what `main` holds."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from orchestration.build import rows
from orchestration.lake import Lake
from orchestration.lake.model import Branch, Publication, TableId
from orchestration.settings import MAIN, Settings


@dataclass(frozen=True, kw_only=True)
class TableState:
    """One table of `main`; `updated_at` is UTC, None where there is no snapshot."""

    table: TableId
    rows: int | None
    files: int | None
    snapshot: int | None
    updated_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What a page or a terminal shows."""

    branches: tuple[Branch, ...]
    publications: tuple[Publication, ...]
    tables: tuple[TableState, ...]


def overview(settings: Settings, *, publications: int = 20) -> Overview:
    """Read it from the catalog and the tables' metadata: no engine, no scan."""
    with closing(Lake.open(settings)) as lake:
        return Overview(
            branches=tuple(lake.branches()),
            publications=tuple(lake.log(publications)),
            tables=tuple(_tables(lake)),
        )


def _tables(lake: Lake) -> Iterator[TableState]:
    for table, pointer in sorted(lake.pointers(MAIN).items()):
        if pointer.kind == "TABLE":
            yield _state(table, rows.metadata_at(pointer.metadata_location))


def _state(table: TableId, metadata: TableMetadata) -> TableState:
    snapshot = metadata.current_snapshot()
    return TableState(
        table=table,
        rows=rows.rows(metadata),
        files=_number(snapshot, "total-data-files"),
        snapshot=snapshot.snapshot_id if snapshot else None,
        updated_at=datetime.fromtimestamp(snapshot.timestamp_ms / 1000, tz=UTC)
        if snapshot
        else None,
    )


def _number(snapshot: Snapshot | None, field: str) -> int | None:
    value = snapshot.summary[field] if snapshot and snapshot.summary else None
    return int(value) if value is not None else None
