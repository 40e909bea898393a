"""Airflow's triggerer without two things that cost more the more nodes a DAG has.

A task that starts in the triggerer comes with its whole DAG, for templates that ours do
not have: with n nodes that is n DAGs of n tasks, read from the database, sent, and read
again. And each task that ends there green asks for a callback, for which the DAG
processor imports the DAG's file, only to find that it calls back for failures alone.

`component.py` installs it. Elsewhere, an `airflow_local_settings.py` can.
"""

from typing import Any

from airflow.callbacks.callback_requests import TaskCallbackRequest  # noqa: TID251
from airflow.callbacks.database_callback_sink import DatabaseCallbackSink  # noqa: TID251
from airflow.jobs import triggerer_job_runner  # noqa: TID251  # this is about Airflow

_OURS = "orchestration."
_SUPERVISOR = triggerer_job_runner.TriggerRunnerSupervisor
_send: Any = DatabaseCallbackSink.send


class _NoDag:
    """A bag that has no DAG: what is started comes without one."""

    def get_serialized_dag_model_for_run(self, *_: Any, **__: Any) -> None:
        """Of a run."""

    def get_serialized_dag_model(self, *_: Any, **__: Any) -> None:
        """Of a version."""


class Supervisor(_SUPERVISOR):
    """Prepares triggers for the process that runs them."""

    def _create_workload(
        self, trigger: Any, dag_bag: Any, render_log_fname: Any, session: Any
    ) -> Any:
        task = trigger.task_instance
        # A later try looks at what is above it in the DAG (`NodeTrigger`).
        if trigger.classpath.startswith(_OURS) and task and task.try_number <= 1:
            dag_bag = _NoDag()
        return super()._create_workload(trigger, dag_bag, render_log_fname, session)


def send_if_heard(sink: DatabaseCallbackSink, callback: Any, **where: Any) -> None:
    """Ask for a callback, unless it is of a kind that the DAG processor passes over."""
    if isinstance(callback, TaskCallbackRequest) and not callback.is_failure_callback:
        return
    _send(sink, callback, **where)


def install() -> None:
    """Have the triggerer of this process be so."""
    triggerer_job_runner.TriggerRunnerSupervisor = Supervisor  # type: ignore[misc]
    DatabaseCallbackSink.send = send_if_heard  # type: ignore[method-assign,assignment]
