"""Stand-ins that need what they replace: import this before they act."""

from typing import Any, NoReturn

from orchestration.errors import UnsureError
from orchestration.lake import publish
from orchestration.lake.lake import Lake
from orchestration.lake.store import changes

_publish, _swap = Lake.publish, publish._swap  # as they are before that


def publish_without_an_answer(lake: Lake, *how: Any) -> NoReturn:
    """Publish, and hear from the database that the connection is gone."""
    _publish(lake, *how)
    raise UnsureError(
        "it failed (OperationalError)",
        where="the catalog's database",
        remedy="`firn log` says what is published.",
    )


def unforeseen(*_: Any, **__: Any) -> NoReturn:
    """Fail in a way that nobody has thought of."""
    raise ZeroDivisionError("by zero")


def swap_all_but_ledgers(connection: Any, publication: int) -> None:
    """Move the pointers of a publication, and leave the ledgers where they are."""
    connection.execute(
        changes.delete().where(
            changes.c.publication_id == publication,
            changes.c.table_name.endswith("__loads", autoescape=True),
        )
    )
    _swap(connection, publication)
