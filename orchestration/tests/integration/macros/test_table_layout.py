"""How a table is laid out: its properties, order and types."""

import pytest

from orchestration.tests.integration.macros.dialect import ENGINE, duckdb_only, typed
from orchestration.tests.integration.macros.project import Project


def test_layout_and_properties_follow_the_config(project: Project) -> None:
    sql = """
        select range as id, 'k' || range as k,
            timestamp '2024-01-01' + range * interval 1 day as at
        from range(100) as n(range)
    """
    config = {
        "materialized": "table",
        "partition_by": ["month(at)", "bucket(16, id)", "truncate(2, k)"],
        "sort_by": ["id desc"],
        "table_properties": {"write.target-file-size-bytes": 1048576},
    }
    project.model("laid_out", sql, **config)
    project.run("laid_out")
    table = project.table("laid_out")
    spec = [(str(f.transform), f.name) for f in table.spec().fields]
    assert spec == [
        ("month", "at_month"),
        ("bucket[16]", "id_bucket"),
        ("truncate[2]", "k_trunc"),
    ]
    assert str(table.sort_order().fields[0].direction) == "DESC"
    assert table.properties["write.target-file-size-bytes"] == "1048576"
    assert table.scan("id = 42").to_arrow().num_rows == 1, "its bucket is the spec's"
    assert table.scan("at >= '2024-03-01T00:00:00'").to_arrow().num_rows == 40

    project.model("laid_out", sql, materialized="table", partition_by="year(at)")
    project.run("laid_out")
    table = project.table("laid_out")
    assert [str(f.transform) for f in table.spec().fields] == ["year"]
    assert table.sort_order().is_unsorted
    assert "write.target-file-size-bytes" not in table.properties
    files = table.inspect.files().to_pylist()
    assert {file["spec_id"] for file in files} == {table.spec().spec_id}


def test_rows_are_written_in_the_order_of_sort_by(project: Project) -> None:
    sql = "select (range * 7919) % 100000 as id from range(100000) as n(range)"
    project.model("ordered", sql, materialized="table", sort_by=["id"])
    project.run("ordered")
    ids = project.table("ordered").scan().to_arrow()["id"].to_pylist()
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("bad_transform", {"partition_by": "week(at)"}, "is no partition transform"),
        ("bad_width", {"partition_by": "bucket(id)"}, "is no partition transform"),
        ("bad_column", {"partition_by": "month(nope)"}, "names no column"),
        ("bad_type", {"partition_by": "month(id)"}, "cannot partition a column of"),
        ("bad_decimal", {"partition_by": "truncate(5, paid)"}, "cannot partition a"),
        ("bad_sort", {"sort_by": "nope desc"}, "names no column"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(
    project: Project, name: str, config: dict[str, str], message: str
) -> None:
    sql = "select 1 as id, timestamp '2024-01-01' as at, 1.5::decimal(9, 2) as paid"
    project.model(name, sql, materialized="table", **config)
    assert message in project.fails(name)


def test_a_type_that_iceberg_lacks_is_named_with_its_column(project: Project) -> None:
    sql = "select 1 as id, interval 1 day as waiting"
    project.model("lacking", sql, materialized="table")
    error = project.fails("lacking")
    assert "column waiting" in error
    assert "Iceberg has no type for INTERVAL" in error


def test_every_type_that_both_engines_have_comes_back_as_it_was(
    project: Project,
) -> None:
    struct = ENGINE.struct_of({"x": "1", "y y": ENGINE.list_of("'z'")})
    sql = f"""
        select true as a, 1::tinyint as b, {typed("2", "ubigint")} as c,
            {typed("3", "hugeint")} as d, 1.5::float as e, 2.25::decimal(9, 2) as f,
            date '2024-02-29' as g, timestamp '2024-01-01 10:00:00.123456' as h,
            {typed("'2024-01-01 10:00:00+02'", "timestamptz")} as i,
            {typed("'ab'", "blob")} as j, {ENGINE.list_of("1", "null")} as k,
            {struct} as l, {ENGINE.map_of("'p'", "1.5::double")} as m, null as n
    """
    project.model("typed", sql, materialized="table")
    project.run("typed")
    row = project.rows("typed", "1")[0]
    assert row[:6] == (True, 1, 2, 3, 1.5, pytest.approx(2.25))
    assert [str(value) for value in row[6:9]] == [
        "2024-02-29",
        "2024-01-01 10:00:00.123456",
        "2024-01-01 08:00:00+00:00",
    ]
    assert row[9:] == (b"ab", [1, None], {"x": 1, "y y": ["z"]}, {"p": 1.5}, None)
    types = [str(field.field_type) for field in project.table("typed").schema().fields]
    assert types[:4] == ["boolean", "int", "decimal(20, 0)", "decimal(38, 0)"]
    assert types[-1] == "int", "what has no type is an int"
    assert project.table("typed").scan().to_arrow().num_rows == 1


@duckdb_only("Spark has none of these types, or cannot keep them in Iceberg")
def test_types_of_duckdb_alone_come_back_as_they_were(project: Project) -> None:
    sql = """
        select time '10:11:12.5' as a,
            uuid '11111111-2222-3333-4444-555555555555' as b,
            '{"q": 1}'::json as c, 'small'::enum ('small', 'big') as d
    """
    project.model("typed_more", sql, materialized="table")
    project.run("typed_more")
    row = project.rows("typed_more", "1")[0]
    assert [str(value) for value in row] == [
        "10:11:12.500000",
        "11111111-2222-3333-4444-555555555555",
        '{"q": 1}',
        "small",
    ]
    assert project.table("typed_more").scan().to_arrow().num_rows == 1
