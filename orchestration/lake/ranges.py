"""Replace ranges of a table: files that lie wholly inside are exchanged as files."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.expressions import (
    AlwaysFalse,
    AlwaysTrue,
    And,
    BooleanExpression,
    GreaterThanOrEqual,
    LessThan,
    Or,
    Reference,
)
from pyiceberg.expressions.literals import literal
from pyiceberg.expressions.visitors import (
    _InclusiveMetricsEvaluator,
    _StrictMetricsEvaluator,
)
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema

from orchestration.errors import NotFoundError, UsageError
from orchestration.lake.model import TableId
from orchestration.lake.staging import swap
from orchestration.lake.updates import load


class _StraddlesError(Exception):
    """A file has rows both inside and outside the ranges."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """`start` <= column < `end`, in ISO 8601; None leaves a side open."""

    start: str | None
    end: str | None


def replace_ranges(
    catalog: RestCatalog,
    target: TableId,
    staged: TableId,
    *,
    column: str,
    ranges: Sequence[Range],
) -> bool:
    """Make the staged rows all that the target has in the ranges, in one commit.

    A range without staged rows is cleared. Nothing but metadata is written.

    Returns:
        True when done; False when some file has rows on both sides of a boundary. The
        target and the staged table are then as they were.

    Raises:
        UsageError: The bounds do not fit the column's type.
        ConflictError: The target moved since it was staged.
    """
    table = load(catalog, target)
    if table is None:
        raise NotFoundError("there is no such table", where=str(target))
    schema = table.schema()
    try:
        condition = _condition(column, ranges)
        touches = _InclusiveMetricsEvaluator(schema, condition, case_sensitive=False)
        inside = _StrictMetricsEvaluator(schema, condition, case_sensitive=False)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"the range does not fit the column: {error}",
            where=f"{target}.{column}",
            remedy=f"Its type is {_type(schema, column)}; give bounds of that type.",
        ) from error

    def leaves(file: DataFile) -> bool:
        if inside.eval(file):
            return True
        if touches.eval(file):
            raise _StraddlesError
        return False

    try:
        swap(catalog, target, staged, leaves=leaves)
    except _StraddlesError:
        return False
    return True


def _condition(column: str, ranges: Sequence[Range]) -> BooleanExpression:
    term = Reference(column)
    condition: BooleanExpression = AlwaysFalse()
    for one in ranges:
        inside: BooleanExpression = AlwaysTrue()
        if one.start:
            low = GreaterThanOrEqual(term=term, value=literal(one.start))
            inside = And(inside, low)
        if one.end:
            inside = And(inside, LessThan(term=term, value=literal(one.end)))
        condition = Or(condition, inside)
    return condition


def _type(schema: Schema, column: str) -> str:
    return str(schema.find_type(column, case_sensitive=False))
