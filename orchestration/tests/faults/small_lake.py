"""A lake of a few rows, written by DuckDB through the catalog, in this process."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.lake import Lake, Provenance, TableId
from orchestration.lake.model import Publication
from orchestration.lake.reachable import DATA, DELETES, LIST, MANIFEST, METADATA, Walk
from orchestration.lake.session import connect
from orchestration.lake.sums import seal
from orchestration.settings import MAIN, Settings

ME = Provenance(who="tester")
ROLES = (METADATA, LIST, MANIFEST, DATA, DELETES)


@dataclass
class SmallLake:
    """Writes, publishes and reads; `settings` and `lake` are the test's."""

    settings: Settings
    lake: Lake

    @contextmanager
    def on(self, branch: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """DuckDB on a branch."""
        with closing(connect(self.settings, branch)) as con:
            yield con

    def publish(
        self, *steps: Sequence[str], branch: str = "work", sealed: bool = False
    ) -> list[Publication]:
        """Execute each step on one branch, and publish after each."""
        self.lake.create_branch(branch)
        done = []
        with self.on(branch) as con:
            for statements in steps:
                for statement in statements:
                    con.execute(statement)
                if sealed:
                    seal(self.lake, branch)
                done.append(self.lake.publish(branch, ME))
        self.lake.drop_branch(branch)
        return [one for one in done if one is not None]

    def rows(self, table: str, branch: str = MAIN) -> list[tuple[Any, ...]]:
        """All rows, sorted, as pyiceberg reads them."""
        found = self.lake.load(branch, TableId.parse(table)).scan().to_arrow()
        return sorted(tuple(row.values()) for row in found.to_pylist())

    def rows_in_duckdb(self, table: str, branch: str = MAIN) -> list[tuple[Any, ...]]:
        """All rows, sorted, as DuckDB reads them through the catalog."""
        with self.on(branch) as con:
            return con.execute(f"select * from lake.{table} order by all").fetchall()

    def rows_at(self, table: str, publication: int) -> list[tuple[Any, ...]]:
        """All rows as they were just after a publication."""
        name = f"at_{publication}"
        self.lake.create_branch(name, at=publication)
        try:
            return self.rows(table, name)
        finally:
            self.lake.drop_branch(name)

    def location(self, table: str, branch: str = MAIN) -> str:
        """The table's metadata file."""
        return self.lake.pointers(branch)[TableId.parse(table)].metadata_location

    def file(self, table: str, role: str, branch: str = MAIN) -> Path:
        """A file that the table needs now, and did not before the last publication."""
        location = self.location(table, branch)
        before = [
            change.old
            for change in self.lake.log(1)[0].changes
            if str(change.table) == table and branch == MAIN
        ]
        old = {one for one in before if one for one in self._needed(one)}
        new = {
            one: is_ for one, is_ in self._needed(location).items() if one not in old
        }
        chosen = min(one for one, is_ in new.items() if is_ == role)
        return Path(chosen.removeprefix("file://"))

    def _needed(self, location: str) -> dict[str, str]:
        walk = Walk()
        live = [one for one in walk.metadata(location).snapshots if one.live]
        files, troubles = walk.files(live)
        assert not troubles
        return {location: METADATA} | {one.location: one.role for one in files}

    def files(self) -> set[Path]:
        """Every file of the warehouse, but for the marks of lakes."""
        found = self.settings.warehouse.rglob("*")
        return {one for one in found if one.is_file() and ".lakes" not in one.parts}
