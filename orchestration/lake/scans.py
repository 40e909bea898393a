"""How much a scan would read, as manifests know it: no row is read for the answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    GreaterThanOrEqual,
    LessThanOrEqual,
    Reference,
)
from pyiceberg.expressions.literals import literal
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.types import (
    DateType,
    DecimalType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    TimestampType,
    TimestamptzType,
)

_MEASURABLE = (
    *(IntegerType, LongType, DecimalType),
    *(DateType, TimestampType, TimestamptzType),
)


@dataclass(frozen=True)
class Bounds:
    """The least and greatest value that is looked for, as text; timestamps in UTC."""

    column: str
    least: str
    greatest: str


@dataclass(frozen=True)
class _Range:
    """Bounds of a column as values of its type: what a file's statistics hold."""

    field: NestedField
    least: Any
    greatest: Any


def rows_between(table: Table, bounds: Iterable[Bounds]) -> int:
    """About how many rows lie between all bounds, deleted ones too.

    Partitions and files' statistics tell; within a file, values of numbers and times
    are taken to lie evenly. A bound that pyiceberg does not read as the column's type
    narrows nothing.
    """
    ranges = [one for bound in bounds for one in _range(table, bound)]
    condition: BooleanExpression = AlwaysTrue()
    for one in ranges:
        term = Reference(one.field.name)
        condition = And(
            condition,
            GreaterThanOrEqual(term=term, value=one.least),
            LessThanOrEqual(term=term, value=one.greatest),
        )
    tasks = table.scan(row_filter=condition, case_sensitive=False).plan_files()
    return round(sum(_rows(task.file, ranges) for task in tasks))


def _rows(file: DataFile, ranges: Iterable[_Range]) -> float:
    shares = (_share(file, one) for one in ranges)
    return file.record_count * min(shares, default=1.0)


def _share(file: DataFile, wanted: _Range) -> float:
    """The part of a file's span that lies between the bounds: from 0 to 1."""
    field = wanted.field
    type_ = field.field_type
    low = (file.lower_bounds or {}).get(field.field_id)
    high = (file.upper_bounds or {}).get(field.field_id)
    if low is None or high is None or not isinstance(type_, _MEASURABLE):
        return 1.0
    first: Any = from_bytes(type_, low)
    last: Any = from_bytes(type_, high)
    inside = min(last, wanted.greatest.value) - max(first, wanted.least.value)
    return float(max(inside + 1, 0) / (last - first + 1))


def _range(table: Table, bounds: Bounds) -> Iterator[_Range]:
    field = table.schema().find_field(bounds.column, case_sensitive=False)
    type_ = field.field_type
    try:
        least, greatest = (
            literal(_iso(text, type_)).to(type_)
            for text in (bounds.least, bounds.greatest)
        )
    except (TypeError, ValueError):
        return
    yield _Range(field, least, greatest)


def _iso(text: str, type_: IcebergType) -> str:
    """Engines put a space where ISO 8601 and pyiceberg have a T."""
    if isinstance(type_, TimestampType):
        return text.replace(" ", "T")
    if isinstance(type_, TimestamptzType):
        return f"{text.replace(' ', 'T')}+00:00"
    return text
