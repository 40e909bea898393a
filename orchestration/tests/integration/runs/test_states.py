"""Going back, looking at any state, and never seeing half of one."""

import json
import threading
from collections.abc import Callable
from contextlib import closing

import pytest

from orchestration.build.progress import Silent
from orchestration.build.run import build
from orchestration.cli.sql import state
from orchestration.lake import Lake, TableId
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.pages import promise

BOTH = """
select (select sum(amount) from marts.fct_orders), (select amount from marts.rpt_totals)
"""


def asked(firn: Firn, *call: str) -> object:
    result = firn("sql", *call, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@promise("undo the last publication, at once")
@promise("and read any earlier state")
def test_any_state_can_be_asked_and_a_rollback_undone(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0))
    first = build(project).publication
    land((2, 5.0))
    second = build(project).publication
    assert first
    assert second
    query = "select amount from marts.rpt_totals"

    assert asked(firn, query) == [{"amount": 15.0}]
    assert asked(firn, query, "--at", str(first.id)) == [{"amount": 10.0}]
    view = "select count(*) as n from staging.stg_orders"
    assert asked(firn, view, "--at", str(first.id)) == [{"n": 1}]

    back = json.loads(firn("rollback", "--format", "json").stdout)["publication"]
    assert (back["kind"], back["reverts"]) == ("rollback", second.id)
    assert asked(firn, query) == [{"amount": 10.0}]
    assert asked(firn, query, "--at", str(second.id)) == [{"amount": 15.0}]

    # What was rolled back is not built again by itself, and not in silence.
    idle = build(project)
    assert idle.status == "unchanged"
    assert idle.reason.endswith(f"and {back['publication']} rolled it back")
    assert build(project, force=True).status == "published"
    assert asked(firn, query) == [{"amount": 15.0}]
    kinds = [p["kind"] for p in json.loads(firn("log", "--format", "json").stdout)]
    assert kinds == ["publish", "rollback", "publish", "publish", "publish", "publish"]
    assert [b.name for b in lake.branches()] == ["main"]


def test_sql_only_reads_unless_told_and_never_writes_main(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0))
    before = lake.pointers("main")
    for write in (
        "delete from raw.shop__orders",
        "create table raw.x as select 1",
        "drop table raw.shop__orders",
        "select 1; insert into raw.shop__orders values (2, 1, now()::timestamp)",
    ):
        result = firn("sql", write)
        assert result.exit_code == 2
        assert "only reads" in result.stderr
    assert lake.pointers("main") == before

    lake.create_branch("fix")
    delete = "delete from raw.shop__orders"
    assert firn("sql", delete, "--branch", "fix", "--write").exit_code == 0
    count = "select count(*) as n from raw.shop__orders"
    assert asked(firn, count, "--branch", "fix") == [{"n": 0}]
    assert asked(firn, count) == [{"n": 1}]


def test_a_wrong_name_gets_the_right_ones(
    project: Settings, land: Land, firn: Firn
) -> None:
    land((1, 10.0))
    result = firn("sql", "from raw.shop__order")
    assert result.exit_code == 2
    assert "raw.shop__orders" in result.stderr


@promise("and what it changed there")
def test_diff_explains_rows_and_columns(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0), (2, 5.0))
    build(project)
    lake.create_branch("fix")
    with connect(project, "fix") as connection:
        connection.execute("alter table lake.marts.fct_orders add column tip double")
        connection.execute(
            "update lake.marts.fct_orders set amount = 7 where order_id = 1"
        )
        connection.execute("delete from lake.marts.fct_orders where order_id = 2")
        connection.execute("insert into lake.marts.fct_orders values (3, 1.0, 0.5)")
    (change,) = json.loads(firn("diff", "fix", "--format", "json").stdout)
    assert change["columns"] == ["+ tip double"]
    assert (change["rows_before"], change["rows_after"]) == (2, 2)

    call = ("diff", "fix", "--rows", "marts.fct_orders", "--key", "order_id")
    found = json.loads(firn(*call, "--format", "json").stdout)
    assert (found["added"], found["changed"], found["removed"]) == (1, 1, 1)
    assert found["rows"][0] == {
        "change": "changed",
        "key": {"order_id": 1},
        "columns": {"amount": {"before": 10.0, "after": 7.0}},
    }
    assert firn("diff", "fix", "--rows", "marts.nix", "--key", "a").exit_code == 2
    assert "amount: 10.0 → 7.0" in firn(*call).stdout


