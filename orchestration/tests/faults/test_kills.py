"""kill -9 at every named instant of ingest, build, publish, rollback and the catalog.

A failpoint kills the process, every invariant is checked, the call is repeated, and
the marts are compared with those of a project in which nothing was ever killed.
"""

from contextlib import closing
from typing import NamedTuple

import pytest

from orchestration.tests.faults import invariants
from orchestration.tests.faults.reader import Reader
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import KILLED, World
from orchestration.tests.pages import fault, mutant

AS_IT_WAS = "exit 137; `main` is as it was, a branch is left"
LANDED = "exit 137; raw is on `main`, whole; marts are as they were"
DONE = "exit 137; `main` has all of it"
LOST = "exit 3, the catalog is named; what was published is whole"

# Write transactions of `firn run`: @1 to @3 are the ingest's (fork, publish, drop),
# @4 to @6 the build's.
RUN = [
    ("ingest.turn-taken", "as an ingest begins", 0),
    ("ingest.branch-created", "after an ingest's branch is made", 0),
    ("ingest.staged", "after files are read, before rows are written", 0),
    ("ingest.rows-written", "after raw rows are written", 0),
    ("ingest.rejects-written", "after rejected rows are written", 0),
    ("ingest.rows-written@2", "between two raw tables", 0),
    ("ingest.ledger-written", "after the ledger is written, before the publish", 0),
    ("publish.recorded", "in an ingest's publish, after its record", 0),
    ("publish.compared", "in an ingest's publish, after the comparison", 0),
    ("publish.swapped", "in an ingest's publish, after the swap", 0),
    ("store.begun@2", "in an ingest's publish, as its transaction begins", 0),
    ("store.before-commit@2", "before the commit of an ingest's publish", 0),
    ("store.committed@2", "after the commit of an ingest's publish", 1),
    ("ingest.published", "after an ingest's publish, before its branch goes", 1),
    ("ingest.branch-dropped", "after an ingest, before the build", 1),
    ("build.branch-created", "after a build's branch is made", 1),
    ("build.fresh", "after source freshness", 1),
    ("table.staged", "after a table is staged", 1),
    ("table.before-swap", "after a table is filled, before its swap", 1),
    ("table.committed", "after a table's swap, before its stage goes", 1),
    ("table.swapped", "after a table is built", 1),
    ("build.built", "after dbt has built everything, before the gates", 1),
    ("build.judged", "after the gates, before the publish", 1),
    ("publish.recorded@2", "in a build's publish, after its record", 1),
    ("publish.compared@2", "in a build's publish, after the comparison", 1),
    ("publish.swapped@2", "in a build's publish, after the swap", 1),
    ("store.before-commit@5", "before the commit of a build's publish", 1),
    ("store.committed@5", "after the commit of a build's publish", 2),
    ("build.published", "after a build's publish, before its branch goes", 2),
    ("build.branch-dropped", "after a build's branch is gone", 2),
    ("memory.written-aside", "before last_build.json takes its place", 2),
    ("build.remembered", "after last_build.json is written", 2),
]
SEEN = {0: AS_IT_WAS, 1: LANDED, 2: DONE}
AGAIN = {0: "lands and builds", 1: "lands nothing twice, builds", 2: "nothing to do"}
# What `make test` runs, too: one of each outcome.
QUICK = {"ingest.ledger-written", "publish.swapped@2", "build.published"}


class Kill(NamedTuple):
    """One failpoint, and how many publications of the call are on `main` after it."""

    failpoint: str
    published: int


def _marked(failpoint: str, where: str, published: int) -> object:
    marks = [
        fault(
            "Kills",
            f"kill -9 {where}",
            seen=SEEN[published],
            rerun=AGAIN[published],
        )
    ]
    if failpoint not in QUICK:
        marks.append(pytest.mark.full)
    return pytest.param(Kill(failpoint, published), marks=marks, id=failpoint)


@pytest.mark.slow
@pytest.mark.parametrize("kill", [_marked(*one) for one in RUN])
def test_a_killed_run(kill: Kill, day_one: World, undisturbed: Undisturbed) -> None:
    day_one.drop(2)
    with Reader(day_one) as reader:
        done = day_one.firn("run", failpoint=kill.failpoint)
        assert done.code == KILLED, done
        assert_published(day_one, 2 + kill.published)

        again = day_one.run()
        expected = "unchanged" if kill.published == 2 else "published"
        assert again.data["status"] == expected
        assert_published(day_one, 4)
    assert len(reader.states) <= 2, reader.states  # the day before, and this one
    invariants.converged(day_one, undisturbed)


