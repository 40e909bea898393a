import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestration.errors import (
    BusyError,
    ConflictError,
    FirnError,
    SetupError,
    UnsureError,
    UsageError,
)
from orchestration.lake import Lake, Provenance
from orchestration.lake import lake as lake_module
from orchestration.lake import store as store_module
from orchestration.lake.store import LAYOUT, Store, branches, layout
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant
from orchestration.tests.postgres import on_both_databases
from orchestration.tests.unit.lake.states import Put

NEWER = "catalog database of another version of Firn"


def open_lake(settings: Settings) -> list[str]:
    opened = Lake.open(settings)
    names = [branch.name for branch in opened.branches()]
    opened.close()
    return names


def add(store: Store, name: str) -> None:
    with store.write() as connection:
        row = {"name": name, "created_at": "2026-01-01", "created_by": "me"}
        connection.execute(branches.insert().values(row))


def count(store: Store) -> int:
    with store.read() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(branches))
    return int(found or 0)


@on_both_databases
def test_many_processes_may_open_a_new_lake_at_once(settings: Settings) -> None:
    homes = [replace(settings, home=settings.home / str(i % 2)) for i in range(8)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=context) as pool:
        found = list(pool.map(open_lake, homes))
    assert found == [["main"]] * 8


@on_both_databases
def test_what_fails_in_a_transaction_leaves_nothing(lake: Lake) -> None:
    class StopError(Exception):
        pass

    def fail() -> None:
        with lake.store.write() as connection:
            row = {"name": "x", "created_at": "2026-01-01", "created_by": "me"}
            connection.execute(branches.insert().values(row))
            raise StopError

    with pytest.raises(StopError):
        fail()
    assert count(lake.store) == 1


@on_both_databases
def test_writers_wait_for_each_other_and_lose_nothing(lake: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(lake.store, f"b{number}"), range(40)))
    assert count(lake.store) == 41


@on_both_databases
def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_it(lake: Lake) -> None:
    written, finish = threading.Event(), threading.Event()

    def write() -> None:
        with lake.store.write() as connection:
            row = {"name": "x", "created_at": "2026-01-01", "created_by": "me"}
            connection.execute(branches.insert().values(row))
            written.set()
            assert finish.wait(30)

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(30)
    started = time.perf_counter()
    assert count(lake.store) == 1
    assert time.perf_counter() - started < 5
    finish.set()
    writer.join()
    assert count(lake.store) == 2


@on_both_databases
def test_a_read_is_one_state_from_beginning_to_end(lake: Lake) -> None:
    number = sa.select(sa.func.count()).select_from(branches)
    with lake.store.read() as connection:
        before = connection.scalar(number)
        add(lake.store, "x")
        assert connection.scalar(number) == before
    assert count(lake.store) == 2


