"""The records of publications: what moved `main`, when, and why."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from orchestration.errors import NotFoundError
from orchestration.lake import selects
from orchestration.lake.model import Provenance, Publication, TableChange
from orchestration.lake.store import changes, publications
from orchestration.settings import MAIN


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


def restorable(connection: sa.Connection, publication_id: int) -> Publication:
    """One publication whose state can be read, and which can be undone.

    Raises:
        NotFoundError: There is none of that id, or clean-up took its pointers.
    """
    found = get(connection, publication_id)
    if found.cleaned:
        raise NotFoundError(
            "its state was cleaned up; it cannot be read or rolled back any more",
            where=f"publication {publication_id}",
            remedy="`firn log` says which are kept, and `firn clean "
            "--keep-publications` how many.",
        )
    return found


def newest_in_effect(connection: sa.Connection) -> int:
    """The newest publish that no rollback in effect undoes.

    Raises:
        NotFoundError: There is none.
    """
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


def _with_changes(connection: sa.Connection, rows: Sequence[Any]) -> list[Publication]:
    ids = [row.id for row in rows]
    found = connection.execute(
        sa.select(changes)
        .where(changes.c.publication_id.in_(ids))
        .order_by(changes.c.table_namespace, changes.c.table_name)
    )
    moves: dict[int, list[TableChange]] = {id_: [] for id_ in ids}
    for row in found:
        moves[row.publication_id].append(selects.change(row))
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
