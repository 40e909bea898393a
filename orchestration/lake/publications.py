"""Publications: the only way that `main` moves, every table of one or none.

The whole of a publish is one transaction: compare `main` with the fork, take the
branch's pointers, write the record. The sets are compared and moved by SQL.
"""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from orchestration.errors import ConflictError, NotFoundError, UsageError
from orchestration.lake import branches as branch_sql
from orchestration.lake.model import Provenance, Publication
from orchestration.lake.store import changes, forks, publications, tables
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
    branch = branch_sql.get(connection, name, lock=True)
    if branch.base != MAIN:
        raise UsageError(
            f"only a branch of {MAIN} can be published",
            where=f"branch {name}",
            remedy=f"Fork it from {MAIN}; its base is {branch.base or 'no branch'}.",
        )
    branch_sql.get(connection, MAIN, lock=True)
    publication = _record(
        connection,
        branch_sql.differences(name),
        {"kind": "publish", "branch": name},
        provenance,
    )
    if publication is None:
        return None
    _compare(
        connection,
        publication,
        what=f"main moved since {name} was forked",
        remedy=f"Nothing was published. Refresh {name} or fork a new branch, rebuild, "
        "and publish again.",
    )
    _swap(connection, publication)
    branch_sql._copy_namespaces(connection, source=name, target=MAIN)
    _advance_fork(connection, name, publication)
    return get(connection, publication)


def rollback(
    connection: sa.Connection, publication_id: int | None, provenance: Provenance
) -> Publication:
    """Publish the pointers that were there before a publication.

    Args:
        publication_id: What to undo; None for the newest that is still in effect and
            is no rollback itself.

    Raises:
        ConflictError: Something newer moved one of its tables; nothing has moved.
        NotFoundError: There is no such publication, or nothing to undo.
    """
    branch_sql.get(connection, MAIN, lock=True)
    if publication_id is None:
        publication_id = _newest_in_effect(connection)
    undone = get(connection, publication_id)
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
    _compare(
        connection,
        publication,
        what=f"something newer than publication {publication_id} moved main",
        remedy="Nothing was rolled back. Undo the newer publications first: "
        "`firn log` lists them.",
    )
    _swap(connection, publication)
    return get(connection, publication)


def log(connection: sa.Connection, limit: int) -> list[Publication]:
    """The newest publications, newest first, with their changes."""
    rows = connection.execute(
        sa.select(publications).order_by(publications.c.id.desc()).limit(limit)
    ).all()
    return _with_changes(connection, rows)


def get(connection: sa.Connection, publication_id: int) -> Publication:
    """One publication.

    Raises:
        NotFoundError: There is none of that id.
    """
    found = sa.select(publications).where(publications.c.id == publication_id)
    rows = connection.execute(found).all()
    if not rows:
        raise NotFoundError(
            "there is no such publication",
            where=f"publication {publication_id}",
            remedy="`firn log` lists them.",
        )
    return _with_changes(connection, rows)[0]


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
        .select_from(moved.outerjoin(main, branch_sql._same_name(moved, main)))
        .where(main.c.metadata_location.is_distinct_from(moved.c.new_location))
    )
    if connection.execute(wanted.limit(1)).first() is None:
        return None
    row = {
        **what,
        "published_at": branch_sql.now(),
        "who": provenance.who,
        "git_commit": provenance.git_commit,
        "dbt_invocation": provenance.dbt_invocation,
        "fingerprint": provenance.fingerprint,
        "inputs": json.dumps(dict(provenance.inputs), sort_keys=True),
    }
    result = connection.execute(publications.insert().values(row))
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


def _compare(
    connection: sa.Connection, publication: int, *, what: str, remedy: str
) -> None:
    main = _main()
    moved = sa.select(changes).where(changes.c.publication_id == publication)
    change = moved.subquery("change")
    conflicts = connection.execute(
        sa.select(change.c.table_namespace, change.c.table_name)
        .select_from(change.outerjoin(main, branch_sql._same_name(change, main)))
        .where(main.c.metadata_location.is_distinct_from(change.c.old_location))
        .order_by(change.c.table_namespace, change.c.table_name)
    ).all()
    if conflicts:
        names = ", ".join(".".join(row) for row in conflicts)
        raise ConflictError(what, where=names, remedy=remedy)


def _swap(connection: sa.Connection, publication: int) -> None:
    moved = sa.select(changes).where(changes.c.publication_id == publication)
    change = moved.subquery("change")
    connection.execute(
        tables.delete().where(
            tables.c.catalog_name == MAIN,
            sa.exists().where(branch_sql._same_name(change, tables)),
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
            sa.exists().where(branch_sql._same_name(change, forks)),
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


def _newest_in_effect(connection: sa.Connection) -> int:
    undone: set[int] = set()
    rows = connection.execute(
        sa.select(
            publications.c.id, publications.c.kind, publications.c.reverts
        ).order_by(publications.c.id.desc())
    )
    for row in rows:
        if row.id in undone:
            continue
        if row.kind == "publish":
            return int(row.id)
        undone.add(row.reverts)
    raise NotFoundError(
        "nothing was published yet",
        where=MAIN,
        remedy="`firn log` lists what can be rolled back.",
    )


def _with_changes(connection: sa.Connection, rows: Any) -> list[Publication]:
    ids = [row.id for row in rows]
    found = connection.execute(
        sa.select(changes)
        .where(changes.c.publication_id.in_(ids))
        .order_by(changes.c.table_namespace, changes.c.table_name)
    )
    moves: dict[int, list[Any]] = {id_: [] for id_ in ids}
    for change in found:
        moves[change.publication_id].append(branch_sql.change(change))
    return [
        Publication(
            id=row.id,
            kind=row.kind,
            branch=row.branch,
            published_at=datetime.fromisoformat(row.published_at),
            provenance=Provenance(
                who=row.who,
                git_commit=row.git_commit,
                dbt_invocation=row.dbt_invocation,
                fingerprint=row.fingerprint,
                inputs=json.loads(row.inputs),
            ),
            changes=tuple(moves[row.id]),
            reverts=row.reverts,
        )
        for row in rows
    ]


def _main() -> sa.Subquery:
    return sa.select(tables).where(tables.c.catalog_name == MAIN).subquery("main")


def _opposite(column: str) -> str:
    side, _, rest = column.partition("_")
    return {"old": "new", "new": "old"}.get(side, side) + "_" + rest
