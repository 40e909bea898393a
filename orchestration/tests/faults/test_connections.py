"""The catalog's answers are lost, late, or errors."""

import time
from contextlib import closing

import pytest

from orchestration.tests.faults import invariants
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

LOST = "answer to a commit lost once"
NO_REPEATS = (
    "orchestration.lake.catalog.updates:Commit.is_in="
    "orchestration.tests.faults.mutants:no"
)
LOSING = (
    "orchestration.lake.lake:Lake.publish="
    "orchestration.tests.faults.lost:publish_without_an_answer"
)
FORGETFUL = (
    "orchestration.ingestion.run:_ledger="
    "orchestration.tests.faults.mutants:empty_ledger"
)
NO_SECURING = (
    "orchestration.lake.durable:secure=orchestration.tests.faults.mutants:nothing;"
    "orchestration.lake.sums:seal=orchestration.tests.faults.mutants:nothing"
)


@fault(
    SECTION,
    LOST,
    seen="nothing: DuckDB asks again, and the catalog knows the commit",
    rerun="finds nothing new",
)
def test_a_commit_that_is_sent_again_is_answered_as_it_was(
    world: World, undisturbed: Undisturbed
) -> None:
    world.drop(1)
    rules = [
        Rule("POST", f"ingest_.*{COMMIT}", "cut"),
        Rule("POST", f"run_.*{COMMIT}", "cut"),
    ]
    with proxy(world, *rules) as between:
        done = world.run(env=between.env)
    assert [rule.hits for rule in rules] == [1, 1]
    assert done.data["status"] == "published"
    invariants.check(world)
    invariants.converged(world, undisturbed)


@mutant(LOST, guard="the catalog recognizes a commit that it has")
def test_an_unknown_repetition_fails_the_run(world: World) -> None:
    world.drop(1)
    rule = Rule("POST", f"ingest_.*{COMMIT}", "cut")
    with proxy(world, rule, mutant=NO_REPEATS) as between:
        done = world.firn("run", env=between.env)
    assert done.code != 0
    assert ("POST", 409) in {(method, status) for method, _, status in between.statuses}


NO_ANSWERS = "every answer to an ingest's commit lost"


@mutant(NO_ANSWERS, guard=IN_WORDS)
@pytest.mark.full
def test_an_ingest_without_answers_or_words(world: World) -> None:
    world.drop(1)
    with proxy(world, Rule("POST", COMMIT, "cut", times=99)) as between:
        done = world.firn("ingest", env=between.env, mutant=SILENT)
    with pytest.raises(AssertionError):
        clear(done, "the catalog does not answer")


@fault(
    SECTION,
    NO_ANSWERS,
    seen="exit 3: the catalog does not answer, and where its log is",
    rerun="lands the files once",
)
@pytest.mark.full
def test_an_ingest_without_answers_lands_later(
    world: World, undisturbed: Undisturbed
) -> None:
    world.drop(1)
    with proxy(world, Rule("POST", COMMIT, "cut", times=99)) as between:
        done = world.firn("ingest", env=between.env)
    clear(done, "the catalog does not answer", between.uri, "catalog.log")
    assert world.branches() == []
    converges(world, undisturbed)


NO_SWAP = "answer to the swap of a table lost"


@mutant(NO_SWAP, guard=DROPPED)
@pytest.mark.full
def test_a_branch_without_an_answer_would_be_left(day_one: World) -> None:
    day_one.drop(2)
    with proxy(day_one, Rule("POST", SWAP, "cut")) as between:
        done = day_one.firn("run", env=between.env, mutant=KEEPS_BRANCHES)
    clear(done, "the catalog does not answer")
    assert day_one.branches() != []


@fault(
    SECTION,
    NO_SWAP,
    seen="exit 3, and no branch is left",
    rerun="builds it all",
)
@pytest.mark.full
def test_a_swap_without_an_answer_is_built_again(
    world: World, undisturbed: Undisturbed
) -> None:
    for day in (1, 2):
        world.drop(day)
        if day == 1:
            world.run()
    with proxy(world, Rule("POST", SWAP, "cut")) as between:
        done = world.firn("run", "--format", "json", env=between.env)
    clear(done, "the catalog does not answer")
    assert world.branches() == []
    converges(world, undisturbed)


@fault(
    SECTION,
    "every answer to a build's commit lost, and its files deleted by DuckDB",
    seen="exit 3; such a branch cannot be published by hand either",
    rerun="builds it all",
)
def test_a_branch_whose_files_are_gone_is_never_published(
    world: World, undisturbed: Undisturbed
) -> None:
    torn_branch(world)
    done = world.firn("publish", "dev_torn")
    clear(done, "is missing", "othing was published")
    world.firn("branches", "drop", "dev_torn")
    converges(world, undisturbed)


