"""What the sensors wait for, and how their tasks end; no Airflow runs."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType, TaskDeferred
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from orchestration.errors import SetupError
from orchestration.ingestion.run import ingest
from orchestration.lake import Lake, TableId, process
from orchestration.sensors.new_files import NewFilesSensor, NewFilesTrigger
from orchestration.sensors.snapshot_advanced import (
    SnapshotAdvancedSensor,
    SnapshotAdvancedTrigger,
)
from orchestration.sensors.turn import TurnSensor, TurnTrigger
from orchestration.sensors.waiting import WaitingSensor, WaitingTrigger
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.faults.shop import sheets, write_project
from orchestration.tests.faults.small_lake import SmallLake

SOON = {"patience": 5, "interval": 0.01}
TABLE = "raw.t"


class Answers(WaitingTrigger):
    """Says what it was given, one at a time."""

    said: list[Any]

    def answer(self) -> str | None:
        one = self.said.pop(0) if self.said else None
        if isinstance(one, Exception):
            raise one
        answer: str | None = one
        return answer


def waiting(*said: Any, patience: float = 5) -> Answers:
    trigger = Answers(patience=patience, interval=0.01)
    trigger.said = list(said)
    return trigger


def end_of(trigger: WaitingTrigger) -> TriggerEvent:
    return asyncio.run(asyncio.wait_for(anext(trigger.run()), 5))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A project of one source, and a lake of its own."""
    write_project(tmp_path)
    environment.only(
        monkeypatch,
        FIRN_PROJECT_DIR=tmp_path,
        FIRN_HOME=tmp_path / "home",
        FIRN_CATALOG_IDLE_SECONDS=0.5,
    )
    settings = Settings.load()
    yield settings
    process.release(settings)


@pytest.fixture
def small(here: Settings) -> Iterator[SmallLake]:
    opened = Lake.open(here)
    yield SmallLake(here, opened)
    opened.close()


