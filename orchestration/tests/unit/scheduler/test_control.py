import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from orchestration.errors import SetupError, UsageError
from orchestration.scheduler import control
from orchestration.scheduler.environment import home
from orchestration.scheduler.record import Record
from orchestration.settings import Settings
from orchestration.tests.small_airflow import HEALTHY, SmallAirflow, listening
from orchestration.tests.unit.scheduler.conftest import kept

Process = subprocess.Popen[bytes]
Start = Callable[[str], Process]
PYTHON = sys.executable
SLEEP = "import time; time.sleep(60)"
# What keeps one, and how it takes a signal.
KEEPER = """
import os, signal, sys, time
from orchestration import locks
from orchestration.scheduler.record import Record, server_lock
from orchestration.settings import Settings
settings = Settings.load({{"FIRN_PROJECT_DIR": {project!r}, "FIRN_HOME": {home!r}}})
signal.signal(signal.SIGTERM, {on_signal})
with locks.alone(server_lock(settings)):
    Record(pid=os.getpid(), port=1).write(settings)
    time.sleep(300)
"""


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program of Python; all end with the test."""
    with ExitStack() as all_of_them:

        def run(program: str) -> Process:
            made = subprocess.Popen([PYTHON, "-c", program])
            all_of_them.callback(made.wait)
            all_of_them.callback(made.kill)
            return made

        yield run


@pytest.fixture
def port() -> int:
    """One that is free."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow seems to be there, where its extra is not installed, too."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/airflow").touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))


def keep_with(monkeypatch: pytest.MonkeyPatch, made: Callable[[], Process]) -> None:
    monkeypatch.setattr(control, "_spawn", lambda *_: made())


def never(settings: Settings, port: int) -> Process:
    raise AssertionError("it must not start")


def keeper(settings: Settings, on_signal: str) -> str:
    project, own = str(settings.project_dir), str(settings.home)
    return KEEPER.format(project=project, home=own, on_signal=on_signal)


def test_without_airflow_it_says_how_to_install_it(
    settings: Settings, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_spawn", never)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(SetupError, match="not installed") as caught:
        control.up(settings, port=port)
    assert "firn[airflow]" in caught.value.remedy


@pytest.mark.usefixtures("installed")
def test_a_port_that_is_taken_is_named(
    settings: Settings, small_airflow: SmallAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_spawn", never)
    with pytest.raises(SetupError, match=f"port {small_airflow.port} .*in use") as seen:
        control.up(settings, port=small_airflow.port)
    assert "--port" in seen.value.remedy


@pytest.mark.usefixtures("installed")
def test_a_bad_database_is_told_before_anything_starts(
    settings: Settings, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_spawn", never)
    monkeypatch.setenv("FIRN_AIRFLOW_DATABASE", "geheim")
    with pytest.raises(UsageError, match="FIRN_AIRFLOW_DATABASE") as caught:
        control.up(settings, port=port)
    assert "geheim" not in str(caught.value)


@pytest.mark.usefixtures("installed")
def test_it_is_up_once_every_component_is_healthy(
    settings: Settings, port: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as running:
        seen: list[SmallAirflow] = []
        awaited: list[str] = []

        def spawn() -> Process:
            one = running.enter_context(listening(port))
            one.health |= {"scheduler": "unhealthy", "triggerer": "None"}
            seen.append(one)
            running.enter_context(kept(settings, Record(pid=1, port=port)))
            return start(SLEEP)

        def wait(missing: str) -> None:
            awaited.append(missing)
            name = missing.partition(",")[0]
            seen[0].health[name] = HEALTHY[name]

        keep_with(monkeypatch, spawn)
        found = control.up(settings, port=port, on_wait=wait)
        assert found == (Record(pid=1, port=port), True)
        assert awaited == ["scheduler, triggerer", "triggerer"]
        assert control.running(settings) == found[0]


@pytest.mark.usefixtures("installed")
def test_one_that_runs_is_found(
    settings: Settings, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_spawn", never)
    with kept(settings, mine := Record(pid=os.getpid(), port=1)):
        assert control.up(settings, port=port) == (mine, False)


@pytest.mark.usefixtures("installed")
def test_one_that_dies_at_once_is_told_with_its_log(
    settings: Settings, port: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_with(monkeypatch, lambda: start("raise SystemExit(3)"))
    before = time.monotonic()
    with pytest.raises(SetupError, match=r"metadatabase, .*healthy") as seen:
        control.up(settings, port=port)
    assert time.monotonic() - before < 30, "it waited for the dead"
    assert seen.value.where == str(settings.log_dir / "airflow.log")


@pytest.mark.usefixtures("installed")
def test_one_that_never_gets_healthy_is_ended(
    settings: Settings, port: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = start(SLEEP)
    keep_with(monkeypatch, lambda: made)
    monkeypatch.setattr(control, "_START_SECONDS", 0.3)
    with pytest.raises(SetupError, match="did not become healthy"):
        control.up(settings, port=port)
    assert made.wait(10) == -signal.SIGTERM


@pytest.mark.usefixtures("installed")
def test_who_stops_waiting_leaves_nothing_behind(
    settings: Settings, port: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = start(SLEEP)

    def interrupt(missing: str) -> None:
        raise KeyboardInterrupt

    keep_with(monkeypatch, lambda: made)
    with pytest.raises(KeyboardInterrupt):
        control.up(settings, port=port, on_wait=interrupt)
    assert made.wait(10) == -signal.SIGTERM


def test_what_it_says_is_in_its_log(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$@"; pwd; echo trouble >&2\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    assert control._spawn(settings, 8123).wait(10) == 0
    told = (settings.log_dir / "airflow.log").read_text().splitlines()
    assert told == [
        "-m orchestration.scheduler 8123",
        str(settings.project_dir),
        "trouble",
    ]


def test_where_none_runs_it_says_how_to_start_one(settings: Settings) -> None:
    with pytest.raises(SetupError, match="does not run here") as caught:
        control.running(settings)
    assert "firn airflow up" in caught.value.remedy


def test_where_none_runs_none_is_ended(settings: Settings) -> None:
    assert control.down(settings) is None
    assert not settings.home.exists(), "who ends nothing leaves nothing"
    home(settings).mkdir(parents=True)
    Record(pid=os.getpid(), port=1).write(settings)  # of one that has died
    assert control.down(settings) is None


def test_it_is_gone_once_it_is_ended(settings: Settings, start: Start) -> None:
    home(settings).mkdir(parents=True)
    made = start(keeper(settings, "lambda *_: sys.exit(0)"))
    wait_for(lambda: Record.of(settings) is not None)
    assert control.down(settings) == Record(pid=made.pid, port=1)
    assert Record.of(settings) is None
    assert made.wait(10) == 0


def test_one_that_does_not_end_is_named(
    settings: Settings, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_END_SECONDS", 0.3)
    home(settings).mkdir(parents=True)
    made = start(keeper(settings, "signal.SIG_IGN"))
    wait_for(lambda: Record.of(settings) is not None)
    with pytest.raises(SetupError, match=f"process {made.pid}: .*not end") as caught:
        control.down(settings)
    assert f"kill -9 {made.pid}" in caught.value.remedy


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
