"""incremental_strategy: replace_range and microbatch."""

from typing import Any

import pytest

from orchestration.tests.integration.macros.dialect import typed
from orchestration.tests.integration.macros.project import Project

DAYS = (
    "select date '2024-01-01' + range::int as day, {} as v "
    "from range({}, {}) as n(range)"
)


def ranged(project: Project, name: str, sql: str, *, by: str, **bounds: str) -> None:
    project.model(
        name,
        sql,
        materialized="incremental",
        incremental_strategy="replace_range",
        partition_by=by,
        range={"column": "day", **bounds},
    )


def per_month(project: Project, name: str) -> dict[int, tuple[int, int]]:
    """Rows and greatest value of each month."""
    months: dict[int, tuple[int, int]] = {}
    for day, value in project.rows(name):
        rows, greatest = months.get(day.month, (0, 0))
        months[day.month] = (rows + 1, max(greatest, value))
    return months


def test_whole_partitions_are_exchanged_by_metadata_alone(project: Project) -> None:
    bounds = {"start": "2024-02-01", "end": "2024-04-01"}
    ranged(project, "swapped", DAYS.format(1, 0, 121), by="month(day)", **bounds)
    project.run("swapped")
    ranged(project, "swapped", DAYS.format(2, 31, 60), by="month(day)", **bounds)
    commits = project.commits("swapped")
    project.run("swapped")

    # March came back empty: it is cleared, too.
    assert per_month(project, "swapped") == {1: (31, 1), 2: (29, 2), 4: (30, 1)}
    assert project.commits("swapped") == commits + 1
    assert project.operations("swapped") == ["append", "overwrite"]
    assert project.delete_files("swapped") == 0
    summary = project.table("swapped").metadata.snapshots[-1].summary
    assert summary is not None
    assert (summary["deleted-data-files"], summary["added-data-files"]) == ("2", "1")


def test_a_range_that_came_back_empty_is_cleared(project: Project) -> None:
    bounds = {"start": "2024-02-01", "end": "2024-03-01"}
    ranged(project, "cleared", DAYS.format(1, 0, 91), by="month(day)", **bounds)
    project.run("cleared")
    ranged(project, "cleared", DAYS.format(1, 0, 0), by="month(day)", **bounds)
    project.run("cleared")
    assert per_month(project, "cleared") == {1: (31, 1), 3: (31, 1)}
    assert project.operations("cleared") == ["append", "delete"]
    project.run("cleared")
    assert project.snapshots("cleared") == 2, "nothing came, nothing went"


def test_a_boundary_inside_a_file_takes_rows_out_in_the_same_commit(
    project: Project,
) -> None:
    bounds = {"start": "2024-01-10", "end": "2024-01-20"}
    ranged(project, "straddled", DAYS.format(1, 0, 31), by="month(day)", **bounds)
    project.run("straddled")
    ranged(project, "straddled", DAYS.format(2, 9, 12), by="month(day)", **bounds)
    commits = project.commits("straddled")
    project.run("straddled")
    assert project.commits("straddled") == commits + 1
    rows = project.rows("straddled")
    assert len(rows) == 31 - 10 + 3
    assert [day.day for day, value in rows if value == 2] == [10, 11, 12]


def test_with_a_grain_the_rows_say_which_ranges(project: Project) -> None:
    ranged(project, "grained", DAYS.format(1, 0, 91), by="month(day)", grain="month")
    project.run("grained")
    sql = f"{DAYS.format(2, 0, 1)} union all {DAYS.format(2, 60, 62)}"
    ranged(project, "grained", sql, by="month(day)", grain="month")
    project.run("grained")
    assert per_month(project, "grained") == {1: (1, 2), 2: (29, 1), 3: (2, 2)}
    assert project.delete_files("grained") == 0