def test_an_answer_at_once_ends_it_green(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(end_of(waiting("it is there")), TaskSuccessEvent)
    assert "it is there" in capsys.readouterr().out


def test_it_asks_until_there_is_an_answer() -> None:
    trigger = waiting(None, None, "it is there", "not asked for")
    assert isinstance(end_of(trigger), TaskSuccessEvent)
    assert trigger.said == ["not asked for"]


def test_without_an_answer_it_is_skipped_when_patience_ends() -> None:
    assert isinstance(end_of(waiting(patience=0.05)), TaskSkippedEvent)


def test_an_error_that_can_be_mended_is_told_and_asked_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = SetupError("the lake cannot be reached", remedy="Start it.")
    assert isinstance(end_of(waiting(error, "it is there")), TaskSuccessEvent)
    assert "the lake cannot be reached. Start it." in capsys.readouterr().out


@pytest.mark.parametrize(
    "sensor",
    [
        NewFilesSensor(task_id="files", source="shop", patience=1.5),
        SnapshotAdvancedSensor(task_id="moved", table=TABLE, since=7, patience=1.5),
        TurnSensor(task_id="turn", patience=1.5),
    ],
    ids=lambda sensor: sensor.task_id,
)
def test_another_triggerer_makes_the_same_trigger(sensor: WaitingSensor) -> None:
    args = sensor.start_trigger_args
    assert args is not None
    name, given = sensor.trigger(**args.trigger_kwargs or {}).serialize()
    assert (name, given) == (args.trigger_cls, args.trigger_kwargs)


def test_files_wait_until_they_have_landed(here: Settings) -> None:
    trigger = NewFilesTrigger(source="shop", **SOON)
    (here.project_dir / "landing/shop").mkdir(parents=True)
    assert trigger.answer() is None
    for day in (1, 2):
        folder = here.project_dir / f"landing/shop/{day}"
        folder.mkdir()
        for sheet in sheets(day):
            sheet.write(folder)
    assert trigger.answer() == "4 files wait to be landed"
    ingest(here, ["shop"])
    assert trigger.answer() is None
    shutil.copytree(folder, folder.with_name("3"))
    assert trigger.answer() == "2 files wait to be landed"


def moved(**since: int | None) -> SnapshotAdvancedTrigger:
    return SnapshotAdvancedTrigger(table=TABLE, **SOON, **since)


def snapshot(small: SmallLake) -> int:
    found = small.lake.load("main", TableId.parse(TABLE)).metadata.current_snapshot_id
    assert found is not None
    return found


def test_a_table_has_advanced_when_it_appears_and_whenever_it_moves(
    small: SmallLake,
) -> None:
    absent = moved()
    assert absent.answer() is None
    small.publish(
        ["create schema lake.raw", "create table lake.raw.t as select 1 as id"]
    )
    first = snapshot(small)
    assert absent.answer() == f"{TABLE} is at snapshot {first}"

    here = moved()
    assert here.answer() is None
    assert here.answer() is None
    small.publish(["insert into lake.raw.t values (2)"])
    assert here.answer() == f"{TABLE} is at snapshot {snapshot(small)}"

    assert moved(since=first).answer() == f"{TABLE} is at snapshot {snapshot(small)}"
    assert moved(since=snapshot(small)).answer() is None

    gone = moved()
    assert gone.answer() is None
    small.publish(["drop table lake.raw.t"])
    assert gone.answer() is None
    assert moved(since=first).answer() is None


Turn = Callable[[str], str | None]


@pytest.fixture
def states() -> dict[str, Any]:
    """How each run is: what Airflow would answer, or an error that it ends with."""
    return {}


@pytest.fixture
def turn(
    here: Settings, states: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Turn:
    """`turn("a")` asks once whether it is that run's turn."""

    def state(_: str, run: str) -> str:
        found = states.get(run, "running")
        if isinstance(found, Exception):
            raise found
        return str(found)

    def ask(run: str) -> str | None:
        trigger = TurnTrigger(**SOON)
        task: Any = SimpleNamespace(dag_id="build", run_id=run, task_id="turn")
        trigger.task_instance = task
        return trigger.answer()

    here.home.mkdir()
    monkeypatch.setattr(RuntimeTaskInstance, "get_dagrun_state", state)
    return ask


def test_a_free_turn_needs_no_triggerer(
    turn: Turn, capsys: pytest.CaptureFixture[str]
) -> None:
    sensor = TurnSensor(task_id="turn", patience=1.5)
    assert not sensor.start_from_trigger

    def execute(run: str) -> None:
        context: Any = {"dag_run": SimpleNamespace(dag_id="build", run_id=run)}
        sensor.execute(context)

    execute("a")
    with pytest.raises(TaskDeferred) as deferred:
        execute("b")
    assert isinstance(deferred.value.trigger, TurnTrigger)
    assert turn("b") is None
    assert turn("c") is None
    execute("a")  # its worker was killed


def test_the_first_to_draw_is_the_first(turn: Turn) -> None:
    assert turn("a")
    assert turn("b") is None
    assert turn("c") is None
    assert turn("a")  # its triggerer restarts


@pytest.mark.parametrize("end", ["success", "failed"])
def test_a_run_that_is_over_gives_way(
    turn: Turn, states: dict[str, Any], end: str
) -> None:
    turn("a"), turn("b")
    states["a"] = end
    assert turn("c") is None
    assert turn("b")


def _error(code: int) -> AirflowRuntimeError:
    detail = {"status_code": code}
    return AirflowRuntimeError(
        ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail)
    )


def test_a_run_that_was_deleted_gives_way(turn: Turn, states: dict[str, Any]) -> None:
    turn("a")
    states["a"] = _error(404)
    assert turn("b")


def test_a_run_that_airflow_cannot_tell_of_keeps_its_turn(
    turn: Turn, here: Settings, states: dict[str, Any]
) -> None:
    turn("a")
    states["a"] = _error(500)
    with pytest.raises(AirflowRuntimeError):
        turn("b")
    states["a"] = "running"
    assert turn("b") is None


@pytest.mark.parametrize(
    "content", ['[["build", "a"', "{}", "[1]", "\xff", ""], ids=repr
)
def test_damaged_tickets_are_drawn_anew(
    turn: Turn, here: Settings, content: str
) -> None:
    path = here.home / "turns.json"
    path.write_bytes(content.encode("latin-1"))
    assert turn("a")
    assert json.loads(path.read_text()) == [["build", "a"]]


def test_a_run_that_is_killed_while_it_draws_takes_no_ticket_away(
    turn: Turn, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn("a")

    def half(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:5])
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(Path, "write_bytes", half)
        with pytest.raises(KeyboardInterrupt):
            turn("b")
    assert turn("b") is None
