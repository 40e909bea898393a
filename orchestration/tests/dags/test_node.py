"""A node's task: how it ends, as its trigger sees the events and asks Airflow."""

import asyncio
import sys
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
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)

from orchestration.build.artifacts import NodeResult, SourceAge
from orchestration.build.events import EventLog
from orchestration.errors import GateError
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


def test_a_node_that_was_built_ends_green_with_its_rows(run: Run) -> None:
    end = end_of(run.trigger(), run.began, lambda: run.tells(result(MODEL, rows=7)))
    assert isinstance(end, TaskSuccessEvent)
    assert end.xcoms == {"rows": {"fct_orders": 7}}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("error", TaskFailedEvent),
        ("a word of a later dbt", TaskFailedEvent),
        ("skipped", TaskSkippedEvent),
        ("warn", TaskSuccessEvent),
    ],
)
def test_a_task_ends_as_its_node(run: Run, status: str, expected: type) -> None:
    run.tells(result(MODEL, status))
    assert type(end_of(run.trigger())) is expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("pass", "fail"), TaskFailedEvent),
        (("skipped", "fail"), TaskFailedEvent),
        (("skipped", "pass"), TaskSuccessEvent),
        (("skipped", "skipped"), TaskSkippedEvent),
    ],
)
def test_several_tests_end_as_the_worst_of_them(
    run: Run, statuses: tuple[str, str], expected: type
) -> None:
    first, second = map(result, (UNIQUE, NOT_NULL), statuses)
    trigger = run.trigger(UNIQUE, NOT_NULL)
    end = end_of(trigger, lambda: run.tells(first), lambda: run.tells(second))
    assert type(end) is expected


def test_a_node_that_the_build_left_out_is_skipped(run: Run) -> None:
    run.began()
    run.tells(result(ABOVE))
    end = end_of(run.trigger(), lambda: run.ends("success"))
    assert isinstance(end, TaskSkippedEvent)


def test_of_several_tests_those_that_ran_speak_for_the_task(run: Run) -> None:
    run.tells(result(UNIQUE, "fail"))
    run.ends("failed")
    assert isinstance(end_of(run.trigger(UNIQUE, NOT_NULL)), TaskFailedEvent)


def test_a_build_that_was_killed_fails_what_it_had_not_built(run: Run) -> None:
    run.began()
    run.tells(result(UNIQUE, "pass"))
    run.ends("failed", complete=False)
    assert isinstance(end_of(run.trigger(UNIQUE, NOT_NULL)), TaskFailedEvent)


@pytest.mark.parametrize("state", ["skipped", "upstream_failed"])
def test_without_a_build_all_nodes_are_skipped(run: Run, state: str) -> None:
    run.states["build"] = state
    assert isinstance(end_of(run.trigger()), TaskSkippedEvent)


@pytest.mark.parametrize("state", ["skipped", "upstream_failed"])
def test_nothing_is_built_anew_when_a_whole_run_is_cleared_and_has_nothing_to_do(
    run: Run, state: str
) -> None:
    run.shown(result(MODEL))
    run.states["build"] = state
    assert isinstance(run.again(), TaskSkippedEvent)


