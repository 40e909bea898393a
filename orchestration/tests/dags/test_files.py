"""Every file of DAGs, without an Airflow that runs."""

import importlib
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from airflow.sdk import DAG

from orchestration.errors import SetupError
from orchestration.lake.model import TableId
from orchestration.operators.names import asset_of, branch_of
from orchestration.scheduler.deploy import deploy
from orchestration.scheduler.deploy import manifest as deployed
from orchestration.settings import BRANCH_NAME, Settings
from orchestration.tests.faults.shop import write_project

PROJECT = Path(__file__).parents[3]
NAMES = sorted(path.stem for path in (PROJECT / "orchestration/dags").glob("[a-z]*.py"))


@pytest.fixture(scope="module", autouse=True)
def manifest() -> None:
    """What a deployment writes."""
    deploy(Settings.load({"FIRN_PROJECT_DIR": str(PROJECT)}))


@pytest.fixture
def dag(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DAG:
    monkeypatch.setenv("FIRN_PROJECT_DIR", str(PROJECT))
    found: DAG = importlib.import_module(f"orchestration.dags.{request.param}").dag
    return found


@pytest.mark.parametrize("dag", NAMES, indirect=True)
def test_it_says_what_it_is_for_and_whose_it_is(dag: DAG) -> None:
    assert len(dag.doc_md or "") > 80
    assert "firn" in dag.tags
    for task in dag.tasks:
        assert task.owner in ("analytics", "platform"), task.task_id


@pytest.mark.parametrize("name", NAMES)
def test_it_is_short(name: str) -> None:
    text = (PROJECT / f"orchestration/dags/{name}.py").read_text()
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("dag", ["build"], indirect=True)
def test_every_node_is_a_task_in_a_group_like_its_folder(dag: DAG) -> None:
    nodes = [node for task in dag.tasks for node in getattr(task, "nodes", ())]
    assert len(nodes) == len(set(nodes))
    name = "dbt.marts.sales.fct_orders.run"
    assert getattr(dag.get_task(name), "nodes", None) == ["model.firn.fct_orders"]


@pytest.mark.parametrize("dag", ["build"], indirect=True)
def test_the_parameters_are_kept_once_and_not_by_every_node(dag: DAG) -> None:
    nodes = [task for task in dag.tasks if hasattr(task, "nodes")]
    assert nodes
    assert not any(task.params for task in nodes)
    assert dag.params


@pytest.mark.parametrize("dag", ["build"], indirect=True)
def test_no_two_groups_wait_for_each_other(dag: DAG) -> None:
    """Airflow draws no graph of a DAG whose groups do."""
    within: dict[str, TopologicalSorter[str]] = defaultdict(TopologicalSorter)
    for task in dag.tasks:
        for name in task.downstream_task_ids:
            above, below = task.task_id.split("."), name.split(".")
            pairs = enumerate(zip(above, below, strict=False))
            same = next(place for place, (one, other) in pairs if one != other)
            within[".".join(above[:same])].add(below[same], above[same])
    for group in within.values():
        group.prepare()  # raises CycleError


def test_a_project_that_changed_since_is_an_error(tmp_path: Path) -> None:
    write_project(tmp_path)
    for name in ("macros", "profiles"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    settings = Settings.load({"FIRN_PROJECT_DIR": str(tmp_path)})
    with pytest.raises(SetupError, match="there is no manifest"):
        deployed(settings)
    path = deploy(settings)
    assert deployed(settings)[0] == path
    model = tmp_path / "models/marts/rpt_totals.sql"
    os.utime(model, (path.stat().st_mtime + 1,) * 2)
    with pytest.raises(SetupError, match=r"older than models/marts/rpt_totals.sql"):
        deployed(settings)


def test_no_file_opens_a_connection() -> None:
    """Importing all of them reaches neither the network nor a database."""
    script = (
        "import socket, sqlite3\n"
        "def refuse(*_, **__): raise AssertionError('it reaches out')\n"
        "socket.socket.connect = refuse\n"
        "sqlite3.connect = refuse\n"
        f"for name in {NAMES!r}: __import__('orchestration.dags.' + name)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True)


def test_a_run_has_one_branch_whatever_its_id_is_made_of() -> None:
    long = "scheduled__2026-11-30T05:00:00+00:00" * 5
    names = {branch_of("build", run) for run in ("a", "a ", "A", long, long + "x")}
    assert len(names) == 5
    assert all(BRANCH_NAME.fullmatch(name) for name in names)


def test_a_table_has_one_identity() -> None:
    assert asset_of(TableId("marts", "fct_orders")).uri == (
        "iceberg://main/marts/fct_orders"
    )
