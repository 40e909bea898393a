"""Two at once: runs, ingests, publishes, and builds of one branch.

One of the two is stopped at a failpoint while the other one works, so that they always
meet in the same place.
"""

from contextlib import closing

import pytest

from orchestration.lake import Provenance
from orchestration.lake.model import TEMPORARY
from orchestration.lake.session import connect
from orchestration.tests.faults import invariants
from orchestration.tests.faults.reader import Reader
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import Done, World
from orchestration.tests.pages import fault, mutant

MUTANTS = "orchestration.tests.faults.mutants"
NO_COMPARISON = f"orchestration.lake.publish:_compare={MUTANTS}:nothing"
OVERWRITES = f"orchestration.build.calls:staging.swap={MUTANTS}:drop_and_rename"
TWO_RUNS = "two runs at once"
MOVED = "a publish while `main` moves"
ONE_MODEL = "a model built by two processes on one branch"


def two_runs(world: World, *, guarded: bool = True) -> Done:
    """A run is overtaken by another between its gates and its publish."""
    world.drop(2)
    without = None if guarded else NO_COMPARISON
    slow = world.pause("run", failpoint="build.judged", mutant=without)
    fast = world.firn("run", "--format", "json")
    assert fast.data["status"] == "published", fast
    return world.resume(slow)


@pytest.mark.slow
@fault(
    "Concurrency",
    TWO_RUNS,
    seen="one publishes; the other exits 1 and names the tables that moved",
    rerun="finds nothing to do",
)
def test_two_runs_at_once(day_one: World, undisturbed: Undisturbed) -> None:
    with Reader(day_one):
        late = two_runs(day_one)
        assert late.code == 1, late
        assert "marts.fct_orders" in late.out + late.err
        assert "main moved since" in late.out + late.err
        invariants.check_published(day_one, 4)
        assert day_one.run().data["status"] == "unchanged"
    invariants.converged(day_one, undisturbed)


@pytest.mark.slow
@mutant(TWO_RUNS, guard="a publish compares `main` with the fork")
def test_without_a_comparison_a_run_overwrites_another(day_one: World) -> None:
    assert two_runs(day_one, guarded=False).code == 0
    with pytest.raises(AssertionError):
        invariants.check(day_one)


@pytest.mark.full
@fault(
    "Concurrency",
    "an ingest while a run builds",
    seen="both end well; the run is of what it has forked",
    rerun="builds what the ingest has landed",
)
def test_an_ingest_while_a_run_builds(day_one: World, undisturbed: Undisturbed) -> None:
    day_one.drop(2)
    with Reader(day_one):
        slow = day_one.pause("run", failpoint="build.fresh")
        day_one.drop(3)
        assert day_one.firn("ingest").code == 0
        invariants.check(day_one)
        done = day_one.resume(slow)
        assert done.code == 0, done
        invariants.check_published(day_one, 5)
        assert day_one.run().data["status"] == "published"
    invariants.check(day_one)
    invariants.converged(day_one, undisturbed)


@pytest.mark.full
@fault(
    "Concurrency",
    "two ingests at once",
    seen="the second says that it waits for the first; both end well",
    rerun="lands nothing",
)
def test_two_ingests_at_once(day_one: World) -> None:
    day_one.drop(2)
    slow = day_one.pause("ingest", failpoint="ingest.ledger-written")
    other = day_one.start("ingest")
    assert other.stderr is not None
    said = ""
    while "waits for another ingest" not in said:
        line = other.stderr.readline()
        assert line, said
        said += line
    assert day_one.resume(slow).code == 0
    assert day_one.wait(other).code == 0
    invariants.check_published(day_one, 3)


def main_moves(world: World, *, guarded: bool = True) -> Done:
    """Somebody publishes one of a run's tables by hand, just before the run does."""
    world.drop(2)
    without = None if guarded else NO_COMPARISON
    slow = world.pause("run", failpoint="build.judged", mutant=without)
    with closing(world.lake()) as lake:
        lake.create_branch("fix")
        with closing(connect(world.settings, "fix")) as con:
            con.execute("update lake.marts.dim_customers set name = name || '!'")
        lake.publish("fix", Provenance(who="ana"))
    return world.resume(slow)


@pytest.mark.full
@fault(
    "Concurrency",
    MOVED,
    seen="exit 1, the table that moved is named, nothing of the run is published",
    rerun="builds on what is there now, and publishes",
)
def test_main_moves_before_a_publish(day_one: World, undisturbed: Undisturbed) -> None:
    with Reader(day_one):
        done = main_moves(day_one)
        assert done.code == 1, done
        conflict = done.out.partition("conflict:")[2]
        assert "marts.dim_customers" in conflict, done
        assert "marts.rpt_totals" not in conflict
        invariants.check_published(day_one, 4)
        assert day_one.run().data["status"] == "published"
        invariants.check_published(day_one, 5)
    invariants.converged(day_one, undisturbed)


