"""Clean-up deletes nothing in a warehouse that may not be this lake's."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.errors import SetupError
from orchestration.lake import Lake, clean, ownership
from orchestration.lake.store import tables
from orchestration.settings import MAIN, Settings
from orchestration.tests.pages import fault, mutant

NAME = "clean-up of a copied or moved lake"


def copied(lake: Lake, settings: Settings) -> None:
    """A lake whose one table lies where it was copied from."""
    ownership.claim(lake.store, settings)
    row = {
        "catalog_name": MAIN,
        "table_namespace": "raw",
        "table_name": "shop__orders",
        "metadata_location": "file:///elsewhere/raw/t-00000000/metadata/0.metadata.json",
        "iceberg_type": "TABLE",
    }
    with lake.store.write() as connection:
        connection.execute(tables.insert().values(row))
    data = settings.warehouse / "raw/shop__orders-00000000/data/0.parquet"
    data.parent.mkdir(parents=True)
    data.write_bytes(b"rows")


@fault(
    "Growing state",
    NAME,
    seen="`firn clean` exits 3, names a table that lies elsewhere, deletes nothing",
    rerun="the same, until the folder is where it was",
)
def test_the_files_of_a_copied_lake_stay(lake: Lake, settings: Settings) -> None:
    copied(lake, settings)
    with pytest.raises(SetupError, match="lie elsewhere"):
        clean.plan(lake, settings)


@mutant(NAME, guard="tables outside the warehouse stop it")
def test_without_the_look_they_would_go(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_require_inside", lambda *_: None)
    copied(lake, settings)
    with pytest.raises(AssertionError):
        assert not clean.plan(lake, settings).files


def test_a_copy_of_the_database_does_not_own_what_the_lake_makes_from_then_on(
    lake: Lake, settings: Settings, tmp_path: Path
) -> None:
    ownership.claim(lake.store, settings)
    data = settings.warehouse / "raw/shop__orders-00000000/data/0.parquet"
    data.parent.mkdir(parents=True)
    data.write_bytes(b"rows")
    shutil.copytree(settings.home, tmp_path / "copy")
    database = f"sqlite:///{tmp_path / 'copy/catalog.db'}"
    other = replace(settings, home=tmp_path / "copy", database_url=database)
    copy = Lake.open(other)
    with pytest.raises(SetupError, match="another lake"):
        clean.plan(copy, other)
    copy.close()
    assert clean.plan(lake, settings).files  # nothing points to it here
