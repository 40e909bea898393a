"""A real Airflow on the small shop of the fault tests: all of its components."""

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest

from orchestration.build import alerts
from orchestration.build.alerts import Alert
from orchestration.ingestion.specs import load_sources
from orchestration.lake import Lake, Publication, process
from orchestration.scheduler import control
from orchestration.scheduler.client import Client
from orchestration.scheduler.deploy import deploy
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.dags.small_run import run
from orchestration.tests.faults.shop import sheets, write_project

__all__ = ["run"]
PROJECT = Path(__file__).parents[3]
# Who reads a mart, and has nothing to do with how it is made.
CONSUMER = '''
"""Reads orders when they are published."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset

with DAG("consumer", schedule=[Asset(uri="iceberg://main/marts/fct_orders")]) as dag:
    EmptyOperator(task_id="reads")
'''
# Waits for a table, longer than it should.
TARDY = '''
"""Waits until orders have changed."""
from datetime import timedelta
from airflow.sdk import DAG
from orchestration.operators.alerts import alerted
from orchestration.sensors.snapshot_advanced import SnapshotAdvancedSensor

with DAG("tardy", schedule=None, **alerted(within=timedelta(seconds=2))) as dag:
    SnapshotAdvancedSensor(task_id="waits", table="marts.fct_orders", patience=600)
'''
SECRET = "canary-5f1c"  # in the address that alerts are posted to
T = TypeVar("T")
_PATIENCE = 120.0  # seconds for what takes ten


@dataclass(frozen=True)
class Scheduler:
    """A running Airflow, and the lake that it works on.

    Attributes:
        posted: What it has posted as alerts.
    """

    settings: Settings
    client: Client
    posted: list[str]

    def drop(self, day: int) -> None:
        """The shop exports a day."""
        folder = self.settings.project_dir / f"landing/shop/{day}"
        folder.mkdir(parents=True)
        for sheet in sheets(day):
            sheet.write(folder)

    def run(self, dag: str, **params: Any) -> str:
        """Run a DAG to its end; returns the run's id."""
        run = self.client.trigger(dag, params)
        self.client.wait(dag, run)
        return run

    def newest(self, dag: str, *, than: str = "") -> str:
        """The newest run of a DAG, once there is one that is over, and not `than`."""

        def found() -> str:
            runs = self.client.runs(dag)
            return runs[0] if runs and runs[0] != than else ""

        run = until(found)
        self.client.wait(dag, run)
        return run

    def states(self, dag: str, run: str) -> dict[str, str]:
        """Every task's state."""
        return {one["task_id"]: one["state"] for one in self.client.tasks(dag, run)}

    def alert(self, run: str) -> Alert | None:
        """The newest alert about a run."""
        told = alerts.newest(self.settings, 100)
        return next((one for one in told if one.run.endswith(run)), None)

    def page(self, path: str) -> str:
        """A page of our plugin."""
        answer = self.client.get(f"/lake/{path}")
        return str(answer.text)

    def log(self) -> list[Publication]:
        """What was published, newest first."""
        with closing(Lake.open(self.settings)) as lake:
            return lake.log(100)

    def branches(self) -> set[str]:
        """The lake's branches."""
        with closing(Lake.open(self.settings)) as lake:
            return {branch.name for branch in lake.branches()}

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the project, as somebody who deploys it does."""
        path = self.settings.project_dir / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        # As if both had come at once: in between, every DAG is an error for a moment.
        os.utime(path, (0, 0))
        deploy(self.settings)
        self.client.read_files()


def until(found: Callable[[], T | None], seconds: float = _PATIENCE) -> T:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)
    return answer


def counted(states: dict[str, str]) -> Counter[str]:
    """How many tasks of nodes are in each state."""
    return Counter(how for name, how in states.items() if name.startswith("dbt."))


@pytest.fixture(scope="module")
def hook() -> Iterator[tuple[str, list[str]]]:
    """An address that alerts are posted to, and what has come."""
    posted: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{SECRET}", posted
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that the user of Postgres may enter, too, where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="firn-airflow-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


# Postgres where it is installed, as `firn airflow up` does it.
@pytest.fixture(
    scope="module", params=["", pytest.param("sqlite", marks=pytest.mark.full)]
)
def scheduler(
    request: pytest.FixtureRequest, folder: Path, hook: tuple[str, list[str]]
) -> Iterator[Scheduler]:
    """Airflow with the repository's DAGs, on a lake of its own."""
    root = folder / f"on{request.param}"
    project, home = root / "project", root / "home"
    write_project(project)
    for name in ("macros", "profiles", "orchestration/dags", "orchestration/plugins"):
        shutil.copytree(PROJECT / name, project / name)
    (project / "orchestration/dags/consumer.py").write_text(CONSUMER)
    (project / "orchestration/dags/tardy.py").write_text(TARDY)
    ingest = project / "orchestration/dags/ingest.py"  # its own run would interfere
    ingest.write_text(ingest.read_text().replace("*/15 * * *", "0 0 29 2"))
    url, posted = hook
    given = {"FIRN_AIRFLOW_DATABASE": f"sqlite:///{home}/airflow.db"}
    with pytest.MonkeyPatch.context() as patch:
        environment.only(
            patch,
            FIRN_PROJECT_DIR=project,
            FIRN_HOME=home,
            FIRN_USER="tester",
            FIRN_CATALOG_IDLE_SECONDS=5,
            FIRN_ALERT_URL=url,
            **(given if request.param else {}),
        )
        settings = Settings.load()
        deploy(settings)
        try:
            started, _ = control.up(settings, port=free_port())
            client = Client(started.url)
            client.make_pools([one.pool for one in load_sources(settings)], slots=1)
            until(lambda: {"consumer", "tardy"} <= client.dags().keys())
            yield Scheduler(settings, client, posted)
        finally:
            control.down(settings)
            process.release(settings)


def free_port() -> int:
    """One of loopback that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