def test_what_is_written_while_airflow_answers_is_not_missed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor when another task has read it, or has read just before."""
    monkeypatch.setattr(news, "POLL", 60)

    def last_words() -> None:
        run.tells(result(MODEL))
        run.ends("success")

    run.while_asked = last_words
    assert isinstance(end_of(run.trigger()), TaskSuccessEvent)


def test_a_build_that_is_cleared_is_not_judged_by_how_it_was_before(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "_ASK", 60)
    run.ends("failed", complete=False)
    assert isinstance(end_of(run.trigger()), TaskFailedEvent)
    run.states["build"] = None
    end = end_of(run.trigger(attempt=2), lambda: run.tells(result(MODEL)))
    assert isinstance(end, TaskSuccessEvent)


def test_a_second_try_waits_for_a_newer_result(run: Run) -> None:
    run.shown(result(MODEL, "error"))
    run.states["build"] = "running"
    trigger = run.trigger(attempt=2)
    end = end_of(trigger, lambda: run.began(2), lambda: run.tells(result(MODEL)))
    assert isinstance(end, TaskSuccessEvent)


def test_a_second_try_waits_for_all_of_its_tests(run: Run) -> None:
    failed = [result(UNIQUE, "fail"), result(NOT_NULL, "fail")]
    run.shown(*failed)
    run.states["build"] = "running"
    end = end_of(
        run.trigger(UNIQUE, NOT_NULL, attempt=2),
        lambda: run.began(2),
        lambda: run.tells(result(UNIQUE, "pass")),
        lambda: run.tells(result(NOT_NULL, "pass")),
    )
    assert isinstance(end, TaskSuccessEvent)


def test_a_second_try_keeps_what_the_second_build_did_not_repeat(run: Run) -> None:
    run.shown(result(UNIQUE, "fail"), result(NOT_NULL, "pass"))
    run.states["build"] = "running"
    end = end_of(
        run.trigger(UNIQUE, NOT_NULL, attempt=2),
        lambda: run.began(2),
        lambda: run.tells(result(UNIQUE, "pass")),
        lambda: run.ends("success"),
    )
    assert isinstance(end, TaskSuccessEvent)


def test_a_second_build_that_was_killed_fails_what_it_had_not_repeated(
    run: Run,
) -> None:
    run.shown(result(UNIQUE, "pass"), result(NOT_NULL, "pass"))
    run.began(2)
    run.tells(result(UNIQUE, "pass"))
    run.ends("failed", complete=False)
    assert isinstance(run.again(UNIQUE, NOT_NULL), TaskFailedEvent)


def test_a_node_that_is_cleared_after_the_build_goes_to_a_worker(run: Run) -> None:
    run.shown(result(MODEL))
    run.states["above"] = "success"
    assert is_for_a_worker(run.again())


def test_a_cleared_node_waits_for_what_is_above_it(run: Run) -> None:
    run.shown(result(MODEL))
    run.states["above"] = "deferred"
    trigger = run.trigger(attempt=2)
    end = end_of(trigger, lambda: run.states.update(above="failed"))
    assert is_for_a_worker(end)


def test_a_source_that_is_cleared_shows_again_how_old_it_is(run: Run) -> None:
    run.shown(result(SOURCE, "error"))
    assert isinstance(run.again(SOURCE), TaskFailedEvent)


def test_a_first_try_goes_on_after_a_restart(run: Run) -> None:
    run.began()
    run.tells(result(UNIQUE, "fail"))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(anext(run.trigger(UNIQUE, NOT_NULL).run()), 0.1))
    restart()
    run.tells(result(NOT_NULL, "pass"))
    assert isinstance(end_of(run.trigger(UNIQUE, NOT_NULL)), TaskFailedEvent)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_try_whose_end_was_lost_with_the_triggerer_ends_the_same(
    run: Run, attempt: int
) -> None:
    run.shown(result(MODEL, "error"))
    if attempt == 2:
        run.tells(result(MODEL))
    first = end_of(run.trigger(attempt=attempt))
    restart()
    again = end_of(run.trigger(attempt=attempt))
    expected = TaskFailedEvent if attempt == 1 else TaskSuccessEvent
    assert type(first) is type(again) is expected


def test_another_triggerer_makes_the_same_trigger(run: Run) -> None:
    name, given = run.trigger(UNIQUE, NOT_NULL).serialize()
    assert name == "orchestration.operators.node.NodeTrigger"
    assert NodeTrigger(**given).serialize() == (name, given)
    args = run.task(UNIQUE, NOT_NULL).start_trigger_args
    assert args is not None
    assert (args.trigger_cls, args.trigger_kwargs) == (name, given)


def test_airflow_is_asked_once_for_all_tasks(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "_ASK", 0.3)
    triggers = [run.trigger() for _ in range(50)]

    async def all_of_them() -> None:
        ends = [asyncio.ensure_future(anext(one.run())) for one in triggers]
        await asyncio.sleep(0.2)
        assert run.asked == 1
        run.tells(result(MODEL))
        await asyncio.wait_for(asyncio.gather(*ends), 5)

    asyncio.run(all_of_them())
    assert run.asked == 1


def test_airflow_is_not_asked_while_there_is_news(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "_ASK", 0.3)
    run.tells(result(ABOVE))
    end_of(
        run.trigger(),
        lambda: run.tells(result(ABOVE)),
        lambda: run.tells(result(ABOVE)),
        lambda: run.tells(result(MODEL)),
    )
    assert run.asked == 0


def test_half_a_line_about_what_was_shown_is_passed_over(run: Run) -> None:
    run.shown(result(MODEL))
    run.states["above"] = "success"
    with (run.folder / "shown.jsonl").open("a") as file:
        file.write('{"task": "own", "try": 1, "ev')
    assert is_for_a_worker(run.again())
    run.tells(result(MODEL, "error"))
    assert isinstance(run.again(), TaskFailedEvent)
    assert is_for_a_worker(end_of(run.trigger(attempt=3)))


def test_half_an_event_ends_no_other_task(run: Run) -> None:
    run.tells(result(ABOVE))
    events = run.folder / "events.jsonl"
    events.write_text(events.read_text().rstrip()[:-9])  # a process was killed
    run.began(2)
    run.tells(result(MODEL))
    assert isinstance(end_of(run.trigger()), TaskSuccessEvent)


def test_a_worker_tells_what_it_built(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built = result(MODEL, rows=1234, added=34, seconds=1.5, message="fine")
    asked = _worker(run, monkeypatch, built)
    _build_again(run.task(MODEL))
    assert asked == [(branch_of("build", "r1"), ["own"], False)]
    line = "fct_orders: success in 1.50 s, 1,234 rows, 34 of them written now "
    assert line in capsys.readouterr().out


def test_a_test_that_fails_on_a_worker_fails_its_task(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = result(UNIQUE, "fail", failures=2345, message="Got 2345 results.\n")
    asked = _worker(run, monkeypatch, failed)
    with pytest.raises(GateError, match="unique_id failed again"):
        _build_again(run.task(UNIQUE))
    assert asked == [(branch_of("build", "r1"), ["own"], True)]
    line = "unique_id: fail in 1.00 s, 2,345 failing rows, Got 2345 results. "
    assert line in capsys.readouterr().out


def test_what_a_worker_built_is_built_once_more_when_it_is_cleared_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.shown(result(MODEL, "error"))
    run.states["above"] = "success"
    _worker(run, monkeypatch, result(MODEL, "error"))
    with pytest.raises(GateError):
        _build_again(run.task(MODEL), attempt=2)
    assert is_for_a_worker(end_of(run.trigger(attempt=3)))


def _worker(run: Run, patch: pytest.MonkeyPatch, *built: NodeResult) -> list[Any]:
    """Stand in for dbt on a worker; returns what it is asked for."""
    asked: list[Any] = []

    def build_nodes(
        _: Settings, branch: str, select: list[str], *, tests: bool
    ) -> tuple[NodeResult, ...]:
        asked.append((branch, select, tests))
        run.tells(*built)
        return built

    # The real module imports dbt, which takes longer than all of these tests.
    stages = SimpleNamespace(build_nodes=build_nodes)
    patch.setitem(sys.modules, "orchestration.build.stages", stages)
    return asked


def _build_again(task: NodeOperator, attempt: int = 2) -> None:
    run = SimpleNamespace(dag_id="build", run_id="r1")
    context: Any = {"dag_run": run, "ti": SimpleNamespace(try_number=attempt)}
    task.build_again(context, {"nodes": task.nodes})
