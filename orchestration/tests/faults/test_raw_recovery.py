"""Rows that landed and were lost come back from their source: roll back, land again."""

from contextlib import closing

import pytest

from orchestration.lake.reachable import DATA
from orchestration.tests.faults import invariants
from orchestration.tests.faults.small_lake import SmallLake
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import World
from orchestration.tests.pages import fault, mutant

NAME = "a data file of raw rows is missing"
TABLE = "raw.shop__orders"
LEDGER_STAYS = (
    "orchestration.lake.publish:_swap="
    "orchestration.tests.faults.lost:swap_all_but_ledgers"
)


def lost_rows_come_back(world: World, *undone: str, mutant: str | None = None) -> None:
    """Lose the rows of the last day, roll back, and land them again."""
    world.drop(2)
    assert world.firn("ingest").code == 0
    with closing(world.lake()) as lake:
        lost = SmallLake(world.settings, lake).file(TABLE, DATA)
    world.run()
    lost.unlink()
    verified = world.firn("verify", "--format", "json")
    assert verified.code == 1
    assert str(lost) in verified.out
    assert verified.data["fix"][TABLE] == ["firn rollback 3"]
    for publication in undone:
        assert world.firn("rollback", publication, mutant=mutant).code == 0
    assert world.run().data["status"] == "published"
    # What was rolled back is still in the log, and so is what it has lost.
    assert world.firn("clean", "--keep-publications", "2").code == 0
    invariants.check_published(world, 6 + len(undone))
    assert world.firn("verify", "--deep").code == 0


@pytest.mark.full
@pytest.mark.parametrize(
    "undone",
    [
        pytest.param(("3",), id="as verify says"),
        pytest.param(("4", "3"), id="newest first"),
    ],
)
@fault(
    "Damaged files",
    NAME,
    seen="`firn verify` exits 1, names the file and the publication to roll back",
    rerun="after the rollback the file lands again, and the marts are rebuilt from it",
)
def test_lost_rows_land_again(
    undone: tuple[str, ...], day_one: World, undisturbed: Undisturbed
) -> None:
    lost_rows_come_back(day_one, *undone)
    invariants.converged(day_one, undisturbed)


@pytest.mark.full
@mutant(NAME, guard="a rollback takes the ledger back with the rows")
def test_a_ledger_that_stays_keeps_them_away(day_one: World) -> None:
    with pytest.raises(AssertionError):
        lost_rows_come_back(day_one, "3", mutant=LEDGER_STAYS)
