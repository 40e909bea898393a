"""What a publication brings is on the disk, however many commits have made it."""

import pytest

from orchestration.lake import Lake, TableId, durable
from orchestration.lake.catalog import history
from orchestration.lake.process import Endpoint
from orchestration.lake.reachable import Walk
from orchestration.settings import Settings
from orchestration.tests.faults.small_lake import ME, SmallLake

TABLE = "m.t"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The locations that were waited for."""
    seen: set[str] = set()
    original = durable._sync

    def sync(location: str, table: TableId) -> object:
        seen.add(location)
        return original(location, table)

    monkeypatch.setattr(durable, "_sync", sync)
    return seen


def needed(small: SmallLake) -> set[str]:
    walk = Walk()
    location = small.location(TABLE)
    live = [one for one in walk.metadata(location).snapshots if one.live]
    return {location, *(one.location for one in walk.files(live)[0])}


def test_files_whose_snapshot_is_forgotten_are_waited_for_once(
    settings: Settings, lake: Lake, catalog_endpoint: Endpoint, synced: set[str]
) -> None:
    small = SmallLake(settings, lake)
    lake.create_branch("work")
    with small.on("work") as con:
        con.execute("create schema lake.m")
        con.execute(f"create table lake.{TABLE} (a int)")
        for number in range(history.KEEP + 2):
            con.execute(f"insert into lake.{TABLE} select {number}")
        lake.publish("work", ME)
        first = needed(small)
        assert first <= synced
        synced.clear()
        con.execute(f"insert into lake.{TABLE} select -1")
        lake.publish("work", ME)
    assert synced == needed(small) - first
