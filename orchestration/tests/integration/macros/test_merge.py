"""incremental_strategy: merge."""

import pytest

from orchestration.tests.integration.macros.dialect import ENGINE, typed
from orchestration.tests.integration.macros.project import Project

MERGE = {"materialized": "incremental", "unique_key": "id"}


def test_changed_rows_are_updated_new_ones_added_equal_ones_left(
    project: Project,
) -> None:
    project.model(
        "merged",
        "select range as id, 'a' as v from range(100) as n(range)",
        **MERGE,
    )
    project.run("merged")
    commits = project.commits("merged")

    sql = (
        "select range as id, if(range < 60, 'a', 'b') as v "
        "from range(50, 110) as n(range)"
    )
    project.model("merged", sql, **MERGE)
    outcome = project.run("merged")

    assert outcome.messages["merged"] == "MERGE 50"
    assert len(project.rows("merged")) == 110
    # One commit; changed and added rows may be two snapshots in it.
    assert project.commits("merged") == commits + 1
    assert set(project.operations("merged")) == {"append", "overwrite"}
    assert project.rows("merged", "id")[59:61] == [(59, "a"), (60, "b")]


def test_an_equal_delta_commits_nothing(project: Project) -> None:
    project.model("merged_same", "select 1 as id, 'a' as v", **MERGE)
    project.run("merged_same")
    before = project.table("merged_same").metadata_location
    project.run("merged_same")
    assert project.table("merged_same").metadata_location == before


def test_only_the_named_columns_are_updated(project: Project) -> None:
    for number, name, columns in (
        (1, "merge_only", {"merge_update_columns": ["a"]}),
        (2, "merge_except", {"merge_exclude_columns": ["B"]}),
    ):
        project.model(name, f"select {number} as id, 1 as a, 1 as b", **MERGE)
        project.run(name)
        sql = f"select {number} as id, 2 as a, 2 as b"
        project.model(name, sql, **MERGE, **columns)
        project.run(name)
        assert project.rows(name) == [(number, 2, 1)]


def test_a_column_that_does_not_exist_cannot_be_updated(project: Project) -> None:
    project.model("merge_typo", "select 1 as id, 1 as a", **MERGE)
    project.run("merge_typo")
    config = {**MERGE, "merge_update_columns": ["nope"]}
    project.model("merge_typo", "select 1 as id, 1 as a", **config)
    assert "no column 'nope'" in project.fails("merge_typo")


def test_named_columns_alone_tell_whether_a_row_has_changed(project: Project) -> None:
    config = {**MERGE, "merge_change_columns": ["version"]}
    sql = "select range as id, {} as version, '{}' as v from range(2) as n(range)"
    project.model("merge_versions", sql.format(1, "a"), **config)
    project.run("merge_versions")
    project.model("merge_versions", sql.format("range::int", "b"), **config)
    assert project.run("merge_versions").messages["merge_versions"] == "MERGE 1"
    assert project.rows("merge_versions") == [(0, 0, "b"), (1, 1, "a")]

    project.model(
        "merge_versions", sql.format(1, "c"), **MERGE, merge_change_columns="id"
    )
    assert "which a match does not update" in project.fails("merge_versions")


def test_rows_that_meet_the_delete_condition_go_in_the_same_commit(
    project: Project,
) -> None:
    config = {**MERGE, "merge_delete_condition": "DBT_INTERNAL_SOURCE.is_gone"}
    sql = "select range as id, 'a' as v, false as is_gone from range(10) as n(range)"
    project.model("merge_deletes", sql, **config)
    project.run("merge_deletes")
    commits = project.commits("merge_deletes")

    sql = """
        select 1 as id, 'a' as v, true as is_gone
        union all select 2, 'b', false
        union all select 3, 'c', null
        union all select 90, 'never seen', true
        union all select 91, 'new', false
    """
    project.model("merge_deletes", sql, **config)
    assert project.run("merge_deletes").messages["merge_deletes"] == "MERGE 4"
    assert project.commits("merge_deletes") == commits + 1
    rows = {row[0]: row[1] for row in project.rows("merge_deletes")}
    assert sorted(rows) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 91]
    assert (rows[2], rows[3], rows[91]) == ("b", "c", "new")


@pytest.mark.parametrize(
    ("name", "delta", "message"),
    [
        (
            "nulls",
            "select null::bigint as id, 'k' as part, 1 as v",
            "is null in 1 rows",
        ),
        (
            "twice",
            "select 7 as id, 'k' as part, 1 as v union all select 7, 'k', 2",
            "is not unique: 1 keys have several rows",
        ),
    ],
)
def test_a_delta_whose_keys_name_no_single_row_is_refused(
    project: Project, name: str, delta: str, message: str
) -> None:
    config = {"materialized": "incremental", "unique_key": ["id", "part"]}
    model = f"merge_{name}"
    project.model(model, "select 1::bigint as id, 'k' as part, 1 as v", **config)
    project.run(model)
    before = project.table(model).metadata_location

    project.model(model, delta, **config)
    error = project.fails(model)

    assert message in error
    assert model in error
    assert "(id, part)" in error
    assert '"part":"k"' in error
    assert project.table(model).metadata_location == before


