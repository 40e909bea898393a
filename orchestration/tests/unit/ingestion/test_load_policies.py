"""Which files are read, and what happens when their columns are not the spec's."""

import os
import time
from dataclasses import replace
from typing import Any

import pytest

from orchestration.errors import GateError, UsageError
from orchestration.ingestion import extract, schema
from orchestration.ingestion import load as load_module
from orchestration.ingestion.files import SourceFile, discover
from orchestration.tests.unit.ingestion.conftest import Place

COLUMNS = {"id": "bigint", "name": "varchar"}


def test_the_same_file_and_its_copies_land_once(place: Place) -> None:
    source = place.source(COLUMNS)
    place.write(b"id,name\n1,a\n", "one.csv")
    place.write(b"id,name\n1,a\n", "two.csv")
    first = place.load(source)
    assert (first.files, first.copies, first.landed) == (1, 1, 1)

    again = place.load(source)
    assert (again.files, again.landed) == (0, 0)

    (place.landing / "one.csv").rename(place.landing / "renamed.csv")
    renamed = place.load(source)
    assert (renamed.files, renamed.copies) == (0, 2)  # renamed.csv and two.csv
    assert place.rows("id") == [(1,)]
    assert len(place.rows("table_name", table="loads")) == 1


def test_a_file_touched_and_not_changed_lands_once(place: Place) -> None:
    source = place.source(COLUMNS)
    place.write(b"id,name\n1,a\n")
    place.load(source)
    os.utime(place.landing / "rows.csv", (1, 1))
    assert place.load(source).copies == 1


def test_new_content_under_an_old_name_lands_as_new_rows(place: Place) -> None:
    source = place.source(COLUMNS)
    place.write(b"id,name\n1,a\n")
    place.load(source)
    place.write(b"id,name\n1,corrected\n")
    assert place.load(source).landed == 1
    assert place.rows("id, name") == [(1, "a"), (1, "corrected")]


def test_a_known_file_is_not_read_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = place.source(COLUMNS)
    place.write(b"id,name\n1,a\n")
    place.load(source)
    monkeypatch.setattr(load_module, "scan", lambda *_: pytest.fail("read again"))
    assert place.load(source).files == 0


def test_a_young_file_waits_until_it_has_settled(place: Place) -> None:
    source = place.source(COLUMNS, settle_seconds=60)
    place.write(b"id,name\n1,a\n")
    waiting = place.load(source)
    assert (waiting.files, waiting.waiting) == (0, 1)
    past = time.time() - 61
    os.utime(place.landing / "rows.csv", (past, past))
    assert place.load(source).files == 1


def test_a_file_that_grows_while_it_is_read_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = place.source(COLUMNS)
    place.write(b"id,name\n1,a\n")
    place.write(b"id,name\n2,b\n", "calm.csv")
    stage = extract.stage

    def while_it_grows(*args: Any) -> Any:
        staged = stage(*args)
        with (place.landing / "rows.csv").open("ab") as file:
            file.write(b"3,c\n")
        return staged

    monkeypatch.setattr(load_module, "stage", while_it_grows)
    first = place.load(source)
    assert (first.files, first.waiting, first.landed) == (1, 1, 1)
    assert place.rows("id") == [(2,)]

    monkeypatch.setattr(load_module, "stage", stage)
    assert place.load(source).landed == 2
    assert place.rows("id") == [(2,), (1,), (3,)]


