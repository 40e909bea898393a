"""A node's task that was cleared, or is tried once more."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.triggers.base import (
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
)

from orchestration.build.artifacts import NodeResult
from orchestration.errors import GateError
from orchestration.operators import news
from orchestration.operators.names import branch_of
from orchestration.operators.node import NodeOperator
from orchestration.settings import Settings
from orchestration.tests.dags.small_run import (
    MODEL,
    NOT_NULL,
    SOURCE,
    UNIQUE,
    Run,
    end_of,
    is_for_a_worker,
    restart,
    result,
)


@pytest.mark.parametrize("state", ["skipped", "upstream_failed"])
def test_nothing_is_built_anew_when_a_whole_run_is_cleared_and_has_nothing_to_do(
    run: Run, state: str
) -> None:
    run.shown(result(MODEL))
    run.states["build"] = state
    assert isinstance(run.again(), TaskSkippedEvent)


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


def test_half_a_line_about_what_was_shown_is_passed_over(run: Run) -> None:
    run.shown(result(MODEL))
    run.states["above"] = "success"
    with (run.folder / "shown.jsonl").open("a") as file:
        file.write('{"task": "own", "try": 1, "ev')
    assert is_for_a_worker(run.again())
    run.tells(result(MODEL, "error"))
    assert isinstance(run.again(), TaskFailedEvent)
    assert is_for_a_worker(end_of(run.trigger(attempt=3)))


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
