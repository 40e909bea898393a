"""What branch, gates and publish cost on top of dbt, and what a run costs for nothing.

`firn build --force` against plain `dbt build`, on the example project with two years of
the example shop. Both start from the same state of the lake every round: the plain arm
gets a branch forked before the clock starts; a publication is undone after it stops.
Freshness is a gate: the plain arm does not ask for it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestration.benchmarks import harness
from orchestration.benchmarks.harness import Ratio
from orchestration.lake import Lake, Provenance
from orchestration.lake.session import connect
from orchestration.settings import MAIN, Settings

_PLAIN = "bench_plain"
_BIN = Path(sys.executable).parent
_MARTS = ("fct_orders", "fct_order_items", "dim_products", "rpt_store_revenue_monthly")


@dataclass(frozen=True)
class Bench:
    """The example project on a lake of its own, in a temporary folder."""

    settings: Settings
    lake: Lake
    environ: Mapping[str, str]
    base: int

    def call(self, *command: str, **environ: str) -> None:
        """Run a command of the project, as a user does; stop if it fails."""
        subprocess.run(
            [str(_BIN / command[0]), *command[1:]],
            cwd=self.settings.project_dir,
            env={**self.environ, **environ},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def firn_build(self) -> None:
        """Branch, freshness, build, gates, publish."""
        self.call("firn", "build", "--force")

    def dbt_build(self) -> None:
        """The build alone, on a branch that is there."""
        target = str(self.settings.home / "target_plain")
        self.call(
            "dbt", "build", "--quiet", "--target-path", target, FIRN_BRANCH=_PLAIN
        )

    def restore(self) -> None:
        """Undo what an arm published, and fork the plain arm's branch anew."""
        newest = self.lake.log(1)[0]
        if newest.provenance.dbt_invocation and newest.id != self.base:
            self.lake.rollback(newest.id, Provenance(who="benchmark"))
        if any(branch.name == _PLAIN for branch in self.lake.branches()):
            self.lake.drop_branch(_PLAIN)
        self.lake.create_branch(_PLAIN)

    def content(self, branch: str) -> dict[str, object]:
        """Rows and a hash of all values of some marts."""
        with connect(self.settings, branch, read_only=True) as connection:
            return {
                table: connection.execute(
                    f"select count(*), bit_xor(hash(t)) from marts.{table} as t"
                ).fetchall()[0]
                for table in _MARTS
            }


def main() -> None:
    """Measure and report."""
    options = harness.arguments(__doc__ or "", rounds=3).parse_args()
    # The catalog may still be writing its farewell when the folder goes.
    with tempfile.TemporaryDirectory(
        prefix="firn-bench-", ignore_cleanup_errors=True
    ) as folder:
        os.environ |= {
            "FIRN_HOME": f"{folder}/home",
            "FIRN_LANDING": f"{folder}/landing",
            "FIRN_CATALOG_IDLE_SECONDS": "60",
        }
        settings = Settings.load()
        with closing(Lake.open(settings)) as lake:
            bench = _prepare(settings, lake)
            notes = _check(bench)
            seconds = harness.interleave(
                _arms(bench), options.rounds, before_each=bench.restore
            )
    harness.report(
        "firn build ÷ dbt build, and a run with nothing new ÷ a full run",
        seconds,
        ratios=[
            Ratio("branch + gates + publish", "firn build", "dbt build", goal=1.05),
            Ratio("nothing new", "firn run, nothing new", "firn run --force"),
        ],
        notes=notes,
        output=options.format,
    )


def _prepare(settings: Settings, lake: Lake) -> Bench:
    environ = dict(os.environ)
    bench = Bench(settings, lake, environ, base=0)
    bench.call("python", "-m", "demo.drop")
    bench.call("firn", "run")
    return Bench(settings, lake, environ, base=lake.log(1)[0].id)


def _check(bench: Bench) -> list[str]:
    """Both arms must make the same tables; this also fills what they cache."""
    bench.restore()
    bench.dbt_build()
    bench.firn_build()
    made = [bench.content(branch) for branch in (MAIN, _PLAIN)]
    return [harness.check_equal("rows and hashes of marts", *made)]


def _arms(bench: Bench) -> dict[str, Callable[[], object]]:
    return {
        "firn build": bench.firn_build,
        "dbt build": bench.dbt_build,
        "firn run, nothing new": lambda: bench.call("firn", "run"),
        "firn run --force": lambda: bench.call("firn", "run", "--force"),
    }


if __name__ == "__main__":
    main()
