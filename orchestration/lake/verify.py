"""Whether every file that somebody may read is there and as it was written.

For each pointer of branches and kept publications: its metadata file, the manifest
list, manifests, data and delete files of the snapshots that have a name. Each must have
the length that is recorded of it, and the content (`sums`) where it was published;
data files are read as a whole only when asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from orchestration.lake import sums
from orchestration.lake.lake import Lake
from orchestration.lake.local_files import path_of, reason
from orchestration.lake.model import TEMPORARY, TableId
from orchestration.lake.parquet import fault_of
from orchestration.lake.reachable import (
    DATA,
    DELETES,
    METADATA,
    Root,
    SnapshotRef,
    Stored,
    Walk,
    roots,
)


@dataclass(frozen=True, order=True)
class Need:
    """Who needs a file: a snapshot of a table, as `holder` reads it.

    `snapshot` is 0 where there is none yet, or none can be told. `holder` is a branch,
    `publication 5` or `before publication 5`; it is empty where no name leads to the
    snapshot, which only the history of a metadata file still lists.
    """

    table: TableId
    snapshot: int
    holder: str


@dataclass(frozen=True)
class Damage:
    """One damaged file, what is wrong with it, and who needs it."""

    location: str
    role: str
    reason: str
    needs: tuple[Need, ...]

    @property
    def is_read(self) -> bool:
        """Whether a branch or publication reads it; else only history does."""
        return any(need.holder for need in self.needs)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found.

    Attributes:
        tables, files, bytes: What was looked at; the bytes as they are recorded.
        unsummed: Files that are read, and whose content nobody recorded: they were
            not published yet.
        reads: For each damaged table, on which branches and publications it reads.
        torn: Metadata files of which something that is read is damaged.
    """

    damages: tuple[Damage, ...]
    tables: int
    files: int
    bytes: int
    unsummed: int
    deep: bool
    reads: dict[TableId, tuple[str, ...]]
    torn: frozenset[str]

    @property
    def is_whole(self) -> bool:
        """Whether everything that branches and publications read is whole."""
        return not any(damage.is_read for damage in self.damages)


def verify(lake: Lake, *, branch: str | None = None, deep: bool = False) -> Report:
    """Check every file that can be read.

    Args:
        branch: Only what this branch reads; None for all branches and publications.
        deep: Also read the content of all data files.

    Raises:
        NotFoundError: There is no such branch.
    """
    if branch is not None:
        lake.branch(branch)
    with lake.store.read() as connection:
        every = roots(connection)
    named = {root.location for root in every if root.use != "before"}
    chosen = [
        root
        for root in every
        if root.use != "fork"
        and TEMPORARY not in root.table.name
        and branch in (None, root.holder)
        and not (root.use == "before" and root.location in named)
    ]
    return _Check(lake, chosen, deep=deep).report()


class _Check:
    """One pass over all pointers; every file is looked at once."""

    def __init__(self, lake: Lake, pointers: Sequence[Root], *, deep: bool) -> None:
        self._lake = lake
        self._pointers = pointers
        self._deep = deep
        self._walk = Walk()
        self._stored: dict[str, Stored] = {}
        self._wrong: dict[str, tuple[str, str]] = {}  # role, and what is wrong
        self._needs: dict[str, set[Need]] = {}
        self._past: set[tuple[TableId, str]] = set()  # snapshots without a name

    def report(self) -> Report:
        """Walk, look at each file, and say who is concerned."""
        for root in self._pointers:
            self._follow(root)
        for stored in self._stored.values():
            if stored.location not in self._wrong and (found := self._fault(stored)):
                self._wrong[stored.location] = (stored.role, found)
        damages = tuple(
            Damage(location, role, what, tuple(sorted(self._needs[location], key=_key)))
            for location, (role, what) in sorted(self._wrong.items())
        )
        torn = {
            (need.table, need.holder)
            for damage in damages
            for need in damage.needs
            if need.holder
        }
        return Report(
            damages=damages,
            tables=len({root.table for root in self._pointers}),
            files=len(self._stored),
            bytes=sum(one.size or 0 for one in self._stored.values()),
            unsummed=sum(map(self._is_unsummed, self._stored)),
            deep=self._deep,
            reads=self._reads({need.table for d in damages for need in d.needs}, torn),
            torn=frozenset(
                root.location
                for root in self._pointers
                if (root.table, _label(root)) in torn
            ),
        )

    def _follow(self, root: Root) -> None:
        found = self._walk.metadata(root.location)
        current = next((one.id for one in found.snapshots if one.live), 0)
        now = Need(root.table, current, _label(root))
        self._note(Stored(root.location, METADATA), now)
        if found.trouble:
            self._wrong[root.location] = (METADATA, found.trouble.reason)
        for stored in found.statistics:
            self._note(stored, replace(now, holder=""))
        for snapshot in found.snapshots:
            past = (root.table, snapshot.manifest_list)
            if snapshot.live:
                self._snapshot(snapshot, replace(now, snapshot=snapshot.id))
            elif past not in self._past:
                self._past.add(past)
                self._snapshot(snapshot, Need(root.table, snapshot.id, ""))

    def _snapshot(self, snapshot: SnapshotRef, need: Need) -> None:
        stored, troubles = self._walk.files([snapshot])
        for one in stored:
            self._note(one, need)
        for trouble in troubles:
            self._wrong[trouble.location] = (trouble.role, trouble.reason)

    def _note(self, stored: Stored, need: Need) -> None:
        self._stored.setdefault(stored.location, stored)
        self._needs.setdefault(stored.location, set()).add(need)

    def _fault(self, stored: Stored) -> str:
        path = path_of(stored.location)
        if path is None:
            return "does not lie on this machine"
        try:
            size = path.stat().st_size
            if stored.size not in (None, size):
                return f"has {size} bytes instead of {stored.size}"
            return self._content(path, stored)
        except OSError as error:
            return reason(error)

    def _content(self, path: Path, stored: Stored) -> str:
        is_data = stored.role in (DATA, DELETES)
        known = self._sums.get(stored.location)
        if known is not None and (self._deep or not is_data):
            return "" if sums.sha256(path) == known.sha256 else "has another content"
        if stored.data is None:
            return ""
        return fault_of(path, stored.data, decode=self._deep)

    def _is_unsummed(self, location: str) -> bool:
        """Whether somebody reads it whose content nobody recorded."""
        is_read = any(need.holder for need in self._needs[location])
        return is_read and location not in self._sums

    @cached_property
    def _sums(self) -> dict[str, sums.Sum]:
        return sums.recorded(self._lake.store, self._stored)

    def _reads(
        self, damaged: set[TableId], torn: set[tuple[TableId, str]]
    ) -> dict[TableId, tuple[str, ...]]:
        states: dict[TableId, set[Need]] = {table: set() for table in sorted(damaged)}
        for root in self._pointers:
            if root.table in damaged and (root.table, _label(root)) not in torn:
                states[root.table].add(Need(root.table, 0, _label(root)))
        return {
            table: tuple(need.holder for need in sorted(found, key=_key))
            for table, found in states.items()
        }


def _label(root: Root) -> str:
    if root.use == "publication":
        return f"publication {root.holder}"
    return (
        f"before publication {root.holder}"
        if root.use == "before"
        else str(root.holder)
    )


def _key(need: Need) -> tuple[TableId, bool, int, str, int]:
    """Branches by name, then publications by number."""
    number = need.holder.rpartition("publication ")[2]
    is_number = number.isdecimal() and number != need.holder
    return (
        need.table,
        is_number,
        int(number) if is_number else 0,
        need.holder,
        need.snapshot,
    )
