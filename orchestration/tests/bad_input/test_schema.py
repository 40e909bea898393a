"""Columns that come, go, move, change their type or only their case, per format."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.errors import GateError
from orchestration.ingestion import schema
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case
from orchestration.tests.unit.ingestion.conftest import Place

COLUMNS = {"id": "bigint", "name": "varchar"}
FORMATS = ["csv", "jsonl", "json", "parquet"]
Row = Mapping[str, Any]


def named(name: str, outcome: str) -> pytest.MarkDecorator:
    return case("Schema", name, outcome=outcome)


def written(format_: str, rows: Sequence[Row]) -> bytes:
    """The rows as a file; their keys are its columns, in that order."""
    if format_ == "csv":
        lines = [",".join(rows[0]), *(",".join(map(str, r.values())) for r in rows)]
        return "\n".join(lines).encode()
    if format_ == "json":
        return json.dumps(list(rows)).encode()
    if format_ == "jsonl":
        return "\n".join(map(json.dumps, rows)).encode()
    out = io.BytesIO()
    pq.write_table(pa.lib.Table.from_pylist(list(rows)), out)  # type: ignore[no-untyped-call]
    return out.getvalue()


FIRST = [{"id": 1, "name": "a"}]


def two_loads(
    place: Place, format_: str, policy: str, second: Row, **options: Any
) -> Any:
    """Land a file as the spec has it, then one that differs."""
    source = place.source(
        COLUMNS, format=format_, schema_policy=policy, max_reject_share=1, **options
    )
    place.write(written(format_, FIRST), "1")
    place.load(source)
    place.write(written(format_, [second]), "2")
    try:
        return place.load(source)
    except GateError as error:
        assert place.rows("id, name") == [(1, "a")]
        return str(error)


# --- added


@pytest.mark.parametrize("format_", FORMATS)
@named("a column is added, strict", "refused file: names the column")
def test_strict_refuses_an_added_column(place: Place, format_: str) -> None:
    said = two_loads(place, format_, "strict", {"id": 2, "name": "b", "new": "x"})
    assert "unknown column 'new'" in said


@pytest.mark.parametrize("format_", FORMATS)
@named("a column is added, evolve", "accepted: as varchar, NULL in older rows")
def test_evolve_adds_a_column(place: Place, format_: str) -> None:
    two_loads(place, format_, "evolve", {"id": 2, "name": "b", "Is New": "x"})
    assert place.rows("id, name, is_new") == [(1, "a", None), (2, "b", "x")]


@pytest.mark.parametrize("format_", FORMATS)
@named("a column is added in one file of two, evolve", "accepted: both land")
def test_evolve_adds_a_column_that_one_file_has(place: Place, format_: str) -> None:
    source = place.source(COLUMNS, format=format_, schema_policy="evolve")
    place.write(written(format_, FIRST), "1")
    place.write(written(format_, [{"new": "x", "id": 2, "name": "b"}]), "2")
    assert place.load(source).landed == 2
    assert place.rows("id, name, new") == [(1, "a", None), (2, "b", "x")]


@pytest.mark.parametrize("format_", FORMATS)
@named("a column is added in one file of two, strict", "refused file: neither lands")
def test_strict_refuses_both_files_of_a_load(place: Place, format_: str) -> None:
    source = place.source(COLUMNS, format=format_)
    place.write(written(format_, FIRST), "1")
    place.write(written(format_, [{"id": 2, "name": "b", "new": "x"}]), "2")
    with pytest.raises(GateError, match="unknown column 'new'"):
        place.load(source)
    (place.landing / "2").unlink()
    assert place.load(source).landed == 1


# --- removed


@pytest.mark.parametrize("format_", ["csv", "parquet"])
@named("a column is missing, strict", "refused file; in JSON accepted: it is NULL")
def test_strict_refuses_a_missing_column(place: Place, format_: str) -> None:
    assert "missing column 'name'" in two_loads(place, format_, "strict", {"id": 2})


@pytest.mark.parametrize("format_", ["json", "jsonl"])
@named("a column is missing, strict", "refused file; in JSON accepted: it is NULL")
def test_json_leaves_keys_out(place: Place, format_: str) -> None:
    two_loads(place, format_, "strict", {"id": 2})
    assert place.rows("id, name") == [(1, "a"), (2, None)]


@pytest.mark.parametrize("format_", FORMATS)
@named("a column is missing, evolve", "accepted: it is NULL")
def test_evolve_fills_a_missing_column(place: Place, format_: str) -> None:
    two_loads(place, format_, "evolve", {"id": 2})
    assert place.rows("id, name") == [(1, "a"), (2, None)]


@pytest.mark.parametrize("format_", FORMATS)
@named("the key's column is missing", "refused file; in JSON rejected row")
def test_a_key_is_never_filled(place: Place, format_: str) -> None:
    found = two_loads(place, format_, "evolve", {"name": "b"}, table_primary_key=["id"])
    if format_ in ("csv", "parquet"):
        assert "missing column 'id', which has no NULL" in found
    else:
        assert (found.landed, found.rejected) == (0, 1)


# --- renamed


@pytest.mark.parametrize("format_", FORMATS)
@named("a column is renamed, strict", "refused file: names both")
def test_strict_refuses_a_renamed_column(place: Place, format_: str) -> None:
    said = two_loads(place, format_, "strict", {"id": 2, "label": "b"})
    assert "unknown column 'label'" in said


@pytest.mark.parametrize("format_", FORMATS)
@named("a column is renamed, evolve", "accepted: the new one is added, the old is NULL")
def test_evolve_adds_a_renamed_column(place: Place, format_: str) -> None:
    two_loads(place, format_, "evolve", {"id": 2, "label": "b"})
    assert place.rows("id, name, label") == [(1, "a", None), (2, None, "b")]


@pytest.mark.parametrize("format_", FORMATS)
@named("every column is renamed: another kind of file", "refused file")
@pytest.mark.parametrize("policy", ["strict", "evolve"])
def test_foreign_columns_are_refused(place: Place, format_: str, policy: str) -> None:
    said = two_loads(place, format_, policy, {"x": 2, "y": "b"})
    assert "'x'" in said


def test_mutant_without_the_look_at_strange_files_rows_of_nothing_land(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_unrecognised", lambda *_: "")
    two_loads(place, "csv", "evolve", {"x": 2, "y": "b"})
    assert place.rows("id, name")[1] == (None, None)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("policy", ["strict", "evolve"])
@named("a column is renamed in its case alone", "refused file: names both")
def test_another_case_is_another_column(
    place: Place, format_: str, policy: str
) -> None:
    said = two_loads(place, format_, policy, {"id": 2, "Name": "b"})
    assert "'Name'" in said


@named("two new columns that would land as one, evolve", "refused file: names both")
@pytest.mark.parametrize("format_", FORMATS)
def test_two_columns_never_become_one(place: Place, format_: str) -> None:
    second = {"id": 2, "name": "b", "Order Total": "x", "order_total": "y"}
    said = two_loads(place, format_, "evolve", second)
    assert "'order_total'" in said
    assert "'Order Total'" in said


def test_mutant_without_the_look_at_clashes_names_depend_on_the_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_clash", lambda *_: "")
    source = place.source(COLUMNS, schema_policy="evolve")
    place.write(b"id,name,X Y,x_y\n1,a,spaced,plain\n", "1")
    place.write(b"id,name,x_y,X Y\n2,b,plain,spaced\n", "2")
    place.load(source)
    # One column of the lake holds two columns of the files.
    assert {x for (x,) in place.rows("x_y")} == {"plain", "spaced"}


@named("more than 1,000 new columns, evolve: keys that are data", "refused file")
@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_too_many_new_columns(place: Place, format_: str) -> None:
    second = {"id": 2, "name": "b"} | {f"k{i}": "x" for i in range(1001)}
    assert "1,001 new columns" in two_loads(place, format_, "evolve", second)


# --- retyped


@pytest.mark.parametrize("policy", ["strict", "evolve"])
@pytest.mark.parametrize("format_", FORMATS)
@named("a column's values have another type", "rejected row where one does not fit")
def test_values_of_another_type(place: Place, format_: str, policy: str) -> None:
    found = two_loads(place, format_, policy, {"id": "two", "name": "b"})
    assert (found.landed, found.rejected) == (0, 1)
    assert place.rejects("column_name") == [("id",)]


@pytest.mark.parametrize("format_", FORMATS)
@named("a column's values are texts of its type", "accepted: they are cast")
def test_texts_of_the_type(place: Place, format_: str) -> None:
    two_loads(place, format_, "strict", {"id": "2", "name": "b"})
    assert place.rows("id") == [(1,), (2,)]


WIDER = [("integer", "bigint"), ("float", "double"), ("decimal(9,2)", "decimal(12,2)")]


@named("the spec's type becomes wider", "accepted: the lake's column is widened")
@pytest.mark.parametrize(("old", "new"), WIDER)
def test_a_wider_type(landing: Landing, old: str, new: str) -> None:
    name = f"wider_{old.partition('(')[0]}"
    landing({"columns": {"v": old}, "name": name}, {"1": b"v\n1\n"})
    outcome = landing({"columns": {"v": new}, "name": name}, {"2": b"v\n2\n"})
    assert outcome.values("v") == [2]
    assert outcome.types["v"].lower() == new


OTHER = [("bigint", "integer"), ("varchar", "bigint"), ("decimal(9,2)", "decimal(9,3)")]


@named("the spec's type becomes another", "refused file: land it under a new name")
@pytest.mark.parametrize(("old", "new"), OTHER)
def test_another_type(place: Place, old: str, new: str) -> None:
    place.write(b"v\n1\n", "1")
    place.load(place.source({"v": old}))
    place.write(b"v\n2\n", "2")
    with pytest.raises(GateError, match=re.escape(f"v is {old}")):
        place.load(place.source({"v": new}))
    assert len(place.rows("v")) == 1


# --- reordered


@pytest.mark.parametrize("policy", ["strict", "evolve"])
@pytest.mark.parametrize("format_", FORMATS)
@named("columns are reordered", "accepted: they are read by name")
def test_another_order(place: Place, format_: str, policy: str) -> None:
    two_loads(place, format_, policy, {"name": "b", "id": 2})
    assert place.rows("id, name") == [(1, "a"), (2, "b")]


@named("columns are reordered without a header", "rejected row where a value shows it")
def test_another_order_without_a_header(place: Place) -> None:
    source = place.source(COLUMNS, csv={"header": False}, max_reject_share=1)
    place.write(b"b,2\n")
    assert place.load(source).rejected == 1


@named("a column is removed from the spec, then added", "accepted: older rows keep it")
def test_a_column_comes_back(landing: Landing) -> None:
    spec = {"name": "back", "format": "jsonl", "schema_policy": "strict"}
    landing({**spec, "columns": COLUMNS}, {"1": b'{"id": 1, "name": "a"}'})
    landing({**spec, "columns": {"id": "bigint"}}, {"2": b'{"id": 2}'})
    landing({**spec, "columns": COLUMNS}, {"3": b'{"id": 3, "name": "c"}'})
    found = landing.ask("select id, name from lake.raw.back__rows order by id")
    assert found == [(1, "a"), (2, None), (3, "c")]
