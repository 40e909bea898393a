"""Ingests at once take turns, and rows are published in the order of their moment."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest

from orchestration.errors import (
    ConflictError,
)
from orchestration.ingestion import extract, run
from orchestration.ingestion import load as load_module
from orchestration.lake import Lake
from orchestration.tests.integration.ingestion.conftest import COLUMNS, Shop
from orchestration.tests.pages import promise


def meet(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> list[Any]:
    """Ingest `count` times at once; all fork from the same state of `main`.

    They do not wait in line, as on two machines that share the catalog's database.
    """
    barrier = Barrier(count)
    waited: set[int] = set()
    create = Lake.create_branch

    def together(self: Lake, *args: Any, **kwargs: Any) -> Any:
        branch = create(self, *args, **kwargs)
        if id(self) not in waited:
            waited.add(id(self))
            barrier.wait(timeout=60)
        return branch

    monkeypatch.setattr(run, "_in_turn", lambda *_: nullcontext())
    monkeypatch.setattr(Lake, "create_branch", together)
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(shop.ingest, name) for _ in range(count)]
    monkeypatch.undo()
    return [future.exception() or future.result() for future in futures]


@pytest.mark.parametrize("before", [0, 1])
@promise("how files land in raw exactly once")
def test_ingests_at_once_land_each_file_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    name = f"race{before}"
    shop.spec(name, {"orders": COLUMNS})
    if before:
        shop.drop(f"{name}/orders0.csv", "id,name\n0,z\n")
        shop.ingest(name)
    shop.drop(f"{name}/orders1.csv", "id,name\n1,a\n2,b\n")
    results = meet(shop, monkeypatch, name, 2)
    assert sorted(result.loads[0].landed for result in results) == [0, 2]
    rows = shop.rows(f"select id from lake.raw.{name}__orders order by id")
    assert rows == [*([(0,)] * before), (1,), (2,)]
    entries = shop.rows(f"select count(*) from lake.raw.{name}__loads")
    assert entries == [(1 + before,)]
    assert shop.ingest_branches() == []


def test_without_the_retry_the_second_ingest_fails(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.spec("alone", {"orders": COLUMNS})
    shop.drop("alone/orders.csv", "id,name\n1,a\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_ATTEMPTS", 1)
        results = meet(shop, monkeypatch, "alone", 2)
    assert sum(isinstance(result, ConflictError) for result in results) == 1


def overtake(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Ingest `<name>_slow`, and `<name>_fast` from when the first forked its branch.

    Returns:
        The sources by publication, oldest first.
    """
    sources = [f"{name}_slow", f"{name}_fast"]
    for source in sources:
        shop.spec(source, {"orders": COLUMNS})
        shop.drop(f"{source}/orders.csv", "id,name\n1,a\n")
    forked, go_on = Event(), Event()
    stage = extract.stage

    def slowly(con: Any, source: Any, batch: Any) -> Any:
        if source.name == sources[0]:
            forked.set()
            assert go_on.wait(timeout=60)
        return stage(con, source, batch)

    def waits(_: str) -> None:
        go_on.set()

    monkeypatch.setattr(load_module, "stage", slowly)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(shop.ingest, sources[0])
        assert forked.wait(timeout=60)
        run.ingest(shop.settings, [sources[1]], on_step=waits)
        go_on.set()
        slow.result()
    tables = [p.changes[0].table.name for p in reversed(shop.lake.log(2))]
    return [table.rpartition("__")[0] for table in tables]


def loaded_at(shop: Shop, source: str) -> datetime:
    [(moment,)] = shop.rows(f"select max(_loaded_at) from lake.raw.{source}__orders")
    assert isinstance(moment, datetime)
    return moment


def test_rows_are_published_in_the_order_of_their_moment(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = overtake(shop, monkeypatch, "turn")
    assert (first, second) == ("turn_slow", "turn_fast")
    assert loaded_at(shop, first) < loaded_at(shop, second)


def test_without_waiting_a_later_publication_would_hold_older_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_in_turn", lambda *_: nullcontext())
    first, second = overtake(shop, monkeypatch, "heap")
    assert loaded_at(shop, first) > loaded_at(shop, second)


def test_a_clock_set_back_does_not_make_rows_older(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in ("clock_a", "clock_b"):
        shop.spec(source, {"orders": COLUMNS})
        shop.drop(f"{source}/orders.csv", "id,name\n1,a\n")
    shop.ingest("clock_a")
    past = datetime(2020, 1, 1)  # noqa: DTZ001  # as raw tables store it
    monkeypatch.setattr(run, "utc_now", lambda: past)
    shop.ingest("clock_b")
    after = loaded_at(shop, "clock_b") - loaded_at(shop, "clock_a")
    assert timedelta() < after < timedelta(minutes=1)
