"""The lake as a Python object: branches, publications and tables of one project."""

from contextlib import suppress
from typing import TYPE_CHECKING

from orchestration.errors import ConflictError, NotFoundError, SetupError
from orchestration.failpoints import reach
from orchestration.lake import abandoned, branches, publications, publish
from orchestration.lake.model import (
    Branch,
    Pointer,
    Provenance,
    Publication,
    TableChange,
    TableId,
)
from orchestration.lake.store import Store
from orchestration.settings import MAIN, Settings

if TYPE_CHECKING:
    from pyiceberg.table import Table


class Lake:
    """Everything that is done to branches. Each call is one transaction.

    Works on the catalog's database directly, so it needs no running server; changes
    are seen by engines at their next query.
    """

    def __init__(self, store: Store, *, user: str) -> None:
        self._store = store
        self._user = user

    @classmethod
    def open(cls, settings: Settings) -> "Lake":
        """Open the lake, and make its database and `main` where they are missing.

        Raises:
            SetupError: The database cannot be opened, or is empty while the warehouse
                is not.
        """
        store = Store.open(settings.database_url, home=settings.home)
        with store.read() as connection:
            ready = branches.exists(connection, MAIN)
        if not ready:
            # Of two processes at once the other may be the faster one.
            with suppress(ConflictError), store.write() as connection:
                if not branches.exists(connection, MAIN):
                    _refuse_a_lost_database(settings)
                    branches.ensure_main(connection, who=settings.user)
        return cls(store, user=settings.user)

    @property
    def store(self) -> Store:
        """The database, for the catalog's server."""
        return self._store

    def branches(self) -> list[Branch]:
        """All branches, `main` first."""
        with self._store.read() as connection:
            return branches.every(connection)

    def branch(self, name: str) -> Branch:
        """One branch.

        Raises:
            NotFoundError: There is none of that name.
        """
        with self._store.read() as connection:
            return branches.get(connection, name)

    def create_branch(
        self, name: str, *, base: str = MAIN, at: int | None = None
    ) -> Branch:
        """Fork a branch; no data moves.

        Args:
            at: A publication; the branch then shows `main` as it was just after it.

        Raises:
            UsageError: The name is taken, or cannot name a branch.
            NotFoundError: There is no such base or publication, or it was cleaned up.
        """
        with self._store.write() as connection:
            made = branches.create(connection, name, base=base, at=at, who=self._user)
            if at is not None:  # asked under the lock of main, which clean-up takes
                publications.restorable(connection, at)
            return made

    def refresh(self, name: str) -> list[TableId]:
        """Follow the base where the branch changed nothing; returns what moved.

        Also forgets tables whose build was killed more than a day ago.

        Raises:
            UsageError: The branch is `main`.
            NotFoundError: There is no such branch.
        """
        with self._store.write() as connection:
            moved = branches.refresh(connection, name)
            abandoned.drop(connection, name)
            return moved

    def diff(self, name: str) -> list[TableChange]:
        """What the branch changed since its fork.

        Raises:
            NotFoundError: There is no such branch.
        """
        with self._store.read() as connection:
            branches.get(connection, name)
            return branches.diff(connection, name)

    def drop_branch(self, name: str) -> None:
        """Remove a branch. Files stay: other branches may share them.

        Raises:
            UsageError: The branch is `main`.
            NotFoundError: There is no such branch.
        """
        with self._store.write() as connection:
            branches.drop(connection, name)

    def publish(self, name: str, provenance: Provenance) -> Publication | None:
        """Move `main` to the branch's state, all tables or none.

        Returns:
            The publication, or None when nothing differs.

        Raises:
            ConflictError: `main` moved under tables that the branch changed; it names
                them.
            UsageError: The branch was not forked from `main`.
            NotFoundError: There is no such branch.
            SetupError: A file that it brings is missing, or cannot be made durable.
        """
        from orchestration.lake.durable import secure  # noqa: PLC0415 - slow

        secured: set[TableChange] = set()
        while True:
            # The disk is waited for outside the transaction, which others wait for.
            found = set(self.diff(name))
            secure(found - secured)
            secured |= found
            with self._store.write() as connection:
                if secured >= set(branches.diff(connection, name)):
                    publication = publish.publish(connection, name, provenance)
                    break
        reach("publish.committed")
        return publication

    def rollback(
        self, publication_id: int | None, provenance: Provenance
    ) -> Publication:
        """Undo a publication by a new one; None for the newest still in effect.

        Raises:
            ConflictError: Something newer moved one of its tables.
            NotFoundError: There is nothing to undo.
        """
        with self._store.write() as connection:
            publication = publish.rollback(connection, publication_id, provenance)
        reach("rollback.committed")
        return publication

    def log(self, limit: int = 20) -> list[Publication]:
        """The newest publications, newest first."""
        with self._store.read() as connection:
            return publications.log(connection, limit)

    def publication(self, publication_id: int) -> Publication:
        """One publication.

        Raises:
            NotFoundError: There is none of that id.
        """
        with self._store.read() as connection:
            return publications.get(connection, publication_id)

    def pointers(self, branch: str) -> dict[TableId, Pointer]:
        """What every table and view of a branch points to.

        Raises:
            NotFoundError: There is no such branch.
        """
        with self._store.read() as connection:
            branches.get(connection, branch)
            return branches.pointers(connection, branch)

    def load(self, branch: str, table: TableId) -> "Table":
        """A table as it is on a branch now, for reading.

        Raises:
            NotFoundError: There is no such branch, or no such table on it.
        """
        from pyiceberg.table import StaticTable  # noqa: PLC0415 - slow, rarely needed

        pointer = self.pointers(branch).get(table)
        if pointer is None or pointer.kind != "TABLE":
            raise NotFoundError(
                f"there is no such table on branch {branch}",
                where=str(table),
                remedy=f"`firn diff {branch}` and `firn log` show what was built.",
            )
        return StaticTable.from_metadata(pointer.metadata_location)

    def close(self) -> None:
        """Give the database's connections back."""
        self._store.close()


def _refuse_a_lost_database(settings: Settings) -> None:
    """A new lake has an empty warehouse; otherwise its database was lost or cut off.

    To go on would show an empty `main`, and land everything once more.
    """
    if any(settings.warehouse.rglob("*.metadata.json")):
        raise SetupError(
            "the catalog's database is empty, but the warehouse holds tables",
            where=str(settings.warehouse),
            remedy="Restore the database from a backup (FIRN_CATALOG_DATABASE, default "
            "catalog.db); for a new lake, set FIRN_WAREHOUSE to an empty folder.",
        )
