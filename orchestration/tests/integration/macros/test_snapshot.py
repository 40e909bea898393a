"""Snapshots: both strategies, every mode of hard deletes, one commit each."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from orchestration.tests.integration.macros.project import Project


def declare(project: Project, name: str, sql: str, **config: Any) -> None:
    """A snapshot of a model whose rows the test changes."""
    project.model(f"{name}_source", sql, materialized="view")
    relation = f"ref('{name}_source')"
    settings = {"schema": "analytics", "unique_key": "id", **config}
    snapshot = {"name": name, "relation": relation, "config": settings}
    project.properties(f"snapshots/{name}.yml", {"snapshots": [snapshot]})


def take(project: Project, name: str) -> None:
    project.run(f"{name}_source", name)


def versions(project: Project, name: str) -> list[tuple[Any, ...]]:
    """Key, value and whether it is open, in the order of time."""
    table = project.table(name)
    rows = table.scan().to_arrow().to_pylist()
    rows.sort(key=lambda row: (row["id"], row["dbt_valid_from"]))
    return [(row["id"], row["v"], row["dbt_valid_to"] is None) for row in rows]


OPEN = datetime.fromisoformat("9999-12-31")
ROW = "select {} as id, '{}' as v, timestamp '{}' as seen_at"
STAYS = ROW.format(2, "a", "2024-01-01")
FIRST = f"{ROW.format(1, 'a', '2024-01-01')} union all {STAYS}"
GONE = ROW.format(1, "b", "2024-02-01")
SECOND = f"{GONE} union all {STAYS}"


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("snap_timestamp", {"strategy": "timestamp", "updated_at": "seen_at"}),
        ("snap_check", {"strategy": "check", "check_cols": "all"}),
        ("snap_check_some", {"strategy": "check", "check_cols": ["v"]}),
    ],
)
def test_a_change_closes_one_version_and_opens_another_in_one_commit(
    project: Project, name: str, config: dict[str, Any]
) -> None:
    declare(project, name, FIRST, **config)
    take(project, name)
    assert project.snapshots(name) == 1

    take(project, name)
    assert project.snapshots(name) == 1, "nothing changed, nothing committed"

    commits = project.commits(name)
    declare(project, name, SECOND, **config)
    take(project, name)
    assert project.commits(name) == commits + 1
    expected = [(1, "a", False), (1, "b", True), (2, "a", True)]
    assert versions(project, name) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("ignore", [(1, "b", True), (2, "a", True)]),
        ("invalidate", [(1, "b", True), (2, "a", False)]),
        ("new_record", [(1, "b", True), (2, "a", False), (2, "a", True)]),
    ],
)
def test_rows_that_vanish(
    project: Project, mode: str, expected: list[tuple[Any, ...]]
) -> None:
    name = f"snap_{mode}"
    config = {"strategy": "timestamp", "updated_at": "seen_at", "hard_deletes": mode}
    declare(project, name, SECOND, **config)
    take(project, name)
    declare(project, name, GONE, **config)
    take(project, name)
    assert versions(project, name) == expected
    if mode == "new_record":
        rows = project.table(name).scan().to_arrow().to_pylist()
        deleted = [row["dbt_is_deleted"] for row in rows if row["id"] == 2]
        assert sorted(deleted) == ["False", "True"]
        declare(project, name, SECOND, **config)
        take(project, name)
        assert len(versions(project, name)) == 4, "it is back"


def test_a_row_dated_by_days_may_vanish(project: Project) -> None:
    config = {"updated_at": "seen_on", "strategy": "timestamp"}
    day = "select {} as id, 'a' as v, date '2024-01-01' as seen_on"
    both = f"{day.format(1)} union all {day.format(2)}"
    declare(project, "snap_days", both, hard_deletes="invalidate", **config)
    take(project, "snap_days")
    declare(project, "snap_days", day.format(1), hard_deletes="invalidate", **config)
    take(project, "snap_days")
    assert versions(project, "snap_days") == [(1, "a", True), (2, "a", False)]


def test_new_columns_are_added_and_lost_ones_stay(project: Project) -> None:
    config = {"strategy": "check", "check_cols": "all"}
    declare(project, "snap_columns", FIRST, **config)
    take(project, "snap_columns")
    wider = "select 1 as id, 'z' as v, 5 as extra"
    declare(project, "snap_columns", wider, **config)
    take(project, "snap_columns")
    schema = project.table("snap_columns").schema()
    assert {"seen_at", "extra"} <= set(schema.column_names)
    assert schema.find_field("id").field_id == 1


@pytest.mark.parametrize(
    ("kind", "sql", "message"),
    [
        ("null", "select null::int as id, 'a' as v", "is null in 1 rows"),
        ("twice", "select 1 as id, 'a' as v union all select 1, 'b'", "is not unique"),
    ],
)
def test_keys_that_name_no_single_row_are_refused(
    project: Project, kind: str, sql: str, message: str
) -> None:
    name = f"snap_{kind}"
    config = {"strategy": "check", "check_cols": "all"}
    declare(project, name, FIRST, **config)
    take(project, name)
    declare(project, name, sql, **config)
    project.run(f"{name}_source")
    assert message in project.fails(name)
    assert project.snapshots(name) == 1


def test_a_key_may_be_an_expression(project: Project) -> None:
    name, config = "snap_expression", {"strategy": "timestamp", "updated_at": "seen_at"}
    config |= {"unique_key": "id || '-x'", "hard_deletes": "invalidate"}
    for source in (FIRST, SECOND, GONE, SECOND):
        declare(project, name, source, **config)
        take(project, name)
    expected = [(1, "a", False), (1, "b", True), (2, "a", False), (2, "a", True)]
    assert versions(project, name) == expected

    declare(project, name, FIRST, **config | {"unique_key": "v || '-x'"})
    project.run(f"{name}_source")
    assert "is not unique: 1 keys have several rows" in project.fails(name)


def test_layout_names_of_columns_and_open_end_come_from_config(
    project: Project,
) -> None:
    config = {
        "strategy": "timestamp",
        "updated_at": "seen_at",
        "unique_key": ["id", "v"],
        "dbt_valid_to_current": "timestamp '9999-12-31'",
        "snapshot_meta_column_names": {"dbt_valid_to": "ends_at"},
        "partition_by": ["month(dbt_valid_from)"],
    }
    declare(project, "snap_config", FIRST, **config)
    take(project, "snap_config")
    again = FIRST.replace("'2024-01-01' as seen_at", "'2024-03-01' as seen_at")
    declare(project, "snap_config", again, **config)
    take(project, "snap_config")
    table = project.table("snap_config")
    assert str(table.spec().fields[0].transform) == "month"
    ends = [str(row["ends_at"])[:4] for row in table.scan().to_arrow().to_pylist()]
    assert sorted(ends) == ["2024", "2024", "9999", "9999"]


@pytest.mark.parametrize("current", [None, "timestamp '9999-12-31'"])
@pytest.mark.parametrize("mode", ["invalidate", "new_record"])
def test_a_row_that_comes_back_as_old_as_it_was_overlaps_nothing(
    project: Project, mode: str, current: str | None
) -> None:
    name = f"snap_back_{mode}_{'open' if current is None else 'dated'}"
    config = {"strategy": "timestamp", "updated_at": "seen_at", "hard_deletes": mode}
    if current:
        config["dbt_valid_to_current"] = current
    for source in (SECOND, GONE, SECOND):
        declare(project, name, source, **config)
        take(project, name)
    rows = project.table(name).scan().to_arrow().to_pylist()
    history = sorted(
        (row["dbt_valid_from"], row["dbt_valid_to"] or OPEN)
        for row in rows
        if row["id"] == 2
    )
    assert len(history) == {"invalidate": 2, "new_record": 3}[mode]
    for (start, end), (following, _) in pairwise(history):
        assert start <= end <= following
    assert history[-1][1].year == 9999, "the last one is open"
    assert len({row["dbt_scd_id"] for row in rows}) == len(rows)
    assert {row["seen_at"].year for row in rows} == {2024}
    take(project, name)
    assert project.table(name).scan().to_arrow().num_rows == len(rows), "and stays so"
