"""The catalog's process: comes when needed, is shared, survives crashes, and leaves."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from orchestration.errors import SetupError, UsageError
from orchestration.lake import Lake, process
from orchestration.lake.process import Endpoint, ensure_catalog
from orchestration.lake.rest import server
from orchestration.settings import Settings
from orchestration.tests.pages import promise

IDLE = "0.5"  # seconds
PATIENCE = 30.0  # seconds; far more than anything here takes

# A process of its own: told to go, it needs the catalog until its input ends.
CLIENT = """
import json, sys
from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.tests.pages import promise
print("ready", flush=True)
sys.stdin.readline()
endpoint = process.ensure_catalog(Settings.load())
print(json.dumps({"uri": endpoint.uri}), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FIRN_CATALOG_IDLE_SECONDS", IDLE)
    yield
    process.release(settings)
    until(lambda: not running(settings))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def running(settings: Settings) -> bool:
    return settings.home.exists() and process.is_running(settings)


def pid(settings: Settings) -> int:
    return int(json.loads(process.address_file(settings).read_text())["pid"])


def answers(endpoint: Endpoint) -> bool:
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    url = f"{endpoint.uri}/v1/config"
    response = httpx.get(url, params={"warehouse": "main"}, headers=headers)
    return response.status_code == 200


class Client:
    """Another process that uses the catalog until it is told to end."""

    def __init__(self, settings: Settings) -> None:
        environment = {
            **os.environ,
            "FIRN_PROJECT_DIR": str(settings.project_dir),
            "FIRN_HOME": str(settings.home),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def uri(self) -> str:
        assert self.process.stdout is not None
        return str(json.loads(self.process.stdout.readline())["uri"])

    def end(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


Start = Callable[..., Client]


@pytest.fixture
def start(settings: Settings, quick: None) -> Iterator[Start]:
    """Starts clients, and ends those that the test did not."""
    started: list[Client] = []

    def client(*, go: bool = True) -> Client:
        started.append(Client(settings))
        if go:
            started[-1].go()
        return started[-1]

    yield client
    for one in started:
        if one.process.poll() is None:
            one.kill()


@promise("starts on demand and leaves when nobody uses it")
def test_it_comes_on_demand_and_leaves_when_nobody_uses_it(settings: Settings) -> None:
    endpoint = ensure_catalog(settings)
    assert answers(endpoint)
    assert endpoint.uri.startswith("http://127.0.0.1:")
    assert endpoint.token not in repr(endpoint)
    process.release(settings)
    until(lambda: not running(settings))
    assert not process.address_file(settings).exists()


def test_it_stays_while_somebody_uses_it(settings: Settings) -> None:
    endpoint = ensure_catalog(settings)
    first = pid(settings)
    time.sleep(float(IDLE) * 4)  # what is tested is that this time changes nothing
    assert answers(endpoint)
    assert pid(settings) == first


def test_asking_again_costs_next_to_nothing(settings: Settings) -> None:
    ensure_catalog(settings)
    started = time.perf_counter()
    for _ in range(100):
        ensure_catalog(settings)
    assert (time.perf_counter() - started) / 100 < 0.005


def test_asking_imports_nothing_heavy() -> None:
    code = (
        "import sys, orchestration.lake.process;"
        "print([m for m in ('sqlalchemy', 'pyiceberg', 'starlette', 'duckdb',"
        " 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_two_starts_at_once_yield_one_server(settings: Settings, start: Start) -> None:
    clients = [start(go=False) for _ in range(6)]
    for client in clients:
        client.go()
    uris = {client.uri() for client in clients}
    assert len(uris) == 1
    log = (settings.log_dir / "catalog.log").read_text()
    assert log.count("the catalog listens on") == 1


def test_one_process_starts_while_the_others_wait(settings: Settings) -> None:
    settings.home.mkdir()
    entered = threading.Event()

    def other() -> None:
        with process.starting(settings):
            entered.set()

    with process.starting(settings):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert not entered.wait(0.3)
    assert entered.wait(PATIENCE)
    waiting.join()


def test_a_killed_client_keeps_nothing_alive(settings: Settings, start: Start) -> None:
    client = start()
    assert answers(Endpoint(client.uri(), process.read_token(settings)))
    client.kill()
    until(lambda: not running(settings))


def test_a_killed_client_takes_nothing_from_the_others(
    settings: Settings, start: Start
) -> None:
    one, other = start(), start()
    endpoint = Endpoint(one.uri(), process.read_token(settings))
    assert other.uri() == endpoint.uri
    one.kill()
    time.sleep(float(IDLE) * 3)  # longer than an unused server stays
    assert answers(endpoint)


def test_a_killed_server_is_replaced(settings: Settings) -> None:
    first = ensure_catalog(settings)
    killed = pid(settings)
    os.kill(killed, signal.SIGKILL)
    until(lambda: not running(settings))
    assert process.address_file(settings).exists(), "what it left is there"
    second = ensure_catalog(settings)
    assert pid(settings) != killed
    assert answers(second)
    assert second.token == first.token


def test_a_deleted_lake_takes_its_server_along(settings: Settings) -> None:
    first = ensure_catalog(settings)
    old = pid(settings)
    shutil.rmtree(settings.home)
    second = ensure_catalog(settings)
    until(lambda: not is_alive(old))
    assert second.token != first.token
    assert pid(settings) != old
    time.sleep(float(IDLE) * 2)  # longer than an unused server stays
    assert answers(second)


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_who_comes_while_it_leaves_gets_a_new_one(
    settings: Settings, start: Start
) -> None:
    for _ in range(3):
        client = start()
        uri = client.uri()
        client.end()
        until(lambda: not process.address_file(settings).exists())
        endpoint = ensure_catalog(settings)
        assert answers(endpoint)
        process.release(settings)
        assert uri


def test_the_token_is_its_owners_alone(settings: Settings) -> None:
    endpoint = ensure_catalog(settings)
    mode = settings.token_file.stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert endpoint.token == settings.token_file.read_text().strip()
    assert len(endpoint.token) >= 32
    for file in (process.address_file(settings), settings.log_dir / "catalog.log"):
        assert endpoint.token not in file.read_text()


def test_the_environment_can_name_another_catalog(settings: Settings) -> None:
    environ = {"FIRN_CATALOG_URI": "http://127.0.0.1:9/", "FIRN_CATALOG_TOKEN": "t"}
    endpoint = ensure_catalog(settings, environ=environ)
    assert endpoint == Endpoint("http://127.0.0.1:9", "t")
    assert not running(settings)


def test_a_start_that_fails_says_where_to_look(
    settings: Settings, tmp_path: Path
) -> None:
    (settings.home / "catalog.db").mkdir(parents=True)
    with pytest.raises(SetupError, match=r"catalog\.log"):
        ensure_catalog(settings)
    log = (settings.log_dir / "catalog.log").read_text()
    assert "the catalog's database cannot be opened" in log


def test_a_server_in_the_foreground_is_used_by_all_and_ends_by_signal(
    settings: Settings, lake: Lake
) -> None:
    environment = {
        **os.environ,
        "FIRN_PROJECT_DIR": str(settings.project_dir),
        "FIRN_HOME": str(settings.home),
    }
    foreground = subprocess.Popen(
        [sys.executable, "-m", "orchestration.lake.rest"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert foreground.stdout is not None
    uri = foreground.stdout.readline().strip()
    assert ensure_catalog(settings).uri == uri
    with pytest.raises(UsageError, match="served already"):
        server.serve(settings)
    foreground.send_signal(signal.SIGTERM)
    foreground.communicate(timeout=PATIENCE)
    assert not running(settings)
    assert not process.address_file(settings).exists()


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """asyncio turns Nagle's algorithm off only for sockets that say they are TCP."""
    with server._listening("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_only_loopback_is_served(settings: Settings, host: str) -> None:
    with pytest.raises(UsageError, match="by TLS alone"):
        server.serve(settings, host)
