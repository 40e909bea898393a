"""Types of Spark by the names that the lake's definitions use, which are DuckDB's."""

from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.errors import UsageError
from orchestration.lake.types import quote

if TYPE_CHECKING:
    from pyspark.sql.types import DataType

_NAMES = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    # A bare NULL, which DuckDB describes so.
    "void": "INTEGER",
}


_SPARK_NAMES = {
    **{name.lower(): spark for spark, name in _NAMES.items() if spark != "void"},
    "utinyint": "int",
    "usmallint": "int",
    "uinteger": "bigint",
    "ubigint": "decimal(20,0)",
    "hugeint": "decimal(38,0)",
    "timestamp": "timestamp_ntz",
    "timestamp with time zone": "timestamp_ltz",
}


def spark_type(name: str) -> str:
    """The other way: `VARCHAR[]` is `array<string>`.

    Raises:
        UsageError: It is no type of DuckDB, or Spark has no such type.
    """
    try:
        return _spark_type(duckdb.sqltype(name))
    except (duckdb.Error, KeyError) as error:
        raise UsageError(
            f"Spark has no type {name!r}", remedy="Correct the column's data_type."
        ) from error


def _spark_type(type_: Any) -> str:
    kind = type_.id
    if kind == "decimal":
        children = dict(type_.children)
        return f"decimal({children['precision']},{children['scale']})"
    if kind in ("list", "array"):
        return f"array<{_spark_type(dict(type_.children)['child'])}>"
    if kind == "map":
        children = dict(type_.children)
        parts = _spark_type(children["key"]), _spark_type(children["value"])
        return f"map<{', '.join(parts)}>"
    if kind == "struct":
        fields = (f"{quote(n)}: {_spark_type(child)}" for n, child in type_.children)
        return f"struct<{', '.join(fields)}>"
    return _SPARK_NAMES[kind]


def lake_type(type_: "DataType") -> str:
    """The name of a type: `struct<a:int>` is `STRUCT("a" INTEGER)`.

    Raises:
        UsageError: Iceberg has no such type.
    """
    from pyspark.sql.types import (  # noqa: PLC0415  # of the extra `spark`
        ArrayType,
        DecimalType,
        MapType,
        StructType,
    )

    if isinstance(type_, DecimalType):
        return f"DECIMAL({type_.precision},{type_.scale})"
    if isinstance(type_, ArrayType):
        return f"{lake_type(type_.elementType)}[]"
    if isinstance(type_, MapType):
        return f"MAP({lake_type(type_.keyType)}, {lake_type(type_.valueType)})"
    if isinstance(type_, StructType):
        fields = (f"{quote(f.name)} {lake_type(f.dataType)}" for f in type_.fields)
        return f"STRUCT({', '.join(fields)})"
    plain = type_.simpleString()
    if plain.startswith("interval"):
        return "INTERVAL"  # which the lake refuses, with a remedy
    name = _NAMES.get(plain.partition("(")[0].replace("varchar", "string"))
    if name is None:
        raise UsageError(
            f"Iceberg has no type for Spark's {plain}",
            remedy="In the model, cast it to a type that Iceberg has.",
        )
    return name
