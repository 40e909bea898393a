"""SQL that makes a typed column of what a file holds, and tells what does not fit.

A value fits when DuckDB can cast it and nothing is lost by it (`exact`). Dates and
timestamps fit from the year 1 to 9999, which is what every reader of Iceberg can hold;
`infinity` is no moment at all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.ingestion import exact, nested
from orchestration.ingestion.schema import Field
from orchestration.lake.types import literal, quote

# Types whose casts from other typed values lose nothing, or what is agreed.
_TAKE_ALL = ("varchar", "blob", "uuid", "float", "double")
_HOLDS_NUL = -10  # and less, by the number of the column
_BROKEN = {-1: "not a JSON object", -2: "a key is there twice"}
# Up to how many characters every whole number is exact in a type of few binary digits.
_WHOLE_DIGITS = {"float": 7, "double": 15}
_RANGES = {
    "date": ("date '0001-01-01'", "date '10000-01-01'"),
    "time": ("time '00:00'", "time '24:00:00'"),
    "timestamp": ("timestamp '0001-01-01'", "timestamp '10000-01-01'"),
    "timestamp with time zone": (
        "timestamptz '0001-01-01 00:00:00+00'",
        "timestamptz '10000-01-01 00:00:00+00'",
    ),
}


@dataclass(frozen=True)
class Cast:
    """One column: its value, and a condition that is true where it does not fit."""

    field: Field
    value: str
    misfit: str | None

    @property
    def absent(self) -> str | None:
        """A condition that is true where a required column has no value."""
        return f"({self.value}) is null" if self.field.required else None


def from_reader(field: Field, column: str | None, format_: str | None) -> Cast:
    """A CSV column, read as text; `format_` is how its moments are written."""
    if column is None:
        return _missing(field)
    if format_ is None:
        return _from_text(field, column)
    parsed = f"try_strptime({column}, {literal(format_)})"
    value = f"try_cast({parsed} as {field.type})"
    # As a date it may lose its time of day, as a timestamp its nanoseconds.
    wrong = f"{column} is not null and ({value} is null or {value} <> {parsed})"
    if "%Y" in format_:  # which takes two digits for the year 26
        short = f"lpad(year({value})::varchar, 4, '0')"
        wrong += f" or (year({value}) < 1000 and not contains({column}, {short}))"
    return Cast(field, value, _in_range(field.type, value, wrong))


def from_json(field: Field, document: nested.At) -> Cast:
    """A key of a JSON object; a nested value lands in a varchar as its JSON text."""
    if field.original is None:
        return _missing(field)
    at, type_ = document.key(field.original), duckdb.type(field.type)
    part = nested.from_json(type_, at, _leaf)
    return Cast(field, part.value, None if part.misfit == "false" else part.misfit)


def from_typed(field: Field, type_: str) -> Cast:
    """A column of a Parquet file that has the type `type_`."""
    if field.original is None:
        return _missing(field)
    column = quote(field.original)
    if type_.lower() == field.type.lower():
        is_float = field.type in _WHOLE_DIGITS
        return _checked(field, exact.unsigned_zero(column) if is_float else column)
    if type_ == "VARCHAR" and not _is_nested(field):
        return _from_text(field, column)
    value = f"try_cast({column} as {field.type})"
    if field.type == "varchar" and _is_nested_type(type_):
        value = f"to_json({column})::varchar"
    elif field.type == "varchar" and type_ == "BLOB":
        # Some writers do not say that their bytes are text; a cast would escape them.
        value = f"try(decode({column}))"
    wrong = f"{value} is null"
    if _is_nested(field):
        wrong += f" or try(cast({column} as {field.type})) is null"
    if _may_lose(field, type_):
        wrong += f" or try_cast({value} as {type_}) is distinct from {column}"
    return _checked(field, value, f"{column} is not null and ({wrong})")


def _from_text(field: Field, text: str) -> Cast:
    """A cast that does not round or cut off in silence, as DuckDB's would."""
    return Cast(field, *_leaf(field.type, text))


