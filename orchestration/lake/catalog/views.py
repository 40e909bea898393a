"""Views of a branch: create, load, replace.

Rows of the same table as tables', with `VIEW` as their type, and a metadata file each:
the layout of Java's JdbcCatalog (schema v1).
"""

import json
from typing import Any

from orchestration.errors import FirnError, UnsureError
from orchestration.lake import branches
from orchestration.lake.catalog import (
    entries,
    errors,
    locations,
    namespaces,
    view_metadata,
)
from orchestration.lake.catalog.files import Files
from orchestration.lake.catalog.tables import Loaded
from orchestration.lake.model import Pointer, TableId
from orchestration.lake.store import Store

_ATTEMPTS = 10


class Views:
    """The views of every branch of one lake."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files

    def load(self, branch: str, view: TableId) -> Loaded:
        """The current metadata; 404 without view."""
        with self._store.read() as connection:
            pointer = entries.require(connection, branch, view, "VIEW")
        location = pointer.metadata_location
        return Loaded(self._files.read(location), location)

    def create(self, branch: str, view: TableId, request: dict[str, Any]) -> Loaded:
        """Make a view; 409 if a view or table has the name."""
        with self._store.read() as connection:
            entries.require_free(connection, branch, view, "VIEW")
        location = self._files.new_location(view)
        metadata = view_metadata.first(
            view, request, request.get("location") or location
        )
        self._files.locations.admit(locations.of_view(metadata))
        written = self._files.write(
            metadata["location"],
            json.dumps(metadata),
            properties=metadata["properties"],
        )
        try:
            return self._add(branch, view, written)
        except UnsureError:
            raise  # it may be there
        except FirnError:  # another one took the name first
            self._files.discard(written)
            raise

    def register(self, branch: str, view: TableId, metadata_location: str) -> Loaded:
        """Point a name to view metadata that exists; 409 if it is taken."""
        metadata = view_metadata.parsed(self._files.read_given(metadata_location))
        self._files.locations.admit(locations.of_view(metadata))
        return self._add(branch, view, metadata_location)

    def replace(
        self,
        branch: str,
        view: TableId,
        *,
        requirements: list[dict[str, Any]],
        updates: list[dict[str, Any]],
    ) -> Loaded:
        """Apply updates; 409 if a requirement fails or others are always faster."""
        for _ in range(_ATTEMPTS):
            current = self.load(branch, view)
            metadata = json.loads(current.metadata)
            view_metadata.check(view, metadata, requirements)
            result = view_metadata.updated(view, metadata, updates)
            if result == metadata:
                return current
            known = set(locations.of_view(metadata))
            named = (one for one in locations.of_view(result) if one not in known)
            self._files.locations.admit(named, below=metadata["location"])
            old = current.metadata_location
            assert old is not None
            content = json.dumps(result)
            written = self._files.write(
                result["location"], content, properties=result["properties"], after=old
            )
            with self._store.write() as connection:
                branches.get(connection, branch, lock=True)
                swapped = entries.swap(connection, branch, view, old=old, new=written)
            if swapped:
                return Loaded(content.encode(), written)
            self._files.discard(written)
        raise errors.commit_failed(f"other commits to {view} were always faster")

    def _add(self, branch: str, view: TableId, metadata_location: str) -> Loaded:
        with self._store.write() as connection:
            branches.get(connection, branch, lock=True)
            namespaces.require(connection, branch, view.namespace)
            entries.require_free(connection, branch, view, "VIEW")
            entries.insert(connection, branch, view, Pointer("VIEW", metadata_location))
        return Loaded(self._files.read(metadata_location), metadata_location)
