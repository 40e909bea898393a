"""Contracts and constraints: enforced, or refused; never passed over in silence."""

from typing import Any

import pytest

from orchestration.tests.integration.macros.dialect import ENGINE
from orchestration.tests.integration.macros.project import Project
from orchestration.tests.pages import promise


def declare(
    project: Project, name: str, columns: list[dict[str, Any]], **rest: Any
) -> None:
    model = {"name": name, "columns": columns, **rest}
    project.properties(f"models/{name}.yml", {"models": [model]})


def column(name: str, type_: str, *constraints: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "data_type": type_, "constraints": list(constraints)}


NOT_NULL = {"type": "not_null"}
POSITIVE = {"type": "check", "expression": "amount > 0"}
CONTRACT = {"config": {"contract": {"enforced": True}}}


def test_not_null_is_part_of_the_schema_and_enforced(project: Project) -> None:
    columns = [column("amount", "integer"), column("id", "integer", NOT_NULL)]
    declare(project, "required", columns, **CONTRACT)
    project.model("required", "select 1 as id, 5 as amount", materialized="table")
    project.run("required")
    fields = project.table("required").schema().fields
    assert [(field.name, field.required) for field in fields] == [
        ("amount", False),
        ("id", True),
    ], "in the contract's order"

    sql = "select null::integer as id, 5 as amount"
    project.model("required", sql, materialized="table")
    assert ENGINE.null_refused in project.fails("required")
    assert project.rows("required") == [(5, 1)]


@pytest.mark.parametrize("kind", ["table", "append", "merge", "range"])
def test_a_check_is_made_before_anything_is_committed(
    project: Project, kind: str
) -> None:
    name = f"checked_{kind}"
    config: dict[str, dict[str, Any]] = {
        "table": {"materialized": "table"},
        "append": {"materialized": "incremental"},
        "merge": {"materialized": "incremental", "unique_key": "id"},
        "range": {
            "materialized": "incremental",
            "incremental_strategy": "replace_range",
            "range": {"column": "id", "start": "0", "end": "100"},
        },
    }
    declare(
        project, name, [column("id", "integer"), column("amount", "integer", POSITIVE)]
    )
    project.model(
        name, "select 1 as id, 5 as amount union all select 2, null", **config[kind]
    )
    project.run(name)
    before = project.table(name).metadata_location
    project.model(name, "select 3 as id, -7 as amount", **config[kind])
    error = project.fails(name)
    assert f"check (amount > 0) on {name}.amount: 1 rows violate it" in error
    assert '"amount":-7' in error
    assert project.table(name).metadata_location == before


@pytest.mark.parametrize(
    ("type_", "remedy"),
    [
        ("unique", "unique data test"),
        ("primary_key", "unique as a data test"),
        ("foreign_key", "relationships data test"),
    ],
)
@promise("`unique`, `primary_key` and `foreign_key` constraints are refused")
def test_what_cannot_be_enforced_is_refused_with_the_remedy(
    project: Project, type_: str, remedy: str
) -> None:
    name = f"refused_{type_}"
    constraint = {"type": type_, "expression": "x (id)"}
    declare(project, name, [column("id", "integer", constraint)], **CONTRACT)
    project.model(name, "select 1 as id", materialized="table")
    error = project.fails(name)
    assert f"Constraint {type_} on {name}.id: the lake cannot enforce it" in error
    assert remedy in error


def test_a_view_enforces_nothing_and_says_so(project: Project) -> None:
    declare(project, "view_rule", [column("id", "integer", NOT_NULL)], **CONTRACT)
    project.model("view_rule", "select 1 as id", materialized="view")
    assert "a view holds no rows" in project.fails("view_rule")


def test_constraints_of_the_whole_model_count_as_well(project: Project) -> None:
    rules = [
        {"type": "not_null", "columns": ["id"]},
        {"type": "check", "expression": "id < amount"},
    ]
    columns = [column("id", "integer"), column("amount", "integer")]
    declare(project, "model_rules", columns, constraints=rules, **CONTRACT)
    project.model("model_rules", "select 9 as id, 5 as amount", materialized="table")
    assert "check (id < amount) on model_rules" in project.fails("model_rules")


def test_not_null_on_a_table_that_takes_null_needs_a_rebuild(project: Project) -> None:
    config = {
        "materialized": "incremental",
        "unique_key": "id",
        "on_schema_change": "append_new_columns",  # as dbt wants it with a contract
    }
    project.model("later_rule", "select 1 as id", **config)
    project.run("later_rule")
    declare(project, "later_rule", [column("id", "integer", NOT_NULL)], **CONTRACT)
    assert "Run with --full-refresh" in project.fails("later_rule")
    project.run("later_rule", full_refresh=True)
    assert project.table("later_rule").schema().fields[0].required


def test_a_query_that_breaks_its_contract_is_refused(project: Project) -> None:
    declare(project, "promised", [column("id", "integer")], **CONTRACT)
    for kind in ("table", "view", "incremental"):
        project.model(
            "promised",
            "select 'one' as id",
            materialized=kind,
            on_schema_change="append_new_columns",
        )
        error = project.fails("promised")
        assert "This model has an enforced contract that failed" in error


def test_a_new_column_that_is_not_null_needs_the_old_rows(project: Project) -> None:
    config = {"materialized": "incremental", "on_schema_change": "append_new_columns"}
    project.model("grown", "select 1 as id", **config)
    project.run("grown")
    before = project.table("grown").metadata_location
    declare(project, "grown", [column("extra", "integer", NOT_NULL)])
    project.model("grown", "select 2 as id, 5 as extra", **config)
    error = project.fails("grown")
    assert "the column is new to its rows" in error
    assert "--full-refresh" in error
    assert project.table("grown").metadata_location == before
    project.run("grown", full_refresh=True)
    assert project.rows("grown") == [(2, 5)]


def test_a_snapshot_holds_its_constraints_on_every_run(project: Project) -> None:
    def declared(*constraints: dict[str, Any], **config: Any) -> None:
        config = {"schema": "analytics", "unique_key": "id", **config}
        snapshot = {
            "name": "kept",
            "relation": "ref('kept_source')",
            "config": {"strategy": "check", "check_cols": "all", **config},
            "columns": [{"name": "amount", "constraints": list(constraints)}],
        }
        project.properties("snapshots/kept.yml", {"snapshots": [snapshot]})

    declared(POSITIVE)
    project.model("kept_source", "select 1 as id, 5 as amount", materialized="view")
    project.run("kept_source", "kept")
    before = project.table("kept").metadata_location
    project.model("kept_source", "select 1 as id, -5 as amount", materialized="view")
    project.run("kept_source")
    assert "check (amount > 0) on kept.amount" in project.fails("kept")
    declared({"type": "unique"})
    assert "Constraint unique on kept.amount" in project.fails("kept")
    declared(grants={"select": ["me"]})
    assert "config 'grants' does nothing" in project.fails("kept")
    assert project.table("kept").metadata_location == before
