import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestration.errors import SetupError
from orchestration.lake import Lake
from orchestration.lake.store import Store, branches
from orchestration.settings import Settings


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


def test_many_processes_may_open_a_new_lake_at_once(settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=context) as pool:
        found = list(pool.map(open_lake, [settings] * 8))
    assert found == [["main"]] * 8


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


def test_writers_wait_for_each_other_and_lose_nothing(lake: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(lake.store, f"b{number}"), range(40)))
    assert count(lake.store) == 41


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
