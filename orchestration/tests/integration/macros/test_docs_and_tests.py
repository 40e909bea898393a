"""persist_docs, docs generate, stored failures, unit tests."""

import json

from orchestration.tests.integration.macros.dialect import ENGINE
from orchestration.tests.integration.macros.project import Project
from orchestration.tests.pages import promise

PERSIST = {"relation": True, "columns": True}


def describe(project: Project, name: str, text: str, column: str) -> None:
    columns = [{"name": "id", "description": column}]
    model = {"name": name, "description": text, "columns": columns}
    project.properties(f"models/{name}.yml", {"models": [model]})


def test_descriptions_come_with_the_rows_and_change_in_one_commit(
    project: Project,
) -> None:
    config = {
        "materialized": "incremental",
        "unique_key": "id",
        "persist_docs": PERSIST,
    }
    project.model("told", "select 1 as id, 2 as other", **config)
    describe(project, "told", 'It\'s one "row".', "The key;\nsecond line.")
    project.run("told")
    table = project.table("told")
    assert table.properties["comment"] == 'It\'s one "row".'
    assert table.schema().find_field("id").doc == "The key;\nsecond line."
    # Create, fill, rename: what a new table takes without any description.
    assert project.commits("told") == 1

    project.run("told")
    assert project.commits("told") == 1, "nothing changed"

    describe(project, "told", "Another text.", "Another key.")
    project.run("told")
    table = project.table("told")
    assert project.commits("told") == 2
    assert table.properties["comment"] == "Another text."
    assert table.schema().find_field("id").doc == "Another key."
    assert table.metadata.snapshots[-1].snapshot_id == (
        table.metadata.current_snapshot_id
    )


def test_a_described_column_that_is_not_there_is_warned_of(project: Project) -> None:
    project.model("misdescribed", "select 1 as id", materialized="table")
    columns = [
        {"name": "ID", "description": "Quoted, so another one.", "quote": True},
        {"name": "nope", "description": "None at all."},
    ]
    docs = {"persist_docs": PERSIST}
    model = {"name": "misdescribed", "columns": columns, "config": docs}
    project.properties("models/misdescribed.yml", {"models": [model]})
    project.run("misdescribed")
    assert "are not present in the database: ID, nope" in project.log()
    assert project.table("misdescribed").schema().find_field("id").doc is None


def test_a_description_that_is_gone_goes_from_the_table(project: Project) -> None:
    config = {"materialized": "incremental", "persist_docs": PERSIST}
    project.model("untold", "select 1 as id", **config)
    describe(project, "untold", "One.", "The key.")
    project.run("untold")
    describe(project, "untold", "", "")
    project.run("untold")
    table = project.table("untold")
    assert table.schema().find_field("id").doc is None
    assert "comment" not in table.properties


def test_a_rebuilt_table_takes_its_descriptions_along(project: Project) -> None:
    config = {"materialized": "table", "persist_docs": PERSIST}
    project.model("retold", "select 1 as id", **config)
    describe(project, "retold", "One.", "Old.")
    project.run("retold")
    commits = project.commits("retold")
    describe(project, "retold", "Two.", "New.")
    project.run("retold")
    assert project.commits("retold") == commits + 1
    assert project.table("retold").schema().find_field("id").doc == "New."
    project.model("retold", "select 1 as id", materialized="table")
    project.run("retold")
    assert "comment" not in project.table("retold").properties


