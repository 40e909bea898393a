"""Kills of a run without the guards against them: the checks of the kills fail."""

from collections.abc import Iterable

import pytest

from orchestration.tests.faults import invariants
from orchestration.tests.faults.test_interrupts import SIGNALS, interrupt
from orchestration.tests.faults.test_killed_verbs import (
    CATALOG,
    PUBLISH,
    ROLLBACK,
    branch_with_two_tables,
    clean_up,
)
from orchestration.tests.faults.test_kills import RUN
from orchestration.tests.faults.world import KILLED, World
from orchestration.tests.pages import mutant

MUTANTS = "orchestration.tests.faults.mutants"
AT_ONCE = f"orchestration.lake.store:_on_begin={MUTANTS}:nothing"
FORGETS = f"orchestration.ingestion.run:_ledger={MUTANTS}:empty_ledger"
ALWAYS_NEW = f"orchestration.build.run:unchanged={MUTANTS}:nothing"
STEP_BY_STEP = f"orchestration.ingestion.load:reach={MUTANTS}:publish_and_reach"
PIECEMEAL = f"orchestration.build.watch:Watcher.__call__={MUTANTS}:publish_each"

WHERE = {failpoint: where for failpoint, where, _ in RUN}
IN_THE_END = "nothing is published before the last model and the gates"
ONE_LOAD = "rows, rejected rows and ledger of a load are published at once"
ONE_TRANSACTION = "a publish is one transaction of the database"
LANDED_ONCE = "a file whose rows are in the ledger is not landed again"
MADE_ONCE = "what `main` was built from is compared before a build"


def kills(
    guard: str, failpoints: Iterable[str], *, quick: str = ""
) -> pytest.MarkDecorator:
    """Each failpoint of a run, as the mutant of a kill there; one is in `make test`."""
    return pytest.mark.parametrize(
        "failpoint",
        [
            pytest.param(
                failpoint,
                id=failpoint,
                marks=[
                    mutant(f"kill -9 {WHERE[failpoint]}", guard=guard),
                    *([] if failpoint == quick else [pytest.mark.full]),
                ],
            )
            for failpoint in failpoints
        ],
    )


@pytest.mark.slow
@kills(
    LANDED_ONCE,
    ("publish.committed", "ingest.published", "ingest.branch-dropped"),
    quick="ingest.published",
)
def test_without_the_ledger_rows_land_twice(failpoint: str, day_one: World) -> None:
    day_one.drop(2)
    assert day_one.firn("ingest", failpoint=failpoint).code == KILLED
    assert day_one.firn("ingest", mutant=FORGETS).code == 0
    with pytest.raises(AssertionError):
        invariants.check(day_one)


@pytest.mark.slow
@kills(
    ONE_LOAD,
    (
        "ingest.rows-written",
        "ingest.rejects-written",
        "ingest.rows-written@2",
        "ingest.ledger-written",
    ),
)
def test_publishing_step_by_step_shows_half_a_load(
    failpoint: str, day_one: World
) -> None:
    day_one.drop(2)
    done = day_one.firn("ingest", failpoint=failpoint, mutant=STEP_BY_STEP)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 2)


@pytest.mark.slow
@kills(
    ONE_TRANSACTION,
    ("publish.recorded", "publish.compared", "publish.swapped"),
    quick="publish.recorded",
)
def test_without_a_transaction_half_a_load_is_published(
    failpoint: str, day_one: World
) -> None:
    day_one.drop(2)
    done = day_one.firn("ingest", failpoint=failpoint, mutant=AT_ONCE)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 2)


@pytest.mark.slow
@kills(
    ONE_TRANSACTION, ("publish.recorded@2", "publish.compared@2", "publish.swapped@2")
)
def test_without_a_transaction_half_a_build_is_published(
    failpoint: str, day_one: World
) -> None:
    day_one.drop(2)
    done = day_one.firn("run", failpoint=failpoint, mutant=AT_ONCE)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 3)


@pytest.mark.slow
@kills(
    IN_THE_END,
    (
        "table.staged",
        "table.before-swap",
        "table.committed",
        "table.swapped",
        "build.built",
        "build.judged",
    ),
)
def test_publishing_model_by_model_shows_half_a_build(
    failpoint: str, day_one: World
) -> None:
    day_one.drop(2)
    done = day_one.firn("run", failpoint=failpoint, mutant=PIECEMEAL)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 3)


