"""Branches: named sets of pointers to tables, copied and compared by SQL alone.

Every function takes an open transaction. The work is done by statements over whole
sets, so that ten thousand tables cost milliseconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from orchestration.errors import NotFoundError, UsageError
from orchestration.lake import selects
from orchestration.lake.model import (
    Branch,
    Pointer,
    TableChange,
    TableId,
)
from orchestration.lake.store import branches, forks, namespaces, tables
from orchestration.settings import MAIN, branch_name


def now() -> str:
    """This moment as the database keeps it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()


def ensure_main(connection: sa.Connection, *, who: str) -> None:
    """Make the branch that everything is published to, in a new database."""
    if not exists(connection, MAIN):
        row = {"name": MAIN, "created_at": now(), "created_by": who}
        connection.execute(branches.insert().values(row))


def exists(connection: sa.Connection, name: str) -> bool:
    """Whether there is a branch of that name."""
    found = sa.select(branches.c.name).where(branches.c.name == name)
    return connection.execute(found).first() is not None


def every(connection: sa.Connection) -> list[Branch]:
    """All branches, `main` first, the others by name."""
    order = (branches.c.name != MAIN, branches.c.name)
    rows = connection.execute(sa.select(branches).order_by(*order))
    return [_branch(row) for row in rows]


def get(connection: sa.Connection, name: str, *, lock: bool = False) -> Branch:
    """One branch. `lock` keeps it as it is until the transaction ends.

    Raises:
        NotFoundError: There is none of that name.
    """
    found = sa.select(branches).where(branches.c.name == name)
    row = connection.execute(found.with_for_update() if lock else found).first()
    if row is None:
        raise NotFoundError(
            "there is no such branch",
            where=f"branch {name}",
            remedy="`firn branches` lists them.",
        )
    return _branch(row)


def pointers(connection: sa.Connection, name: str) -> dict[TableId, Pointer]:
    """What every table and view of the branch points to, by name."""
    rows = connection.execute(
        selects.state(name).order_by(tables.c.table_namespace, tables.c.table_name)
    )
    return {
        TableId(row.table_namespace, row.table_name): Pointer(
            row.kind, row.metadata_location
        )
        for row in rows
    }


def create(
    connection: sa.Connection, name: str, *, base: str, at: int | None, who: str
) -> Branch:
    """Fork a branch: copy the pointers of its base, and remember them as the fork.

    Args:
        at: A publication; the branch then starts from what `main` was just after it.

    Raises:
        UsageError: The name is taken or cannot name a branch, or `at` is combined
            with a base other than `main`.
        NotFoundError: There is no such base.
    """
    branch_name(name, where="branch")
    get(connection, base, lock=True)
    if exists(connection, name):
        raise _taken(name)
    if at is not None and base != MAIN:
        raise UsageError(
            "only main has publications to go back to",
            where=f"branch {name}",
            remedy="Leave out the base, or the publication.",
        )
    row = {"name": name, "base": base, "created_at": now(), "created_by": who}
    try:
        connection.execute(branches.insert().values(row))
    except IntegrityError as error:  # another process was faster, from another base
        raise _taken(name) from error
    _fill(connection, name, selects.state(base) if at is None else selects.state_at(at))
    copy_namespaces(connection, source=base, target=name)
    return get(connection, name)


def refresh(connection: sa.Connection, name: str) -> list[TableId]:
    """Follow the base where the branch changed nothing itself; returns what moved.

    A table that the branch changed, dropped or made stays as it is.

    Raises:
        UsageError: The branch is `main`, which follows nothing, or its base is gone.
    """
    branch = get(connection, name, lock=True)
    if branch.base is None:
        raise UsageError(
            "main follows no other branch",
            where=f"branch {name}",
            remedy="Name a branch that was forked.",
        )
    _require_base(connection, branch)
    moved = connection.execute(selects.behind(name, branch.base)).all()
    gone = [TableId(row.table_namespace, row.table_name) for row in moved]
    _forget(connection, name, gone)
    present = [row._asdict() for row in moved if row.metadata_location is not None]
    if present:
        connection.execute(
            tables.insert(),
            [
                {
                    "catalog_name": name,
                    "table_namespace": row["table_namespace"],
                    "table_name": row["table_name"],
                    "metadata_location": row["metadata_location"],
                    "iceberg_type": row["kind"],
                }
                for row in present
            ],
        )
        connection.execute(forks.insert(), [{"branch": name, **row} for row in present])
    copy_namespaces(connection, source=branch.base, target=name)
    return sorted(gone)


