"""CSV whose rows and columns are not what the spec says."""

from typing import Any

import pytest

from orchestration.ingestion import headers
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case

TWO = {"columns": {"id": "bigint", "v": "varchar"}}
EVOLVE = {**TWO, "schema_policy": "evolve"}


def csv(name: str, outcome: str) -> pytest.MarkDecorator:
    """A row of the page's section on CSV."""
    return case("CSV and text", name, outcome=outcome)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", marks=csv("empty file", "accepted: 0 rows, in the ledger")),
        pytest.param(
            b"id,v\n", marks=csv("header only", "accepted: 0 rows, in the ledger")
        ),
        pytest.param(
            b"\n\r\n", marks=csv("only blank lines", "accepted: 0 rows, in the ledger")
        ),
    ],
)
def test_a_file_without_rows_is_entered(landing: Landing, data: bytes) -> None:
    outcome = landing(TWO, {"rows.csv": data})
    assert outcome.result
    assert (outcome.result.files, outcome.rows, outcome.rejects) == (1, [], [])


NOT_FOUND = "refused file: names the columns that it has and lacks"
REFUSED = [
    pytest.param(
        TWO, b"1,a\n", "unknown column '1', 'a'", marks=csv("no header", NOT_FOUND)
    ),
    pytest.param(
        EVOLVE,
        b"1,a\n",
        "none of the spec's columns is among '1', 'a'",
        marks=csv("no header", NOT_FOUND),
    ),
    pytest.param(
        {**TWO, "csv": {"header": False}},
        b"id,v\n1,a\n",
        "its first line is a header, and `csv.header` is off",
        marks=csv("a header where `header: false`", "refused file: says so"),
    ),
    pytest.param(
        TWO,
        b"id,v,v\n1,a,b\n",
        "column 'v' is there twice",
        marks=csv("duplicate header names", "refused file: names them"),
    ),
    pytest.param(
        EVOLVE,
        b"id,v,x,x\n1,a,b,c\n",
        "column 'x' is there twice",
        marks=csv("duplicate header names", "refused file: names them"),
    ),
    pytest.param(
        TWO,
        b"ID,V\n1,a\n",
        "unknown column 'ID', 'V'",
        marks=csv("header in another case", "refused file: `from:` names it"),
    ),
    pytest.param(
        TWO,
        b"id;v\n1;a\n",
        "unknown column 'id;v'",
        marks=csv("wrong separator", NOT_FOUND),
    ),
    pytest.param(
        EVOLVE,
        b"id;v\n1;a\n",
        "none of the spec's columns is among 'id;v'",
        marks=csv("wrong separator", NOT_FOUND),
    ),
    pytest.param(
        TWO,
        b"# made by shop 1.2\nid,v\n1,a\n",
        "unknown column '# made by shop 1.2'",
        marks=csv("comment or title before the header", NOT_FOUND),
    ),
    pytest.param(
        TWO,
        ",".join(["id", "v", *(f"c{n}" for n in range(9_998))]).encode(),
        "and 9,988 more",
        marks=csv("10,000 columns, 2 of them in the spec", "refused file: names ten"),
    ),
    pytest.param(
        TWO,
        b"x" * 3_000_000 + b",v\n1,a\n",
        "xxxx…'; missing column 'id'",
        marks=csv("header name of 3 MB", "refused file: shows 60 characters"),
    ),
]


@pytest.mark.parametrize(("spec", "data", "words"), REFUSED)
def test_a_file_with_other_columns_is_refused(
    landing: Landing, spec: dict[str, Any], data: bytes, words: str
) -> None:
    refusal = landing(spec, {"rows.csv": data}).refusal
    assert words in refusal
    assert "rows.csv" in refusal
    assert "Correct `columns` in the spec" in refusal or "Check `csv`" in refusal
    assert len(refusal) < 1200


@pytest.mark.full
@csv("10,000 columns, all in the spec", "accepted")
def test_ten_thousand_columns_land(landing: Landing) -> None:
    names = [f"c{n}" for n in range(10_000)]
    spec = {"columns": dict.fromkeys(names, "varchar")}
    data = ",".join(names) + "\n" + ",".join(map(str, range(10_000))) + "\n"
    outcome = landing(spec, {"rows.csv": data.encode()})
    [row] = outcome.rows
    assert row["c9999"] == "9999"


