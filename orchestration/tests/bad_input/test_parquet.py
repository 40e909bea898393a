"""Parquet that is broken, or holds other columns, types and values than it should."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.errors import GateError
from orchestration.ingestion import counting
from orchestration.tests.bad_input.binary_files import (
    COLUMNS,
    TEN,
    named,
    parquet_bytes,
    refusal,
)
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.unit.ingestion.conftest import Place


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]


def arrow_bytes(table: "pa.lib.Table", **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)  # type: ignore[no-untyped-call]
    return out.getvalue()


def thousand() -> "pa.lib.Table":
    return pa.lib.Table.from_pydict(
        {"id": list(range(1000)), "name": [f"n{i}" for i in range(1000)]}
    )


@named("Parquet with a corrupt or missing footer", "refused file")
@pytest.mark.parametrize("cut", [4, 8, 40, 200])
def test_a_parquet_file_without_its_end(place: Place, cut: int) -> None:
    place.write(arrow_bytes(thousand())[:-cut])
    assert "landing/rows.csv" in refusal(place, format="parquet")


@named("Parquet with a corrupt or missing footer", "refused file")
def test_a_flipped_byte_in_the_footer_never_shows_a_trace(place: Place) -> None:
    data = arrow_bytes(thousand())
    size = int.from_bytes(data[-8:-4], "little")
    good = place.source(COLUMNS, format="parquet", max_reject_share=1)
    for at in range(len(data) - size - 8, len(data), 37):
        place.con.execute("drop schema if exists lake.raw cascade")
        place.write(flipped(data, at))
        try:
            result = place.load(good)
        except GateError:
            continue
        assert result.landed + result.rejected == result.source_rows


@named("Parquet with a flipped byte in a page that has a checksum", "refused file")
@pytest.mark.parametrize("at", [60, 500, 3000, 7000])
def test_a_flipped_byte_is_found_by_its_checksum(place: Place, at: int) -> None:
    data = arrow_bytes(thousand(), write_page_checksum=True, compression="none")
    place.write(flipped(data, at))
    assert "landing/rows.csv" in refusal(place, format="parquet")


def test_a_parquet_file_with_checksums_lands(place: Place) -> None:
    place.write(arrow_bytes(thousand(), write_page_checksum=True))
    assert place.load(place.source(COLUMNS, format="parquet")).landed == 1000


def test_mutant_without_checksums_a_flipped_byte_lands(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_has_checksums", lambda _: False)
    data = arrow_bytes(thousand(), write_page_checksum=True, compression="none")
    place.write(flipped(data, 500))
    place.load(place.source(COLUMNS, format="parquet", max_reject_share=1))
    assert place.rows("id, name") != [(i, f"n{i}") for i in range(1000)]


@named(
    "Parquet with a flipped byte in a page without one",
    "accepted or refused file: "
    "nothing in the file can tell, unless it no longer decodes",
)
def test_a_flipped_byte_without_a_checksum_keeps_the_account(place: Place) -> None:
    data = arrow_bytes(thousand())
    place.write(flipped(data, 500))
    source = place.source(COLUMNS, format="parquet", max_reject_share=1)
    try:
        result = place.load(source)
    except GateError:
        return
    assert result.landed + result.rejected == 1000


@named("Parquet with another schema", "refused file: names the columns")
def test_parquet_with_other_columns(landing: Landing) -> None:
    data = parquet_bytes("select 1 as id, 'x' as other")
    outcome = landing({"columns": COLUMNS, "format": "parquet"}, {"a.parquet": data})
    assert "unknown column 'other'; missing column 'name'" in outcome.refusal


@named("Parquet with a column of another type", "rejected row where a value is lost")
def test_parquet_with_other_types(place: Place) -> None:
    place.write(
        parquet_bytes("from (values (1.5, 1), (2.0, 2), (3e20, 3)) as t (id, name)")
    )
    place.load(place.source(COLUMNS, format="parquet", max_reject_share=1))
    assert place.rows("id, name") == [(2, "2")]
    assert place.rejects("_row_number, column_name") == [(1, "id"), (3, "id")]


LOSSY = [
    ("double", "9007199254740993::bigint"),
    ("timestamp", "timestamp_ns '2026-01-01 00:00:00.000000001'"),
    ("bigint[]", "[1.5::double]"),
    ("struct(a integer)", "{'a': 5000000000}"),
    ("struct(a integer)", "{'a': 1, 'b': 2}"),
    ("date[]", "[date '10000-01-01']"),
    ("struct(a timestamp)", "{'a': timestamp '294247-01-10 04:00:00'}"),
    ("map(varchar,date)", "map {'a': date '10000-01-01'}"),
]


@named("Parquet with a value that the column would round or cut", "rejected row")
@pytest.mark.parametrize(("type_", "value"), LOSSY)
def test_parquet_values_are_never_rounded(place: Place, type_: str, value: str) -> None:
    place.write(parquet_bytes(f"select {value} as v"))
    source = place.source({"v": type_}, format="parquet", max_reject_share=1)
    assert place.load(source).rejected == 1


@named("Parquet without rows", "accepted: 0 rows, entered once")
def test_parquet_without_rows(landing: Landing) -> None:
    data = parquet_bytes(f"{TEN} limit 0")
    outcome = landing({"columns": COLUMNS, "format": "parquet"}, {"a.parquet": data})
    assert outcome.result is not None
    assert (outcome.result.files, outcome.result.source_rows) == (1, 0)


UNKNOWN = {
    "interval": "interval 3 days",
    "timetz": "timetz '10:00:00+02'",
    "uhugeint": "340282366920938463463374607431768211455::uhugeint",
    "utinyint": "200::utinyint",
    "json": "'{\"a\": 1}'::json",
    "enum": "'a'::enum('a', 'b')",
    "nested": "[{'a': 'it''s', 'b': null}]",
}


@named(
    "Parquet with a column of a type that Iceberg lacks, evolve", "accepted: as text"
)
@pytest.mark.parametrize("name", UNKNOWN)
def test_types_that_iceberg_lacks(place: Place, name: str) -> None:
    place.write(parquet_bytes(f"select 1 as id, 'n' as name, {UNKNOWN[name]} as extra"))
    source = place.source(COLUMNS, format="parquet", schema_policy="evolve")
    assert place.load(source).landed == 1
    [(extra,)] = place.rows("extra")
    assert isinstance(extra, str)
    if name == "nested":
        assert extra == '[{"a":"it\'s","b":null}]'


@named("Parquet of 2,000 row groups", "accepted")
def test_very_many_row_groups(place: Place) -> None:
    table = pa.lib.Table.from_pydict({"id": list(range(2000)), "name": ["n"] * 2000})
    place.write(arrow_bytes(table, row_group_size=1))
    source = place.source(COLUMNS, format="parquet")
    assert place.load(source).landed == 2000
    assert [i for (i,) in place.rows("id")] == list(range(2000))