class Reader:
    """Looks at `main` over and over in a thread of its own."""

    def __init__(self, look: Callable[[], object]) -> None:
        self.seen: list[object] = []
        self._look = look
        self._done = False
        self._more = threading.Condition()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._poll)

    def __enter__(self) -> "Reader":
        self._thread.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._done = True
        self._thread.join()
        assert self._failed is None

    def wait_for_more(self) -> None:
        """Return after a look that began after now."""
        with self._more:
            enough = len(self.seen) + 2
            assert self._more.wait_for(
                lambda: len(self.seen) >= enough or self._failed, timeout=60
            )

    def _poll(self) -> None:
        while not self._done and self._failed is None:
            try:
                found = self._look()
            except Exception as error:  # noqa: BLE001  # told when the reader ends
                self._failed = error
                found = None
            with self._more:
                self.seen.append(found)
                self._more.notify_all()


OLD, NEW = (10.0, 10.0), (15.0, 15.0)


@pytest.mark.parametrize("reader", ["an open session", "firn sql"])
@promise("readers see all of it or none of it")
def test_a_reader_of_two_marts_never_sees_a_mixed_state(
    project: Settings, lake: Lake, land: Land, reader: str
) -> None:
    land((1, 10.0))
    build(project)
    land((2, 5.0))
    session = connect(project, "main", read_only=True)

    def ask_session() -> object:
        return session.execute(BOTH).fetchall()[0]

    def ask_as_the_command_does() -> object:
        with (
            state(project, branch="main", at=None) as name,
            connect(project, name, read_only=True) as connection,
        ):
            return connection.execute(BOTH).fetchall()[0]

    look = ask_session if reader == "an open session" else ask_as_the_command_does
    with closing(session), Reader(look) as polling:
        published = build(project).publication
        polling.wait_for_more()
        assert published
        assert polling.seen[-1] == NEW
        back = lake.rollback(published.id, published.provenance)
        polling.wait_for_more()
        assert polling.seen[-1] == OLD
        assert polling.seen[0] == OLD
        assert set(polling.seen) == {OLD, NEW}
        if reader == "an open session":  # many more moves, as the window is small
            for _ in range(50):
                back = lake.rollback(back.id, back.provenance)
                polling.wait_for_more()
            assert set(polling.seen) == {OLD, NEW}


@promise("readers see all of it or none of it")
def test_pointers_move_together(project: Settings, lake: Lake, land: Land) -> None:
    """The same for whoever reads the catalog's rows: one look, one state."""
    land((1, 10.0))
    build(project)
    tables = [TableId("marts", "fct_orders"), TableId("marts", "rpt_totals")]

    def look() -> object:
        found = own.pointers("main")
        return tuple(found[table].metadata_location for table in tables)

    with closing(Lake.open(project)) as own, Reader(look) as polling:
        publication = build(project, force=True).publication
        assert publication
        polling.wait_for_more()
        lake.rollback(publication.id, publication.provenance)
        polling.wait_for_more()
    assert len(set(polling.seen)) == 2
    assert polling.seen[0] == polling.seen[-1]


class Peeking(Silent):
    """Looks at main at every stage of a build."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.seen: dict[str, dict[TableId, object]] = {}

    def step(self, what: str) -> None:
        self.seen[what] = dict(self._lake.pointers("main"))


@promise("every load and every build works on a zero-copy branch of the lake")
def test_main_does_not_move_before_the_publish(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    before = dict(lake.pointers("main"))
    progress = Peeking(lake)
    build(project, progress=progress)
    assert list(progress.seen) == [
        "source freshness",
        "dbt build",
        "gates",
        "publish",
    ]
    assert all(state == before for state in progress.seen.values())
    assert dict(lake.pointers("main")) != before


@pytest.mark.parametrize("what", ["table raw.t as select 1 as i", "schema x"])
def test_what_is_made_beside_the_lake_is_told(
    project: Settings, lake: Lake, land: Land, firn: Firn, what: str
) -> None:
    land((1, 10.0))
    lake.create_branch("fix")
    on_fix = ("--branch", "fix", "--write")
    lost = firn("sql", f"create {what}", *on_fix)
    assert lost.exit_code == 2
    assert "beside the lake" in lost.stderr
    kind, _, rest = what.partition(" ")
    assert firn("sql", f"create {kind} lake.{rest}", *on_fix).exit_code == 0
