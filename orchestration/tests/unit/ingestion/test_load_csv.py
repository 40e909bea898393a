"""CSV: every row lands as it is written, or is a reject that says why."""

import csv
import gzip
import io
import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from orchestration.errors import GateError
from orchestration.ingestion import csv_files, extract
from orchestration.ingestion.csv_files import Torn
from orchestration.ingestion.files import discover
from orchestration.ingestion.records import Dialect, scan_text
from orchestration.tests.unit.ingestion.conftest import Place

CELL = st.one_of(
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8
    ),
    st.sampled_from(
        ["1", "-7", "1.5", "007", "1e2", "x", '"', "a,b", "a\nb", "a\r\nb"]
    ),
    st.integers(-(2**70), 2**70).map(str),
)


def whole(text: str) -> int | None:
    """What a BIGINT cell should land as; None where it should not."""
    try:
        number = Decimal(text.strip())
    except ArithmeticError:
        return None
    fits = number.is_finite() and number == number.to_integral_value()
    return int(number) if fits and -(2**63) <= number < 2**63 else None


@configured(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=60,
)
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=30))
@example(rows=[("1", "1", "a")] * 3 + [("x", "1", '"')] + [("2", "2", "b")])
def test_landed_and_rejected_are_the_rows_that_were_written(
    place: Place, rows: list[tuple[str, str, str]]
) -> None:
    place.con.execute("drop schema if exists lake.raw cascade")
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "n", "b"), *rows])
    place.write(text.getvalue().encode())
    source = place.source({"a": "varchar", "n": "bigint", "b": "varchar"})

    result = place.load(source)

    landed = {row[0]: row[1:] for row in place.rows("_row_number, a, n, b")}
    rejected = {row for (row,) in place.rejects("_row_number")}
    assert result.landed + result.rejected == result.source_rows == len(rows)
    assert landed.keys() | rejected == set(range(1, len(rows) + 1))
    assert not landed.keys() & rejected
    for number, (a, n, b) in enumerate(rows, start=1):
        if number in landed:
            # Empty is NULL, as `null_strings` says.
            assert landed[number] == (a or None, whole(n), b or None)
        else:
            assert whole(n) is None
            assert n


def test_each_reject_names_its_line_column_and_reason(place: Place) -> None:
    place.write(
        b"id,name,n\n"
        b"1,a,1\n"
        b"2,b,x\n"
        b"3,c\n"
        b"4,d,4,5\n"
        b"\n"
        b'5,"two\nlines",5\n'
        b"6,f,1.5\n"
        b'7,"a"b,7\n'
        b"8,\xff,8\n"
        b",i,9\n"
        b"10,j,10\n"
    )
    source = place.source(
        {"id": "bigint", "name": "varchar", "n": "integer"}, table_primary_key=["id"]
    )
    result = place.load(source)
    assert (result.source_rows, result.landed, result.rejected) == (10, 3, 7)
    assert place.rows("id, name, n, _row_number") == [
        (1, "a", 1, 1),
        (5, "two\nlines", 5, 5),
        (10, "j", 10, 10),
    ]
    found = place.rejects("_row_number, line_number, column_name, raw_line, reason")
    assert [row[:4] for row in found] == [
        (2, 3, "n", "2,b,x"),
        (3, 4, "n", "3,c"),
        (4, 5, None, "4,d,4,5"),
        (6, 9, "n", "6,f,1.5"),
        (7, 10, "name", '7,"a"b,7'),
        (8, 11, "name", "8,\\xff,8"),
        (9, 12, "id", ",i,9"),
    ]
    words = ["integer", "MISSING", "TOO MANY", "integer", "UNQUOTED", "ENCODING", "no"]
    for word, row in zip(words, found, strict=True):
        assert word in row[4]


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("1", "integer", 1),
        (" 1 ", "integer", 1),
        ("1.0", "bigint", 1),
        ("1e3", "bigint", 1000),
        ("007", "bigint", 7),
        ("+7", "bigint", 7),
        ("9223372036854775807", "bigint", 2**63 - 1),
        ("1.500", "decimal(9,2)", Decimal("1.50")),
        (
            "2026-01-02 03:04:05",
            "timestamp",
            datetime.fromisoformat("2026-01-02 03:04:05"),
        ),
        (
            "2026-01-02T03:04:05.123Z",
            "timestamp",
            datetime.fromisoformat("2026-01-02 03:04:05.123"),
        ),
        ("2026-01-02 00:00:00", "date", date(2026, 1, 2)),
        ("true", "boolean", True),
        ("inf", "double", math.inf),
        ("NA", "double", None),
    ],
)
def test_a_value_that_fits_lands(
    place: Place, text: str, type_: str, value: Any
) -> None:
    place.write(f"k,v\nk,{text}\n".encode())
    columns = {"k": "varchar", "v": type_}
    place.load(place.source(columns, csv={"null_strings": ["", "NA"]}))
    assert place.rows("v") == [(value,)]


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1.5", "integer"),
        ("15e-1", "bigint"),
        ("1.0000000000001", "bigint"),
        ("9223372036854775808", "bigint"),
        ("2147483648", "integer"),
        ("1234567890", "decimal(9,2)"),
        ("1.005", "decimal(9,2)"),
        ("2026-02-30", "date"),
        ("2026-02-03 10:00:00", "date"),
        ("2026-02-03 10:00:00+02", "timestamp"),
        ("2026-02-03T10:00:00.5-05:00", "timestamp"),
        ("x", "boolean"),
        ("x", "uuid"),
    ],
)
def test_a_value_that_does_not_fit_is_a_reject(
    place: Place, text: str, type_: str
) -> None:
    place.write(f"k,v\nk,{text}\n".encode())
    result = place.load(place.source({"k": "varchar", "v": type_}))
    assert (result.landed, result.rejected) == (0, 1)
    assert place.rejects("raw_line, column_name") == [(f"k,{text}", "v")]


