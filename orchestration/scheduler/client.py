"""Ask a running Airflow, by its REST API."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import requests
from tenacity import Retrying, retry_if_result, wait_fixed

from orchestration.errors import NotFoundError, SetupError, UsageError

_TIMEOUT = 30.0  # seconds for one answer
_OVER = ("success", "failed")


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
            found = answer.json()
        except (requests.RequestException, ValueError):
            return {}
        return {name: str(one.get("status")) for name, one in found.items() if one}

    def dags(self) -> dict[str, bool]:
        """The ids of all DAGs, and whether each is paused."""
        found = self._call("GET", "/api/v2/dags?limit=100")["dags"]
        return {dag["dag_id"]: dag["is_paused"] for dag in found}

    def import_errors(self) -> list[str]:
        """What is wrong with files of DAGs."""
        found = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{one['filename']}: {one['stack_trace']}" for one in found]

    def make_pools(self, names: Iterable[str], *, slots: int) -> None:
        """Make the pools that are missing; those that are there keep their slots."""
        there = {one["name"] for one in self._call("GET", "/api/v2/pools")["pools"]}
        for name in sorted(set(names) - there):
            pool = {"name": name, "slots": slots, "include_deferred": False}
            self._call("POST", "/api/v2/pools", pool)

    def trigger(self, dag: str, params: Mapping[str, Any]) -> str:
        """Start a run, unpausing the DAG; returns the run's id.

        Raises:
            NotFoundError: There is no such DAG.
            UsageError: It does not take these parameters.
        """
        self.pause(dag, paused=False)
        asked = {"logical_date": None, "conf": dict(params)}
        run: str = self._call("POST", f"/api/v2/dags/{dag}/dagRuns", asked)[
            "dag_run_id"
        ]
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
        self._call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": paused})

    def runs(self, dag: str) -> list[str]:
        """The ids of its newest runs, newest first."""
        path = f"/api/v2/dags/{dag}/dagRuns?order_by=-run_after&limit=20"
        return [run["dag_run_id"] for run in self._call("GET", path)["dag_runs"]]

    def task(self, dag: str, run: str, task: str) -> dict[str, Any]:
        """One task of a run, as Airflow describes it."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}"
        found: dict[str, Any] = self._call("GET", path)
        return found

    def state(self, dag: str, run: str) -> str:
        """How a run is."""
        return str(self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])

    def tasks(self, dag: str, run: str) -> Iterator[dict[str, Any]]:
        """The tasks of a run, as Airflow describes them."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances"
        offset, total = 0, 1
        while offset < total:
            page = self._call("GET", f"{path}?limit=100&offset={offset}")
            yield from page["task_instances"]
            offset, total = offset + 100, page["total_entries"]

    def clear(self, dag: str, run: str, tasks: list[str] | None = None) -> int:
        """Clear tasks of a run, so that they run again; returns how many.

        Args:
            tasks: None for those that failed.
        """
        asked = {"dry_run": False, "dag_run_id": run, "reset_dag_runs": True}
        asked |= {"task_ids": tasks, "only_failed": False} if tasks else {}
        answer = self._call("POST", f"/api/v2/dags/{dag}/clearTaskInstances", asked)
        return int(answer["total_entries"])

    def get(self, path: str) -> requests.Response:
        """Whatever is at a path.

        Raises:
            SetupError: Airflow does not answer.
        """
        return self._ask("GET", path)

    def _call(self, verb: str, path: str, body: Any = None) -> Any:
        answer = self._ask(verb, path, body)
        if answer.status_code == 404:
            raise NotFoundError(
                f"Airflow knows no {path.removeprefix('/api/v2/').partition('?')[0]}",
                where=self._url,
                remedy="`firn airflow status` lists DAGs, and errors in their files.",
            )
        if answer.status_code >= 400:
            raise UsageError(
                f"Airflow refuses: {_detail(answer)}",
                where=f"{verb} {path}",
                remedy="Correct the parameters; the DAG's page shows what it takes.",
            )
        return answer.json() if answer.content else None

    def _ask(self, verb: str, path: str, body: Any = None) -> requests.Response:
        try:
            return self._http.request(
                verb,
                self._url + path,
                json=body,
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=_TIMEOUT,
            )
        except requests.RequestException as error:
            raise _silent(self._url, error) from error

    @cached_property
    def _token(self) -> str:
        answer = self._http.get(f"{self._url}/auth/token", timeout=_TIMEOUT)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token


def _silent(url: str, error: Exception) -> SetupError:
    return SetupError(
        f"Airflow does not answer: {type(error).__name__}",
        where=url,
        remedy="Start it: `firn airflow up`.",
    )


def _detail(answer: requests.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError):
        return answer.text[:300]
    return str(detail)
