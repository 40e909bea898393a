"""The arrows of docs/architecture.md: ruff holds them, and these tests hold ruff."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
BELOW_ALL = "import sys, orchestration.settings as s; print(*sys.modules)"


@pytest.mark.parametrize(
    ("folder", "line", "reason"),
    [
        ("lake", "from orchestration.build import run", "who builds"),
        ("lake", "from orchestration import cli", "rendering"),
        ("lake", "import dbt.cli.main", "every engine"),
        ("ingestion", "import dbt.cli.main", "without dbt"),
        ("ingestion", "from orchestration.build import run", "wait for models"),
        ("build", "def f():\n    from orchestration.ingestion import run", "the lake"),
        ("cli", "from airflow.sdk import dag", "dags, operators"),
    ],
)
def test_an_upward_import_is_refused_with_its_reason(
    folder: str, line: str, reason: str
) -> None:
    program = str(Path(sys.executable).with_name("ruff"))
    where = f"orchestration/{folder}/new.py"
    done = subprocess.run(
        [program, "check", "--select", "TID251", "--stdin-filename", where, "-"],
        input=line,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 1
    assert reason in done.stdout


def test_settings_are_below_everything() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BELOW_ALL], capture_output=True, text=True, check=True
    )
    ours = {name for name in done.stdout.split() if name.startswith("orchestration")}
    assert ours == {"orchestration", "orchestration.errors", "orchestration.settings"}
