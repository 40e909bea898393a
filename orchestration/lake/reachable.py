"""What a metadata file leads to: manifest lists, manifests, data and delete files.

`pointer → metadata.json → snapshots → manifest list → manifests → files`, read from
local disk without the catalog's server, as the Iceberg spec (v2) lays it out. Damage is
what `verify` looks for and what `clean` must survive, so nothing here raises for it:
what cannot be read is returned as trouble, with the file that is the reason.
"""

import gzip
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestFile,
    read_manifest_list,
)

from orchestration.lake.local_files import LocalIO, reason
from orchestration.lake.model import TableId
from orchestration.lake.store import changes, forks, tables

METADATA = "metadata file"
LIST = "manifest list"
MANIFEST = "manifest"
DATA = "data file"
DELETES = "delete file"
STATISTICS = "statistics file"

_POINTERS: tuple[tuple["Use", sa.Table, str, str], ...] = (
    ("branch", tables, "catalog_name", "metadata_location"),
    ("fork", forks, "branch", "metadata_location"),
    ("publication", changes, "publication_id", "new_location"),
    ("before", changes, "publication_id", "old_location"),
)

# Properties that name another folder for new files.
_FOLDERS = (
    "write.data.path",
    "write.metadata.path",
    "write.object-storage.path",
    "write.folder-storage.path",
)


Use = Literal["branch", "fork", "publication", "before"]


@dataclass(frozen=True)
class Root:
    """A metadata file that something points to.

    `holder` is the branch, or the number of the publication. `use` is what for: to
    read a branch, to tell what it changed since its fork, to read `main` as it was
    after the publication, or to put back what was before it.
    """

    table: TableId
    location: str
    holder: str | int
    use: Use = "branch"


@dataclass(frozen=True)
class Stored:
    """A file that must be there; `size` in bytes and `rows` where they are recorded.

    `data` is the manifest's entry of a data or delete file.
    """

    location: str
    role: str
    size: int | None = None
    rows: int | None = None
    data: DataFile | None = None


@dataclass(frozen=True)
class Trouble:
    """A file that cannot be read as what it has to be."""

    location: str
    role: str
    reason: str


@dataclass(frozen=True)
class SnapshotRef:
    """A snapshot as a metadata file lists it; `live` when a name points to it.

    `entries` is how many data and delete files it has, where its summary says so.
    """

    id: int
    manifest_list: str
    live: bool
    entries: int | None = None


@dataclass(frozen=True)
class Found:
    """Everything that a metadata file says of a table, or (no snapshots) of a view.

    `folders` are where the table's writers put files, its location first.
    """

    folders: tuple[str, ...] = ()
    snapshots: tuple[SnapshotRef, ...] = ()
    statistics: tuple[Stored, ...] = ()
    trouble: Trouble | None = None


Skip = Callable[[Iterable[str]], Iterable[str]]
Files = tuple[tuple[Stored, ...], tuple[Trouble, ...]]


def roots(connection: sa.Connection) -> list[Root]:
    """Every pointer: of all branches, of their forks, and of kept publications."""
    selected = [
        (use, _select(source, holder, location))
        for use, source, holder, location in _POINTERS
    ]
    found = {
        Root(TableId(*row[:2]), row.location, row.holder, use)
        for use, select in selected
        for row in connection.execute(select)
        if row.location  # empty where a publication was cleaned
    }
    return sorted(found, key=lambda root: (root.table, root.location, str(root.holder)))


