"""Alerts: what they say, where they are kept, and what happens to bad addresses."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tenacity import wait_none

from orchestration.build import alerts
from orchestration.build.alerts import Alert, explanation, newest, tell
from orchestration.build.gates import Finding
from orchestration.build.result import Refusal, RunResult
from orchestration.errors import SetupError
from orchestration.redact import redact
from orchestration.settings import Settings

SECRET = "canary-8842"


def alert(run: str = "dags/build/runs/1") -> Alert:
    return Alert(what="failed", run=run, text="a test found rows", url="http://here/x")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "wait_exponential_jitter", lambda **_: wait_none())


class Hook:
    """An incoming webhook that answers with these codes, one after the other."""

    def __init__(self, *codes: int) -> None:
        self.posted: list[str] = []
        answers = iter(codes)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.posted.append(json.loads(body)["text"])
                handler.send_response(next(answers))
                handler.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"

    def __enter__(self) -> "Hook":
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def silent() -> str:
    """An address where nobody listens."""
    with Hook() as hook:
        return hook.url


def test_it_is_kept_newest_first(settings: Settings) -> None:
    assert newest(settings) == []
    for number in range(12):
        tell(settings, alert(f"dags/build/runs/{number}"), {})
    runs = [one.run.rpartition("/")[2] for one in newest(settings, 3)]
    assert runs == ["11", "10", "9"]
    assert newest(settings)[0].at


def test_it_is_posted_where_somebody_wants_it(settings: Settings) -> None:
    with Hook(200) as hook:
        tell(settings, alert(), {"FIRN_ALERT_URL": hook.url})
    [text] = hook.posted
    assert "dags/build/runs/1 failed" in text
    assert "a test found rows" in text
    assert "http://here/x" in text


def test_a_refused_post_is_tried_again(settings: Settings) -> None:
    with Hook(503, 503, 200) as hook:
        tell(settings, alert(), {"FIRN_ALERT_URL": hook.url})
    assert len(hook.posted) == 3


@pytest.mark.parametrize("code", [404, 500])
def test_one_that_cannot_be_posted_is_kept(settings: Settings, code: int) -> None:
    with (
        Hook(code, code, code) as hook,
        pytest.raises(SetupError, match=f"it answered {code}") as caught,
    ):
        tell(settings, alert(), {"FIRN_ALERT_URL": hook.url})
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(newest(settings)) == 1


def test_where_nobody_listens_it_is_kept(settings: Settings, silent: str) -> None:
    with pytest.raises(SetupError, match="ConnectionError") as caught:
        tell(settings, alert(), {"FIRN_ALERT_URL": silent})
    assert SECRET not in str(caught.value)
    assert len(newest(settings)) == 1


@pytest.mark.parametrize("url", [SECRET, f"http://[{SECRET}", f"ftp://{SECRET}/x"])
def test_what_is_no_address_is_told_without_it(settings: Settings, url: str) -> None:
    with pytest.raises(SetupError, match="FIRN_ALERT_URL") as caught:
        tell(settings, alert(), {"FIRN_ALERT_URL": url})
    assert SECRET not in str(caught.value)


def test_the_address_is_a_secret() -> None:
    url = f"http://chat.example/{SECRET}"
    assert SECRET not in redact(f"no answer: {url}", {"FIRN_ALERT_URL": url})


def test_half_a_line_of_a_killed_process_harms_nobody(settings: Settings) -> None:
    tell(settings, alert("a"), {})
    path = settings.log_dir / "alerts.jsonl"
    path.write_text(path.read_text() + '{"what": "fai')
    tell(settings, alert("b"), {})
    assert [one.run for one in newest(settings)] == ["b", "a"]


def test_an_explanation_names_gate_node_and_query() -> None:
    def refusal(gate: str, severity: str) -> Refusal:
        found = Finding(gate=gate, severity=severity, subject="orders", what="3 rows")  # type: ignore[arg-type]
        return Refusal(finding=found, look=f"firn sql --file {gate}.sql")

    result = RunResult(
        status="refused",
        seconds=1,
        branch="run_x",
        refusals=(refusal("test", "error"), refusal("volume", "warn")),
    )
    assert explanation(result).splitlines() == [
        "test: orders: 3 rows",
        "  see the rows: firn sql --file test.sql",
        "Nothing was published. Its branch is run_x.",
    ]
