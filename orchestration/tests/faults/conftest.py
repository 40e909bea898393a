"""A world for each test, and what a run without any fault comes to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.tests.faults.catalog_machine import Machine, until
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import World, copy, template


@pytest.fixture(scope="session")
def project_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that every world is a copy of."""
    return template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def undisturbed(
    project_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Undisturbed]:
    """What the days come to without any fault."""
    made = Undisturbed(project_template, tmp_path_factory.mktemp("undisturbed"))
    yield made
    made.close()


@pytest.fixture
def world(project_template: Path, tmp_path: Path) -> Iterator[World]:
    """A project with a lake of its own, and no files yet."""
    made = copy(project_template, tmp_path / "project")
    yield made
    made.close()


@pytest.fixture
def day_one(undisturbed: Undisturbed) -> Iterator[World]:
    """A project whose first day was run: publications 1 (raw) and 2 (marts)."""
    lent = undisturbed.first_day()
    yield lent
    lent.close()


@pytest.fixture
def machine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("FIRN_CATALOG_IDLE_SECONDS", "0.5")
    made = Machine(settings)
    yield made
    made.end()
    process.release(settings)
    if settings.home.exists():
        until(lambda: not process.is_running(settings))
