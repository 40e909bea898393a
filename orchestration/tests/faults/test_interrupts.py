"""Ctrl-C and SIGTERM at named instants of a run: told, and only whole states left."""

import pytest

from orchestration.tests.faults import invariants
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import World
from orchestration.tests.pages import fault

INT, TERM = ("INT", "Ctrl-C"), ("TERM", "SIGTERM")
SIGNALS = [
    ("ingest.rows-written", *INT, "in an ingest", 0),
    ("ingest.ledger-written", *TERM, "before an ingest's publish", 0),
    ("publish.swapped", *TERM, "in the transaction of an ingest's publish", 0),
    ("build.fresh", *INT, "before dbt builds", 1),
    ("table.before-swap", *INT, "in a model's build", 1),
    ("table.before-swap", *TERM, "in a model's build", 1),
    ("build.judged", *TERM, "before a build's publish", 1),
    ("publish.swapped@2", *INT, "in the transaction of a build's publish", 1),
    ("build.published", *INT, "after a build's publish", 2),
]
CODES = {"INT": 130, "TERM": 143}


def interrupt(
    world: World, failpoint: str, published: int, *, mutant: str | None = None
) -> None:
    """Send a signal to a run: it ends as the shell expects, and tells what landed."""
    world.drop(2)
    done = world.firn("run", failpoint=failpoint, mutant=mutant)
    assert done.code == CODES[failpoint.rpartition(":")[2]], done
    assert "interrupted: " in done.err
    assert ("raw landed as publication 3" in done.err) == (published > 0)
    invariants.check_published(world, 2 + published)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failpoint", "published"),
    [
        pytest.param(
            f"{failpoint}:{number}",
            published,
            id=f"{failpoint}:{number}",
            marks=[
                fault(
                    "Kills",
                    f"{said} {where}",
                    seen=f"exit {CODES[number]}, and what is on `main`",
                    rerun="completes the day",
                ),
                *([] if failpoint == "publish.swapped" else [pytest.mark.full]),
            ],
        )
        for failpoint, number, said, where, published in SIGNALS
    ],
)
def test_an_interrupted_run(
    failpoint: str, published: int, day_one: World, undisturbed: Undisturbed
) -> None:
    interrupt(day_one, failpoint, published)
    day_one.run()
    invariants.check_published(day_one, 4)
    invariants.converged(day_one, undisturbed)
