"""Waits for its turn: of all runs that publish, one at a time works.

Two runs at once would both fork from one `main`, and the second to publish would find
that it has moved. Tickets are kept beside the lake; one of a run that is over counts no
more, whatever ended it.
"""

import json
from pathlib import Path
from typing import Any

from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from filelock import FileLock

from orchestration.sensors.waiting import WaitingSensor, WaitingTrigger
from orchestration.settings import Settings

_INTERVAL = 1.0
_OVER = ("success", "failed")


class TurnTrigger(WaitingTrigger):
    """Draws a ticket, and asks whether it is the first of those that count."""

    def answer(self) -> str | None:
        """That it is this run's turn."""
        task = self.task_instance
        assert task is not None
        own = [task.dag_id, task.run_id]
        path = Settings.load().home / "turns.json"
        # Asked before the lock is taken: while Airflow is asked, other triggers go on
        # in this very thread, and would wait for the lock that it holds.
        over = [one for one in _read(path) if one != own and not _is_on(*one)]
        with FileLock(path.with_suffix(".lock")):
            tickets = [one for one in _read(path) if one not in over]
            if own not in tickets:
                tickets.append(own)
            path.write_text(json.dumps(tickets))
        return "It is this run's turn" if tickets[0] == own else None


class TurnSensor(WaitingSensor):
    """Ends green when it is the run's turn.

    Args:
        patience: Seconds after which the run is skipped.
    """

    trigger = TurnTrigger

    def __init__(self, *, patience: float, **kwargs: Any) -> None:
        super().__init__(asked={"patience": patience, "interval": _INTERVAL}, **kwargs)


def _read(path: Path) -> list[list[str]]:
    try:
        found: list[list[str]] = json.loads(path.read_text("utf-8"))
    except (OSError, json.JSONDecodeError):
        return []
    return found


def _is_on(dag_id: str, run_id: str) -> bool:
    return RuntimeTaskInstance.get_dagrun_state(dag_id, run_id) not in _OVER
