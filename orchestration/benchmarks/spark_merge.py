"""Merge a small delta into a large table on Spark: ours ÷ stock dbt-spark.

Both arms are dbt's `incremental` with a `unique_key`, in one JVM, on tables of one
layout (partitioned by month); seconds are those that dbt reports for the model. Stock
runs as it comes, with `write.merge.mode: merge-on-read`, and with that and an
`incremental_predicates` that names the last seven days, where the keys allow it; the
goal holds against the fastest of these. Every round starts from a fresh branch. Bytes
are those of the snapshots' summaries, changed bytes those of the delta written alone.

    python -m orchestration.benchmarks.spark_merge --rows 10000000 --rounds 3
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from orchestration.benchmarks.harness import (
    Ratio,
    Seconds,
    Sizes,
    arguments,
    check_equal,
    report,
)
from orchestration.benchmarks.rows import TIMES, Rows, write
from orchestration.benchmarks.spark_lab import BASE, SCHEMA, Lab

KEYS = ("newest", "spread")
MERGE_ON_READ = "merge-on-read"
_DELTA = "FIRN_BENCHMARK_DELTA"
_PREDICATE = "FIRN_BENCHMARK_PREDICATE"
_OURS = """
{{{{ config(
    materialized='incremental',
    unique_key='id',
    partition_by=['month(ordered_at)'],
) }}}}
select * from {{{{ target.schema }}}}.{{{{
    env_var('{delta}') if is_incremental() else 'rows_{table}'
}}}}
"""
_STOCK = """
{{{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    file_format='iceberg',
    unique_key='id',
    partition_by=['months(ordered_at)'],
    incremental_predicates=[env_var('{predicate}')] if env_var('{predicate}', '')
        else none,
) }}}}
select * from {{{{ target.schema }}}}.{{{{
    env_var('{delta}') if is_incremental() else 'rows_large'
}}}}
"""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to merge. `mode` None leaves the table's properties to stock."""

    keys: str
    table: str = "large"
    stock: bool = False
    mode: str | None = None
    predicate: str = ""

    @property
    def name(self) -> str:
        """As the report calls it."""
        who = f"stock {self.mode or ''}".strip() if self.stock else "ours"
        narrowed = ", 7 days" if self.predicate else ""
        size = "" if self.table == "large" else f", 1/{TIMES}"
        return f"{who}{narrowed}, {self.keys} keys{size}"

    @property
    def delta(self) -> str:
        """The delta's table."""
        return "newest" if self.keys == "newest" else f"spread_{self.table}"


def main() -> None:
    """Run all arms, check that they end with the same rows, and report."""
    options = _options()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = _Bench(Path(folder), Rows(rows=options.rows, delta=options.delta))
        bench.build()
        seconds, sizes, notes = _measure(bench, rounds=options.rounds)
        report(
            f"Merge of {options.delta:,} rows into {options.rows:,} on Spark",
            seconds,
            sizes=sizes,
            ratios=list(_ratios(seconds)),
            notes=notes,
            output=options.format,
        )


def _options() -> argparse.Namespace:
    parser = arguments(__doc__ or "", rounds=3)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--delta", type=int, default=10_000)
    return parser.parse_args()


def _ratios(seconds: Seconds) -> Iterator[Ratio]:
    for keys in KEYS:
        large, small = Arm(keys=keys).name, Arm(keys=keys, table="small").name
        stock = [arm for arm in seconds if "stock" in arm and keys in arm]
        best = min(stock, key=lambda arm: statistics.median(seconds[arm]))
        for other in stock:
            goal = 0.1 if other == best else None
            what = "ours ÷ " + other.replace(f", {keys} keys", "")
            yield Ratio(f"{keys} keys, {what}", large, other, goal=goal)
        goal = 1.10 if keys == "newest" else None
        yield Ratio(f"{keys} keys, {TIMES}x ÷ 1x", large, small, goal=goal)
        written, changed = _bytes_arms(keys)
        yield Ratio(f"{keys} keys, bytes", written, changed, goal=1.3)


def _bytes_arms(keys: str) -> tuple[str, str]:
    return f"written by ours, {keys} keys", f"changed, {keys} keys"


