"""Many clients that commit to the catalog's server at once, and what came of it."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from orchestration.lake import Lake, TableId
from orchestration.lake.catalog.files import local_path
from orchestration.lake.process import Endpoint

Json = dict[str, Any]
SCHEMA: Json = {
    "type": "struct",
    "schema-id": 0,
    "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}],
}
ONE_TABLE = "16 clients, 100 commits each, to one table"
SEVERAL_TABLES = "16 clients, 100 commits each, to three tables at once"
_NAME = "commit"  # the property that says which commit wrote a metadata file


@dataclass
class Outcome:
    """The commits that clients were told have landed, and those that were refused."""

    landed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Client:
    """One HTTP client of one server, working on one branch."""

    def __init__(self, endpoint: Endpoint, branch: str) -> None:
        self._base = f"{endpoint.uri}/v1/{quote(branch)}"
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {endpoint.token}"}, timeout=120
        )

    def close(self) -> None:
        self._http.close()

    def create(self, *tables: str) -> None:
        """Make empty tables in the namespace `n`."""
        self.post("namespaces", {"namespace": ["n"]}).raise_for_status()
        for table in tables:
            body = {"name": table, "schema": SCHEMA}
            self.post("namespaces/n/tables", body).raise_for_status()

    def load(self, table: str) -> Json:
        loaded = self._http.get(f"{self._base}/namespaces/n/tables/{table}")
        loaded.raise_for_status()
        metadata: Json = loaded.json()["metadata"]
        return metadata

    def name(self, commit: str, *tables: str) -> bool:
        """Write the commit's name on all the tables, in one transaction."""
        updates = [{"action": "set-properties", "updates": {_NAME: commit}}]
        changes = [change(table, updates) for table in tables]
        if len(changes) == 1:
            return landed(self.post(f"namespaces/n/tables/{tables[0]}", changes[0]))
        return landed(self.post("transactions/commit", {"table-changes": changes}))

    def append(self, number: int, table: str) -> bool:
        """Add a snapshot on top of the one that is current, as an engine does."""
        metadata = self.load(table)
        parent = metadata.get("current-snapshot-id")
        snapshot = {
            "snapshot-id": number,
            "sequence-number": metadata["last-sequence-number"] + 1,
            "timestamp-ms": metadata["last-updated-ms"] + 1,
            "manifest-list": f"{metadata['location']}/metadata/snap-{number}.avro",
            "summary": {"operation": "append"},
            "schema-id": 0,
        }
        if parent not in (None, -1):
            snapshot["parent-snapshot-id"] = parent
        ref = {"ref-name": "main", "type": "branch", "snapshot-id": number}
        updates: list[Json] = [
            {"action": "add-snapshot", "snapshot": snapshot},
            {"action": "set-snapshot-ref", **ref},
        ]
        same = {"type": "assert-ref-snapshot-id", "ref": "main"}
        wanted = None if parent == -1 else parent
        body = change(table, updates, {**same, "snapshot-id": wanted})
        return landed(self.post(f"namespaces/n/tables/{table}", body))

    def post(self, path: str, body: Json) -> httpx.Response:
        return self._http.post(f"{self._base}/{path}", json=body)


def change(table: str, updates: Sequence[Json], *requirements: Json) -> Json:
    """One table's part of a commit."""
    return {
        "identifier": {"namespace": ["n"], "name": table},
        "requirements": list(requirements),
        "updates": list(updates),
    }


def landed(response: httpx.Response) -> bool:
    """Whether a commit landed; nothing but 200, 204 and 409 is an answer to one."""
    assert response.status_code in (200, 204, 409), response.text
    return response.status_code != 409


def at_once(
    clients: Sequence[Client], commits: int, commit: Callable[[int, int], bool]
) -> Outcome:
    """Let every client do `commit(client, number)` that many times; names `c-n`."""
    outcome, barrier = Outcome(), threading.Barrier(len(clients))

    def work(client: int) -> None:
        barrier.wait()
        for number in range(commits):
            done = outcome.landed if commit(client, number) else outcome.refused
            done.append(f"{client}-{number}")

    with ThreadPoolExecutor(len(clients)) as pool:
        for future in [pool.submit(work, client) for client in range(len(clients))]:
            future.result()
    assert len(outcome.landed) + len(outcome.refused) == len(clients) * commits
    return outcome


def history(lake: Lake, branch: str, table: str) -> list[str]:
    """The names of all commits of a table, first to last, by its metadata's log."""
    location = lake.pointers(branch)[TableId("n", table)].metadata_location
    names = [json["properties"][_NAME] for json in _back(location)]
    return names[::-1]


def _back(location: str) -> Iterator[Json]:
    """Each metadata from the newest to the first but one, which nobody committed."""
    metadata = json.loads(local_path(location).read_text())
    while log := metadata["metadata-log"]:
        yield metadata
        metadata = json.loads(local_path(log[-1]["metadata-file"]).read_text())


def snapshots(lake: Lake, branch: str, table: str) -> list[int]:
    """The ids of all snapshots that a table ever had, first to last, in one line.

    By its metadata's log, since metadata carries the newest snapshots alone.
    """
    location = lake.pointers(branch)[TableId("n", table)].metadata_location
    line: list[int] = []
    child: Json | None = None
    for metadata in _back(location):
        number = metadata["current-snapshot-id"]
        known = {one["snapshot-id"]: one for one in metadata["snapshots"]}
        assert child is None or child["parent-snapshot-id"] == number
        child = known[number]
        line.append(number)
    assert child is None or "parent-snapshot-id" not in child
    return line[::-1]


def metadata_files(lake: Lake, branch: str, table: str) -> list[Path]:
    """What lies beside a table's metadata file, and it."""
    location = lake.pointers(branch)[TableId("n", table)].metadata_location
    return list(local_path(location).parent.glob("*.metadata.json"))
