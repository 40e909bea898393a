"""DuckDB, Spark, and both in turns build the same rows: `make parity`."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from demo import drop as demo_drop
from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.parity.arms import (
    ARMS,
    DUCKDB,
    Arm,
    Content,
    difference,
    project_at,
)
from orchestration.tests.parity.page import Found

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.parity]

PROJECT = Path(__file__).parents[3]
DAYS_AFTER_HISTORY = 5


States = dict[str, list[dict[str, Content]]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A lake of a short-lived shop: late, corrected, changed and malformed rows."""
    folder = tmp_path_factory.mktemp("parity")
    project_at(folder / "project", source=PROJECT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_drop, "HISTORY_DAYS", 30)
        patch.setattr(demo_drop, "HISTORY_END", date(2018, 9, 30))
        patch.setattr(demo_drop, "SPARE_DAYS", DAYS_AFTER_HISTORY)
        environment.only(
            patch,
            FIRN_PROJECT_DIR=folder / "project",
            FIRN_HOME=folder / "home",
            FIRN_LANDING=folder / "landing",
            FIRN_USER="tester",
            FIRN_CATALOG_IDLE_SECONDS=2,
        )
        settings = Settings.load()
        yield settings
        process.release(settings)


@pytest.fixture(scope="module")
def states(settings: Settings) -> States:
    """What each arm holds after each day."""
    from orchestration.ingestion.run import ingest  # noqa: PLC0415

    found: States = {arm.name: [] for arm in ARMS}
    landing = settings.home.parent / "landing"
    for day in range(1 + DAYS_AFTER_HISTORY):
        assert demo_drop.drop(landing)
        ingest(settings)
        for arm in ARMS:
            arm.build(settings, day)
            found[arm.name].append(arm.contents(settings))
    return found


def compared(arm: Arm, states: States) -> list[Found]:
    """Each of DuckDB's tables after the last day, beside that of another arm."""
    both = list(zip(states[DUCKDB.name], states[arm.name], strict=True))
    return [
        Found(
            arm=arm.name,
            table=name,
            rows=content.rows,
            digest=content.digest,
            days=len(both),
            equal=sum(one.get(name) == other.get(name) for one, other in both),
        )
        for name, content in states[DUCKDB.name][-1].items()
    ]


@pytest.mark.parametrize("arm", ARMS[1:], ids=lambda arm: arm.name)
def test_every_table_has_the_rows_that_duckdb_makes(
    arm: Arm,
    states: States,
    settings: Settings,
    record_property: Callable[[str, object], None],
) -> None:
    for found in compared(arm, states):
        record_property("parity", list(found))
    for day, (expected, held) in enumerate(
        zip(states[DUCKDB.name], states[arm.name], strict=True)
    ):
        assert len(expected) > 30
        assert held.keys() == expected.keys()
        differing = {name for name in expected if held[name] != expected[name]}
        shown = "".join(
            f"\n{name}\n  {expected[name]}\n  {held[name]}\n"
            f"{difference(settings, name, DUCKDB, arm)}"
            for name in sorted(differing)
        )
        assert not differing, f"day {day}:{shown}"


def test_the_days_brought_something(states: States) -> None:
    first, *_, last = states[DUCKDB.name]
    changed = {name for name in first if first[name] != last[name]}
    assert {"marts.fct_orders", "snapshots.customers_history"} <= changed
