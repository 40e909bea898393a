"""incremental: append, schema changes, and what every strategy shares."""

from typing import Any

import pytest

from orchestration.tests.integration.macros.project import Project

APPEND = {"materialized": "incremental"}
MERGE = {"materialized": "incremental", "unique_key": "id"}


def test_append_is_one_commit_and_none_for_no_rows(project: Project) -> None:
    project.model("appended", "select 1 as id", **APPEND)
    project.run("appended")
    filtered = "select 2 as id where {{ 'false' if is_incremental() else 'true' }}"
    project.model("appended", filtered, **APPEND)
    commits = project.commits("appended")
    assert project.run("appended").messages["appended"] == "APPEND 0"
    assert project.commits("appended") == commits
    project.model("appended", "select 2 as id", **APPEND)
    project.run("appended")
    assert project.commits("appended") == commits + 1
    assert project.rows("appended") == [(1,), (2,)]


def test_full_refresh_keeps_history(project: Project) -> None:
    project.model("refreshed", "select range as id from range(5) as n(range)", **MERGE)
    project.run("refreshed")
    first = project.table("refreshed").metadata.current_snapshot_id
    project.model("refreshed", "select 9::bigint as id", **MERGE)
    project.run("refreshed", full_refresh=True)
    table = project.table("refreshed")
    assert project.rows("refreshed") == [(9,)]
    assert table.scan(snapshot_id=first).to_arrow().num_rows == 5
    assert project.delete_files("refreshed") == 0


def evolve(
    project: Project, name: str, mode: str, after: str, **config: Any
) -> tuple[dict[str, tuple[int, str]], int]:
    """Build, change the columns, build again: fields by name, and schema commits."""
    before = "select 1 as id, 'a' as kept, 5::integer as number"
    project.model(name, before, **{**MERGE, **config}, on_schema_change=mode)
    project.run(name)
    schemas = len(project.table(name).metadata.schemas)
    project.model(name, after, **{**MERGE, **config}, on_schema_change=mode)
    project.run(name)
    table = project.table(name)
    fields = {f.name: (f.field_id, str(f.field_type)) for f in table.schema().fields}
    return fields, len(table.metadata.schemas) - schemas


AFTER = "select 2 as id, 'b' as kept, 7::bigint as number, true as added, 1 as more"


def test_append_new_columns_adds_and_widens_in_one_schema_commit(
    project: Project,
) -> None:
    fields, commits = evolve(project, "osc_append", "append_new_columns", AFTER)
    assert fields == {
        "id": (1, "int"),
        "kept": (2, "string"),
        "number": (3, "long"),
        "added": (4, "boolean"),
        "more": (5, "int"),
    }
    assert commits == 1
    assert project.rows("osc_append", "id") == [
        (1, "a", 5, None, None),
        (2, "b", 7, True, 1),
    ]


def test_append_new_columns_leaves_lost_columns_empty(project: Project) -> None:
    after = "select 2 as id, 5 as number"
    fields, commits = evolve(project, "osc_lost", "append_new_columns", after)
    assert list(fields) == ["id", "kept", "number"]
    assert commits == 0
    assert project.rows("osc_lost", "id")[1] == (2, None, 5)


def test_sync_all_columns_drops_adds_and_widens_in_one_schema_commit(
    project: Project,
) -> None:
    after = "select 1 as id, 7::bigint as number, true as added"
    fields, commits = evolve(project, "osc_sync", "sync_all_columns", after)
    assert fields == {"id": (1, "int"), "number": (3, "long"), "added": (4, "boolean")}
    assert commits == 1
    assert project.rows("osc_sync") == [(1, 7, True)]


def test_ignore_leaves_new_columns_out(project: Project) -> None:
    after = "select 2 as id, 'b' as kept, 7 as number, true as added"
    fields, commits = evolve(project, "osc_ignore", "ignore", after)
    assert "added" not in fields
    assert commits == 0
    assert len(project.rows("osc_ignore")) == 2


@pytest.mark.parametrize(
    ("name", "mode", "after", "message"),
    [
        ("osc_fail", "fail", AFTER, "new: added, more; of another type: number"),
        ("osc_gone", "ignore", "select 2 as id, 7 as number", "no column kept"),
        (
            "osc_wide",
            "ignore",
            "select 2 as id, 'b' as kept, 7::bigint as number",
            "number (INTEGER -> BIGINT)",
        ),
        (
            "osc_type",
            "sync_all_columns",
            "select 2 as id, 'b' as kept, 'seven' as number",
            "number (INTEGER -> VARCHAR)",
        ),
        ("osc_mode", "replace", AFTER, "on_schema_change 'replace' is unknown"),
    ],
)
def test_a_change_that_is_not_wanted_or_not_possible_is_refused(
    project: Project, name: str, mode: str, after: str, message: str
) -> None:
    project.model(name, "select 1 as id, 'a' as kept, 5::integer as number", **MERGE)
    project.run(name)
    location = project.table(name).metadata_location
    project.model(name, after, **MERGE, on_schema_change=mode)
    assert message in project.fails(name)
    assert project.table(name).metadata_location == location


def test_a_column_of_the_layout_cannot_be_dropped(project: Project) -> None:
    config = {**MERGE, "on_schema_change": "sync_all_columns"}
    sql = "select 1 as id, 'a' as part"
    project.model("osc_layout", sql, partition_by="part", **config)
    project.run("osc_layout")
    project.model("osc_layout", "select 1 as id", **config)
    assert "column part cannot be dropped" in project.fails("osc_layout")


def test_a_new_layout_waits_for_a_rebuild_and_says_so(project: Project) -> None:
    sql = "select 1 as id, timestamp '2024-01-01' as at_time"
    project.model("relaid", sql, **MERGE)
    project.run("relaid")
    project.model("relaid", sql, **MERGE, partition_by="month(at_time)")
    project.run("relaid")
    assert project.table("relaid").spec().is_unpartitioned()
    assert "keeps its old layout: partition_by changed" in project.log()
    project.run("relaid", full_refresh=True)
    assert len(project.table("relaid").spec().fields) == 1


def test_a_strategy_that_does_not_exist_is_refused(project: Project) -> None:
    config = {**APPEND, "incremental_strategy": "insert_overwrite"}
    project.model("no_strategy", "select 1 as id", **config)
    assert "'insert_overwrite' is unknown" in project.fails("no_strategy")
