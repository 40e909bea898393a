"""JSON's values: larger than a number can be, of changing types, nested."""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from orchestration.ingestion import (
    casts,
    digits,
    json_files,
    nested,
)
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.bad_input.small_json import ANY, WHOLE, lines, named
from orchestration.tests.unit.ingestion.conftest import Place

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
