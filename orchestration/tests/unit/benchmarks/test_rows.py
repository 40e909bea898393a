from pathlib import Path

import duckdb

from orchestration.benchmarks.rows import Rows, write


def test_a_delta_changes_nine_rows_and_adds_the_tenth(tmp_path: Path) -> None:
    rows = Rows(rows=10_000, delta=100)
    files = write({"large": rows.table("large"), **rows.deltas()}, tmp_path)
    for name in ("newest", "spread_large", "spread_small"):
        known, added = duckdb.sql(
            f"""
            select count(old.id), count(*) - count(old.id)
            from '{files[name]}' as delta left join '{files["large"]}' as old using (id)
            where old.id is null or old.amount <> delta.amount
            """
        ).fetchall()[0]
        assert (known, added) == (90, 10)


def test_the_small_table_has_the_newest_keys_of_the_large_one() -> None:
    rows = Rows(rows=10_000, delta=100)
    found = duckdb.sql(f"select min(id), max(id) from ({rows.table('small')})")
    assert found.fetchall() == [(9_900, 9_999)]
    newest = duckdb.sql(f"select min(id), max(id) from ({rows.deltas()['newest']})")
    assert newest.fetchall() == [(9_910, 10_009)]
