"""Two processes merge into one model of one branch, and meet at the commit.

The second one works while the first one's commit is on its way, between the client and
the catalog, so that they always meet in the same place.
"""

from contextlib import closing
from typing import Any

import pytest

from orchestration.lake.session import connect
from orchestration.tests.faults import invariants, shop
from orchestration.tests.faults.proxy import Rule, proxy
from orchestration.tests.faults.world import Done, World
from orchestration.tests.pages import fault, mutant, promise

NAME = "two `dbt run`s merge into one model of one branch"
MODEL = ("run", "--profiles-dir", "profiles", "--select", "fct_orders")
# The answer to its commit takes as long as the other one's whole build.
PATIENT = {"FIRN_CATALOG_TIMEOUT_SECONDS": "600"}
UNCHECKED = (
    "orchestration.lake.catalog.updates:Commit._check="
    "orchestration.tests.faults.mutants:nothing"
)


def dbt(world: World, *arguments: str, **how: Any) -> Done:
    """Plain `dbt`, to its end."""
    return world.wait(world.start(*arguments, program="dbt", **how))


def overtaken(world: World, *, mutant: str | None = None) -> Done:
    """A merge of one day, whose commit is overtaken by a merge of two."""
    world.drop(2)
    assert world.firn("ingest").code == 0

    ended: list[Done] = []

    def overtake() -> None:
        world._odd_catalog = False  # what runs is this test's own
        world.drop(3)
        assert world.firn("ingest", mutant=mutant).code == 0
        ended.append(dbt(world, *MODEL, mutant=mutant))

    rule = Rule("POST", "dev_tester.*transactions/commit$", "pass", before=overtake)
    with proxy(world, rule, mutant=mutant or "") as between:
        slow = dbt(world, *MODEL, env=between.env | PATIENT)
    [fast] = ended
    assert fast.code == 0, fast
    return slow


def holds_every_order_once(world: World) -> None:
    """The branch has the orders of all three days, corrected ones as they are last."""
    with closing(connect(world.settings, "dev_tester")) as con:
        query = "select order_id::varchar, amount::varchar from lake.marts.fct_orders"
        found = con.execute(query).fetchall()
    expected = {
        row[0]: row[3]
        for day in world.days
        for sheet in shop.sheets(day)
        if sheet.table == "orders"
        for row in sheet.good
    }
    assert sorted(found) == sorted(expected.items())


@pytest.mark.full
@fault(
    "Concurrency",
    NAME,
    seen="one lands; the other's model fails: the branch has changed (409)",
    rerun="merges what is new",
)
@promise("plain dbt, on your own branch")
def test_of_two_merges_one_lands(day_one: World) -> None:
    late = overtaken(day_one)
    is_a_conflict(late)
    holds_every_order_once(day_one)
    assert dbt(day_one, *MODEL).code == 0
    holds_every_order_once(day_one)
    invariants.check_published(day_one, 4)
    day_one.run()
    invariants.check_published(day_one, 5)


def is_a_conflict(late: Done) -> None:
    """The one that came late is told that it did."""
    assert late.code == 1, late
    assert "branch main has changed" in late.out, late


@pytest.mark.full
@mutant(NAME, guard="a commit's requirements are checked")
def test_an_unchecked_merge_is_told_something_else(day_one: World) -> None:
    late = overtaken(day_one, mutant=UNCHECKED)
    with pytest.raises(AssertionError):
        is_a_conflict(late)
    holds_every_order_once(day_one)  # pyiceberg takes no snapshot with an old number
