"""Files land on `main` exactly once, whatever happens on the way."""

import gzip
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest

from orchestration.errors import (
    ConflictError,
    GateError,
    SourcesRefusedError,
    UsageError,
)
from orchestration.ingestion import extract, land, run
from orchestration.ingestion import ledger as ledger_module
from orchestration.ingestion import load as load_module
from orchestration.ingestion.result import IngestResult
from orchestration.lake import Lake, Provenance
from orchestration.tests.integration.ingestion.conftest import Shop
from orchestration.tests.pages import promise

COLUMNS = {"id": "bigint", "name": "varchar"}


def test_rows_rejects_and_ledger_are_published_together(shop: Shop) -> None:
    shop.spec("one", {"orders": COLUMNS, "items": COLUMNS}, max_reject_share=0.5)
    shop.drop("one/orders.csv", "id,name\n1,a\nx,b\n3,c\n")
    shop.drop("one/items.csv.gz", gzip.compress(b"id,name\n7,g\n"))
    seen: list[Any] = []
    result = run.ingest(shop.settings, ["one"], on_progress=seen.append)

    assert [(r.table, r.landed, r.rejected) for r in seen] == [
        ("orders", 2, 1),
        ("items", 1, 0),
    ]
    assert tuple(seen) == result.loads
    assert result.publication is not None
    changed = {str(change.table) for change in result.publication.changes}
    assert changed == {f"raw.one__{t}" for t in ("orders", "items", "rejects", "loads")}
    assert shop.ingest_branches() == []

    rows = shop.rows(
        "select id, name, _load_id, _source_file, _row_number, "
        "_loaded_at between now()::timestamp - interval 1 minute and now()::timestamp "
        "from lake.raw.one__orders order by id"
    )
    load_id = result.loads[0].load_id
    assert rows == [
        (1, "a", load_id, "landing/one/orders.csv", 1, True),
        (3, "c", load_id, "landing/one/orders.csv", 3, True),
    ]
    assert shop.rows("select line_number, raw_line from lake.raw.one__rejects") == [
        (3, "x,b")
    ]
    assert shop.rows(
        "select table_name, source_rows, landed_rows, rejected_rows, "
        "length(content_sha256) from lake.raw.one__loads order by 1"
    ) == [("items", 1, 1, 0, 64), ("orders", 3, 2, 1, 64)]


def test_nothing_new_publishes_nothing(shop: Shop) -> None:
    shop.spec("twice", {"orders": COLUMNS})
    shop.drop("twice/orders.csv", "id,name\n1,a\n")
    shop.ingest("twice")
    before = shop.lake.log(1)
    shop.drop("twice/orders-copy.csv", "id,name\n1,a\n")
    result = shop.ingest("twice")
    assert (result.publication, result.loads[0].copies) == (None, 1)
    assert shop.lake.log(1) == before
    assert shop.ingest_branches() == []


def test_too_many_rejects_publish_nothing_and_leave_the_branch(shop: Shop) -> None:
    shop.spec("bad", {"orders": COLUMNS}, max_reject_share=0.4)
    shop.drop("bad/orders.csv", "id,name\n1,a\nx,b\n")
    with pytest.raises(GateError) as caught:
        shop.ingest("bad")
    assert "1 of 2 rows do not fit (50.0%, at most 40.0%)" in caught.value.what
    [branch] = shop.ingest_branches()
    assert branch in caught.value.remedy
    query = caught.value.remedy.split('"')[1]
    assert shop.rows(query, branch=branch) == [
        ("id cannot be read as bigint", 1, "x,b")
    ]
    assert not any(t.name.startswith("bad__") for t in shop.lake.pointers("main"))
    with pytest.raises(UsageError):  # not even by hand
        shop.lake.publish(branch, Provenance(who="tester"))

    # Refused again, it is still one branch, with the last refusal on it.
    with pytest.raises(GateError) as caught:
        shop.ingest("bad")
    assert shop.ingest_branches() == [branch]
    query = caught.value.remedy.split('"')[1]
    assert shop.rows(query, branch=branch)
    shop.lake.drop_branch(branch)

    # The limit itself: as many rejects as it allows do land.
    shop.spec("bad", {"orders": COLUMNS}, max_reject_share=0.5)
    assert shop.load("bad").rejected == 1


def test_a_refused_source_does_not_hold_up_the_others(shop: Shop) -> None:
    shop.spec("aa_wrong", {"orders": COLUMNS})
    shop.spec("bb_right", {"orders": COLUMNS})
    shop.drop("aa_wrong/orders.csv", "id\n1\n")
    shop.drop("bb_right/orders.csv", "id,name\n1,a\n")
    with pytest.raises(GateError, match="missing column 'name'") as caught:
        shop.ingest("aa_wrong", "bb_right")
    assert isinstance(caught.value, SourcesRefusedError)
    assert isinstance(caught.value.landed, IngestResult)
    [load] = caught.value.landed.loads
    assert (load.source, load.landed) == ("bb_right", 1)
    assert caught.value.exit_code == 1
    assert shop.rows("select id from lake.raw.bb_right__orders") == [(1,)]
    assert shop.ingest_branches() == []


