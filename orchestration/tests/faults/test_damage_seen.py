"""What readers and runs say of a damaged file, and that the way out is one."""

from contextlib import closing

import pytest

from orchestration.lake.reachable import DATA, LIST, MANIFEST, METADATA
from orchestration.settings import MAIN
from orchestration.tests.faults import invariants
from orchestration.tests.faults.invariants import Reference
from orchestration.tests.faults.mutants import SILENT
from orchestration.tests.faults.small_lake import SmallLake
from orchestration.tests.faults.world import World
from orchestration.tests.pages import fault, mutant, promise

TABLE = "marts.fct_orders"
NAME = "a {role} of a mart is missing when it is read and built"


def damaged(world: World, role: str) -> None:
    """Two days, and then a file of the mart that the second one changed is gone."""
    for day in (1, 2):
        world.drop(day)
        world.run()
    with closing(world.lake()) as lake:
        SmallLake(world.settings, lake).file(TABLE, role).unlink()


def says_so(world: World, *call: str, **how: str) -> None:
    """The call ends with exit code 3, names the file, and says `firn verify`."""
    done = world.firn(*call, **how)  # type: ignore[arg-type]
    assert done.code == 3, done
    assert "Traceback" not in done.err, done.err
    assert "firn verify" in done.err, done.err
    assert "/fct_orders-" in done.err, done.err


def reads(world: World) -> tuple[str, str]:
    """A query of the mart."""
    return ("sql", f"select sum(amount) from {TABLE}")


@pytest.mark.full
@pytest.mark.parametrize(
    "role",
    [
        pytest.param(
            role,
            marks=fault(
                "Damaged files",
                NAME.format(role=role),
                seen="`firn sql` and `firn run` exit 3, name the file and say "
                "`firn verify`; main as it was",
                rerun="`firn build --full-refresh` of the model makes it anew",
            ),
        )
        for role in (METADATA, LIST, MANIFEST, DATA)
    ],
)
@promise("A build stops on damage in any table of `main`, unless it is a full refresh.")
def test_it_is_named_and_a_full_refresh_brings_the_table_back(
    world: World, undisturbed: Reference, role: str
) -> None:
    damaged(world, role)
    says_so(world, *reads(world))
    says_so(world, "run", "--force")
    verified = world.firn("verify", "--format", "json")
    assert verified.code == 1
    with closing(world.lake()) as lake:
        kept = [one.name for one in lake.branches() if one.name != MAIN]
    # Damaged metadata is seen before a branch is opened; that data is missing is seen
    # by what reads it, on a branch, which stays and needs the file as `main` does.
    assert len(kept) == (role == DATA)
    drops = [f"firn branches drop {name}" for name in kept]
    assert verified.data["fix"][TABLE] == ["firn rollback 4", *drops]
    rebuilt = world.firn("build", "--full-refresh", "--select", "fct_orders+")
    assert rebuilt.code == 0, rebuilt
    assert world.firn("verify", "--branch", "main", "--deep").code == 0
    world.drop(3)
    world.run()
    invariants.converged(world, undisturbed)


UNSEEN = (
    "orchestration.lake.preflight:require_readable="
    f"orchestration.tests.faults.mutants:nothing;{SILENT}"
)


@pytest.mark.full
@pytest.mark.parametrize(
    "role",
    [
        pytest.param(
            role,
            marks=mutant(
                NAME.format(role=role),
                guard="damage is looked for before an engine reads, and put into words",
            ),
        )
        for role in (METADATA, LIST, MANIFEST, DATA)
    ],
)
def test_unseen_it_is_a_riddle(day_one: World, role: str) -> None:
    day_one.drop(2)
    day_one.run()
    with closing(day_one.lake()) as lake:
        SmallLake(day_one.settings, lake).file(TABLE, role).unlink()
    with pytest.raises(AssertionError):
        says_so(day_one, *reads(day_one), mutant=UNSEEN)
