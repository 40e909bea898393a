"""Two at once: runs, ingests, publishes, and builds of one branch.

One of the two is stopped at a failpoint while the other one works, so that they always
meet in the same place.
"""

from contextlib import closing
from datetime import timedelta

import pytest

from orchestration.lake import Provenance
from orchestration.lake.model import TEMPORARY
from orchestration.lake.session import connect
from orchestration.tests.faults import invariants
from orchestration.tests.faults.clocks import WRONG
from orchestration.tests.faults.reader import Reader
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import Done, World
from orchestration.tests.pages import fault, mutant, promise

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
@promise(
    "Two whole builds at once both do the work; one publishes, the other names the "
    "tables that moved and exits 1."
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


BESIDE = "an ingest while a run builds"


def an_ingest_beside_a_run(world: World, mutant: str | None = None) -> None:
    """Land a day while another one is being built: both are there afterwards."""
    world.drop(2)
    slow = world.pause("run", failpoint="build.fresh", mutant=mutant)
    world.drop(3)
    assert world.firn("ingest").code == 0
    invariants.check(world)
    done = world.resume(slow)
    assert done.code == 0, done
    invariants.check_published(world, 5)
    assert world.firn("ingest", "--format", "json").data["publications"] == []


@pytest.mark.full
@fault(
    "Concurrency",
    BESIDE,
    seen="both end well; the run is of what it has forked",
    rerun="builds what the ingest has landed",
)
def test_an_ingest_while_a_run_builds(day_one: World, undisturbed: Undisturbed) -> None:
    with Reader(day_one):
        an_ingest_beside_a_run(day_one)
        assert day_one.run().data["status"] == "published"
    invariants.check_published(day_one, 6)
    invariants.converged(day_one, undisturbed)


@pytest.mark.full
@mutant(BESIDE, guard="a publish moves what its branch changed, and nothing else")
def test_publishing_a_whole_branch_takes_the_ingest_back(day_one: World) -> None:
    whole = f"orchestration.lake.selects:differences={MUTANTS}:all_that_differs"
    with pytest.raises(AssertionError):
        an_ingest_beside_a_run(day_one, whole)


INGESTS = "two ingests at once"


def two_ingests(world: World, mutant: str | None = None) -> None:
    """An ingest begins while another one is about to publish, and waits for it."""
    world.drop(2)
    slow = world.pause("ingest", failpoint="ingest.ledger-written", mutant=mutant)
    world._odd_catalog = False  # the second one is of the same kind
    own = {"FIRN_TEST_MUTANT": mutant} if mutant else None
    other = world.start("ingest", env=own)
    assert other.stderr is not None
    said = ""
    while "waits for another ingest" not in said:
        line = other.stderr.readline()
        assert line, said
        said += line
    assert world.resume(slow).code == 0
    assert world.wait(other).code == 0
    invariants.check_published(world, 3)


@pytest.mark.full
@fault(
    "Concurrency",
    INGESTS,
    seen="the second says that it waits for the first; both end well",
    rerun="lands nothing",
)
def test_two_ingests_at_once(day_one: World, undisturbed: Undisturbed) -> None:
    two_ingests(day_one)
    assert day_one.firn("ingest", "--format", "json").data["publications"] == []
    day_one.run()
    invariants.check_published(day_one, 4)
    invariants.converged(day_one, undisturbed)


@pytest.mark.full
@mutant(INGESTS, guard="ingests on one machine take turns")
def test_ingests_that_take_no_turns_do_not_wait(day_one: World) -> None:
    at_once = f"orchestration.ingestion.run:_in_turn={MUTANTS}:at_once"
    with pytest.raises(AssertionError):
        two_ingests(day_one, at_once)


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


LEFT = "a dev branch left for a month, while `main` moved on"
MONTH = {"FIRN_TEST_CLOCK": str(timedelta(days=31).total_seconds())}


def a_month_later(
    world: World, *, cleans: str | None = None, publishes: str | None = None
) -> None:
    """Publish a branch that nobody touched while days were run, and clean-ups."""
    change = "update marts.rpt_totals set amount = 0"
    assert world.firn("branches", "create", "old").code == 0
    assert world.firn("sql", change, "--branch", "old", "--write").code == 0
    for day in (2, 3):
        world.drop(day)
        world.run(mutant=WRONG, env=MONTH)
    clean = ("clean", "--keep-publications", "2")
    then = ";".join(filter(None, (WRONG, cleans)))
    assert world.firn(*clean, mutant=then, env=MONTH).code == 0
    assert world.firn("branches", "refresh", "old").code == 0
    with closing(world.lake()) as lake:
        assert [str(one.table) for one in lake.diff("old")] == ["marts.rpt_totals"]
        old, main = lake.pointers("old"), lake.pointers("main")
        assert [str(t) for t in main if main[t] != old[t]] == ["marts.rpt_totals"]
    done = world.firn("publish", "old", mutant=publishes)
    assert done.code == 1, done
    assert "marts.rpt_totals" in done.err
    invariants.check_published(world, 6)


@pytest.mark.full
@fault(
    "Concurrency",
    LEFT,
    seen="clean-up leaves it; refresh follows `main` where it changed nothing; publish "
    "exits 1 and names the table that both changed",
    rerun="a fork of its own publishes",
)
def test_a_branch_left_for_long(day_one: World) -> None:
    a_month_later(day_one)
    assert day_one.firn("sql", "from marts.rpt_totals", "--branch", "old").code == 0
    change = "update marts.rpt_totals set amount = amount"
    assert day_one.firn("branches", "create", "new").code == 0
    assert day_one.firn("sql", change, "--branch", "new", "--write").code == 0
    assert day_one.firn("publish", "new").code == 0
    invariants.check_published(day_one, 7)


@pytest.mark.full
@mutant(LEFT, guard="a publish compares `main` with the fork")
def test_without_a_comparison_an_old_branch_overwrites(day_one: World) -> None:
    with pytest.raises(AssertionError):
        a_month_later(day_one, publishes=NO_COMPARISON)


@pytest.mark.full
@mutant(LEFT, guard="clean-up drops only branches that Firn has named itself")
def test_a_clean_up_of_any_old_branch_takes_it(day_one: World) -> None:
    any_name = f"orchestration.lake.stale:_ITS_OWN={MUTANTS}:ANY_NAME"
    with pytest.raises(AssertionError):
        a_month_later(day_one, cleans=any_name)