@csv("ragged rows, too few values", "rejected row: MISSING COLUMNS")
@csv("ragged rows, too many values", "rejected row: TOO MANY COLUMNS")
def test_a_ragged_row_is_rejected(landing: Landing) -> None:
    outcome = landing(TWO, {"rows.csv": b"id,v\n1\n2,b,c\n3,d\n4,\n"})
    assert outcome.values("id") == [3, 4]
    assert [(one.row, one.line, one.text) for one in outcome.rejects] == [
        (1, 2, "1"),
        (2, 3, "2,b,c"),
    ]
    few, many = (one.reason for one in outcome.rejects)
    assert "MISSING COLUMNS" in few
    assert "TOO MANY COLUMNS" in many


@csv("trailing delimiter on each line", "accepted: the empty value is dropped")
@csv("value after a trailing delimiter", "rejected row: TOO MANY COLUMNS")
@pytest.mark.parametrize("spec", [TWO, EVOLVE])
@pytest.mark.parametrize("header", [b"id,v,", b"id,v", b"id,v,,"])
def test_a_trailing_delimiter_makes_no_column(
    landing: Landing, spec: dict[str, Any], header: bytes
) -> None:
    outcome = landing(spec, {"rows.csv": header + b"\n1,a,\n2,b,\n3,c\n4,d,x\n"})
    assert outcome.values("v") == ["a", "b", "c"]
    assert list(outcome.types)[:3] == ["id", "v", "_load_id"]
    assert outcome.reasons == [(4, 5, None)]


@csv("header with spaces around the names", "accepted: without the spaces")
def test_spaces_around_a_name_are_none_of_it(landing: Landing) -> None:
    outcome = landing(TWO, {"rows.csv": b" id , v \n1,a\n"})
    assert outcome.rows[0]["v"] == "a"


@csv("header with spaces in the names", "accepted: `from:` names them")
def test_a_name_with_spaces_is_named_by_from(landing: Landing) -> None:
    columns = [
        {"name": "id", "from": "Order No.", "type": "bigint"},
        {"name": "v", "from": "V"},
    ]
    outcome = landing({"columns": columns}, {"rows.csv": b"V,Order No.\na,1\n"})
    assert (outcome.values("id"), outcome.values("v")) == ([1], ["a"])


@csv("names that differ in case alone", "accepted: `from:` tells them apart")
def test_names_that_differ_in_case_stay_apart(landing: Landing) -> None:
    columns = [{"name": "id"}, {"name": "id_2", "from": "ID"}, {"name": "v"}]
    outcome = landing({"columns": columns}, {"rows.csv": b"ID,v,id\n1,2,3\n"})
    assert [outcome.values(name) for name in ("id", "id_2", "v")] == [
        ["3"],
        ["1"],
        ["2"],
    ]


@csv("blank lines", "accepted: they are no rows, and count as lines")
@csv("last line without a line end", "accepted")
@csv("line of spaces", "rejected row: MISSING COLUMNS")
@csv("comment between rows", "rejected row: MISSING COLUMNS")
@csv("footer with a sum", "rejected row: MISSING COLUMNS")
def test_lines_that_are_no_rows(landing: Landing) -> None:
    data = b"\n\nid,v\n\n1,a\n\n   \n# a comment\n2,b\n\nTotal: 2 rows\n3,c"
    outcome = landing(TWO, {"rows.csv": data})
    assert [(row["id"], row["_row_number"]) for row in outcome.rows] == [
        (1, 1),
        (2, 4),
        (3, 6),
    ]
    assert outcome.reasons == [(2, 7, "v"), (3, 8, "v"), (5, 11, "v")]


@csv("blank line in a file of one column", "accepted: NULL, or a reject if required")
def test_a_blank_line_of_one_column_is_a_null(landing: Landing) -> None:
    data = b"v\na\n\nb\n"
    outcome = landing({"columns": {"v": "varchar"}}, {"rows.csv": data})
    assert outcome.values("v") == ["a", None, "b"]
    columns = [{"name": "v", "required": True}]
    outcome = landing({"columns": columns}, {"rows.csv": data})
    assert outcome.values("v") == ["a", "b"]
    assert outcome.reasons == [(2, 3, "v")]


def test_mutant_header_check_off(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check a header lands as a row of text."""
    monkeypatch.setattr(headers, "header_of", lambda _f, _d, expected: (expected, 0))
    monkeypatch.setattr("orchestration.ingestion.shapes.header_of", headers.header_of)
    spec = {"columns": {"id": "varchar", "v": "varchar"}, "csv": {"header": False}}
    outcome = landing(spec, {"rows.csv": b"id,v\n1,a\n"})
    assert outcome.values("id") == ["id", "1"]