@mutant(
    "every answer to a build's commit lost, and its files deleted by DuckDB",
    guard="a publication looks for the files that it brings",
)
@pytest.mark.full
def test_a_publication_that_does_not_look_takes_it(world: World) -> None:
    torn_branch(world)
    assert world.firn("publish", "dev_torn", mutant=NO_SECURING).code == 0
    with pytest.raises(AssertionError):
        invariants.check(world)


def torn_branch(world: World) -> None:
    """A branch with a commit that landed, and whose author took it for lost."""
    world.drop(1)
    world.run()
    lake = world.lake()
    lake.create_branch("dev_torn")
    lake.close()
    insert = "insert into lake.marts.rpt_totals select * from lake.marts.rpt_totals"
    with proxy(world, Rule("POST", COMMIT, "cut", times=99)) as between:
        done = world.firn(
            *("sql", "--write", "--branch", "dev_torn", insert), env=between.env
        )
    clear(done, "the catalog does not answer")


@fault(
    SECTION,
    "catalog answers 503 once",
    seen="nothing, or exit 3: it is busy",
    rerun="converges",
    unguarded="whether to ask again is left to DuckDB and pyiceberg",
)
@pytest.mark.full
def test_a_catalog_that_is_busy_once(world: World, undisturbed: Undisturbed) -> None:
    world.drop(1)
    with proxy(world, Rule("POST", f"run_.*{COMMIT}", "refuse")) as between:
        done = world.firn("run", "--format", "json", env=between.env)
    if done.code:
        clear(done, "the catalog does not answer, or failed")
    converges(world, undisturbed)


@pytest.mark.parametrize(
    ("path", "most"),
    [
        # On a busy machine a build takes most of it; without a limit it would be hours.
        ("run_.*/namespaces$", 240),
        pytest.param(f"run_.*{COMMIT}", 300, marks=pytest.mark.full),
    ],
)
@fault(
    SECTION,
    "catalog hangs",
    seen="exit 3 after FIRN_CATALOG_TIMEOUT_SECONDS, DuckDB after four times that",
    rerun="converges",
)
@pytest.mark.full
def test_a_catalog_that_hangs_is_given_up(
    world: World, undisturbed: Undisturbed, path: str, most: float
) -> None:
    world.drop(1)
    world.firn("ingest")
    with proxy(world, Rule("POST", path, "hang", times=99)) as between:
        patience = {"FIRN_CATALOG_TIMEOUT_SECONDS": "2"}
        done = world.firn("build", env=between.env | patience, timeout=most)
    clear(done, "the catalog does not answer")
    converges(world, undisturbed)


@mutant("catalog hangs", guard="requests have a time limit")
@pytest.mark.full
def test_without_a_limit_it_would_wait(world: World) -> None:
    world.drop(1)
    world.firn("ingest")
    with proxy(world, Rule("POST", "run_.*/namespaces$", "hang", times=99)) as between:
        child = world.start(
            "build",
            env=between.env | {"FIRN_CATALOG_TIMEOUT_SECONDS": "2"},
            mutant="orchestration.lake.session:_patience="
            "orchestration.tests.faults.mutants:an_hour",
        )
        while not between.rules[0].hits:
            assert child.poll() is None
            time.sleep(0.05)
        time.sleep(6)  # three times the limit: what is shown is that nothing happens
        assert child.poll() is None
        world.end(child)


@fault(
    SECTION,
    "catalog is slow",
    seen="nothing",
    unguarded="it is within the time limit",
)
@pytest.mark.full
def test_a_slow_catalog_is_waited_for(world: World, undisturbed: Undisturbed) -> None:
    world.drop(1)
    slow = Rule("POST", COMMIT, "slow", times=99, seconds=1.5)
    with proxy(world, slow) as between:
        world.run(env=between.env)
    invariants.check(world)
    invariants.converged(world, undisturbed)


@pytest.mark.parametrize(
    "verb", ["ingest", pytest.param("run", marks=pytest.mark.full)]
)
@fault(
    SECTION,
    "database's answer to a publication lost",
    seen="exit 3: `firn log` says what is published",
    rerun="finds nothing new",
)
@pytest.mark.full
def test_a_publication_without_an_answer_is_not_repeated(
    world: World, undisturbed: Undisturbed, verb: str
) -> None:
    world.drop(1)
    if verb == "run":
        world.firn("ingest")
    done = world.firn(verb, mutant=LOSING)
    clear(done, "the catalog's database", "firn log")
    world.run()
    invariants.check(world)
    invariants.converged(world, undisturbed)
    with closing(world.lake()) as lake:
        assert len(lake.log()) == 2  # one of the ingest, one of the build


@mutant(
    "database's answer to a publication lost", guard="the ledger is published with rows"
)
@pytest.mark.full
def test_without_the_ledger_it_lands_twice(world: World) -> None:
    world.drop(1)
    done = world.firn("ingest", mutant=LOSING)
    assert done.code == 3
    world.firn("run", mutant=FORGETFUL)
    with pytest.raises(AssertionError):
        invariants.check(world)
