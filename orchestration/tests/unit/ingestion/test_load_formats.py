"""JSON, JSON lines and Parquet: the same account of rows as for CSV."""

import gzip
import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from orchestration.errors import GateError
from orchestration.tests.unit.ingestion.conftest import Place

COLUMNS = {"id": "bigint", "name": "varchar", "at": "timestamp", "tags": "varchar[]"}


def zstd(data: bytes) -> bytes:
    packed = pa.compress(data, codec="zstd", asbytes=True)  # type: ignore[attr-defined]
    return bytes(packed)


LINES = (
    b'{"id": 1, "name": "a", "at": "2026-01-02T03:04:05", "tags": ["x", "y"]}\n'
    b"\n"
    b'{"id": "2", "name": null}\r\n'
    b"{broken\n"
    b'"text"\n'
    b'{"id": 1.5, "name": "z"}\n'
    b"  \n"
    b'{"id": 3, "name": {"first": "c"}}'
)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_json_lines(place: Place, pack: Any) -> None:
    place.write(pack(LINES))
    result = place.load(place.source(COLUMNS, format="jsonl"))
    assert (result.source_rows, result.landed, result.rejected) == (6, 3, 3)
    assert place.rows('id, name, "at"::varchar, tags, _row_number') == [
        (1, "a", "2026-01-02 03:04:05", ["x", "y"], 1),
        (2, None, None, None, 2),
        (3, '{"first":"c"}', None, None, 6),
    ]
    assert place.rejects("_row_number, line_number, column_name, raw_line, reason") == [
        (3, 4, None, "{broken", "not a JSON object"),
        (4, 5, None, '"text"', "not a JSON object"),
        (5, 6, "id", '{"id": 1.5, "name": "z"}', "id cannot be read as bigint"),
    ]


KEY = st.text(alphabet='ab"$./ \\é', min_size=1, max_size=4)


@configured(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(key=KEY, values=st.lists(st.text(max_size=6), min_size=1, max_size=8))
def test_any_key_and_any_text_come_through(
    place: Place, key: str, values: list[str]
) -> None:
    place.con.execute("drop schema if exists lake.raw cascade")
    rows = [{key: value} for value in values]
    place.write("\n".join(json.dumps(row) for row in rows).encode())
    source = place.source({"v": "varchar"}, format="jsonl")
    column = source.tables[0].columns[0].model_copy(update={"source_name": key})
    table = source.tables[0].model_copy(update={"columns": (column,)})
    source = source.model_copy(update={"tables": (table,)})
    assert place.load(source).source_rows == len(values)
    assert [value for (value,) in place.rows("v")] == values


def test_a_json_document(place: Place) -> None:
    rows = [{"id": 1, "name": "a"}, {"id": "x"}, {"id": 3, "tags": []}]
    place.write(json.dumps(rows, indent=2).encode())
    result = place.load(place.source(COLUMNS, format="json"))
    assert (result.source_rows, result.landed, result.rejected) == (3, 2, 1)
    assert place.rows("id, _row_number") == [(1, 1), (3, 3)]
    found = place.rejects("_row_number, line_number, column_name, raw_line")
    assert [row[:3] for row in found] == [(2, None, "id")]
    assert json.loads(found[0][3]) == {"id": "x"}


@pytest.mark.parametrize(
    ("data", "rows"), [(b"", 0), (b"[]", 0), (b'{"id": 1}', 1), (b'{"id":1}\n{}', 2)]
)
def test_json_documents_of_every_shape(place: Place, data: bytes, rows: int) -> None:
    place.write(data)
    assert place.load(place.source(COLUMNS, format="json")).source_rows == rows


def test_a_broken_json_document_is_refused(place: Place) -> None:
    place.write(b'[{"id": 1}, {"id":')
    with pytest.raises(GateError) as caught:
        place.load(place.source(COLUMNS, format="json"))
    assert caught.value.where == "landing/rows.csv"


def parquet(place: Place, query: str) -> None:
    path = place.landing / "rows.parquet"
    duckdb.sql(f"copy ({query}) to '{path}' (format parquet)")


def test_parquet_lands_with_its_types(place: Place) -> None:
    parquet(
        place,
        "select i as id, 'n' || i as name, timestamp '2026-01-01' + to_days(i) as at, "
        "['t' || i] as tags from range(5) as r (i)",
    )
    result = place.load(place.source(COLUMNS, format="parquet"))
    assert (result.source_rows, result.landed) == (5, 5)
    assert place.rows("id, tags, _row_number")[4] == (4, ["t4"], 5)


def test_parquet_of_other_types_is_cast_or_rejected(place: Place) -> None:
    parquet(
        place,
        "select * from (values ('1', 1.0), ('x', 2.0), ('3', 3.5), (null, 4.0)) "
        "as rows (id, amount)",
    )
    source = place.source({"id": "bigint", "amount": "bigint"}, format="parquet")
    result = place.load(source)
    assert (result.source_rows, result.landed, result.rejected) == (4, 2, 2)
    assert place.rows("id, amount, _row_number") == [(1, 1, 1), (None, 4, 4)]
    found = place.rejects("_row_number, column_name, raw_line")
    assert found == [
        (2, "id", '{"id":"x","amount":2.0}'),
        (3, "amount", '{"id":"3","amount":3.5}'),
    ]


def test_what_is_not_parquet_is_refused(place: Place) -> None:
    place.write(b"id\n1\n")
    with pytest.raises(GateError, match="not a readable Parquet file"):
        place.load(place.source(COLUMNS, format="parquet"))


def test_a_table_may_have_a_format_of_its_own(place: Place) -> None:
    place.write(b'{"id": 1}')
    place.load(place.source({"id": "bigint"}, format="csv", table_format="jsonl"))
    assert place.rows("id") == [(1,)]


@pytest.mark.parametrize(
    ("type_", "fits", "misfits"),
    [
        ("bigint[]", ["[1, null]", "[]", "null"], ['["a"]', "[1, [2]]", "3"]),
        (
            "struct(a bigint, b varchar)",
            ["{}", '{"a": 1}', '{"b": "x", "a": null}'],
            ['{"a": "x"}', '{"a": 1, "c": 2}', '"x"'],
        ),
        ("struct(a bigint[])[]", ['[{"a": [1]}, {}]'], ['[{"a": ["x"]}]']),
        ("map(varchar, bigint)", ['{"k": 1}'], ['{"k": "x"}']),
        ("varchar[]", ['["a", [1, 2]]'], ['"a"']),
    ],
)
def test_a_nested_value_lands_whole_or_is_a_reject(
    place: Place, type_: str, fits: list[str], misfits: list[str]
) -> None:
    lines = [f'{{"v": {value}}}' for value in (*fits, *misfits)]
    place.write("\n".join(lines).encode(), "rows.jsonl")
    result = place.load(place.source({"v": type_}, format="jsonl"))
    assert (result.landed, result.rejected) == (len(fits), len(misfits))
    assert {column for (column,) in place.rejects("column_name")} == {"v"}


def test_a_nested_parquet_value_lands_whole_or_is_a_reject(place: Place) -> None:
    path = place.landing / "rows.parquet"
    place.con.execute(f"copy (from (values (['1']), (['a'])) as t (v)) to '{path}'")
    result = place.load(place.source({"v": "bigint[]"}, format="parquet"))
    assert (result.landed, result.rejected) == (1, 1)
    assert place.rejects("_row_number") == [(2,)]
