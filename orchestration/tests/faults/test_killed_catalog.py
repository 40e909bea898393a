"""The catalog is killed, under a build or under a query."""

import os
import signal
from collections.abc import Callable

import pytest

from orchestration.tests.faults.connections import (
    COMMIT,
    DROPPED,
    KEEPS_BRANCHES,
    SECTION,
    SWAP,
)
from orchestration.tests.faults.mutants import IN_WORDS, SILENT
from orchestration.tests.faults.proxy import Rule, proxy
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.verdicts import clear, converges
from orchestration.tests.faults.world import World
from orchestration.tests.pages import fault, mutant

KILLED = "catalog killed in the middle of a request"


@mutant(KILLED, guard=DROPPED)
@pytest.mark.full
def test_a_branch_of_a_killed_catalog_would_be_left(day_one: World) -> None:
    day_one.drop(2)
    rule = Rule("POST", SWAP, "gone", before=killing(day_one))
    with proxy(day_one, rule) as between:
        done = day_one.firn("run", env=between.env, mutant=KEEPS_BRANCHES)
    assert done.code == 3, done
    assert day_one.branches() != []


def killing(world: World) -> Callable[[], None]:
    """What kills the world's catalog."""

    def kill() -> None:
        pid = world.catalog_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    return kill


@pytest.mark.full
@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("ingest", "ingest_.*raw/tables$"),
        ("run", f"run_.*{COMMIT}"),
        ("run", "run_.*tables/rename$"),
        ("run", "run_.*views$"),
    ],
)
@fault(
    SECTION,
    KILLED,
    seen="exit 3, with the address and the catalog's log",
    rerun="starts another one, and converges",
)
def test_a_killed_catalog_is_named(
    world: World, undisturbed: Undisturbed, verb: str, path: str
) -> None:
    world.drop(1)
    rule = Rule("POST", path, "gone", before=killing(world))
    with proxy(world, rule) as between:
        done = world.firn(verb, env=between.env)
    assert rule.hits == 1
    clear(done, "the catalog does not answer", "catalog.log")
    assert world.branches() == []
    converges(world, undisturbed)


QUERIED = "catalog killed under `firn sql`"


@mutant(QUERIED, guard=IN_WORDS)
@pytest.mark.full
def test_a_catalog_killed_under_a_query_without_words(day_one: World) -> None:
    with pytest.raises(AssertionError):
        query_while_it_is_killed(day_one, SILENT)


@fault(
    SECTION,
    QUERIED,
    seen="exit 3, with the address and the catalog's log",
    rerun="answers",
)
@pytest.mark.full
def test_a_catalog_killed_under_a_query(day_one: World) -> None:
    query_while_it_is_killed(day_one)
    assert day_one.firn(*ASK).code == 0
    assert day_one.branches() == []


ASK = ("sql", "select count(*) from marts.fct_orders")


def query_while_it_is_killed(world: World, mutant: str | None = None) -> None:
    """Ask, and kill the catalog as it is asked for the table."""
    rule = Rule("GET", "read_.*fct_orders$", "gone", before=killing(world))
    with proxy(world, rule) as between:
        done = world.firn(*ASK, env=between.env, mutant=mutant)
    assert rule.hits == 1
    clear(done, "does not answer", "catalog.log")
