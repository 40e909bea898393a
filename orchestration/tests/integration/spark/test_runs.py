"""Builds on Spark that publish: a branch, gates, one publication; readers on DuckDB."""

import json
import time
from contextlib import closing
from typing import Any

import pytest

from orchestration.build import stages
from orchestration.build.watch import Watcher
from orchestration.lake import Lake
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests.faults import mutants
from orchestration.tests.integration.runs.conftest import (
    Firn,
    Land,
    firn,
    lake,
    land,
    project,
)
from orchestration.tests.integration.runs.small_build import UNIT_TEST
from orchestration.tests.integration.runs.test_states import BOTH, Reader
from orchestration.tests.pages import fault, mutant

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = [pytest.mark.spark, pytest.mark.slow]

__all__ = ["firn", "lake", "land", "project"]

NAME = "a reader on DuckDB, while a build on Spark publishes"
GATE = "a build on Spark whose test fails"
# Rows land as many as a state's amount says; each is one publication of a build.
AMOUNTS = (10.0, 5.0, 1.0)
STATES = [(10.0, 10.0), (15.0, 15.0), (16.0, 16.0)]
_PAUSE_SECONDS = 0.2  # between looks, so that Spark gets on


def build(firn: Firn, expected: int) -> dict[str, Any]:
    result = firn("build", "--target", "spark", "--format", "json")
    assert result.exit_code == expected, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def seen(project: Settings, land: Land, firn: Firn, *, builds: int) -> list[object]:
    """What a reader sees, in order, while as many builds publish one more row each."""
    land((1, AMOUNTS[0]))
    build(firn, 0)
    session = connect(project, "main", read_only=True)

    def look() -> object:
        time.sleep(_PAUSE_SECONDS)
        return session.execute(BOTH).fetchall()[0]

    with closing(session), Reader(look) as polling:
        for number in range(1, builds):
            land((number + 1, AMOUNTS[number]))
            build(firn, 0)
            polling.wait_for_more()
    return list(dict.fromkeys(polling.seen))


@fault("Concurrency", NAME, seen="each published state, whole and in order")
def test_a_reader_on_duckdb_sees_whole_states_alone(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    assert seen(project, land, firn, builds=len(AMOUNTS)) == STATES
    assert [branch.name for branch in lake.branches()] == ["main"]
    kinds = [(one.kind, len(one.changes)) for one in lake.log(1)]
    assert kinds == [("publish", 2)]


@pytest.mark.full
@mutant(NAME, guard="all tables are published at once")
def test_published_one_by_one_a_reader_sees_a_mixture(
    project: Settings,
    lake: Lake,
    land: Land,
    firn: Firn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch_event = Watcher.__call__

    def publish_each(self: Watcher, event: Any) -> None:
        watch_event(self, event)
        mutants.publish_each(self, event)

    monkeypatch.setattr(Watcher, "__call__", publish_each)
    assert (15.0, 10.0) in seen(project, land, firn, builds=2)


@fault(
    "Gates",
    GATE,
    seen="exit 1: the test and its rows are named; `main` is as it was",
    rerun="builds and publishes, once the rows are right",
    unguarded="by the gates of any engine: see *Gates* on DuckDB",
)
def test_a_failing_test_leaves_main_as_it_was(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0), (1, 5.0))
    before = lake.pointers("main")
    answer = build(firn, 1)
    assert answer["publication"] is None
    assert "unique_fct_orders_order_id" in json.dumps(answer["findings"])
    assert lake.pointers("main") == before
    [left] = [branch.name for branch in lake.branches() if branch.name != "main"]
    assert left == answer["branch"]
    held = "select sum(amount) as amount from marts.fct_orders"
    looked = firn("sql", held, "--branch", left, "--format", "json")
    assert json.loads(looked.stdout) == [{"amount": 15.0}]


def test_a_run_in_stages_is_published_once(
    project: Settings, lake: Lake, land: Land
) -> None:
    (project.project_dir / "models/marts/unit.yml").write_text(UNIT_TEST)
    land((1, 10.0), (2, 5.5))
    stages.open_branch(project, "run_build_1", ("--target", "spark"))
    assert stages.build(project, "run_build_1").status == "built"
    first = stages.publish(project, "run_build_1")
    assert first.publication == lake.log(1)[0]
    assert stages.publish(project, "run_build_1").publication == first.publication
    with closing(connect(project, "main", read_only=True)) as session:
        assert session.execute(BOTH).fetchall() == [(15.5, 15.5)]
    assert [branch.name for branch in lake.branches()] == ["main"]
