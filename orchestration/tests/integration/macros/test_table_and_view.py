"""table and view: history, failures, and one kind becoming the other."""

import subprocess
import sys
import textwrap
from typing import Any

import pytest

from orchestration.tests.integration.macros.dialect import ENGINE, duckdb_only
from orchestration.tests.integration.macros.project import Project

DBT = [sys.executable, "-m", "dbt.cli.main"]


def test_a_rebuild_is_one_commit_that_keeps_history_and_field_ids(
    project: Project,
) -> None:
    sql = "select range as id, 'v' || range as v from range({}) as n(range)"
    config = {"materialized": "table", "partition_by": ["bucket(4, id)"]}
    project.model("rebuilt", sql.format(1000), **config)
    project.run("rebuilt")
    first = project.table("rebuilt")
    project.model("rebuilt", sql.format(500), **config)
    outcome = project.run("rebuilt", full_refresh=True)

    table = project.table("rebuilt")
    assert outcome.messages["rebuilt"] == "INSERT 500"
    assert project.commits("rebuilt") == len(first.metadata.metadata_log) + 1
    assert project.operations("rebuilt") == ["append", "overwrite"]
    assert table.location() == first.location()
    assert table.metadata.table_uuid == first.metadata.table_uuid
    assert table.schema() == first.schema()
    assert project.delete_files("rebuilt") == 0
    assert table.scan().to_arrow().num_rows == 500
    before = first.metadata.current_snapshot_id
    assert before is not None
    assert table.scan(snapshot_id=before).to_arrow().num_rows == 1000
    at = f"select count(*) from lake.analytics.rebuilt at (version => {before})"
    assert project.sql(at) == [(1000,)]


def test_old_snapshots_keep_their_columns_when_types_and_order_change(
    project: Project,
) -> None:
    project.model("drifting", "select 1 as id, 'x' as v, 2 as w", materialized="table")
    project.run("drifting")
    old = project.table("drifting").metadata.current_snapshot_id
    changed = "select 5::bigint as w, 7 as v, 9 as n, 1 as id"
    project.model("drifting", changed, materialized="table")
    project.run("drifting")

    table = project.table("drifting")
    ids = {field.name: field.field_id for field in table.schema().fields}
    assert (ids["id"], ids["w"]) == (1, 3), "kept, also where int became long"
    assert ids["v"] > 3, "a text that became a number is another column"
    assert ids["n"] > 3
    assert project.rows("drifting") == [(5, 7, 9, 1)]
    before = table.scan(snapshot_id=old).to_arrow().to_pylist()
    assert before == [{"id": 1, "v": "x", "w": 2}]


def test_a_model_that_fails_leaves_the_old_table_and_nothing_else(
    project: Project,
) -> None:
    project.model("fragile", "select 1 as id", materialized="table")
    project.run("fragile")
    before = project.table("fragile").metadata_location
    failing = (
        "select cast(if(range = 5, 'x', '1') as int) as id from range(10) as n(range)"
    )
    project.model("fragile", failing, materialized="table")
    assert ENGINE.bad_cast in project.fails("fragile")
    assert project.table("fragile").metadata_location == before
    assert project.rows("fragile") == [(1,)]


def test_a_view_is_an_iceberg_view_and_readable_at_once(project: Project) -> None:
    # The outer view comes first by name: the order is that of what views read.
    project.model(
        "base",
        "select range as id from range(3) as n(range)",
        materialized="table",
    )
    project.model("over_base", "select id from {{ ref('base') }}", materialized="view")
    project.model(
        "an_outer_view", "select id from {{ ref('over_base') }}", materialized="view"
    )
    project.model(
        "from_view", "select * from {{ ref('an_outer_view') }}", materialized="table"
    )
    project.run("base", "over_base", "an_outer_view", "from_view")
    view = project.catalog.load_view(("analytics", "over_base")).metadata
    dialects = [r.root.dialect for r in view.versions[-1].representations]
    assert dialects[0] == ENGINE.name
    assert view.schemas[-1].column_names == ["id"]
    assert project.sql("select count(*) from analytics.an_outer_view") == [(3,)]

    # Another process builds only what reads the views.
    project.run("from_view")
    assert len(project.rows("from_view")) == 3
    again = project.run("over_base")
    after = project.catalog.load_view(("analytics", "over_base")).metadata
    assert again.success
    assert after == view, "an equal view commits nothing"


def test_a_view_becomes_a_table_and_a_view_again(project: Project) -> None:
    names = ("analytics", "changeling")
    for kind, other in (("view", "table"), ("table", "view"), ("view", "table")):
        project.model("changeling", f"select '{kind}' as kind", materialized=kind)
        project.run("changeling")
        assert project.sql("select kind from analytics.changeling") == [(kind,)]
        exists = {
            "table": project.catalog.table_exists(names),
            "view": project.catalog.view_exists(names),
        }
        assert exists == {kind: True, other: False}