def assert_published(world: World, count: int) -> None:
    """Assert every invariant, and how many publications there are."""
    invariants.check(world)
    with closing(world.lake()) as lake:
        assert len(lake.log(1000)) == count


ROLLBACK = [
    ("rollback.recorded", "in a rollback, after its record", 0),
    ("rollback.swapped", "in a rollback, after the swap", 0),
    ("store.before-commit", "before the commit of a rollback", 0),
    ("store.committed", "after the commit of a rollback", 1),
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
        assert_published(day_one, 2 + kill.published)

        again = day_one.firn("rollback", "2")
        assert again.code == (2 if kill.published else 0), again
        assert ("already undone" in again.err) == bool(kill.published)
        assert_published(day_one, 3)


PUBLISH = [
    ("publish.swapped", "in a publish by hand, after the swap", 0),
    ("store.committed", "after the commit of a publish by hand", 1),
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
        assert_published(day_one, 2 + kill.published)

        assert day_one.firn("publish", "fix").code == 0
        assert_published(day_one, 3)


def branch_with_two_tables(world: World, name: str) -> None:
    """Fork a branch, and make two tables on it."""
    assert world.firn("branches", "create", name).code == 0
    made = "create schema x; create table x.a as select 1 as i; create table x.b as "
    done = world.firn("sql", f"{made} select 2 as i", "--branch", name, "--write")
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
        assert done.code in (1, 3), done
        assert "fix:" in done.err
        assert_published(day_one, 2 + kill.published)

        day_one.run()
        assert_published(day_one, 4)
    invariants.converged(day_one, undisturbed)


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
            ),
        )
        for failpoint, where in CLEAN
    ],
)
def test_a_killed_clean_up(
    failpoint: str, day_one: World, undisturbed: Undisturbed
) -> None:
    branch_with_two_tables(day_one, "run_20260101_000000_dead")
    how = ("clean", "--older-than", "0")
    done = day_one.firn(*how, failpoint=failpoint)
    assert done.code == KILLED, done
    assert_published(day_one, 2)

    day_one.stop_catalog()
    assert day_one.firn(*how).code == 0
    assert day_one.branches() == []
    assert_published(day_one, 2)
    assert not list((day_one.home / "warehouse/x").rglob("*.parquet"))
    invariants.converged(day_one, undisturbed)


MUTANTS = "orchestration.tests.faults.mutants"


@pytest.mark.slow
@mutant(
    "kill -9 after an ingest's publish, before its branch goes",
    guard="a file whose rows are in the ledger is not landed again",
)
def test_without_the_ledger_rows_land_twice(day_one: World) -> None:
    forgets = f"orchestration.ingestion.run:_ledger={MUTANTS}:empty_ledger"
    day_one.drop(2)
    assert day_one.firn("ingest", failpoint="ingest.published").code == KILLED
    assert day_one.firn("ingest", mutant=forgets).code == 0
    with pytest.raises(AssertionError):
        invariants.check(day_one)


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param(
            "publish.recorded",
            marks=mutant(
                "kill -9 in an ingest's publish, after its record",
                guard="a publish is one transaction of the database",
            ),
        ),
        pytest.param(
            "publish.swapped",
            marks=mutant(
                "kill -9 in an ingest's publish, after the swap",
                guard="a publish is one transaction of the database",
            ),
        ),
    ],
)
def test_without_a_transaction_half_is_published(
    failpoint: str, day_one: World
) -> None:
    at_once = f"orchestration.lake.store:_on_begin={MUTANTS}:nothing"
    day_one.drop(2)
    done = day_one.firn("ingest", failpoint=failpoint, mutant=at_once)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        assert_published(day_one, 2)


@pytest.mark.slow
@mutant(
    "kill -9 in a rollback, after its record",
    guard="a rollback is one transaction of the database",
)
def test_without_a_transaction_half_is_rolled_back(day_one: World) -> None:
    at_once = f"orchestration.lake.store:_on_begin={MUTANTS}:nothing"
    done = day_one.firn("rollback", "2", failpoint="rollback.recorded", mutant=at_once)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check(day_one)


@pytest.mark.full
@mutant(
    "kill -9 after a table is filled, before its swap",
    guard="nothing is published before the last model and the gates",
)
def test_publishing_model_by_model_shows_half_a_build(day_one: World) -> None:
    piecemeal = f"orchestration.build.watch:Watcher.__call__={MUTANTS}:publish_each"
    day_one.drop(2)
    done = day_one.firn("run", failpoint="table.before-swap", mutant=piecemeal)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check(day_one)