class Walk:
    """Reads each file once, however many pointers lead to it."""

    def __init__(self) -> None:
        self._io = LocalIO()
        self._metadata: dict[str, Found] = {}
        self._lists: dict[str, tuple[ManifestFile, ...] | Trouble] = {}
        self._manifests: dict[str, tuple[Stored, ...] | Trouble] = {}

    def metadata(self, location: str) -> Found:
        """The snapshots of a metadata file."""
        if location not in self._metadata:
            self._metadata[location] = _read_metadata(location)
        return self._metadata[location]

    def files(
        self, snapshots: Iterable[SnapshotRef], *, skip: Skip | None = None
    ) -> Files:
        """What the snapshots need, each file once, and what of it cannot be read.

        Args:
            skip: Says of manifests' locations which are not to be opened.
        """
        stored: dict[str, Stored] = {}
        troubles: dict[str, Trouble] = {}
        manifests: dict[str, ManifestFile] = {}
        for snapshot in snapshots:
            location = snapshot.manifest_list
            stored[location] = Stored(location, LIST)
            listed = self._list(location)
            if isinstance(listed, Trouble):
                troubles[location] = listed
            else:
                manifests.update((one.manifest_path, one) for one in listed)
        for path, manifest in manifests.items():
            stored[path] = Stored(path, MANIFEST, manifest.manifest_length)
        for path in skip(manifests) if skip else ():
            del manifests[path]
        for path, manifest in manifests.items():
            entries = self._manifest(manifest)
            if isinstance(entries, Trouble):
                troubles[path] = entries
            else:
                stored.update((one.location, one) for one in entries)
        return tuple(stored.values()), tuple(troubles.values())

    def _list(self, location: str) -> tuple[ManifestFile, ...] | Trouble:
        if location not in self._lists:
            self._lists[location] = self._read_list(location)
        return self._lists[location]

    def _manifest(self, manifest: ManifestFile) -> tuple[Stored, ...] | Trouble:
        path = manifest.manifest_path
        if path not in self._manifests:
            self._manifests[path] = self._read_manifest(manifest)
        return self._manifests[path]

    def _read_list(self, location: str) -> tuple[ManifestFile, ...] | Trouble:
        try:
            return tuple(read_manifest_list(self._io.new_input(location)))
        except Exception as error:  # noqa: BLE001 - bytes of any kind were decoded
            return Trouble(location, LIST, reason(error))

    def _read_manifest(self, manifest: ManifestFile) -> tuple[Stored, ...] | Trouble:
        path = manifest.manifest_path
        try:
            entries = manifest.fetch_manifest_entry(self._io, discard_deleted=True)
            listed = (manifest.added_files_count, manifest.existing_files_count)
            if None not in listed and len(entries) != sum(n or 0 for n in listed):
                what = (
                    f"{len(entries)} files, where its list has {sum(map(int, listed))}"  # type: ignore[arg-type]
                )
                return Trouble(path, MANIFEST, what)
            return tuple(_stored(entry.data_file) for entry in entries)
        except Exception as error:  # noqa: BLE001 - bytes of any kind were decoded
            return Trouble(path, MANIFEST, reason(error))


def _select(table: sa.Table, holder: str, location: str) -> sa.Select[Any]:
    columns = table.c
    return sa.select(
        columns.table_namespace,
        columns.table_name,
        columns[holder].label("holder"),
        columns[location].label("location"),
    ).distinct()


def _read_metadata(location: str) -> Found:
    try:
        with LocalIO().new_input(location).open() as file:
            content = file.read()
        is_gzip = ".gz." in location.rpartition("/")[2]
        parsed = json.loads(gzip.decompress(content) if is_gzip else content)
        return _found(parsed)
    except Exception as error:  # noqa: BLE001 - bytes of any kind were decoded
        return Found(trouble=Trouble(location, METADATA, reason(error)))


def _found(parsed: dict[str, Any]) -> Found:
    named = {ref["snapshot-id"] for ref in parsed.get("refs", {}).values()}
    named.add(parsed.get("current-snapshot-id"))
    snapshots = tuple(
        SnapshotRef(id_, one["manifest-list"], id_ in named, _entries(one))
        for one in parsed.get("snapshots", ())
        if (id_ := one["snapshot-id"]) is not None
    )
    statistics = tuple(
        Stored(one["statistics-path"], STATISTICS, one.get("file-size-in-bytes"))
        for key in ("statistics", "partition-statistics")
        for one in parsed.get(key) or ()
    )
    current = parsed.get("current-snapshot-id")
    if current not in (None, -1, *(one.id for one in snapshots)):
        raise ValueError("its current snapshot is not among its snapshots")
    properties = parsed.get("properties") or {}
    elsewhere = (properties[name] for name in _FOLDERS if name in properties)
    return Found((parsed["location"], *elsewhere), snapshots, statistics)


def _entries(snapshot: dict[str, Any]) -> int | None:
    totals = ("total-data-files", "total-delete-files")
    counted = [(snapshot.get("summary") or {}).get(name) for name in totals]
    return None if None in counted else sum(int(one) for one in counted if one)


def _stored(file: DataFile) -> Stored:
    role = DATA if file.content == DataFileContent.DATA else DELETES
    return Stored(
        file.file_path, role, file.file_size_in_bytes, file.record_count, file
    )


def identity(status: os.stat_result) -> tuple[int, int]:
    """What a file is, whatever it is called: two spellings of a path agree on it."""
    return status.st_dev, status.st_ino
