"""What published files contained: a hash of each, taken just before it is published.

Parquet and Avro, as engines write them, hold no checksum, and one flipped bit may well
decode to another value. So the hash is what tells damage from data.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from orchestration.errors import SetupError
from orchestration.lake import branches
from orchestration.lake.lake import Lake
from orchestration.lake.local_files import path_of, reason
from orchestration.lake.model import TableChange
from orchestration.lake.reachable import (
    METADATA,
    Stored,
    Trouble,
    Walk,
)
from orchestration.lake.store import Store, files
from orchestration.settings import MAIN

_CHUNK = 500  # names in one statement


@dataclass(frozen=True)
class Sum:
    """A file's size in bytes and its hash."""

    size: int
    sha256: str


def seal(lake: Lake, branch: str) -> int:
    """Record the files that a publication of the branch would add; returns how many.

    Raises:
        SetupError: One of them is missing or cannot be read: nobody could read the
            table, so it must not be published.
    """
    stored: dict[str, Stored] = {}
    for change in lake.diff(branch):
        stored.update(
            (one.location, one) for one in _needed(lake.store, change, branch)
        )
    known = recorded(lake.store, stored)
    new = {name: _sum(one, branch) for name, one in stored.items() if name not in known}
    if new:
        _record(lake.store, new)
    return len(new)


def recorded(store: Store, locations: Iterable[str]) -> dict[str, Sum]:
    """What is known of these files."""
    names = list(locations)
    found: dict[str, Sum] = {}
    with store.read() as connection:
        for start in range(0, len(names), _CHUNK):
            chosen = files.c.location.in_(names[start : start + _CHUNK])
            for row in connection.execute(sa.select(files).where(chosen)):
                found[row.location] = Sum(row.size, row.sha256)
    return found


def forget(store: Store, locations: Sequence[str]) -> None:
    """Drop what was recorded of files that are gone."""
    with store.write() as connection:
        for start in range(0, len(locations), _CHUNK):
            chosen = files.c.location.in_(locations[start : start + _CHUNK])
            connection.execute(files.delete().where(chosen))


def sha256(path: Path) -> str:
    """The hash of a file's content.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _needed(store: Store, change: TableChange, branch: str) -> Iterable[Stored]:
    """The files that the new state of a table needs.

    A manifest that is recorded was so together with all that it lists.
    """
    if change.new is None:
        return ()
    walk = Walk()
    found = walk.metadata(change.new)
    live = [one for one in found.snapshots if one.live]
    stored, troubles = walk.files(live, skip=lambda names: recorded(store, names))
    for trouble in (found.trouble, *troubles):
        if trouble is not None:
            raise _unfit(trouble, f"{change.table} on branch {branch}")
    return (Stored(change.new, METADATA), *stored)


def _sum(stored: Stored, branch: str) -> Sum:
    path = path_of(stored.location)
    try:
        if path is None:
            raise FileNotFoundError
        size = path.stat().st_size
        if stored.size not in (None, size):
            what = f"has {size} bytes instead of {stored.size}"
            raise _unfit(
                Trouble(stored.location, stored.role, what), f"branch {branch}"
            )
        return Sum(size, sha256(path))
    except OSError as error:
        trouble = Trouble(stored.location, stored.role, reason(error))
        raise _unfit(trouble, f"branch {branch}") from error


def _record(store: Store, new: Mapping[str, Sum]) -> None:
    with store.write() as connection:
        branches.get(connection, MAIN, lock=True)  # one of two that record the same
        names = list(new)
        known: set[str] = set()
        for start in range(0, len(names), _CHUNK):
            chosen = files.c.location.in_(names[start : start + _CHUNK])
            known |= set(connection.scalars(sa.select(files.c.location).where(chosen)))
        rows = [
            {"location": name, "size": one.size, "sha256": one.sha256}
            for name, one in new.items()
            if name not in known
        ]
        if rows:
            connection.execute(files.insert(), rows)


def _unfit(trouble: Trouble, where: str) -> SetupError:
    return SetupError(
        f"a {trouble.role} {trouble.reason}; nothing was published",
        where=f"{where}, {trouble.location}",
        remedy="Build it again; `firn verify` says what else is damaged.",
    )
