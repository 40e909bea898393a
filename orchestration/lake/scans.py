"""How much a scan would read, as manifests know it: no row is read for the answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    GreaterThanOrEqual,
    LessThanOrEqual,
    Reference,
)
from pyiceberg.expressions.literals import literal
from pyiceberg.table import Table
from pyiceberg.types import IcebergType, TimestampType, TimestamptzType


@dataclass(frozen=True)
class Bounds:
    """The least and greatest value that is looked for, as text; timestamps in UTC."""

    column: str
    least: str
    greatest: str


def rows_between(table: Table, bounds: Iterable[Bounds]) -> int:
    """Rows of the files in which rows between all bounds may lie, deleted ones too.

    Partitions and files' statistics tell. A bound that pyiceberg does not read as the
    column's type narrows nothing.
    """
    condition: BooleanExpression = AlwaysTrue()
    for one in bounds:
        for part in _between(table, one):
            condition = And(condition, part)
    tasks = table.scan(row_filter=condition, case_sensitive=False).plan_files()
    return sum(task.file.record_count for task in tasks)


def _between(table: Table, bounds: Bounds) -> Iterator[BooleanExpression]:
    field = table.schema().find_field(bounds.column, case_sensitive=False)
    least, greatest = (
        literal(_iso(text, field.field_type))
        for text in (bounds.least, bounds.greatest)
    )
    try:
        for one in (least, greatest):
            one.to(field.field_type)
    except (TypeError, ValueError):
        return
    term = Reference(field.name)
    yield GreaterThanOrEqual(term=term, value=least)
    yield LessThanOrEqual(term=term, value=greatest)


def _iso(text: str, type_: IcebergType) -> str:
    """Engines put a space where ISO 8601 and pyiceberg have a T."""
    if isinstance(type_, TimestampType):
        return text.replace(" ", "T")
    if isinstance(type_, TimestamptzType):
        return f"{text.replace(' ', 'T')}+00:00"
    return text
