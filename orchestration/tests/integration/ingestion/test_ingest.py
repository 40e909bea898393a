"""Files land on `main` exactly once, whatever happens on the way."""

import gzip
import os
import subprocess
import sys
from typing import Any

import pytest

from orchestration.errors import (
    GateError,
    SourcesRefusedError,
    UsageError,
)
from orchestration.ingestion import land, run
from orchestration.ingestion import ledger as ledger_module
from orchestration.ingestion.result import IngestResult
from orchestration.lake import Lake, Provenance
from orchestration.tests.integration.ingestion.conftest import COLUMNS, Shop
from orchestration.tests.pages import promise


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


def test_without_the_ledger_a_copy_would_land_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.spec("blind", {"orders": COLUMNS})
    shop.drop("blind/orders.csv", "id,name\n1,a\n")
    shop.ingest("blind")
    shop.drop("blind/orders2.csv", "id,name\n1,a\n")
    monkeypatch.setattr(ledger_module.Ledger, "knows_content", lambda *_: False)
    assert shop.load("blind").landed == 1
