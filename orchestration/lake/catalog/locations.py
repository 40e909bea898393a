"""Locations that a request names: in the warehouse, or refused before they are opened.

A catalog that follows any location reads and writes for its clients whatever its own
user may: `/etc`, another lake, an address in the network. What the catalog itself chose
or admitted earlier is not asked again, so a lake outlives a change of its warehouse.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from orchestration.lake.catalog.errors import bad_request

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.update import TableUpdate

# Properties of tables and views that say where engines and this catalog write.
_FOLDERS = (
    "write.data.path",
    "write.metadata.path",
    "write.folder-storage.path",
    "write.object-storage.path",
)
_SCHEME = re.compile(r"^file:(//)?(?=/)")
_LONGEST = 900  # characters, so that a metadata file's location fits its column
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Locations:
    """Which locations a warehouse admits."""

    def __init__(self, warehouse: Path) -> None:
        self._root = warehouse

    def admit(self, given: Iterable[str], *, below: str | None = None) -> None:
        """Refuse with 400 unless each lies in the warehouse.

        Args:
            below: The location of a table that exists: what lies in it is good, too.
        """
        folders: list[str] | None = None
        for location in given:
            if folders is None:  # most requests name no location
                folders = [
                    str(self._root),
                    *([str(local_path(below))] if below else []),
                ]
            if not _is_in_one(location, folders):
                raise bad_request(
                    "a location is not in this catalog's warehouse; leave it out, "
                    "and the catalog chooses one"
                )


def of_properties(properties: Mapping[str, str]) -> Iterator[str]:
    """The locations among properties."""
    return (properties[key] for key in _FOLDERS if properties.get(key))


def of_updates(updates: Iterable["TableUpdate"]) -> Iterator[str]:
    """The locations that a table's updates name."""
    for update in updates:
        match update.action:
            case "set-location":
                yield update.location
            case "set-properties":
                yield from of_properties(update.updates)
            case "add-snapshot":
                yield update.snapshot.manifest_list
            case "set-statistics":
                yield update.statistics.statistics_path
            case "set-partition-statistics":
                yield update.partition_statistics.statistics_path


def of_table(metadata: "TableMetadata") -> Iterator[str]:
    """Every location that a table's metadata names."""
    yield metadata.location
    yield from of_properties(metadata.properties)
    yield from (one.manifest_list for one in metadata.snapshots)
    yield from (one.metadata_file for one in metadata.metadata_log)
    yield from (one.statistics_path for one in metadata.statistics)
    yield from (one.statistics_path for one in metadata.partition_statistics)


def of_view(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Every location that a view's metadata names."""
    yield metadata["location"]
    yield from of_properties(metadata.get("properties") or {})


def local_path(location: str) -> Path:
    """The path of a `file:` location.

    Raises:
        CatalogError: 400, another scheme or a relative path.
    """
    path = Path(_SCHEME.sub("", location))
    if not path.is_absolute():
        raise bad_request("this catalog keeps its files on the local file system")
    return path


def _is_in_one(location: object, folders: Iterable[str]) -> bool:
    if not isinstance(location, str) or len(location) > _LONGEST:
        return False
    path = _SCHEME.sub("", location)
    # Some clients take %2E for a dot; what they would open has to be inside as well.
    if any(
        _CONTROL.search(form) or not form.startswith("/")
        for form in (path, unquote(path))
    ):
        return False
    return any(
        _is_below(path, folder) and _is_below(unquote(path), unquote(folder))
        for folder in folders
    )


def _is_below(path: str, folder: str) -> bool:
    """Whether it is in the folder, links followed."""
    return os.path.realpath(path).startswith(f"{os.path.realpath(folder)}/")
