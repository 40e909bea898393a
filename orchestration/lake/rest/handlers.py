"""What each route does. Handlers are plain functions from a call to a reply."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orchestration.lake import branches
from orchestration.lake.catalog import entries, errors, names, namespaces
from orchestration.lake.catalog.tables import Loaded
from orchestration.lake.catalog.updates import Commit
from orchestration.lake.model import Kind, TableId
from orchestration.lake.rest.call import (
    Call,
    described,
    identifier,
    name,
    objects,
    text,
    text_map,
    texts,
)
from orchestration.settings import MAIN


@dataclass(frozen=True)
class Reply:
    """Status and JSON body; a body of None is an empty one."""

    body: bytes | None = None
    status: int = field(default=200, kw_only=True)


Handler = Callable[[Call], Reply]

NO_CONTENT = Reply(status=204)


def list_namespaces(call: Call) -> Reply:
    """Namespaces under `parent`, or at the top."""
    given = call.query.get("parent")
    parent = names.join(given.split("\x1f")) if given else ""
    with call.services.store.read() as connection:
        found = namespaces.children(connection, call.branch, parent)
    page, token = call.page(found)
    listed = [names.split(one) for one in page]
    return _json({"namespaces": listed, "next-page-token": token})


def create_namespace(call: Call) -> Reply:
    """Make a namespace."""
    body = call.json()
    levels = texts(body, "namespace")
    namespace, properties = names.join(levels), text_map(body, "properties")
    with call.services.store.write() as connection:
        branches.get(connection, call.branch, lock=True)
        namespaces.create(connection, call.branch, namespace, properties)
    return _json({"namespace": levels, "properties": properties})


def load_namespace(call: Call) -> Reply:
    """A namespace's properties."""
    with call.services.store.read() as connection:
        found = namespaces.properties(connection, call.branch, call.namespace)
    return _json({"namespace": names.split(call.namespace), "properties": found})


def namespace_exists(call: Call) -> Reply:
    """204 or 404."""
    with call.services.store.read() as connection:
        namespaces.require(connection, call.branch, call.namespace)
    return NO_CONTENT


def update_namespace(call: Call) -> Reply:
    """Set and remove properties."""
    body = call.json()
    with call.services.store.write() as connection:
        branches.get(connection, call.branch, lock=True)
        done = namespaces.update(
            connection,
            call.branch,
            call.namespace,
            removals=texts(body, "removals"),
            updates=text_map(body, "updates"),
        )
    return _json(vars(done))


def drop_namespace(call: Call) -> Reply:
    """Remove an empty namespace."""
    with call.services.store.write() as connection:
        branches.get(connection, call.branch, lock=True)
        namespaces.drop(connection, call.branch, call.namespace)
    return NO_CONTENT


def create_table(call: Call) -> Reply:
    """Make an empty table, or stage one."""
    body = described(call.json())
    table = TableId(call.namespace, name(body))
    stage = body.get("stage-create") is True
    return _loaded(call.services.tables.create(call.branch, table, body, stage=stage))


def register_table(call: Call) -> Reply:
    """Point a name to existing metadata."""
    body = call.json()
    return _loaded(
        call.services.tables.register(
            call.branch,
            TableId(call.namespace, name(body)),
            text(body, "metadata-location"),
            overwrite=body.get("overwrite") is True,
        )
    )


def load_table(call: Call) -> Reply:
    """A table's current metadata; on `main`, as the reader's statement sees it."""
    if call.branch != MAIN:
        return _loaded(call.services.tables.load(call.branch, call.table))
    with call.services.store.read() as connection:
        pointer = call.services.reads.find(
            connection, call.reader, call.table, at=time.monotonic()
        )
    if pointer is None or pointer.kind != "TABLE":
        raise errors.no_such_table(call.table)
    return _loaded(call.services.tables.read(pointer.metadata_location))


def commit_table(call: Call) -> Reply:
    """Change one table."""
    body = call.json()
    commit = Commit(call.table, body.get("requirements"), body.get("updates"))
    return _loaded(call.services.tables.commit(call.branch, [commit])[0])


def commit_transaction(call: Call) -> Reply:
    """Change several tables, all or none."""
    commits = [
        Commit(
            identifier(one.get("identifier")),
            one.get("requirements"),
            one.get("updates"),
        )
        for one in objects(call.json(), "table-changes")
    ]
    call.services.tables.commit(call.branch, commits)
    return NO_CONTENT


def create_view(call: Call) -> Reply:
    """Make a view."""
    body = described(call.json())
    view = TableId(call.namespace, name(body))
    return _loaded(call.services.views.create(call.branch, view, body))


def register_view(call: Call) -> Reply:
    """Point a name to existing view metadata."""
    body = call.json()
    view = TableId(call.namespace, name(body))
    location = text(body, "metadata-location")
    return _loaded(call.services.views.register(call.branch, view, location))


def load_view(call: Call) -> Reply:
    """A view's current metadata."""
    return _loaded(call.services.views.load(call.branch, call.table))


def replace_view(call: Call) -> Reply:
    """Change a view."""
    body = call.json()
    return _loaded(
        call.services.views.replace(
            call.branch,
            call.table,
            requirements=objects(body, "requirements"),
            updates=objects(body, "updates"),
        )
    )


def listing(kind: Kind) -> Handler:
    """The handler that lists a namespace's tables or views."""

    def handle(call: Call) -> Reply:
        with call.services.store.read() as connection:
            found = entries.listing(connection, call.branch, call.namespace, kind)
        page, token = call.page(found)
        levels = names.split(call.namespace)
        listed = [{"namespace": levels, "name": one} for one in page]
        return _json({"identifiers": listed, "next-page-token": token})

    return handle


def exists(kind: Kind) -> Handler:
    """The handler that answers whether a table or view is there: 204 or 404."""

    def handle(call: Call) -> Reply:
        with call.services.store.read() as connection:
            entries.require(connection, call.branch, call.table, kind)
        return NO_CONTENT

    return handle


def dropping(kind: Kind) -> Handler:
    """The handler that drops a table or view.

    `purgeRequested` is accepted and deletes nothing: branches share files, so only
    who looks at all branches and publications can know that a file is in no use.
    """

    def handle(call: Call) -> Reply:
        with call.services.store.write() as connection:
            branches.get(connection, call.branch, lock=True)
            entries.drop(connection, call.branch, call.table, kind)
        return NO_CONTENT

    return handle


def renaming(kind: Kind) -> Handler:
    """The handler that renames a table or view."""

    def handle(call: Call) -> Reply:
        body = call.json()
        source = identifier(body.get("source"))
        target = identifier(body.get("destination"))
        with call.services.store.write() as connection:
            branches.get(connection, call.branch, lock=True)
            entries.rename(connection, call.branch, source, target, kind)
        return NO_CONTENT

    return handle


def _json(body: Any) -> Reply:
    return Reply(json.dumps(body).encode())


def _loaded(loaded: Loaded) -> Reply:
    """Splice metadata into a response without parsing it."""
    head = b"{"
    if loaded.metadata_location is not None:
        location = json.dumps(loaded.metadata_location).encode()
        head += b'"metadata-location":' + location + b","
    return Reply(head + b'"metadata":' + loaded.metadata + b',"config":{}}')
