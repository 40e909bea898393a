"""What an engine's misreading of a layout makes unsafe to write."""

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.transforms import DayTransform, MonthTransform
from pyiceberg.types import TimestampType, TimestamptzType


def columns_from_1970_on(metadata: TableMetadata) -> list[str]:
    """Columns whose values before 1970 would not be found again.

    DuckDB (1.5) writes the month and day of such a timestamp as the spec says, rounded
    down, and looks for them rounded towards zero: it then skips files that have the
    row, and a merge adds it a second time. Years, hours and dates are right.
    """
    schema = metadata.schema()
    sources = [
        schema.find_field(field.source_id)
        for field in metadata.spec().fields
        if isinstance(field.transform, MonthTransform | DayTransform)
    ]
    timestamps = (TimestampType, TimestamptzType)
    return [one.name for one in sources if isinstance(one.field_type, timestamps)]
