"""The rows that merges are measured with: a large table, a small one, their deltas.

A row's second is its key, so the newest keys are also the newest rows. Nine rows in ten
of a delta change one that is there, the tenth is new.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

TIMES = 100  # how many times larger the large table is
_ROW = """
    select
        id,
        'customer ' || (id * 7919) % 100000 as customer,
        ({value} + id % 1000)::decimal(12, 2) as amount,
        id % 3 = 0 as is_gift,
        timestamp '2020-01-01' + to_seconds(id) as ordered_at
    from ({ids})
"""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What DuckDB makes them with: `rows` in the large table, `delta` in a delta."""

    rows: int
    delta: int

    @property
    def sizes(self) -> Mapping[str, int]:
        """Rows of each table. The small one holds the newest keys of the large one."""
        return {"large": self.rows, "small": self.rows // TIMES}

    def table(self, name: str) -> str:
        """The query of a table's first rows, in the order of their keys."""
        start = self.rows - self.sizes[name]
        ids = f"select range as id from range({start}, {self.rows})"
        return _ROW.format(value=0, ids=ids)

    def deltas(self) -> Mapping[str, str]:
        """The queries of the deltas: `newest` keys, and keys spread over each table."""
        return {
            name: _ROW.format(value=5000, ids=ids) for name, ids in self._ids().items()
        }

    def _ids(self) -> Mapping[str, str]:
        new = self.delta // 10
        old = self.delta - new
        end = self.rows + new
        added = f"select range as id from range({self.rows}, {end})"
        ids = {"newest": f"select range as id from range({self.rows - old}, {end})"}
        for table, rows in self.sizes.items():
            start, step = self.rows - rows, rows // old
            spread = f"select {start} + range * {step} as id from range({old})"
            ids[f"spread_{table}"] = f"{spread} union all {added}"
        return ids


def write(queries: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Write the result of each query to a Parquet file, and say where they lie."""
    files = {name: folder / f"{name}.parquet" for name in queries}
    with duckdb.connect() as con:
        for name, sql in queries.items():
            con.execute(f"copy ({sql}) to '{files[name]}'")
    return files
