"""Stand-ins that do what was asked and lose the answer. Import this before they act."""

from typing import Any, NoReturn

from orchestration.errors import UnsureError
from orchestration.lake.lake import Lake

_publish = Lake.publish  # as it is before anything is replaced


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
