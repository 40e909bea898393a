"""Any order of verbs, on a real lake and on its oracle, with a reader on `main`."""

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from starlette.testclient import TestClient

from orchestration.errors import ConflictError, NotFoundError, UsageError
from orchestration.lake import Lake, Provenance, clean, ownership
from orchestration.lake.catalog.files import local_path
from orchestration.lake.clean import Limits
from orchestration.lake.rest.app import application
from orchestration.settings import Settings
from orchestration.tests.unit.lake import tiny
from orchestration.tests.unit.lake.oracle import MAIN, Oracle, put
from orchestration.tests.unit.lake.protocol import TOKEN

ME = Provenance(who="me")
RUN = "run_20260101_000000_000"  # a branch that clean-up may take
BRANCHES = st.sampled_from(["dev", "other", f"{RUN}1", f"{RUN}2"])
TABLES = st.sampled_from(["x", "y", "z", "y__firn_tmp_1"])
VIEWS = st.sampled_from(["v", "w"])
MONTH = timedelta(days=30)  # longer than every grace

with_branches = precondition(lambda self: self.oracle.branches)
with_tables = precondition(lambda self: self.tables())


class LakeMachine(RuleBasedStateMachine):
    """Verbs of the lake and commits of engines; subclasses say where the lake is."""

    new_settings: Callable[[Path], Settings]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.home = Path(tempfile.mkdtemp(prefix="firn-machine-"))
        self.stack.callback(shutil.rmtree, self.home)
        self.settings = type(self).new_settings(self.home)
        self.lake = Lake.open(self.settings)
        self.stack.callback(self.lake.close)
        ownership.claim(self.lake.store, self.settings)
        warehouse = self.settings.warehouse
        app = application(self.lake.store, warehouse=warehouse, token=TOKEN)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        http = TestClient(app, headers=headers, raise_server_exceptions=False)
        self.engine = tiny.Engine(self.stack.enter_context(http))
        self.oracle = Oracle()
        self.rows: dict[str, set[Path]] = {}  # metadata file → files of its rows
        self.needs: dict[str, set[Path]] = {}  # metadata file → all that it leads to

    def teardown(self) -> None:
        self.stack.close()

    @initialize()
    def begin_with_two_branches_of_one_table(self) -> None:
        """Conflicts need them, and drawing them by chance takes long."""
        for name in ("dev", "other"):
            self._fork(name, MAIN, None)
            if name == "dev":
                self._create(name, "x")
                self._publish(name)

    # What rules draw from

    def tables(self, kind: str = "tables") -> list[tuple[str, str]]:
        """Every table (or view) of every branch but `main`."""
        return sorted(
            (name, table.partition(".")[2])
            for name, branch in self.oracle.branches.items()
            for table, location in branch.state.items()
            if (location in self.rows) == (kind == "tables")
        )

    def draw_branch(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.oracle.branches)))

    def draw_table(self, data: st.DataObject) -> tuple[str, str]:
        return data.draw(st.sampled_from(self.tables()))

    # Branches

    @rule(name=BRANCHES, data=st.data())
    def fork(self, name: str, data: st.DataObject) -> None:
        base = data.draw(st.sampled_from([MAIN, MAIN, *sorted(self.oracle.branches)]))
        at = None
        if base == MAIN and self.oracle.log:
            at = data.draw(st.sampled_from([None, *self.oracle.log]))
        if name in self.oracle.branches:
            with pytest.raises(UsageError, match="exists already"):
                self.lake.create_branch(name, base=base)
            return
        if at and self.oracle.log[at].cleaned:
            with pytest.raises(NotFoundError, match="cleaned"):
                self.lake.create_branch(name, at=at)
            return
        self._fork(name, base, at)

    def _fork(self, name: str, base: str, at: int | None) -> None:
        self.lake.create_branch(name, base=base, at=at)
        self.oracle.fork(name, base, at)
        made = self.engine.post(name, "namespaces", {"namespace": [tiny.NAMESPACE]})
        assert made.status_code in (200, 409)

    @with_branches
    @rule(data=st.data())
    def drop_branch(self, data: st.DataObject) -> None:
        name = self.draw_branch(data)
        self.lake.drop_branch(name)
        del self.oracle.branches[name]

    @with_branches
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        name = self.draw_branch(data)
        base = self.oracle.branches[name].base
        if base != MAIN and base not in self.oracle.branches:
            with pytest.raises(UsageError, match="was dropped"):
                self.lake.refresh(name)
            return
        moved = [str(one) for one in self.lake.refresh(name)]
        assert moved == self.oracle.refresh(name)

    # Commits of engines

    @with_branches
    @rule(data=st.data(), table=TABLES)
    def create(self, data: st.DataObject, table: str) -> None:
        self._create(self.draw_branch(data), table)

    def _create(self, name: str, table: str) -> None:
        made = self.engine.create(name, table)
        if f"n.{table}" in self.oracle.state(name):
            assert made.status_code == 409
            return
        assert made.status_code == 200, made.text
        self.learn(name, table)

    @with_tables
    @rule(data=st.data(), keep=st.booleans())
    def write(self, data: st.DataObject, keep: bool) -> None:
        self._write(*self.draw_table(data), keep=keep)

    def _write(self, name: str, table: str, *, keep: bool) -> None:
        change = self.engine.change(self.metadata(name, table), keep=keep)
        done = self.engine.commit(name, table, change)
        assert done.status_code == 200, done.text
        self.learn(name, table)

    @with_tables
    @rule(data=st.data())
    def write_and_publish(self, data: st.DataObject) -> None:
        name, table = self.draw_table(data)
        self._write(name, table, keep=True)
        self._publish(name)

    @with_tables
    @rule(data=st.data())
    def write_too_late(self, data: st.DataObject) -> None:
        """Two commits on top of one state: the second one is refused."""
        name, table = self.draw_table(data)
        metadata = self.metadata(name, table)
        first, second = (self.engine.change(metadata, keep=True) for _ in range(2))
        assert self.engine.commit(name, table, first).status_code == 200
        self.learn(name, table)
        assert self.engine.commit(name, table, second).status_code == 409

    @with_tables
    @rule(data=st.data(), is_late=st.booleans())
    def write_several(self, data: st.DataObject, is_late: bool) -> None:
        """All tables of a branch in one commit; one that is late refuses them all."""
        name, chosen = self.draw_table(data)
        mine = [table for branch, table in self.tables() if branch == name]
        changes = {
            table: self.engine.change(self.metadata(name, table), keep=True)
            for table in mine
        }
        if is_late:
            first = self.engine.change(self.metadata(name, chosen), keep=False)
            assert self.engine.commit(name, chosen, first).status_code == 200
            self.learn(name, chosen)
            assert self.engine.commit_all(name, changes).status_code == 409
            return
        assert self.engine.commit_all(name, changes).status_code == 204
        for table in mine:
            self.learn(name, table)

    @with_tables
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        name, table = self.draw_table(data)
        change = tiny.expiry(self.metadata(name, table))
        assert self.engine.commit(name, table, change).status_code == 200
        self.learn(name, table)

    @with_tables
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        name, table = self.draw_table(data)
        assert self.engine.drop(name, table).status_code == 204
        put(self.oracle.state(name), f"n.{table}", None)

    @with_tables
    @rule(data=st.data(), new=TABLES)
    def rename(self, data: st.DataObject, new: str) -> None:
        name, table = self.draw_table(data)
        done = self.engine.rename(name, table, new)
        state = self.oracle.state(name)
        if f"n.{new}" in state:
            assert done.status_code == 409
            return
        assert done.status_code == 204
        state[f"n.{new}"] = state.pop(f"n.{table}")

    @with_branches
    @rule(data=st.data(), view=VIEWS)
    def create_view(self, data: st.DataObject, view: str) -> None:
        name = self.draw_branch(data)
        request = tiny.view(view, "select 1")
        made = self.engine.post(name, "namespaces/n/views", request)
        if f"n.{view}" in self.oracle.state(name):
            assert made.status_code == 409
            return
        location = made.json()["metadata-location"]
        self.needs[location] = {local_path(location)}
        self.oracle.state(name)[f"n.{view}"] = location

    @precondition(lambda self: self.tables("views"))
    @rule(data=st.data())
    def drop_view(self, data: st.DataObject) -> None:
        name, view = data.draw(st.sampled_from(self.tables("views")))
        assert self.engine.drop(name, view, "views").status_code == 204
        put(self.oracle.state(name), f"n.{view}", None)

    # Publications

    @with_branches
    @rule(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        self._publish(self.draw_branch(data))

    def _publish(self, name: str) -> None:
        if self.oracle.branches[name].base != MAIN:
            with pytest.raises(UsageError, match="can be published"):
                self.lake.publish(name, ME)
            return
        moves = self.oracle.to_publish(name)
        if conflicts := self.oracle.conflicts(moves):
            with pytest.raises(ConflictError) as caught:
                self.lake.publish(name, ME)
            assert caught.value.where == ", ".join(conflicts)
            return
        published = self.lake.publish(name, ME)
        assert (published is None) == (not moves)
        if published is not None:
            assert published.id == len(self.oracle.log) + 1
            self.oracle.publish(published.id, moves, name)

    @precondition(lambda self: self.oracle.log)
    @rule(data=st.data())
    def rollback(self, data: st.DataObject) -> None:
        given = data.draw(st.sampled_from([None, *self.oracle.log]))
        number = given or self.oracle.newest_in_effect()
        if number is None or self.oracle.log[number].cleaned:
            with pytest.raises(NotFoundError):
                self.lake.rollback(given, ME)
            return
        moves = self.oracle.to_undo(number)
        if not moves or self.oracle.conflicts(moves):
            with pytest.raises(ConflictError if moves else NotFoundError):
                self.lake.rollback(given, ME)
            return
        undo = self.lake.rollback(given, ME)
        self.oracle.publish(undo.id, moves, None)
        self.oracle.log[undo.id].reverts = number

    # Clean-up

    @rule(keep=st.integers(1, 3), is_planned_only=st.booleans())
    def clean(self, keep: int, is_planned_only: bool) -> None:
        now, limits = datetime.now(UTC) + MONTH, Limits(publications=keep)
        planned = clean.plan(self.lake, self.settings, limits, now=now)
        if is_planned_only:
            return
        clean.apply(self.lake, self.settings, planned, now=now)
        self.oracle.clean(keep, RUN)
        needed = self.needed()
        present = set(self.files())
        assert needed <= present, f"gone: {needed - present}"
        assert present <= needed, f"left: {present - needed}"

    # What holds at every moment

    @invariant()
    def every_branch_points_where_the_oracle_says(self) -> None:
        names = [MAIN, *self.oracle.branches]
        assert sorted(branch.name for branch in self.lake.branches()) == sorted(names)
        for name in names:
            held = self.lake.pointers(name).items()
            state = {str(t): pointer.metadata_location for t, pointer in held}
            assert state == self.oracle.state(name), name
        assert len(self.lake.log(1000)) == len(self.oracle.log)

    @invariant()
    def a_reader_of_main_finds_what_was_published(self) -> None:
        for table, location in self.oracle.main.items():
            kind = "tables" if location in self.rows else "views"
            loaded = self.engine.load(MAIN, table.partition(".")[2], kind)
            assert loaded["metadata-location"] == location
            for path in self.rows.get(location, ()):
                assert path.exists(), f"{table}: {path}"

    @invariant()
    def no_file_that_can_be_reached_is_gone(self) -> None:
        missing = [path for path in self.needed() if not path.exists()]
        assert missing == []

    def needed(self) -> set[Path]:
        """Every file that a branch, a fork or a kept publication leads to."""
        return set().union(*(self.needs[one] for one in self.oracle.pointers()))

    def files(self) -> list[Path]:
        """Every file of the warehouse but the marks of its lakes."""
        inside = self.settings.warehouse.rglob("*")
        return [one for one in inside if one.is_file() and ".lakes" not in one.parts]

    def metadata(self, branch: str, table: str) -> tiny.Json:
        location = self.oracle.state(branch)[f"n.{table}"]
        found: tiny.Json = json.loads(local_path(location).read_text())
        return found

    def learn(self, branch: str, table: str) -> None:
        """Take over where a commit has put a table, and look what it leads to."""
        loaded = self.engine.load(branch, table)
        location, metadata = loaded["metadata-location"], loaded["metadata"]
        self.rows[location] = tiny.files(metadata, location, current=True)
        self.needs[location] = tiny.files(metadata, location)
        self.oracle.state(branch)[f"n.{table}"] = location
