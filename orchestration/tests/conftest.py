"""What every test may ask for: a lake of its own in a temporary folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.lake import Lake, process
from orchestration.lake.process import Endpoint
from orchestration.settings import Settings
from orchestration.tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """The project's settings with local state of this test's own.

    Parametrized with "postgres", its database is there (`on_both_databases`).
    """
    home = tmp_path / "home"
    loaded = Settings.load({"FIRN_PROJECT_DIR": str(PROJECT), "FIRN_HOME": str(home)})
    if getattr(request, "param", "sqlite") == "postgres":
        loaded = replace(loaded, database_url=request.getfixturevalue("postgres"))
    return replace(loaded, user="tester", branch="dev_tester")


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    """An empty lake: `main` and nothing on it."""
    opened = Lake.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def catalog_endpoint(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Endpoint]:
    """The lake's catalog, running; it leaves soon after the test."""
    monkeypatch.setenv("FIRN_CATALOG_IDLE_SECONDS", "0.5")
    yield process.ensure_catalog(settings)
    process.release(settings)
