"""The process that keeps Airflow, with another program in Airflow's place."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from orchestration.scheduler.__main__ import COMPONENTS
from orchestration.scheduler.record import Record
from orchestration.settings import Settings

Keep = Callable[..., subprocess.Popen[bytes]]
AIRFLOW = """#!{python}
import json, os, pathlib, signal, sys, time
module, *arguments = sys.argv[2:]
assert module == "orchestration.scheduler.component"
if arguments == ["db", "migrate"]:
    sys.exit({migrate})
[name] = arguments
here = pathlib.Path({here!r})
def end(*_):
    (here / f"{{name}}.ended").touch()
    sys.exit(5)
signal.signal(signal.SIGTERM, end)
told = {{"pid": os.getpid(), "environ": dict(os.environ), "cwd": os.getcwd()}}
(here / f"{{name}}.draft").write_text(json.dumps(told))
(here / f"{{name}}.draft").rename(here / f"{{name}}.told")
if name == "triggerer":
    {triggerer}
time.sleep(60)
"""
# A process that ignores what ends its parent.
WORKER = """
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (here / "worker.told").write_text(json.dumps({"pid": os.getpid()}))
"""
PROGRAM = """
import sys
sys.executable, sys.argv = {python!r}, ["", "8123"]
from orchestration.scheduler import __main__
__main__._POLL = 0.05
sys.exit(__main__.main())
"""


@pytest.fixture
def keep(settings: Settings, tmp_path: Path) -> Iterator[Keep]:
    """Start the keeper; what stands for Airflow does as it is told."""
    (settings.home / "airflow").mkdir(parents=True)
    (settings.home / "airflow/airflow.db").touch()  # no Postgres here
    environ = {
        **os.environ,
        "FIRN_PROJECT_DIR": str(settings.project_dir),
        "FIRN_HOME": str(settings.home),
    }
    with ExitStack() as ended:

        def run(*, migrate: int = 0, triggerer: str = "") -> subprocess.Popen[bytes]:
            airflow = tmp_path / "python"
            text = AIRFLOW.format(
                python=sys.executable,
                here=str(tmp_path),
                migrate=migrate,
                triggerer=triggerer or "pass",
            )
            airflow.write_text(text)
            airflow.chmod(0o755)
            program = PROGRAM.format(python=str(tmp_path / "python"))
            made = subprocess.Popen([sys.executable, "-c", program], env=environ)
            ended.callback(made.wait)
            ended.callback(made.terminate)
            return made

        yield run


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def told(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.told"
    until(path.is_file)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def runs(pid: int) -> bool:
    with suppress(OSError):
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


def test_it_runs_all_components_with_our_settings(
    keep: Keep, settings: Settings, tmp_path: Path
) -> None:
    keep()
    for name in COMPONENTS:
        one = told(tmp_path, name)
        assert one["cwd"] == str(settings.project_dir)
        assert one["environ"]["AIRFLOW_HOME"] == str(settings.home / "airflow")
        assert one["environ"]["AIRFLOW__API__PORT"] == "8123"


def test_without_a_database_it_ends(keep: Keep, settings: Settings) -> None:
    assert keep(migrate=7).wait(30) == 7
    assert Record.of(settings) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_it_ends_airflow(
    keep: Keep, settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    made = keep()
    for name in COMPONENTS:
        told(tmp_path, name)
    found = Record.of(settings)
    assert found is not None
    assert (found.pid, found.port) == (made.pid, 8123)
    assert "first started" in found.why_sqlite
    made.send_signal(number)
    assert made.wait(30) == 0
    assert all((tmp_path / f"{name}.ended").exists() for name in COMPONENTS)
    assert Record.of(settings) is None


def test_a_component_that_dies_is_started_again(keep: Keep, tmp_path: Path) -> None:
    """What it has started ends with it, as a scheduler's workers have to."""
    made = keep(triggerer=WORKER)
    first, worker = told(tmp_path, "triggerer")["pid"], told(tmp_path, "worker")["pid"]
    os.kill(first, signal.SIGKILL)
    until(lambda: bool(told(tmp_path, "triggerer")["pid"] != first))
    until(lambda: not runs(worker))
    assert made.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel has to tell")
def test_components_end_when_their_keeper_is_killed(keep: Keep, tmp_path: Path) -> None:
    made = keep()
    pids = [told(tmp_path, name)["pid"] for name in COMPONENTS]
    made.kill()
    until(lambda: not any(map(runs, pids)))


def test_one_that_ends_again_and_again_ends_all(keep: Keep, tmp_path: Path) -> None:
    assert keep(triggerer="sys.exit(3)").wait(30) == 1
    assert (tmp_path / "scheduler.ended").exists()
