"""The warm Spark: one JVM, and clients in processes of their own."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import UsageError
from orchestration.lake import Lake, process
from orchestration.settings import Settings
from orchestration.spark.warm import record
from orchestration.spark.warm.client import knock
from orchestration.spark.warm.record import Record
from orchestration.tests import environment
from orchestration.tests.integration.spark.test_guard import REFUSED
from orchestration.tests.integration.spark.test_session import BRANCHES, PROFILE
from orchestration.tests.jvm import command, is_alive, jvms_of

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = [pytest.mark.spark, pytest.mark.slow]

FIRN = Path(sys.executable).with_name("firn")
PATIENCE = 1200.0  # seconds; far more than anything here takes
# It answers each line of JSON: a word that it knows, or SQL.
CLIENT = """
import json, os, signal, sys
from pyspark.errors import AnalysisException
from orchestration.build.spark import profile
from orchestration.build.spark.guard import Guard
from orchestration.errors import UsageError
from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.spark.session import connect

settings, (branch, more) = Settings.load(), json.loads(sys.argv[1])
endpoint = process.ensure_catalog(settings)
conf = profile.of_target(settings, "spark") | more
spark = connect(endpoint, branch, conf, home=settings.home)
sibling = spark.newSession()
held = Guard(connect(endpoint, branch, conf, home=settings.home))

def refused(sql):
    try:
        held.run(sql)
    except (UsageError, AnalysisException) as error:
        if "is refused" in str(error) or "_NOT_FOUND" in str(error):
            return True
        raise
    return False

WORDS = {
    "jobs": lambda: list(spark.sparkContext.statusTracker().getActiveJobsIds()),
    "interrupt": lambda: signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "secrets": lambda: [name for name in os.environ if "GATEWAY" in name],
}

def answer(asked):
    if isinstance(asked, list):
        return [refused(sql) for sql in asked]
    if asked in WORDS:
        return WORDS[asked]()
    session = sibling if asked.startswith("sibling:") else spark
    rows = session.sql(asked.removeprefix("sibling:")).collect()
    return [list(row) for row in rows]

print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    try:
        told = answer(json.loads(line))
    except Exception as error:
        told = {"error": str(error).splitlines()[0]}
    print(json.dumps(told, default=str), flush=True)
