import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.benchmarks.processes import Seen, by_component, parsed, run, tree

BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])\n"


def test_a_process_belongs_to_the_nearest_component_above_it() -> None:
    seen = [
        Seen(1, 0, "python -m orchestration.scheduler 8080", 0.5),
        Seen(2, 1, "python airflow scheduler", 1.0),
        Seen(3, 2, "airflow worker -- LocalExecutor: <idle>", 2.0),
        Seen(4, 3, "dbt", 4.0),
        Seen(5, 1, "airflow api_server -- host:127.0.0.1 port:8080", 8.0),
        Seen(6, 1, "python -m orchestration.scheduler.component triggerer", 16.0),
    ]
    assert by_component(seen) == {
        "scheduler": 7.0,
        "triggerer": 16.0,
        "dag-processor": 0.0,
        "api-server": 8.0,
        "other": 0.5,
    }


def test_the_seconds_of_a_command_are_also_those_of_its_ended_children(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", PARENT]
    assert run(command, cwd=tmp_path, environ=os.environ) >= 0.3


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run([sys.executable, "-c", "raise SystemExit(3)"], cwd=tmp_path, environ={})


def test_a_child_that_has_ended_counts_with_its_parent() -> None:
    def seconds() -> float:
        return sum(one.seconds for one in tree(os.getpid()))

    before = seconds()
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert seconds() - before >= 0.25


def test_a_program_may_be_called_anything() -> None:
    hertz = os.sysconf("SC_CLK_TCK")
    ticks = " ".join(str(part * hertz) for part in (1, 2, 3, 4))
    stat = f"7 (a) (b c) S 5 7 7 0 -1 4194560 1 2 3 4 {ticks} 20 0 1 0"
    assert parsed(stat, "airflow") == Seen(7, 5, "airflow", 10.0)
