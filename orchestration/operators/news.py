"""What a build tells the tasks that show it, and what each of them has shown."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from orchestration.build.events import Event, EventReader
from orchestration.build.lines import appending, parsed

POLL = 0.25  # seconds between two looks at the events
_ASK = 5.0  # seconds without news after which Airflow is asked for the build's state
_SHOWN = "shown.jsonl"
Ask = Callable[[], Awaitable[Mapping[str, str | None]]]


class News:
    """The events of one run, read once for all tasks in this triggerer."""

    _all: ClassVar["dict[Path, News]"] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.complete = False
        self._reader = EventReader(folder)
        self._newest: dict[str, Event] = {}
        self._looked = self._heard = self._asked = 0.0
        self._asking = asyncio.Lock()
        self._state: str | None = None

    @classmethod
    def of(cls, folder: Path) -> "News":
        """The one of that folder."""
        if len(cls._all) > 100:  # runs of long ago
            cls._all.clear()
        return cls._all.setdefault(folder, cls(folder))

    def of_nodes(
        self, ids: Sequence[str], *, after: int = 0, at_once: bool = False
    ) -> dict[str, Event]:
        """What is known of these nodes, by events after that number.

        Args:
            at_once: Read what is new although another task has just done so.
        """
        now = time.monotonic()
        if at_once or now - self._looked >= POLL / 2:
            self._looked = now
            self._look(now)
        known = {name: self._newest[name] for name in ids if name in self._newest}
        return {name: one for name, one in known.items() if one.number > after}

    def _look(self, now: float) -> None:
        events = list(self._reader.read())
        for event in events:
            if event.node:
                self._newest[event.node.id] = event
            self.complete = event.what == "complete" or (
                self.complete and event.what != "began"
            )
        if events:
            self._heard = now

    async def build_state(
        self, ask: Ask, build_task: str, *, since: float
    ) -> str | None:
        """How the build is, asked of Airflow once in a while, for all tasks at once.

        None while there is news, since then it runs; and where the last answer is from
        before `since`, when another try of it may have been over.
        """
        async with self._asking:
            now = time.monotonic()
            if now - max(self._heard, self._asked) > _ASK:
                self._asked = now
                self._state = (await ask()).get(build_task)
            elif self._heard > self._asked:
                self._state = None
            return self._state if self._asked >= since else None


def newest(folder: Path, ids: Sequence[str]) -> int:
    """The number of the last event that is about one of these nodes."""
    events = EventReader(folder).read()
    return max(event.number for event in events if event.node and event.node.id in ids)


class Shown:
    """Which result a task has shown last, so that a later try knows a newer one.

    Args:
        attempt: The try that asks, or shows. What it has shown itself is no old result
            for it: its triggerer may have been killed just after that.
    """

    def __init__(self, folder: Path, task_id: str, *, attempt: int) -> None:
        self._path = folder / _SHOWN
        self._task = task_id
        self._try = attempt

    def newest(self) -> int:
        """The number of the event that a try before has shown; 0 if none has."""
        if not self._path.is_file():
            return 0
        lines = map(parsed, self._path.read_bytes().splitlines())
        shown = (
            one["event"]
            for one in lines
            if one and one["task"] == self._task and one["try"] < self._try
        )
        return max(shown, default=0)

    def note(self, number: int) -> None:
        """Remember it."""
        line = json.dumps({"task": self._task, "try": self._try, "event": number})
        with appending(self._path) as file:
            file.write(line + "\n")
