"""Files of the warehouse that no pointer leads to.

Three rules keep deletion safe. Files are listed before pointers are read, so that one
which is committed in between counts as needed. Files are compared by what they are
(device and inode), not by how their path is spelled. And a table of which anything
cannot be read keeps its whole folder, since nobody knows what it needs.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.errors import SetupError
from orchestration.lake import reachable
from orchestration.lake.local_files import path_of
from orchestration.lake.reachable import Found, Root, Walk, identity
from orchestration.lake.stale import Stale
from orchestration.lake.store import Store

# A table's folder as the catalog names it, and what engines and the catalog write.
_FOLDER = re.compile(r".+-[0-9a-f]{8}")
_KINDS = {"data", "metadata"}
_SUFFIXES = (
    ".parquet",
    ".avro",
    ".orc",
    ".puffin",
    ".stats",
    ".metadata.json",
    ".crc",
    ".tmp",
)


@dataclass(frozen=True, order=True)
class File:
    """A file of the warehouse, its table's folder, and what it is."""

    path: Path
    bytes: int
    touched: float  # seconds since 1970; the later of its content's and its name's
    folder: Path
    identity: tuple[int, int]


@dataclass
class Reach:
    """What pointers lead to. `uncertain` folders may be needed as a whole."""

    identities: set[tuple[int, int]] = field(default_factory=set)
    folders: set[Path] = field(default_factory=set)
    uncertain: set[Path] = field(default_factory=set)

    def needs(self, file: File) -> bool:
        """Whether the file must stay."""
        return file.identity in self.identities or any(
            file.path.is_relative_to(folder) for folder in self.uncertain
        )


@dataclass(frozen=True)
class Garbage:
    """Files to delete, and folders that are kept since something there is damaged."""

    files: tuple[File, ...]
    uncertain: tuple[Path, ...]


def find(
    store: Store, warehouse: Path, *, without: Stale, before: float | None
) -> Garbage:
    """What nothing would lead to, once `without` was forgotten.

    Args:
        before: Only files that were last touched before (seconds since 1970), for
            engines may be writing; None where nobody can be.

    Raises:
        SetupError: A table that cannot be read may have files anywhere.
    """
    candidates = list(listing(warehouse.resolve()))
    with store.read() as connection:
        pointers = reachable.roots(connection)
    reach = reached(root for root in pointers if not without.holds(root))
    files = tuple(
        file
        for file in candidates
        if not reach.needs(file)
        and (before is None or file.touched < before)
        and (_FOLDER.fullmatch(file.folder.name) or file.folder in reach.folders)
    )
    return Garbage(files, tuple(sorted(reach.uncertain)))


def reached(pointers: Iterable[Root]) -> Reach:
    """Everything that the pointers lead to, in all snapshots of their metadata."""
    walk = Walk()
    reach = Reach()
    elsewhere: set[Path] = set()
    lost = False
    for location in sorted({root.location for root in pointers}):
        found = walk.metadata(location)
        folders = _folders(location, found)
        reach.folders |= folders
        stored, troubles = walk.files(found.snapshots)
        files = [location, *(one.location for one in (*stored, *found.statistics))]
        are_there = [_add(reach, file) for file in files]
        if found.trouble or troubles or not all(are_there):
            reach.uncertain |= folders
        elsewhere |= _paths(found.folders[1:])
        lost |= found.trouble is not None
    if lost:  # nobody knows where else that table's writers put files
        reach.uncertain |= elsewhere
    return reach


def listing(warehouse: Path) -> Iterator[File]:
    """Every file of a table's `data` and `metadata` folders; links are no such file."""
    for parent, folders, names in os.walk(warehouse):
        folders[:] = [one for one in folders if not Path(parent, one).is_symlink()]
        table = _table_folder(Path(parent).relative_to(warehouse))
        if table is None:
            continue
        for name in names:
            path = Path(parent, name)
            if name.endswith(_SUFFIXES) and not path.is_symlink():
                try:
                    status = path.stat()
                except FileNotFoundError:  # its writer has taken it away
                    continue
                touched = max(status.st_mtime, status.st_ctime)
                yield File(
                    path, status.st_size, touched, warehouse / table, identity(status)
                )


def _table_folder(relative: Path) -> Path | None:
    """The folder above `data` or `metadata`; best one that the catalog has named."""
    parts = relative.parts
    above = [Path(*parts[:n]) for n, part in enumerate(parts) if n and part in _KINDS]
    named = (folder for folder in above if _FOLDER.fullmatch(folder.name))
    return next(named, above[0] if above else None)


def _folders(location: str, found: Found) -> set[Path]:
    """Where a table's writers put files, as far as it says so."""
    folders = _paths(found.folders)
    own = path_of(location)
    if own is not None and own.parent.name == "metadata":
        folders.add(own.parent.parent.resolve())
    if folders:
        return folders
    raise SetupError(
        "its files cannot be told from garbage; nothing was deleted",
        where=location,
        remedy="`firn verify` says what is wrong with it.",
    )


def _paths(locations: Iterable[str]) -> set[Path]:
    return {path.resolve() for one in locations if (path := path_of(one)) is not None}


def _add(reach: Reach, location: str) -> bool:
    path = path_of(location)
    try:
        if path is not None:
            reach.identities.add(identity(path.stat()))
    except OSError:
        return False
    return path is not None
