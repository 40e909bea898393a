"""Seeds: types, quoting, NULL, and no commit for what is there already."""

from orchestration.tests.integration.macros.project import Project

CSV = (
    'id,name,day,amount,flag,"select"\n'
    '1,"a, ""b""\nc",2024-01-01,1.5,true,x\n'
    "2,,null,,false,null\n"
)


def seed(project: Project, name: str, content: str, **config: object) -> None:
    project.write(f"seeds/{name}.csv", content)
    seeds = [{"name": name, "config": config}]
    project.properties(f"seeds/{name}.yml", {"seeds": seeds})


def test_types_quotes_and_nulls(project: Project) -> None:
    seed(project, "seeded", CSV.replace("\n", "\r\n"), column_types={"id": "varchar"})
    outcome = project.run("seeded")
    assert outcome.messages["seeded"] == "INSERT 2"
    types = [str(f.field_type) for f in project.table("seeded").schema().fields]
    assert types == ["string", "string", "date", "double", "boolean", "string"]
    first, second = project.rows("seeded")
    assert first[:2] == ("1", 'a, "b"\r\nc')
    assert (str(first[2]), first[3], first[4]) == ("2024-01-01", 1.5, True)
    assert second == ("2", None, None, None, False, "null")


def test_the_same_content_commits_nothing_other_content_one_snapshot(
    project: Project,
) -> None:
    seed(project, "reseeded", "id\n1\n2\n")
    project.run("reseeded")
    commits = project.commits("reseeded")
    assert project.run("reseeded").messages["reseeded"] == "UNCHANGED"
    assert project.commits("reseeded") == commits

    seed(project, "reseeded", "id\n1\n3\n")
    project.run("reseeded")
    assert project.commits("reseeded") == commits + 1
    assert project.rows("reseeded") == [(1,), (3,)]
    assert project.operations("reseeded") == ["append", "overwrite"]

    project.run("reseeded", full_refresh=True)
    assert project.snapshots("reseeded") == 3, "history is kept"


def test_what_others_wrote_is_replaced(project: Project) -> None:
    seed(project, "written", "id\n1\n")
    project.run("written")
    seed(project, "written", "id\n1\n", post_hook="insert into {{ this }} select 7")
    project.run("written")
    project.run("written")
    assert project.rows("written") == [(1,), (7,)]


def test_a_changed_type_or_description_is_a_change(project: Project) -> None:
    seed(project, "retyped", "id\n1\n")
    project.run("retyped")
    seed(project, "retyped", "id\n1\n", column_types={"id": "decimal(9, 2)"})
    project.run("retyped")
    assert (
        str(project.table("retyped").schema().fields[0].field_type) == "decimal(9, 2)"
    )


def test_other_delimiters(project: Project) -> None:
    seed(project, "delimited", "id;v\n1;a,b\n", delimiter=";")
    project.run("delimited")
    assert project.rows("delimited") == [(1, "a,b")]


def test_texts_of_a_length_keep_their_spaces_and_the_word_null(
    project: Project,
) -> None:
    types = {"a": "varchar(10)", "b": "CHAR (5)"}
    seed(project, "sized", "id,a,b\n1, x ,null\n", column_types=types)
    project.run("sized")
    assert project.rows("sized") == [(1, " x ", "null")]


def test_a_time_with_an_offset_is_no_timestamp(project: Project) -> None:
    for at in (
        "2024-01-01T10:00:00+02:00",
        "2024-01-01 10:00:00Z",
        "2024-01-01 10:00:00-05",
    ):
        content = f"id,at\n1,2024-01-01 10:00:00\n2,{at}\n"
        seed(project, "offset", content, column_types={"at": "timestamp"})
        assert f"at: {at} has an offset" in project.fails("offset")
    seed(project, "offset", content, column_types={"at": "timestamptz"})
    project.run("offset")
    content = "id,at\n1,2024-01-01\n2,null\n3,2024-01-01 10:00:00\n"
    seed(project, "plain", content, column_types={"at": "timestamp"})
    project.run("plain")
    found = project.rows("plain")
    assert [str(at) for _, at in found] == [
        "2024-01-01 00:00:00",
        "None",
        "2024-01-01 10:00:00",
    ]
    moments = project.sql(
        'select epoch("at") from lake.analytics."offset" where id = 2'
    )
    assert moments == [(1704121200.0,)]
