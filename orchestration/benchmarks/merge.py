"""Merge a small delta into a large table: ours ÷ pyiceberg's upsert and ÷ a rebuild.

Ours is the project's own `incremental` materialization with `unique_key`, run by dbt:
the delta once into a temporary table, its keys checked, one MERGE with literal bounds.
Its seconds are those that dbt reports for the model. A rebuild is the same table built
anew by the same macros. Every round starts from a fresh branch of one base.

A second pair of arms merges a delta of the same size into a table 100 times smaller:
once with the newest keys, once with keys spread over the whole table.

    python -m orchestration.benchmarks.merge --rows 10000000
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import duckdb
import yaml
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner

from orchestration.benchmarks.harness import Ratio, arguments, check_equal, report
from orchestration.benchmarks.rows import TIMES, Rows, write
from orchestration.build import dbt
from orchestration.errors import SetupError
from orchestration.lake import Lake, process
from orchestration.lake.session import connect, rest_catalog
from orchestration.settings import MAIN, Settings

PROJECT = Path(__file__).parents[2]
BASE = "base"
_DELTA = "FIRN_BENCHMARK_DELTA"
_KIND = "FIRN_BENCHMARK_KIND"  # the materialization
_COMPARED = "FIRN_BENCHMARK_COMPARED"  # merge_change_columns
_MODEL = """
{{% set rebuilds = env_var('{kind}') == 'table' %}}
{{% set delta = "read_parquet('" ~ env_var('{delta}') ~ "')" %}}
{{{{ config(
    materialized=env_var('{kind}'),
    unique_key='id',
    merge_change_columns=env_var('{compared}', '') or none,
) }}}}
{{% if is_incremental() %}}
select * from {{{{ delta }}}}
{{% elif rebuilds %}}
select * from {{{{ this }}}} anti join {{{{ delta }}}} using (id)
union all
select * from {{{{ delta }}}}
{{% else %}}
{rows}
{{% endif %}}
"""


def main() -> None:
    """Run all arms, check that they end with the same rows, and report."""
    options = _options()
    if options.upsert:
        _upsert(*options.upsert)
        return
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder), Rows(rows=options.rows, delta=options.delta))
        bench.build()
        seconds, notes = _measure(bench, rounds=options.rounds, limit=options.limit)
        report(
            f"Merge of {options.delta:,} rows into {options.rows:,}",
            seconds,
            ratios=[ratio for ratio in _ratios() if ratio.other in seconds],
            notes=notes,
            output=options.format,
        )


def _options() -> argparse.Namespace:
    parser = arguments(__doc__ or "", rounds=5)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--delta", type=int, default=10_000)
    parser.add_argument(
        "--limit", type=float, default=300, help="seconds that an upsert may take"
    )
    parser.add_argument("--upsert", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def _ratios() -> list[Ratio]:
    large, small = "merge, newest keys", f"merge, newest keys, 1/{TIMES}"
    spread = "merge, spread keys"
    one = f"{spread}, by one column"
    return [
        Ratio("ours ÷ rebuild", large, "rebuild"),
        Ratio("ours ÷ upsert", large, "upsert"),
        Ratio(f"ours ÷ upsert, 1/{TIMES}", small, f"upsert, 1/{TIMES}"),
        Ratio(f"newest keys, {TIMES}x ÷ 1x", large, small, goal=1.10),
        Ratio(f"spread keys, {TIMES}x ÷ 1x", spread, f"{spread}, 1/{TIMES}", goal=3),
        Ratio(f"by one column, {TIMES}x ÷ 1x", one, f"{one}, 1/{TIMES}", goal=3),
    ]


def _measure(
    bench: "_Bench", *, rounds: int, limit: float
) -> tuple[dict[str, list[float]], list[str]]:
    one = "merge, spread keys, by one column"
    arms = {
        "merge, newest keys": lambda: bench.merge("large", "newest"),
        f"merge, newest keys, 1/{TIMES}": lambda: bench.merge("small", "newest"),
        "merge, spread keys": lambda: bench.merge("large", "spread_large"),
        f"merge, spread keys, 1/{TIMES}": lambda: bench.merge("small", "spread_small"),
        one: lambda: bench.merge("large", "spread_large", compared="amount"),
        f"{one}, 1/{TIMES}": lambda: bench.merge(
            "small", "spread_small", compared="amount"
        ),
        "rebuild": lambda: bench.rebuild("newest"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    arms["merge, newest keys"]()  # imports, file cache
    for turn in range(rounds):
        for name in list(arms) if turn % 2 == 0 else reversed(list(arms)):
            seconds[name].append(arms[name]())
    notes = [
        check_equal("rows after merge and rebuild", *bench.digests("large", "newest")),
        "seconds are those that dbt reports for the model",
    ]
    for name, table in ((f"upsert, 1/{TIMES}", "small"), ("upsert", "large")):
        took = bench.upsert(table, limit=limit)
        if took is None:
            notes.append(f"{name}: stopped after {limit:g} s without a result")
            continue
        seconds[name] = [took]
        pair = bench.digests(table, "newest")
        notes.append(check_equal(f"rows after merge and {name}", *pair))
    return seconds, notes


class _Bench:
    """A project with two tables on one base branch, and the deltas for them."""

    def __init__(self, folder: Path, rows: Rows) -> None:
        self._folder = folder
        self._rows = rows
        self._numbers = count(1)
        self._last: dict[tuple[str, str], list[str]] = {}
        content = {
            "name": "firn",
            "version": "1.0",
            "profile": "firn",
            "macro-paths": [str(PROJECT / "macros")],
            "flags": {"send_anonymous_usage_stats": False, "write_json": False},
        }
        (folder / "dbt_project.yml").write_text(yaml.safe_dump(content))
        shutil.copy(PROJECT / "profiles/profiles.yml", folder)
        (folder / "models").mkdir()
        for table in rows.sizes:
            self._write_models(table)
        self._settings = Settings.load({"FIRN_PROJECT_DIR": str(folder)})
        self._deltas = write(rows.deltas(), folder)

    def build(self) -> None:
        """Make the base branch with both tables."""
        self._create_branch(BASE, base=MAIN)
        self._dbt(BASE, "large small", "newest", kind="incremental")

    def merge(self, table: str, delta: str, *, compared: str = "") -> float:
        """Merge a delta on a fresh branch; seconds of the model.

        Args:
            compared: The column that tells whether a row changed; by default any.
        """
        branch = self._fork(table, delta)
        with _environment({_COMPARED: compared}):
            return self._dbt(branch, table, delta, kind="incremental")

    def rebuild(self, delta: str) -> float:
        """Build the large table anew, with the delta in it."""
        branch = self._fork("large", delta)
        return self._dbt(branch, "large", delta, kind="table")

    def upsert(self, table: str, *, limit: float) -> float | None:
        """pyiceberg's upsert in a process of its own; None if it took too long."""
        branch = self._fork(table, "newest")
        module = "orchestration.benchmarks.merge"
        arguments_ = ["--upsert", branch, table, str(self._deltas["newest"])]
        with dbt.session(self._settings, branch=branch):
            process.ensure_catalog(self._settings)
            try:
                done = subprocess.run(  # our own module
                    [sys.executable, "-m", module, *arguments_],
                    timeout=limit,
                    check=True,
                    capture_output=True,
                    text=True,
                )
            except subprocess.TimeoutExpired:
                return None
        return float(done.stdout)

    def digests(self, table: str, delta: str) -> list[object]:
        """What the last two branches of a table hold: count and hash of all rows."""
        found: list[object] = []
        for branch in self._last[table, delta][-2:]:
            with connect(self._settings, branch) as con:
                rows = con.table(f"lake.analytics.{table}").set_alias("t")
                found.append(
                    rows.aggregate("count(*), sum(hash(t)::hugeint)").fetchone()
                )
        return found

    def _fork(self, table: str, delta: str) -> str:
        branch = f"round_{next(self._numbers)}"
        self._create_branch(branch, base=BASE)
        self._last.setdefault((table, delta), []).append(branch)
        return branch

    def _create_branch(self, name: str, *, base: str) -> None:
        lake = Lake.open(self._settings)
        lake.create_branch(name, base=base)
        lake.close()

    def _dbt(self, branch: str, select: str, delta: str, *, kind: str) -> float:
        folder = str(self._folder)
        command = ["run", "--select", *select.split(), "--project-dir", folder]
        command += ["--profiles-dir", folder, "--log-level", "none"]
        own = {_DELTA: str(self._deltas[delta]), _KIND: kind}
        with dbt.session(self._settings, branch=branch), _environment(own):
            outcome = dbtRunner().invoke(command)
        if not outcome.success or not isinstance(outcome.result, RunExecutionResult):
            raise SetupError(f"dbt failed: {outcome.exception or outcome.result}")
        return float(sum(one.execution_time for one in outcome.result.results))

    def _write_models(self, table: str) -> None:
        rows = self._rows.table(table)
        model = _MODEL.format(delta=_DELTA, kind=_KIND, compared=_COMPARED, rows=rows)
        (self._folder / f"models/{table}.sql").write_text(model)


def _upsert(branch: str, table: str, delta: str) -> None:
    """The arm of `--upsert`: print the seconds that the call itself took."""
    endpoint = process.ensure_catalog(Settings.load())
    target = rest_catalog(endpoint, branch).load_table(("analytics", table))
    rows = duckdb.read_parquet(delta).to_arrow_table().cast(target.schema().as_arrow())
    started = time.perf_counter()
    target.upsert(rows, join_cols=["id"])
    sys.stdout.write(f"{time.perf_counter() - started}\n")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


if __name__ == "__main__":
    main()