def test_a_database_that_cannot_be_opened_is_no_reason_to_show_its_url(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "s3cret"
    folder.mkdir()
    with pytest.raises(SetupError) as caught:
        Store.open(f"sqlite:///{folder}", home=tmp_path)
    assert "s3cret" not in str(caught.value)
    assert "FIRN_CATALOG_DATABASE" in str(caught.value)


def test_a_driver_that_is_missing_says_so_without_the_password(tmp_path: Path) -> None:
    url = "postgresql+pg8000://me:s3cret@localhost/x"
    with pytest.raises(SetupError) as caught:
        Store.open(url, home=tmp_path)
    assert "s3cret" not in str(caught.value)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"
    with pytest.raises(SetupError) as caught:
        Store.open(f"sqlite:///{tmp_path / 'catalog.db'}", home=home)
    assert caught.value.where == f"FIRN_HOME {home}"
    assert "Set FIRN_HOME" in caught.value.remedy


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each returned or raised, of calls that start together."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return call()
        except FirnError as error:
            return type(error)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@on_both_databases
def test_of_two_branches_of_one_name_one_is_made(lake: Lake) -> None:
    lake.create_branch("base")  # creations from one base wait for each other anyway
    for number in range(20):
        outcome = at_once(
            lambda n=number: lake.create_branch(f"b{n}").base,  # type: ignore[misc]
            lambda n=number: lake.create_branch(f"b{n}", base="base").base,  # type: ignore[misc]
        )
        assert UsageError in outcome
        assert lake.branch(f"b{number}").base in outcome


@on_both_databases
def test_refresh_and_publish_of_one_branch_at_once_lose_nothing(
    lake: Lake, put: Put
) -> None:
    me = Provenance(who="me")
    for name in ("a", "b"):
        lake.create_branch(name)
    for number in range(10):
        put("a", "n.x", f"x{number}")
        put("b", "n.y", f"y{number}")
        at_once(
            lambda: lake.publish("a", me),
            lambda: lake.publish("b", me),
            lambda: lake.refresh("a"),
            lambda: lake.refresh("b"),
        )
        held = {str(t): p.metadata_location for t, p in lake.pointers("main").items()}
        assert held == {"n.x": f"x{number}", "n.y": f"y{number}"}
        assert lake.diff("a") == lake.diff("b") == []


@on_both_databases
def test_of_rollbacks_at_once_one_is_done(lake: Lake, put: Put) -> None:
    me = Provenance(who="me")
    lake.create_branch("run")
    put("run", "n.x", "x1")
    published = lake.publish("run", me)
    assert published is not None
    outcome = at_once(*[lambda: lake.rollback(published.id, me).kind] * 4)
    assert outcome.count("rollback") == 1
    assert lake.pointers("main") == {}
    assert len(lake.log()) == 2


@on_both_databases
def test_a_writer_that_waits_too_long_says_so_and_did_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_BUSY_MS", 200)
    one, other = Lake.open(settings), Lake.open(settings)
    with one.store.write() as connection:
        connection.execute(sa.update(branches).values(created_by="me"))
        with pytest.raises(BusyError, match="another process holds it"):
            other.create_branch("dev")
        assert [branch.name for branch in other.branches()] == ["main"]
    assert other.create_branch("dev").name == "dev"
    one.close()
    other.close()


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_deadlock_is_busy_and_not_a_failure(lake: Lake) -> None:
    for name in ("a", "b"):
        lake.create_branch(name)
    barrier = threading.Barrier(2)

    def lock(first: str, second: str) -> None:
        with lake.store.write() as connection:
            for name in (first, second):
                row = branches.update().where(branches.c.name == name)
                connection.execute(row.values(created_by=first))
                if name == first:
                    barrier.wait()

    outcome = at_once(lambda: lock("a", "b"), lambda: lock("b", "a"))
    assert sorted(map(str, outcome)) == sorted(map(str, [None, BusyError]))


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_what_the_database_cannot_hold_is_wrong_use(lake: Lake) -> None:
    with pytest.raises(UsageError, match="too long"):
        add(lake.store, "x" * 300)


@on_both_databases
def test_the_same_row_twice_is_a_conflict_without_its_values(lake: Lake) -> None:
    add(lake.store, "s3cret")
    with pytest.raises(ConflictError) as caught:
        add(lake.store, "s3cret")
    assert "s3cret" not in str(caught.value)


@on_both_databases
def test_any_other_failure_says_that_nobody_knows(lake: Lake) -> None:
    def fail() -> None:
        with lake.store.write() as connection:
            connection.exec_driver_sql("select * from nowhere")

    with pytest.raises(UnsureError) as caught:
        fail()
    assert "select" not in str(caught.value)


@fault(
    "Catalog",
    NEWER,
    seen="exit 3, with both layouts; nothing is written",
    rerun="works with the Firn that wrote it",
)
@on_both_databases
def test_a_database_of_another_layout_is_left_alone(settings: Settings) -> None:
    opened = Lake.open(settings)
    with opened.store.write() as connection:
        connection.execute(layout.update().values(version=LAYOUT + 1))
    opened.close()
    with pytest.raises(SetupError, match=f"has layout {LAYOUT + 1}") as caught:
        Lake.open(settings)
    assert "Use the Firn that wrote it" in caught.value.remedy


@mutant(NEWER, guard="the layout that the database names is compared")
def test_without_the_comparison_it_would_be_written(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Lake.open(settings)
    with opened.store.write() as connection:
        connection.execute(layout.update().values(version=LAYOUT + 1))
    opened.close()
    monkeypatch.setattr(store_module, "LAYOUT", LAYOUT + 1)
    again = Lake.open(settings)
    assert again.create_branch("dev").name == "dev"
    again.close()


def test_a_database_from_before_layouts_is_the_first_layout(settings: Settings) -> None:
    opened = Lake.open(settings)
    opened.create_branch("dev")
    with opened.store.write() as connection:
        layout.drop(connection)
    opened.close()
    again = Lake.open(settings)
    assert [branch.name for branch in again.branches()] == ["main", "dev"]
    with again.store.read() as connection:
        assert connection.scalar(sa.select(layout.c.version)) == LAYOUT
    again.close()


def lose_the_database(settings: Settings) -> None:
    Lake.open(settings).close()
    metadata = settings.warehouse / "marts" / "t" / "metadata" / "0-x.metadata.json"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("{}")
    for file in settings.home.glob("catalog.db*"):
        file.unlink()


def test_an_empty_database_beside_a_full_warehouse_is_refused(
    settings: Settings,
) -> None:
    lose_the_database(settings)
    for _ in range(2):  # the first attempt must not make the second one pass
        with pytest.raises(SetupError, match="the warehouse holds tables") as caught:
            Lake.open(settings)
        assert "Restore the database" in caught.value.remedy


def test_without_that_guard_everything_would_seem_to_be_gone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "_refuse_a_lost_database", lambda _: None)
    lose_the_database(settings)
    opened = Lake.open(settings)
    assert opened.pointers("main") == {}
    opened.close()


def test_readers_of_a_restored_backup_do_not_wait_either(settings: Settings) -> None:
    Lake.open(settings).close()
    file, backup = settings.home / "catalog.db", settings.home / "backup.db"
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("vacuum into ?", [str(backup)])
    backup.replace(file)
    Lake.open(settings).close()
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("pragma journal_mode").fetchone() == ("wal",)
