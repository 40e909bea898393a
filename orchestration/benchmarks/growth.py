"""What a thousand publications leave behind: commit, scan and metadata, early and late.

`python -m orchestration.benchmarks.growth --publications 1000`. Each round is one
branch with one publication, as a scheduled run makes them: an append to a raw table
that is partitioned by month, a merge of new and changed rows into an incremental table,
and a table that is replaced as a whole (staged, filled, swapped). The bounds: a late
commit, scan and metadata file at most `BOUND` times an early one.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from orchestration.benchmarks import harness
from orchestration.lake import Lake, Provenance, TableId, process
from orchestration.lake.catalog.files import local_path
from orchestration.lake.compact import tidy
from orchestration.lake.session import connect, rest_catalog
from orchestration.lake.staging import stage, swap
from orchestration.lake.sums import seal
from orchestration.settings import Settings

BOUND = 1.5
ME = Provenance(who="benchmark")
RAW, MERGED, REPLACED = "raw.events", "marts.fct_events", "marts.rpt_totals"
_ROWS = 100  # of each append; a tenth of the merged rows corrects earlier ones


@dataclass
class Growth:
    """One lake and its figures; `seconds` by step, a value for each publication."""

    settings: Settings
    lake: Lake
    seconds: harness.Seconds = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Make the three tables."""
        with self._branch("first") as con:
            for schema in ("raw", "marts"):
                con.execute(f"create schema lake.{schema}")
            columns = "id bigint, amount double, _loaded_at timestamp"
            con.execute(
                f"create table lake.{RAW} ({columns}) "
                "partitioned by (month(_loaded_at))"
            )
            con.execute(f"create table lake.{MERGED} ({columns})")
            con.execute(f"create table lake.{REPLACED} (events bigint, total double)")

    def publication(self, number: int) -> None:
        """One run: land, merge, replace, publish."""
        name = f"run_{number}"
        with self._branch(name) as con:
            first = (number - 1) * _ROWS
            moment = f"timestamp '2026-01-01' + interval {number} hour"
            rows = f"select range as id, random() as amount, {moment} as _loaded_at "
            with self._timed("append"):
                con.execute(
                    f"insert into lake.{RAW} {rows} "
                    f"from range({first}, {first + _ROWS})"
                )
            with self._timed("merge"):
                low = max(first - _ROWS // 10, 0)
                con.execute(
                    f"merge into lake.{MERGED} as old using "
                    f"({rows} from range({low}, {first + _ROWS})) as new "
                    "on old.id = new.id when matched then update "
                    "when not matched then insert"
                )
            with self._timed("replace"):
                self._replace(con, name)
            with self._timed("scan raw"):
                con.execute(f"select sum(amount) from lake.{RAW}").fetchall()
            with self._timed("scan merged"):
                con.execute(f"select sum(amount) from lake.{MERGED}").fetchall()

    def look(self, number: int) -> None:
        """Note how large everything is after so many publications."""
        sizes, counts = self.metadata_bytes(), self.live_files()
        late = {step: values[-10:] for step, values in self.seconds.items()}
        self.notes.append(
            f"after {number}: "
            + ", ".join(f"{n} {sizes[n]:,} B, {counts[n]} files" for n in sizes)
            + "; "
            + ", ".join(f"{s} {statistics.median(v):.3f} s" for s, v in late.items())
        )

    def metadata_files(self) -> dict[str, Path]:
        """Each table's metadata file on `main`."""
        pointers = self.lake.pointers("main")
        return {
            name: local_path(pointers[TableId.parse(name)].metadata_location)
            for name in (RAW, MERGED, REPLACED)
        }

    def metadata_bytes(self) -> dict[str, int]:
        """The size of each of them."""
        files = self.metadata_files()
        return {name: file.stat().st_size for name, file in files.items()}

    def live_files(self) -> dict[str, int]:
        """How many data and delete files a scan of each table opens."""
        counts = {}
        for name in (RAW, MERGED, REPLACED):
            tasks = self.lake.load("main", TableId.parse(name)).scan().plan_files()
            counts[name] = sum(1 + len(task.delete_files) for task in tasks)
        return counts

    def _replace(self, con: duckdb.DuckDBPyConnection, branch: str) -> None:
        catalog = rest_catalog(process.ensure_catalog(self.settings), branch)
        target = TableId.parse(REPLACED)
        staged = stage(catalog, target, None)
        con.execute(
            f'insert into lake.{staged.namespace}."{staged.name}" '
            f"select count(*), sum(amount) from lake.{MERGED}"
        )
        swap(catalog, target, staged)

    @contextmanager
    def _branch(self, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
        self.lake.create_branch(name)
        with closing(connect(self.settings, name)) as con:
            yield con
            with self._timed("tidy"):
                catalog = rest_catalog(process.ensure_catalog(self.settings), name)
                tidy(self.lake, name, lambda: nullcontext((con, catalog)))
        with self._timed("publish"):
            seal(self.lake, name)
            self.lake.publish(name, ME)
        self.lake.drop_branch(name)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds.setdefault(step, []).append(time.perf_counter() - started)


def main() -> None:
    """Grow a temporary lake, and print the report."""
    parser = harness.arguments(__doc__ or "", rounds=1)
    parser.add_argument("--publications", type=int, default=1000)
    given = parser.parse_args()
    with grown(given.publications) as growth:
        seconds, ratios = ends(growth.seconds)
        harness.report(
            f"{given.publications:,} publications",
            seconds,
            ratios=ratios,
            notes=growth.notes,
            output=given.format,
        )


def ends(seconds: harness.Seconds) -> tuple[harness.Seconds, list[harness.Ratio]]:
    """The first and the last rounds of each step, and late ÷ early."""
    arms: harness.Seconds = {}
    ratios = []
    for step, values in seconds.items():
        number = min(50, len(values) // 2)
        first, last = f"{step}, first {number}", f"{step}, last {number}"
        arms |= {first: values[:number], last: values[-number:]}
        ratios.append(harness.Ratio(f"{step}, late ÷ early", last, first, BOUND))
    return arms, ratios


@contextmanager
def grown(publications: int) -> Iterator[Growth]:
    """A lake of so many publications, with what it looked like on the way."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = replace(
            Settings.load(),
            home=home,
            database_url=f"sqlite:///{home / 'catalog.db'}",
            warehouse=home / "warehouse",
        )
        with closing(Lake.open(settings)) as lake:
            growth = Growth(settings, lake)
            growth.prepare()
            growth.seconds.clear()
            for number in range(1, publications + 1):
                growth.publication(number)
                if number in (10, 100, 1000, publications):
                    growth.look(number)
            yield growth
            process.release(settings)


if __name__ == "__main__":
    main()
