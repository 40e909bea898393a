"""Pointers that nobody needs: of old runs' branches, killed builds, old publications.

Forgetting them is one transaction. The files behind them become garbage by it, which
is swept afterwards (`garbage`); a crash in between leaves files and no broken pointer.
"""

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from orchestration.errors import NotFoundError
from orchestration.lake import branches, selects
from orchestration.lake.local_files import path_of
from orchestration.lake.model import Branch, TableId
from orchestration.lake.reachable import Root
from orchestration.lake.store import changes, publications, tables
from orchestration.settings import MAIN

# Branches that Firn names itself, for a run, an ingest, a reader: nobody works on them.
_ITS_OWN = re.compile(
    r"run_\d{8}_\d{6}_[0-9a-f]{4}|ingest_\d{8}T\d{6}_[0-9a-f]{6}|read_[0-9a-f]{8}"
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is kept.

    Attributes:
        publications: So many of the newest can be rolled back and read by `--at`.
        branch_age: How long a failed run's branch, and its log, stay to be looked at.
        grace: How long a file may have no pointer while engines use the lake. Longer
            than any one statement takes.
    """

    publications: int = 100
    branch_age: timedelta = timedelta(days=7)
    grace: timedelta = timedelta(days=1)


@dataclass(frozen=True)
class InWork:
    """A table of a build that did not end, and where it pointed."""

    branch: str
    table: TableId
    location: str


@dataclass(frozen=True, kw_only=True)
class Stale:
    """What is to be forgotten."""

    branches: tuple[str, ...] = ()
    publications: tuple[int, ...] = ()
    tables: tuple[InWork, ...] = field(default=())

    def holds(self, root: Root) -> bool:
        """Whether the pointer goes with it."""
        if isinstance(root.holder, int):
            return root.holder in self.publications
        return root.holder in self.branches or (
            InWork(root.holder, root.table, root.location) in self.tables
        )


def find(
    connection: sa.Connection, limits: Limits, *, now: datetime, alone: bool
) -> Stale:
    """What the limits let go now.

    Args:
        alone: No engine uses the lake, so that no build is at work.
    """
    return Stale(
        branches=_branches(connection, now - limits.branch_age),
        publications=_publications(connection, limits.publications),
        tables=_in_work(connection, None if alone else now - limits.grace),
    )


def lock(connection: sa.Connection, stale: Stale) -> None:
    """Keep the branches as they are until the transaction ends."""
    for name in stale.branches:
        with suppress(NotFoundError):
            branches.get(connection, name, lock=True)


def forget(connection: sa.Connection, stale: Stale) -> None:
    """Drop the pointers. What is gone already, or has moved on, is left alone."""
    # In the order of every writer, so that no two wait for each other: main last.
    for name in stale.branches:
        if branches.exists(connection, name):
            branches.drop(connection, name)
    branches.get(connection, MAIN, lock=True)
    for name in ("old_location", "new_location"):
        # Which tables a publication moved, and how, stays in the log.
        connection.execute(
            changes.update()
            .where(
                changes.c.publication_id.in_(stale.publications),
                changes.c[name].is_not(None),
            )
            .values({name: ""})
        )
    for one in stale.tables:
        connection.execute(
            tables.delete().where(
                tables.c.catalog_name == one.branch,
                tables.c.table_namespace == one.table.namespace,
                tables.c.table_name == one.table.name,
                tables.c.metadata_location == one.location,
            )
        )


def _branches(connection: sa.Connection, before: datetime) -> tuple[str, ...]:
    every = branches.every(connection)
    bases = {branch.base for branch in every}
    return tuple(
        branch.name
        for branch in every
        if branch.base == MAIN
        and branch.name not in bases
        and _ITS_OWN.fullmatch(branch.name)
        and _last_used(connection, branch) < before.timestamp()
    )


def _last_used(connection: sa.Connection, branch: Branch) -> float:
    """When something was written to it: somebody may look into a failed run."""
    moved = branches.diff(connection, branch.name)
    written = (_written(change.new) for change in moved if change.new)
    return max([branch.created_at.timestamp(), *written])


def _publications(connection: sa.Connection, keep: int) -> tuple[int, ...]:
    """All but the newest, as far as they were not cleaned before."""
    newest = sa.select(publications.c.id).order_by(publications.c.id.desc()).limit(keep)
    kept: list[int] = list(connection.scalars(newest))
    if not kept:
        return ()
    cleaned = (changes.c.old_location == "") | (changes.c.new_location == "")
    older = (
        sa.select(changes.c.publication_id)
        .where(changes.c.publication_id < min(kept), ~sa.func.coalesce(cleaned, False))
        .distinct()
        .order_by(changes.c.publication_id)
    )
    return tuple(connection.scalars(older))


def _in_work(connection: sa.Connection, before: datetime | None) -> tuple[InWork, ...]:
    rows = connection.execute(
        sa.select(tables).where(selects.in_work(tables.c.table_name))
    )
    found = (
        InWork(
            row.catalog_name,
            TableId(row.table_namespace, row.table_name),
            row.metadata_location,
        )
        for row in rows
    )
    return tuple(
        one
        for one in found
        if before is None or _written(one.location) < before.timestamp()
    )


def _written(location: str) -> float:
    path = path_of(location)
    try:
        return path.stat().st_mtime if path else time.time()
    except OSError:
        return 0.0  # nothing there that somebody works on
