"""A source over plain DuckDB: everything but the catalog and its branches."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.ingestion import land
from orchestration.ingestion.files import discover
from orchestration.ingestion.ledger import Ledger
from orchestration.ingestion.load import SourceLoad, utc_now
from orchestration.ingestion.result import LoadResult
from orchestration.ingestion.spec import Source
from orchestration.settings import Settings


class Place:
    """A folder of files for one table `rows`, and a DuckDB that stands for the lake."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = replace(settings, project_dir=folder)
        self.landing = folder / "landing"
        self.landing.mkdir()
        self.con = duckdb.connect()
        self.con.execute("attach ':memory:' as lake")
        self.con.execute("set timezone = 'UTC'")
        self.con.execute(f"set temp_directory = '{folder / 'spill'}'")
        self._loads = count(1)

    def source(self, columns: Mapping[str, str], **options: Any) -> Source:
        """A spec of one table; options of the table start with `table_`."""
        table = {
            "name": "rows",
            "files": "*",
            "columns": [{"name": k, "type": v} for k, v in columns.items()],
        }
        for key in list(options):
            if key.startswith("table_"):
                table[key.removeprefix("table_")] = options.pop(key)
        settings = {"settle_seconds": 0} | options
        return Source.model_validate(
            {"name": "shop", "path": "landing", "tables": [table]} | settings
        )

    def write(self, data: bytes, name: str = "rows.csv") -> None:
        """Drop a file."""
        (self.landing / name).write_bytes(data)

    def load(self, source: Source) -> LoadResult:
        """Load what is there."""
        name = land.relation(source, "loads")
        known = self.con.execute("show all tables").fetchall()
        has_ledger = any(row[2] == "shop__loads" for row in known)
        ledger = Ledger.read(self.con, name) if has_ledger else Ledger()
        load = land.Load(f"load{next(self._loads)}", utc_now())
        found = {"rows": discover(self.settings, source, source.tables[0])}
        seen: list[LoadResult] = []
        work = SourceLoad(self.con, source, load, ledger)
        [result] = work.run(found, seen.append)
        return result

    def rows(self, columns: str = "*", table: str = "rows") -> list[tuple[Any, ...]]:
        """What has landed, in the order of the files."""
        order = ["_load_id", "_source_file", "_row_number"][: 2 + (table != "loads")]
        return self.con.execute(
            f"select {columns} from lake.raw.shop__{table} order by {', '.join(order)}"
        ).fetchall()

    def rejects(
        self, columns: str = "_row_number, line_number"
    ) -> list[tuple[Any, ...]]:
        """What did not fit."""
        return self.rows(columns, table="rejects")


@pytest.fixture
def place(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """An empty place."""
    monkeypatch.setattr(land, "PARTITION", "")  # which plain DuckDB does not have
    made = Place(settings, tmp_path)
    yield made
    made.con.close()
