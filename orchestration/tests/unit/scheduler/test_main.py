"""The process that keeps Airflow, with another program in Airflow's place."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestration.scheduler.record import Record
from orchestration.settings import Settings

Keep = Callable[[str], subprocess.Popen[bytes]]
AIRFLOW = """#!{python}
import json, os, pathlib, signal, sys, time
here = pathlib.Path({here!r})
def end(*_):
    (here / "ended").touch()
    sys.exit(5)
signal.signal(signal.SIGINT, end)
told = {{"argv": sys.argv[1:], "environ": dict(os.environ), "cwd": os.getcwd()}}
(here / "draft").write_text(json.dumps(told))
(here / "draft").rename(here / "told")
{then}
"""
PROGRAM = """
import sys
sys.executable, sys.argv = {python!r}, ["", "8123"]
from orchestration.scheduler.__main__ import main
sys.exit(main())
"""
WAIT = "time.sleep(60); sys.exit(9)"


@pytest.fixture
def keep(settings: Settings, tmp_path: Path) -> Iterator[Keep]:
    """Start the keeper; what stands for Airflow ends as it is told."""
    (settings.home / "airflow").mkdir(parents=True)
    environ = {
        **os.environ,
        "FIRN_PROJECT_DIR": str(settings.project_dir),
        "FIRN_HOME": str(settings.home),
    }
    with ExitStack() as ended:

        def run(then: str) -> subprocess.Popen[bytes]:
            airflow = tmp_path / "airflow"
            text = AIRFLOW.format(python=sys.executable, here=str(tmp_path), then=then)
            airflow.write_text(text)
            airflow.chmod(0o755)
            program = PROGRAM.format(python=str(tmp_path / "python"))
            made = subprocess.Popen([sys.executable, "-c", program], env=environ)
            ended.callback(made.wait)
            ended.callback(made.kill)
            return made

        yield run


def until(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_runs_airflow_with_our_settings_and_ends_as_it_does(
    keep: Keep, settings: Settings, tmp_path: Path
) -> None:
    assert keep("sys.exit(7)").wait(30) == 7
    told = json.loads((tmp_path / "told").read_text())
    assert told["argv"] == ["standalone"]
    assert told["cwd"] == str(settings.project_dir)
    assert told["environ"]["AIRFLOW_HOME"] == str(settings.home / "airflow")
    assert told["environ"]["AIRFLOW__API__PORT"] == "8123"
    assert Record.of(settings) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_it_ends_airflow(
    keep: Keep, settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    made = keep(WAIT)
    until(tmp_path / "told")
    until(settings.home / "airflow/firn.json")
    assert Record.of(settings) == Record(pid=made.pid, port=8123)
    made.send_signal(number)
    assert made.wait(30) == 5
    assert (tmp_path / "ended").exists()
    assert Record.of(settings) is None
