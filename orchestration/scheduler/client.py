"""Ask a running Airflow, by its REST API."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

import requests
from tenacity import Retrying, retry_if_result, wait_fixed

from orchestration.errors import NotFoundError, SetupError, UsageError

_TIMEOUT = 30.0  # seconds for one answer
_OVER = ("success", "failed")
_EXCERPT = 300  # characters of what is no JSON
_PAGE = 100  # rows of one answer; Airflow gives no more


class Client:
    """One Airflow.

    Args:
        url: Where it listens, without a path.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy stands before loopback

    def health(self) -> dict[str, str]:
        """The state of each component; all are missing while it does not answer."""
        try:
            answer = self._http.get(f"{self._url}/api/v2/monitor/health", timeout=5)
            answer.raise_for_status()
            found = answer.json().items()
            return {name: str(one.get("status")) for name, one in found if one}
        except (requests.RequestException, AttributeError):  # or another one answers
            return {}

    def dags(self) -> dict[str, bool]:
        """The ids of all DAGs, and whether each is paused."""
        return {
            dag["dag_id"]: dag["is_paused"] for dag in self._all("/api/v2/dags", "dags")
        }

    def import_errors(self) -> list[str]:
        """What is wrong with files of DAGs."""
        found = self._all("/api/v2/importErrors", "import_errors")
        return [f"{one['filename']}: {one['stack_trace']}" for one in found]

    def read_files(self) -> None:
        """Have the files of all DAGs read soon, whether or not they have changed."""
        tokens = {dag["file_token"] for dag in self._all("/api/v2/dags", "dags")}
        for token in tokens:
            self._call("PUT", f"/api/v2/parseDagFile/{quote(token, safe='')}")

    def make_pools(self, names: Iterable[str], *, slots: int) -> None:
        """Make the pools that are missing; those that are there keep their slots."""
        own = {"slots": slots, "include_deferred": False}
        pools = [{"name": name, **own} for name in sorted(set(names))]
        make = {"action": "create", "entities": pools, "action_on_existence": "skip"}
        self._call("PATCH", "/api/v2/pools", {"actions": [make]})

    def trigger(self, dag: str, params: Mapping[str, Any]) -> str:
        """Start a run, unpausing the DAG; returns the run's id.

        Raises:
            NotFoundError: There is no such DAG.
            UsageError: It does not take these parameters.
        """
        asked = {"logical_date": None, "conf": dict(params)}
        run: str = self._call("POST", _path(dag, "dagRuns"), asked)["dag_run_id"]
        self.pause(dag, paused=False)  # afterwards: one that is refused changes nothing
        return run

    def wait(self, dag: str, run: str) -> str:
        """Wait until a run is over; returns `success` or `failed`."""
        waiting = Retrying(
            retry=retry_if_result(lambda state: state not in _OVER),
            wait=wait_fixed(0.5),
        )
        return str(waiting(self.state, dag, run))

    def pause(self, dag: str, *, paused: bool) -> None:
        """Let a DAG be scheduled, or not."""
        self._call("PATCH", _path(dag), {"is_paused": paused})

    def runs(self, dag: str) -> list[str]:
        """The ids of its newest runs, newest first."""
        path = _path(dag, "dagRuns") + "?order_by=-run_after&limit=20"
        return [run["dag_run_id"] for run in self._call("GET", path)["dag_runs"]]

    def task(self, dag: str, run: str, task: str) -> dict[str, Any]:
        """One task of a run, as Airflow describes it."""
        path = _path(dag, "dagRuns", run, "taskInstances", task)
        found: dict[str, Any] = self._call("GET", path)
        return found

    def state(self, dag: str, run: str) -> str:
        """How a run is."""
        return str(self._call("GET", _path(dag, "dagRuns", run))["state"])

    def tasks(self, dag: str, run: str) -> Iterator[dict[str, Any]]:
        """The tasks of a run, as Airflow describes them."""
        path = _path(dag, "dagRuns", run, "taskInstances")
        return self._all(path, "task_instances")

    def clear(self, dag: str, run: str, tasks: list[str] | None = None) -> int:
        """Clear tasks of a run, so that they run again; returns how many.

        Args:
            tasks: None for those that failed.
        """
        asked = {"dry_run": False, "dag_run_id": run, "reset_dag_runs": True}
        asked |= {"task_ids": tasks, "only_failed": False} if tasks else {}
        answer = self._call("POST", _path(dag, "clearTaskInstances"), asked)
        return int(answer["total_entries"])

    def get(self, path: str) -> requests.Response:
        """Whatever is at a path, as it is.

        Raises:
            SetupError: Airflow does not answer.
        """
        return self._ask("GET", path)

    def _all(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        offset, total = 0, 1
        while offset < total:
            page = self._call("GET", f"{path}?limit={_PAGE}&offset={offset}")
            yield from page[key]
            offset, total = offset + _PAGE, page["total_entries"]

    def _call(self, verb: str, path: str, body: Any = None) -> Any:
        answer = self._ask(verb, path, body)
        if 400 <= answer.status_code < 500:
            kind = NotFoundError if answer.status_code == 404 else UsageError
            raise kind(
                f"Airflow refuses: {_detail(answer)}",
                where=f"{verb} {path}",
                remedy="`firn airflow status` lists DAGs, and errors in their files; "
                "a DAG's page shows the parameters that it takes.",
            )
        return self._content(answer)

    def _ask(self, verb: str, path: str, body: Any = None) -> requests.Response:
        own = {"Authorization": f"Bearer {self._token}"}
        return self._send(verb, path, json=body, headers=own)

    def _send(self, verb: str, path: str, **how: Any) -> requests.Response:
        try:
            return self._http.request(verb, self._url + path, timeout=_TIMEOUT, **how)
        except requests.RequestException as error:
            raise self._broken(
                f"Airflow does not answer: {type(error).__name__}"
            ) from error

    def _content(self, answer: requests.Response) -> Any:
        try:
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as error:
            raise self._broken(_odd(answer)) from error

    @cached_property
    def _token(self) -> str:
        answer = self._send("GET", "/auth/token")
        try:
            return str(self._content(answer)["access_token"])
        except (KeyError, TypeError) as error:
            raise self._broken(_odd(answer)) from error

    def _broken(self, what: str) -> SetupError:
        return SetupError(
            what,
            where=self._url,
            remedy="Start it anew: `firn airflow down`, then `firn airflow up`; "
            "logs/airflow.log in FIRN_HOME may say why.",
        )


def _path(dag: str, *parts: str) -> str:
    """Of a DAG or what belongs to it: a name may hold what a URL reads otherwise."""
    quoted = [quote(part, safe="", errors="surrogateescape") for part in (dag, *parts)]
    return "/".join(["/api/v2/dags", *quoted])


def _odd(answer: requests.Response) -> str:
    said = f"{answer.status_code} {_detail(answer)}"
    return f"Airflow fails, or another program answers: {said}"


def _detail(answer: requests.Response) -> str:
    """Airflow's reason: a sentence, or what is wrong with each field."""
    try:
        detail = answer.json()["detail"]
        if isinstance(detail, list):
            return "; ".join(one["msg"] for one in detail)
    except (ValueError, KeyError, TypeError):
        return answer.text[:_EXCERPT]
    return str(detail).partition("\n\n")[0]  # then comes a parameter's whole schema
