"""SQL that makes a typed column of what a file holds, and tells what does not fit.

A value fits when DuckDB can cast it and, for whole numbers, when nothing is lost: '1.5'
would become 2 in silence. Decimals round to their scale, as everywhere in SQL.
"""

from dataclasses import dataclass

from orchestration.ingestion.schema import Field
from orchestration.lake.types import literal, quote

_WHOLE = ("integer", "bigint")


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


def from_reader(field: Field, column: str | None) -> Cast:
    """A CSV column, which DuckDB's reader has cast, except for whole numbers."""
    if column is None:
        return _missing(field)
    if field.type not in _WHOLE:
        return Cast(field, column, None)
    value = f"try_cast({column} as {field.type})"
    lossy = f"try_cast({column} as decimal(38, 18)) is distinct from {value}"
    # The first comparison decides nearly all rows, NULL among them.
    differs = f"{value}::varchar is distinct from {column}"
    misfit = f"{differs} and ({value} is null or {lossy})"
    return Cast(field, value, misfit)


def reader_type(field: Field) -> str:
    """The type that DuckDB's CSV reader is asked for."""
    return "varchar" if field.type in _WHOLE else field.type


def from_json(field: Field, document: str) -> Cast:
    """A key of a JSON object; a nested value lands in a varchar as its JSON text."""
    if field.original is None:
        return _missing(field)
    key = field.original.replace("\\", "\\\\").replace('"', '\\"')
    path = literal(f'$."{key}"')
    text = f"({document}->>{path})"
    if field.type == "varchar":
        return Cast(field, text, None)
    value = f"try_cast(({document}->{path}) as {field.type})"
    misfit = f"{text} is not null and {value} is null"
    if field.type in _WHOLE:
        value = f"try_cast({text} as {field.type})"
        lossy = f"try_cast({text} as decimal(38, 18)) is distinct from {value}"
        misfit = f"{text} is not null and ({value} is null or {lossy})"
    return Cast(field, value, misfit)


def from_typed(field: Field, type_: str) -> Cast:
    """A column of a Parquet file that has the type `type_`."""
    if field.original is None:
        return _missing(field)
    column = quote(field.original)
    if type_.lower() == field.type.lower():
        return Cast(field, column, None)
    value = f"try_cast({column} as {field.type})"
    misfit = f"{column} is not null and {value} is null"
    if field.type in _WHOLE:
        lossy = f"try_cast({value} as {type_}) is distinct from {column}"
        misfit = f"{column} is not null and ({value} is null or {lossy})"
    return Cast(field, value, misfit)


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
