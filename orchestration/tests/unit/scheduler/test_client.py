import socket

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from orchestration.errors import NotFoundError, SetupError, UsageError
from orchestration.scheduler.client import Client
from orchestration.tests.small_airflow import HEALTHY, SmallAirflow

RUN = "scheduled__2026-01-01T00:00:00+00:00"
PAGE = HTMLResponse("<h1>Welcome to nginx</h1>")
STARTING = JSONResponse({"scheduler": {"status": "healthy"}}, 503)
MANY = 250  # more than two pages


@pytest.fixture
def client(small_airflow: SmallAirflow) -> Client:
    return Client(small_airflow.url)


@pytest.fixture
def silent() -> Client:
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Client(f"http://127.0.0.1:{probe.getsockname()[1]}")


def test_every_component_has_a_state(
    client: Client, small_airflow: SmallAirflow
) -> None:
    small_airflow.health["scheduler"] = "unhealthy"
    assert client.health() == {**HEALTHY, "scheduler": "unhealthy"}


@pytest.mark.parametrize(
    "answer",
    [PAGE, JSONResponse([]), JSONResponse({"status": "up"}), STARTING],
    ids=lambda answer: f"{answer.status_code} {answer.body[:20]}",
)
def test_another_program_has_no_component(
    client: Client, small_airflow: SmallAirflow, answer: Response
) -> None:
    small_airflow.odd["/api/v2/monitor"] = answer
    assert client.health() == {}


def test_where_nobody_listens_no_component_is_healthy(silent: Client) -> None:
    assert silent.health() == {}


def test_no_proxy_is_asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert client.dags() == {"build": True}


def test_every_page_is_read(client: Client, small_airflow: SmallAirflow) -> None:
    names = [f"one_{number}" for number in range(MANY)]
    small_airflow.dags = dict.fromkeys(names, False)
    small_airflow.tasks = [{"task_id": name} for name in names]
    broken = [{"filename": name, "stack_trace": "E"} for name in names]
    small_airflow.errors = broken
    assert list(client.dags()) == names
    assert client.import_errors() == [f"{name}: E" for name in names]
    small_airflow.dags = {"build": False}
    assert [one["task_id"] for one in client.tasks("build", "r")] == names


def test_each_file_is_read_once_whatever_many_dags_it_has(
    client: Client, small_airflow: SmallAirflow
) -> None:
    small_airflow.dags = {"build": False, "build_too": True, "drill": False}
    client.read_files()
    prefix = "PUT /api/v2/parseDagFile/"
    asked = [call for call in small_airflow.asked if call.startswith(prefix)]
    tokens = [call.removeprefix(prefix) for call in asked]
    assert sorted(tokens) == ["build.py+/signed", "drill.py+/signed"]


def test_a_run_without_tasks_has_none(client: Client) -> None:
    assert list(client.tasks("build", "r")) == []


def test_pools_that_are_there_keep_their_slots(
    client: Client, small_airflow: SmallAirflow
) -> None:
    small_airflow.pools = {"shop": 7}
    client.make_pools(["shop", "crm", "crm"], slots=1)
    assert small_airflow.pools == {"shop": 7, "crm": 1}


def test_what_is_triggered_runs(client: Client, small_airflow: SmallAirflow) -> None:
    assert client.trigger("build", {"force": True}) == "manual__1"
    asked = small_airflow.asked["POST /api/v2/dags/build/dagRuns"]
    assert asked == {"logical_date": None, "conf": {"force": True}}
    assert small_airflow.dags == {"build": False}


@pytest.mark.parametrize(
    ("status", "detail", "kind", "told"),
    [
        (404, "No DAG 'build'", NotFoundError, "No DAG 'build'"),
        (409, "The run exists", UsageError, "The run exists"),
        (400, "7 is no boolean\n\nOn instance: 7", UsageError, "7 is no boolean"),
        (422, [{"loc": ["x"], "msg": "Input"}, {"msg": "No"}], UsageError, "Input; No"),
        (422, [7], UsageError, '{"detail":[7]}'),
    ],
)
def test_a_refusal_has_airflow_s_reason_and_changes_nothing(
    client: Client,
    small_airflow: SmallAirflow,
    status: int,
    detail: object,
    kind: type[UsageError],
    told: str,
) -> None:
    path = "/api/v2/dags/build/dagRuns"
    small_airflow.odd[path] = JSONResponse({"detail": detail}, status)
    with pytest.raises(kind) as caught:
        client.trigger("build", {})
    assert type(caught.value) is kind
    assert caught.value.what == f"Airflow refuses: {told}"
    assert caught.value.where == f"POST {path}"
    assert caught.value.remedy
    assert small_airflow.dags == {"build": True}


