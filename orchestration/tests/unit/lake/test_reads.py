from collections.abc import Callable

from orchestration.lake import Lake, Provenance, TableId
from orchestration.lake.rest.reads import PAUSE_SECONDS, Reads
from orchestration.tests.postgres import on_both_databases

pytestmark = on_both_databases

Put = Callable[..., None]
A, B = TableId.parse("m.a"), TableId.parse("m.b")


def publish(lake: Lake, put: Put, **files: str) -> None:
    lake.create_branch("w")
    for name, location in files.items():
        put("w", f"m.{name}", location)
    lake.publish("w", Provenance(who="t"))
    lake.drop_branch("w")


def seen(
    reads: Reads, lake: Lake, table: TableId, *, reader: str = "r", at: float = 0
) -> str | None:
    with lake.store.read() as connection:
        pointer = reads.find(connection, reader, table, at=at)
    return pointer.metadata_location if pointer else None


def test_tables_of_one_statement_are_of_one_state(lake: Lake, put: Put) -> None:
    reads = Reads()
    publish(lake, put, a="a1", b="b1")
    assert seen(reads, lake, A) == "a1"
    publish(lake, put, a="a2", b="b2")
    publish(lake, put, a="a3", b="b3")
    assert seen(reads, lake, B) == "b1"


def test_asking_a_table_again_is_a_new_statement(lake: Lake, put: Put) -> None:
    reads = Reads()
    publish(lake, put, a="a1", b="b1")
    assert [seen(reads, lake, t) for t in (A, B)] == ["a1", "b1"]
    publish(lake, put, a="a2", b="b2")
    assert [seen(reads, lake, t) for t in (B, A)] == ["b2", "a2"]


def test_after_a_pause_the_newest_is_seen(lake: Lake, put: Put) -> None:
    reads = Reads()
    publish(lake, put, a="a1", b="b1")
    assert seen(reads, lake, A, at=10) == "a1"
    publish(lake, put, a="a2", b="b2")
    assert seen(reads, lake, B, at=10 + PAUSE_SECONDS / 2) == "b1"
    assert seen(reads, lake, A, at=20) == "a2"


def test_connections_do_not_hold_each_other_back(lake: Lake, put: Put) -> None:
    reads = Reads()
    publish(lake, put, a="a1", b="b1")
    assert seen(reads, lake, A, reader="one") == "a1"
    publish(lake, put, a="a2", b="b2")
    assert seen(reads, lake, B, reader="two") == "b2"
    assert seen(reads, lake, B, reader="") == "b2"
    assert seen(reads, lake, B, reader="one") == "b1"


def test_a_table_that_did_not_move_is_where_it_is(lake: Lake, put: Put) -> None:
    reads = Reads()
    publish(lake, put, a="a1", b="b1")
    assert seen(reads, lake, A) == "a1"
    publish(lake, put, a="a2")
    assert seen(reads, lake, B) == "b1"


def test_a_table_that_is_new_meanwhile_can_be_read(lake: Lake, put: Put) -> None:
    reads = Reads()
    publish(lake, put, a="a1")
    assert seen(reads, lake, A) == "a1"
    publish(lake, put, b="b1")
    assert seen(reads, lake, B) == "b1"
    assert seen(reads, lake, TableId.parse("m.c")) is None


def test_a_rollback_is_a_publication_like_any_other(lake: Lake, put: Put) -> None:
    reads = Reads()
    publish(lake, put, a="a1", b="b1")
    publish(lake, put, a="a2", b="b2")
    assert seen(reads, lake, A) == "a2"
    lake.rollback(None, Provenance(who="t"))
    assert seen(reads, lake, B) == "b2"
    assert [seen(reads, lake, t) for t in (A, B)] == ["a1", "b1"]
