"""Statements over whole sets of pointers: states, differences, what is behind.

They select the columns of `firn_forks`: namespace, name, kind and metadata file.
"""

from typing import Any

import sqlalchemy as sa

from orchestration.lake.model import TEMPORARY, Kind, TableChange, TableId
from orchestration.lake.store import changes, forks, tables
from orchestration.settings import MAIN

Select = sa.Select[Any]


def state(name: str) -> Select:
    """The pointers of a branch. Rows without a type are tables (schema v0)."""
    return sa.select(
        tables.c.table_namespace,
        tables.c.table_name,
        sa.func.coalesce(tables.c.iceberg_type, "TABLE").label("kind"),
        tables.c.metadata_location,
    ).where(tables.c.catalog_name == name)


def state_at(publication: int) -> Select:
    """The pointers of `main` just after a publication.

    Only publications move `main`. So each table is where it is now, unless a later
    one moved it; then it was where the first of those found it.
    """
    first = (
        sa.select(
            changes.c.table_namespace,
            changes.c.table_name,
            sa.func.min(changes.c.publication_id).label("publication_id"),
        )
        .where(changes.c.publication_id > publication)
        .group_by(changes.c.table_namespace, changes.c.table_name)
        .subquery("first_later")
    )
    unmoved = state(MAIN).where(
        ~sa.exists().where(
            first.c.table_namespace == tables.c.table_namespace,
            first.c.table_name == tables.c.table_name,
        )
    )
    before = (
        sa.select(
            changes.c.table_namespace,
            changes.c.table_name,
            changes.c.old_kind,
            changes.c.old_location,
        )
        .join(
            first,
            same_name(changes, first)
            & (changes.c.publication_id == first.c.publication_id),
        )
        .where(changes.c.old_location.is_not(None))
    )
    return sa.select(sa.union_all(unmoved, before).subquery("state"))


def behind(name: str, base: str) -> Select:
    """Tables untouched on the branch that its base moved, made or removed."""
    there = state(base).where(~in_work(tables.c.table_name)).subquery("there")
    here = state(name).subquery("here")
    fork = sa.select(forks).where(forks.c.branch == name).subquery("fork")
    untouched = here.c.metadata_location == fork.c.metadata_location
    unknown = here.c.table_name.is_(None) & fork.c.table_name.is_(None)
    moved = (
        sa.select(there)
        .select_from(
            there.outerjoin(here, same_name(there, here)).outerjoin(
                fork, same_name(there, fork)
            )
        )
        .where(
            unknown
            | (untouched & (there.c.metadata_location != fork.c.metadata_location))
        )
    )
    removed = (
        sa.select(
            fork.c.table_namespace,
            fork.c.table_name,
            fork.c.kind,
            sa.null().label("metadata_location"),
        )
        .select_from(
            fork.join(here, same_name(fork, here)).outerjoin(
                there, same_name(fork, there)
            )
        )
        .where(untouched, there.c.table_name.is_(None))
    )
    return sa.select(sa.union_all(moved, removed).subquery("behind"))


def differences(name: str) -> Select:
    """Select the tables that differ from the fork: name, and old and new pointer."""
    here = state(name).where(~in_work(tables.c.table_name)).subquery("here")
    fork = (
        sa.select(forks)
        .where(forks.c.branch == name, ~in_work(forks.c.table_name))
        .subquery("fork")
    )
    moved = (
        sa.select(
            here.c.table_namespace,
            here.c.table_name,
            fork.c.kind.label("old_kind"),
            fork.c.metadata_location.label("old_location"),
            here.c.kind.label("new_kind"),
            here.c.metadata_location.label("new_location"),
        )
        .select_from(here.outerjoin(fork, same_name(here, fork)))
        .where(
            here.c.metadata_location.is_distinct_from(fork.c.metadata_location)
            | here.c.kind.is_distinct_from(fork.c.kind)
        )
    )
    removed = (
        sa.select(
            fork.c.table_namespace,
            fork.c.table_name,
            fork.c.kind,
            fork.c.metadata_location,
            sa.null(),
            sa.null(),
        )
        .select_from(fork.outerjoin(here, same_name(here, fork)))
        .where(here.c.table_name.is_(None))
    )
    return sa.select(sa.union_all(moved, removed).subquery("differences"))


def in_work(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a table is still being built, by its name."""
    return column.contains(TEMPORARY, autoescape=True)


def same_name(left: Any, right: Any) -> sa.ColumnElement[bool]:
    """Join on a table's name."""
    return sa.and_(
        left.c.table_namespace == right.c.table_namespace,
        left.c.table_name == right.c.table_name,
    )


def change(row: Any) -> TableChange:
    """The value of one row of `differences`, or of a publication's changes."""
    kind: Kind = row.new_kind or row.old_kind
    table = TableId(row.table_namespace, row.table_name)
    return TableChange(table, kind, row.old_location, row.new_location)
