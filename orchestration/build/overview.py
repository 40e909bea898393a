"""The lake at a glance: branches, publications, what `main` holds, and one run."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from orchestration.build import rows
from orchestration.build.ended import exists, publication
from orchestration.build.explain import Explained, explain
from orchestration.build.gates import Finding, judge
from orchestration.build.kept import Kept, load, path_of
from orchestration.errors import SetupError
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


@dataclass(frozen=True, kw_only=True)
class RunState:
    """What a scheduled run has come to.

    Attributes:
        branch: Its name, whether it is there or not.
        kept: It is there.
        publication: What the run has published.
        tables: The tables that were changed by that, or on the branch.
        findings: What the gates say of what was built so far, with their queries.
    """

    branch: str
    kept: bool
    publication: Publication | None
    tables: tuple[Explained, ...]
    findings: tuple[Finding, ...]


def run_state(settings: Settings, branch: str) -> RunState:
    """Look at one run. It waits for nobody who works on the branch."""
    try:
        left = load(path_of(settings, branch))
    except SetupError:  # it has not begun, or its logs were cleaned away
        left = Kept(dbt_args=(), fingerprint=None)
    with closing(Lake.open(settings)) as lake:
        published = publication(lake, branch, left)
        kept = exists(lake, branch)
        changes = published.changes if published else ()
        if kept and not published:
            changes = tuple(lake.diff(branch))
        tables = tuple(explain(changes))
    return RunState(
        branch=branch,
        kept=kept,
        publication=published,
        tables=tables,
        findings=judge(left.evidence),
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
