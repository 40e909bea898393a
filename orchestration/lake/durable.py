"""Makes what is about to be published durable, and finds what of it is missing.

`main` may only point to files that are on the disk, not in the memory of the operating
system: a power cut would leave it pointing to nothing. Engines do not wait for the
disk, and need not: what counts is the publication. And an engine that lost the answer
to its commit deletes what it wrote, though the commit may have landed.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pyiceberg.manifest import ManifestFile, read_manifest_list

from orchestration.errors import SetupError
from orchestration.lake.catalog.errors import CatalogError
from orchestration.lake.catalog.files import local_path
from orchestration.lake.local_files import LocalIO
from orchestration.lake.model import TableChange, TableId
from orchestration.lake.reachable import Walk

_AT_ONCE = 16
_LEVELS = 4  # file, partition, `data`, table, namespace
_REMEDY = (
    "Nothing was published. What wrote it lost the catalog, and has deleted what it "
    "took for lost: drop the branch and build again. `firn verify` looks at the rest."
)


def secure(changes: Iterable[TableChange]) -> None:
    """Wait until all files that the changes bring are on the disk.

    Raises:
        SetupError: One of them is not there, or the disk does not take it.
    """
    walk = Walk()
    brought = {
        location: change.table
        for change in changes
        if change.new is not None
        for location in _brought(walk, change)
    }
    if not brought:
        return
    # A disk takes what waits at the same time at once.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        above = list(pool.map(_sync, brought, brought.values()))
        list(pool.map(sync_folder, set().union(*above)))


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(location: str, table: TableId) -> set[Path]:
    try:
        path = local_path(location)
    except CatalogError:  # elsewhere; whoever put it there answers for it
        return set()
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise _missing(table, path) from error
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # A new file's name is in its folder, and a new folder's in the one above.
    return set(path.parents[:_LEVELS])


def _brought(walk: Walk, change: TableChange) -> Iterator[str]:
    """The files that the new state needs and the old one does not have.

    Compared by manifests: the snapshot that added one may be forgotten already.
    """
    assert change.new is not None
    yield change.new
    before = walk.metadata(change.old).snapshots if change.old else ()
    known = {snapshot.id for snapshot in before}
    live = [snapshot for snapshot in before if snapshot.live]
    durable = {one.location for one in walk.files(live, skip=list)[0]}
    manifests: dict[str, ManifestFile] = {}
    for snapshot in walk.metadata(change.new).snapshots:
        if snapshot.id in known:
            continue
        yield snapshot.manifest_list
        with _naming(change.table):
            listed = read_manifest_list(LocalIO().new_input(snapshot.manifest_list))
            manifests |= {one.manifest_path: one for one in listed}
    for path in manifests.keys() - durable:
        yield path
        with _naming(change.table):
            entries = manifests[path].fetch_manifest_entry(LocalIO())
        yield from (entry.data_file.file_path for entry in entries)


@contextmanager
def _naming(table: TableId) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _missing(table, error.filename) from error


def _missing(table: TableId, path: object) -> SetupError:
    what = f"a file of {table} is missing"
    return SetupError(what, where=str(path), remedy=_REMEDY)
