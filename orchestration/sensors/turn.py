"""Waits for its turn: of all runs that publish, one at a time works.

Two runs at once would both fork from one `main`, and the second to publish would find
that it has moved. Tickets are kept beside the lake; one of a run that is over counts no
more, whatever ended it.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from orchestration.sensors.waiting import WaitingSensor, WaitingTrigger
from orchestration.settings import Settings

_INTERVAL = 1.0
_OVER = ("success", "failed")
_Ticket = tuple[str, str]  # a DAG and its run
_TICKETS = TypeAdapter(list[_Ticket])


class TurnTrigger(WaitingTrigger):
    """Draws a ticket, and asks whether it is the first of those that count."""

    def answer(self) -> str | None:
        """That it is this run's turn."""
        task = self.task_instance
        assert task is not None
        return _ask((task.dag_id, task.run_id))


class TurnSensor(WaitingSensor):
    """Ends green when it is the run's turn.

    Args:
        patience: Seconds after which the run is skipped.
    """

    trigger = TurnTrigger
    start_from_trigger = False

    def __init__(self, *, patience: float, **kwargs: Any) -> None:
        super().__init__(asked={"patience": patience, "interval": _INTERVAL}, **kwargs)

    def execute(self, context: Context) -> None:
        """Ask once on a worker, and wait in the triggerer if others come first.

        When a run begins the triggerer starts the tasks of all nodes at once, and the
        whole build would wait for that. Mostly nobody else is there.
        """
        run = context["dag_run"]
        if said := _ask((run.dag_id, run.run_id)):
            self.log.info(said)
        else:
            super().execute(context)


def _ask(own: _Ticket) -> str | None:
    """Draw a ticket, unless it has one; say so if it is the first that counts."""
    path = Settings.load().home / "turns.json"
    # Asked before the lock is taken: while Airflow is asked, other triggers go on in
    # this very thread, and would wait for the lock that it holds.
    over = [one for one in _read(path) if one != own and not _is_on(*one)]
    with FileLock(path.with_suffix(".lock")):
        tickets = [one for one in _read(path) if one not in over]
        if own not in tickets:
            tickets.append(own)
        aside = path.with_suffix(".aside")
        aside.write_bytes(_TICKETS.dump_json(tickets))
        aside.replace(path)
    return "It is this run's turn" if tickets[0] == own else None


def _read(path: Path) -> list[_Ticket]:
    """The tickets; none where the file is damaged.

    Two runs may then work at once, and the lake refuses the second to publish.
    """
    try:
        return _TICKETS.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return []


def _is_on(dag_id: str, run_id: str) -> bool:
    try:
        return RuntimeTaskInstance.get_dagrun_state(dag_id, run_id) not in _OVER
    except AirflowRuntimeError as error:
        # Deleted: its ticket would otherwise keep everybody waiting, for ever.
        if (error.error.detail or {}).get("status_code") == HTTPStatus.NOT_FOUND:
            return False
        raise
