"""Namespaces of a branch and their properties."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from orchestration.lake.catalog import errors, names
from orchestration.lake.store import namespaces, tables

# A namespace without properties has this one, so that it exists (as in Java's and
# pyiceberg's catalogs). It is never shown.
_EXISTS = "exists"

# As the columns have them. SQLite would take more, and Postgres fail.
_LONGEST_KEY, _LONGEST_VALUE = 255, 1000


@dataclass(frozen=True)
class PropertiesUpdate:
    """What an update did, by key."""

    updated: list[str]
    removed: list[str]
    missing: list[str]


def exists(connection: sa.Connection, branch: str, namespace: str) -> bool:
    """Whether it was created, or holds a table, view or namespace."""
    below = namespace + "."
    found = sa.union_all(
        sa.select(sa.literal(1)).where(
            namespaces.c.catalog_name == branch,
            (namespaces.c.namespace == namespace)
            | namespaces.c.namespace.startswith(below, autoescape=True),
        ),
        sa.select(sa.literal(1)).where(
            tables.c.catalog_name == branch,
            (tables.c.table_namespace == namespace)
            | tables.c.table_namespace.startswith(below, autoescape=True),
        ),
    )
    return connection.execute(found.limit(1)).first() is not None


def require(connection: sa.Connection, branch: str, namespace: str) -> None:
    """Refuse with 404 unless it exists."""
    if not exists(connection, branch, namespace):
        raise errors.no_such_namespace(namespace)


def children(connection: sa.Connection, branch: str, parent: str) -> list[str]:
    """The namespaces one level below `parent` ("" for the top), sorted."""
    if parent:
        require(connection, branch, parent)
    known = sa.union(
        sa.select(namespaces.c.namespace).where(namespaces.c.catalog_name == branch),
        sa.select(tables.c.table_namespace).where(tables.c.catalog_name == branch),
    )
    above = names.split(parent) if parent else ()
    depth = len(above) + 1
    found = {
        levels[:depth]
        for levels in map(names.split, connection.scalars(known))
        if len(levels) >= depth and levels[: depth - 1] == above
    }
    return sorted(names.join(levels) for levels in found)


def create(
    connection: sa.Connection,
    branch: str,
    namespace: str,
    properties: Mapping[str, str],
) -> None:
    """Make it; 409 if it exists."""
    if exists(connection, branch, namespace):
        raise errors.already_exists(f"Namespace already exists: {namespace}")
    _put(connection, branch, namespace, {**properties, _EXISTS: "true"})


def properties(
    connection: sa.Connection, branch: str, namespace: str
) -> dict[str, str]:
    """Its properties; 404 unless it exists."""
    require(connection, branch, namespace)
    rows = connection.execute(
        sa.select(namespaces.c.property_key, namespaces.c.property_value).where(
            *_is(branch, namespace), namespaces.c.property_key != _EXISTS
        )
    )
    return {row.property_key: row.property_value for row in rows}


def update(
    connection: sa.Connection,
    branch: str,
    namespace: str,
    *,
    removals: Collection[str],
    updates: Mapping[str, str],
) -> PropertiesUpdate:
    """Set and remove properties; 422 where a key is in both."""
    if both := set(removals) & set(updates):
        raise errors.unprocessable("keys to remove and to set at once", both)
    have = properties(connection, branch, namespace)
    removed = [key for key in removals if key in have]
    for key in {*removed, *updates}:
        connection.execute(
            namespaces.delete().where(
                *_is(branch, namespace), namespaces.c.property_key == key
            )
        )
    _put(connection, branch, namespace, updates)
    missing = [key for key in removals if key not in have]
    return PropertiesUpdate(list(updates), removed, missing)


def drop(connection: sa.Connection, branch: str, namespace: str) -> None:
    """Remove it; 409 while something is in it, 404 unless it exists."""
    require(connection, branch, namespace)
    occupied = connection.execute(
        sa.select(tables.c.table_name)
        .where(tables.c.catalog_name == branch, tables.c.table_namespace == namespace)
        .limit(1)
    ).first()
    if occupied or children(connection, branch, namespace):
        raise errors.namespace_not_empty(namespace)
    connection.execute(namespaces.delete().where(*_is(branch, namespace)))


def _is(branch: str, namespace: str) -> tuple[sa.ColumnElement[bool], ...]:
    return namespaces.c.catalog_name == branch, namespaces.c.namespace == namespace


def _put(
    connection: sa.Connection, branch: str, namespace: str, values: Mapping[str, str]
) -> None:
    if any(
        not key
        or len(key) > _LONGEST_KEY
        or len(value) > _LONGEST_VALUE
        or "\0" in key + value
        for key, value in values.items()
    ):
        raise errors.bad_request(
            f"a property's key has 1 to {_LONGEST_KEY} characters, its value up to "
            f"{_LONGEST_VALUE}, and neither a NUL"
        )
    rows = [
        {
            "catalog_name": branch,
            "namespace": namespace,
            "property_key": key,
            "property_value": value,
        }
        for key, value in values.items()
    ]
    if rows:
        connection.execute(namespaces.insert(), rows)