@pytest.mark.parametrize(
    ("type_", "start", "end"),
    [
        ("timestamp", "2024-02-01 00:00:00", "2024-03-01"),
        ("timestamptz", "2024-02-01 00:00:00+00", "2024-03-01 02:00:00+02"),
        ("timestamp", "2024-02-01T00:00:00", None),
    ],
)
def test_bounds_are_of_the_columns_type(
    project: Project, type_: str, start: str, end: str | None
) -> None:
    name = f"typed_{type_}_{'open' if end is None else 'closed'}"
    bounds: dict[str, Any] = {"start": start, "end": end}
    for number, first, last in ((1, 0, 91), (2, 31, 33)):
        days = DAYS.format(number, first, last)
        sql = f"select {typed('day', type_)} as day, v from ({days})"
        ranged(project, name, sql, by="month(day)", **bounds)
        project.run(name)
    march = {} if end is None else {3: (31, 1)}
    assert per_month(project, name) == {1: (31, 1), 2: (2, 2)} | march
    assert project.delete_files(name) == 0


@pytest.mark.parametrize("day", ["date '2024-05-01'", "null::date"])
def test_rows_outside_the_range_are_refused(project: Project, day: str) -> None:
    name = "outside_null" if "null" in day else "outside"
    bounds = {"start": "2024-01-01", "end": "2024-02-01"}
    ranged(project, name, DAYS.format(1, 0, 31), by="month(day)", **bounds)
    project.run(name)
    before = project.table(name).metadata_location
    ranged(project, name, f"select {day} as day, 1 as v", by="month(day)", **bounds)
    assert "1 rows lie outside the range" in project.fails(name)
    assert project.table(name).metadata_location == before


@pytest.mark.parametrize(
    "bounds", [{}, {"grain": "week"}, {"start": "x", "grain": "day"}]
)
def test_a_range_that_says_too_little_or_too_much_is_refused(
    project: Project, bounds: dict[str, str]
) -> None:
    name = f"bad_range_{len(bounds)}_{len(str(bounds))}"
    ranged(project, name, DAYS.format(1, 0, 1), by="month(day)", **bounds)
    assert "needs range, as" in project.fails(name)


def test_microbatch_replaces_batch_by_batch_and_again(project: Project) -> None:
    sql = "select day::timestamp as at_time, {} as v from ({})"
    project.model("events", sql.format(1, DAYS.format(1, 0, 5)), event_time="at_time")
    config = {
        "materialized": "incremental",
        "incremental_strategy": "microbatch",
        "event_time": "at_time",
        "batch_size": "day",
        "begin": "2024-01-01",
        "partition_by": "day(at_time)",
    }
    project.model("batched", "select * from {{ ref('events') }}", **config)
    window = ("--event-time-start", "2024-01-01", "--event-time-end", "2024-01-06")
    assert project.dbt("build", "-s", "events", "batched", *window).success
    assert len(project.rows("batched")) == 5

    changed = f"{DAYS.format(2, 1, 2)} union all {DAYS.format(2, 4, 5)}"
    project.model("events", sql.format(2, changed), event_time="at_time")
    window = ("--event-time-start", "2024-01-02", "--event-time-end", "2024-01-05")
    assert project.dbt("build", "-s", "events", "batched", *window).success
    found = [(at.day, value) for at, value in project.rows("batched")]
    assert found == [(1, 1), (2, 2), (5, 1)], "days 3 and 4 came back empty"
    assert project.delete_files("batched") == 0
    history = project.snapshots("batched")

    window = ("--event-time-start", "2024-01-01", "--event-time-end", "2024-01-06")
    refresh = project.dbt("build", "-s", "batched", *window, "--full-refresh")
    assert refresh.success
    assert [at.day for at, _ in project.rows("batched")] == [2, 5]
    assert project.snapshots("batched") > history


def test_the_first_batch_holds_its_own_rows_alone(project: Project) -> None:
    # Without event_time on the input, dbt does not filter what a batch reads.
    sql = f"select day::timestamp as at_time from ({DAYS.format(1, 0, 5)})"
    project.model("unfiltered", sql, materialized="table")
    project.model(
        "all_in_one",
        "select * from {{ ref('unfiltered') }}",
        materialized="incremental",
        incremental_strategy="microbatch",
        event_time="at_time",
        batch_size="day",
        begin="2024-01-01",
    )
    window = ("--event-time-start", "2024-01-02", "--event-time-end", "2024-01-03")
    assert not project.dbt("build", "-s", "unfiltered", "all_in_one", *window).success
    assert "4 rows lie outside the range" in project.log()
    assert not project.catalog.table_exists(("analytics", "all_in_one"))
