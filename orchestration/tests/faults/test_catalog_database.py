"""The catalog's database: locked, damaged, lost, or left by a killed process."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from orchestration.lake import Lake, process
from orchestration.settings import Settings
from orchestration.tests.faults.catalog_machine import (
    HERE,
    PATIENCE,
    SITE,
    Machine,
    is_clear,
)
from orchestration.tests.pages import fault, mutant

FULL = pytest.mark.full
LOCKED = "catalog database locked by another process for 30 s"
STUCK = "catalog database locked for longer than anybody waits"
BROKEN = "catalog database damaged, cut off, lost or read-only"
WAL = "kill -9 of the process that wrote last, its log not yet in the database"


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
