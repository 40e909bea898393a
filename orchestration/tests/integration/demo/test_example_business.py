"""The project's own models, on a lake of a short-lived shop: gates and all.

Three folders are landed and built day by day on one lake, and all at once on another.
Late, early, corrected and moved rows must leave no difference in any mart.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo import drop as demo_drop
from orchestration.cli.main import app
from orchestration.lake import process
from orchestration.lake.session import connect
from orchestration.settings import MAIN, Settings
from orchestration.tests import environment
from orchestration.tests.pages import promise

PROJECT = Path(__file__).parents[4]
DAYS_AFTER_HISTORY = 2
# A snapshot sees a customer's earlier names only on the lake that was built each day.
OF_THAT_LAKE = {"customer_key", "_loaded_at"}
HISTORIES = {"dim_customers"}

Rows = Counter[tuple[object, ...]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, whose shop has one month of history."""
    folder = tmp_path / "project"
    for name in ("macros", "models", "profiles", "seeds", "snapshots", "tests"):
        shutil.copytree(PROJECT / name, folder / name)
    for name in ("dbt_project.yml", "selectors.yml"):
        shutil.copy(PROJECT / name, folder / name)
    spec = "orchestration/ingestion/sources/ecom.yml"
    (folder / spec).parent.mkdir(parents=True)
    # One malformed row is a larger share of a small shop's day.
    text = (PROJECT / spec).read_text().replace("share: 0.02", "share: 0.2")
    (folder / spec).write_text(text)
    monkeypatch.setattr(demo_drop, "HISTORY_DAYS", 30)
    monkeypatch.setattr(demo_drop, "HISTORY_END", date(2018, 9, 30))
    monkeypatch.setattr(demo_drop, "SPARE_DAYS", DAYS_AFTER_HISTORY)
    environment.only(
        monkeypatch,
        FIRN_PROJECT_DIR=folder,
        FIRN_LANDING=tmp_path / "landing",
        FIRN_USER="tester",
        FIRN_CATALOG_IDLE_SECONDS=2,
    )
    return folder


@pytest.fixture
def lakes(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Settings, Settings]]:
    """One lake built after every drop, and one built once after the last."""
    monkeypatch.setenv("FIRN_HOME", str(tmp_path / "daily"))
    daily = Settings.load()
    for _ in range(1 + DAYS_AFTER_HISTORY):
        assert demo_drop.drop(tmp_path / "landing")
        firn_run()
    process.release(daily)
    monkeypatch.setenv("FIRN_HOME", str(tmp_path / "at_once"))
    at_once = Settings.load()
    firn_run()
    yield daily, at_once
    process.release(at_once)


def firn_run() -> None:
    result = CliRunner().invoke(app, ["run"])
    assert result.exit_code == 0, result.output


@pytest.mark.slow
@promise("drops one more day, with late and corrected rows")
@promise("takes the incremental path")
def test_marts_built_day_by_day_are_those_built_at_once(
    lakes: tuple[Settings, Settings],
) -> None:
    daily, at_once = (marts(settings) for settings in lakes)
    assert daily.keys() == at_once.keys()
    assert len(daily) > 10
    for name in daily.keys() - HISTORIES:
        assert daily[name] == at_once[name], name
    earlier_names = daily["dim_customers"].total() - at_once["dim_customers"].total()
    assert earlier_names > 0


def marts(settings: Settings) -> dict[str, Rows]:
    """Every mart's rows on main, without what only one of the lakes can know."""
    with closing(connect(settings, MAIN, read_only=True)) as con:
        names = con.sql(
            "select name from (show all tables) where schema = 'marts'"
        ).fetchall()
        found = {}
        for (name,) in names:
            columns = [
                row[0]
                for row in con.sql(f"describe marts.{name}").fetchall()
                if row[0] not in OF_THAT_LAKE
            ]
            rows = con.sql(f"select {', '.join(columns)} from marts.{name}").fetchall()
            found[name] = Counter(rows)
    return found
