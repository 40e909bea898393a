"""One request, parsed: what handlers get instead of HTTP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.lake.catalog import errors, names
from orchestration.lake.catalog.tables import Tables
from orchestration.lake.catalog.views import Views
from orchestration.lake.model import TableId
from orchestration.lake.rest import bodies
from orchestration.lake.rest.reads import Reads
from orchestration.lake.store import Store

_PAGE_LIMIT = 10_000
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Services:
    """What handlers work with. It belongs to all branches."""

    store: Store
    tables: Tables
    views: Views
    reads: Reads


@dataclass(frozen=True)
class Call:
    """A request on one branch; path and query are decoded.

    `reader` names the connection it came over.
    """

    services: Services
    branch: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    reader: str = ""

    @property
    def namespace(self) -> str:
        """The namespace of the path, in the database's form."""
        return names.join(self.path["namespace"].split("\x1f"))

    @property
    def table(self) -> TableId:
        """The table or view of the path."""
        return TableId(self.namespace, names.checked(self.path["name"]))

    def json(self) -> dict[str, Any]:
        """The body; 400 unless it is a JSON object."""
        return bodies.parsed(self.body)

    def page(self, items: list[str]) -> tuple[list[str], str | None]:
        """The part of sorted items that is asked for, and the next page's token."""
        size = self.query.get("pageSize")
        if size is None:
            return items, None
        if not _NUMBER.fullmatch(size) or not 0 < int(size) <= _PAGE_LIMIT:
            raise errors.bad_request(f"pageSize is a number from 1 to {_PAGE_LIMIT}")
        after = self.query.get("pageToken") or ""
        rest = [item for item in items if item > after]
        page = rest[: int(size)]
        return page, page[-1] if len(rest) > len(page) else None


def text(body: Mapping[str, Any], key: str) -> str:
    """A field that must be a text with characters; 400 otherwise."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise errors.bad_request(f"{key!r} is missing or not a text")
    return value


def texts(body: Mapping[str, Any], key: str) -> list[str]:
    """A field that may be missing, else a list of texts; 400 otherwise."""
    value = body.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise errors.bad_request(f"{key!r} is not a list of texts")
    return value


def text_map(body: Mapping[str, Any], key: str) -> dict[str, str]:
    """A field that may be missing, else an object of texts; 400 otherwise."""
    value = body.get(key) or {}
    if not isinstance(value, dict) or not all(
        isinstance(one, str) for one in value.values()
    ):
        raise errors.bad_request(f"{key!r} is not an object of texts")
    return value


def objects(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A field that may be missing, else a list of objects; 400 otherwise."""
    value = body.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise errors.bad_request(f"{key!r} is not a list of objects")
    return value


def identifier(value: object) -> TableId:
    """A table's or view's name in a body; 400 unless it is one."""
    if not isinstance(value, dict) or not isinstance(value.get("namespace"), list):
        raise errors.bad_request("a name is an object with 'namespace' and 'name'")
    return TableId(names.join(value["namespace"]), name(value))


def name(body: Mapping[str, Any]) -> str:
    """The field `name`, checked to be one; 400 otherwise."""
    return names.checked(text(body, "name"))


def described(body: dict[str, Any]) -> dict[str, Any]:
    """A request that creates, its optional location and properties checked; 400."""
    if body.get("location") is not None:
        text(body, "location")
    text_map(body, "properties")
    return body