def _leaf(type_: str, text: str) -> tuple[str, str | None]:
    """A text as a value of a type that is not nested, and where it does not fit."""
    if type_ == "varchar":
        return text, None
    value = exact.value(text, type_)
    misfit = f"{text} is not null and {value} is null"
    if lost := exact.lost(text, value, type_):
        misfit = (
            f"case when {text} is null then false "
            f"when {value} is null then true else {lost} end"
        )
    if type_ in _WHOLE_DIGITS:
        misfit = f"({misfit}) or ({_rounds(text, value, _WHOLE_DIGITS[type_])})"
    return value, _in_range(type_, value, misfit)


def _rounds(text: str, value: str, digits: int) -> str:
    """Whether a float is not the whole number that was written: that is often a key."""
    rounded = f"try_cast({text} as hugeint) <> try_cast({value} as hugeint)"
    return (
        f"length({text}) > {digits} and "
        rf"regexp_full_match({text}, '\s*[+-]?[0-9]+(\.0*)?\s*') "
        f"and coalesce({rounded}, true)"
    )


def _may_lose(field: Field, type_: str) -> bool:
    """Whether casting back shows what a cast of a typed value has lost."""
    whole = "INT" in type_.upper() or re.fullmatch(r"DECIMAL\(\d+,0\)", type_)
    rounds = field.type in _WHOLE_DIGITS and whole
    return _is_nested(field) or field.type not in _TAKE_ALL or bool(rounds)


def _is_nested(field: Field) -> bool:
    return _is_nested_type(field.type)


def _is_nested_type(type_: str) -> bool:
    return type_.endswith("]") or type_.lower().startswith(("struct", "map"))


def _checked(field: Field, value: str, misfit: str | None = None) -> Cast:
    """A cast that is a misfit, too, where its moment cannot be written."""
    if not _is_nested(field):
        return Cast(field, value, _in_range(field.type, value, misfit))
    wrong = nested.outside(duckdb.type(field.type), value, _moment)
    return Cast(field, value, " or ".join(filter(None, (misfit, wrong))) or None)


def _moment(type_: str, value: str) -> tuple[str, str | None]:
    return value, _in_range(type_, value, None)


def _in_range(type_: str, value: str, misfit: str | None) -> str | None:
    if type_ not in _RANGES:
        return misfit
    first, end = _RANGES[type_]
    outside = f"{value} < {first} or {value} >= {end}"
    # In this order: what is outside may not even compare with the other types.
    return f"case when {outside} then true else {misfit or False} end"


def verdict(casts: list[Cast], *, broken: Sequence[str] = ()) -> str:
    """The number of the first misfit, NULL where the row fits; `reason` reads it.

    -1 where the row is no JSON object, -2 where that has a key twice (`broken` has the
    conditions); else twice the column's number, plus one for a value that is required
    and absent.
    """
    whens = [f"when {test} then -{number}" for number, test in enumerate(broken, 1)]
    for number, cast in enumerate(casts):
        if cast.misfit:
            whens.append(f"when {cast.misfit} then {2 * number}")
        if cast.absent:
            whens.append(f"when {cast.absent} then {2 * number + 1}")
    return f"cast(case {' '.join(whens)} end as integer)" if whens else "null::integer"


def nul_verdict(fields: Sequence[Field]) -> str | None:
    """The verdict on a row with a NUL byte in a text, NULL where there is none.

    No text has one: it is what UTF-16 looks like as UTF-8, or a hole in a file. None
    where no column is text, since no other type can be read from it.
    """
    whens = [
        f"when contains({field.staged}, chr(0)) then {_HOLDS_NUL - number}"
        for number, field in enumerate(fields)
        if field.type == "varchar"
    ]
    return f"case {' '.join(whens)} end" if whens else None


def reason(fields: tuple[Field, ...], number: int) -> tuple[str | None, str]:
    """The column and the reason of a verdict."""
    if number <= _HOLDS_NUL:
        name = fields[_HOLDS_NUL - number].name
        return name, f"{name} holds a NUL byte"
    if number < 0:
        return None, _BROKEN[number]
    field = fields[number // 2]
    text = "has no value" if number % 2 else f"cannot be read as {field.type}"
    return field.name, f"{field.name} {text}"


def _missing(field: Field) -> Cast:
    return Cast(field, f"cast(null as {field.type})", None)
