from types import SimpleNamespace
from typing import Any

import pytest
from airflow.callbacks.callback_requests import TaskCallbackRequest
from airflow.callbacks.database_callback_sink import DatabaseCallbackSink
from airflow.jobs.triggerer_job_runner import TriggerRunnerSupervisor
from airflow.utils.state import TaskInstanceState

from orchestration.scheduler import triggerer
from orchestration.scheduler.triggerer import Supervisor, send_if_heard

OURS = "orchestration.operators.node.NodeTrigger"
OTHERS = "airflow.providers.standard.triggers.file.FileTrigger"


@pytest.mark.parametrize(
    ("classpath", "attempt", "sent"),
    [(OURS, 1, False), (OURS, 2, True), (OTHERS, 1, True)],
)
def test_the_dag_is_left_out_where_nothing_of_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, classpath: str, attempt: int, sent: bool
) -> None:
    def workload(_: Any, trigger: Any, dag_bag: Any, *others: Any) -> bool:
        return bool(dag_bag.get_serialized_dag_model_for_run("run", session=None))

    monkeypatch.setattr(TriggerRunnerSupervisor, "_create_workload", workload)
    bag = SimpleNamespace(get_serialized_dag_model_for_run=lambda *_, **__: "DAG")
    task = SimpleNamespace(try_number=attempt)
    trigger = SimpleNamespace(classpath=classpath, task_instance=task)
    supervisor = object.__new__(Supervisor)
    assert supervisor._create_workload(trigger, bag, None, None) is sent


@pytest.mark.parametrize(
    ("state", "asked"), [("success", False), ("failed", True), ("up_for_retry", True)]
)
def test_a_callback_is_asked_for_where_the_dag_processor_has_one(
    monkeypatch: pytest.MonkeyPatch, state: str, asked: bool
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        triggerer, "_send", lambda _sink, callback, **_: seen.append(callback)
    )
    request = TaskCallbackRequest.model_construct(
        task_callback_type=TaskInstanceState(state)
    )
    send_if_heard(DatabaseCallbackSink(), callback=request, session=None)
    assert seen == [request] * asked
