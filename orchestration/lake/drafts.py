"""A double of a table, to be written to: what it came to is the target's by one commit.

An engine that commits for nothing, or needs several statements for one change, works on
the *draft*, which has the target's content, location and numbering. *Adopt* makes its
snapshots the target's. Until then the target is untouched; if no row has changed it
stays so.
"""

from collections.abc import Sequence

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.table.snapshots import Snapshot

from orchestration.errors import NotFoundError
from orchestration.failpoints import reach
from orchestration.lake.model import TableId
from orchestration.lake.staging import (
    STAGED_FROM,
    discard,
    register_beside,
    temporary,
)
from orchestration.lake.updates import commit, key, load, moved, update

_CHANGES = ("added-data-files", "deleted-data-files", "added-delete-files")


def draft(catalog: RestCatalog, target: TableId) -> TableId:
    """Make a double of a table that is there.

    Raises:
        NotFoundError: There is no such table.
        DamagedError: Its metadata cannot be read.
    """
    base = load(catalog, target)
    if base is None:
        raise NotFoundError("there is no such table", where=str(target))
    drafted = temporary(target)
    register_beside(catalog, base, drafted, base.metadata)
    reach("table.staged")
    return drafted


def adopt(catalog: RestCatalog, target: TableId, drafted: TableId) -> dict[str, int]:
    """Make the draft's new snapshots the target's, in one commit.

    Returns:
        The counts of the snapshots' summaries, added up; empty if nothing changed, and
        then there was no commit.

    Raises:
        ConflictError: The target moved since the draft was made; it is as it was.
    """
    reach("table.before-swap")
    source = catalog.load_table(key(drafted)).metadata
    table = load(catalog, target)
    if table is None or table.metadata_location != source.properties[STAGED_FROM]:
        raise moved(target)
    known = {one.snapshot_id for one in table.metadata.snapshots}
    new = [one for one in source.snapshots if one.snapshot_id not in known]
    counts = _counts(new)
    if any(counts.get(name) for name in _CHANGES):
        head = update(
            "set-snapshot-ref",
            ref_name="main",
            type="branch",
            snapshot_id=source.current_snapshot_id,
        )
        added = (update("add-snapshot", snapshot=snapshot) for snapshot in new)
        commit(catalog, table, (*added, head))
        reach("table.committed")
    else:
        counts = {}
    discard(catalog, drafted)
    reach("table.swapped")
    return counts


def _counts(snapshots: Sequence[Snapshot]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for snapshot in snapshots:
        said = snapshot.summary.additional_properties if snapshot.summary else {}
        for name, text in said.items():
            if text.isdecimal():
                counts[name] = counts.get(name, 0) + int(text)
    return counts
