"""kill -9 at every named instant of a run, and what holds without its guards.

A failpoint kills the process, every invariant is checked, the call is repeated, and
the marts are compared with those of a project in which nothing was ever killed.
"""

from typing import NamedTuple

import pytest

from orchestration.tests.faults import invariants
from orchestration.tests.faults.reader import Reader
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import KILLED, World
from orchestration.tests.pages import fault

AS_IT_WAS = "exit 137; `main` is as it was, a branch is left"
LANDED = "exit 137; raw is on `main`, whole; marts are as they were"
DONE = "exit 137; `main` has all of it"

# What has no mutant: nothing of Firn's own stands against a kill there.
UNGUARDED = dict.fromkeys(
    (
        "ingest.turn-taken",
        "store.begun",
        "store.before-commit",
        "store.committed",
        "ingest.branch-created",
        "ingest.staged",
        "build.branch-created",
        "build.fresh",
    ),
    "nothing is written yet but a branch of its own",
)
# The second publish of a run is the build's.
RUN = [
    ("ingest.turn-taken", "as an ingest begins", 0),
    ("store.begun", "as the fork of an ingest's branch begins", 0),
    ("store.before-commit", "before the fork of an ingest's branch is committed", 0),
    ("store.committed", "after the fork of an ingest's branch is committed", 0),
    ("ingest.branch-created", "after an ingest's branch is made", 0),
    ("ingest.staged", "after files are read, before rows are written", 0),
    ("ingest.rows-written", "after raw rows are written", 0),
    ("ingest.rejects-written", "after rejected rows are written", 0),
    ("ingest.rows-written@2", "between two raw tables", 0),
    ("ingest.ledger-written", "after the ledger is written, before the publish", 0),
    ("publish.recorded", "in an ingest's publish, after its record", 0),
    ("publish.compared", "in an ingest's publish, after the comparison", 0),
    ("publish.swapped", "in an ingest's publish, after the swap", 0),
    ("publish.committed", "after the commit of an ingest's publish", 1),
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
    ("publish.committed@2", "after the commit of a build's publish", 2),
    ("build.published", "after a build's publish, before its branch goes", 2),
    ("build.branch-dropped", "after a build's branch is gone", 2),
    ("memory.written-aside", "before last_build.json takes its place", 2),
    ("build.remembered", "after last_build.json is written", 2),
]
SEEN = {0: AS_IT_WAS, 1: LANDED, 2: DONE}
AGAIN = {0: "lands and builds", 1: "lands nothing twice, builds", 2: "nothing to do"}
# What `make test` runs, too.
QUICK = {"ingest.ledger-written", "build.published"}


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
            unguarded=UNGUARDED.get(failpoint, ""),
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
        invariants.check_published(day_one, 2 + kill.published)

        again = day_one.run()
        expected = "unchanged" if kill.published == 2 else "published"
        assert again.data["status"] == expected
        invariants.check_published(day_one, 4)
    assert len(reader.states) <= 2, reader.states  # the day before, and this one
    invariants.converged(day_one, undisturbed)
