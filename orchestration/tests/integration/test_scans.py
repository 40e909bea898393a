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
        ("id", "3", "5", 10),
        ("ID", "3", "12", 20),
        ("id", "77", "99", 0),
        ("price", "3.00", "5.00", 10),
        ("price", "3.1", "5.1", 20),  # of another scale: no narrower
        ("name", "k3", "k5", 10),
        ("day", "2024-01-02", "2024-01-03", 10),
        ("at", "2024-01-02 00:00:00", "2024-01-03 00:00:00.25", 10),
        ("seen", "2024-01-02 00:00:00", "2024-01-03 00:00:00", 10),
        ("at", "+12024-01-02 00:00:00", "+12024-01-03 00:00:00", 20),
    ],
)
def test_files_without_such_rows_do_not_count(
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
    other = Bounds("id", "15", "15")
    assert rows_between(table, [Bounds(column, least, greatest), other]) == (
        10 if rows == 20 else 0
    )
