"""Branch, diff, refresh and publish of many tables: no data moves, only pointers.

`python -m orchestration.benchmarks.branches --tables 10000`. The goal is well under a
second for each verb. Every table is changed on the branch, which is the worst case.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from orchestration.benchmarks import harness
from orchestration.lake import Lake, Provenance
from orchestration.lake.store import tables
from orchestration.settings import Settings

GOAL = 1.0  # seconds
ME = Provenance(who="benchmark")
T = TypeVar("T")


def main() -> None:
    """Measure in a temporary lake, and print the report."""
    parser = harness.arguments(__doc__ or "", rounds=5)
    parser.add_argument("--tables", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = replace(
            Settings.load(),
            home=home,
            database_url=f"sqlite:///{home / 'catalog.db'}",
            warehouse=home / "warehouse",
        )
        lake = Lake.open(settings)
        seconds, notes = measure(lake, count=given.tables, rounds=given.rounds)
        lake.close()
    harness.report(
        f"Branches of {given.tables:,} tables",
        seconds,
        notes=notes,
        output=given.format,
    )


def measure(
    lake: Lake, *, count: int, rounds: int
) -> tuple[harness.Seconds, list[str]]:
    """Seconds of each verb a round, and what was checked about its result."""
    seconds: harness.Seconds = {}
    lake.create_branch("first")
    _point_all(lake, "first", count=count, version=0)
    lake.publish("first", ME)
    lake.create_branch("follower")
    for version in range(1, rounds + 1):
        branch = f"run_{version}"
        _timed(seconds, "create branch", partial(lake.create_branch, branch))
        _point_all(lake, branch, count=count, version=version)
        found = _timed(seconds, "diff", partial(lake.diff, branch))
        published = _timed(seconds, "publish", partial(lake.publish, branch, ME))
        assert published is not None
        moved = _timed(seconds, "refresh another", partial(lake.refresh, "follower"))
        for what, number in (
            ("differences", len(found)),
            ("published changes", len(published.changes)),
            ("refreshed tables", len(moved)),
        ):
            harness.check_equal(what, number, count)
        _timed(seconds, "drop branch", partial(lake.drop_branch, branch))
    slowest = max(max(values) for values in seconds.values())
    verdict = "met" if slowest < GOAL else "missed"
    return seconds, [
        f"{count:,} tables, all changed; each diff, publication, refresh held them all",
        f"goal: each verb under {GOAL:g} s: {verdict}, slowest {slowest:.3f} s",
    ]


def _timed(seconds: harness.Seconds, arm: str, verb: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = verb()
    seconds.setdefault(arm, []).append(time.perf_counter() - started)
    return result


def _point_all(lake: Lake, branch: str, *, count: int, version: int) -> None:
    """What `count` commits would have done to the branch, in one statement."""
    rows = [
        {
            "catalog_name": branch,
            "table_namespace": f"schema_{number % 100}",
            "table_name": f"table_{number}",
            "metadata_location": f"file:///warehouse/table_{number}/metadata/"
            f"{version:05d}-00000000-0000-0000-0000-000000000000.metadata.json",
            "iceberg_type": "TABLE",
        }
        for number in range(count)
    ]
    with lake.store.write() as connection:
        connection.execute(sa.delete(tables).where(tables.c.catalog_name == branch))
        connection.execute(tables.insert(), rows)


if __name__ == "__main__":
    main()
