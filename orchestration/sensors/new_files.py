"""Waits for files of a source that have not been landed."""

from typing import Any

from orchestration.ingestion.pending import pending
from orchestration.ingestion.specs import load_sources
from orchestration.sensors.waiting import WaitingSensor, WaitingTrigger
from orchestration.settings import Settings

_INTERVAL = 5.0  # seconds; listing a folder is cheap


class NewFilesTrigger(WaitingTrigger):
    """Looks into the source's folders, and into its ledger on `main`."""

    def answer(self) -> str | None:
        """How many files wait."""
        settings = Settings.load()
        [source] = load_sources(settings, [self.asked["source"]])
        waiting = pending(settings, source)
        return f"{len(waiting)} files wait to be landed" if waiting else None


class NewFilesSensor(WaitingSensor):
    """Ends green when a file is there and complete, and is skipped otherwise.

    Args:
        source: Its name.
        patience: Seconds to wait.
    """

    trigger = NewFilesTrigger

    def __init__(self, *, source: str, patience: float, **kwargs: Any) -> None:
        asked = {"source": source, "patience": patience, "interval": _INTERVAL}
        super().__init__(asked=asked, **kwargs)