def test_the_check_for_growth_is_what_makes_it_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard, the test above would land a file that is still growing."""
    source = place.source(COLUMNS)
    place.write(b"id,name\n1,a\n")
    stage = extract.stage

    def while_it_grows(*args: Any) -> Any:
        staged = stage(*args)
        with (place.landing / "rows.csv").open("ab") as file:
            file.write(b"3,c\n")
        return staged

    monkeypatch.setattr(load_module, "stage", while_it_grows)
    monkeypatch.setattr(SourceFile, "unchanged", lambda _: True)
    assert place.load(source).files == 1


def test_hidden_files_are_no_data(place: Place) -> None:
    place.write(b"id,name\n1,a\n", ".rows.csv.tmp")
    assert place.load(place.source(COLUMNS)).files == 0


def test_a_folder_that_does_not_exist_is_named(place: Place) -> None:
    source = place.source(COLUMNS, path="nowhere")
    with pytest.raises(UsageError, match="its folder nowhere does not exist"):
        place.load(source)


def test_a_folder_whose_name_is_too_long_does_not_exist(place: Place) -> None:
    source = place.source(COLUMNS, path="x" * 5000)
    with pytest.raises(UsageError, match=r"its folder x+ does not exist"):
        place.load(source)


def test_files_outside_the_project_keep_their_full_path(place: Place) -> None:
    place.write(b"id,name\n")
    elsewhere = replace(place.settings, project_dir=place.landing / "project")
    elsewhere.project_dir.mkdir()
    source = place.source(COLUMNS, path=str(place.landing))
    [file] = discover(elsewhere, source, source.tables[0]).ready
    assert file.shown == (place.landing / "rows.csv").as_posix()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"id,name,extra", "landing/rows.csv: unknown column 'extra'"),
        (b"id", "missing column 'name'"),
        (b"id,Name", "unknown column 'Name'; missing column 'name'"),
        (b"id,name,name", "column 'name' is there twice"),
    ],
)
def test_strict_refuses_other_columns(
    place: Place, header: bytes, message: str
) -> None:
    place.write(header + b"\n")
    with pytest.raises(GateError) as caught:
        place.load(place.source(COLUMNS))
    assert message in caught.value.what
    assert "schema_policy: evolve" in caught.value.remedy


def test_strict_refuses_unknown_keys_of_json_but_not_absent_ones(place: Place) -> None:
    source = place.source(COLUMNS, format="jsonl")
    place.write(b'{"id": 1}\n')
    assert place.load(source).landed == 1
    place.write(b'{"id": 2, "extra": 1}\n', "more.jsonl")
    with pytest.raises(GateError, match="unknown column 'extra'"):
        place.load(source)


def test_evolve_adds_new_columns_as_text_and_fills_missing_with_null(
    place: Place,
) -> None:
    source = place.source(COLUMNS, schema_policy="evolve")
    place.write(b"id,name\n1,a\n", "1.csv")
    place.load(source)
    place.write(b"Order Total,id\n9.50,2\n", "2.csv")
    place.write(b"id,name,order_total\n3,c,7\n", "3.csv")
    place.load(source)
    assert place.rows("id, name, order_total") == [
        (1, "a", None),
        (2, None, "9.50"),
        (3, "c", "7"),
    ]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"id;name", "none of the spec's columns"),
        (b"name,extra", "missing column 'id'"),
    ],
)
def test_evolve_refuses_a_header_that_it_does_not_know(
    place: Place, header: bytes, message: str
) -> None:
    place.write(header + b"\n1;a\n")
    source = place.source(COLUMNS, schema_policy="evolve", table_primary_key=["id"])
    with pytest.raises(GateError, match=message):
        place.load(source)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"id,Order Total,order_total", "'order_total' would land as 'order_total'"),
        (b"id,ID", "'ID' would land as 'id', where 'id' lands"),
    ],
)
def test_two_columns_never_land_as_one(place: Place, header: bytes, said: str) -> None:
    source = place.source({"id": "bigint"}, schema_policy="evolve")
    place.write(header + b"\n")
    with pytest.raises(GateError, match=said):
        place.load(source)


def test_a_column_becomes_wider_or_is_refused(place: Place) -> None:
    place.write(b"id,name\n1,2\n", "1.csv")
    place.load(place.source({"id": "integer", "name": "varchar"}))
    place.write(b"id,name\n5000000000,2\n", "2.csv")
    place.load(place.source({"id": "bigint", "name": "varchar"}))
    assert place.rows("id") == [(1,), (5_000_000_000,)]
    place.write(b"id,name\n3,2\n", "3.csv")
    with pytest.raises(GateError, match="column name is varchar in the lake and"):
        place.load(place.source({"id": "bigint", "name": "bigint"}))


def test_batches_stay_small_and_lose_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_BATCH_FILES", 3)
    for number in range(10):
        place.write(f"id,name\n{number},a\n".encode(), f"{number}.csv")
    assert place.load(place.source(COLUMNS)).files == 10
    assert place.rows("id, _row_number") == [(number, 1) for number in range(10)]
