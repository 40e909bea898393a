"""kill -9 at every named instant of rollback, publish, clean-up and the catalog."""

import pytest

from orchestration.tests.faults import invariants
from orchestration.tests.faults.reader import Reader
from orchestration.tests.faults.test_kills import AGAIN, AS_IT_WAS, DONE, Kill
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import KILLED, World
from orchestration.tests.pages import fault

LOST = "exit 3, the catalog is named; what was published is whole"
# After a commit the next call meets what any call meets after another.
IN_ANY_ORDER = "as without a kill: see *commits, publications, … in any order*"

ROLLBACK = [
    ("rollback.recorded", "in a rollback, after its record", 0),
    ("rollback.swapped", "in a rollback, after the swap", 0),
    ("store.before-commit", "before the commit of a rollback", 0),
    ("rollback.committed", "after the commit of a rollback", 1),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "kill",
    [
        pytest.param(
            Kill(failpoint, moved),
            id=failpoint,
            marks=[
                fault(
                    "Kills",
                    f"kill -9 {where}",
                    seen=DONE if moved else AS_IT_WAS.replace(", a branch is left", ""),
                    rerun="says that it is undone already" if moved else "rolls back",
                    unguarded=IN_ANY_ORDER if moved else "",
                ),
                *([pytest.mark.full] if failpoint != "rollback.swapped" else []),
            ],
        )
        for failpoint, where, moved in ROLLBACK
    ],
)
def test_a_killed_rollback(kill: Kill, day_one: World) -> None:
    with Reader(day_one):
        done = day_one.firn("rollback", "2", failpoint=kill.failpoint)
        assert done.code == KILLED, done
        invariants.check_published(day_one, 2 + kill.published)

        again = day_one.firn("rollback", "2")
        assert again.code == (2 if kill.published else 0), again
        assert ("already undone" in again.err) == bool(kill.published)
        invariants.check_published(day_one, 3)


PUBLISH = [
    ("publish.swapped", "in a publish by hand, after the swap", 0),
    ("publish.committed", "after the commit of a publish by hand", 1),
]


@pytest.mark.full
@pytest.mark.parametrize(
    "kill",
    [
        pytest.param(
            Kill(failpoint, moved),
            id=failpoint,
            marks=fault(
                "Kills",
                f"kill -9 {where}",
                seen=DONE if moved else AS_IT_WAS.replace("a branch is left", "whole"),
                rerun="says that nothing differs" if moved else "publishes",
                unguarded=IN_ANY_ORDER if moved else "",
            ),
        )
        for failpoint, where, moved in PUBLISH
    ],
)
def test_a_killed_publish(kill: Kill, day_one: World) -> None:
    branch_with_two_tables(day_one, "fix")
    with Reader(day_one):
        done = day_one.firn("publish", "fix", failpoint=kill.failpoint)
        assert done.code == KILLED, done
        invariants.check_published(day_one, 2 + kill.published)

        assert day_one.firn("publish", "fix").code == 0
        invariants.check_published(day_one, 3)


def branch_with_two_tables(world: World, name: str) -> None:
    """Fork a branch, and make two tables on it."""
    assert world.firn("branches", "create", name).code == 0
    made = "create schema lake.x; create table lake.x.a as select 1 as i; "
    made += "create table lake.x.b as select 2 as i"
    done = world.firn("sql", made, "--branch", name, "--write")
    assert done.code == 0, done


CATALOG = [
    ("catalog.metadata-written@2", "of the catalog before a commit of raw rows", 0),
    ("catalog.committed@2", "of the catalog after a commit of raw rows", 0),
    ("catalog.metadata-written@8", "of the catalog before a commit of a model", 1),
    ("catalog.committed@8", "of the catalog after a commit of a model", 1),
]


@pytest.mark.full
@pytest.mark.parametrize(
    "kill",
    [
        pytest.param(
            Kill(failpoint, moved),
            id=failpoint,
            marks=fault("Kills", f"kill -9 {where}", seen=LOST, rerun=AGAIN[moved]),
        )
        for failpoint, where, moved in CATALOG
    ],
)
def test_a_killed_catalog(kill: Kill, day_one: World, undisturbed: Undisturbed) -> None:
    day_one.drop(2)
    with Reader(day_one):
        done = day_one.firn("run", failpoint=kill.failpoint)
        assert done.code == 3, done
        assert "the catalog does not answer" in done.err
        assert day_one.branches() == [], "DuckDB may have deleted what it wrote"
        invariants.check_published(day_one, 2 + kill.published)

        day_one.run()
        invariants.check_published(day_one, 4)
    invariants.converged(day_one, undisturbed)


NOTHING_YET = "nothing was changed yet"
CLEAN = [
    ("clean.planned", "in a clean-up, after its plan"),
    ("store.before-commit", "before the commit of a clean-up's pointers"),
    ("clean.forgotten", "in a clean-up, after pointers and before files"),
    ("clean.file-deleted", "in a clean-up, after the first file"),
]


@pytest.mark.full
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param(
            failpoint,
            id=failpoint,
            marks=fault(
                "Kills",
                f"kill -9 {where}",
                seen="exit 137; nothing that anybody can reach is gone",
                rerun="removes the rest",
                unguarded=NOTHING_YET if failpoint == "clean.planned" else "",
            ),
        )
        for failpoint, where in CLEAN
    ],
)
def test_a_killed_clean_up(
    failpoint: str, day_one: World, undisturbed: Undisturbed
) -> None:
    clean_up(day_one, failpoint)
    invariants.converged(day_one, undisturbed)


def clean_up(world: World, failpoint: str, *, mutant: str | None = None) -> None:
    """Kill a clean-up of a dead run's branch, and see the next one through."""
    branch_with_two_tables(world, "run_20260101_000000_dead")
    how = ("clean", "--older-than", "0")
    done = world.firn(*how, failpoint=failpoint, mutant=mutant)
    assert done.code == KILLED, done
    invariants.check_published(world, 2)

    world.stop_catalog()
    assert world.firn(*how, mutant=mutant).code == 0
    assert world.branches() == []
    invariants.check_published(world, 2)
    assert not list((world.home / "warehouse/x").rglob("*.parquet"))
