"""One dbt project, one lake and one Airflow, and four ways to build all of it.

`dbt build` and Cosmos build on branches that are forked before the clock starts; the
DAG `build` forks and publishes itself, which is undone after it stops.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestration.benchmarks import airflow_project, processes
from orchestration.benchmarks.airflow_cosmos import DAGS, FLAGS, PRELOADED, dag
from orchestration.benchmarks.spark_lab import PROJECT
from orchestration.ingestion.specs import load_sources
from orchestration.lake import Lake, Provenance, process
from orchestration.lake.session import connect
from orchestration.scheduler import control, environment
from orchestration.scheduler.client import Client
from orchestration.scheduler.deploy import deploy
from orchestration.settings import MAIN, Settings

EXAMPLE = "example"
DBT, BUILD = "dbt build", "DAG build"
_BRANCH = "bench"  # one name for all: dbt parses anew where the profile says another
_BIN = Path(sys.executable).parent
ALWAYS = (
    "macros",
    "profiles",
    "profiles.yml",
    "orchestration/dags",
    "orchestration/plugins",
)
_EXAMPLE = (
    *("models", "seeds", "snapshots", "tests", "orchestration/ingestion/sources"),
    *("dbt_project.yml", "selectors.yml"),
)
_FOUND_SECONDS = 300.0


@dataclass
class Spent:
    """What one build took: wall and CPU seconds, and the latter by component.

    `ends` are the tasks outside the group of nodes, in seconds after the trigger.
    """

    wall: float
    cpu: float
    components: dict[str, float] = field(default_factory=dict)
    catalog: float = 0.0
    ends: dict[str, float] = field(default_factory=dict)


@dataclass
class Lab:
    """The project's settings, its lake at the state that every build starts from.

    Args:
        settings: Of a project and a lake that are for this alone.
        say: Called with what is going on.
        poke: Seconds after which WATCHER's tasks look again.
    """

    settings: Settings
    lake: Lake
    say: Callable[[str], None]
    poke: int
    base: int = 0
    _keeper: int = 0
    _client: Client | None = None

    @property
    def _cosmos(self) -> Path:
        """The project once more: what dbt has parsed holds for one set of flags."""
        return self.settings.project_dir.with_name("cosmos")

    @property
    def client(self) -> Client:
        """Airflow's."""
        assert self._client is not None
        return self._client

    def prepare(self) -> None:
        """Land and build once, so that everything is there and parsed."""
        self.call("firn", "run")
        self.base = self.lake.log(1)[0].id
        deploy(self.settings)
        project = self.settings.project_dir
        ignored = shutil.ignore_patterns("orchestration", "target", "logs", "landing")
        shutil.copytree(project, self._cosmos, ignore=ignored)
        folders = ["--profiles-dir", "profiles", "--project-dir", str(self._cosmos)]
        self.call("dbt", "--quiet", "parse", *FLAGS, *folders, FIRN_BRANCH=_BRANCH)
        for arm, dag_id in DAGS.items():
            text = dag(arm, project=self._cosmos, branch=_BRANCH, poke=self.poke)
            (project / f"orchestration/dags/{dag_id}.py").write_text(text)
        for path in (project / "orchestration/dags").glob("*.py"):
            text = path.read_text()  # no run of their own, whatever the hour
            for often in ("0 5 * * *", "*/15 * * * *", "30 3 * * *"):
                text = text.replace(often, "0 0 29 2 *")
            path.write_text(text)
        config = environment.home(self.settings) / "config"
        config.mkdir(parents=True)
        (config / "airflow_local_settings.py").write_text(PRELOADED)

    @contextmanager
    def airflow(self, port: int, dags: set[str]) -> Iterator[None]:
        """Have it run, with these DAGs."""
        self.say("start Airflow")
        try:
            started, _ = control.up(self.settings, port=port)
            self._keeper, self._client = started.pid, Client(started.url)
            pools = [one.pool for one in load_sources(self.settings)]
            self.client.make_pools(pools, slots=1)
            self._await(dags)
            yield
        finally:
            control.down(self.settings)

    def restore(self) -> None:
        """Undo what was published, and fork the branch anew."""
        newest = self.lake.log(1)[0]
        if newest.provenance.dbt_invocation and newest.id != self.base:
            self.lake.rollback(newest.id, Provenance(who="benchmark"))
        if any(branch.name == _BRANCH for branch in self.lake.branches()):
            self.lake.drop_branch(_BRANCH)
        self.lake.create_branch(_BRANCH)

    def spend(self, arm: str) -> Spent:
        """Build by one of the ways."""
        before = self._catalog_seconds()
        spent = self._dbt() if arm == DBT else self._dag_run(arm)
        spent.catalog = self._catalog_seconds() - before
        return spent

    def content(self, arm: str) -> dict[str, int]:
        """All that a build has made, and how many rows it has."""
        branch = MAIN if arm == BUILD else _BRANCH
        names = sorted(str(name) for name in self.lake.pointers(branch))
        with connect(self.settings, branch, read_only=True) as connection:
            counted = {}
            for name in names:
                found = connection.execute(f"select count(*) from {name}")
                counted[name] = int(found.fetchall()[0][0])
            return counted

    def components(self) -> dict[str, float]:
        """CPU seconds that Airflow's components have used up to now."""
        return processes.by_component(processes.tree(self._keeper))

    def count(self, arm: str) -> int:
        """How many tasks a run has."""
        dag_id = dag_of(arm)
        newest = self.client.runs(dag_id)[0]
        return len(list(self.client.tasks(dag_id, newest)))

    def call(self, *command: str, **environ: str) -> None:
        """Run a command of the project."""
        self.say(" ".join(command))
        self._command(*command, **environ)

    def _dbt(self) -> Spent:
        target = str(self.settings.home / "target_plain")
        started = time.perf_counter()
        cpu = self._command(
            *("dbt", "build", "--quiet", "--target-path", target),
            FIRN_BRANCH=_BRANCH,
        )
        return Spent(wall=time.perf_counter() - started, cpu=cpu)

    def _dag_run(self, arm: str) -> Spent:
        dag_id = dag_of(arm)
        params = {"force": True} if arm == BUILD else {}
        before, started = self.components(), time.time()
        run = self.client.trigger(dag_id, params)
        state = self.client.wait(dag_id, run)
        after = self.components()
        if state != "success":
            raise RuntimeError(f"{dag_id} ended as {state}: {self._red(dag_id, run)}")
        used = {name: after[name] - before[name] for name in after}
        ends = {
            name: at - started for name, at in self._ends(dag_id, run) if at >= started
        }
        return Spent(
            wall=max(ends.values()),  # by Airflow's clock: not when somebody asked
            cpu=sum(used.values()),
            components=used,
            ends={name: at for name, at in ends.items() if "." not in name},
        )

    def _ends(self, dag_id: str, run: str) -> Iterator[tuple[str, float]]:
        for task in self.client.tasks(dag_id, run):
            if end := task["end_date"]:
                yield task["task_id"], datetime.fromisoformat(end).timestamp()

    def _red(self, dag_id: str, run: str) -> list[str]:
        tasks = self.client.tasks(dag_id, run)
        return [task["task_id"] for task in tasks if task["state"] == "failed"]

    def _command(self, *command: str, **environ: str) -> float:
        return processes.run(
            [str(_BIN / command[0]), *command[1:]],
            cwd=self.settings.project_dir,
            environ={**os.environ, **environ},
        )

    def _catalog_seconds(self) -> float:
        """Of the catalog, which is a child of this process."""
        return sum(
            one.seconds
            for one in processes.tree(os.getpid())
            if "orchestration.lake.rest" in one.command
        )

    def _await(self, dags: set[str]) -> None:
        deadline = time.monotonic() + _FOUND_SECONDS
        while missing := dags - set(self.client.dags()):
            self.say(f"wait for {', '.join(sorted(missing))}")
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"not found: {missing}; {self.client.import_errors()}"
                )
            time.sleep(1)


