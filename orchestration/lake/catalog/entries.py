"""The rows of tables and views on a branch: which name points to which metadata."""

import sqlalchemy as sa

from orchestration.lake.catalog import errors, namespaces
from orchestration.lake.model import Kind, Pointer, TableId
from orchestration.lake.store import tables

_KIND = sa.func.coalesce(tables.c.iceberg_type, "TABLE")


def listing(
    connection: sa.Connection, branch: str, namespace: str, kind: Kind
) -> list[str]:
    """The names of a namespace's tables or views, sorted; 404 without namespace."""
    namespaces.require(connection, branch, namespace)
    found = sa.select(tables.c.table_name).where(
        tables.c.catalog_name == branch,
        tables.c.table_namespace == namespace,
        sa.literal(kind) == _KIND,
    )
    # Not by the database: its order may be that of a language, and pages go by this.
    return sorted(connection.scalars(found))


def find(connection: sa.Connection, branch: str, table: TableId) -> Pointer | None:
    """What is there under a name, table or view."""
    row = connection.execute(
        sa.select(_KIND, tables.c.metadata_location).where(*_is(branch, table))
    ).first()
    return Pointer(row[0], row[1]) if row else None


def require(
    connection: sa.Connection, branch: str, table: TableId, kind: Kind
) -> Pointer:
    """What is there; 404 unless it is of that kind."""
    pointer = find(connection, branch, table)
    if pointer is None or pointer.kind != kind:
        missing = errors.no_such_table if kind == "TABLE" else errors.no_such_view
        raise missing(table)
    return pointer


def require_free(
    connection: sa.Connection, branch: str, table: TableId, kind: Kind
) -> None:
    """409 where the name is taken, 404 without the namespace."""
    namespaces.require(connection, branch, table.namespace)
    pointer = find(connection, branch, table)
    if pointer is None:
        return
    if pointer.kind == kind:
        raise errors.already_exists(f"{kind.capitalize()} already exists: {table}")
    raise errors.already_exists(
        f"{pointer.kind.capitalize()} with same name already exists: {table}"
    )


def insert(
    connection: sa.Connection, branch: str, table: TableId, pointer: Pointer
) -> None:
    """Add a name that was checked to be free in this transaction."""
    connection.execute(
        tables.insert().values(
            catalog_name=branch,
            table_namespace=table.namespace,
            table_name=table.name,
            metadata_location=pointer.metadata_location,
            iceberg_type=pointer.kind,
        )
    )


def swap(
    connection: sa.Connection, branch: str, table: TableId, *, old: str, new: str
) -> bool:
    """Move a pointer if it still is at `old`; whether it was."""
    result = connection.execute(
        tables.update()
        .where(*_is(branch, table), tables.c.metadata_location == old)
        .values(metadata_location=new, previous_metadata_location=old)
    )
    return result.rowcount == 1


def rename(
    connection: sa.Connection,
    branch: str,
    source: TableId,
    target: TableId,
    kind: Kind,
) -> None:
    """Give it another name; 404 without source or namespace, 409 if taken."""
    require(connection, branch, source, kind)
    namespaces.require(connection, branch, target.namespace)
    if taken := find(connection, branch, target):
        raise errors.already_exists(
            f"Cannot rename {source} to {target}. "
            f"{taken.kind.capitalize()} already exists"
        )
    connection.execute(
        tables.update()
        .where(*_is(branch, source))
        .values(table_namespace=target.namespace, table_name=target.name)
    )


def drop(connection: sa.Connection, branch: str, table: TableId, kind: Kind) -> None:
    """Forget the name; 404 unless it is there. No file is deleted, ever."""
    require(connection, branch, table, kind)
    connection.execute(tables.delete().where(*_is(branch, table)))


def _is(branch: str, table: TableId) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        tables.c.catalog_name == branch,
        tables.c.table_namespace == table.namespace,
        tables.c.table_name == table.name,
    )