def diff(connection: sa.Connection, name: str) -> list[TableChange]:
    """What the branch changed since its fork, by name; tables in work left out."""
    rows = connection.execute(
        selects.differences(name).order_by("table_namespace", "table_name")
    )
    return [selects.change(row) for row in rows]


def drop(connection: sa.Connection, name: str) -> None:
    """Remove the branch and its pointers; files stay, other branches may share them.

    Raises:
        UsageError: The branch is `main`.
    """
    get(connection, name, lock=True)
    if name == MAIN:
        raise UsageError(
            "main cannot be dropped",
            where=f"branch {name}",
            remedy="Name another branch; to undo a publication use `firn rollback`.",
        )
    for table, column in (
        (tables, tables.c.catalog_name),
        (namespaces, namespaces.c.catalog_name),
        (forks, forks.c.branch),
        (branches, branches.c.name),
    ):
        connection.execute(table.delete().where(column == name))


def _require_base(connection: sa.Connection, branch: Branch) -> None:
    """To follow what is not there would take every untouched table away."""
    assert branch.base is not None
    try:
        get(connection, branch.base, lock=True)
    except NotFoundError as error:
        raise UsageError(
            f"its base {branch.base} was dropped",
            where=f"branch {branch.name}",
            remedy="Work on without refreshing, or fork a new branch from main.",
        ) from error


def _taken(name: str) -> UsageError:
    return UsageError(
        "the branch exists already",
        where=f"branch {name}",
        remedy=f"Choose another name, or drop it: `firn branches drop {name}`.",
    )


def _branch(row: Any) -> Branch:
    created = datetime.fromisoformat(row.created_at)
    return Branch(row.name, row.base, created, row.created_by)


def _fill(connection: sa.Connection, name: str, state: selects.Select) -> None:
    source = state.subquery("source")
    rows = sa.select(
        sa.literal(name),
        source.c.table_namespace,
        source.c.table_name,
        source.c.kind,
        source.c.metadata_location,
    ).where(~selects.in_work(source.c.table_name))
    columns = ("table_namespace", "table_name", "{}", "metadata_location")
    for table, owner, kind in (
        (tables, "catalog_name", "iceberg_type"),
        (forks, "branch", "kind"),
    ):
        names = [owner, *(column.format(kind) for column in columns)]
        connection.execute(table.insert().from_select(names, rows))


def copy_namespaces(connection: sa.Connection, *, source: str, target: str) -> None:
    """Add what `target` lacks; a property that both have keeps its value."""
    have = namespaces.alias("have")
    missing = sa.select(
        sa.literal(target),
        namespaces.c.namespace,
        namespaces.c.property_key,
        namespaces.c.property_value,
    ).where(
        namespaces.c.catalog_name == source,
        ~sa.exists().where(
            have.c.catalog_name == target,
            have.c.namespace == namespaces.c.namespace,
            have.c.property_key == namespaces.c.property_key,
        ),
    )
    connection.execute(
        namespaces.insert().from_select([c.name for c in namespaces.c], missing)
    )


def _forget(connection: sa.Connection, name: str, gone: Sequence[TableId]) -> None:
    if not gone:
        return
    keys = [{"ns": table.namespace, "tn": table.name} for table in gone]
    for table, owner in ((tables, tables.c.catalog_name), (forks, forks.c.branch)):
        connection.execute(
            table.delete().where(
                owner == name,
                table.c.table_namespace == sa.bindparam("ns"),
                table.c.table_name == sa.bindparam("tn"),
            ),
            keys,
        )
