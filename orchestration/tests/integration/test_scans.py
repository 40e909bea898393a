"""What a scan would read, by bounds that engines write as text."""

import duckdb
import pytest
from pyiceberg.catalog.rest import RestCatalog

from orchestration.lake.scans import Bounds, rows_between
from orchestration.tests.integration.test_staging import catalog, con

__all__ = ["catalog", "con"]

ROWS = """
    select range as id, range::decimal(9, 2) as price, 'k' || range as name,
        date '2024-01-01' + range::int as day,
        timestamp '2024-01-01 00:00:00.5' + to_days(range::int) as at,
        (timestamp '2024-01-01' + to_days(range::int))::timestamptz as seen
    from range({}, {})
"""


@pytest.mark.parametrize(
    ("column", "least", "greatest", "rows"),
    [
        ("id", "3", "5", 3),
        ("ID", "3", "12", 10),
        ("id", "77", "99", 0),
        ("price", "3.00", "5.00", 3),
        ("price", "3.1", "5.1", 20),  # of another scale: no narrower
        ("name", "k3", "k5", 10),  # a text's place between two others is unknown
        ("day", "2024-01-02", "2024-01-03", 2),
        ("at", "2024-01-02 00:00:00", "2024-01-06 12:00:00", 5),
        ("seen", "2024-01-02 00:00:00", "2024-01-06 12:00:00", 5),
        ("at", "+12024-01-02 00:00:00", "+12024-01-03 00:00:00", 20),
    ],
)
def test_a_file_counts_by_the_part_of_its_span(
    con: duckdb.DuckDBPyConnection,
    catalog: RestCatalog,
    column: str,
    least: str,
    greatest: str,
    rows: int,
) -> None:
    con.execute("set timezone = 'UTC'")
    con.execute(f"create table lake.marts.scanned as {ROWS.format(0, 10)}")
    con.execute(f"insert into lake.marts.scanned {ROWS.format(10, 20)}")
    table = catalog.load_table(("marts", "scanned"))
    assert rows_between(table, []) == 20
    assert rows_between(table, [Bounds(column, least, greatest)]) == rows


def test_the_narrowest_bound_counts(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    con.execute(f"create table lake.marts.scanned as {ROWS.format(0, 10)}")
    table = catalog.load_table(("marts", "scanned"))
    bounds = [Bounds("id", "0", "4"), Bounds("price", "2.00", "3.00")]
    assert rows_between(table, bounds) == 2
    assert rows_between(table, [*bounds, Bounds("id", "8", "8")]) == 1
