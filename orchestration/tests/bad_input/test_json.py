"""JSON that is broken, ambiguous or larger than a number can be."""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from orchestration.errors import GateError
from orchestration.ingestion import (
    casts,
    counting,
    digits,
    json_files,
    nested,
    unpack,
)
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case, promise
from orchestration.tests.unit.ingestion.conftest import Place

ANY = {"v": "varchar"}
WHOLE = {"v": "bigint"}


def named(name: str, outcome: str) -> pytest.MarkDecorator:
    return case("JSON", name, outcome=outcome)


def lines(*values: str) -> bytes:
    """JSON lines of objects whose one key `v` has each of these values."""
    return "".join(f'{{"v": {value}}}\n' for value in values).encode()


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


# --- numbers

EXACT = [
    ("bigint", "9007199254740993", 9007199254740993),
    ("bigint", "9223372036854775807", 2**63 - 1),
    ("decimal(38,0)", "18446744073709551617", Decimal(2**64 + 1)),
    ("decimal(38,20)", "0.12345678901234567891", Decimal("0.12345678901234567891")),
    ("decimal(17,2)", "123456789012345.67", Decimal("123456789012345.67")),
    ("varchar", "18446744073709551617", "18446744073709551617"),
    ("varchar", "0.12345678901234567891", "0.12345678901234567891"),
    ("varchar", "1e-400", "1e-400"),
    ("double", "9007199254740992", 2.0**53),
    ("bigint[]", "[9007199254740993, null]", [9007199254740993, None]),
    (
        "decimal(38,20)[]",
        "[0.12345678901234567891]",
        [Decimal("0.12345678901234567891")],
    ),
    ("map(varchar,bigint)", '{"a": 9007199254740993}', {"a": 9007199254740993}),
]
ROUNDED = [
    ("bigint", "9223372036854775808"),
    ("bigint", "1.5"),
    ("bigint", "1e400"),
    ("bigint", "1e-400"),
    ("decimal(9,2)", "1e-400"),
    ("integer", "2147483648"),
    ("double", "9007199254740993"),
    ("double", "1" + "0" * 40 + "1"),
    ("double", "1e400"),
    ("float", "16777217"),
    ("decimal(9,2)", "12345678.9"),
    ("bigint[]", "[1.5]"),
    ("bigint[]", "[9223372036854775808]"),
    ("bigint[][]", "[[1], [1.5]]"),
    ("struct(a bigint)", '{"a": 1.5}'),
    ("struct(a bigint[])[]", '[{"a": [1]}, {"a": [1.5]}]'),
    ("map(varchar,integer)", '{"a": 2147483648}'),
    ("double[]", "[9007199254740993]"),
]


@named(
    "a number beyond 2^53 or int64", "accepted exact, or rejected row: never rounded"
)
@pytest.mark.parametrize(("type_", "text", "value"), EXACT)
def test_a_number_lands_with_all_its_digits(
    place: Place, type_: str, text: str, value: Any
) -> None:
    place.write(lines(text))
    place.load(place.source({"v": type_}, format="jsonl"))
    assert place.rows("v") == [(value,)]


@named(
    "a number beyond 2^53 or int64", "accepted exact, or rejected row: never rounded"
)
@pytest.mark.parametrize(("type_", "text"), ROUNDED)
def test_a_number_that_would_be_rounded_is_a_reject(
    place: Place, type_: str, text: str
) -> None:
    place.write(lines(text))
    result = place.load(place.source({"v": type_}, format="jsonl", max_reject_share=1))
    assert (result.landed, result.rejected) == (0, 1)
    [(raw, column)] = place.rejects("raw_line, column_name")
    assert text in raw
    assert column == "v"


def test_exact_numbers_reach_the_lake(landing: Landing) -> None:
    columns = {"v": "decimal(38,20)", "w": "bigint[]"}
    data = b'{"v": 0.12345678901234567891, "w": [9007199254740993]}\n{"w": [1.5]}\n'
    outcome = landing({"columns": columns, "format": "jsonl"}, {"a": data})
    assert outcome.rows[0]["v"] == Decimal("0.12345678901234567891")
    assert outcome.rows[0]["w"] == [9007199254740993]
    assert outcome.reasons == [(2, 2, "w")]


def test_mutant_without_keeping_digits_a_decimal_is_rounded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "keep_digits", lambda *_: None)
    place.write(lines("0.12345678901234567891"))
    place.load(place.source({"v": "decimal(38,20)"}, format="jsonl"))
    assert place.rows("v") != [(Decimal("0.12345678901234567891"),)]


def test_mutant_without_the_look_at_whole_numbers_a_double_is_rounded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casts, "_WHOLE_DIGITS", {})
    place.write(lines("9007199254740993"))
    place.load(place.source({"v": "double"}, format="jsonl"))
    assert place.rows("v") == [(2.0**53,)]


@named("a nested number in a varchar that a float would round", "accepted: as a string")
def test_a_nested_number_keeps_its_digits_as_text(landing: Landing) -> None:
    data = lines('{"a": 0.12345678901234567891, "b": "0.12345678901234567891"}')
    [text] = landing({"columns": ANY, "format": "jsonl"}, {"a": data}).values("v")
    assert set(json.loads(text).values()) == {"0.12345678901234567891"}


