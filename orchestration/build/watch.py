"""dbt's events as progress, with the rows that each node has just written."""

import threading
from typing import Any

from orchestration.build import rows
from orchestration.build.artifacts import NodeResult
from orchestration.build.progress import Progress
from orchestration.lake import Lake
from orchestration.lake.model import TableId

_TABLES = {"table", "incremental", "snapshot", "seed"}


class Watcher:
    """Called by dbt for every event, from its threads.

    Args:
        since_ms: Snapshots from this moment on (epoch milliseconds) are the run's.
    """

    def __init__(
        self, lake: Lake, branch: str, progress: Progress, *, since_ms: int
    ) -> None:
        self._lake = lake
        self._branch = branch
        self._progress = progress
        self._since_ms = since_ms
        self._lock = threading.Lock()
        self._sizes: dict[str, tuple[int | None, int | None]] = {}

    def __call__(self, event: Any) -> None:
        """Pass on what begins and ends; everything else dbt says is in its log."""
        if event.info.name == "NodeStart":
            self._progress.started(event.data.node_info.unique_id)
        elif event.info.name == "NodeFinished":
            node = self.sized(_node(event.data))
            self._progress.finished(node)

    def sized(self, node: NodeResult) -> NodeResult:
        """The node with the rows of its table, read once."""
        with self._lock:
            if node.id not in self._sizes:
                self._sizes[node.id] = self._size(node)
            return node.with_rows(*self._sizes[node.id])

    def _size(self, node: NodeResult) -> tuple[int | None, int | None]:
        table = node.relation
        if node.outcome != "ok" or table is None or node.kind.endswith("test"):
            return None, None
        found = self._lake.pointers(self._branch).get(TableId.parse(table))
        if found is None or found.kind == "VIEW":
            return None, None
        metadata = rows.metadata_at(found.metadata_location)
        return rows.rows(metadata), rows.added(metadata, since_ms=self._since_ms)


def _node(data: Any) -> NodeResult:
    info, result = data.node_info, data.run_result
    place = info.node_relation
    named = place.schema and place.alias and info.materialized in _TABLES
    return NodeResult(
        id=info.unique_id,
        kind=info.resource_type,
        status=result.status,
        seconds=result.execution_time,
        relation=f"{place.schema}.{place.alias}" if named else None,
        failures=int(result.num_failures) if result.status in _FOUND else None,
        message=result.message,
    )


_FOUND = {"fail", "warn"}