@promise("lineage, columns, rows and files")
def test_docs_generate_knows_columns_types_and_sizes(project: Project) -> None:
    deep = ENGINE.struct_of({"a": ENGINE.list_of("1.5::decimal(9, 2)")})
    sql = f'select 1 as id, {deep} as "Deep One"'
    project.model("documented", sql, materialized="table", persist_docs=PERSIST)
    view = "select id from {{ ref('documented') }}"
    project.model("documented_view", view, materialized="view", persist_docs=PERSIST)
    describe(project, "documented", "A table.", "The key.")
    describe(project, "documented_view", "A view.", "Its key.")
    project.run("documented", "documented_view")
    assert project.dbt("docs", "generate", "--no-compile", "--write-json").success

    catalog = json.loads((project.folder / "target/catalog.json").read_text())
    table = catalog["nodes"]["model.firn.documented"]
    assert table["metadata"]["type"] == "BASE TABLE"
    assert table["metadata"]["comment"] == "A table."
    assert table["columns"]["id"]["comment"] == "The key."
    types = {name: found["type"] for name, found in table["columns"].items()}
    assert types == {"id": "INTEGER", "Deep One": 'STRUCT("a" DECIMAL(9,2)[])'}
    assert table["stats"]["rows"]["value"] == 1
    view_node = catalog["nodes"]["model.firn.documented_view"]
    assert view_node["metadata"]["type"] == "VIEW"
    assert view_node["metadata"]["comment"] == "A view."
    assert view_node["columns"]["id"]["type"] == "INTEGER"


def test_failures_are_stored_as_table_or_view_and_replaced(project: Project) -> None:
    project.model(
        "failing",
        "select range as id from range(5) as n(range)",
        materialized="table",
    )
    for kind in ("table", "view"):
        project.write(
            f"tests/stored_{kind}.sql",
            f"{{{{ config(store_failures_as='{kind}', schema='audit') }}}}\n"
            "select * from {{ ref('failing') }} where id > 2\n",
        )
    names = ("failing", "stored_table", "stored_view")
    for _ in range(2):
        outcome = project.dbt("build", "--select", *names)
        assert outcome.statuses["stored_table"] == "fail"
        assert outcome.statuses["stored_view"] == "fail"
    assert project.rows("stored_table", schema="audit") == [(3,), (4,)]
    assert project.sql("select * from audit.stored_view order by id") == [(3,), (4,)]
    assert project.snapshots("stored_table", "audit") == 2
    project.model("failing", "select 1 as id", materialized="table")
    assert project.dbt("build", "--select", *names).success


def test_unit_tests_find_the_columns_of_tables_and_views(project: Project) -> None:
    project.model("given_table", "select 1 as id, 'a' as v", materialized="table")
    view = "select id, v from {{ ref('given_table') }}"
    project.model("given_view", view, materialized="view")
    sql = """
        select t.id, v.v from {{ ref('given_table') }} as t
        inner join {{ ref('given_view') }} as v using (id)
        {% if is_incremental() %}
        where t.id > (select max(id) from {{ this }})
        {% endif %}
    """
    config = {"materialized": "incremental", "unique_key": "id"}
    project.model("unit_tested", sql, **config)
    rows = [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]
    inputs = [
        {"input": "ref('given_table')", "rows": rows},
        {"input": "ref('given_view')", "rows": rows},
    ]
    tests = [
        {
            "name": "on_a_first_build_all_rows_come",
            "given": inputs,
            "overrides": {"macros": {"is_incremental": False}},
            "expect": rows,
        },
        {
            "name": "later_only_new_rows_come",
            "given": [*inputs, {"input": "this", "rows": rows[:1]}],
            "overrides": {"macros": {"is_incremental": True}},
            "expect": rows[1:],
        },
    ]
    units = [
        {**test, "model": "unit_tested", "expect": {"rows": test["expect"]}}
        for test in tests
    ]
    project.properties("models/units.yml", {"unit_tests": units})
    names = ("given_table", "given_view", "unit_tested")
    # `this` is an input, so the table must be there before the first unit test.
    assert project.dbt("run", "--select", *names).success
    outcome = project.run(*names)
    assert outcome.statuses["later_only_new_rows_come"] == "pass"


def test_freshness_reads_a_table_of_the_lake(project: Project) -> None:
    project.model("fresh", "select now() as loaded", materialized="table")
    project.run("fresh")
    table = {"name": "fresh", "loaded_at_field": "loaded"}
    rule = {"freshness": {"error_after": {"count": 1, "period": "hour"}}}
    source = {
        "name": "own",
        "schema": "analytics",
        "tables": [{**table, "config": rule}],
    }
    project.properties("models/sources.yml", {"sources": [source]})
    assert project.dbt("source", "freshness").success