"""


class Client:
    """A process with a session of the warm Spark on a branch."""

    def __init__(self, branch: str, **more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, json.dumps([branch, more])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.hear() == "ready"

    def say(self, asked: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, asked: Any) -> Any:
        self.say(asked)
        return self.hear()

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        """Close its pipes, at which it ends; doing it again changes nothing."""
        with self.process:
            pass


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def spark_verb(*arguments: str, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(FIRN), "spark", *arguments, "--format", "json"],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(verb: "subprocess.Popen[str]") -> Any:
    out, err = verb.communicate(timeout=PATIENCE)
    assert verb.returncode == 0, err
    return json.loads(out)


def jvm_of(pid: int) -> int:
    [jvm] = jvms_of(pid)
    return jvm


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("warm")
    (folder / "dbt_project.yml").write_text("name: firn\nprofile: firn\n")
    (folder / "profiles").mkdir()
    (folder / "profiles/profiles.yml").write_text(PROFILE.read_text())
    with pytest.MonkeyPatch.context() as patch:
        environment.only(
            patch,
            FIRN_PROJECT_DIR=folder,
            FIRN_USER="tester",
            FIRN_HOME=folder / "home",
            SPARK_MASTER="local[2]",
            SPARK_DRIVER_MEMORY="1g",
            SPARK_SHUFFLE_PARTITIONS="2",
        )
        loaded = Settings.load()
        lake = Lake.open(loaded)
        for branch in BRANCHES:
            lake.create_branch(branch)
        lake.close()
        process.ensure_catalog(loaded)
        yield loaded
        process.release(loaded)
        told(spark_verb("down"))


@pytest.fixture(scope="module")
def warm(settings: Settings) -> Record:
    """Two start it at once."""
    ups = [told(one) for one in (spark_verb("up"), spark_verb("up"))]
    assert sorted(one["started"] for one in ups) == [False, True]
    found = Record.of(settings.home)
    assert found is not None
    assert {one["pid"] for one in ups} == {found.pid}
    assert found.master == "local[2]"
    return found


@pytest.fixture(scope="module")
def clients(warm: Record) -> Iterator[tuple[Client, Client]]:
    pair = (Client(BRANCHES[0]), Client(BRANCHES[1]))
    yield pair
    for one in pair:
        one.end()


Clients = tuple[Client, Client]


def test_clients_at_once_share_a_jvm_and_no_state(clients: Clients) -> None:
    one, other = clients
    for number, client in enumerate(clients):
        assert client.ask("create namespace shop") == []
        client.ask(f"create table shop.orders as select {number} as id")
        # Whoever caches a table caches it on its own branch.
        client.ask("cache table shop.orders")
    assert one.ask("select id from shop.orders") == [[0]]
    assert other.ask("select id from shop.orders") == [[1]]

    one.ask("create temporary view v as select 1")
    one.ask("create global temporary view g as select 1")
    one.ask("create table spark_catalog.default.t (a string) using csv")
    one.ask("set spark.sql.ansi.enabled = false")
    for name in ("v", "global_temp.g", "spark_catalog.default.t"):
        assert one.ask(f"select count(*) from {name}") is not None
        assert "NOT_FOUND" in other.ask(f"select * from {name}")["error"]
    assert other.ask("set spark.sql.ansi.enabled") == [
        ["spark.sql.ansi.enabled", "true"]
    ]
    # Sessions of one client share some of it: with those of others in its place, the
    # assertions above would fail.
    assert one.ask("sibling:select * from global_temp.g") == [[1]]
    one.ask("drop table spark_catalog.default.t")
    one.ask("set spark.sql.ansi.enabled = true")


def test_sql_means_what_it_means_in_a_jvm_of_its_own(clients: Clients) -> None:
    sql = """select "id" as "a b", typeof(cast('2020-01-01' as timestamp))
        from (select 1 as id)"""
    assert clients[0].ask(sql) == [[1, "timestamp_ntz"]]
    error = clients[0].ask("select cast('x' as int)")["error"]
    assert "CAST_INVALID_INPUT" in error


def test_a_publishing_build_is_guarded_as_ever(
    clients: Clients, tmp_path: Path
) -> None:
    assert clients[0].ask(REFUSED) == [True] * len(REFUSED)
    assert clients[0].ask(["select 1", "select * from range(3)"]) == [False, False]
    file = tmp_path / "file.txt"
    file.write_text("secret\n")
    query = f"select * from text.`{file}`"
    assert clients[0].ask(query) == [["secret"]], "the guard is all that keeps it"
    assert clients[0].ask([query]) == [True]


def test_a_killed_client_s_query_is_cancelled_and_no_other_s(
    warm: Record, clients: Clients
) -> None:
    endless = "select sum(hash(a.id * b.id)) from range(1000000) a, range(100000) b"
    dying = Client(BRANCHES[0])
    assert clients[1].ask("jobs") == []
    dying.say(endless)
    until(lambda: bool(clients[1].ask("jobs")))
    [its_job] = clients[1].ask("jobs")
    clients[0].say(endless)
    until(lambda: len(clients[1].ask("jobs")) > 1)
    dying.kill()
    until(lambda: its_job not in clients[1].ask("jobs"))
    assert clients[1].ask("jobs") != [], "the other's goes on"
    clients[0].kill()
    until(lambda: clients[1].ask("jobs") == [])
    assert clients[1].ask("select 1") == [[1]]


def test_ctrl_c_cancels_no_jobs_of_others(clients: Clients) -> None:
    """pyspark's own handler would cancel all jobs of the JVM."""
    assert clients[1].ask("interrupt") is True


