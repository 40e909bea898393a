"""The clock is set back or ahead, the zone is another one, the day a rare one."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.build.artifacts import SourceAge
from orchestration.build.gates import Evidence, freshness
from orchestration.lake.session import connect
from orchestration.tests.faults import invariants, shop
from orchestration.tests.faults.clocks import WRONG
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import World
from orchestration.tests.pages import fault, mutant

SECTION = "Disk, memory and clock"
HOUR = 3600
ZONE = "another time zone (TZ)"
DST = "hour that a DST change skips or repeats"
FAKETIME = [
    *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"),
    *Path("/usr/lib").glob("faketime/libfaketimeMT.so.1"),
]


def asked(world: World, query: str) -> list[tuple[Any, ...]]:
    """The answer of `main`."""
    with closing(connect(world.settings, "main", read_only=True)) as con:
        return con.execute(query).fetchall()


def moments_grow(world: World) -> None:
    """Each load of a source has a later moment than the one before it."""
    loads = asked(
        world,
        "select _loaded_at from lake.raw.shop__loads group by _load_id, _loaded_at "
        "order by min(regexp_extract(_source_file, 'day_(\\d+)', 1)::int)",
    )
    assert loads == sorted(set(loads))


@pytest.mark.full
@fault(SECTION, "clock set back an hour", seen="nothing", rerun="nothing is repeated")
def test_rows_keep_their_order_when_the_clock_is_set_back(
    world: World, undisturbed: Undisturbed
) -> None:
    world.drop(1)
    world.run()
    world.drop(2)
    world.run(mutant=WRONG, env={"FIRN_TEST_CLOCK": str(-HOUR)})
    moments_grow(world)
    invariants.check(world)
    invariants.converged(world, undisturbed)


@mutant("clock set back an hour", guard="a load is newer than all rows on main")
@pytest.mark.full
def test_a_careless_moment_loses_rows(world: World, undisturbed: Undisturbed) -> None:
    world.drop(1)
    world.run()
    world.drop(2)
    careless = (
        f"{WRONG};orchestration.ingestion.run:_moment="
        "orchestration.tests.faults.clocks:careless"
    )
    world.run(mutant=careless, env={"FIRN_TEST_CLOCK": str(-HOUR)})
    with pytest.raises(AssertionError):
        moments_grow(world)
    with pytest.raises(AssertionError):
        invariants.converged(world, undisturbed)


@pytest.mark.parametrize("shift", ["-1h", "+400d"])
@fault(
    SECTION,
    "clock of every process wrong for a run",
    seen="nothing",
    rerun="continues with the right time",
    unguarded="by the guard of *clock set back an hour*",
)
@pytest.mark.full
def test_tables_from_the_future_are_read(
    world: World, undisturbed: Undisturbed, shift: str
) -> None:
    if not FAKETIME:
        pytest.skip("libfaketime is not installed (Debian's package faketime)")
    world.drop(1)
    world.run()
    world.drop(2)
    world.run(env={"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME": shift})
    world.drop(3)
    world.run()
    moments_grow(world)
    invariants.check(world)
    invariants.converged(world, undisturbed)


@pytest.mark.parametrize(
    "zone",
    [
        "America/New_York",
        "Asia/Kolkata",
        "Europe/Berlin",
    ],
)
@fault(SECTION, ZONE, seen="nothing", rerun="-")
@pytest.mark.full
def test_the_zone_of_the_user_changes_nothing(
    world: World, undisturbed: Undisturbed, zone: str
) -> None:
    for day in (1, 2):
        world.drop(day)
        world.run(env={"TZ": zone})
    invariants.check(world)
    invariants.converged(world, undisturbed)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@fault(SECTION, DST, seen="nothing", rerun="-")
def test_no_hour_is_skipped_or_repeated(world: World, zone: str) -> None:
    hours_stay(world, zone)


@mutant(DST, guard="a connection ignores the machine's zone and clock")
@mutant(ZONE, guard="a connection ignores the machine's zone and clock")
def test_in_the_machines_zone_hours_move(world: World) -> None:
    local = (
        "orchestration.lake.session:_ignore_the_machines_time="
        "orchestration.tests.faults.mutants:nothing"
    )
    with pytest.raises(AssertionError):
        hours_stay(world, "Europe/Berlin", local)


def hours_stay(world: World, zone: str, mutant: str | None = None) -> None:
    """Times read as they were written, whatever the zone."""
    hours = "unnest(['2026-03-29 02:30', '2026-10-25 02:30', '2026-03-08 02:30'])"
    query = (
        f"select {hours}::timestamptz::timestamp::varchar as t, "
        "current_setting('timezone') as zone"
    )
    done = world.firn("sql", query, "--format", "csv", env={"TZ": zone}, mutant=mutant)
    assert done.out.splitlines() == [
        "t,zone",
        "2026-03-29 02:30:00,UTC",
        "2026-10-25 02:30:00,UTC",
        "2026-03-08 02:30:00,UTC",
    ]


@pytest.mark.parametrize(
    ("first", "rare"),
    [
        (date(2028, 2, 27), date(2028, 2, 29)),
        pytest.param(date(2027, 12, 30), date(2028, 1, 1), marks=pytest.mark.full),
    ],
)
@fault(
    SECTION,
    "leap day and new year, in data and as day of the run",
    seen="nothing",
    unguarded="no code of Firn counts days",
)
@pytest.mark.full
def test_rare_days(
    world: World, monkeypatch: pytest.MonkeyPatch, first: date, rare: date
) -> None:
    monkeypatch.setattr(shop, "FIRST", first)
    for day in (1, 2):
        world.drop(day)
        today = datetime.combine(first, datetime.min.time(), UTC) + timedelta(days=day)
        ahead = today + timedelta(hours=23, minutes=59) - datetime.now(UTC)
        world.run(mutant=WRONG, env={"FIRN_TEST_CLOCK": str(ahead.total_seconds())})
    invariants.check(world)
    [(orders,)] = asked(
        world, f"select count(*) from lake.marts.fct_orders where ordered_on = '{rare}'"
    )
    assert orders == 21  # and one of the day before, corrected to this day


AHEAD = "rows from the future keep a source fresh"


@fault(SECTION, AHEAD, seen="a warning of the freshness gate", rerun="-")
def test_rows_from_the_future_are_pointed_out() -> None:
    [found] = freshness(Evidence(sources=(_source(-5),)))
    assert (found.severity, found.gate) == ("warn", "freshness")
    assert "5 h in the future" in found.what
    assert not list(freshness(Evidence(sources=(_source(0), _source(-0.5)))))


@mutant(AHEAD, guard="ages below zero are looked at")
def test_unseen_rows_from_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    never = timedelta(days=99)
    monkeypatch.setattr("orchestration.build.gates._CLOCKS_DIFFER", never)
    assert not list(freshness(Evidence(sources=(_source(-5),))))


def _source(hours: float) -> SourceAge:
    return SourceAge(
        id="source.firn.shop.orders", status="pass", age=timedelta(hours=hours)
    )
