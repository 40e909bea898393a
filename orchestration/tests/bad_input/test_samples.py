"""What a sample of a new source may be: packed, torn, or of numbers nobody counts."""

import gzip
import json
import os
from pathlib import Path

import pytest

from orchestration.errors import UsageError
from orchestration.ingestion import sample, sample_files
from orchestration.ingestion.naming import tables_in
from orchestration.ingestion.sample import look_at
from orchestration.tests.pages import case
from orchestration.tests.unit.ingestion.conftest import Place


def drop(place: Place, name: str, data: str | bytes) -> Path:
    """Write a file of the sample."""
    path = place.landing / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


NUMBER = "12345678901234567890"
TEXTS = {"id": NUMBER, "postcode": "01067", "price": "1.5", "day": "2026-01-02"}


def samples() -> dict[str, bytes]:
    """One row as CSV, and as JSON: a document and lines."""
    numbers = {"id": int(NUMBER), "price": 1.5, "day": "2026-01-02"}
    return {
        "rows.csv": f"{','.join(TEXTS)}\n{','.join(TEXTS.values())}\n".encode(),
        "rows.jsonl": json.dumps(numbers).encode(),
        "rows.json": json.dumps([numbers, {"id": int(NUMBER + "0" * 30)}]).encode(),
    }


@case(
    "Values",
    "a number of 20 digits or with leading zeros, in a sample",
    outcome="accepted: proposed as a type that holds every sampled value",
)
@pytest.mark.parametrize("name", samples())
def test_what_is_proposed_holds_the_sample(place: Place, name: str) -> None:
    path = place.landing / name
    path.write_bytes(samples()[name])
    table = look_at(tables_in(place.landing, [path])[0])
    columns = {column.name: column.type for column in table.columns}
    assert columns["day"] == "date"
    assert columns["price"] == "double"
    source = place.source(columns, format=table.files.format, max_reject_share=1)
    assert place.load(source).rejected == 0
    assert str(place.rows("id")[0][0]) == NUMBER
    if name.endswith("csv"):
        assert place.rows("postcode") == [("01067",)]


def test_mutant_without_the_look_at_values_all_of_it_is_rejects(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "_exact", lambda _con, _sample, columns: columns)
    path = place.landing / "rows.csv"
    path.write_bytes(samples()["rows.csv"])
    table = look_at(tables_in(place.landing, [path])[0])
    columns = {column.name: column.type for column in table.columns}
    assert columns["id"] == "double"
    assert place.load(place.source(columns, max_reject_share=1)).rejected == 1


@case(
    "Archives and binary",
    "gzip bomb as the sample of a new source",
    outcome="accepted: a bounded part of it is looked at",
)
@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.csv"])
def test_a_packed_sample_is_unpacked_in_part(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sample_files, "_MOST_UNPACKED", 2_000_000)
    written: list[int] = []
    truncate = os.truncate

    def cut(path: Path, size: int) -> None:
        written.append(path.stat().st_size)
        truncate(path, size)

    monkeypatch.setattr(os, "truncate", cut)
    path = drop(place, name, gzip.compress(b"id,v\n" + b"1,abc\n" * 2_000_000))
    [table] = tables_in(place.landing, [path])
    assert [column.type for column in look_at(table).columns] == ["bigint", "varchar"]
    assert written == [2_000_000]


def test_a_packed_document_that_is_too_large_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_files, "_MOST_UNPACKED", 1 << 20)
    path = drop(place, "rows.json.gz", gzip.compress(b"[" + b" " * (2 << 20) + b"]"))
    with pytest.raises(UsageError, match="unpacks to more than 1 MiB"):
        look_at(tables_in(place.landing, [path])[0])


def test_a_torn_packed_sample_is_named(place: Place) -> None:
    path = drop(place, "rows.csv.gz", gzip.compress(b"id\n1\n" * 100)[:-9])
    with pytest.raises(UsageError, match="cannot be unpacked") as caught:
        look_at(tables_in(place.landing, [path])[0])
    assert caught.value.where == str(path)


def test_a_plain_file_called_gz_is_read(place: Place) -> None:
    path = drop(place, "rows.csv.gz", "id,v\n1,a\n")
    [table] = tables_in(place.landing, [path])
    assert [column.name for column in look_at(table).columns] == ["id", "v"]
