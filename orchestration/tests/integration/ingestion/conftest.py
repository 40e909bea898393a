"""A shop that drops files, over the real catalog; one catalog serves the module."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.ingestion.result import IngestResult, LoadResult
from orchestration.ingestion.run import ingest
from orchestration.lake import Lake, process
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests import environment

COLUMNS = {"id": "bigint", "name": "varchar"}


class Shop:
    """A project of its own with a landing folder, specs and a lake."""

    def __init__(self, folder: Path) -> None:
        (folder / "dbt_project.yml").touch()
        self.landing = folder / "landing"
        self.landing.mkdir()
        self.settings = Settings.load({"FIRN_PROJECT_DIR": str(folder)})
        self.settings.sources_dir.mkdir(parents=True)
        self.lake = Lake.open(self.settings)

    def spec(
        self, name: str, tables: dict[str, dict[str, str]], **options: Any
    ) -> None:
        """Write a source whose tables are folders in `landing/<name>`."""
        (self.landing / name).mkdir(exist_ok=True)
        described = [
            {
                "name": table,
                "files": f"{table}*",
                "columns": [{"name": k, "type": v} for k, v in columns.items()],
            }
            for table, columns in tables.items()
        ]
        spec = {"name": name, "path": f"landing/{name}", "settle_seconds": 0}
        text = yaml.safe_dump(spec | {"tables": described} | options)
        (self.settings.sources_dir / f"{name}.yml").write_text(text)

    def drop(self, path: str, data: bytes | str) -> Path:
        """Write a file into the landing folder."""
        target = self.landing / path
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        return target

    def ingest(self, *names: str) -> IngestResult:
        """Land what is new."""
        return ingest(self.settings, names)

    def load(self, name: str) -> LoadResult:
        """Land a source that has one table."""
        [result] = self.ingest(name).loads
        return result

    def rows(self, sql: str, *, branch: str = "main") -> list[tuple[Any, ...]]:
        """Ask a branch."""
        with closing(connect(self.settings, branch, read_only=True)) as con:
            return con.execute(sql).fetchall()

    def ingest_branches(self) -> Sequence[str]:
        """Branches that an ingest has left."""
        names = [branch.name for branch in self.lake.branches()]
        return [name for name in names if name.startswith("ingest_")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all tests of a module: each uses a source of its own."""
    with pytest.MonkeyPatch.context() as patch:
        environment.only(patch, FIRN_CATALOG_IDLE_SECONDS=0.5)
        made = Shop(tmp_path_factory.mktemp("shop"))
        yield made
        made.lake.close()
        process.release(made.settings)
