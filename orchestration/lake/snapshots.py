"""One snapshot that takes files out of a table and puts staged files in.

The staged files were written by an engine into a table that continues the target's
numbering (`staging`), so their manifests enter the target as they are. A file that
leaves is a deleted entry where others of its manifest stay; a manifest of which nothing
stays is not listed any more. The summary counts both.
"""

import uuid
from collections.abc import Callable, Sequence
from typing import Final

from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    DataFile,
    ManifestContent,
    ManifestEntry,
    ManifestFile,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Snapshot, Summary

Leaves = Callable[[DataFile], bool]

_CODEC: Final = "deflate"  # gzip, in Avro's words; every engine reads it
_COUNTED = ("data-files", "records")
_DELETE_TOTALS = ("delete-files", "position-deletes", "equality-deletes")


def replacing(
    base: TableMetadata,
    staged: TableMetadata,
    io: FileIO,
    *,
    leaves: Leaves | None = None,
) -> Snapshot | None:
    """Write the manifests of a replacing snapshot; the caller commits it.

    Args:
        base: The target as it is now.
        staged: The filled table; its schema is going to be the target's.
        leaves: Which data files go; None for all, and all delete files with them.

    Returns:
        The snapshot, or None when nothing comes and nothing goes.
    """
    return _Replacement(base, staged, io, leaves).write()


class _Replacement:
    """The making of one snapshot; counts what leaves while it filters manifests."""

    def __init__(
        self,
        base: TableMetadata,
        staged: TableMetadata,
        io: FileIO,
        leaves: Leaves | None,
    ) -> None:
        self._base = base
        self._parent = base.current_snapshot()
        self._staged = _filled(staged)
        self._schema_id = staged.current_schema_id
        self._io = io
        self._leaves = leaves
        # The staged manifests say that this snapshot added them.
        self._id = self._staged.snapshot_id if self._staged else base.new_snapshot_id()
        self._removed_files = 0
        self._removed_records = 0

    def write(self) -> Snapshot | None:
        """Write manifests and their list."""
        kept = self._kept()
        if self._staged is None and self._removed_files == 0:
            return None
        incoming = self._staged.manifests(self._io) if self._staged else []
        sequence = self._base.next_sequence_number()
        moment = self._base.last_updated_ms + 1
        if self._staged:
            sequence = max(sequence, self._staged.sequence_number or 0)
            moment = max(moment, self._staged.timestamp_ms)
        content = {
            "snapshot-id": self._id,
            "parent-snapshot-id": self._parent and self._parent.snapshot_id,
            "sequence-number": sequence,
            "timestamp-ms": moment,
            "manifest-list": self._write_list([*incoming, *kept], sequence),
            "summary": self._summary(),
            "schema-id": self._schema_id,
        }
        return Snapshot.model_validate(content)

    def _kept(self) -> list[ManifestFile]:
        kept: list[ManifestFile] = []
        if self._leaves is None and self._count_all():
            return kept  # not even read: they may be what is damaged
        for manifest in self._parent.manifests(self._io) if self._parent else ():
            if manifest.content == ManifestContent.DATA:
                kept += self._filter(manifest)
            elif self._leaves is not None:
                kept.append(manifest)
        return kept

    def _filter(self, manifest: ManifestFile) -> list[ManifestFile]:
        """The manifest as it is if nothing in it leaves, else rewritten.

        One without a living file is left out: DuckDB (1.5) takes the partitioning of
        such a manifest, which may be an older one, for that of the table.
        """
        entries = manifest.fetch_manifest_entry(self._io, discard_deleted=True)
        going = [
            self._leaves is None or self._leaves(entry.data_file) for entry in entries
        ]
        for entry, goes in zip(entries, going, strict=True):
            if goes:
                self._count(entry)
        if all(going):
            return []
        if not any(going):
            return [manifest]
        spec = self._base.specs()[manifest.partition_spec_id]
        writer = write_manifest(
            format_version=2,
            spec=spec,
            schema=self._schema_with(spec),
            output_file=self._io.new_output(self._path(f"{uuid.uuid4()}-m0.avro")),
            snapshot_id=self._id,
            avro_compression=_CODEC,
        )
        with writer:
            for entry, goes in zip(entries, going, strict=True):
                if goes:
                    writer.delete(entry)
                else:
                    writer.existing(entry)
        return [writer.to_manifest_file()]

    def _count_all(self) -> bool:
        """Count everything as removed, if the parent says how much that is."""
        summary = self._parent.summary if self._parent else None
        totals = [summary[f"total-{n}"] if summary else None for n in _COUNTED]
        if None in totals:
            return False
        self._removed_files, self._removed_records = (int(n or 0) for n in totals)
        return True

    def _count(self, entry: ManifestEntry) -> None:
        self._removed_files += 1
        self._removed_records += entry.data_file.record_count

    def _schema_with(self, spec: PartitionSpec) -> Schema:
        """The newest schema that has the columns an older spec partitions by."""
        sources = {field.source_id for field in spec.fields}
        for schema in reversed(self._base.schemas):
            if sources <= set(schema.field_ids):
                return schema
        return self._base.schema()

    def _write_list(self, manifests: Sequence[ManifestFile], sequence: int) -> str:
        path = self._path(f"snap-{self._id}-0-{uuid.uuid4()}.avro")
        output = self._io.new_output(path)
        parent = self._parent.snapshot_id if self._parent else None
        writer = write_manifest_list(2, output, self._id, parent, sequence, _CODEC)
        with writer:
            writer.add_manifests(list(manifests))
        return path

    def _path(self, name: str) -> str:
        return f"{self._base.location}/metadata/{name}"

    def _summary(self) -> Summary:
        before = self._parent.summary if self._parent else None
        added = self._staged.summary if self._staged else None
        everything = self._leaves is None
        values: dict[str, str] = {}
        for name, removed in (
            ("data-files", self._removed_files),
            ("records", self._removed_records),
        ):
            incoming = _number(added, f"added-{name}")
            rest = 0 if everything else _number(before, f"total-{name}") - removed
            values[f"added-{name}"] = str(incoming)
            values[f"deleted-{name}"] = str(removed)
            values[f"total-{name}"] = str(rest + incoming)
        for name in _DELETE_TOTALS:
            rest = 0 if everything else _number(before, f"total-{name}")
            values[f"total-{name}"] = str(rest)
        operation = Operation.OVERWRITE if self._staged else Operation.DELETE
        if not self._removed_files:
            operation = Operation.APPEND
        return Summary(operation=operation, **values)


def _filled(staged: TableMetadata) -> Snapshot | None:
    """The staged snapshot, if there is a file in it: Spark commits one for no rows."""
    snapshot = staged.current_snapshot()
    if snapshot is None or snapshot.summary is None:
        return snapshot
    return None if snapshot.summary["total-data-files"] == "0" else snapshot


def _number(summary: Summary | None, name: str) -> int:
    return int(summary[name] or 0) if summary else 0
