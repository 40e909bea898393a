"""Publish and rollback: `main` moves by every table of a publication, or by none.

The whole of it is one transaction: write down what is to move, compare `main` with
where each table was expected, swap the pointers. The sets are compared and moved by
SQL.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from orchestration.errors import ConflictError, NotFoundError, UsageError
from orchestration.failpoints import reach
from orchestration.lake import branches, publications, selects
from orchestration.lake.model import Provenance, Publication, TableId
from orchestration.lake.store import changes, forks, tables
from orchestration.lake.store import publications as records
from orchestration.settings import MAIN

_NAME = ("table_namespace", "table_name")
_CHANGE = (*_NAME, "old_kind", "old_location", "new_kind", "new_location")


def publish(
    connection: sa.Connection, name: str, provenance: Provenance
) -> Publication | None:
    """Move `main` to where the branch is, and the branch's fork with it.

    Returns:
        The publication, or None when nothing differs.

    Raises:
        ConflictError: `main` moved under a table that the branch changed, too. It
            names every such table, and nothing has moved.
        UsageError: The branch is `main`, or was not forked from it.
    """
    branch = branches.get(connection, name, lock=True)
    if branch.base != MAIN:
        raise UsageError(
            f"only a branch of {MAIN} can be published",
            where=f"branch {name}",
            remedy=f"Fork it from {MAIN}; its base is {branch.base or 'no branch'}.",
        )
    branches.get(connection, MAIN, lock=True)
    publication = _record(
        connection,
        selects.differences(name),
        {"kind": "publish", "branch": name},
        provenance,
    )
    if publication is None:
        return None
    reach("publish.recorded")
    _compare(
        connection,
        publication,
        what=f"main moved since {name} was forked",
        remedy="Nothing was published. Run again, or drop the branch and fork a new "
        f"one: `firn branches drop {name}`.",
    )
    reach("publish.compared")
    _swap(connection, publication)
    reach("publish.swapped")
    branches.copy_namespaces(connection, source=name, target=MAIN)
    _advance_fork(connection, name, publication)
    return publications.get(connection, publication)


def rollback(
    connection: sa.Connection, publication_id: int | None, provenance: Provenance
) -> Publication:
    """Publish the pointers that were there before a publication.

    Args:
        publication_id: What to undo; None for the newest that is still in effect and
            is no rollback itself.

    Raises:
        ConflictError: Something newer moved one of its tables; nothing has moved.
        NotFoundError: There is no such publication, it was cleaned up, or there is
            nothing to undo.
    """
    branches.get(connection, MAIN, lock=True)
    if publication_id is None:
        publication_id = publications.newest_in_effect(connection)
    undone = publications.restorable(connection, publication_id)
    columns = {name: changes.c[name] for name in _CHANGE}
    reverse = sa.select(
        *(columns[name].label(_opposite(name)) for name in _CHANGE)
    ).where(changes.c.publication_id == publication_id)
    publication = _record(
        connection,
        reverse,
        {"kind": "rollback", "branch": undone.branch, "reverts": publication_id},
        provenance,
    )
    if publication is None:  # every recorded publication moved a table
        raise NotFoundError(
            "it is already undone",
            where=f"publication {publication_id}",
            remedy="`firn log` shows what is in effect.",
        )
    reach("rollback.recorded")
    _compare(
        connection,
        publication,
        what=f"something newer than publication {publication_id} moved main",
        remedy="Nothing was rolled back. Undo the newer publications first: "
        "`firn log` lists them.",
    )
    _swap(connection, publication)
    reach("rollback.swapped")
    return publications.get(connection, publication)


def _record(
    connection: sa.Connection,
    differences: sa.Select[Any],
    what: dict[str, Any],
    provenance: Provenance,
) -> int | None:
    """Write down what is about to move, leaving out what `main` has already."""
    moved = differences.subquery("moved")
    main = _main()
    wanted = (
        sa.select(*(moved.c[name] for name in _CHANGE))
        .select_from(moved.outerjoin(main, selects.same_name(moved, main)))
        .where(main.c.metadata_location.is_distinct_from(moved.c.new_location))
    )
    if connection.execute(wanted.limit(1)).first() is None:
        return None
    row = {
        **what,
        "published_at": _moment(connection),
        "who": provenance.who,
        "git_commit": provenance.git_commit,
        "dbt_invocation": provenance.dbt_invocation,
        "fingerprint": provenance.fingerprint,
        "inputs": json.dumps(dict(provenance.inputs), sort_keys=True),
    }
    result = connection.execute(records.insert().values(row))
    assert result.inserted_primary_key is not None
    new_id = int(result.inserted_primary_key[0])
    source = wanted.subquery("wanted")
    connection.execute(
        changes.insert().from_select(
            ["publication_id", *_CHANGE],
            sa.select(sa.literal(new_id), *(source.c[name] for name in _CHANGE)),
        )
    )
    return new_id


def _moment(connection: sa.Connection) -> str:
    """Now, or just after the newest publication where the clock was set back since.

    The order of publications is the order of their times: an ingest relies on it when
    it draws a moment that is newer than every row on `main`.
    """
    newest = connection.execute(
        sa.select(records.c.published_at).order_by(records.c.id.desc()).limit(1)
    ).scalar()
    now = branches.now()
    if newest is None or datetime.fromisoformat(newest) < datetime.fromisoformat(now):
        return now
    return (datetime.fromisoformat(newest) + timedelta(microseconds=1)).isoformat()


def _compare(
    connection: sa.Connection, publication: int, *, what: str, remedy: str
) -> None:
    main = _main()
    moved = sa.select(changes).where(changes.c.publication_id == publication)
    change = moved.subquery("change")
    conflicts = connection.execute(
        sa.select(change.c.table_namespace, change.c.table_name)
        .select_from(change.outerjoin(main, selects.same_name(change, main)))
        .where(main.c.metadata_location.is_distinct_from(change.c.old_location))
        .order_by(change.c.table_namespace, change.c.table_name)
    ).all()
    if conflicts:
        names = [TableId(row.table_namespace, row.table_name) for row in conflicts]
        raise ConflictError(what, where=", ".join(map(str, names)), remedy=remedy)


def _swap(connection: sa.Connection, publication: int) -> None:
    moved = sa.select(changes).where(changes.c.publication_id == publication)
    change = moved.subquery("change")
    connection.execute(
        tables.delete().where(
            tables.c.catalog_name == MAIN,
            sa.exists().where(selects.same_name(change, tables)),
        )
    )
    connection.execute(
        tables.insert().from_select(
            [
                "catalog_name",
                *_NAME,
                "metadata_location",
                "previous_metadata_location",
                "iceberg_type",
            ],
            sa.select(
                sa.literal(MAIN),
                change.c.table_namespace,
                change.c.table_name,
                change.c.new_location,
                change.c.old_location,
                change.c.new_kind,
            ).where(change.c.new_location.is_not(None)),
        )
    )


def _advance_fork(connection: sa.Connection, name: str, publication: int) -> None:
    """What was published is where the branch continues from."""
    moved = sa.select(changes).where(changes.c.publication_id == publication)
    change = moved.subquery("change")
    connection.execute(
        forks.delete().where(
            forks.c.branch == name,
            sa.exists().where(selects.same_name(change, forks)),
        )
    )
    connection.execute(
        forks.insert().from_select(
            ["branch", *_NAME, "kind", "metadata_location"],
            sa.select(
                sa.literal(name),
                change.c.table_namespace,
                change.c.table_name,
                change.c.new_kind,
                change.c.new_location,
            ).where(change.c.new_location.is_not(None)),
        )
    )


def _main() -> sa.Subquery:
    return sa.select(tables).where(tables.c.catalog_name == MAIN).subquery("main")


def _opposite(column: str) -> str:
    side, _, rest = column.partition("_")
    return {"old": "new", "new": "old"}.get(side, side) + "_" + rest
