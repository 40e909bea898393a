"""Who hears of a run that is red or late: callbacks of a DAG."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from airflow.configuration import conf
from airflow.sdk import Context
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert
from asgiref.sync import sync_to_async

from orchestration.build import alerts
from orchestration.build.alerts import Alert
from orchestration.errors import FirnError
from orchestration.operators.names import branch_of
from orchestration.settings import Settings

log = logging.getLogger(__name__)


class RunCreated(BaseDeadlineReference):
    """The moment at which a run was made.

    Not Airflow's own `DAGRUN_QUEUED_AT`: with one, 3.3 cannot clear a task
    (apache/airflow#70368).
    """

    def _evaluate_with(self, **_: Any) -> datetime:
        return datetime.now(UTC)  # it is asked at that moment


def alerted(*, within: timedelta) -> dict[str, Any]:
    """A DAG's arguments: an alert when a run has failed, or is not over in time."""
    return {
        "on_failure_callback": failed,
        "deadline": DeadlineAlert(
            reference=RunCreated(),
            interval=within,
            callback=AsyncCallback(late),
            name="over in time",
        ),
    }


def failed(context: Context) -> None:
    """Say where to look, and which query shows the failing rows.

    Airflow's DAG processor calls it.
    """
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    why = alerts.why_failed(Settings.load(), branch_of(dag_id, run_id))
    _tell("failed", dag_id, run_id, why)


async def late(context: Mapping[str, Any]) -> None:
    """Say that a run is not over yet. Airflow's triggerer calls it.

    Also for one that has failed meanwhile, which has been told of then.
    """
    run = context["dag_run"]
    if run["state"] == "failed":
        return
    text = f"It is {run['state']} since {run.get('start_date')}, and not over."
    await sync_to_async(_tell)("late", run["dag_id"], run["dag_run_id"], text)


def _tell(what: Literal["failed", "late"], dag_id: str, run_id: str, text: str) -> None:
    run = f"dags/{dag_id}/runs/{run_id}"
    url = f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/{run}"
    log.error("%s: %s. %s", run, what, text)
    try:
        alerts.tell(Settings.load(), Alert(what=what, run=run, text=text, url=url))
    except FirnError as error:
        log.error("%s", error)  # noqa: TRY400 - its cause names a secret
