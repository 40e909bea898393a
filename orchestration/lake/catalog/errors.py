"""Refusals with the status and type name that Iceberg's clients turn into exceptions.

The names are those of `ErrorModel` in Iceberg's REST specification, the wording that
of its Java catalogs, which clients and the compatibility kit compare. A message names
tables and branches, never a file of this machine.
"""

import errno
import re
from collections.abc import Iterable

from orchestration.errors import FirnError
from orchestration.lake.model import TableId

_LOCATION = re.compile(r"""'[^']*/[^']*'|"[^"]*/[^"]*"|(\b[\w+.-]+:)?/[^\s'"(),]*""")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_PATH = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.ELOOP)
_LONGEST = 500  # characters of a library's message; some list every snapshot


class CatalogError(FirnError):
    """A request that the catalog refuses; `status` and `kind` are HTTP's and Iceberg's.

    The other way round, an error that is none of these is a bug or a broken machine,
    and is answered with 500 and no detail.
    """

    def __init__(self, status: int, kind: str, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.kind = kind


def bad_request(what: str) -> CatalogError:
    """The request itself is malformed or asks for what cannot be."""
    return CatalogError(400, "BadRequestException", what)


def illegal_argument(what: str) -> CatalogError:
    """Well-formed, and still not valid; Java's clients raise this one as it is."""
    return CatalogError(400, "IllegalArgumentException", what)


def forbidden(what: str) -> CatalogError:
    """Understood, and not allowed to anybody."""
    return CatalogError(403, "ForbiddenException", what)


def no_such_branch(name: str) -> CatalogError:
    """The warehouse or prefix names no branch."""
    return CatalogError(404, "NoSuchWarehouseException", f"no branch {name!r}")


def no_such_namespace(namespace: str) -> CatalogError:
    """The namespace is not on this branch."""
    what = f"Namespace does not exist: {namespace}"
    return CatalogError(404, "NoSuchNamespaceException", what)


def no_such_table(table: TableId) -> CatalogError:
    """The table is not on this branch."""
    return CatalogError(404, "NoSuchTableException", f"Table does not exist: {table}")


def no_such_view(view: TableId) -> CatalogError:
    """The view is not on this branch."""
    return CatalogError(404, "NoSuchViewException", f"View does not exist: {view}")


def already_exists(what: str) -> CatalogError:
    """The name is taken by a table, view or namespace."""
    return CatalogError(409, "AlreadyExistsException", what)


def namespace_not_empty(namespace: str) -> CatalogError:
    """Tables, views or namespaces are still in it."""
    what = f"Namespace {namespace} is not empty"
    return CatalogError(409, "NamespaceNotEmptyException", what)


def commit_failed(what: str) -> CatalogError:
    """A requirement of the commit does not hold any more."""
    return CatalogError(409, "CommitFailedException", what)


def unprocessable(what: str, keys: Iterable[str]) -> CatalogError:
    """Keys that are both removed and set."""
    kind = "UnprocessableEntityException"
    return CatalogError(422, kind, f"{what}: {', '.join(sorted(keys))}")


def without_locations(message: object) -> str:
    """A library's message as an answer may have it: no file, and not too long."""
    said = _LOCATION.sub("(a location)", str(message))
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]} …"


def no_file(error: OSError) -> Exception:
    """A refusal, where a file cannot be there at all: nothing was done.

    Other errors stay what they are.
    """
    if error.errno in _FULL:
        return disk_full()
    if error.errno in _NO_PATH:
        return bad_request(
            "a location is too long for the file system, or leads through a file"
        )
    return error


def disk_full() -> CatalogError:
    """There is no room for what was asked, and nothing of it was done."""
    what = "the catalog's disk is full"
    return CatalogError(507, "InsufficientStorageException", what)
