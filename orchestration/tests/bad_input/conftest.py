"""Feed bytes to the real ingest, over a real catalog, and see what became of them."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from orchestration.errors import FirnError
from orchestration.ingestion import land
from orchestration.ingestion.result import LoadResult
from orchestration.ingestion.run import ingest
from orchestration.lake import Lake, process
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.unit.ingestion.conftest import place  # noqa: F401 - a fixture

if TYPE_CHECKING:
    import duckdb

_OF_TABLE = ("files", "primary_key", "cursor")


class Reject(NamedTuple):
    """A row of `raw.<source>__rejects`."""

    row: int
    line: int | None
    column: str | None
    reason: str
    text: str
    file: str


@dataclass(frozen=True)
class Outcome:
    """What an ingest of one table did; `rows` and `rejects` are those of this load.

    Attributes:
        rows: The columns of the files, then `_row_number` and `_source_file`, in the
            order of the files.
        types: The raw table's types as DuckDB shows them.
        error: What was raised instead; nothing of it is on `main` then.
    """

    rows: list[dict[str, Any]]
    rejects: list[Reject]
    types: dict[str, str]
    result: LoadResult | None = None
    error: FirnError | None = None

    def values(self, column: str) -> list[Any]:
        """What landed in one column."""
        return [row[column] for row in self.rows]

    @property
    def refusal(self) -> str:
        """The whole message of the error.

        Raises:
            AssertionError: There was none.
        """
        assert self.error is not None, f"it landed: {self.result}"
        return str(self.error)

    @property
    def reasons(self) -> list[tuple[int, int | None, str | None]]:
        """Row, line and column of each reject."""
        return [(one.row, one.line, one.column) for one in self.rejects]


class Landing:
    """A project with a lake of its own; call it to land files as a source."""

    def __init__(self, folder: Path) -> None:
        (folder / "dbt_project.yml").touch()
        (folder / "landing").mkdir()
        self.settings = Settings.load({"FIRN_PROJECT_DIR": str(folder)})
        self.settings.sources_dir.mkdir(parents=True)
        self.lake = Lake.open(self.settings)
        self._names = (f"source{number}" for number in count(1))
        self._reader: duckdb.DuckDBPyConnection | None = None

    def folder(self, name: str) -> Path:
        """Where a source's files lie."""
        path = self.settings.project_dir / "landing" / name
        path.mkdir(exist_ok=True)
        return path

    def __call__(
        self, spec: Mapping[str, Any], files: Mapping[str, bytes] | None = None
    ) -> Outcome:
        """Write a spec and files, ingest, and check that every row is accounted for.

        Args:
            spec: A source's spec with the one table `rows`; `columns` (a mapping of
                name to type, or a list as in a spec), `files`, `primary_key` and
                `cursor` are the table's. Every row may be a reject unless
                `max_reject_share` is given. Without `name` it is a new source.
            files: Contents by name, beside what lies in the source's folder already.
        """
        source = self.write_spec(spec)
        for name, data in (files or {}).items():
            (self.folder(source) / name).write_bytes(data)
        before = self.lake.pointers("main")
        try:
            [result] = ingest(self.settings, [source]).loads
        except FirnError as error:
            assert self.lake.pointers("main") == before, "a refused load was published"
            return Outcome([], [], {}, error=error)
        return self._outcome(source, result)

    def write_spec(self, spec: Mapping[str, Any]) -> str:
        """Write a source's YAML; the name of the source."""
        given = dict(spec)
        table = {"name": "rows", "files": "*", "columns": given.pop("columns")}
        if isinstance(table["columns"], Mapping):
            pairs = table["columns"].items()
            table["columns"] = [{"name": name, "type": type_} for name, type_ in pairs]
        table |= {key: given.pop(key) for key in _OF_TABLE if key in given}
        name = given.setdefault("name", next(self._names))
        defaults = {"path": f"landing/{name}", "settle_seconds": 0}
        defaults |= {"max_reject_share": 1.0}
        text = yaml.safe_dump(defaults | given | {"tables": [table]})
        self.folder(name)
        (self.settings.sources_dir / f"{name}.yml").write_text(text)
        return str(name)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask `main`."""
        if self._reader is None:
            self._reader = connect(self.settings, "main", read_only=True)
        return self._reader.execute(sql).fetchall()

    def close(self) -> None:
        """End the session and let the catalog go."""
        if self._reader is not None:
            self._reader.close()
        self.lake.close()
        process.release(self.settings)

    def _outcome(self, source: str, result: LoadResult) -> Outcome:
        table, this = f"lake.raw.{source}__rows", f"_load_id = '{result.load_id}'"
        if not result.load_id:
            return Outcome([], [], {}, result)
        types = {row[0]: row[1] for row in self.ask(f"describe {table}")}
        shown = [name for name in types if name not in land.SYSTEM_COLUMNS]
        shown += ["_row_number", "_source_file"]
        listed = ", ".join('"' + name.replace('"', '""') + '"' for name in shown)
        found = self.ask(
            f"select {listed} from {table} where {this} "
            "order by _source_file, _row_number"
        )
        rows = [dict(zip(shown, row, strict=True)) for row in found]
        rejects = self.ask(
            "select _row_number, line_number, column_name, reason, raw_line, "
            f"_source_file from lake.raw.{source}__rejects where {this} "
            "order by _source_file, _row_number"
        )
        [ledger] = self.ask(
            "select sum(source_rows), sum(landed_rows), sum(rejected_rows) "
            f"from lake.raw.{source}__loads where {this}"
        )
        counted = (result.source_rows, len(rows), len(rejects))
        assert tuple(map(int, ledger)) == counted, "the ledger says otherwise"
        assert len(rows) + len(rejects) == result.source_rows, "a row is lost"
        return Outcome(rows, [Reject(*reject) for reject in rejects], types, result)


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    """One lake and one catalog for all tests: each lands sources of its own."""
    with pytest.MonkeyPatch.context() as patch:
        environment.only(patch, FIRN_CATALOG_IDLE_SECONDS=0.5)
        with closing(Landing(tmp_path_factory.mktemp("bad_input"))) as made:
            yield made
