"""Types of DuckDB and of Iceberg."""

from itertools import count

import pytest

from orchestration.errors import UsageError
from orchestration.lake.types import duckdb_type, iceberg_type, literal, quote


@pytest.mark.parametrize(
    ("duckdb", "iceberg"),
    [
        ("TINYINT", "int"),
        ("USMALLINT", "int"),
        ("UINTEGER", "long"),
        ("UBIGINT", "decimal(20, 0)"),
        ("HUGEINT", "decimal(38, 0)"),
        ("DECIMAL(9,2)", "decimal(9, 2)"),
        ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
        ("TIMESTAMP_MS", "timestamp"),
        ("JSON", "string"),
        ("ENUM('a', 'b')", "string"),
        ("text", "string"),
        ("INTEGER[3]", "list<int>"),
        ("MAP(VARCHAR, DOUBLE[])", "map<string, list<double>>"),
        (
            'STRUCT(a INTEGER, "b c" DATE[])',
            "struct<1: a: optional int, 2: b c: optional list<date>>",
        ),
    ],
)
def test_a_type_becomes_one_that_holds_its_values(duckdb: str, iceberg: str) -> None:
    assert str(iceberg_type(duckdb, count(1))) == iceberg


@pytest.mark.parametrize(
    "type_",
    ["TIMESTAMP_NS", "INTERVAL", "TIMETZ", "BIT", "UHUGEINT", "UNION(a INTEGER)"],
)
def test_a_type_that_iceberg_lacks_is_refused(type_: str) -> None:
    with pytest.raises(UsageError, match="Iceberg has no type"):
        iceberg_type(f"STRUCT(a {type_})", count(1))


def test_what_is_no_type_is_refused() -> None:
    with pytest.raises(UsageError, match="no type of DuckDB"):
        iceberg_type("STRUCT(", count(1))


@pytest.mark.parametrize(
    "type_",
    ["BIGINT", "DECIMAL(9,2)", "VARCHAR[]", "MAP(VARCHAR, DATE)", 'STRUCT("b c" UUID)'],
)
def test_types_come_back_by_their_names_in_duckdb(type_: str) -> None:
    assert duckdb_type(iceberg_type(type_, count(1))) == type_


def test_names_and_texts_are_quoted() -> None:
    assert quote('a "b"') == '"a ""b"""'
    assert literal("it's") == "'it''s'"
