import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from orchestration.errors import ConflictError, NotFoundError, UsageError
from orchestration.lake import Lake, Provenance, TableId, branches
from orchestration.lake import publish as publish_module
from orchestration.lake.catalog import namespaces
from orchestration.lake.store import changes
from orchestration.settings import Settings
from orchestration.tests.postgres import on_both_databases
from orchestration.tests.unit.lake.states import Put, state

ME = Provenance(
    who="me",
    git_commit="0" * 40,
    dbt_invocation="2f1c",
    fingerprint="sha256:abc",
    inputs={"raw.shop__orders": 42, "raw.shop__empty": None},
)

pytestmark = on_both_databases


def test_times_of_publications_never_run_backwards(
    lake: Lake, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.create_branch("run")
    put("run", "a.x", "x1")
    first = lake.publish("run", ME)
    past = "2020-01-01T00:00:00+00:00"
    monkeypatch.setattr(branches, "now", lambda: past)
    put("run", "a.x", "x2")
    second = lake.publish("run", ME)
    assert first is not None
    assert second is not None
    assert second.published_at - first.published_at == timedelta(microseconds=1)


def test_publish_moves_everything_and_records_it(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    put("run", "a.x", "x1")
    put("run", "a.v", "v1", "VIEW")
    published = lake.publish("run", ME)
    assert published is not None
    assert state(lake, "main") == {"a.x": "x1", "a.v": "v1"}
    assert lake.pointers("main")[TableId("a", "v")].kind == "VIEW"
    assert (published.kind, published.branch) == ("publish", "run")
    assert published.provenance == ME
    assert abs(published.published_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert [(str(one.table), one.old, one.new) for one in published.changes] == [
        ("a.v", None, "v1"),
        ("a.x", None, "x1"),
    ]
    assert lake.publication(published.id) == published
    assert lake.log() == [published]


def test_a_branch_that_differs_in_nothing_publishes_nothing(lake: Lake) -> None:
    lake.create_branch("run")
    assert lake.publish("run", ME) is None
    assert lake.log() == []


def test_a_branch_goes_on_after_it_was_published(lake: Lake, put: Put) -> None:
    lake.create_branch("dev")
    put("dev", "a.x", "x1")
    lake.publish("dev", ME)
    assert lake.diff("dev") == []
    assert lake.publish("dev", ME) is None
    put("dev", "a.x", "x2")
    lake.publish("dev", ME)
    assert state(lake, "main") == {"a.x": "x2"}


def test_a_conflict_names_every_table_and_moves_none(lake: Lake, put: Put) -> None:
    lake.create_branch("one")
    lake.create_branch("two")
    for branch in ("one", "two"):
        for name in ("a.x", "a.y", f"a.only_{branch}"):
            put(branch, name, f"{name}@{branch}")
    lake.publish("one", ME)
    before = state(lake, "main")
    with pytest.raises(ConflictError) as caught:
        lake.publish("two", ME)
    assert caught.value.where == "a.x, a.y"
    assert state(lake, "main") == before
    assert len(lake.log()) == 1


def test_a_table_that_main_dropped_is_a_conflict(lake: Lake, put: Put) -> None:
    lake.create_branch("one")
    put("one", "a.x", "x1")
    lake.publish("one", ME)
    lake.create_branch("two")
    put("two", "a.x", "x2")
    put("one", "a.x", None)
    lake.publish("one", ME)
    with pytest.raises(ConflictError, match=r"a\.x"):
        lake.publish("two", ME)
    assert state(lake, "main") == {}


def test_without_the_comparison_a_conflict_would_overwrite(
    lake: Lake, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard of the tests above, switched off: it is what holds main."""
    monkeypatch.setattr(publish_module, "_compare", lambda *_, **__: None)
    lake.create_branch("one")
    lake.create_branch("two")
    put("one", "a.x", "x@one")
    put("two", "a.x", "x@two")
    lake.publish("one", ME)
    lake.publish("two", ME)
    assert state(lake, "main") == {"a.x": "x@two"}


def test_what_main_has_already_is_no_conflict(lake: Lake, put: Put) -> None:
    lake.create_branch("one")
    lake.create_branch("two")
    put("one", "a.x", "x1")
    put("two", "a.x", "x1")
    put("two", "a.y", "y1")
    lake.publish("one", ME)
    published = lake.publish("two", ME)
    assert published is not None
    assert [str(one.table) for one in published.changes] == ["a.y"]


def test_tables_in_work_are_not_published(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    put("run", "a.x__firn_tmp_7", "t1")
    assert lake.publish("run", ME) is None
    put("run", "a.x", "x1")
    lake.publish("run", ME)
    assert state(lake, "main") == {"a.x": "x1"}


def test_a_failure_while_publishing_moves_nothing(
    lake: Lake, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("the machine stops here")

    lake.create_branch("run")
    put("run", "a.x", "x1")
    monkeypatch.setattr(publish_module, "_advance_fork", fail)
    with pytest.raises(RuntimeError):
        lake.publish("run", ME)
    monkeypatch.undo()
    assert state(lake, "main") == {}
    assert lake.log() == []
    with lake.store.read() as connection:
        assert connection.execute(sa.select(changes)).all() == []


def test_only_a_branch_of_main_is_published(lake: Lake) -> None:
    lake.create_branch("dev")
    lake.create_branch("child", base="dev")
    with pytest.raises(UsageError, match="its base is dev"):
        lake.publish("child", ME)
    with pytest.raises(UsageError, match="main"):
        lake.publish("main", ME)


def test_a_new_namespace_comes_along(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    with lake.store.write() as connection:
        namespaces.create(connection, "run", "marts", {"owner": "us"})
    put("run", "marts.x", "x1")
    lake.publish("run", ME)
    with lake.store.read() as connection:
        assert namespaces.properties(connection, "main", "marts") == {"owner": "us"}


def test_rollback_puts_the_old_pointers_back(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    put("run", "a.x", "x1")
    put("run", "a.y", "y1")
    lake.publish("run", ME)
    put("run", "a.x", "x2")
    put("run", "a.y", None)
    put("run", "a.z", "z1")
    second = lake.publish("run", ME)
    assert second is not None

    undo = lake.rollback(second.id, Provenance(who="you"))

    assert state(lake, "main") == {"a.x": "x1", "a.y": "y1"}
    assert (undo.kind, undo.reverts, undo.provenance.who) == (
        "rollback",
        second.id,
        "you",
    )
    assert [(str(one.table), one.change) for one in undo.changes] == [
        ("a.x", "changed"),
        ("a.y", "added"),
        ("a.z", "removed"),
    ]
    assert lake.log()[0] == undo


def test_rollback_refuses_what_something_newer_moved(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    for version in ("1", "2"):
        put("run", "a.x", f"x{version}")
        put("run", "a.y" + version, "y")
        lake.publish("run", ME)
    with pytest.raises(ConflictError) as caught:
        lake.rollback(1, ME)
    assert caught.value.where == "a.x"
    assert state(lake, "main") == {"a.x": "x2", "a.y1": "y", "a.y2": "y"}


def test_rollback_without_a_number_goes_back_step_by_step(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    for version in ("x1", "x2", "x3"):
        put("run", "a.x", version)
        lake.publish("run", ME)
    assert lake.rollback(None, ME).reverts == 3
    assert lake.rollback(None, ME).reverts == 2
    assert state(lake, "main") == {"a.x": "x1"}
    redone = lake.rollback(5, ME)  # undoes the undoing of publication 2
    assert redone.reverts == 5
    assert state(lake, "main") == {"a.x": "x2"}
    assert lake.rollback(None, ME).reverts == 2
    assert lake.rollback(None, ME).reverts == 1
    with pytest.raises(NotFoundError):
        lake.rollback(None, ME)


def test_the_same_publication_is_not_rolled_back_twice(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    put("run", "a.x", "x1")
    lake.publish("run", ME)
    lake.rollback(1, ME)
    with pytest.raises(NotFoundError, match="already undone"):
        lake.rollback(1, ME)
    assert len(lake.log()) == 2


def test_log_is_newest_first_and_as_long_as_asked(lake: Lake, put: Put) -> None:
    lake.create_branch("run")
    for version in range(5):
        put("run", "a.x", f"x{version}")
        lake.publish("run", ME)
    assert [one.id for one in lake.log(limit=3)] == [5, 4, 3]
    with pytest.raises(NotFoundError, match="publication 9"):
        lake.publication(9)


def test_of_two_publishers_at_once_one_wins(settings: Settings, put: Put) -> None:
    lakes = [Lake.open(settings), Lake.open(settings)]
    for number in range(10):
        names = [f"run_{number}_{side}" for side in (0, 1)]
        for name in names:
            lakes[0].create_branch(name)
            for table in range(20):
                put(name, f"a.t{table}", name)
        with ThreadPoolExecutor(2) as pool:
            barrier = threading.Barrier(2)
            outcome = list(pool.map(_publish_at, [barrier] * 2, lakes, names))
        assert sorted(outcome) == ["published", "refused"]
        held = set(state(lakes[0], "main").values())
        assert held == {names[outcome.index("published")]}
    for opened in lakes:
        opened.close()


def _publish_at(barrier: threading.Barrier, lake: Lake, name: str) -> str:
    barrier.wait()
    try:
        lake.publish(name, ME)
    except ConflictError:
        return "refused"
    return "published"


def a_drop_and_a_change_at_once(
    lake: Lake, put: Put, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """What two publications of one table come to that compare in the same moment."""
    barrier = threading.Barrier(2)
    compare = publish_module._compare

    def slowly(*args: Any, **kwargs: Any) -> None:
        compare(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            barrier.wait(0.5)  # the other one may be held back by a lock

    lake.create_branch("first")
    put("first", "a.x", "x1")
    lake.publish("first", ME)
    for name, location in (("one", None), ("two", "x2")):
        lake.create_branch(name)
        put(name, "a.x", location)
    monkeypatch.setattr(publish_module, "_compare", slowly)
    with ThreadPoolExecutor(2) as pool:
        start = threading.Barrier(2)
        return list(pool.map(_publish_at, [start] * 2, [lake] * 2, ["one", "two"]))


def test_a_drop_and_a_change_at_once_are_a_conflict(
    lake: Lake, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = a_drop_and_a_change_at_once(lake, put, monkeypatch)
    assert sorted(outcome) == ["published", "refused"]
    expected = {} if outcome[0] == "published" else {"a.x": "x2"}
    assert state(lake, "main") == expected


def test_without_the_lock_on_main_the_drop_would_be_lost(
    settings: Settings, lake: Lake, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard of the test above, switched off; SQLite has one writer anyway."""
    get = branches.get
    monkeypatch.setattr(
        branches, "get", lambda connection, name, **_: get(connection, name)
    )
    outcome = a_drop_and_a_change_at_once(lake, put, monkeypatch)
    is_sqlite = settings.database_url.startswith("sqlite")
    assert outcome.count("published") == (1 if is_sqlite else 2)
