"""Metadata files of tables and views: where they lie, written once, never changed."""

import re
import uuid
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.failpoints import reach
from orchestration.lake.catalog import names
from orchestration.lake.catalog.errors import CatalogError, bad_request, no_file
from orchestration.lake.catalog.locations import Locations, local_path
from orchestration.lake.model import TableId

__all__ = ["Files", "local_path"]

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata

_LARGEST = 256 * 1024 * 1024  # bytes of metadata; 10,000 snapshots have about 10 MiB
_VERSION = re.compile(r"(\d+)-[^/]*\.metadata\.json$")


class Files:
    """Reads and writes metadata under a warehouse folder on this machine.

    Attributes:
        locations: Which ones that a request names are good.
    """

    def __init__(self, warehouse: Path) -> None:
        self._root = f"file://{warehouse}"
        self.locations = Locations(warehouse)

    def new_location(self, table: TableId) -> str:
        """A folder that no other table ever had, not even one of the same name."""
        levels = [_folder(level) for level in names.split(table.namespace)]
        leaf = f"{_folder(table.name)}-{uuid.uuid4().hex[:8]}"
        return "/".join((self._root, *levels, leaf))

    def prepare(self, location: str) -> None:
        """Make a table's folders, which DuckDB expects to be there."""
        for folder in ("data", "metadata"):
            _make_folder(local_path(location) / folder)

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
        _make_folder(path.parent)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(content)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise no_file(error) from error
        reach("catalog.metadata-written")
        return metadata_location

    def read(self, metadata_location: str) -> bytes:
        """The JSON text of a metadata file.

        Raises:
            CatalogError: 404, the file is gone: somebody deleted it by hand.
        """
        path = local_path(metadata_location)
        try:
            content = path.read_bytes()
            return _unpacked(content) if ".gz." in path.name else content
        except (OSError, EOFError, zlib.error) as error:
            what = "the metadata file of this table or view cannot be read"
            raise CatalogError(404, "NotFoundException", what) from error

    def read_given(self, metadata_location: str) -> bytes:
        """The JSON text of a metadata file that a request names.

        Raises:
            CatalogError: 400, it is not in the warehouse or is too large; 404, there is
                no such file.
        """
        self.locations.admit([metadata_location])
        path = local_path(metadata_location)
        if not _is_file(path):  # a pipe would never end
            what = "there is no such metadata file"
            raise CatalogError(404, "NotFoundException", what)
        if (
            local_path(metadata_location).stat().st_size > _LARGEST
        ):  # data, not metadata
            raise bad_request("the file is larger than any metadata")
        return self.read(metadata_location)

    @lru_cache(maxsize=256)  # noqa: B019 - one instance lives as long as the server
    def table(self, metadata_location: str) -> "TableMetadata":
        """The parsed metadata of a table. The file never changes, nor does this.

        Raises:
            CatalogError: 400, the file is no metadata of a table; 404, it is gone.
        """
        from pyiceberg.table.metadata import TableMetadataUtil  # noqa: PLC0415 - slow

        content = self.read(metadata_location)
        try:
            return TableMetadataUtil.parse_raw(content.decode())
        except Exception as error:  # pyiceberg fails in many ways, on some contents
            raise bad_request("this is no metadata of a table") from error

    def discard(self, metadata_location: str) -> None:
        """Delete a file that was just written, and that nothing points to."""
        local_path(metadata_location).unlink(missing_ok=True)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a name
        return False


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise no_file(error) from error


def _unpacked(content: bytes) -> bytes:
    """What a gzip file holds, unless that is more than any metadata has."""
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    text = unpacking.decompress(content, _LARGEST)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise EOFError("cut off, or too large")
    return text


def _version(metadata_location: str) -> int:
    match = _VERSION.search(metadata_location)
    return int(match.group(1)) if match else -1


def _folder(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]
