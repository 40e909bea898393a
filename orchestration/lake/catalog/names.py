"""Names of namespaces: levels in requests, one dotted text in the database."""

import re
from collections.abc import Sequence

from orchestration.lake.catalog.errors import bad_request

Levels = tuple[str, ...]

_LONGEST = 255  # characters, as the columns have them
# Control characters: one of them separates levels in paths, databases refuse another.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def join(levels: Sequence[object]) -> str:
    """`("a", "b")` → `a.b`. A dot inside a level is written `%2E`.

    Raises:
        CatalogError: 400, there is no level or one is not a text with characters.
    """
    if not levels or not all(isinstance(level, str) and level for level in levels):
        raise bad_request("a namespace is a list of names that are not empty")
    joined = ".".join(
        checked(str(level)).replace("%", "%25").replace(".", "%2E") for level in levels
    )
    if len(joined) > _LONGEST:
        raise bad_request(f"a namespace may have {_LONGEST} characters")
    return joined


def checked(name: str) -> str:
    """A level's, table's or view's name, as it is.

    Raises:
        CatalogError: 400, it is too long, has control characters, or is a path's
            `.` or `..`, which clients take out of addresses.
    """
    if len(name) > _LONGEST or name in (".", "..") or _CONTROL.search(name):
        raise bad_request(
            f"a name may have {_LONGEST} characters, none of them a control "
            "character, and is not '.' or '..'"
        )
    return name


def split(namespace: str) -> Levels:
    """`a.b` → `("a", "b")`; the inverse of `join`."""
    levels = namespace.split(".")
    return tuple(level.replace("%2E", ".").replace("%25", "%") for level in levels)