def test_hooks_run_before_and_after_the_table_is_there(project: Project) -> None:
    project.model("hooked_log", "select 0 as n", materialized="table")
    project.run("hooked_log")
    log = "insert into lake.analytics.hooked_log"
    project.model(
        "hooked",
        "select range as id from range(10) as n(range)",
        materialized="table",
        pre_hook=f"{log} select 1",
        post_hook=f"{log} select count(*) from {{{{ this }}}}",
    )
    project.run("hooked")
    assert project.rows("hooked_log") == [(0,), (1,), (10,)]


def test_what_a_failed_model_staged_goes_with_the_next_start(project: Project) -> None:
    failing = (
        "select cast(if(range = 5, 'x', '1') as int) as id from range(10) as n(range)"
    )
    project.model("leftover", failing, materialized="table")
    project.fails("leftover")
    assert "leftover__firn_tmp_" in project.log(), "rows went there"
    assert project.dbt("ls", "--select", "leftover").success
    project.model("next", "select 1 as id", materialized="table")
    project.run("next")
    assert not [name for name in tables(project) if "__firn_tmp_" in name]


def test_a_header_runs_before_the_query(project: Project) -> None:
    header = "create or replace temporary view wanted as select 42 as id"
    sql = "select id from wanted"
    project.model("headed", sql, materialized="table", sql_header=header)
    project.run("headed")
    assert project.rows("headed") == [(42,)]


def test_two_processes_on_one_model_leave_one_whole_table(project: Project) -> None:
    sql = "select range as id from range(200000) as n(range)"
    project.model("contended", sql, materialized="table")
    folder = str(project.folder)
    command = [*DBT, "run", "--select", "contended", "--project-dir", folder]
    command += ["--profiles-dir", folder, "--target", ENGINE.target]
    started = [
        subprocess.Popen(  # dbt itself
            [
                *command,
                "--target-path",
                f"{folder}/target_{number}",
                "--log-path",
                f"{folder}/logs_{number}",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    outputs = [process.communicate(timeout=300)[0] for process in started]
    done = [process.returncode for process in started]
    assert 0 in done, outputs
    for code, output in zip(done, outputs, strict=True):
        assert code == 0 or "another process changed the table" in output
    assert len(project.rows("contended")) == 200000
    assert not [name for name in tables(project) if "contended__firn_tmp" in name]


@duckdb_only("Python models are refused on Spark")
def test_a_python_model_is_a_table_like_any_other(project: Project) -> None:
    project.model(
        "input",
        "select range as id from range(5) as n(range)",
        materialized="table",
    )
    code = """
    def model(dbt, session):
        dbt.config(materialized="table", partition_by=["bucket(2, id)"])
        return dbt.ref("input").filter("id > {}")
    """
    for least in (1, 3):
        project.write("models/pythonic.py", textwrap.dedent(code).format(least))
        project.run("input", "pythonic")
    assert project.rows("pythonic") == [(4,)]
    assert project.snapshots("pythonic") == 2
    assert len(project.table("pythonic").spec().fields) == 1


def test_truncate_and_drop_by_macro_touch_no_file(project: Project) -> None:
    project.model(
        "emptied",
        "select range as id from range(5) as n(range)",
        materialized="table",
    )
    project.run("emptied")
    code = """
    {% macro rows_now() %}
        {% call statement('rows_now', fetch_result=True) %}
            select count(*) from lake.analytics.emptied
        {% endcall %}
        {{ return(load_result('rows_now').data[0][0]) }}
    {% endmacro %}
    {% macro empty_it() %}
        {% set before = rows_now() %}
        {% do adapter.truncate_relation(load_relation(ref('emptied'))) %}
        {% set after = rows_now() %}
        {% if (before, after) != (5, 0) %}
            {% do exceptions.raise_compiler_error(before ~ ' then ' ~ after) %}
        {% endif %}
    {% endmacro %}
    {% macro drop_it() %}
        {% do adapter.drop_relation(load_relation(ref('emptied'))) %}
    {% endmacro %}
    """
    project.write("macros/operations.sql", textwrap.dedent(code))
    assert project.dbt("run-operation", "empty_it").success
    assert project.rows("emptied") == []
    assert project.delete_files("emptied") == 0
    table = project.table("emptied")
    first = table.metadata.snapshots[0].snapshot_id
    assert project.dbt("run-operation", "drop_it").success
    assert "emptied" not in tables(project)
    assert table.scan(snapshot_id=first).to_arrow().num_rows == 5


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("granted", {"grants": {"select": ["me"]}}, "config 'grants' does nothing"),
        (
            "indexed",
            {"indexes": [{"columns": ["id"]}]},
            "config 'indexes' does nothing",
        ),
    ],
)
def test_a_config_without_meaning_here_is_refused(
    project: Project, name: str, config: dict[str, Any], message: str
) -> None:
    project.model(name, "select 1 as id", materialized="table", **config)
    assert message in project.fails(name)


def tables(project: Project) -> list[str]:
    """Every table, those with temporary names among them."""
    return [name[-1] for name in project.catalog.list_tables(("analytics",))]
