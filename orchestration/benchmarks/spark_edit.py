"""From an edit to a tested result: DuckDB ÷ Spark, cold and warm.

The example project with two years of its shop. A model is edited, then `dbt build`
builds and tests it on a developer's branch, as a user does: where Spark starts a JVM
each time, and then, against DuckDB again, where `firn spark up` keeps one warm.

    python -m orchestration.benchmarks.spark_edit --rounds 3
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from orchestration.benchmarks import harness
from orchestration.benchmarks.harness import Ratio
from orchestration.benchmarks.spark_lab import PROJECT
from orchestration.lake import Lake
from orchestration.lake.session import connect
from orchestration.settings import Settings

MODEL, SCHEMA = "rpt_store_revenue_monthly", "marts"
TARGETS = {"DuckDB": "dev", "Spark": "spark"}
_BIN = Path(sys.executable).parent
_DBT = ("models", "macros", "seeds", "snapshots", "tests", "profiles")
_FILES = ("dbt_project.yml", "profiles.yml", "selectors.yml")


@dataclass
class Bench:
    """A copy of the project, which may be edited, on a lake of its own."""

    settings: Settings
    _edits: "count[int]" = field(default_factory=lambda: count(1))

    def edit(self) -> None:
        """Change the model's text; what it says stays the same."""
        found = self.settings.project_dir.rglob(f"models/**/{MODEL}.sql")
        with next(found).open("a") as file:
            file.write(f"-- edit {next(self._edits)}\n")

    def build(self, engine: str) -> None:
        """`dbt build` of the model."""
        own = {**os.environ, "FIRN_BRANCH": _branch(engine)}
        home = self.settings.home
        options = ["--select", MODEL, "--target", TARGETS[engine], "--quiet"]
        # Each engine keeps what it has parsed.
        options += ["--target-path", str(home / "target" / engine)]
        self.call("dbt", "build", *options, environ=own)

    def prepare(self) -> None:
        """Land two years, build them, and give each engine a branch."""
        for command in (["python", "-m", "demo.drop"], ["firn", "run"]):
            self.call(*command)
        with closing(Lake.open(self.settings)) as lake:
            for engine in TARGETS:
                lake.create_branch(_branch(engine))

    def content(self, engine: str) -> object:
        """Rows of the model, and a hash of all of their values."""
        with connect(self.settings, _branch(engine), read_only=True) as connection:
            return connection.execute(
                f"select count(*), bit_xor(hash(t)) from {SCHEMA}.{MODEL} as t"
            ).fetchall()

    def call(self, *command: str, environ: Mapping[str, str] = os.environ) -> None:
        """Run a command of the project; stop if it fails."""
        subprocess.run(  # our own commands
            [str(_BIN / command[0]), *command[1:]],
            cwd=self.settings.project_dir,
            env=environ,
            stdout=subprocess.DEVNULL,
            check=True,
        )


def main() -> None:
    """Measure and report."""
    options = harness.arguments(__doc__ or "", rounds=3).parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = Bench(_copy(Path(folder)))
        bench.prepare()
        seconds = _measure(bench, rounds=options.rounds, how="cold")
        bench.call("firn", "spark", "up")
        try:
            seconds |= _measure(bench, rounds=options.rounds, how="warm")
        finally:
            bench.call("firn", "spark", "down")
        made = [bench.content(engine) for engine in TARGETS]
    harness.report(
        "Edit to tested result: DuckDB ÷ Spark",
        seconds,
        ratios=[
            Ratio(f"DuckDB ÷ {how} Spark", f"DuckDB, beside {how}", f"Spark, {how}")
            for how in ("cold", "warm")
        ],
        notes=[harness.check_equal(f"rows of {MODEL}", *made)],
        output=options.format,
    )


def _measure(bench: Bench, *, rounds: int, how: str) -> harness.Seconds:
    arms: dict[str, Callable[[], object]] = {
        f"DuckDB, beside {how}": partial(bench.build, "DuckDB"),
        f"Spark, {how}": partial(bench.build, "Spark"),
    }
    for arm in arms.values():
        arm()  # what dbt has parsed, and what a JVM that stays compiles
    return harness.interleave(arms, rounds, before_each=bench.edit)


def _copy(folder: Path) -> Settings:
    project = folder / "project"
    for name in _DBT:
        shutil.copytree(PROJECT / name, project / name)
    for name in _FILES:
        shutil.copy(PROJECT / name, project)
    os.environ |= {
        "FIRN_PROJECT_DIR": str(project),
        "FIRN_SOURCES": str(PROJECT / "orchestration/ingestion/sources"),
        "FIRN_LANDING": str(folder / "landing"),
        "FIRN_CATALOG_IDLE_SECONDS": "60",
    }
    return Settings.load()


def _branch(engine: str) -> str:
    return f"edit_{engine.lower()}"


if __name__ == "__main__":
    main()
