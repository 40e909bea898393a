"""Iceberg views, and their doubles in DuckDB's memory.

A view carries one SQL text per dialect. DuckDB cannot read Iceberg views, so the
`duckdb` texts of a branch are created again as in-memory views when it connects. They
live in the database `memory`, in a schema named for the namespace.
"""

import contextlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import NoSuchViewError
from pyiceberg.schema import Schema
from pyiceberg.view import View
from pyiceberg.view.metadata import (
    ViewMetadata,
    ViewVersion,
)

from orchestration.errors import SetupError, UsageError
from orchestration.lake.definition import COMMENT, Definition, schema_of
from orchestration.lake.model import TableId
from orchestration.lake.statements import one_query
from orchestration.lake.types import literal, quote
from orchestration.lake.updates import key

DIALECT = "duckdb"
MEMORY = "memory"  # the name DuckDB gives the database of a `:memory:` connection


def put_view(
    catalog: RestCatalog,
    view: TableId,
    definition: Definition,
    texts: Mapping[str, str],
) -> bool:
    """Create or replace a view by its text in each dialect; texts it had before go.

    Args:
        texts: By dialect, the one of the engine that writes first.

    Returns:
        Whether anything changed. An equal view is left alone.
    """
    schema = schema_of(definition)
    version = _version(view, schema, texts)
    properties = definition.table_properties()
    old = load_view(catalog, view)
    if old is None:
        catalog.create_view(key(view), schema, version, properties=properties)
        return True
    if _is_same(old.metadata, schema, texts, properties):
        return False
    updates = _updates(old.metadata, schema, version, properties)
    _replace(catalog, view, old.metadata, updates)
    return True


def drop_view(catalog: RestCatalog, view: TableId) -> None:
    """Drop a view, if there is one."""
    with contextlib.suppress(NoSuchViewError):
        catalog.drop_view(key(view))


def load_view(catalog: RestCatalog, view: TableId) -> View | None:
    """The view as it is now, or None."""
    try:
        found: View = catalog.load_view(key(view))
    except NoSuchViewError:
        return None
    return found


def recreate_views(con: duckdb.DuckDBPyConnection, catalog: RestCatalog) -> None:
    """Create the branch's views in DuckDB's memory, those they read first.

    One that cannot be created, because what it reads is gone, becomes a view that
    raises the reason when it is read: the others must not suffer for it.
    """
    namespaces = [".".join(name) for name in catalog.list_namespaces()]
    for namespace in namespaces:
        con.execute(f"create schema if not exists {MEMORY}.{quote(namespace)}")
    pending = _texts(catalog, namespaces)
    errors: dict[TableId, str] = {}
    while pending:
        errors = {}
        for view, sql in pending.items():
            try:
                one_query(con, sql, where=str(view))
                con.execute(f"create or replace view {_name(view)} as {sql}")
            except (duckdb.Error, UsageError) as error:
                errors[view] = str(error).splitlines()[0]
        if len(errors) == len(pending):
            break
        pending = {view: sql for view, sql in pending.items() if view in errors}
    for view, reason in errors.items():
        message = f"{view} cannot be read: {reason}. Build it again."
        con.execute(
            f"create or replace view {_name(view)} as select error({literal(message)})"
        )


def sql_of(metadata: ViewMetadata, dialect: str = DIALECT) -> str | None:
    """The current text in a dialect; None if nobody wrote one."""
    return _texts_of(metadata).get(dialect)


def _texts_of(metadata: ViewMetadata) -> dict[str, str]:
    found = (one.root for one in current_version(metadata).representations)
    return {text.dialect: text.sql for text in found}


def current_version(metadata: ViewMetadata) -> ViewVersion:
    """The version that readers see."""
    wanted = metadata.current_version_id
    return next(v for v in metadata.versions if v.version_id == wanted)


def view_schema(metadata: ViewMetadata) -> Schema:
    """The columns of the current version."""
    wanted = current_version(metadata).schema_id
    return next(s for s in metadata.schemas if s.schema_id == wanted)


def _name(view: TableId) -> str:
    return f"{MEMORY}.{quote(view.namespace)}.{quote(view.name)}"


def _texts(catalog: RestCatalog, namespaces: Iterable[str]) -> dict[TableId, str]:
    found = [
        TableId(namespace, name[-1])
        for namespace in namespaces
        for name in catalog.list_views(tuple(namespace.split(".")))
    ]
    if not found:
        return {}
    with ThreadPoolExecutor(max_workers=8) as pool:
        loaded = list(pool.map(lambda view: load_view(catalog, view), found))
    texts = {
        view: sql_of(content.metadata)
        for view, content in zip(found, loaded, strict=True)
        if content is not None  # dropped meanwhile
    }
    return {view: sql for view, sql in texts.items() if sql is not None}


def _version(view: TableId, schema: Schema, texts: Mapping[str, str]) -> ViewVersion:
    return ViewVersion.model_validate(
        {
            "version-id": 1,
            "schema-id": schema.schema_id,
            "timestamp-ms": int(time.time() * 1000),
            "summary": {"engine-name": next(iter(texts))},
            "representations": [
                {"type": "sql", "sql": sql, "dialect": dialect}
                for dialect, sql in texts.items()
            ],
            "default-namespace": view.namespace.split("."),
        }
    )


def _is_same(
    old: ViewMetadata,
    schema: Schema,
    texts: Mapping[str, str],
    properties: dict[str, str],
) -> bool:
    return (
        _texts_of(old) == dict(texts)
        and view_schema(old).fields == schema.fields
        and all(old.properties.get(name) == text for name, text in properties.items())
        and (COMMENT in properties or COMMENT not in old.properties)
    )


def _updates(
    old: ViewMetadata, schema: Schema, version: ViewVersion, properties: dict[str, str]
) -> list[dict[str, Any]]:
    new_version = {**_json(version), "schema-id": -1}  # -1: the schema just added
    updates: list[dict[str, Any]] = [
        {"action": "add-schema", "schema": _json(schema)},
        {"action": "add-view-version", "view-version": new_version},
        {"action": "set-current-view-version", "view-version-id": -1},
    ]
    if properties:
        updates.append({"action": "set-properties", "updates": properties})
    if COMMENT in old.properties and COMMENT not in properties:
        updates.append({"action": "remove-properties", "removals": [COMMENT]})
    return updates


def _replace(
    catalog: RestCatalog,
    view: TableId,
    old: ViewMetadata,
    updates: list[dict[str, Any]],
) -> None:
    # pyiceberg has no public call for it.
    path = catalog._split_identifier_for_path(key(view))  # noqa: SLF001
    url = catalog.url("namespaces/{namespace}/views/{table}", **path)
    requirement = {"type": "assert-view-uuid", "uuid": old.view_uuid}
    response = catalog._session.post(  # noqa: SLF001
        url, json={"requirements": [requirement], "updates": updates}
    )
    if not response.ok:
        raise SetupError(
            f"the catalog refused to replace the view ({response.status_code})",
            where=str(view),
            remedy=f"It says: {response.text[:500]}",
        )


def _json(model: Any) -> dict[str, Any]:
    content: dict[str, Any] = model.model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    return content
