"""A table that is laid out anew reads alike in every engine afterwards."""

from typing import Any

import pytest

from orchestration.tests.integration.macros.dialect import duckdb_only, typed
from orchestration.tests.integration.macros.project import Project
from orchestration.tests.pages import promise

MORE = ["month(d)", "bucket(2, id)"]
# docs/how-to/run-on-spark.md
UNMERGEABLE = duckdb_only("Iceberg for Spark cannot merge where such a column was")


@pytest.mark.parametrize(
    ("name", "sql", "partition_by"),
    [
        ("to_none", "select {0} as id, date '2024-0{0}-01' as d", None),
        ("to_other", "select {0} as id, date '2024-0{0}-01' as d", "bucket(2, id)"),
        ("to_more", "select {0} as id, date '2024-0{0}-01' as d", MORE),
        pytest.param(
            "to_retyped",
            "select {0} as id, timestamp '2024-0{0}-01' as d",
            "month(d)",
            marks=UNMERGEABLE,
        ),
        pytest.param(
            "to_dropped", "select {0} as id, {0} as e", None, marks=UNMERGEABLE
        ),
    ],
)
def test_a_merge_after_another_partitioning_is_read_alike_by_all(
    project: Project, name: str, sql: str, partition_by: str | list[str] | None
) -> None:
    config = {"materialized": "incremental", "unique_key": "id"}
    rows = "select {0} as id, date '2024-0{0}-01' as d"
    before = " union all ".join(rows.format(i) for i in (1, 2, 3))
    project.model(name, before, **config, partition_by="month(d)")
    project.run(name)
    changed = {"partition_by": partition_by} if partition_by else {}
    after = " union all ".join(sql.format(i) for i in (1, 2, 3))
    project.model(name, after, **config, **changed)
    project.run(name, full_refresh=True)
    table = project.table(name)
    snapshot = table.current_snapshot()
    assert snapshot is not None
    specs = {one.partition_spec_id for one in snapshot.manifests(table.io)}
    assert specs == {table.metadata.default_spec_id}, "none of the old spec is listed"
    assert snapshot.summary is not None
    assert int(snapshot.summary["deleted-data-files"] or 0) == 3

    last = table.schema().fields[-1].name
    merged = sql.format(4).replace("4 as id", "2 as id")
    project.model(name, f"{merged} union all {sql.format(5)}", **config, **changed)
    project.run(name)
    read = project.table(name).scan().to_arrow()
    assert sorted(read["id"].to_pylist()) == [1, 2, 3, 5]
    counted = f"select count(*) from lake.analytics.{name} where "
    assert project.sql(f"{counted} id < 10 and {last} is not null") == [(4,)]
    assert project.sql(f"{counted} id = 2") == [(1,)]


def row_at(id_: int, type_: str, at: str) -> str:
    return f"select {id_} as id, {typed(repr(at), type_)} as at"


WAYS: dict[str, dict[str, Any]] = {
    "append": {"incremental_strategy": "append"},
    "merge": {"unique_key": "id"},
    "groups": {"unique_key": "id", "incremental_strategy": "delete+insert"},
    "range": {
        "incremental_strategy": "replace_range",
        "range": {"column": "at", "grain": "year"},
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("type_", "transform"), [("timestamp", "month"), ("timestamptz", "day")]
)
@promise(
    "DuckDB loses timestamps before 1970 where `month()` or `day()` partitions a "
    "table, so that is refused"
)
def test_timestamps_before_1970_are_refused_where_they_would_be_lost(
    project: Project, way: str, type_: str, transform: str
) -> None:
    name = f"epoch_{way}_{transform}"
    config: dict[str, Any] = {"materialized": "incremental", **WAYS[way]}
    config["partition_by"] = f"{transform}(at)"
    old = row_at(2, type_, "1969-12-31 10:00:00")
    project.model(name, old, **config)
    assert "1 rows have a at before 1970" in project.fails(name)
    assert not project.catalog.table_exists(("analytics", name))

    project.model(name, row_at(1, type_, "1970-01-01 00:00:00"), **config)
    project.run(name)
    before = project.table(name).metadata_location
    project.model(name, old, **config)
    assert "Partition by year(at) with --full-refresh" in project.fails(name)
    assert project.table(name).metadata_location == before


@pytest.mark.parametrize(
    ("name", "type_", "by"),
    [("epoch_year", "timestamp", "year(at)"), ("epoch_date", "date", "month(at)")],
)
def test_other_layouts_take_rows_before_1970_and_find_them_again(
    project: Project, name: str, type_: str, by: str
) -> None:
    config = {"materialized": "incremental", "unique_key": ["id", "at"]}
    rows = row_at(1, type_, "1965-03-15")
    project.model(name, rows, **config, partition_by=by)
    for _ in range(3):
        project.run(name)
    assert len(project.rows(name)) == 1


def test_columns_of_any_name_lay_out_a_table(project: Project) -> None:
    sql = """select range as "order", 'x' as "we""ird", range as "2 words",
        date '2024-01-01' as "d x" from range(3) as n(range)"""
    project.model(
        "oddly_laid",
        sql,
        materialized="table",
        partition_by=['truncate(2, we"ird)', "bucket(2, 2 words)", 'day("d x")'],
        sort_by=["order desc nulls first", "2 words", '"we""ird"'],
    )
    project.run("oddly_laid")
    table = project.table("oddly_laid")
    names = [field.name for field in table.spec().fields]
    assert names == ["we_ird_trunc", "_2_words_bucket", "d_x_day"]
    assert table.scan("order >= 0").to_arrow().num_rows == 3
    assert len(project.rows("oddly_laid")) == 3
    assert len(table.sort_order().fields) == 3


def test_a_table_that_was_emptied_under_another_partitioning_fills_again(
    project: Project,
) -> None:
    sql = "select range as id, date '2024-01-01' as d from range({}) as n(range)"
    config = {"materialized": "incremental", "unique_key": "id"}
    project.model("refilled", sql.format(3), **config, partition_by="month(d)")
    project.run("refilled")
    project.model("refilled", sql.format(0), **config)
    project.run("refilled", full_refresh=True)
    assert project.rows("refilled") == []
    for rows in (2, 4):
        project.model("refilled", sql.format(rows), **config)
        project.run("refilled")
    assert project.table("refilled").scan().to_arrow().num_rows == 4
    assert project.sql("select count(*) from lake.analytics.refilled where id = 1") == [
        (1,)
    ]
