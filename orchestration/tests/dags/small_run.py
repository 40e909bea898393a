"""A DAG run for tests of its tasks: no Airflow, and no dbt."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import (
    TriggerEvent,
)

from orchestration.build.artifacts import NodeResult, SourceAge
from orchestration.build.events import EventLog
from orchestration.operators import news
from orchestration.operators import node as module
from orchestration.operators.names import branch_of
from orchestration.operators.node import NodeOperator, NodeTrigger
from orchestration.settings import Settings
from orchestration.tests import environment

PROJECT = Path(__file__).parents[3]
MODEL, ABOVE = "model.firn.fct_orders", "model.firn.stg_orders"
UNIQUE, NOT_NULL = "test.firn.unique_id.1", "test.firn.not_null_id.2"
SOURCE = "source.firn.shop.orders"
Deed = Callable[[], object]


def result(name: str, status: str = "success", **facts: Any) -> NodeResult:
    kind = name.partition(".")[0]
    return NodeResult(id=name, kind=kind, status=status, **{"seconds": 1.0, **facts})


@dataclass
class Run:
    """A DAG run: the events of its build, and what Airflow answers about its tasks."""

    folder: Path
    states: dict[str, str | None] = field(default_factory=lambda: {"build": "running"})
    asked: int = 0
    while_asked: Deed = lambda: None

    def answer(self, **_: Any) -> dict[str, dict[str, str | None]]:
        self.asked += 1
        self.while_asked()
        return {"r1": dict(self.states)}

    def task(self, *nodes: str) -> NodeOperator:
        with DAG("build", schedule=None):
            above = NodeOperator(
                task_id="above", nodes=[ABOVE], select=["above"], build_task="build"
            )
            own = NodeOperator(
                task_id="own", nodes=nodes, select=["own"], build_task="build"
            )
            above >> own
        return own

    def trigger(self, *nodes: str, attempt: int = 1) -> NodeTrigger:
        task = self.task(*(nodes or [MODEL]))
        trigger = NodeTrigger(nodes=task.nodes, build_task=task.build_task)
        waits: Any = SimpleNamespace(
            dag_id="build", run_id="r1", task_id="own", try_number=attempt, task=task
        )
        trigger.task_instance = waits
        return trigger

    def began(self, attempt: int = 1) -> None:
        with closing(EventLog(self.folder)) as log:
            log.began(attempt)

    def tells(self, *results: NodeResult) -> None:
        with closing(EventLog(self.folder)) as log:
            for one in results:
                if one.kind == "source":
                    log.sources([SourceAge(id=one.id, status=one.status)])
                else:
                    log.finished(one)

    def ends(self, state: str, *, complete: bool = True) -> None:
        if complete:
            with closing(EventLog(self.folder)) as log:
                log.complete()
        self.states["build"] = state

    def shown(self, *results: NodeResult) -> None:
        """A whole build, and a first try of the task that shows what it made."""
        self.began()
        self.tells(*results)
        self.ends("success")
        end_of(self.trigger(*(one.id for one in results)))

    def again(self, *nodes: str) -> TriggerEvent:
        """How a second try ends, while nobody builds."""
        return end_of(self.trigger(*nodes, attempt=2))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    environment.only(monkeypatch, FIRN_PROJECT_DIR=PROJECT, FIRN_HOME=tmp_path)
    made = Run(Settings.load().log_dir / branch_of("build", "r1"))
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", made.answer)
    for one in (module, news):
        monkeypatch.setattr(one, "POLL", 0.01)
    monkeypatch.setattr(module, "_POLL_AGAIN", 0.01)
    monkeypatch.setattr(news, "_ASK", 0.05)
    yield made
    restart()


def restart() -> None:
    """The triggerer forgets what it knows."""
    news.News._all.clear()


def end_of(trigger: NodeTrigger, *meanwhile: Deed) -> TriggerEvent:
    """How the task ends; it must not have ended before all of that has happened."""

    async def play() -> TriggerEvent:
        end = asyncio.ensure_future(anext(trigger.run()))
        for deed in meanwhile:
            await asyncio.sleep(0.15)
            assert not end.done()
            deed()
        return await asyncio.wait_for(end, 5)

    return asyncio.run(play())


def is_for_a_worker(end: TriggerEvent) -> bool:
    return type(end) is TriggerEvent
