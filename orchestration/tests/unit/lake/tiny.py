"""Commits as engines make them: the manifests are real, the data is not."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    read_manifest_list,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField
from starlette.testclient import TestClient

from orchestration.lake.catalog.files import local_path
from orchestration.tests.unit.lake.protocol import SCHEMA, Response

Json = dict[str, Any]
NAMESPACE = "n"
_IDS = Schema(NestedField(1, "id", LongType(), required=False))
_IO = PyArrowFileIO()


class Engine:
    """Writes to the branches of one lake, through its catalog's endpoints."""

    def __init__(self, http: TestClient) -> None:
        self._http = http
        self._snapshot = 0

    def post(self, branch: str, path: str, body: Json) -> Response:
        """Send a request below the branch."""
        answer: Response = self._http.post(f"/v1/{branch}/{path}", json=body)
        return answer

    def load(self, branch: str, name: str, kind: str = "tables") -> Json:
        """What the catalog says a table or view is."""
        path = f"/v1/{branch}/namespaces/{NAMESPACE}/{kind}/{name}"
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        loaded: Json = answer.json()
        return loaded

    def create(self, branch: str, name: str) -> Response:
        """Make an empty table."""
        body = {"name": name, "schema": SCHEMA}
        return self.post(branch, f"namespaces/{NAMESPACE}/tables", body)

    def drop(self, branch: str, name: str, kind: str = "tables") -> Response:
        """Drop a table or view."""
        path = f"/v1/{branch}/namespaces/{NAMESPACE}/{kind}/{name}"
        answer: Response = self._http.delete(path)
        return answer

    def rename(
        self, branch: str, name: str, target: str, kind: str = "tables"
    ) -> Response:
        """Rename a table or view."""
        source, destination = (
            {"namespace": [NAMESPACE], "name": one} for one in (name, target)
        )
        body = {"source": source, "destination": destination}
        return self.post(branch, f"{kind}/rename", body)

    def change(self, metadata: Json, *, keep: bool) -> Json:
        """A commit of one new file on top of the table as it was read.

        Args:
            keep: Append; otherwise the new snapshot has the new file alone.
        """
        self._snapshot += 1
        parent = _current(metadata)
        sequence = metadata["last-sequence-number"] + 1
        manifests = [self._manifest(metadata["location"])]
        if keep and parent:
            manifests += read_manifest_list(_IO.new_input(parent["manifest-list"]))
        folder = f"{metadata['location']}/metadata"
        listing = f"{folder}/snap-{self._snapshot}-{uuid.uuid4().hex}.avro"
        parent_id = parent["snapshot-id"] if parent else None
        _write_list(listing, self._snapshot, parent_id, sequence, manifests)
        snapshot = {
            "snapshot-id": self._snapshot,
            "sequence-number": sequence,
            "timestamp-ms": metadata["last-updated-ms"] + 1,
            "manifest-list": listing,
            "summary": {"operation": "append" if keep else "overwrite"},
            "schema-id": 0,
        } | ({"parent-snapshot-id": parent_id} if parent else {})
        ref = {"ref-name": "main", "type": "branch", "snapshot-id": self._snapshot}
        same = {"type": "assert-ref-snapshot-id", "ref": "main"}
        return {
            "requirements": [{**same, "snapshot-id": parent_id}],
            "updates": [
                {"action": "add-snapshot", "snapshot": snapshot},
                {"action": "set-snapshot-ref", **ref},
            ],
        }

    def commit(self, branch: str, name: str, change: Json) -> Response:
        """Send a change of one table."""
        return self.post(branch, f"namespaces/{NAMESPACE}/tables/{name}", change)

    def commit_all(self, branch: str, changes: dict[str, Json]) -> Response:
        """Send changes of several tables, as one."""
        body = [
            {"identifier": {"namespace": [NAMESPACE], "name": name}, **change}
            for name, change in changes.items()
        ]
        return self.post(branch, "transactions/commit", {"table-changes": body})

    def _manifest(self, location: str) -> ManifestFile:
        token = uuid.uuid4().hex
        data = f"{location}/data/{token}.parquet"
        local_path(data).write_bytes(b"rows")
        entry = ManifestEntry.from_args(
            status=ManifestEntryStatus.ADDED,
            snapshot_id=self._snapshot,
            data_file=DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=data,
                file_format=FileFormat.PARQUET,
                partition=Record(),
                record_count=1,
                file_size_in_bytes=4,
            ),
        )
        output = _IO.new_output(f"{location}/metadata/{token}-m0.avro")
        spec = UNPARTITIONED_PARTITION_SPEC
        with write_manifest(2, spec, _IDS, output, self._snapshot, "null") as writer:
            writer.add_entry(entry)
        return writer.to_manifest_file()


def expiry(metadata: Json) -> Json:
    """A commit that forgets all snapshots but the current one."""
    current = metadata.get("current-snapshot-id")
    old = [one["snapshot-id"] for one in metadata.get("snapshots", ())]
    gone = [one for one in old if one != current]
    removal = {"action": "remove-snapshots", "snapshot-ids": gone}
    return {"requirements": [], "updates": [removal] if gone else []}


def view(name: str, text: str) -> Json:
    """The request that makes a view."""
    return {
        "name": name,
        "schema": SCHEMA,
        "view-version": {
            "version-id": 1,
            "schema-id": 0,
            "timestamp-ms": 1_700_000_000_000,
            "summary": {},
            "default-namespace": [NAMESPACE],
            "representations": [{"type": "sql", "sql": text, "dialect": "duckdb"}],
        },
        "properties": {},
    }


def files(metadata: Json, location: str, *, current: bool = False) -> set[Path]:
    """The files that a metadata file leads to, and it; or those of its rows now."""
    found = set() if current else {local_path(location)}
    now = metadata.get("current-snapshot-id")
    for snapshot in metadata.get("snapshots", ()):
        if current and snapshot["snapshot-id"] != now:
            continue
        listing = snapshot["manifest-list"]
        found.add(local_path(listing))
        for manifest in read_manifest_list(_IO.new_input(listing)):
            found.add(local_path(manifest.manifest_path))
            entries = manifest.fetch_manifest_entry(_IO)
            found |= {local_path(entry.data_file.file_path) for entry in entries}
    return found


def _current(metadata: Json) -> Json | None:
    current = metadata.get("current-snapshot-id")
    found = (one for one in metadata.get("snapshots", ()))
    return next((one for one in found if one["snapshot-id"] == current), None)


def _write_list(
    path: str,
    snapshot: int,
    parent: int | None,
    sequence: int,
    manifests: Sequence[ManifestFile],
) -> None:
    output = _IO.new_output(path)
    with write_manifest_list(2, output, snapshot, parent, sequence, "null") as writer:
        writer.add_manifests(list(manifests))
