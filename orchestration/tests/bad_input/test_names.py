"""Columns whose names are SQL, or mean something to a program on the way."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.ingestion.schema import Field
from orchestration.lake.types import quote
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case

NAMES = {
    "SQL keywords": ["select", "from", "order", "table", "group", "null", "*"],
    "quotes, semicolons, spaces": [
        'a"b',
        "o'clock",
        "a;b",
        "a b",
        "'; drop table x; --",
    ],
    "Jinja or a format": ["{{ 1 }}", "{% x %}", "%s", "$$", "{0}"],
    "emoji and other scripts": ["\U0001f600", "\u00fcn\u00ef", "\u5217", "\u202eabc"],
    "points, commas, line ends, digits": ["a.b", "a,b", "a\nb", "1st", "a/b", "\\"],
    "DuckDB's own names": ["rowid", "file_index", "filename", "c0", "c1", "parquet"],
}


def content(format_: str, names: list[str]) -> bytes:
    """A file of one row: each value says which column it is of."""
    row = {name: f"value {number}" for number, name in enumerate(names)}
    if format_ == "parquet":
        buffer = io.BytesIO()
        pq.write_table(pa.lib.Table.from_pylist([row]), buffer)  # type: ignore[no-untyped-call]
        return buffer.getvalue()
    if format_ == "jsonl":
        return (json.dumps(row) + "\n").encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([row.keys(), row.values()])
    return text.getvalue().encode()


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(
            names,
            id=what,
            marks=case(
                "Values", f"column names: {what}", outcome="accepted: as written"
            ),
        )
        for what, names in NAMES.items()
    ],
)
def test_a_column_of_any_name_lands(
    landing: Landing, format_: str, names: list[str]
) -> None:
    spec = {
        "columns": [{"name": name} for name in names],
        "format": format_,
        "primary_key": names[:2],
        "cursor": names[2],
    }
    outcome = landing(spec, {f"rows.{format_}": content(format_, names)})
    assert outcome.error is None
    [row] = outcome.rows
    assert [row[name] for name in names] == [f"value {n}" for n in range(len(names))]
    assert list(outcome.types)[: len(names)] == names


@case("Values", "column names: any, by `from:`", outcome="accepted: under `name`")
def test_from_names_any_column(landing: Landing) -> None:
    names = [name for group in NAMES.values() for name in group]
    columns = [{"name": f"n{n}", "from": name} for n, name in enumerate(names)]
    for format_ in ("csv", "jsonl"):
        outcome = landing(
            {"columns": columns, "format": format_},
            {f"rows.{format_}": content(format_, names)},
        )
        [row] = outcome.rows
        found = [row[f"n{number}"] for number in range(len(names))]
        assert found == [f"value {number}" for number in range(len(names))]


def test_two_files_with_a_file_index(landing: Landing) -> None:
    """Each row is told to be of the file that it is of."""
    columns = [
        {"name": "file_index", "type": "bigint"},
        {"name": "own", "from": "_firn_file"},
    ]
    spec = {"columns": columns, "format": "parquet"}
    data = {}
    for value in ("0", "x", "9"):
        buffer = io.BytesIO()
        table = pa.lib.Table.from_pylist([{"file_index": value, "_firn_file": "f"}])
        pq.write_table(table, buffer)  # type: ignore[no-untyped-call]
        data[f"{value}.parquet"] = buffer.getvalue()
    outcome = landing(spec, data)
    found = [(row["file_index"], row["_source_file"][-9:]) for row in outcome.rows]
    assert found == [(0, "0.parquet"), (9, "9.parquet")]
    [reject] = outcome.rejects
    assert reject.file.endswith("x.parquet")
    assert json.loads(reject.text) == {"file_index": "x", "_firn_file": "f"}


def test_mutant_plain_names_in_the_stage(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Field, "staged", property(lambda self: quote(self.name)))
    spec = {"columns": [{"name": "rowid"}, {"name": "v"}]}
    with pytest.raises(TypeError):  # the column's texts were taken for row numbers
        landing(spec, {"rows.csv": b"rowid,v\nx,1\n"})
