"""Tables of a branch: create, load, commit, register.

A commit reads without a lock, prepares the new metadata, and moves the pointers under
a compare and swap; when another commit was faster it starts again, so that only a
requirement that really fails is refused. Several tables move in one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder

from orchestration.errors import FirnError, UnsureError
from orchestration.failpoints import reach
from orchestration.lake import branches
from orchestration.lake.catalog import entries, errors, locations, namespaces
from orchestration.lake.catalog.errors import CatalogError
from orchestration.lake.catalog.files import Files
from orchestration.lake.catalog.history import bounded
from orchestration.lake.catalog.updates import Commit, refusing
from orchestration.lake.model import Pointer, TableId
from orchestration.lake.store import Store

_ATTEMPTS = 10
# pyiceberg reads v3, and drops what it does not know of it when it writes.
_NEWEST_FORMAT = 2


@dataclass(frozen=True)
class Loaded:
    """A table's or view's metadata as JSON text, and its file (None while staged)."""

    metadata: bytes
    metadata_location: str | None


@dataclass(frozen=True)
class _Step:
    """One prepared commit: what was found, and what was written to follow it."""

    table: TableId
    old: str | None
    new: str
    json: str


class Tables:
    """The tables of every branch of one lake."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files

    def load(self, branch: str, table: TableId) -> Loaded:
        """The current metadata; 404 without table."""
        with self._store.read() as connection:
            pointer = entries.require(connection, branch, table, "TABLE")
        return self.read(pointer.metadata_location)

    def read(self, location: str) -> Loaded:
        """The metadata in a file."""
        return Loaded(self._files.read(location), location)

    def create(
        self, branch: str, table: TableId, request: dict[str, Any], *, stage: bool
    ) -> Loaded:
        """Make an empty table, or (`stage`) only its folders and first metadata."""
        with self._store.read() as connection:
            entries.require_free(connection, branch, table, "TABLE")
        given = request.get("location")
        metadata = _new_metadata(request, given or self._files.new_location(table))
        self._files.locations.admit(
            [*([given] if given else []), *locations.of_properties(metadata.properties)]
        )
        content = _json(metadata)
        self._files.prepare(metadata.location)
        if stage:
            return Loaded(content.encode(), None)
        written = self._files.write(
            metadata.location, content, properties=metadata.properties
        )
        try:
            return self._add(branch, table, written)
        except UnsureError:
            raise  # it may be there
        except FirnError:  # another one took the name first
            self._files.discard(written)
            raise

    def register(
        self, branch: str, table: TableId, metadata_location: str, *, overwrite: bool
    ) -> Loaded:
        """Point a name to metadata that exists; 409 if taken unless `overwrite`."""
        self._files.read_given(metadata_location)
        metadata = self._files.table(metadata_location)
        self._files.locations.admit(locations.of_table(metadata))
        if not overwrite:
            return self._add(branch, table, metadata_location)
        with self._store.write() as connection:
            branches.get(connection, branch, lock=True)
            namespaces.require(connection, branch, table.namespace)
            if entries.find(connection, branch, table) is not None:
                entries.drop(connection, branch, table, "TABLE")
            entries.insert(
                connection, branch, table, Pointer("TABLE", metadata_location)
            )
        return Loaded(self._files.read(metadata_location), metadata_location)

    def commit(self, branch: str, commits: Sequence[Commit]) -> list[Loaded]:
        """Apply commits to several tables, all or none; the state of each after it.

        A request that has landed before is answered as it was then.
        """
        try:
            return self._commit(branch, commits)
        except CatalogError:
            if landed := self._landed(branch, commits):
                return landed
            raise

    def _commit(self, branch: str, commits: Sequence[Commit]) -> list[Loaded]:
        for _ in range(_ATTEMPTS):
            steps = self._prepare(branch, commits)
            if self._swap(branch, steps):
                reach("catalog.committed")
                return [Loaded(step.json.encode(), step.new) for step in steps]
        raise errors.commit_failed(
            "other commits were always faster, "
            f"{_ATTEMPTS} times: {', '.join(str(one.table) for one in commits)}"
        )

    def _landed(self, branch: str, commits: Sequence[Commit]) -> list[Loaded]:
        """The tables of a request that landed as a whole, or nothing."""
        found = []
        for commit in commits:
            with self._store.read() as connection:
                pointer = entries.find(connection, branch, commit.table)
            if pointer is None or pointer.kind != "TABLE":
                return []
            if not commit.is_in(self._files.table(pointer.metadata_location)):
                return []
            found.append(self.read(pointer.metadata_location))
        return found

    def _prepare(self, branch: str, commits: Iterable[Commit]) -> list[_Step]:
        pending: dict[TableId, _Step] = {}
        parsed: dict[TableId, TableMetadata] = {}
        try:
            for commit in commits:
                step, metadata = self._follow(branch, commit, pending, parsed)
                if earlier := pending.get(commit.table):
                    self._files.discard(earlier.new)
                pending[commit.table] = step
                parsed[commit.table] = metadata
        except BaseException:
            self._discard(pending.values())
            raise
        return list(pending.values())

    def _follow(
        self,
        branch: str,
        commit: Commit,
        pending: dict[TableId, _Step],
        parsed: dict[TableId, TableMetadata],
    ) -> tuple[_Step, TableMetadata]:
        """Prepare one commit on what is there, or on an earlier one of the request."""
        if earlier := pending.get(commit.table):
            old, base = earlier.old, parsed.get(commit.table)
        else:
            old = self._current(branch, commit)
            base = self._files.table(old) if old else None
        self._files.locations.admit(
            locations.of_updates(commit.updates), below=base.location if base else None
        )
        followed = commit.apply(
            base,
            base_location=old,
            new_location=self._files.new_location(commit.table),
        )
        metadata = bounded(followed)
        json = _json(metadata)
        new = self._files.write(
            metadata.location, json, properties=metadata.properties, after=old
        )
        return _Step(commit.table, old, new, json), metadata

    def _current(self, branch: str, commit: Commit) -> str | None:
        with self._store.read() as connection:
            if commit.creates:
                _require_new(connection, branch, commit.table)
                return None
            pointer = entries.require(connection, branch, commit.table, "TABLE")
            return pointer.metadata_location

    def _swap(self, branch: str, steps: Sequence[_Step]) -> bool:
        try:
            with self._store.write() as connection:
                branches.get(connection, branch, lock=True)
                for step in steps:
                    _move(connection, branch, step)
        except _LostError:
            self._discard(steps)
            return False
        except UnsureError:
            raise  # it may be committed
        except FirnError:  # refused
            self._discard(steps)
            raise
        return True

    def _discard(self, steps: Iterable[_Step]) -> None:
        for step in steps:
            self._files.discard(step.new)

    def _add(self, branch: str, table: TableId, metadata_location: str) -> Loaded:
        with self._store.write() as connection:
            branches.get(connection, branch, lock=True)
            entries.require_free(connection, branch, table, "TABLE")
            entries.insert(
                connection, branch, table, Pointer("TABLE", metadata_location)
            )
        return Loaded(self._files.read(metadata_location), metadata_location)


