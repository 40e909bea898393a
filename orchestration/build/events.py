"""What a build did so far, line by line: for whoever watches it from another process.

One JSON object a line, appended as it happens:

    {"at": …, "what": "began", "attempt": 1}
    {"at": …, "what": "finished", "node": {"id": "model.shop.fct_orders", …}}
    {"at": …, "what": "complete"}

A source's freshness is a node of kind `source`. The newest line of a node holds. A
build that was killed, or could not go on, writes no `complete`; a line that it has cut
off counts, and tells nothing.
"""

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.build.artifacts import NodeResult, SourceAge
from orchestration.build.lines import appending, parsed

FILE = "events.jsonl"


@dataclass(frozen=True)
class Event:
    """One line. `number` counts from 1; `node` is there for what has finished."""

    number: int
    what: str
    node: NodeResult | None = None


class EventLog:
    """Appends events; a `Progress` whose methods dbt's threads may call.

    Args:
        folder: The run's logs.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = appending(folder / FILE)
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def began(self, attempt: int) -> None:
        """A process starts to build."""
        self._write("began", attempt=attempt)

    def tell(self, nodes: Iterable[NodeResult]) -> None:
        """Tell of those that dbt has not spoken of while it ran."""
        for node in nodes:
            if node.id not in self._told:
                self.finished(node)

    def complete(self) -> None:
        """The build has spoken of all its nodes."""
        self._write("complete")

    def step(self, what: str) -> None:
        """A stage begins."""
        self._write("step", step=what)

    def started(self, node_id: str) -> None:
        """dbt began a node."""
        self._write("started", id=node_id)

    def finished(self, node: NodeResult) -> None:
        """dbt ended a node; `sources` tells of those, with their age."""
        if node.kind != "source":
            self._finished(node)

    def sources(self, ages: Iterable[SourceAge]) -> None:
        """Freshness was asked."""
        for age in ages:
            self._finished(
                NodeResult(
                    id=age.id,
                    kind="source",
                    status=age.status,
                    seconds=0,
                    message=age.message or f"newest row is {age.age} old",
                )
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _finished(self, node: NodeResult) -> None:
        self._told.add(node.id)
        self._write("finished", node=asdict(node))

    def _write(self, what: str, **data: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "what": what, **data}, default=str)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


class EventReader:
    """Reads what has been appended since it last looked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._position = 0
        self._number = 0

    def read(self) -> Iterator[Event]:
        """New events; a line that is not complete yet is left for the next look."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                content = file.read()
        except FileNotFoundError:
            return
        complete = content[: content.rfind(b"\n") + 1]
        self._position += len(complete)
        for line in complete.splitlines():
            self._number += 1
            if (data := parsed(line)) is not None:
                node = NodeResult(**data["node"]) if "node" in data else None
                yield Event(self._number, data["what"], node)
