"""From an edit to a tested result: DuckDB ÷ Spark, cold and warm.

The example project with two years of its shop. A model is edited, then `dbt build`
builds and tests it on a developer's branch: as a process of its own, where Spark starts
a JVM, and as the next command of a process that has built before, where Spark is warm.

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

from dbt.cli.main import dbtRunner

from orchestration.benchmarks import harness
from orchestration.benchmarks.harness import Ratio
from orchestration.benchmarks.spark_lab import PROJECT
from orchestration.build import dbt
from orchestration.errors import SetupError
from orchestration.lake import Lake
from orchestration.lake.session import connect
from orchestration.settings import Settings

MODEL, SCHEMA = "rpt_store_revenue_monthly", "marts"
TARGETS = {"DuckDB": "dev", "Spark": "spark"}
_BIN = Path(sys.executable).parent
_DBT = ("models", "macros", "seeds", "snapshots", "tests", "profiles")
_FILES = ("dbt_project.yml", "selectors.yml")


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

    def process(self, engine: str) -> None:
        """`dbt build` as a user types it."""
        own = {**os.environ, "FIRN_BRANCH": _branch(engine)}
        command = [str(_BIN / "dbt"), *self._build(engine, "process")]
        self._call(command, own)

    def in_process(self, engine: str) -> None:
        """`dbt build` in this process, which has built before."""
        with dbt.session(self.settings, branch=_branch(engine)):
            outcome = dbtRunner().invoke(self._build(engine, "in_process"))
        if not outcome.success:
            raise SetupError(f"dbt failed: {outcome.exception or outcome.result}")

    def prepare(self) -> None:
        """Land two years, build them, and give each engine a branch."""
        for command in (["python", "-m", "demo.drop"], ["firn", "run"]):
            self._call([str(_BIN / command[0]), *command[1:]], os.environ)
        with closing(Lake.open(self.settings)) as lake:
            for engine in TARGETS:
                lake.create_branch(_branch(engine))

    def content(self, engine: str) -> object:
        """Rows of the model, and a hash of all of their values."""
        with connect(self.settings, _branch(engine), read_only=True) as connection:
            return connection.execute(
                f"select count(*), bit_xor(hash(t)) from {SCHEMA}.{MODEL} as t"
            ).fetchall()

    def _build(self, engine: str, how: str) -> list[str]:
        folder, home = self.settings.project_dir, self.settings.home
        options = ["--project-dir", str(folder), "--target", TARGETS[engine]]
        options += ["--profiles-dir", str(folder / "profiles"), "--quiet"]
        # Each arm keeps what it has parsed.
        options += ["--target-path", str(home / "target" / engine / how)]
        return ["build", "--select", MODEL, *options]

    def _call(self, command: list[str], environ: Mapping[str, str]) -> None:
        subprocess.run(  # our own commands
            command,
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
        arms = _arms(bench)
        for arm in arms.values():
            arm()  # what is parsed, and what the JVM compiles
        seconds = harness.interleave(arms, options.rounds, before_each=bench.edit)
        made = [bench.content(engine) for engine in TARGETS]
    harness.report(
        "Edit to tested result: DuckDB ÷ Spark",
        seconds,
        ratios=[
            Ratio("DuckDB ÷ cold Spark", "DuckDB, process", "Spark, process"),
            Ratio("DuckDB ÷ warm Spark", "DuckDB, in process", "Spark, in process"),
        ],
        notes=[harness.check_equal(f"rows of {MODEL}", *made)],
        output=options.format,
    )


def _arms(bench: Bench) -> dict[str, Callable[[], object]]:
    return {
        **{f"{engine}, process": partial(bench.process, engine) for engine in TARGETS},
        **{
            f"{engine}, in process": partial(bench.in_process, engine)
            for engine in TARGETS
        },
    }


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
