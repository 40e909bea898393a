"""What answers as Airflow's API server does, for tests of who asks it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

HEALTHY = dict.fromkeys(
    ("metadatabase", "scheduler", "dag_processor", "triggerer"), "healthy"
)
_LARGEST_PAGE = 100
_DAG = "/api/v2/dags/{dag}"
_RUN = f"{_DAG}/dagRuns/{{run}}"
_OF_A_DAG = (
    *(_DAG, f"{_DAG}/dagRuns", f"{_DAG}/clearTaskInstances"),
    *(_RUN, f"{_RUN}/taskInstances", f"{_RUN}/taskInstances/{{task}}"),
)


@dataclass
class SmallAirflow:
    """One that listens, and what it says.

    Attributes:
        dags: Ids, and whether each is paused.
        pools: Names, and the slots of each.
        states: What a run's state is, one answer after another; the last one stays.
        odd: What is answered instead, by the beginning of the path.
        asked: The bodies that came, by verb and path.
    """

    port: int
    health: dict[str, str] = field(default_factory=HEALTHY.copy)
    dags: dict[str, bool] = field(default_factory=lambda: {"build": True})
    errors: list[dict[str, str]] = field(default_factory=list)
    pools: dict[str, int] = field(default_factory=lambda: {"default_pool": 128})
    tasks: list[dict[str, str]] = field(default_factory=list)
    states: list[str] = field(default_factory=lambda: ["success"])
    odd: dict[str, Response] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: Request) -> Response:
        """Answer anything."""
        path: str = request.scope["path"]
        if (found := self._to_anybody(path)) is not None:
            return found
        if request.headers.get("Authorization") != "Bearer token":
            return _refusal(401, "Not authenticated")
        body = await request.json() if request.method in ("POST", "PATCH") else {}
        self.asked[f"{request.method} {path}"] = body
        dags = [
            {"dag_id": name, "is_paused": off, "file_token": f"{name[:5]}.py+/signed"}
            for name, off in self.dags.items()
        ]
        match path.split("/")[3:]:
            case ["dags"]:
                return _page(request, "dags", dags)
            case ["importErrors"]:
                return _page(request, "import_errors", self.errors)
            case ["pools"]:
                return self._make(body["actions"][0])
        return self._of_a_dag(request, body)

    def _to_anybody(self, path: str) -> Response | None:
        health = {name: {"status": how} for name, how in self.health.items()}
        own = {
            "/auth/token": JSONResponse({"access_token": "token"}, 201),
            "/api/v2/monitor/health": JSONResponse(health),
        }
        answers = [*self.odd.items(), *own.items()]
        return next((said for start, said in answers if path.startswith(start)), None)

    def _of_a_dag(self, request: Request, body: dict[str, Any]) -> Response:
        dag = request.path_params.get("dag")
        if request.method == "PUT":
            return JSONResponse(None, 201)
        if dag is None:  # its pages are below every other path
            return _refusal(405, "Method Not Allowed")
        if dag not in self.dags:
            return _refusal(404, f"Dag with dag_id: '{dag}' not found")
        if request.method == "PATCH":
            self.dags[dag] = body["is_paused"]
        part = request.scope["path"].rpartition("/")[2]
        if part == "taskInstances":
            return _page(request, "task_instances", self.tasks)
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        run = {"dag_run_id": "manual__1", "state": state}
        return JSONResponse(
            {**run, "dag_runs": [run], "total_entries": len(self.tasks)}
        )

    def _make(self, action: dict[str, Any]) -> Response:
        assert action["action"] == "create"
        made = {one["name"]: one["slots"] for one in action["entities"]}
        if action.get("action_on_existence", "fail") == "skip":
            made |= self.pools
        self.pools |= made
        return JSONResponse({"create": {"success": [], "errors": []}})


def _refusal(status: int, detail: Any) -> Response:
    return JSONResponse({"detail": detail}, status)


def _page(request: Request, key: str, rows: list[Any]) -> Response:
    limit = min(int(request.query_params.get("limit", 50)), _LARGEST_PAGE)
    offset = int(request.query_params.get("offset", 0))
    part = rows[offset : offset + limit]
    return JSONResponse({key: part, "total_entries": len(rows)})


@contextmanager
def listening(port: int = 0) -> Iterator[SmallAirflow]:
    """One on that port of loopback, or on a free one."""
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind(("127.0.0.1", port))
        own.listen()
        made = SmallAirflow(own.getsockname()[1])
        verbs = ["GET", "POST", "PATCH", "PUT"]
        paths = (*_OF_A_DAG, "/{rest:path}")
        routes = [Route(path, made.answer, methods=verbs) for path in paths]
        app = Starlette(routes=routes)
        config = uvicorn.Config(app, log_level="error", lifespan="off", loop="asyncio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([own],))
        thread.start()
        try:
            yield made
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def one_airflow() -> Iterator[SmallAirflow]:
    """One listens for all tests of a folder."""
    with listening() as made:
        yield made


@pytest.fixture
def small_airflow(one_airflow: SmallAirflow) -> SmallAirflow:
    """One that is healthy, and has a paused DAG `build`."""
    vars(one_airflow).update(vars(SmallAirflow(one_airflow.port)))
    return one_airflow
