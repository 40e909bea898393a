"""When a build has to start from nothing: raw rows came or went behind its back.

Incremental models read the rows that are newer than all they hold. A rollback of an
ingest takes rows away that they hold, and undoing it brings rows back that are older
than what has landed since: neither is seen by such a model.
"""

from collections.abc import Sequence

from orchestration.build.nothing_new import Built, Memory
from orchestration.lake import Lake
from orchestration.lake.model import Publication, TableId

_DEPTH = 1000  # publications to look back


def reason(lake: Lake, memory: Memory) -> str:
    """Why tables have to be rebuilt, as a sentence; empty when they need not."""
    log = lake.log(limit=_DEPTH)
    since = _last_whole(log, memory.built())
    raw = {TableId.parse(name).namespace for p in log for name in p.provenance.inputs}
    for publication in log:
        moved = {change.table.namespace for change in publication.changes}
        if publication.id <= since:
            break
        if publication.kind == "rollback" and moved & raw:
            return (
                f"publication {publication.id} took publication "
                f"{publication.reverts} back, with rows that incremental models read"
            )
    return ""


def _last_whole(log: Sequence[Publication], kept: Built | None) -> int:
    """The last publication that the whole project is built on, and still in effect."""
    undone: set[int | None] = set()
    for publication in log:
        if publication.id in undone:
            continue
        if publication.kind == "rollback":
            undone.add(publication.reverts)
        elif publication.provenance.fingerprint or (
            kept and kept.since == publication.id
        ):
            return publication.id
    return 0
