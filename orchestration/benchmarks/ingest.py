"""Land a CSV in the lake ÷ DuckDB's bare COPY of it to Parquet.

Ours hashes the file, counts its rows independently, parses, rejects what does not fit,
numbers the rows, writes, commits to the catalog and publishes; COPY parses and writes.

    python -m orchestration.benchmarks.ingest --rows 5000000
"""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import duckdb
import yaml

from orchestration.benchmarks.harness import (
    Ratio,
    arguments,
    check_equal,
    interleave,
    report,
)
from orchestration.ingestion.run import ingest
from orchestration.lake.session import connect
from orchestration.settings import Settings

COLUMNS = {
    "order_id": "varchar",
    "customer_name": "varchar",
    "store_id": "bigint",
    "amount_usd": "decimal(12,2)",
    "is_gift": "boolean",
    "ordered_at": "timestamp",
    "note": "varchar",
}
_ROWS = """
    select
        md5(i::varchar) as order_id,
        'customer ' || (i % 100000) as customer_name,
        (i * 7919) % 100000 as store_id,
        round((i % 10000) / 7.0, 2) as amount_usd,
        i % 3 = 0 as is_gift,
        timestamp '2020-01-01' + to_seconds(i) as ordered_at,
        case when i % 5 = 0 then 'a "quoted", note ' || i else 'note ' || i end as note
    from range({rows}) as numbers (i)
"""


def main() -> None:
    """Run both arms, check that they wrote the same rows, and report."""
    parser = arguments(__doc__ or "", rounds=5)
    parser.add_argument("--rows", type=int, default=5_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder), rows=options.rows)
        bench.ours()  # starts the catalog and fills the file cache
        bench.copy()
        seconds = interleave({"ingest": bench.ours, "copy": bench.copy}, options.rounds)
        report(
            f"Ingest of {options.rows:,} rows, {bench.megabytes} MB of CSV",
            seconds,
            ratios=[Ratio("ingest ÷ copy", "ingest", "copy", goal=1.5)],
            notes=[*bench.notes()],
            output=options.format,
        )


class _Bench:
    """One CSV file; every call of `ours` lands it as a source that is new."""

    def __init__(self, folder: Path, *, rows: int) -> None:
        self.folder = folder
        (folder / "dbt_project.yml").touch()
        self.sources = folder / "orchestration/ingestion/sources"
        self.sources.mkdir(parents=True)
        self.csv = folder / "landing/orders.csv"
        self.csv.parent.mkdir()
        self.parquet = folder / "copy.parquet"
        self.settings = Settings.load({"FIRN_PROJECT_DIR": str(folder)})
        self._numbers = count(1)
        self._last = ""
        with duckdb.connect() as con:
            con.execute(f"copy ({_ROWS.format(rows=rows)}) to '{self.csv}' (header)")

    @property
    def megabytes(self) -> int:
        """Size of the CSV file."""
        return self.csv.stat().st_size // 1_000_000

    def ours(self) -> None:
        """Land the file, from discovery to publication."""
        self._last = f"bench{next(self._numbers)}"
        columns = [{"name": name, "type": type_} for name, type_ in COLUMNS.items()]
        spec = {
            "name": self._last,
            "path": "landing",
            "settle_seconds": 0,
            "tables": [{"name": "orders", "files": "*.csv", "columns": columns}],
        }
        (self.sources / f"{self._last}.yml").write_text(yaml.safe_dump(spec))
        ingest(self.settings, [self._last])

    def copy(self) -> None:
        """The bare COPY, with the types given and the lake's compression."""
        self.parquet.unlink(missing_ok=True)
        with duckdb.connect() as con:
            con.execute(
                f"copy (from read_csv('{self.csv}', header = true, "
                f"columns = {COLUMNS}))"
                f" to '{self.parquet}' (compression snappy)"
            )

    def notes(self) -> Iterator[str]:
        """Check that both arms hold the same rows, in the same compression."""
        names = ", ".join(COLUMNS)
        digest = f"select count(*), sum(hash({names})::hugeint) from "
        # A connection to the lake opens no other file: the copy is read by another.
        with connect(self.settings, "main") as lake, duckdb.connect() as con:
            ours = f"lake.raw.{self._last}__orders"
            landed = lake.execute(digest + ours).fetchall()
            copied = con.execute(f"{digest} '{self.parquet}'").fetchall()
            yield check_equal("rows of both arms", landed, copied)
            codecs = [
                con.execute(
                    f"select distinct compression from parquet_metadata('{path}')"
                ).fetchall()
                for path in (self._data_files(), self.parquet)
            ]
            yield check_equal(f"compression ({codecs[1][0][0]})", *codecs)

    def _data_files(self) -> Path:
        return self.settings.warehouse / f"raw/{self._last}__orders-*/data/**/*.parquet"


if __name__ == "__main__":
    main()
