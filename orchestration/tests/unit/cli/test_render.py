import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from orchestration.build.explain import Explained
from orchestration.cli.render import branches, diff, publications, table
from orchestration.lake.model import Provenance, Publication, TableChange, TableId

FACT = TableId("marts", "fct")


def test_numbers_stand_right_and_words_left() -> None:
    assert table.grid(("name", "rows"), [("a", "1,000"), ("long", "5")]) == (
        "name   rows\na     1,000\nlong      5"
    )


def test_an_empty_result_still_has_its_header() -> None:
    assert table.grid(("a", "b"), []) == "a  b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        ("a\nb", "a b"),
        ("x" * 70, "x" * 59 + "…"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_a_value_is_one_line(value: object, text: str) -> None:
    assert table.cell(value) == text


@pytest.fixture
def result() -> duckdb.DuckDBPyConnection:
    return duckdb.connect().execute(
        "select i, case when i > 0 then 'x,' || i end as t, 1.50::decimal(9,2) as d, "
        "date '2026-01-02' as day, [1, 2] as l from range(3) as t(i)"
    )


def test_json_keeps_types_and_every_digit(
    result: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    table.printer("json", 1)(result)
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3
    assert rows[0] == {"i": 0, "t": None, "d": "1.50", "day": "2026-01-02", "l": [1, 2]}


def test_csv_quotes_what_needs_it(
    result: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    table.printer("csv", 1)(result)
    lines = io.StringIO(capsys.readouterr().out).read().splitlines()
    assert lines[0] == "i,t,d,day,l"
    assert lines[2].startswith('1,"x,1",1.50,2026-01-02')


def test_text_stops_at_the_limit_and_says_so_beside_the_answer(
    result: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    table.printer("text", 2)(result)
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 3
    assert "--limit 0" in shown.err


def test_text_without_limit_shows_all(
    result: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    table.printer("text", 0)(result)
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 4
    assert shown.err == ""


def published(**more: object) -> Publication:
    values: dict[str, object] = {
        "id": 3,
        "kind": "publish",
        "branch": "run_1",
        "published_at": datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        "provenance": Provenance(who="ana", git_commit="0123456789abcdef-dirty"),
        "changes": (
            TableChange(FACT, "TABLE", "a", "b"),
            TableChange(FACT, "VIEW", None, "b"),
        ),
    }
    return Publication(**(values | more))  # type: ignore[arg-type]


def test_the_log_has_a_line_a_publication() -> None:
    undone = published(id=4, kind="rollback", reverts=3)
    said = publications.log_text([undone, published()])
    assert "rollback of 3" in said.splitlines()[1]
    assert "01234567+" in said
    assert "2 tables (1 added, 1 changed)" in said
    assert publications.as_dict(published())["published_at"] == (
        "2026-11-21T09:30:00+00:00"
    )


def test_an_empty_log_says_what_to_do() -> None:
    assert "firn run" in publications.log_text([])


def test_a_diff_shows_rows_and_what_changed_in_columns() -> None:
    change = TableChange(FACT, "TABLE", "a", "b")
    item = Explained(change=change, before=10, after=1010, columns=("+ tip double",))
    lines = diff.text("b", [item]).splitlines()
    assert lines[1].split() == ["marts.fct", "changed", "10", "1,010", "+1,000"]
    assert lines[2].strip() == "+ tip double"
    assert "changed nothing" in diff.text("b", [])


def test_branches_have_a_line_each() -> None:
    row = {
        "branch": "main",
        "base": None,
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "created_by": "ana",
        "changed_tables": None,
    }
    assert "2026-01-02 00:00:00  ana" in branches.listing([row])


def test_a_decimal_is_a_number_to_the_eye() -> None:
    assert table.grid(("n",), [(Decimal("1.5"),), (10,)]) == "n\n1.5\n 10".replace(
        "n\n", "  n\n"
    )


def test_json_is_valid_whatever_the_numbers_and_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    query = "select 'nan'::double as a, ['-inf'::double] as a, 1 as a_1"
    with duckdb.connect() as connection:
        table.printer("json", 0)(connection.execute(query))
    (row,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert row == {"a": "nan", "a_1": ["-inf"], "a_1_1": 1}