def test_a_value_that_does_not_fit_is_a_reject_in_json_too(place: Place) -> None:
    columns = {"n": "integer", "day": "date", "at": "timestamp"}
    lines = [
        '{"n": 1, "day": "2026-01-02", "at": "2026-01-02T03:04:05Z"}',
        '{"n": 1.5}',
        '{"day": "2026-01-02 10:00"}',
        '{"at": "2026-01-02T03:04:05+02:00"}',
    ]
    place.write("\n".join(lines).encode())
    result = place.load(place.source(columns, format="jsonl"))
    assert (result.landed, result.rejected) == (1, 3)
    assert place.rejects("column_name") == [("n",), ("day",), ("at",)]


MOMENTS = ["infinity", "-infinity", "5877642-01-01", "10000-01-01", "0001-01-01 (BC)"]


@pytest.mark.parametrize("type_", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_a_moment_that_cannot_be_written_is_a_reject(
    place: Place, format_: str, type_: str
) -> None:
    values = ["0001-01-01", "9999-12-31", *MOMENTS]
    if format_ == "csv":
        place.write("\n".join(["k,v", *(f"k,{value}" for value in values)]).encode())
    elif format_ == "jsonl":
        place.write("\n".join(f'{{"v": "{value}"}}' for value in values).encode())
    else:
        path = place.landing / "rows.parquet"
        listed = ", ".join(f"('k', '{value}')" for value in values)
        place.con.execute(f"copy (from (values {listed}) as t (k, v)) to '{path}'")
    columns = {"k": "varchar", "v": type_}
    result = place.load(place.source(columns, format=format_))
    assert (result.landed, result.rejected) == (2, len(MOMENTS))
    assert [reject for (reject,) in place.rejects("_row_number")] == [3, 4, 5, 6, 7]


def test_a_typed_moment_that_cannot_be_written_is_a_reject(place: Place) -> None:
    path = place.landing / "rows.parquet"
    place.con.execute(
        "copy (select i, case i when 2 then date '10000-01-01' else date '2026-01-01' "
        f"end as d from range(1, 4) as t (i)) to '{path}'"
    )
    result = place.load(place.source({"i": "bigint", "d": "date"}, format="parquet"))
    assert (result.landed, result.rejected) == (2, 1)
    assert place.rejects("_row_number, column_name") == [(2, "d")]


def test_a_line_that_is_too_long_is_a_reject(place: Place) -> None:
    place.write(b"id,v\n1,a\n2," + b"x" * 2_100_000 + b"\n3,c\n4,d,e\n5,f\n")
    result = place.load(place.source({"id": "bigint", "v": "varchar"}))
    assert (result.landed, result.rejected) == (3, 2)
    assert place.rows("id, _row_number") == [(1, 1), (3, 3), (5, 5)]
    found = place.rejects("_row_number, line_number, reason, length(raw_line)")
    assert [row[:2] for row in found] == [(2, 3), (4, 5)]
    assert "Maximum line size" in found[0][2]
    assert found[0][3] == 4000


def test_options_say_how_the_file_is_written(place: Place) -> None:
    place.write("1|'a|b'|02.01.2026|é\n2|NA||\n".encode("latin-1"))
    source = place.source(
        {"id": "bigint", "name": "varchar", "day": "date", "note": "varchar"},
        csv={
            "delimiter": "|",
            "quote": "'",
            "header": False,
            "encoding": "latin-1",
            "null_strings": ["", "NA"],
            "date_format": "%d.%m.%Y",
        },
    )
    place.load(source)
    assert place.rows("id, name, day::varchar, note") == [
        (1, "a|b", "2026-01-02", "é"),
        (2, None, None, None),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfid,v\n1,a\n",
        b"id,v\r\n1,a\r\n",
        b"id,v\r1,a\r",
        b"\n\nid,v\n1,a\n",
        b'"id" ,"v"\n1,a',
        b"v,id\na,1\n",
        gzip.compress(b"id,v\n1,a\n", mtime=0),
    ],
)
def test_the_header_is_found_in_every_dress(place: Place, data: bytes) -> None:
    place.write(data)
    place.load(place.source({"id": "bigint", "v": "varchar"}))
    assert place.rows("id, v, _row_number") == [(1, "a", 1)]


