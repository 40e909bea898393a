"""Types of DuckDB as types of Iceberg (format v2), and back.

Iceberg has fewer types. A type maps to one that holds every one of its values, or is
refused: nothing is ever rounded or cut off in silence.
"""

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    PrimitiveType,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from orchestration.errors import UsageError

_PRIMITIVES: dict[str, Callable[[], PrimitiveType]] = {
    "boolean": BooleanType,
    "tinyint": IntegerType,
    "smallint": IntegerType,
    "integer": IntegerType,
    "utinyint": IntegerType,
    "usmallint": IntegerType,
    "bigint": LongType,
    "uinteger": LongType,
    "ubigint": lambda: DecimalType(20, 0),
    # What sum() of a BIGINT returns. A value of 39 digits fails the insert.
    "hugeint": lambda: DecimalType(38, 0),
    "float": FloatType,
    "double": DoubleType,
    "varchar": StringType,
    "enum": StringType,
    "blob": BinaryType,
    "uuid": UUIDType,
    "date": DateType,
    "time": TimeType,
    "timestamp": TimestampType,
    "timestamp_s": TimestampType,
    "timestamp_ms": TimestampType,
    "timestamp with time zone": TimestamptzType,
}

_REMEDIES = {
    "timestamp_ns": "cast it to timestamp (microseconds)",
    "time with time zone": "cast it to time, or store a timestamptz",
    "interval": "store a number of seconds or days, or two timestamps",
    "bit": "cast it to varchar",
    "uhugeint": "cast it to decimal(38, 0)",
    "bignum": "cast it to varchar or decimal(38, 0)",
    "union": "use a struct with one field per member",
    "null": "cast it, as in cast(null as varchar)",
}

_DUCKDB_NAMES: dict[type[IcebergType], str] = {
    BooleanType: "BOOLEAN",
    IntegerType: "INTEGER",
    LongType: "BIGINT",
    FloatType: "FLOAT",
    DoubleType: "DOUBLE",
    StringType: "VARCHAR",
    BinaryType: "BLOB",
    FixedType: "BLOB",
    UUIDType: "UUID",
    DateType: "DATE",
    TimeType: "TIME",
    TimestampType: "TIMESTAMP",
    TimestamptzType: "TIMESTAMP WITH TIME ZONE",
}


def iceberg_type(duckdb_type: str, ids: Iterator[int]) -> IcebergType:
    """The Iceberg type that holds every value of a DuckDB type.

    Args:
        duckdb_type: As DESCRIBE prints it, for example `STRUCT(a INTEGER[])`.
        ids: Where the field ids of nested fields come from, as `itertools.count(1)`.

    Raises:
        UsageError: Iceberg v2 has no such type; the remedy says what to cast to.
    """
    try:
        parsed = duckdb.sqltype(duckdb_type)
    except duckdb.Error as error:
        raise UsageError(
            f"{duckdb_type!r} is no type of DuckDB",
            remedy="Correct the column's data_type.",
        ) from error
    return _convert(parsed, ids, duckdb_type)


def duckdb_type(type_: IcebergType) -> str:
    """The name DuckDB gives a type that it reads from Iceberg."""
    if isinstance(type_, DecimalType):
        return f"DECIMAL({type_.precision},{type_.scale})"
    if isinstance(type_, ListType):
        return f"{duckdb_type(type_.element_type)}[]"
    if isinstance(type_, MapType):
        return f"MAP({duckdb_type(type_.key_type)}, {duckdb_type(type_.value_type)})"
    if isinstance(type_, StructType):
        fields = (f"{quote(f.name)} {duckdb_type(f.field_type)}" for f in type_.fields)
        return f"STRUCT({', '.join(fields)})"
    return _DUCKDB_NAMES.get(type(type_), str(type_).upper())


def quote(name: str) -> str:
    """A name as a quoted SQL identifier; keywords and odd characters are then fine."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a quoted SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _convert(type_: Any, ids: Iterator[int], where: str) -> IcebergType:
    kind = type_.id
    if make := _PRIMITIVES.get(kind):
        return make()
    if kind == "decimal":
        children = dict(type_.children)
        return DecimalType(children["precision"], children["scale"])
    if kind in ("list", "array"):  # a fixed length is not kept
        element_id = next(ids)
        element = _convert(dict(type_.children)["child"], ids, where)
        return ListType(element_id=element_id, element=element, element_required=False)
    if kind == "map":
        children = dict(type_.children)
        return MapType(
            key_id=next(ids),
            key_type=_convert(children["key"], ids, where),
            value_id=next(ids),
            value_type=_convert(children["value"], ids, where),
            value_required=False,
        )
    if kind == "struct":
        # All ids of one level before those below it, as Iceberg's own tools number.
        numbered = [(next(ids), name, child) for name, child in type_.children]
        return StructType(
            *(
                NestedField(id_, name, _convert(child, ids, where), required=False)
                for id_, name, child in numbered
            )
        )
    remedy = _REMEDIES.get(kind, "cast it to a type that Iceberg has")
    raise UsageError(
        f"Iceberg has no type for {where}",
        remedy=f"In the model, {remedy}.",
    )
