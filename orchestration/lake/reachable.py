"""What a metadata file leads to: manifest lists, manifests, data and delete files.

`pointer → metadata.json → snapshots → manifest list → manifests → files`, read from
local disk without the catalog's server, as the Iceberg spec (v2) lays it out. Damage is
what `verify` looks for and what `clean` must survive, so nothing here raises for it:
what cannot be read is returned as trouble, with the file that is the reason.
"""

import gzip
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from pyiceberg.io import FileIO, InputFile, OutputFile
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestFile,
    read_manifest_list,
)

from orchestration.lake.catalog.errors import CatalogError
from orchestration.lake.catalog.files import local_path
from orchestration.lake.model import TableId
from orchestration.lake.store import changes, forks, tables

METADATA = "metadata file"
LIST = "manifest list"
MANIFEST = "manifest"
DATA = "data file"
DELETES = "delete file"
STATISTICS = "statistics file"

# Properties that name another folder for new files.
_FOLDERS = (
    "write.data.path",
    "write.metadata.path",
    "write.object-storage.path",
    "write.folder-storage.path",
)


@dataclass(frozen=True)
class Root:
    """A metadata file that something points to.

    `holder` is the branch, or the number of the publication that can put it back.
    """

    table: TableId
    location: str
    holder: str | int


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
    """A snapshot as a metadata file lists it; `live` when a name points to it."""

    id: int
    manifest_list: str
    live: bool


@dataclass(frozen=True)
class Found:
    """Everything that a metadata file says of a table, or (no snapshots) of a view.

    `folders` are where the table's writers put files, its location first.
    """

    folders: tuple[str, ...] = ()
    snapshots: tuple[SnapshotRef, ...] = ()
    statistics: tuple[Stored, ...] = ()
    trouble: Trouble | None = None


Files = tuple[tuple[Stored, ...], tuple[Trouble, ...]]


def roots(connection: sa.Connection) -> list[Root]:
    """Every pointer: of all branches, of their forks, and of kept publications."""
    name = ("table_namespace", "table_name")
    selected = [
        _select(tables, name, tables.c.catalog_name, tables.c.metadata_location),
        _select(forks, name, forks.c.branch, forks.c.metadata_location),
        _select(changes, name, changes.c.publication_id, changes.c.old_location),
        _select(changes, name, changes.c.publication_id, changes.c.new_location),
    ]
    found = {
        Root(TableId(row.table_namespace, row.table_name), row.location, row.holder)
        for select in selected
        for row in connection.execute(select)
        if row.location  # empty where a publication was cleaned
    }
    return sorted(found, key=lambda root: (root.table, root.location, str(root.holder)))


class Walk:
    """Reads each file once, however many pointers lead to it."""

    def __init__(self) -> None:
        self._io = _LocalIO()
        self._metadata: dict[str, Found] = {}
        self._lists: dict[str, tuple[ManifestFile, ...] | Trouble] = {}
        self._manifests: dict[str, tuple[Stored, ...] | Trouble] = {}

    def metadata(self, location: str) -> Found:
        """The snapshots of a metadata file."""
        if location not in self._metadata:
            self._metadata[location] = _read_metadata(location)
        return self._metadata[location]

    def files(self, snapshots: Iterable[SnapshotRef]) -> Files:
        """What the snapshots need, each file once, and what of it cannot be read."""
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


def path_of(location: str) -> Path | None:
    """Where it lies on this machine; None for a location elsewhere."""
    try:
        return local_path(location)
    except CatalogError:
        return None


def reason(error: Exception) -> str:
    """What is wrong with a file, in a few words, without its path."""
    if isinstance(error, FileNotFoundError):
        return "is missing"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    return f"is damaged ({type(error).__name__})"


def _select(
    table: sa.Table,
    name: Sequence[str],
    holder: sa.Column[Any],
    location: sa.Column[Any],
) -> sa.Select[Any]:
    columns = (table.c[column] for column in name)
    return sa.select(
        *columns, holder.label("holder"), location.label("location")
    ).distinct()


def _read_metadata(location: str) -> Found:
    try:
        with _LocalIO().new_input(location).open() as file:
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
        SnapshotRef(id_, one["manifest-list"], id_ in named)
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


def _stored(file: DataFile) -> Stored:
    role = DATA if file.content == DataFileContent.DATA else DELETES
    return Stored(
        file.file_path, role, file.file_size_in_bytes, file.record_count, file
    )


class _LocalFile(InputFile):
    """A file of the local file system, whatever characters its name has."""

    def _path(self) -> Path:
        return local_path(self._location)

    def __len__(self) -> int:
        return self._path().stat().st_size

    def exists(self) -> bool:
        return self._path().exists()

    def open(self, seekable: bool = True) -> IO[bytes]:  # noqa: ARG002 - the base's
        return self._path().open("rb")


class _LocalIO(FileIO):
    """Reads only: what is looked at must not change by it."""

    def new_input(self, location: str) -> InputFile:
        return _LocalFile(location)

    def new_output(self, location: str) -> OutputFile:
        raise NotImplementedError(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        raise NotImplementedError(str(location))


def identity(status: os.stat_result) -> tuple[int, int]:
    """What a file is, whatever it is called: two spellings of a path agree on it."""
    return status.st_dev, status.st_ino