@pytest.mark.slow
@kills(
    MADE_ONCE,
    (
        "publish.committed@2",
        "build.published",
        "build.branch-dropped",
        "memory.written-aside",
        "build.remembered",
    ),
)
def test_without_a_comparison_it_is_built_again(failpoint: str, day_one: World) -> None:
    day_one.drop(2)
    assert day_one.firn("run", failpoint=failpoint).code == KILLED
    invariants.check_published(day_one, 4)
    day_one.run(mutant=ALWAYS_NEW)
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param(
            failpoint,
            id=failpoint,
            marks=[
                mutant(
                    f"kill -9 {where}",
                    guard="a rollback is one transaction of the database",
                ),
                *([] if failpoint == "rollback.recorded" else [pytest.mark.full]),
            ],
        )
        for failpoint, where, moved in ROLLBACK
        if not moved
    ],
)
def test_without_a_transaction_half_is_rolled_back(
    failpoint: str, day_one: World
) -> None:
    done = day_one.firn("rollback", "2", failpoint=failpoint, mutant=AT_ONCE)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 2)


@pytest.mark.full
@mutant(f"kill -9 {PUBLISH[0][1]}", guard=ONE_TRANSACTION)
def test_without_a_transaction_half_a_branch_is_published(day_one: World) -> None:
    branch_with_two_tables(day_one, "fix")
    swapped, _, _ = PUBLISH[0]
    done = day_one.firn("publish", "fix", failpoint=swapped, mutant=AT_ONCE)
    assert done.code == KILLED, done
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 2)


@pytest.mark.full
@pytest.mark.parametrize(
    ("failpoint", "published", "unguarded"),
    [
        pytest.param(
            failpoint,
            moved,
            PIECEMEAL if moved else STEP_BY_STEP,
            id=failpoint,
            marks=mutant(f"kill -9 {where}", guard=IN_THE_END if moved else ONE_LOAD),
        )
        for failpoint, where, moved in CATALOG
    ],
)
def test_what_is_published_early_is_half_when_the_catalog_dies(
    failpoint: str, published: int, unguarded: str, day_one: World
) -> None:
    day_one.drop(2)
    done = day_one.firn("run", failpoint=failpoint, mutant=unguarded)
    assert done.code == 3, done
    with pytest.raises(AssertionError):
        invariants.check_published(day_one, 2 + published)


IN_A_CLEAN_UP = {
    "store.before-commit": ("before the commit of a clean-up's pointers", "first"),
    "clean.file-deleted": ("in a clean-up, after the first file", "first"),
    "clean.forgotten": ("in a clean-up, after pointers and before files", "forgets"),
}
CARELESS = {
    "first": (
        "pointers are forgotten before any file goes",
        f"orchestration.lake.clean:apply={MUTANTS}:files_first",
    ),
    "forgets": (
        "what no pointer leads to goes, whoever forgot it",
        f"orchestration.lake.clean:_look={MUTANTS}:what_it_forgets",
    ),
}


@pytest.mark.full
@pytest.mark.parametrize(
    ("failpoint", "careless"),
    [
        pytest.param(
            failpoint,
            CARELESS[how][1],
            id=failpoint,
            marks=mutant(f"kill -9 {where}", guard=CARELESS[how][0]),
        )
        for failpoint, (where, how) in IN_A_CLEAN_UP.items()
    ],
)
def test_a_careless_clean_up_leaves_broken_pointers_or_files(
    failpoint: str, careless: str, day_one: World
) -> None:
    with pytest.raises((AssertionError, FileNotFoundError)):
        clean_up(day_one, failpoint, mutant=careless)


DEAF = {
    "TERM": ("SIGTERM ends a verb as Ctrl-C does", "_terminable", "unterminable"),
    "INT": ("Ctrl-C is told from an error", "_is_interrupt", "no"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failpoint", "number", "published"),
    [
        pytest.param(
            failpoint,
            number,
            published,
            id=f"{failpoint}:{number}",
            marks=[
                mutant(f"{said} {where}", guard=DEAF[number][0]),
                pytest.mark.full,
            ],
        )
        for failpoint, number, said, where, published in SIGNALS
    ],
)
def test_an_interrupt_that_nobody_hears_is_told_as_something_else(
    failpoint: str, number: str, published: int, day_one: World
) -> None:
    _, guard, instead = DEAF[number]
    deaf = f"orchestration.cli.errors:{guard}={MUTANTS}:{instead}"
    with pytest.raises(AssertionError):
        interrupt(day_one, f"{failpoint}:{number}", published, mutant=deaf)
