"""Types of Spark by the lake's names, and back."""

import pytest

pytest.importorskip("pyspark", reason="the extra spark is not installed")

from pyspark.sql.types import (
    ArrayType,
    DataType,
    DayTimeIntervalType,
    DecimalType,
    IntegerType,
    MapType,
    NullType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
    VariantType,
    YearMonthIntervalType,
)

from orchestration.errors import UsageError
from orchestration.spark.types import lake_type, spark_type

NESTED = StructType().add('a "b"', ArrayType(MapType(StringType(), DecimalType(9, 2))))


@pytest.mark.parametrize(
    ("type_", "name", "said"),
    [
        (IntegerType(), "INTEGER", "int"),
        (TimestampNTZType(), "TIMESTAMP", "timestamp_ntz"),
        (TimestampType(), "TIMESTAMP WITH TIME ZONE", "timestamp_ltz"),
        (
            NESTED,
            'STRUCT("a ""b""" MAP(VARCHAR, DECIMAL(9,2))[])',
            'struct<"a ""b""": array<map<string, decimal(9,2)>>>',
        ),
    ],
)
def test_a_type_has_one_name_in_the_lake_and_is_said_in_sparks_words(
    type_: DataType, name: str, said: str
) -> None:
    assert lake_type(type_) == name
    assert spark_type(name) == said


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (NullType(), "INTEGER"),
        (DayTimeIntervalType(), "INTERVAL"),
        (YearMonthIntervalType(), "INTERVAL"),
    ],
)
def test_what_spark_alone_names_goes_by_duckdbs_name(
    type_: DataType, name: str
) -> None:
    assert lake_type(type_) == name


def test_a_type_that_neither_has_is_refused() -> None:
    with pytest.raises(UsageError, match="Iceberg has no type for Spark's variant"):
        lake_type(VariantType())
    with pytest.raises(UsageError, match="Spark has no type 'uuid'"):
        spark_type("uuid")