@pytest.mark.parametrize("data", [b"", b"id,v", b"id,v\n", b"id,v\n\n\n"])
def test_a_file_without_rows_is_entered_once(place: Place, data: bytes) -> None:
    place.write(data)
    source = place.source({"id": "bigint", "v": "varchar"})
    assert place.load(source).files == 1
    assert place.load(source).files == 0
    assert place.rows("source_rows, landed_rows", table="loads") == [(0, 0)]


def test_paths_with_wildcards_are_read_as_they_are(place: Place) -> None:
    place.write(b"id\n1\n", "a[1].csv")
    place.write(b"id\n2\n", "a1.csv")
    place.write(b"id\n3\n", "it's *.csv")
    place.load(place.source({"id": "bigint"}))
    assert sorted(place.rows("id, _source_file")) == [
        (1, "landing/a[1].csv"),
        (2, "landing/a1.csv"),
        (3, "landing/it's *.csv"),
    ]


def test_many_files_keep_their_own_row_numbers(place: Place) -> None:
    for day in range(40):
        torn = "x,,\n" if day % 3 == 0 else ""
        text = "".join(f"{day},{n}\n" for n in range(day % 5))
        place.write(f"day,n\n{text}{torn}{day},99\n".encode(), f"{day:02}.csv")
    result = place.load(place.source({"day": "bigint", "n": "bigint"}))
    assert (result.files, result.rejected) == (40, 14)
    for day in range(40):
        rows = place.con.execute(
            "select _row_number from lake.raw.shop__rows where day = ? order by 1",
            [day],
        ).fetchall()
        landed = [*range(1, day % 5 + 1), day % 5 + 1 + (day % 3 == 0)]
        assert [row for (row,) in rows] == landed


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'id,v\n1,a\n2,"b\n3,c\n4,d\n', "never closes"),
        (b"id,v\r\n1,a\n2,b\r\n", "lines end in CRLF, line 2 in LF"),
        (
            gzip.compress(b"id,v\n" + b"1,a\n" * 10_000, mtime=0)[:-20],
            "landing/rows.csv",
        ),
    ],
)
def test_a_file_that_cannot_be_accounted_for_is_refused(
    place: Place, data: bytes, message: str
) -> None:
    place.write(data)
    with pytest.raises(GateError) as caught:
        place.load(place.source({"id": "bigint", "v": "varchar"}))
    assert message in str(caught.value)
    assert caught.value.where.endswith("rows.csv")


def test_the_two_counts_must_agree(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard itself: a row that DuckDB loses, or invents, stops the load."""
    place.write(b"id,v\n1,a\n2,b\n")
    source = place.source({"id": "bigint", "v": "varchar"})
    counted = extract._rows

    def loses_a_row(con: Any) -> Any:
        con.execute(f"delete from {extract.STAGE} where rowid = 1")
        return counted(con)

    monkeypatch.setattr(extract, "_rows", loses_a_row)
    with pytest.raises(GateError, match="2 in the file, 1 read by DuckDB"):
        place.load(source)
    monkeypatch.setattr(extract, "_rows", counted)
    place.write(b"id,v\n1,a\n2,b,c\n")
    torn = {0: {number: Torn(None, "made up") for number in (3, 9)}}
    monkeypatch.setattr(csv_files, "torn", lambda *_: torn)
    with pytest.raises(GateError, match="2 in the file, 3 read by DuckDB"):
        place.load(source)


def test_a_wrong_quick_count_is_put_right_by_the_walk(place: Place) -> None:
    place.write(b'id,v\n1,5" pipe\n2,b\n3,6" pipe\n')
    source = place.source({"id": "bigint", "v": "varchar"})
    [file] = discover(place.settings, source, source.tables[0]).ready
    # What stands between the two quotes looks like one value.
    assert scan_text(file, Dialect()).rows == 1
    result = place.load(source)
    assert (result.source_rows, result.landed) == (3, 3)
    assert place.rows("source_rows", table="loads") == [(3,)]