def test_the_first_build_holds_the_same_promise_about_keys(project: Project) -> None:
    project.model("merge_first", "select 1 as id union all select 1", **MERGE)
    assert "is not unique" in project.fails("merge_first")
    assert not project.catalog.table_exists(("analytics", "merge_first"))


def test_keywords_and_odd_names_are_column_names(project: Project) -> None:
    config = {"materialized": "incremental", "unique_key": ["order", 'a "b" c']}
    at = typed("'2024-01-01 00:00:00+01'", "timestamptz")

    def sql(text: str, number: str) -> str:
        struct = {"the field": f"{number}::decimal(10, 2)", "tz": at}
        return f"""
            select 1 as "order", 'x' as "a ""b"" c", '{text}' as "select",
                {ENGINE.list_of("1", "2")} as "end",
                {ENGINE.struct_of(struct)} as "group"
        """

    project.model("merge_odd", sql("a", "1.25"), **config)
    project.run("merge_odd")
    project.model("merge_odd", sql("b", "2.50"), **config)
    project.run("merge_odd")
    rows = project.rows("merge_odd")
    assert len(rows) == 1
    assert rows[0][2] == "b"
    assert str(rows[0][4]["the field"]) == "2.50"


def test_immutable_columns_and_own_predicates_narrow_the_search(
    project: Project,
) -> None:
    config = {
        **MERGE,
        "partition_by": ["month(day)"],
        "immutable_columns": ["day"],
        "incremental_predicates": ["DBT_INTERNAL_DEST.day > date '2023-01-01'"],
    }
    day = "date '2024-01-01' + range::int as day"
    sql = f"select range as id, {day}, {{}} as v from range({{}}) as n(range)"
    project.model("merge_narrow", sql.format(1, 300), **config)
    project.run("merge_narrow")
    project.model("merge_narrow", sql.format(2, 20), **config)
    project.run("merge_narrow")

    assert len(project.rows("merge_narrow")) == 300
    statement = project.compiled("merge_narrow", "merge into").lower()
    assert """dbt_internal_dest."id" <= cast('19' as bigint)""" in statement
    assert """dbt_internal_dest."day" <= cast('2024-01-20' as date)""" in statement
    assert "(dbt_internal_dest.day > date '2023-01-01')" in statement


def test_merge_needs_a_key(project: Project) -> None:
    project.model(
        "merge_keyless",
        "select 1 as id",
        materialized="incremental",
        incremental_strategy="merge",
    )
    assert "needs unique_key" in project.fails("merge_keyless")


def test_delete_insert_replaces_whole_groups(project: Project) -> None:
    config = {
        "materialized": "incremental",
        "incremental_strategy": "delete+insert",
        "unique_key": "day",
    }
    project.model(
        "groups",
        "select floor(range / 10)::bigint as day, range as v "
        "from range(30) as n(range)",
        **config,
    )
    project.run("groups")
    project.model("groups", "select 1::bigint as day, -1::bigint as v", **config)
    commits = project.commits("groups")
    project.run("groups")
    assert project.commits("groups") == commits + 1
    days = [row[0] for row in project.rows("groups")]
    assert [days.count(day) for day in (0, 1, 2)] == [10, 1, 10]

    # What a predicate says of a bare column, it says of the table's.
    sql = "select 2::bigint as day, -2::bigint as v"
    project.model("groups", sql, **config, incremental_predicates=["v < 25"])
    project.run("groups")
    rows = project.rows("groups")
    assert sorted(v for day, v in rows if day == 2) == [-2, 25, 26, 27, 28, 29]


def test_a_delete_condition_speaks_of_the_delta(project: Project) -> None:
    config = {**MERGE, "on_schema_change": "append_new_columns"}
    project.model("gone_bare", "select 1 as id, false as gone", **config)
    project.run("gone_bare")
    config["merge_delete_condition"] = "gone"
    sql = "select 1 as id, true as gone union all select 2, false"
    project.model("gone_bare", sql, **config)
    project.run("gone_bare")
    assert project.rows("gone_bare") == [(2, False)]

    before = project.table("gone_bare").metadata_location
    config["merge_delete_condition"] = "nope"
    project.model("gone_bare", "select 3 as id, true as gone, 1 as new", **config)
    assert "nope" in project.fails("gone_bare")
    assert project.table("gone_bare").metadata_location == before


@pytest.mark.parametrize("key", ["a, b", "a || b"])
def test_a_key_that_is_no_column_is_refused_with_the_remedy(
    project: Project, key: str
) -> None:
    config = {**MERGE, "unique_key": key}
    project.model("listed_key", "select 'x' as a, 'y' as b", **config)
    error = project.fails("listed_key")
    assert "there is no such column. Give the columns of a key as a list" in error
