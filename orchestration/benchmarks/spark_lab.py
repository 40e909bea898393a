"""Two dbt projects on one lake, in one JVM: ours, and dbt-spark as it comes.

Stock has the same profile without what is ours in it, a project without our macros, and
a session on the branch that it is given: the same Spark, jar, catalog and settings.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.clients.jinja import get_rendered

from orchestration.build import dbt
from orchestration.errors import SetupError
from orchestration.lake import Lake, TableId, process
from orchestration.lake.session import connect as connect_duckdb
from orchestration.settings import MAIN, Settings
from orchestration.spark.session import connect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROJECT = Path(__file__).parents[2]
PROFILES = PROJECT / "profiles/profiles.yml"
BASE = "base"
SCHEMA = "analytics"
_OURS_ALONE = "firn."  # settings of the profile that Spark does not know


@dataclass
class Ran:
    """One dbt command. Moments are those of `time.perf_counter`."""

    seconds: dict[str, float] = field(default_factory=dict)  # of each model, by dbt
    statements: list[str] = field(default_factory=list)  # of models
    read: float = 0.0  # when dbt had read the project
    first: float = 0.0  # when the first model began

    def note(self, event: Any) -> None:
        """What dbt says while it runs."""
        name = event.info.name
        if name == "SQLQuery" and event.data.node_info.node_name:
            self.statements.append(event.data.sql)
        elif name == "FoundStats":
            self.read = self.read or time.perf_counter()
        elif name == "LogStartLine":
            self.first = self.first or time.perf_counter()


class Lab:
    """The lake, its branches, and both projects.

    Args:
        folder: Where all of it lies.
    """

    def __init__(self, folder: Path) -> None:
        self._ours, self._stock = folder / "ours", folder / "stock"
        self._numbers = count(1)

    @cached_property
    def settings(self) -> Settings:
        """The lake's, once the projects are written."""
        return Settings.load({"FIRN_PROJECT_DIR": str(self._ours)})

    def prepare(self) -> None:
        """Write both projects, and make the base branch."""
        _project(self._ours, macros=[str(PROJECT / "macros")])
        _project(self._stock, macros=[])
        shutil.copy(PROFILES, self._ours)
        (self._stock / "profiles.yml").write_text(yaml.safe_dump(_stock_profile()))
        self.create_branch(BASE, base=MAIN)

    def model(self, name: str, sql: str, *, stock: bool = False) -> None:
        """Write a model of one of the projects."""
        folder = self._stock if stock else self._ours
        (folder / "models" / f"{name}.sql").write_text(sql)

    def create_branch(self, name: str, *, base: str) -> None:
        """Fork a branch."""
        lake = Lake.open(self.settings)
        lake.create_branch(name, base=base)
        lake.close()

    def fork(self, base: str = BASE) -> str:
        """A fresh branch of the base."""
        name = f"round_{next(self._numbers)}"
        self.create_branch(name, base=base)
        return name

    def session(self, branch: str) -> "SparkSession":
        """Spark on a branch, for what is typed."""
        return connect(process.ensure_catalog(self.settings), branch, conf())

    def ours(self, branch: str, *select: str, **environ: str) -> Ran:
        """`dbt run` of our project on a branch."""
        with dbt.session(self.settings, branch=branch), environment(environ):
            return _run(self._ours, select, ["--target", "spark"])

    def stock(self, branch: str, *select: str, **environ: str) -> Ran:
        """`dbt run` of the stock project on a branch."""
        dbt.disconnect()
        with _sessions_are(self.session(branch)), environment(environ):
            return _run(self._stock, select, [])

    def digest(self, branch: str, table: str) -> object:
        """What a table holds, as DuckDB reads it: count and hash of all rows."""
        with connect_duckdb(self.settings, branch) as con:
            rows = con.table(f"lake.{SCHEMA}.{table}").set_alias("t")
            return rows.aggregate("count(*), sum(hash(t)::hugeint)").fetchone()

    def bytes_added(self, branch: str, table: str, *, since: str | None = None) -> int:
        """Bytes of the files that a table's snapshots added, by their summaries.

        Args:
            since: A branch whose snapshots do not count.
        """
        lake = Lake.open(self.settings)
        try:
            id_ = TableId(SCHEMA, table)
            before = lake.load(since, id_).metadata.snapshots if since else []
            known = {snapshot.snapshot_id for snapshot in before}
            return sum(
                int((one.summary and one.summary["added-files-size"]) or 0)
                for one in lake.load(branch, id_).metadata.snapshots
                if one.snapshot_id not in known
            )
        finally:
            lake.close()


def conf() -> dict[str, str]:
    """Spark's settings in the profile, as dbt renders them."""
    given = _output()["server_side_parameters"]
    context = {"env_var": lambda name, default="": os.environ.get(name, default)}
    return {
        name: str(get_rendered(text, context))
        for name, text in given.items()
        if not name.startswith(_OURS_ALONE)
    } | {"spark.sql.ansi.enabled": "true"}


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables for the length of a block."""
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


def _project(folder: Path, *, macros: list[str]) -> None:
    (folder / "models").mkdir(parents=True)
    content = {
        "name": "firn",
        "version": "1.0",
        "profile": "firn",
        "macro-paths": macros,
        "flags": {"send_anonymous_usage_stats": False, "write_json": False},
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(content))


def _output() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(PROFILES.read_text())
    output: dict[str, Any] = found["firn"]["outputs"]["spark"]
    return output


def _stock_profile() -> dict[str, Any]:
    output = _output()
    given = output["server_side_parameters"]
    output["server_side_parameters"] = {
        name: text for name, text in given.items() if not name.startswith(_OURS_ALONE)
    }
    return {"firn": {"target": "stock", "outputs": {"stock": output}}}


@contextmanager
def _sessions_are(session: "SparkSession") -> Iterator[None]:
    """Make it the session that dbt-spark finds when it asks for one."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # of the extra `spark`

    before = SparkSession._instantiatedSession  # noqa: SLF001  # no public way
    SparkSession._instantiatedSession = session  # noqa: SLF001
    try:
        yield
    finally:
        SparkSession._instantiatedSession = before  # noqa: SLF001


def _run(folder: Path, select: Sequence[str], options: Sequence[str]) -> Ran:
    ran = Ran()
    command = ["run", "--select", *select, "--project-dir", str(folder), *options]
    command += ["--profiles-dir", str(folder), "--log-path", str(folder / "logs")]
    command += ["--log-level", "none", "--threads", "1"]
    outcome = dbtRunner(callbacks=[ran.note]).invoke(command)
    if not outcome.success or not isinstance(outcome.result, RunExecutionResult):
        raise SetupError(f"dbt failed: {outcome.exception or _messages(outcome)}")
    for one in outcome.result.results:
        ran.seconds[one.node.name] = float(one.execution_time)
    return ran


def _messages(outcome: Any) -> list[str]:
    return [str(one.message) for one in getattr(outcome.result, "results", [])]