@pytest.mark.parametrize("name", ["build?x=1", "build#x", "build%3f", "ü", "\udcff"])
def test_an_unknown_name_is_asked_for_as_it_is(
    client: Client, small_airflow: SmallAirflow, name: str
) -> None:
    with pytest.raises(NotFoundError):
        client.trigger(name, {})
    assert small_airflow.dags == {"build": True}


@pytest.mark.parametrize("name", ["build/x", "x/../build", "../pools", ".", "..", ""])
def test_a_name_that_no_dag_can_have_is_refused(
    client: Client, small_airflow: SmallAirflow, name: str
) -> None:
    with pytest.raises(UsageError):
        client.trigger(name, {})
    assert small_airflow.dags == {"build": True}


@pytest.mark.parametrize("name", ["a b", "a?b=c", "a#b", "50%", "ü", "a+b:c"])
def test_any_character_of_a_name_is_kept(
    client: Client, small_airflow: SmallAirflow, name: str
) -> None:
    small_airflow.dags = {name: True}
    client.trigger(name, {})
    assert small_airflow.dags == {name: False}
    client.task(name, RUN, "c?d")
    assert f"GET /api/v2/dags/{name}/dagRuns/{RUN}/taskInstances/c?d" in (
        small_airflow.asked
    )


@pytest.mark.parametrize("end", ["success", "failed"])
def test_it_waits_until_a_run_is_over(
    client: Client, small_airflow: SmallAirflow, end: str
) -> None:
    small_airflow.states = ["queued", end, "restarted"]
    assert client.wait("build", "manual__1") == end
    assert client.runs("build") == ["manual__1"]


@pytest.mark.parametrize(
    ("tasks", "choice"),
    [(None, {}), (["a"], {"task_ids": ["a"], "only_failed": False})],
)
def test_tasks_are_cleared_for_good(
    client: Client,
    small_airflow: SmallAirflow,
    tasks: list[str] | None,
    choice: dict[str, object],
) -> None:
    small_airflow.tasks = [{"task_id": "a"}]
    assert client.clear("build", "r", tasks) == 1
    asked = small_airflow.asked["POST /api/v2/dags/build/clearTaskInstances"]
    whole = {"dry_run": False, "dag_run_id": "r", "reset_dag_runs": True}
    assert asked == whole | choice


def test_where_nobody_listens_it_says_how_to_start_one(silent: Client) -> None:
    with pytest.raises(SetupError, match="does not answer: ConnectionError") as caught:
        silent.dags()
    assert caught.value.where.startswith("http://127.0.0.1:")
    assert "firn airflow up" in caught.value.remedy


@pytest.mark.parametrize("path", ["/auth/token", "/api/v2/dags"])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (PAGE, "200 <h1>Welcome to nginx"),
        (JSONResponse({"detail": "no space"}, 500), "500 no space"),
        (Response(status_code=502), "502"),
        (Response(status_code=200), "200"),
    ],
)
def test_what_is_no_answer_of_airflow_s_is_shown(
    client: Client, small_airflow: SmallAirflow, path: str, answer: Response, told: str
) -> None:
    small_airflow.odd[path] = answer
    with pytest.raises(SetupError, match=f"or another program answers: {told}"):
        client.dags()


@pytest.mark.parametrize(
    "answer",
    [JSONResponse({}), JSONResponse([]), JSONResponse({"detail": "Forbidden"}, 403)],
    ids=lambda answer: f"{answer.status_code} {answer.body}",
)
def test_without_a_token_nothing_is_asked(
    client: Client, small_airflow: SmallAirflow, answer: Response
) -> None:
    small_airflow.odd["/auth/token"] = answer
    with pytest.raises(SetupError, match=str(answer.status_code)) as caught:
        client.trigger("build", {})
    assert "firn airflow up" in caught.value.remedy
    assert small_airflow.asked == {}