def _measure(bench: "_Bench", *, rounds: int) -> tuple[Seconds, Sizes, list[str]]:
    arms: dict[str, Callable[[], float]] = {
        arm.name: partial(bench.merge, arm) for arm in bench.arms()
    }
    for arm in arms.values():
        arm()  # what the JVM compiles, and the file cache
    seconds: Seconds = {name: [] for name in arms}
    for turn in range(rounds):
        for name in list(arms) if turn % 2 == 0 else reversed(list(arms)):
            seconds[name].append(arms[name]())
    notes = [_check(bench, keys) for keys in KEYS]
    return seconds, bench.sizes(), notes


def _check(bench: "_Bench", keys: str) -> str:
    """All arms must come to the same rows."""
    [(_, ours), *others] = bench.digests(keys).items()
    for name, stock in others:
        check_equal(f"rows of ours and {name}", ours, stock)
    return f"rows of ours and {len(others)} arms of stock, {keys} keys: equal"


class _Bench:
    """Tables of both projects on one base branch, and the deltas for them."""

    def __init__(self, folder: Path, rows: Rows) -> None:
        self._rows = rows
        self._lab = Lab(folder)
        self._lab.prepare()
        self._last: dict[Arm, str] = {}
        for table in rows.sizes:
            self._lab.model(table, _OURS.format(delta=_DELTA, table=table))
        stock = _STOCK.format(delta=_DELTA, predicate=_PREDICATE)
        self._lab.model("stock", stock, stock=True)
        queries = {f"rows_{name}": rows.table(name) for name in rows.sizes}
        self._files = write({**queries, **rows.deltas()}, folder)

    def arms(self) -> Iterator[Arm]:
        """All ways to merge."""
        newest = datetime(2020, 1, 1) + timedelta(seconds=self._rows.rows)  # noqa: DTZ001
        seven_days = (
            "DBT_INTERNAL_DEST.ordered_at >= "
            f"cast('{newest - timedelta(days=7)}' as timestamp_ntz)"
        )
        for keys in KEYS:
            yield Arm(keys=keys)
            yield Arm(keys=keys, table="small")
            yield Arm(keys=keys, stock=True)
            yield Arm(keys=keys, stock=True, mode=MERGE_ON_READ)
        yield Arm(keys="newest", stock=True, mode=MERGE_ON_READ, predicate=seven_days)

    def build(self) -> None:
        """Make the base branch with all tables."""
        session = self._lab.session(BASE)
        session.sql(f"create namespace {SCHEMA}")
        for name, file in self._files.items():
            session.sql(
                f"create table {SCHEMA}.{name} using iceberg as "
                f"select * from parquet.`{file}`"
            )
        own = {_DELTA: "newest"}
        self._lab.ours(BASE, *self._rows.sizes, **own)
        self._lab.stock(BASE, "stock", **own)

    def merge(self, arm: Arm) -> float:
        """Merge on a fresh branch; seconds of the model."""
        lab, branch = self._lab, self._lab.fork()
        self._last[arm] = branch
        if not arm.stock:
            return lab.ours(branch, arm.table, **{_DELTA: arm.delta}).seconds[arm.table]
        if arm.mode:
            lab.session(branch).sql(
                f"alter table {SCHEMA}.stock "
                f"set tblproperties ('write.merge.mode' = '{arm.mode}')"
            )
        own = {_DELTA: arm.delta, _PREDICATE: arm.predicate}
        return lab.stock(branch, "stock", **own).seconds["stock"]

    def digests(self, keys: str) -> dict[str, object]:
        """What the large table holds after each arm, ours first."""
        return {
            arm.name: self._lab.digest(branch, "stock" if arm.stock else arm.table)
            for arm, branch in self._last.items()
            if arm.keys == keys and arm.table == "large"
        }

    def sizes(self) -> Sizes:
        """Bytes that our merges wrote, and those of the changed rows alone."""
        sizes: Sizes = {}
        for keys in KEYS:
            arm = Arm(keys=keys)
            written, changed = _bytes_arms(keys)
            branch = self._last[arm]
            bytes_ = self._lab.bytes_added(branch, arm.table, since=BASE)
            sizes[written] = [float(bytes_)]
            sizes[changed] = [float(self._lab.bytes_added(BASE, arm.delta))]
        return sizes


if __name__ == "__main__":
    main()