def test_secrets_are_their_owner_s(
    settings: Settings, warm: Record, clients: Clients
) -> None:
    file = record.path(settings.home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert warm.token not in repr(warm)
    assert warm.token not in record.log_file(settings.home).read_text()
    assert clients[1].ask("secrets") == []
    lake_token = process.read_token(settings)
    for pid in (warm.pid, jvm_of(warm.pid)):
        line = command(pid)
        assert line
        assert warm.token not in line
        assert lake_token not in line


def test_who_does_not_know_the_token_hears_nothing(warm: Record) -> None:
    for said in (b"{}\n", b"[]\n", b"x\n", b'{"token": "x", "conf": {}}\n', b'""\n'):
        with socket.create_connection(("127.0.0.1", warm.port)) as connection:
            connection.sendall(said)
            assert connection.recv(1) == b""


def test_it_listens_on_loopback_alone(warm: Record, clients: Clients) -> None:
    addresses = list(listening(warm.pid)) + list(listening(jvm_of(warm.pid)))
    assert len(addresses) > 2
    assert all(address.endswith("0100007F") for address in addresses), addresses


def listening(pid: int) -> Iterator[str]:
    """The addresses on which a process listens, as the kernel writes them."""
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in links:
                yield local.partition(":")[0]


def test_settings_of_the_jvm_are_those_of_its_start(
    settings: Settings, warm: Record
) -> None:
    from orchestration.build.spark import profile  # noqa: PLC0415

    conf = profile.of_target(settings, "spark")
    door = knock(settings.home, conf | {"spark.sql.shuffle.partitions": "7"})
    assert door is not None, "a session may have its own"
    door.connection.close()
    with pytest.raises(UsageError, match=r"another spark\.driver\.memory") as error:
        knock(settings.home, conf | {"spark.driver.memory": "3g"})
    assert "firn spark down" in error.value.remedy
    other = spark_verb("up", SPARK_MASTER="local[1]")
    out, _ = other.communicate(timeout=PATIENCE)
    assert other.returncode == 2
    assert "spark.master" in json.loads(out)["what"]


def test_what_a_killed_one_leaves_misleads_nobody(
    settings: Settings, warm: Record, clients: Clients
) -> None:
    for one in clients:
        one.kill()
    jvm = jvm_of(warm.pid)
    os.kill(warm.pid, signal.SIGKILL)
    until(lambda: not is_alive(jvm))
    assert record.path(settings.home).exists(), "what it left is there"
    assert Record.of(settings.home) is None
    assert knock(settings.home, {}) is None
    assert told(spark_verb("status")) == {"running": False}
    assert told(spark_verb("down")) == {"ended": False, "pid": None}

    again = told(spark_verb("up", FIRN_SPARK_IDLE_HOURS="0.0005"))
    assert again["started"] is True
    client = Client(BRANCHES[0])
    time.sleep(4)  # longer than an unused one stays
    assert client.ask("select 1") == [[1]], "it stays while it is used"
    client.end()
    until(lambda: not record.is_running(settings.home))
    assert not record.path(settings.home).exists()
    assert "nobody used it" in record.log_file(settings.home).read_text()


@pytest.mark.full
def test_it_ends_with_its_jvm_and_when_told_to(settings: Settings) -> None:
    started = told(spark_verb("up"))
    client = Client(BRANCHES[0])
    jvm = jvm_of(started["pid"])
    os.kill(jvm, signal.SIGKILL)
    until(lambda: not record.is_running(settings.home))
    assert "its JVM ended" in record.log_file(settings.home).read_text()
    assert "error" in client.ask("select 1")
    client.end()

    started = told(spark_verb("up"))
    jvm = jvm_of(started["pid"])
    assert told(spark_verb("down")) == {"ended": True, "pid": started["pid"]}
    assert not is_alive(jvm)


@pytest.mark.full
def test_a_deleted_lake_takes_its_spark_along(settings: Settings) -> None:
    started = told(spark_verb("up"))
    record.server_lock(settings.home).unlink()
    until(lambda: not is_alive(started["pid"]))