@promise(
    "A refused file holds back its whole source until it is corrected or moved away."
)
def test_a_refused_file_holds_back_its_source_until_it_is_corrected(
    shop: Shop,
) -> None:
    shop.spec("held", {"orders": COLUMNS, "lines": COLUMNS})
    shop.drop("held/lines.csv", "id,name\n1,a\n")
    shop.drop("held/orders.csv", "id\n2\n")
    for _ in range(2):
        with pytest.raises(GateError, match="missing column 'name'"):
            shop.ingest("held")
        assert not [t for t in shop.lake.pointers("main") if "held" in t.name]
    shop.drop("held/orders.csv", "id,name\n2,b\n")
    shop.ingest("held")
    assert shop.rows("from lake.raw.held__orders select id") == [(2,)]
    assert shop.rows("from lake.raw.held__lines select id") == [(1,)]


def test_strict_refuses_and_evolve_takes_new_columns(shop: Shop) -> None:
    shop.spec("grows", {"orders": COLUMNS})
    shop.drop("grows/orders1.csv", "id,name\n1,a\n")
    shop.ingest("grows")
    shop.drop("grows/orders2.csv", "id,name,Order Total\n2,b,9\n")
    with pytest.raises(GateError, match="unknown column 'Order Total'"):
        shop.ingest("grows")
    shop.spec("grows", {"orders": COLUMNS}, schema_policy="evolve")
    shop.ingest("grows")
    rows = shop.rows("select id, order_total from lake.raw.grows__orders order by id")
    assert rows == [(1, None), (2, "9")]


def test_a_type_grows_in_place(shop: Shop) -> None:
    shop.spec("wider", {"orders": {"id": "integer", "usd": "decimal(5,2)"}})
    shop.drop("wider/orders1.csv", "id,usd\n1,1.5\n")
    shop.ingest("wider")
    shop.spec("wider", {"orders": {"id": "bigint", "usd": "decimal(9,2)"}})
    shop.drop("wider/orders2.csv", "id,usd\n5000000000,1234567.89\n")
    shop.ingest("wider")
    rows = shop.rows("select id, usd::varchar from lake.raw.wider__orders order by id")
    assert rows == [(1, "1.50"), (5_000_000_000, "1234567.89")]


@pytest.mark.parametrize("step", ["write_ledger", "publish"])
@promise("how files land in raw exactly once")
def test_a_crash_before_publish_lands_once_in_the_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    name = f"crash_{step}"
    shop.spec(name, {"orders": COLUMNS})
    shop.drop(f"{name}/orders.csv", "id,name\n1,a\n2,b\n")

    def crash(*args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        target: Any = land if step == "write_ledger" else Lake
        patch.setattr(target, step, crash)
        with pytest.raises(KeyboardInterrupt):
            shop.ingest(name)
    assert not any(t.name.startswith(name) for t in shop.lake.pointers("main"))
    assert shop.load(name).landed == 2
    assert shop.rows(f"select count(*) from lake.raw.{name}__orders") == [(2,)]
    assert shop.ingest_branches() == []


_KILLED = """
import os, sys
from orchestration.ingestion.run import ingest
from orchestration.ingestion.result import IngestResult
from orchestration.lake import Lake, Provenance
from orchestration.settings import Settings
from orchestration.tests.pages import promise
Lake.publish = lambda *args: os.kill(os.getpid(), 9)
ingest(Settings.load(), ["killed"])
"""


def test_a_process_killed_before_publish_changes_nothing(shop: Shop) -> None:
    shop.spec("killed", {"orders": COLUMNS})
    shop.drop("killed/orders.csv", "id,name\n1,a\n")
    project = shop.settings.project_dir
    # Other tests of this worker may have set a lake of their own.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("FIRN_")}
    process = subprocess.run(
        [sys.executable, "-c", _KILLED], cwd=project, env=environ, check=False
    )
    assert process.returncode == -9
    [left] = shop.ingest_branches()
    assert shop.rows("select id from lake.raw.killed__orders", branch=left) == [(1,)]
    assert not any(t.name.startswith("killed") for t in shop.lake.pointers("main"))
    assert shop.load("killed").landed == 1
    assert shop.rows("select id from lake.raw.killed__orders") == [(1,)]
    shop.lake.drop_branch(left)


def test_a_rollback_takes_the_ledger_back_too(shop: Shop) -> None:
    shop.spec("undone", {"orders": COLUMNS})
    shop.drop("undone/orders.csv", "id,name\n1,a\n")
    first = shop.ingest("undone").publication
    assert first is not None
    shop.lake.rollback(first.id, first.provenance)
    assert shop.load("undone").landed == 1
    assert shop.rows("select id from lake.raw.undone__orders") == [(1,)]


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


def test_without_the_ledger_a_copy_would_land_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.spec("blind", {"orders": COLUMNS})
    shop.drop("blind/orders.csv", "id,name\n1,a\n")
    shop.ingest("blind")
    shop.drop("blind/orders2.csv", "id,name\n1,a\n")
    monkeypatch.setattr(ledger_module.Ledger, "knows_content", lambda *_: False)
    assert shop.load("blind").landed == 1