@pytest.mark.full
@mutant(MOVED, guard="a publish compares `main` with the fork")
def test_without_a_comparison_a_fix_is_lost(day_one: World) -> None:
    assert main_moves(day_one, guarded=False).code == 0
    with pytest.raises(AssertionError):
        invariants.check(day_one)


def two_builds(world: World, *, guarded: bool = True) -> Done:
    """`dbt build` is overtaken by another one, on one branch, before a swap."""
    model = ("build", "--profiles-dir", "profiles", "--select", "rpt_totals")
    without = None if guarded else OVERWRITES
    slow = world.pause(
        *model, program="dbt", failpoint="table.before-swap", mutant=without
    )
    fast = world.wait(world.start(*model, program="dbt"))
    assert fast.code == 0, fast
    return world.resume(slow)


def stages_on(world: World, branch: str) -> list[str]:
    """The names of tables that somebody is building, or has left."""
    with closing(world.lake()) as lake:
        return [t.name for t in lake.pointers(branch) if TEMPORARY in t.name]


@pytest.mark.slow
@pytest.mark.full
@fault(
    "Concurrency",
    ONE_MODEL,
    seen="one builds it; the other's model fails: another process changed the table",
    rerun="builds it",
)
def test_two_builds_of_a_model_on_one_branch(day_one: World) -> None:
    late = two_builds(day_one)
    assert late.code == 1, late
    assert "another process changed the table" in late.out
    assert stages_on(day_one, "dev_tester") == []
    again = day_one.start("build", "--profiles-dir", "profiles", program="dbt")
    assert day_one.wait(again).code == 0
    with closing(connect(day_one.settings, "dev_tester")) as con:
        [whole] = con.execute(invariants.WHOLE).fetchall()
    assert invariants.is_whole(whole)
    invariants.check_published(day_one, 2)


@pytest.mark.full
@mutant(ONE_MODEL, guard="a swap demands the table that was staged from")
def test_without_its_demand_a_swap_overwrites(day_one: World) -> None:
    with pytest.raises(AssertionError):
        assert two_builds(day_one, guarded=False).code == 1


@pytest.mark.full
@fault(
    "Concurrency",
    "a dev branch left while `main` moved on",
    seen="refresh follows `main` where the branch changed nothing; publish exits 1 and "
    "names the table that both changed",
    rerun="a fork of its own publishes",
)
def test_a_branch_left_for_long(day_one: World) -> None:
    change = "update marts.rpt_totals set amount = 0"
    assert day_one.firn("branches", "create", "old").code == 0
    assert day_one.firn("sql", change, "--branch", "old", "--write").code == 0
    for day in (2, 3):
        day_one.drop(day)
        day_one.run()
    assert day_one.firn("clean", "--older-than", "0").code == 0
    assert day_one.firn("branches", "refresh", "old").code == 0
    with closing(day_one.lake()) as lake:
        assert [str(one.table) for one in lake.diff("old")] == ["marts.rpt_totals"]
        old, main = lake.pointers("old"), lake.pointers("main")
        assert [str(t) for t in main if main[t] != old[t]] == ["marts.rpt_totals"]
    done = day_one.firn("publish", "old")
    assert done.code == 1, done
    assert "marts.rpt_totals" in done.err
    invariants.check_published(day_one, 6)
    assert day_one.firn("sql", "from marts.rpt_totals", "--branch", "old").code == 0


SIGNALS = [
    ("ingest.rows-written", "INT", "in an ingest", 0),
    ("ingest.ledger-written", "TERM", "before an ingest's publish", 0),
    ("publish.swapped", "TERM", "in the transaction of an ingest's publish", 0),
    ("build.fresh", "INT", "before dbt builds", 1),
    ("table.before-swap", "INT", "in a model's build", 1),
    ("table.before-swap", "TERM", "in a model's build", 1),
    ("build.judged", "TERM", "before a build's publish", 1),
    ("publish.swapped@2", "INT", "in the transaction of a build's publish", 1),
    ("build.published", "INT", "after a build's publish", 2),
]
_CODES = {"INT": 130, "TERM": 143}
_WORDS = {"INT": "Ctrl-C", "TERM": "SIGTERM"}


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
                fault(
                    "Kills",
                    f"{_WORDS[number]} {where}",
                    seen=f"exit {_CODES[number]}, and what is on `main`",
                    rerun="completes the day",
                ),
                *([] if failpoint == "publish.swapped" else [pytest.mark.full]),
            ],
        )
        for failpoint, number, where, published in SIGNALS
    ],
)
def test_an_interrupted_run(
    failpoint: str,
    number: str,
    published: int,
    day_one: World,
    undisturbed: Undisturbed,
) -> None:
    day_one.drop(2)
    done = day_one.firn("run", failpoint=f"{failpoint}:{number}")
    assert done.code == _CODES[number], done
    assert "interrupted: " in done.err
    assert ("raw landed as publication 3" in done.err) == (published > 0)
    invariants.check_published(day_one, 2 + published)
    day_one.run()
    invariants.check_published(day_one, 4)
    invariants.converged(day_one, undisturbed)