class _LostError(Exception):
    """Another commit moved a pointer first. Ends the transaction, nothing else."""


def _require_new(connection: sa.Connection, branch: str, table: TableId) -> None:
    found = entries.find(connection, branch, table)
    if found is not None and found.kind == "TABLE":
        raise errors.commit_failed(f"Requirement failed: table already exists: {table}")
    entries.require_free(connection, branch, table, "TABLE")


def _move(connection: sa.Connection, branch: str, step: _Step) -> None:
    if step.old is None:
        _require_new(connection, branch, step.table)
        entries.insert(connection, branch, step.table, Pointer("TABLE", step.new))
    elif not entries.swap(connection, branch, step.table, old=step.old, new=step.new):
        raise _LostError


def _json(metadata: TableMetadata) -> str:
    if metadata.format_version > _NEWEST_FORMAT:
        raise errors.bad_request("tables have format version 1 or 2 here")
    with refusing("malformed table"):
        return metadata.model_dump_json()


def _new_metadata(request: dict[str, Any], location: str) -> TableMetadata:
    if not isinstance(request.get("schema"), dict) or "fields" not in request["schema"]:
        raise errors.bad_request("a table needs a schema with fields")
    with refusing("malformed table"):
        spec, order = request.get("partition-spec"), request.get("write-order")
        return new_table_metadata(
            location=location.rstrip("/"),
            schema=Schema.model_validate(request["schema"]),
            partition_spec=PartitionSpec.model_validate(spec)
            if spec
            else UNPARTITIONED_PARTITION_SPEC,
            sort_order=SortOrder.model_validate(order)
            if order
            else UNSORTED_SORT_ORDER,
            properties=dict(request.get("properties") or {}),
        )
