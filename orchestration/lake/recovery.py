"""What brings a damaged table back, as commands; the first that works is the cheapest.

A publication that wrote the damage can be undone. A table that a build made can be
made again, whatever is damaged of it. Rows that landed come from their source alone,
and the history of a dbt snapshot from nowhere but a backup.
"""

from collections.abc import Iterator, Sequence

from orchestration.lake.lake import Lake
from orchestration.lake.local_files import path_of
from orchestration.lake.model import Publication, TableId
from orchestration.lake.verify import Damage, Report
from orchestration.settings import MAIN

_ALL = 1_000_000  # publications
_SNAPSHOT_COLUMN = '"dbt_scd_id"'
_RUNBOOK = "docs/runbooks/damaged-file.md"


def remedies(lake: Lake, report: Report) -> dict[TableId, tuple[str, ...]]:
    """For each damaged table, what to do, one sentence or command each."""
    return {table: tuple(_for(lake, report, table)) for table in report.reads}


def _for(lake: Lake, report: Report, table: TableId) -> Iterator[str]:
    holders = _torn(report.damages, table)
    branches = [one for one in sorted(holders) if one and " " not in one]
    if MAIN in branches:
        yield _for_main(lake, report, table)
    for name in branches:
        if name.startswith(("run_", "ingest_", "read_")):
            yield f"firn branches drop {name}"
        elif name != MAIN:
            yield f"build it again on {name}, or: firn branches drop {name}"
    if not holders:
        yield "nothing reads it; a table's history lets go of it by itself"
    elif not branches:
        yield "no branch reads it; `firn clean --keep-publications N` forgets the rest"


def _for_main(lake: Lake, report: Report, table: TableId) -> str:
    log = [one for one in lake.log(_ALL) if not one.cleaned]
    main = {name: one.metadata_location for name, one in lake.pointers(MAIN).items()}
    newest = next((p for p in log if table in _moves(p)), None)
    if newest is not None:
        moves = _moves(newest)
        old, _ = moves[table]
        is_last = all(main.get(name) == new for name, (_, new) in moves.items())
        if is_last and old and old not in report.torn:
            return f"firn rollback {newest.id}"
    if table.namespace in _landed(log):
        return f"its rows come from the source alone: {_RUNBOOK}"
    if _keeps_history(log, table):
        return f"no build can make its history again, but a backup can: {_RUNBOOK}"
    return f"firn build --full-refresh --select {table.name}+"


def _keeps_history(log: Sequence[Publication], table: TableId) -> bool:
    """Whether it is a dbt snapshot, as any metadata file of it that reads can say."""
    locations = (one for p in log for one in _moves(p).get(table, ()) if one)
    return any(_SNAPSHOT_COLUMN in _text(one) for one in locations)


def _text(location: str) -> str:
    path = path_of(location)
    try:
        return path.read_text(errors="replace") if path else ""
    except OSError:
        return ""


def _moves(publication: Publication) -> dict[TableId, tuple[str | None, str | None]]:
    return {change.table: (change.old, change.new) for change in publication.changes}


def _landed(log: Sequence[Publication]) -> set[str]:
    """Namespaces that builds read and do not make."""
    names = {name for one in log for name in one.provenance.inputs}
    landed = {TableId.parse(name).namespace for name in names}
    for one in log:
        if one.branch.startswith("ingest_"):
            landed |= {change.table.namespace for change in one.changes}
    return landed


def _torn(damages: tuple[Damage, ...], table: TableId) -> set[str]:
    return {
        need.holder
        for one in damages
        for need in one.needs
        if need.table == table and need.holder
    }
