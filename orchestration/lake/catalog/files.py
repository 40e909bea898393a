"""Metadata files of tables and views: where they lie, written once, never changed."""

import gzip
import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.failpoints import reach
from orchestration.lake.catalog import names
from orchestration.lake.catalog.errors import CatalogError, bad_request
from orchestration.lake.model import TableId

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata

_SCHEME = re.compile(r"^file:(//)?(?=/)")
_VERSION = re.compile(r"(\d+)-[^/]*\.metadata\.json$")


class Files:
    """Reads and writes metadata under a warehouse folder on this machine."""

    def __init__(self, warehouse: Path) -> None:
        self._root = f"file://{warehouse}"

    def new_location(self, table: TableId) -> str:
        """A folder that no other table ever had, not even one of the same name."""
        levels = [_folder(level) for level in names.split(table.namespace)]
        leaf = f"{_folder(table.name)}-{uuid.uuid4().hex[:8]}"
        return "/".join((self._root, *levels, leaf))

    def prepare(self, location: str) -> None:
        """Make a table's folders, which DuckDB expects to be there."""
        for folder in ("data", "metadata"):
            (local_path(location) / folder).mkdir(parents=True, exist_ok=True)

    def write(
        self,
        location: str,
        content: str,
        *,
        properties: Mapping[str, str],
        after: str | None = None,
    ) -> str:
        """Write the metadata that follows `after`; returns where it lies.

        Args:
            properties: Those of the table or view; one may name another folder.
        """
        folder = properties.get("write.metadata.path") or f"{location}/metadata"
        version = _version(after) + 1 if after else 0
        name = f"{version:05d}-{uuid.uuid4()}.metadata.json"
        metadata_location = f"{folder.rstrip('/')}/{name}"
        path = local_path(metadata_location)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
        reach("catalog.metadata-written")
        return metadata_location

    def read(self, metadata_location: str) -> bytes:
        """The JSON text of a metadata file.

        Raises:
            CatalogError: 404, the file is gone: somebody deleted it by hand.
        """
        try:
            content = local_path(metadata_location).read_bytes()
        except OSError as error:
            what = "the metadata file of this table or view cannot be read"
            raise CatalogError(404, "NotFoundException", what) from error
        is_gzip = ".gz." in Path(metadata_location).name
        return gzip.decompress(content) if is_gzip else content

    @lru_cache(maxsize=256)  # noqa: B019 - one instance lives as long as the server
    def table(self, metadata_location: str) -> "TableMetadata":
        """The parsed metadata of a table. The file never changes, nor does this.

        Raises:
            CatalogError: 400, the file is no metadata of a table; 404, it is gone.
        """
        from pyiceberg.exceptions import ValidationError  # noqa: PLC0415 - slow
        from pyiceberg.table.metadata import TableMetadataUtil  # noqa: PLC0415 - slow

        content = self.read(metadata_location)
        try:
            return TableMetadataUtil.parse_raw(content.decode())
        except (ValidationError, ValueError) as error:
            raise bad_request("this is no metadata of a table") from error

    def discard(self, metadata_location: str) -> None:
        """Delete a file that was just written, and that nothing points to."""
        local_path(metadata_location).unlink(missing_ok=True)


def local_path(location: str) -> Path:
    """The path of a `file:` location.

    Raises:
        CatalogError: 400, another scheme or a relative path.
    """
    path = Path(_SCHEME.sub("", location))
    if not path.is_absolute():
        raise bad_request("this catalog keeps its files on the local file system")
    return path


def _version(metadata_location: str) -> int:
    match = _VERSION.search(metadata_location)
    return int(match.group(1)) if match else -1


def _folder(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]