@contextmanager
def lab(
    folder: Path, size: str, say: Callable[[str], None], *, poke: int = 10
) -> Iterator[Lab]:
    """A project of a size, on a lake of its own: `example`, or how many models."""
    project = folder / "project"
    airflow_project.copy_parts(PROJECT, project, *ALWAYS)
    if size == EXAMPLE:
        airflow_project.copy_parts(PROJECT, project, *_EXAMPLE)
    else:
        airflow_project.write(project, int(size))
    own = {
        "FIRN_PROJECT_DIR": str(project),
        "FIRN_HOME": str(folder / "home"),
        "FIRN_LANDING": str(folder / "landing"),
        "AIRFLOW__COSMOS__CACHE_DIR": str(folder / "cosmos_cache"),
    }
    before = dict(os.environ)
    os.environ |= own
    try:
        settings = Settings.load()
        process.ensure_catalog(settings)  # a child of ours, so that it can be measured
        with closing(Lake.open(settings)) as lake:
            made = Lab(settings, lake, say, poke)
            if size == EXAMPLE:
                made.call("python", "-m", "demo.drop")
            made.prepare()
            yield made
        process.release(settings)
    finally:
        os.environ.clear()
        os.environ |= before


def dag_of(arm: str) -> str:
    """The DAG that builds this way."""
    return DAGS.get(arm, "build")
