"""The catalog's process, when somebody or something disturbs it."""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from orchestration.errors import SetupError
from orchestration.lake import Lake, process, session
from orchestration.settings import Settings
from orchestration.tests.faults import catalog_machine
from orchestration.tests.faults.catalog_machine import (
    HERE,
    SITE,
    Done,
    Machine,
    answers,
    is_clear,
    nothing,
    until,
)
from orchestration.tests.pages import fault, mutant

FULL = pytest.mark.full
STRANGER = "a stale address, whose port a stranger has now"
DAMAGED = "catalog.json deleted or damaged while the catalog runs"
TWO = "two catalogs started at once"
GONE = "catalog killed between finding it and using it"
TAKEN = "port taken"
IDLE = "FIRN_CATALOG_IDLE_SECONDS is no number"

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


@fault("Catalog", TWO, seen="one serves; the other ends with exit 2 and says why")
def test_of_two_servers_at_once_one_serves(machine: Machine) -> None:
    start_two(machine)


@mutant(TWO, guard="a server holds its lock for as long as it lives")
def test_without_the_lock_there_would_be_two(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_machine, "PATIENCE", 6.0)
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


def serve_on_a_taken_port(machine: Machine, switch_off: str = "") -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = machine.firn("catalog", "serve", "--port", port, switch_off=switch_off)
        is_clear(done, 3, f"127.0.0.1:{port}", "cannot listen", "another port")


@fault(
    "Catalog",
    TAKEN,
    seen="exit 3, with the address",
    rerun="serves, once the port is free or another one is named",
)
def test_a_taken_port_is_named(machine: Machine) -> None:
    serve_on_a_taken_port(machine)
    assert answers(process.ensure_catalog(machine.settings))


@mutant(TAKEN, guard="what the system says of a port is put into words")
def test_without_words_nobody_knows_which_port(machine: Machine) -> None:
    off = f"orchestration.lake.rest.server:_listening={HERE}:listening"
    with pytest.raises(AssertionError):
        serve_on_a_taken_port(machine, off)


def idle_for(machine: Machine, given: str, *verb: str, switch_off: str = "") -> None:
    variable = "FIRN_CATALOG_IDLE_SECONDS"
    done = machine.firn(*verb, switch_off=switch_off, **{variable: given})
    is_clear(done, 2, variable, given)
    assert not (machine.settings.log_dir / "catalog.log").exists()


@fault("Catalog", IDLE, seen="exit 2, with the variable's name")
@pytest.mark.parametrize(
    "given", ["abc", *(pytest.param(x, marks=FULL) for x in ("-1", "nan", "inf"))]
)
@pytest.mark.parametrize("verb", [("sql", "select 1"), ("clean", "--dry-run")])
def test_a_bad_idle_time_is_refused_where_it_is_given(
    machine: Machine, given: str, verb: tuple[str, ...]
) -> None:
    idle_for(machine, given, *verb)


@mutant(IDLE, guard="the variable is read before anything starts")
def test_an_idle_time_that_nobody_reads(machine: Machine) -> None:
    off = f"orchestration.lake.process:idle_seconds={HERE}:five"
    with pytest.raises(AssertionError):
        idle_for(machine, "abc", "clean", "--dry-run", switch_off=off)


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
