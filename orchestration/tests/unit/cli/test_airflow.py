import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import HTMLResponse, JSONResponse

from orchestration.ingestion.specs import load_sources
from orchestration.scheduler import control, deploy
from orchestration.scheduler.record import Record
from orchestration.settings import Settings
from orchestration.tests.small_airflow import HEALTHY, SmallAirflow
from orchestration.tests.unit.cli.conftest import Firn
from orchestration.tests.unit.scheduler.conftest import kept

READS_AGAIN = "PUT /api/v2/parseDagFile/build.py+/signed"


@pytest.fixture
def running(firn: Firn, small_airflow: SmallAirflow) -> Iterator[SmallAirflow]:
    """What `firn` takes for the Airflow of its project."""
    with kept(Settings.load(), Record(pid=1, port=small_airflow.port)):
        yield small_airflow


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow is installed, the project is deployed, and nothing may start."""

    def never(settings: Settings, port: int) -> None:
        raise AssertionError("it must not start")

    monkeypatch.setattr(control, "_require", lambda: None)
    monkeypatch.setattr(deploy, "deploy", lambda _: Path("target"))
    monkeypatch.setattr(control, "_spawn", never)


@pytest.mark.parametrize("call", [["status"], ["trigger", "build"]], ids=" ".join)
def test_where_none_runs_it_ends_with_3(firn: Firn, call: list[str]) -> None:
    result = firn("airflow", *call)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "fix: Start it: `firn airflow up`" in result.stderr


def test_where_none_runs_there_is_nothing_to_end(firn: Firn) -> None:
    result = firn("airflow", "down")
    assert (result.exit_code, result.stdout) == (0, "no Airflow ran here\n")
    assert json.loads(firn("airflow", "down", "--format", "json").stdout) == {
        "ended": False
    }


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("port", ["0", "-1", "65536", "70000", "1" * 30, "x", ""])
def test_what_is_no_port_is_wrong_use(firn: Firn, port: str) -> None:
    result = firn("airflow", "up", "--port", port)
    assert result.exit_code == 2
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("ready")
def test_a_port_that_is_taken_ends_with_3(
    firn: Firn, small_airflow: SmallAirflow
) -> None:
    port = str(small_airflow.port)
    result = firn("airflow", "up", "--port", port, "--format", "json")
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert told["error"] == "SetupError"
    assert port in told["what"]
    assert "--port" in told["remedy"]


@pytest.mark.usefixtures("ready")
def test_a_bad_database_is_wrong_use_and_not_shown(
    firn: Firn, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+nosuch://firn:geheim+7@127.0.0.1/airflow"
    monkeypatch.setenv("FIRN_AIRFLOW_DATABASE", url)
    result = firn("airflow", "up")
    assert result.exit_code == 2
    assert "FIRN_AIRFLOW_DATABASE" in result.stderr
    assert "geheim" not in result.output


@pytest.mark.usefixtures("ready")
def test_a_password_in_its_database_s_address_is_not_printed(
    firn: Firn, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+psycopg://firn:geheim%2B7@127.0.0.1/airflow"
    monkeypatch.setenv("FIRN_AIRFLOW_DATABASE", url)

    def fail(settings: Settings, port: int) -> None:
        raise RuntimeError(f"cannot connect: {url}; password geheim+7")

    monkeypatch.setattr(control, "_spawn", fail)
    monkeypatch.setattr(control, "_require_free", lambda _: None)
    result = firn("airflow", "up")
    assert result.exit_code == 3
    assert "cannot connect" in result.stderr
    assert "geheim" not in result.output


@pytest.mark.usefixtures("ready")
def test_one_that_runs_is_told_and_has_the_sources_pools(
    firn: Firn, running: SmallAirflow
) -> None:
    result = firn("airflow", "up", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "url": running.url,
        "pid": 1,
        "started": False,
    }
    pools = {source.pool for source in load_sources(Settings.load())}
    assert set(running.pools) == {"default_pool", *pools}
    assert "runs already" in firn("airflow", "up").stdout
    assert READS_AGAIN in running.asked


@pytest.mark.usefixtures("ready")
def test_one_that_runs_reads_what_is_deployed(
    firn: Firn, running: SmallAirflow
) -> None:
    assert firn("airflow", "deploy").stdout == "wrote target\n"
    assert READS_AGAIN in running.asked


@pytest.mark.usefixtures("ready")
def test_where_none_runs_a_deployment_is_a_file(
    firn: Firn, small_airflow: SmallAirflow
) -> None:
    assert firn("airflow", "deploy").stdout == "wrote target\n"
    assert READS_AGAIN not in small_airflow.asked


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "conf",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        '"{}"',
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": 1e999}',
        DEEP,
    ],
    ids=lambda conf: conf[:10],
)
def test_parameters_that_are_no_json_object_are_wrong_use(
    firn: Firn, running: SmallAirflow, conf: str
) -> None:
    result = firn("airflow", "trigger", "build", "--conf", conf, "--format", "json")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["where"] == "--conf"
    assert '{"engine": "spark"}' in told["remedy"]
    assert running.asked == {}


@pytest.mark.parametrize("dag", ["biuld", "a/b", "a?b", "../pools", "", ".", "\udcff"])
def test_an_unknown_dag_is_wrong_use(
    firn: Firn, running: SmallAirflow, dag: str
) -> None:
    result = firn("airflow", "trigger", dag)
    assert result.exit_code == 2
    assert "firn airflow status" in result.stderr
    assert running.dags == {"build": True}


@pytest.mark.parametrize("status", [400, 409, 422])
def test_parameters_that_airflow_refuses_are_wrong_use(
    firn: Firn, running: SmallAirflow, status: int
) -> None:
    refusal = JSONResponse({"detail": "force: 7 is no boolean"}, status)
    running.odd["/api/v2/dags/build/dagRuns"] = refusal
    result = firn("airflow", "trigger", "build", "--conf", '{"force": 7}')
    assert result.exit_code == 2
    assert "force: 7 is no boolean" in result.stderr
    assert running.dags == {"build": True}


@pytest.mark.parametrize("call", [["status"], ["trigger", "build"]], ids=" ".join)
def test_another_program_on_its_port_ends_with_3(
    firn: Firn, running: SmallAirflow, call: list[str]
) -> None:
    running.odd["/"] = HTMLResponse("<h1>Welcome</h1>")
    result = firn("airflow", *call)
    assert result.exit_code == 3
    assert "another program answers: 200 <h1>Welcome" in result.stderr


def test_a_run_that_is_not_awaited_is_queued(firn: Firn, running: SmallAirflow) -> None:
    conf = '{"force": true}'
    result = firn("airflow", "trigger", "build", "--conf", conf, "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "dag": "build",
        "run": "manual__1",
        "state": "queued",
    }
    asked = running.asked["POST /api/v2/dags/build/dagRuns"]
    assert asked["conf"] == {"force": True}


@pytest.mark.parametrize(
    ("state", "code", "failed"), [("success", 0, []), ("failed", 1, ["b", "c"])]
)
def test_a_run_that_is_awaited_ends_with_its_colour(
    firn: Firn, running: SmallAirflow, state: str, code: int, failed: list[str]
) -> None:
    running.states = [state]
    states = {"a": "success", "d": "upstream_failed", **dict.fromkeys(failed, "failed")}
    running.tasks = [{"task_id": k, "state": v} for k, v in states.items()]
    call = ["airflow", "trigger", "build", "--wait"]
    result = firn(*call, "--format", "json")
    assert result.exit_code == code
    assert json.loads(result.stdout) == {
        "dag": "build",
        "run": "manual__1",
        "state": state,
        "failed": failed,
    }
    told = f"build manual__1: {state}" + ("; failed: b, c" if failed else "")
    assert firn(*call).stdout == f"{told}\n"


def test_status_lists_components_and_dags(firn: Firn, running: SmallAirflow) -> None:
    running.dags = {"build": True, "ingest": False}
    running.health["triggerer"] = "unhealthy"
    result = firn("airflow", "status", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "url": running.url,
        "health": {**HEALTHY, "triggerer": "unhealthy"},
        "dags": {"build": True, "ingest": False},
        "import_errors": [],
    }
    lines = firn("airflow", "status").stdout.splitlines()
    assert lines[0] == running.url
    assert "  triggerer: unhealthy" in lines
    assert lines[-2:] == ["  DAG build (paused)", "  DAG ingest"]


def test_errors_in_dags_make_status_end_with_1(
    firn: Firn, running: SmallAirflow
) -> None:
    running.errors = [{"filename": "build.py", "stack_trace": "ImportError: x"}]
    result = firn("airflow", "status")
    assert result.exit_code == 1
    assert result.stdout.endswith("build.py: ImportError: x\n")
    result = firn("airflow", "status", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["import_errors"] == ["build.py: ImportError: x"]
