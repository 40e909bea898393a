"""A lake with a table, a file outside of it, and a project that builds on it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.lake import Lake, Provenance, process
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.integration.runs.conftest import (
    firn,
    lake,
    land,
    project,
)

__all__ = ["firn", "lake", "land", "project"]

REPOSITORY = Path(__file__).parents[3]


class Held:
    """A lake on which `staging.t` holds the number 1, and a file that is no part of it.

    Attributes:
        outside: A CSV file with one column and the number 7.
    """

    def __init__(self, folder: Path) -> None:
        (folder / "dbt_project.yml").touch()
        self.settings = Settings.load({"FIRN_PROJECT_DIR": str(folder)})
        self.outside = folder / "outside.csv"
        self.outside.write_text("a\n7\n")
        self.folder = folder
        with closing(Lake.open(self.settings)) as opened:
            opened.create_branch("made")
            with closing(connect(self.settings, "made")) as con:
                con.execute("create schema lake.staging")
                con.execute("create table lake.staging.t as select 1 as a")
            opened.publish("made", Provenance(who="tester"))

    def data_file(self) -> Path:
        """The one Parquet file of the table."""
        [found] = self.settings.warehouse.rglob("*.parquet")
        return found


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """One lake for all tests of a module: none of them changes it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("held")
        environment.only(patch, FIRN_PROJECT_DIR=folder, FIRN_CATALOG_IDLE_SECONDS=1)
        patch.chdir(folder)
        made = Held(folder)
        yield made
        process.release(made.settings)
