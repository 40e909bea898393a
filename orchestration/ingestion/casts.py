"""SQL that makes a typed column of what a file holds, and tells what does not fit.

A value fits when DuckDB can cast it and nothing is lost by it. Decimals round to their
scale, as everywhere in SQL. Dates and timestamps fit from the year 1 to 9999, which is
what every reader of Iceberg can hold; `infinity` is no moment at all.
"""

from collections.abc import Collection
from dataclasses import dataclass

from orchestration.ingestion.schema import Field
from orchestration.lake.types import literal, quote

# Casts that lose something: 1.5 as an integer is 2, a date drops the time of day, a
# timestamp drops an offset. By type: a cheap test of which texts to look at twice, and
# what the value should be equal to.
_WHOLE = ("{value}::varchar <> {text}", "try_cast({text} as decimal(38, 18))")
_LOSSY = {
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "date": ("length({text}) > 10", "try_cast({text} as timestamp)"),
    "timestamp": (
        "length({text}) > 19",
        "(try_cast({text} as timestamptz) at time zone 'UTC')",
    ),
}
_RANGES = {
    "date": ("date '0001-01-01'", "date '10000-01-01'"),
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


def from_reader(field: Field, column: str | None, *, text: bool) -> Cast:
    """A CSV column; `text` says that the reader was asked for text (`reader_type`)."""
    if column is None:
        return _missing(field)
    return _from_text(field, column) if text else _checked(field, column)


def reader_type(field: Field, *, formats: Collection[str] = ()) -> str:
    """The type that DuckDB's CSV reader is asked for.

    Args:
        formats: Types for which the spec gives a format, which the reader knows best.
    """
    zoned = field.type == "timestamp with time zone"  # it reads the year 300000 as NULL
    format_ = "timestamp" if zoned else field.type
    checked = (zoned or field.type in _LOSSY) and format_ not in formats
    return "varchar" if checked else field.type


def from_json(field: Field, document: str) -> Cast:
    """A key of a JSON object; a nested value lands in a varchar as its JSON text."""
    if field.original is None:
        return _missing(field)
    key = field.original.replace("\\", "\\\\").replace('"', '\\"')
    path = literal(f'$."{key}"')
    text = f"({document}->>{path})"
    if field.type == "varchar":
        return Cast(field, text, None)
    if field.type in _LOSSY:
        return _from_text(field, text)
    nested = f"({document}->{path})"
    value = f"try_cast({nested} as {field.type})"
    if _is_nested(field):
        lost = _lost(field, nested, value)
        return Cast(field, value, f"{text} is not null and ({value} is null or {lost})")
    return _checked(field, value, f"{text} is not null and {value} is null")


def from_typed(field: Field, type_: str) -> Cast:
    """A column of a Parquet file that has the type `type_`."""
    if field.original is None:
        return _missing(field)
    column = quote(field.original)
    if type_.lower() == field.type.lower():
        return _checked(field, column)
    if type_ == "VARCHAR" and field.type in _LOSSY:
        return _from_text(field, column)
    value = f"try_cast({column} as {field.type})"
    wrong = f"{value} is null"
    if _is_nested(field):
        wrong += f" or try(cast({column} as {field.type})) is null"
    if field.type in _LOSSY:
        wrong += f" or try_cast({value} as {type_}) is distinct from {column}"
    return _checked(field, value, f"{column} is not null and ({wrong})")


def _from_text(field: Field, text: str) -> Cast:
    """A cast that does not round or cut off in silence, as DuckDB's would."""
    value = f"try_cast({text} as {field.type})"
    if field.type not in _LOSSY:
        return _checked(field, value, f"{text} is not null and {value} is null")
    suspect, exact = _LOSSY[field.type]
    exact = exact.format(text=text, value=value)
    suspect = suspect.format(text=text, value=value)
    lossy = f"{suspect} and {exact} is distinct from {value}"
    misfit = f"{text} is not null and ({value} is null or ({lossy}))"
    return _checked(field, value, misfit)


def _is_nested(field: Field) -> bool:
    return field.type.endswith("]") or field.type.lower().startswith(("struct", "map"))


def _lost(field: Field, document: str, value: str) -> str:
    """Whether part of a nested JSON value became NULL, or has no place in the type.

    `try_cast` gives NULL for the part that does not fit alone. A cast that raises also
    refuses an object that leaves a key out, which JSON may: so values are counted.
    """
    leaves = (
        "len(list_filter(json_extract({}, '$..*'), lambda x: "
        "json_type(x) not in ('OBJECT', 'ARRAY', 'NULL')))"
    )
    fewer = f"{leaves.format(document)} > {leaves.format(f'to_json({value})')}"
    bare = f"json_type({document}) not in ('OBJECT', 'ARRAY')"
    return f"(try(cast({document} as {field.type})) is null and ({bare} or {fewer}))"


def _checked(field: Field, value: str, misfit: str | None = None) -> Cast:
    """A cast that is a misfit, too, where its moment cannot be written."""
    if field.type not in _RANGES:
        return Cast(field, value, misfit)
    first, end = _RANGES[field.type]
    outside = f"{value} < {first} or {value} >= {end}"
    # In this order: what is outside may not even compare with the other types.
    return Cast(
        field, value, f"case when {outside} then true else {misfit or False} end"
    )


def verdict(casts: list[Cast], *, broken: str | None = None) -> str:
    """The number of the first misfit, NULL where the row fits; `reason` reads it.

    -1 where `broken` is true, else twice the column's number, plus one for a value that
    is required and absent.
    """
    whens = [f"when {broken} then -1"] if broken else []
    for number, cast in enumerate(casts):
        if cast.misfit:
            whens.append(f"when {cast.misfit} then {2 * number}")
        if cast.absent:
            whens.append(f"when {cast.absent} then {2 * number + 1}")
    return (
        f"cast(case {' '.join(whens)} end as smallint)" if whens else "null::smallint"
    )


def reason(fields: tuple[Field, ...], number: int) -> tuple[str | None, str]:
    """The column and the reason of a verdict."""
    if number < 0:
        return None, "not a JSON object"
    field = fields[number // 2]
    text = "has no value" if number % 2 else f"cannot be read as {field.type}"
    return field.name, f"{field.name} {text}"


def _missing(field: Field) -> Cast:
    return Cast(field, f"cast(null as {field.type})", None)
