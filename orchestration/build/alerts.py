"""Alerts: a scheduled run is red, or late, and somebody should look.

Each is a line of `alerts.jsonl` in the lake's logs, which the page *Lake* shows. If
`FIRN_ALERT_URL` is set, it is posted there, too: JSON with a `text`, as the incoming
webhooks of chats take it. That address is a secret, and appears in no message.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import requests
from tenacity import Retrying, stop_after_attempt, wait_exponential_jitter

from orchestration.build.lines import appending, parsed
from orchestration.build.result import RunResult
from orchestration.errors import FirnError, SetupError
from orchestration.settings import Settings

URL = "FIRN_ALERT_URL"
_FILE = "alerts.jsonl"
_TIMEOUT = 10.0  # seconds for one answer
_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What happened to a run.

    Attributes:
        what: The run is red, or not over when it should be.
        run: The scheduler's name of it: `dags/build/runs/…`.
        text: Why, and where to look; with the query that shows failing rows.
        url: Of the run's page.
        at: UTC, as ISO 8601.
    """

    what: Literal["failed", "late"]
    run: str
    text: str
    url: str
    at: str = ""


def why_failed(settings: Settings, branch: str) -> str:
    """What a red run's gates found, and which query shows the rows."""
    from orchestration.build.stages import judge_branch  # noqa: PLC0415 - imports dbt

    try:
        result = judge_branch(settings, branch)
    except FirnError:  # it ended before there was a result
        return "The log of its first red task says why. Nothing was published."
    return explanation(result)


def explanation(result: RunResult) -> str:
    """What keeps a result from `main`, one finding a line."""
    lines = [result.reason] if result.reason else []
    for one in result.refusals:
        found = one.finding
        if found.severity == "error":
            lines.append(f"{found.gate}: {found.subject}: {found.what}")
            lines += [f"  see the rows: {one.look}"] if one.look else []
    lines.append(f"Nothing was published. Its branch is {result.branch}.")
    return "\n".join(lines)


def tell(
    settings: Settings, alert: Alert, environ: Mapping[str, str] = os.environ
) -> None:
    """Write it down, and post it.

    Raises:
        SetupError: It could not be posted; it is written down all the same.
    """
    line = json.dumps({**asdict(alert), "at": datetime.now(UTC).isoformat()})
    with appending(_path(settings)) as file:
        file.write(line + "\n")
    if url := environ.get(URL):
        _post(url, f"{alert.run} {alert.what}\n{alert.text}\n{alert.url}")


def newest(settings: Settings, count: int = 10) -> list[Alert]:
    """The last alerts, newest first."""
    return list(_alerts(settings))[: -count - 1 : -1]


def _alerts(settings: Settings) -> Iterator[Alert]:
    try:
        lines = _path(settings).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        if (data := parsed(line)) is not None:
            yield Alert(**data)


def _path(settings: Settings) -> Path:
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    return settings.log_dir / _FILE


def _post(url: str, text: str) -> None:
    retrying = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential_jitter(multiplier=0.5, max=5),
        reraise=True,
    )
    try:
        for attempt in retrying:
            with attempt:
                answer = requests.post(url, json={"text": text}, timeout=_TIMEOUT)
                answer.raise_for_status()
    except requests.RequestException as error:
        status = getattr(error.response, "status_code", None)
        how = f"it answered {status}" if status else type(error).__name__
        raise SetupError(
            f"an alert could not be posted: {how}",
            where=URL,
            remedy="Correct that variable; the alert is in the lake's alerts.jsonl.",
        ) from None  # the error names the address
