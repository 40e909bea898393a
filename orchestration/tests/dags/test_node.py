"""How a node's task ends, as its trigger sees the events and asks Airflow."""

import asyncio

import pytest
from airflow.triggers.base import (
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
)

from orchestration.operators import news
from orchestration.operators.node import NodeTrigger
from orchestration.tests.dags.small_run import (
    ABOVE,
    MODEL,
    NOT_NULL,
    UNIQUE,
    Run,
    end_of,
    restart,
    result,
)


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


def test_a_first_try_goes_on_after_a_restart(run: Run) -> None:
    run.began()
    run.tells(result(UNIQUE, "fail"))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(anext(run.trigger(UNIQUE, NOT_NULL).run()), 0.1))
    restart()
    run.tells(result(NOT_NULL, "pass"))
    assert isinstance(end_of(run.trigger(UNIQUE, NOT_NULL)), TaskFailedEvent)


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


def test_half_an_event_ends_no_other_task(run: Run) -> None:
    run.tells(result(ABOVE))
    events = run.folder / "events.jsonl"
    events.write_text(events.read_text().rstrip()[:-9])  # a process was killed
    run.began(2)
    run.tells(result(MODEL))
    assert isinstance(end_of(run.trigger()), TaskSuccessEvent)
