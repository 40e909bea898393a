from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from orchestration.tests import environment
from orchestration.tests.small_airflow import one_airflow, small_airflow

__all__ = ["one_airflow", "small_airflow"]

PROJECT = Path(__file__).parents[4]
Firn = Callable[..., Result]


@pytest.fixture
def firn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firn:
    """Call the command line on an empty lake: `firn("log", "--format", "json")`."""
    environment.only(
        monkeypatch,
        FIRN_PROJECT_DIR=PROJECT,
        FIRN_HOME=tmp_path / "home",
        FIRN_USER="tester",
    )
    return lambda *args: CliRunner().invoke(app, list(args), prog_name="firn")
