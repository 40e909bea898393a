from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.main import app

PROJECT = Path(__file__).parents[4]
Firn = Callable[..., Result]


@pytest.fixture
def firn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firn:
    """Call the command line on an empty lake: `firn("log", "--format", "json")`."""
    monkeypatch.setenv("FIRN_PROJECT_DIR", str(PROJECT))
    monkeypatch.setenv("FIRN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FIRN_USER", "tester")
    return lambda *args: CliRunner().invoke(app, list(args), prog_name="firn")
