"""The catalog's process and its database, when somebody or something disturbs them."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestration.errors import SetupError
from orchestration.lake import Lake, process, session
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant

FIRN = Path(sys.executable).with_name("firn")
SITE = Path(__file__).parent / "sitecustomize"
HERE = "orchestration.tests.faults.test_catalog_faults"
FULL = pytest.mark.full
PATIENCE = 60.0  # seconds; far more than anything here takes

STRANGER = "a stale address, whose port a stranger has now"
DAMAGED = "catalog.json deleted or damaged while the catalog runs"
TWO = "two catalogs started at once"
LOCKED = "catalog database locked by another process for 30 s"
STUCK = "catalog database locked for longer than anybody waits"
BROKEN = "catalog database damaged, cut off, lost or read-only"
WAL = "kill -9 of the process that wrote last, its log not yet in the database"
GONE = "catalog killed between finding it and using it"


# What stands in for guards, in the processes of the command line


def never(*_: Any) -> bool:
    return False


def any_lock(settings: Settings) -> int:
    """`process.become_server` that takes no lock."""
    return os.open(settings.home / "catalog.server", os.O_RDWR | os.O_CREAT)


def nothing(*_: Any, **__: Any) -> None:
    pass


SHORT = 300  # milliseconds
explained = nullcontext


@dataclass(frozen=True)
class Done:
    code: int
    said: str  # on both streams


class Machine:
    """`firn` in processes of its own, on the lake of a test."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *args: str, switch_off: str = "", **env: str) -> Any:
        own = {
            "FIRN_PROJECT_DIR": str(self.settings.project_dir),
            "FIRN_HOME": str(self.settings.home),
            "FIRN_CATALOG_IDLE_SECONDS": "0.5",
            "FIRN_TEST_MUTANT": switch_off,
            "PYTHONPATH": str(SITE),
        }
        child = subprocess.Popen(
            [str(FIRN), *args],
            env=os.environ | own | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(child)
        return child

    def firn(self, *args: str, switch_off: str = "", **env: str) -> Done:
        child = self.start(*args, switch_off=switch_off, **env)
        said, _ = child.communicate(timeout=120)
        return Done(child.returncode, said)

    def end(self) -> None:
        for child in self.started:
            if child.poll() is None:
                child.terminate()
            if child.stdout is not None and not child.stdout.closed:
                child.communicate()


@pytest.fixture
def machine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("FIRN_CATALOG_IDLE_SECONDS", "0.5")
    made = Machine(settings)
    yield made
    made.end()
    process.release(settings)
    if settings.home.exists():
        until(lambda: not process.is_running(settings))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def is_clear(done: Done, code: int, *words: str) -> None:
    """It ended with the code and an error for people."""
    assert done.code == code, done.said
    assert "Traceback" not in done.said
    assert "unexpected" not in done.said
    for word in ("error:", "fix:", *words):
        assert word in done.said


# Two of them


def start_two(machine: Machine, switch_off: str = "") -> None:
    serve = ("catalog", "serve")
    both = [machine.start(*serve, switch_off=switch_off) for _ in range(2)]
    until(lambda: any(one.poll() is not None for one in both))
    ended = next(one for one in both if one.poll() is not None)
    said, _ = ended.communicate()
    is_clear(Done(ended.returncode, said), 2, "being served already")
    served = process.ensure_catalog(machine.settings)
    assert answers(served)
    (other,) = (one for one in both if one is not ended)
    assert other.poll() is None
    found = json.loads(process.address_file(machine.settings).read_text())
    assert found["pid"] == other.pid


def answers(endpoint: process.Endpoint) -> bool:
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    where = f"{endpoint.uri}/v1/config"
    answer = httpx.get(where, params={"warehouse": "main"}, headers=headers)
    return answer.status_code == 200


@fault("Catalog", TWO, seen="one serves; the other ends with exit 2 and says why")
def test_of_two_servers_at_once_one_serves(machine: Machine) -> None:
    start_two(machine)


@mutant(TWO, guard="a server holds its lock for as long as it lives")
def test_without_the_lock_there_would_be_two(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "PATIENCE", 6.0)
    off = (
        f"orchestration.lake.process:is_running={HERE}:never;"
        f"orchestration.lake.process:become_server={HERE}:any_lock"
    )
    with pytest.raises(AssertionError, match="did not come true"):
        start_two(machine, off)


# Whom the token is shown to


class Stranger(BaseHTTPRequestHandler):
    """A server of somebody else, which keeps what it is told."""

    told: list[str] = []  # noqa: RUF012 - each test begins with an empty one

    def do_GET(self) -> None:
        Stranger.told.append(self.headers.get("Authorization", ""))
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def stranger() -> Iterator[str]:
    Stranger.told.clear()
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def use_a_stale_address(
    settings: Settings, switch_off: Callable[[], None] = nothing
) -> None:
    """A killed catalog's files; a stranger got its port, a living process its pid."""
    first = process.ensure_catalog(settings)
    file = process.address_file(settings)
    os.kill(json.loads(file.read_text())["pid"], signal.SIGKILL)
    until(lambda: not process.is_running(settings))
    switch_off()
    with stranger() as uri:
        file.write_text(json.dumps({"uri": uri, "pid": os.getpid()}))
        found = process.ensure_catalog(settings)
        answers(found)
        assert Stranger.told == []
    assert found.token == first.token
    assert answers(found)


@fault("Catalog", STRANGER, seen="nothing: a new catalog is started, and asked")
def test_a_stale_address_is_not_believed(machine: Machine) -> None:
    use_a_stale_address(machine.settings)


@mutant(STRANGER, guard="an address counts while its server holds the lock")
def test_without_the_lock_the_stranger_would_get_the_token(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = process.is_running

    def is_running(asked: Settings) -> bool:  # as if the address were enough
        file = process.address_file(asked)
        return alive(asked) or (file.exists() and "http" in file.read_text())

    def believe(*_: Any) -> None:
        monkeypatch.setattr(process, "is_running", is_running)

    with pytest.raises(AssertionError):
        use_a_stale_address(machine.settings, believe)
    monkeypatch.undo()


# Its address


def damage_the_address(settings: Settings, content: bytes | None) -> None:
    first = process.ensure_catalog(settings)
    file = process.address_file(settings)
    pid = json.loads(file.read_text())["pid"]
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    assert process.ensure_catalog(settings) == first
    assert json.loads(file.read_text())["pid"] == pid


@fault("Catalog", DAMAGED, seen="nothing: the catalog writes it anew")
def test_a_running_catalog_repairs_its_address(machine: Machine) -> None:
    for content in (None, b"", b'{"uri": "ht', b"[]", b'{"pid": 1}', b"\xff\x00"):
        damage_the_address(machine.settings, content)


@mutant(DAMAGED, guard="the catalog looks after its address")
def test_without_repair_clients_would_wait_in_vain(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "orchestration.lake.rest.presence:Presence._repair"
    monkeypatch.setenv("PYTHONPATH", str(SITE))
    monkeypatch.setenv("FIRN_TEST_MUTANT", f"{module}={HERE}:nothing")
    process.ensure_catalog(machine.settings)
    monkeypatch.setattr(process, "_START_SECONDS", 2)
    with pytest.raises(SetupError, match="does not start"):
        damage_the_address(machine.settings, b"")


@fault(
    "Catalog",
    "port taken",
    seen="exit 3, with the address",
    rerun="serves, once the port is free or another one is named",
)
def test_a_taken_port_is_named(machine: Machine) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = machine.firn("catalog", "serve", "--port", port)
        is_clear(done, 3, f"127.0.0.1:{port}", "cannot listen", "another port")
    assert answers(process.ensure_catalog(machine.settings))


@fault(
    "Catalog",
    "FIRN_CATALOG_IDLE_SECONDS is no number",
    seen="exit 2, with the variable's name",
)
@pytest.mark.parametrize(
    "given", ["abc", *(pytest.param(x, marks=FULL) for x in ("-1", "nan", "inf"))]
)
def test_a_bad_idle_time_is_refused_where_it_is_given(
    machine: Machine, given: str
) -> None:
    done = machine.firn("sql", "select 1", FIRN_CATALOG_IDLE_SECONDS=given)
    is_clear(done, 2, "FIRN_CATALOG_IDLE_SECONDS", given)
    assert not (machine.settings.log_dir / "catalog.log").exists()


# Its database


@contextmanager
def locked(settings: Settings) -> Iterator[Callable[[], None]]:
    """Hold the database as a backup or a forgotten shell does; call to let go."""
    with closing(sqlite3.connect(settings.home / "catalog.db")) as other:
        other.isolation_level = None
        other.execute("begin immediate")

        def let_go() -> None:
            other.execute("rollback")

        yield let_go


def use_what_is_locked(machine: Machine, seconds: float, switch_off: str = "") -> None:
    Lake.open(machine.settings).close()
    with locked(machine.settings) as let_go:
        child = machine.start("branches", "create", "dev", switch_off=switch_off)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(seconds)
        assert machine.firn("branches").code == 0, "readers do not wait"
        let_go()
        said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, said


@fault("Catalog", LOCKED, seen="writers wait, then go on; readers do not notice")
@pytest.mark.parametrize("seconds", [5, pytest.param(30, marks=FULL)])
def test_a_locked_database_is_waited_for(machine: Machine, seconds: float) -> None:
    use_what_is_locked(machine, seconds)


BUSY = f"orchestration.lake.store:_BUSY_MS={HERE}:SHORT"


@mutant(LOCKED, guard="writers wait for 45 s")
def test_without_patience_a_lock_would_be_an_error(machine: Machine) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        use_what_is_locked(machine, PATIENCE, BUSY)


def use_what_stays_locked(machine: Machine, switch_off: str = BUSY) -> None:
    Lake.open(machine.settings).close()
    with locked(machine.settings):
        done = machine.firn("branches", "create", "dev", switch_off=switch_off)
        is_clear(done, 3, "another process holds it", "Nothing was done")
    assert machine.firn("branches", "create", "dev").code == 0


IS_STUCK = fault(
    "Catalog",
    STUCK,
    seen="exit 3: another process holds it (503 from the catalog); nothing was done",
    rerun="does it, once the lock is gone",
)


@IS_STUCK
def test_a_lock_that_stays_is_an_error_of_the_machine(machine: Machine) -> None:
    use_what_stays_locked(machine)


@IS_STUCK
def test_the_catalog_answers_that_it_is_busy(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = machine.settings
    Lake.open(settings).create_branch("dev")
    monkeypatch.setenv("PYTHONPATH", str(SITE))
    monkeypatch.setenv("FIRN_TEST_MUTANT", BUSY)
    endpoint = process.ensure_catalog(settings)
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    url = f"{endpoint.uri}/v1/dev/namespaces"
    body = {"namespace": ["n"]}
    with locked(settings):
        refused = httpx.post(url, json=body, headers=headers, timeout=PATIENCE)
        assert refused.status_code == 503
        assert refused.json()["error"]["type"] == "ServiceUnavailableException"
        assert httpx.get(url, headers=headers).status_code == 200
    assert httpx.post(url, json=body, headers=headers).status_code == 200


@mutant(STUCK, guard="errors of the database are put into words")
def test_without_words_it_would_look_like_a_bug(machine: Machine) -> None:
    off = f"{BUSY};orchestration.lake.failures:explained={HERE}:explained"
    with pytest.raises(AssertionError):
        use_what_stays_locked(machine, off)


def cut_off(file: Path) -> None:
    file.write_bytes(b"")


def lose(file: Path) -> None:
    file.unlink()


def overwrite_its_head(file: Path) -> None:
    file.write_bytes(b"not a database" * 300 + file.read_bytes()[4200:])


def overwrite_its_middle(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def halve(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def break_the_database(
    machine: Machine, damage: Callable[[Path], None], switch_off: str = ""
) -> None:
    opened = Lake.open(machine.settings)
    opened.create_branch("dev")
    opened.close()
    metadata = machine.settings.warehouse / "n/t-01234567/metadata/0.metadata.json"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("{}")
    file = machine.settings.home / "catalog.db"
    whole = file.read_bytes()
    damage(file)
    for verb in (("log",), ("branches", "create", "new"), ("sql", "select 1")):
        done = machine.firn(*verb, switch_off=switch_off)
        is_clear(done, 3)
    file.write_bytes(whole)  # from a backup
    for left in ("catalog.db-wal", "catalog.db-shm"):
        (machine.settings.home / left).unlink(missing_ok=True)
    assert "dev" in machine.firn("branches").said


IS_BROKEN = fault(
    "Catalog",
    BROKEN,
    seen="exit 3, and what is wrong with it; nothing is made in its place",
    rerun="works, once the database is restored from a backup",
)


@IS_BROKEN
@pytest.mark.parametrize(
    "damage",
    [
        cut_off,
        overwrite_its_middle,
        *(pytest.param(one, marks=FULL) for one in (lose, overwrite_its_head, halve)),
    ],
)
def test_a_broken_database_is_named_and_left_alone(
    machine: Machine, damage: Callable[[Path], None]
) -> None:
    break_the_database(machine, damage)


@mutant(BROKEN, guard="a new database is refused beside a full warehouse")
def test_without_that_a_new_lake_would_be_made(machine: Machine) -> None:
    off = f"orchestration.lake.lake:_refuse_a_lost_database={HERE}:nothing"
    with pytest.raises(AssertionError):
        break_the_database(machine, cut_off, off)


@IS_BROKEN
def test_a_database_that_cannot_be_written_is_read(machine: Machine) -> None:
    Lake.open(machine.settings).close()
    url = f"sqlite:///file:{machine.settings.home}/catalog.db?mode=ro&uri=true"
    assert machine.firn("branches", FIRN_CATALOG_DATABASE=url).code == 0
    done = machine.firn("branches", "create", "dev", FIRN_CATALOG_DATABASE=url)
    is_clear(done, 3, "readonly database")


WRITER = """
import os, signal
from orchestration.lake import Lake
from orchestration.settings import Settings
Lake.open(Settings.load()).create_branch("dev")
os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_the_writer(machine: Machine, disturb: Callable[[], None]) -> None:
    own = {
        "FIRN_PROJECT_DIR": str(machine.settings.project_dir),
        "FIRN_HOME": str(machine.settings.home),
    }
    subprocess.run([sys.executable, "-c", WRITER], env=os.environ | own, check=False)
    assert (machine.settings.home / "catalog.db-wal").stat().st_size > 0
    disturb()
    assert "dev" in machine.firn("branches").said


@fault("Catalog", WAL, seen="what was committed is there", rerun="goes on from there")
def test_what_was_committed_survives_its_writer(machine: Machine) -> None:
    kill_the_writer(machine, lambda: None)


@mutant(WAL, guard="the log beside the database is read")
def test_without_the_log_the_last_commits_would_be_gone(machine: Machine) -> None:
    with pytest.raises(AssertionError):
        kill_the_writer(machine, (machine.settings.home / "catalog.db-wal").unlink)


# Between finding it and using it


def kill_after_it_was_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake.open(settings).create_branch("dev")
    find = process.ensure_catalog
    killed: list[int] = []

    def found(asked: Settings) -> process.Endpoint:
        endpoint = find(asked)
        if not killed:
            pid = json.loads(process.address_file(asked).read_text())["pid"]
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
            until(lambda: not process.is_running(asked))
        return endpoint

    monkeypatch.setattr(session, "ensure_catalog", found)
    with closing(session.connect(settings, "dev")) as con:
        assert con.sql("select 1").fetchall() == [(1,)]
    assert killed


@fault("Catalog", GONE, seen="nothing: another one is started")
def test_a_catalog_that_dies_before_its_use_is_replaced(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_after_it_was_found(machine.settings, monkeypatch)


@mutant(GONE, guard="a catalog that has died is started again, once")
def test_without_another_one_the_command_would_fail(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "is_running", lambda _: True)
    with pytest.raises(SetupError, match="cannot be attached"):
        kill_after_it_was_found(machine.settings, monkeypatch)


# Where it lives


ODD = "local state in a folder with spaces, quotes and letters of any alphabet"


@fault("Catalog", ODD, seen="nothing: it works as anywhere")
def test_any_folder_can_be_home(machine: Machine) -> None:
    home = machine.settings.home / 'Zoë\'s  höme; 数据 1 %& "x"'
    machine.settings = replace(
        machine.settings,
        home=home,
        warehouse=home / "warehouse",
        database_url=f"sqlite:///{home}/catalog.db",
    )
    assert machine.firn("branches", "create", "dev").code == 0
    with closing(session.connect(machine.settings, "dev")) as con:
        con.execute("create schema lake.n; create table lake.n.t as select 42 as a")
    done = machine.firn("publish", "dev")
    assert done.code == 0, done.said
    assert "42" in machine.firn("sql", "from n.t").said


@fault(
    "Catalog",
    "local state in a folder with '?', '#' or '%41' in its path",
    seen="exit 2, with the folder: locations are URLs, and some engines unescape them",
)
@pytest.mark.parametrize("name", ["what?", "no #1", "100%41"])
def test_a_folder_that_locations_cannot_name_is_refused(
    machine: Machine, name: str
) -> None:
    home = machine.settings.home / name
    is_clear(machine.firn("branches", FIRN_HOME=str(home)), 2, "FIRN_HOME", name)
    assert not home.exists()
