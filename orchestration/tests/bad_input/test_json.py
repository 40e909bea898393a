"""JSON that is broken or ambiguous: its documents, lines and keys."""

import json

import pytest

from orchestration.errors import GateError
from orchestration.ingestion import (
    counting,
    json_files,
    unpack,
)
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.bad_input.small_json import ANY, WHOLE, lines, named
from orchestration.tests.pages import promise
from orchestration.tests.unit.ingestion.conftest import Place

# --- broken documents

REFUSED = {
    "a truncated document": b'[{"v": 1}, {"v":',
    "an array that is not closed": b'[{"v": 1}, {"v": 2}',
    "an array that ends in a comma": b'[{"v": 1}, {"v": 2},',
    "something after the document": b'[{"v": 1}] and more',
    "UTF-16": '[{"v": 1}]'.encode("utf-16"),
    "UTF-16 without a byte order mark": '[{"v": 1}]'.encode("utf-16-le"),
    "bytes that are no UTF-8": b'[{"v": "\xff"}]',
}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(data, id=name, marks=named(f"document: {name}", "refused file"))
        for name, data in REFUSED.items()
    ],
)
def test_a_broken_document_is_refused(landing: Landing, data: bytes) -> None:
    outcome = landing({"columns": WHOLE, "format": "json"}, {"a.json": data})
    assert outcome.refusal.startswith("landing/")
    assert "a.json: " in outcome.refusal
    assert str(landing.settings.project_dir) not in outcome.refusal


def test_mutant_without_the_second_count_a_truncated_array_would_land(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(REFUSED["an array that ends in a comma"])
    source = place.source(WHOLE, format="json")
    with pytest.raises(GateError):
        place.load(source)
    monkeypatch.setattr(counting, "_json_rows", lambda _: 2)
    assert place.load(source).landed == 2


@pytest.mark.parametrize("format_", ["json", "jsonl"])
@named("nothing: an empty file, only spaces", "accepted: 0 rows, entered once")
@pytest.mark.parametrize("data", [b"", b" \n \n"])
def test_an_empty_file_has_no_rows(landing: Landing, format_: str, data: bytes) -> None:
    outcome = landing({"columns": WHOLE, "format": format_}, {"a": data})
    assert outcome.result is not None
    assert (outcome.result.files, outcome.result.source_rows) == (1, 0)


@named("document: an empty array", "accepted: 0 rows, entered once")
def test_an_empty_array_has_no_rows(landing: Landing) -> None:
    outcome = landing({"columns": WHOLE, "format": "json"}, {"a": b"[]"})
    assert outcome.result is not None
    assert (outcome.result.files, outcome.result.source_rows) == (1, 0)


@named("document: several, one after the other", "accepted: an object a row")
def test_documents_in_a_row_are_rows(landing: Landing) -> None:
    data = b'{"v": 1}{"v": 2}\n\n{"v": 3}'
    outcome = landing({"columns": WHOLE, "format": "json"}, {"a.json": data})
    assert outcome.values("v") == [1, 2, 3]


@named("a byte order mark", "accepted: it is no part of the first row")
@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_a_byte_order_mark_is_left_out(landing: Landing, format_: str) -> None:
    data = b"\xef\xbb\xbf" + lines("1", "2")
    outcome = landing({"columns": WHOLE, "format": format_}, {"a": data})
    assert outcome.values("v") == [1, 2]


def test_mutant_with_the_byte_order_mark_a_row_is_lost_as_a_reject(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "_BOM", b"")
    place.write(b"\xef\xbb\xbf" + lines("1", "2"))
    assert place.load(place.source(WHOLE, format="jsonl")).rejected == 1


# --- rows that are none

BROKEN_LINES = {
    "a broken line": b"{broken",
    "a line that is cut off": b'{"v":',
    "a scalar": b"42",
    "an array": b'[{"v": 1}]',
    "null": b"null",
    "two objects on a line": b'{"v": 1}{"v": 2}',
    "bytes that are no UTF-8": b'{"v": "\xff"}',
    "half of a surrogate pair": b'{"v": "\\ud800"}',
    "a NUL byte": b'{"v": "\x00"}',
    "single quotes": b"{'v': 1}",
}


@pytest.mark.parametrize("place_of_it", [0, 1, 2])
@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            line, id=name, marks=named(f"lines: {name}", "rejected row: with its line")
        )
        for name, line in BROKEN_LINES.items()
    ],
)
def test_one_broken_line_is_a_reject(
    place: Place, line: bytes, place_of_it: int
) -> None:
    good = [b'{"v": 7}', b'{"v": 8}']
    good.insert(place_of_it, line)
    place.write(b"\n".join(good))
    place.load(place.source(WHOLE, format="jsonl", max_reject_share=1))
    assert [v for (v,) in place.rows("v")] == [7, 8]
    assert place.rejects("line_number, reason") == [
        (place_of_it + 1, "not a JSON object")
    ]


