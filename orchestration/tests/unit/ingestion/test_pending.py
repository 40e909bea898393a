"""Which files wait, against a lake that real ingests have filled."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.errors import UsageError
from orchestration.ingestion.pending import pending
from orchestration.ingestion.run import ingest
from orchestration.ingestion.specs import load_source
from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.tests import environment

SPEC = """
name: {name}
path: landing/{name}
settle_seconds: 60
tables:
  - {{name: orders, files: "orders*.csv", columns: [{{name: id, type: bigint}}]}}
  - {{name: others, files: "o*.csv", columns: [{{name: id, type: bigint}}]}}
"""


class Shop:
    """One source of a project; each test has one of its own."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings, self.name = settings, name
        self.spec = settings.sources_dir / f"{name}.yml"
        self.spec.write_text(SPEC.format(name=name))
        self.folder = settings.project_dir / "landing" / name
        self.folder.mkdir(parents=True)

    def drop(self, name: str, text: str, *, age: float = 3600) -> Path:
        path = self.folder / name
        path.write_text(text)
        moment = time.time() - age
        os.utime(path, (moment, moment))
        return path

    def land(self) -> None:
        ingest(self.settings, [self.name])

    def waiting(self) -> list[str]:
        found = pending(self.settings, load_source(self.spec))
        return [file.path.name for file in found]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "dbt_project.yml").touch()
    with pytest.MonkeyPatch.context() as patch:
        environment.only(patch, FIRN_CATALOG_IDLE_SECONDS=5)
        made = Settings.load({"FIRN_PROJECT_DIR": str(folder)})
        made.sources_dir.mkdir(parents=True)
        yield made
        process.release(made)


@pytest.fixture
def shop(project: Settings) -> Shop:
    return Shop(project, f"shop{len(list(project.sources_dir.iterdir()))}")


def test_without_a_lake_every_file_waits(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").touch()
    own = Settings.load({"FIRN_PROJECT_DIR": str(tmp_path)})
    own.sources_dir.mkdir(parents=True)
    shop = Shop(own, "shop")
    assert shop.waiting() == []
    shop.drop("other.csv", "id\n1\n")
    assert shop.waiting() == ["other.csv"]


def test_a_file_waits_for_each_table_that_reads_it(shop: Shop) -> None:
    shop.drop("orders.csv", "id\n1\n")
    assert shop.waiting() == ["orders.csv", "orders.csv"]
    shop.land()
    assert shop.waiting() == []


def test_what_has_landed_waits_no_longer_and_what_is_new_does(shop: Shop) -> None:
    shop.drop("other1.csv", "id\n1\n")
    shop.land()
    shop.drop("other2.csv", "id\n2\n")
    assert shop.waiting() == ["other2.csv"]
    shop.land()
    assert shop.waiting() == []


@pytest.mark.parametrize("text", ["id\n3\n", "id\n1\n2\n"])
def test_a_file_that_was_written_anew_waits_again(shop: Shop, text: str) -> None:
    shop.drop("other.csv", "id\n1\n")
    shop.land()
    shop.drop("other.csv", text, age=1800)
    assert shop.waiting() == ["other.csv"]
    shop.land()
    assert shop.waiting() == []


def test_a_copy_under_another_name_waits(shop: Shop) -> None:
    """Only an ingest reads contents; it finds that there is nothing to land."""
    shop.drop("other.csv", "id\n1\n")
    shop.land()
    shop.drop("other_copy.csv", "id\n1\n")
    assert shop.waiting() == ["other_copy.csv"]


def test_a_file_that_may_still_be_written_does_not_wait(shop: Shop) -> None:
    path = shop.drop("other.csv", "id\n1\n", age=5)
    assert shop.waiting() == []
    os.utime(path, (time.time() - 61,) * 2)
    assert shop.waiting() == ["other.csv"]


def test_one_that_is_taken_away_waits_no_longer(shop: Shop) -> None:
    shop.drop("other.csv", "id\n1\n").unlink()
    shop.drop(".hidden.csv", "id\n1\n")
    assert shop.waiting() == []


def test_another_source_s_landing_is_not_this_one_s(
    shop: Shop, project: Settings
) -> None:
    shop.drop("other.csv", "id\n1\n")
    shop.land()
    twin = Shop(project, f"{shop.name}_twin")
    twin.drop("other.csv", "id\n1\n")
    assert twin.waiting() == ["other.csv"]
    assert shop.waiting() == []


def test_a_folder_that_is_missing_is_named(shop: Shop) -> None:
    shop.folder.rmdir()
    with pytest.raises(UsageError, match=f"landing/{shop.name} does not exist"):
        shop.waiting()
