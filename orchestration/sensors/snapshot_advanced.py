"""Waits until a table of `main` has another snapshot."""

from contextlib import closing
from typing import Any

from orchestration.lake import Lake, TableId
from orchestration.sensors.waiting import WaitingSensor, WaitingTrigger
from orchestration.settings import MAIN, Settings

_INTERVAL = 5.0


class SnapshotAdvancedTrigger(WaitingTrigger):
    """Asks the catalog which snapshot is current; no row and no file list is read.

    Without `since`, a triggerer that restarts looks for the first time again: a move in
    between is not seen.
    """

    def __init__(self, **asked: Any) -> None:
        super().__init__(**asked)
        self._first: str | None = None

    def answer(self) -> str | None:
        """That it has advanced: since `since`, or since the first look."""
        table = TableId.parse(self.asked["table"])
        with closing(Lake.open(Settings.load())) as lake:
            there = table in lake.pointers(MAIN)
            metadata = lake.load(MAIN, table).metadata if there else None
        current = str(metadata.current_snapshot_id) if metadata else ""
        if self._first is None:
            self._first = str(self.asked.get("since") or current)
        if current in ("", self._first):  # a table that is gone has not advanced
            return None
        return f"{table} is at snapshot {current}"


class SnapshotAdvancedSensor(WaitingSensor):
    """Ends green when the table has moved, and is skipped when patience ends.

    Args:
        table: As `marts.fct_orders`.
        since: A snapshot's id; without it, the one that is current when it starts, or
            when the triggerer that it waits in has restarted.
        patience: Seconds to wait.
    """

    trigger = SnapshotAdvancedTrigger

    def __init__(
        self, *, table: str, patience: float, since: int | None = None, **kwargs: Any
    ) -> None:
        asked = {"table": table, "patience": patience, "interval": _INTERVAL}
        super().__init__(asked={**asked, "since": since}, **kwargs)