@named("NaN, Infinity", "accepted in a float, double or varchar; else rejected row")
@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number(place: Place, text: str) -> None:
    columns = {"v": "double", "w": "varchar", "x": "decimal(9,2)", "y": "bigint"}
    objects = [f'{{"{key}": {text}}}' for key in columns]
    place.write("\n".join(objects).encode())
    place.load(place.source(columns, format="jsonl", max_reject_share=1))
    [(v, _), (_, w)] = place.rows("v, w")
    assert repr(v) == repr(float(text))
    assert w == text
    assert place.rejects("column_name") == [("x",), ("y",)]


@named(
    "a type that changes between rows", "rejected row where the column cannot hold it"
)
def test_types_that_change_between_rows(landing: Landing) -> None:
    data = lines("1", '"2"', '"x"', "true", '{"a": 1}', "[1]", "null", "4.0")
    typed = landing({"columns": WHOLE, "format": "jsonl"}, {"a": data})
    assert typed.values("v") == [1, 2, None, 4]
    assert [one.row for one in typed.rejects] == [3, 4, 5, 6]
    text = landing({"columns": ANY, "format": "jsonl"}, {"a": data})
    assert text.values("v") == ["1", "2", "x", "true", '{"a":1}', "[1]", None, "4.0"]


NESTED = [
    ("date[]", '["10000-01-01"]'),
    ("date[]", '["2026-01-01 10:00:00"]'),
    ("struct(a date)", '{"a": "infinity"}'),
    ("struct(a timestamp[])", '{"a": ["2026-01-01T00:00:00+02:00"]}'),
    ("struct(a bigint)", '{"a": 1, "a": 1}'),
    ("struct(a bigint)", '{"b": 1}'),
    ("map(varchar,bigint)", '{"a": 1, "a": 1}'),
    ("map(bigint,bigint)", '{"1": 1, "01": 1}'),
    ("map(bigint,bigint)", '{"x": 1}'),
]


@named(
    "a date, key or value in a list, struct or map that does not fit", "rejected row"
)
@pytest.mark.parametrize(("type_", "text"), NESTED)
def test_every_part_of_a_nested_value_is_checked(
    place: Place, type_: str, text: str
) -> None:
    place.write(lines(text, "null"))
    result = place.load(place.source({"v": type_}, format="jsonl", max_reject_share=1))
    assert (result.landed, result.rejected) == (1, 1)


def test_mutant_with_a_plain_cast_a_nested_value_is_rounded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plainly(type_: Any, at: Any, *_: Any) -> Any:
        return nested.Part(f"try_cast({at.json} as {type_})", "false")

    monkeypatch.setattr(nested, "from_json", plainly)
    place.write(lines("[1.5]"))
    place.load(place.source({"v": "bigint[]"}, format="jsonl"))
    assert place.rows("v") == [([2],)]


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


# --- properties

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
    ),
    max_leaves=5,
)
TYPED: dict[str, Callable[[Any], bool]] = {
    "bigint": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "bigint[]": lambda v: isinstance(v, list),
    "struct(a bigint, b varchar)": lambda v: isinstance(v, dict),
    "map(varchar,double)": lambda v: isinstance(v, dict),
    "varchar": lambda v: not isinstance(v, float),
}


@configured(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@example(values=[5.733524102845263e16], type_="bigint")
@given(
    values=st.lists(VALUES, min_size=1, max_size=6),
    type_=st.sampled_from(sorted(TYPED)),
)
def test_any_value_lands_as_it_is_or_is_a_reject(
    place: Place, values: list[Any], type_: str
) -> None:
    place.con.execute("drop schema if exists lake.raw cascade")
    place.write("".join(json.dumps({"v": value}) + "\n" for value in values).encode())
    result = place.load(place.source({"v": type_}, format="jsonl", max_reject_share=1))
    assert result.landed + result.rejected == result.source_rows == len(values)
    for landed, row in place.rows("v, _row_number"):
        assert same(landed, values[row - 1]), (landed, values[row - 1])


def same(landed: Any, written: Any) -> bool:
    """Whether what landed is what was written, as far as the types may differ."""
    if isinstance(landed, dict) and isinstance(written, dict):
        kept = {key: value for key, value in landed.items() if value is not None}
        given = {key: value for key, value in written.items() if value is not None}
        return kept.keys() == given.keys() and all(
            same(kept[key], given[key]) for key in kept
        )
    if isinstance(landed, list) and isinstance(written, list):
        return len(landed) == len(written) and all(map(same, landed, written))
    if isinstance(landed, str) and not isinstance(written, str):
        return written is not None and same(json.loads(landed), written)
    if isinstance(landed, (int, float)) and isinstance(written, str):
        return math.isclose(float(landed), float(written)) or same(
            landed, float(written)
        )
    if isinstance(landed, int) and isinstance(written, float):
        return landed == Decimal(repr(written))  # the digits of the document
    return bool(landed == written)


@configured(max_examples=200)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=25))
def test_digits_are_kept_where_a_float_would_drop_them(number: Decimal) -> None:
    text = f"{number:f}"
    kept = digits._TOKEN.sub(digits._keep, f'{{"{text}": {text}}}')
    value = json.loads(kept, parse_float=lambda t: Decimal(repr(float(t))))[text]
    assert Decimal(value) == number