@named("lines that end in CR alone", "refused file: DuckDB takes them for one line")
def test_lines_that_end_in_cr_are_refused(landing: Landing) -> None:
    data = b'{"v": 1}\r{"v": 2}\r'
    outcome = landing({"columns": WHOLE, "format": "jsonl"}, {"a.jsonl": data})
    assert "do not add up" in outcome.refusal


@named("document: a scalar, an array of scalars", "rejected row: each value is one")
@pytest.mark.parametrize(("data", "rows"), [(b"42", 1), (b'[1, "x", null, []]', 4)])
def test_values_at_the_top_are_rejects(
    landing: Landing, data: bytes, rows: int
) -> None:
    outcome = landing({"columns": WHOLE, "format": "json"}, {"a.json": data})
    assert [one.reason for one in outcome.rejects] == ["not a JSON object"] * rows


@named("a key that an object has twice", "rejected row: readers differ in which wins")
@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_a_repeated_key_is_a_reject(landing: Landing, format_: str) -> None:
    data = b'{"v": 1, "v": 2}\n{"v": 3}\n'
    outcome = landing({"columns": WHOLE, "format": format_}, {"a": data})
    assert outcome.values("v") == [3]
    assert [one.reason for one in outcome.rejects] == ["a key is there twice"]


def test_mutant_without_the_look_at_keys_the_first_value_wins(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = json_files.columns
    forget = json_files.Objects
    monkeypatch.setattr(
        json_files,
        "columns",
        lambda found: columns(forget(found.fields, repeats=False)),
    )
    place.write(b'{"v": 1, "v": 2}\n')
    place.load(place.source(WHOLE, format="jsonl"))
    assert place.rows("v") == [(1,)]


@named("nesting 10,000 deep, in lines", "accepted: as text; a reject where it is typed")
def test_deep_nesting_in_lines(landing: Landing) -> None:
    deep = "[" * 10_000 + "]" * 10_000
    data = lines(deep, "1")
    assert landing({"columns": ANY, "format": "jsonl"}, {"a": data}).values("v") == [
        deep,
        "1",
    ]
    typed = landing({"columns": {"v": "bigint[]"}, "format": "jsonl"}, {"a": data})
    assert len(typed.rejects) == 2


@named("nesting 10,000 deep, in a document", "refused file")
@pytest.mark.parametrize("before", [b"", b'{"v": 1}\n'])
@promise("a JSON document 256 MiB and about 1,000 levels")
def test_deep_nesting_in_a_document(landing: Landing, before: bytes) -> None:
    data = before + b'[{"v": ' + b"[" * 10_000 + b"]" * 10_000 + b"}]"
    outcome = landing({"columns": ANY, "format": "json"}, {"a.json": data})
    assert "nested too deep" in outcome.refusal


@named("a document of more than 256 MiB", "refused file: JSON lines may be of any size")
@promise("a JSON document 256 MiB and about 1,000 levels")
def test_a_document_that_memory_may_not_hold(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_LONGEST_DOCUMENT", 1000)
    data = json.dumps([{"v": i} for i in range(200)]).encode()
    outcome = landing({"columns": WHOLE, "format": "json"}, {"a.json": data})
    assert "JSON lines may be of any size" in outcome.refusal


@pytest.mark.full
@named("an object of more than 64 MiB", "accepted up to there, refused file beyond 128")
@pytest.mark.parametrize(("mib", "lands"), [(63, True), (140, False)])
def test_a_huge_object(place: Place, mib: int, *, lands: bool) -> None:
    place.write(lines('"' + "x" * (mib << 20) + '"', "1"))
    source = place.source(ANY, format="jsonl")
    if lands:
        assert place.load(source).landed == 2
        return
    with pytest.raises(GateError, match=r"rows\.csv"):
        place.load(source)


# --- keys


@named("keys with wildcards, dots, quotes, none at all", "accepted: each is its column")
def test_odd_keys(landing: Landing) -> None:
    odd = ["*", "a.b", 'q"q', "a/b", "~", "", "é", "[0]"]
    columns = [{"name": f"c{i}", "from": key} for i, key in enumerate(odd) if key]
    row = {key: f"of {key}" for key in odd if key}
    data = json.dumps(row).encode()
    outcome = landing({"columns": columns, "format": "jsonl"}, {"a": data})
    [landed] = outcome.rows
    assert [landed[column["name"]] for column in columns] == list(row.values())


@named("a new key that holds a NUL, or is empty", "refused file; accepted as `column`")
def test_new_keys_without_a_name(landing: Landing) -> None:
    spec = {"columns": WHOLE, "format": "jsonl", "schema_policy": "evolve"}
    nul = landing(spec, {"a.jsonl": b'{"v": 1, "a\\u0000b": 2}'})
    assert "NUL" in nul.refusal
    empty = landing(spec, {"a.jsonl": b'{"v": 1, "": 2}'})
    assert [row["column"] for row in empty.rows] == ["2"]
