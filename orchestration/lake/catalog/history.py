"""How much of its past a table's metadata carries: a commit drops the rest.

Every snapshot makes the metadata longer, which each commit writes and each query reads
anew. States of `main` are kept by its publications, which point to metadata files; the
snapshots that a metadata file lists are for the time travel of engines.
"""

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import RemoveSnapshotsUpdate, update_table_metadata

# Iceberg's own property for it. Its default of 1 is for those who expire by age.
PROPERTY = "history.expire.min-snapshots-to-keep"
KEEP = 20


def bounded(metadata: TableMetadata) -> TableMetadata:
    """The metadata with its newest snapshots, and those that a branch or tag names."""
    keep = _limit(metadata)
    if len(metadata.snapshots) <= keep:
        return metadata
    newest = sorted(
        metadata.snapshots,
        key=lambda one: (one.sequence_number or 0, one.timestamp_ms),
        reverse=True,
    )
    kept = {one.snapshot_id for one in newest[:keep]}
    kept |= {reference.snapshot_id for reference in metadata.refs.values()}
    kept.add(metadata.current_snapshot_id or -1)
    gone = [one.snapshot_id for one in newest if one.snapshot_id not in kept]
    if not gone:
        return metadata
    update = RemoveSnapshotsUpdate.model_validate({"snapshot-ids": gone})
    shorter = update_table_metadata(metadata, (update,))
    return shorter.model_copy(update={"last_updated_ms": metadata.last_updated_ms})


def _limit(metadata: TableMetadata) -> int:
    try:
        return max(1, int(metadata.properties.get(PROPERTY, KEEP)))
    except ValueError:
        return KEEP
