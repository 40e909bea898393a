"""Names of namespaces: levels in requests, one dotted text in the database."""

from collections.abc import Sequence

from orchestration.lake.catalog.errors import bad_request

Levels = tuple[str, ...]


def join(levels: Sequence[object]) -> str:
    """`("a", "b")` → `a.b`. A dot inside a level is written `%2E`.

    Raises:
        CatalogError: 400, there is no level or one is not a text with characters.
    """
    if not levels or not all(isinstance(level, str) and level for level in levels):
        raise bad_request("a namespace is a list of names that are not empty")
    return ".".join(
        str(level).replace("%", "%25").replace(".", "%2E") for level in levels
    )


def split(namespace: str) -> Levels:
    """`a.b` → `("a", "b")`; the inverse of `join`."""
    levels = namespace.split(".")
    return tuple(level.replace("%2E", ".").replace("%25", "%") for level in levels)
