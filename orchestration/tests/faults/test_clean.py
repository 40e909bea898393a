"""`firn clean` deletes what nobody can reach, and nothing else."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import NotFoundError, SetupError
from orchestration.lake import Lake, clean, ownership, process, reachable, stale
from orchestration.lake.clean import Limits, Plan
from orchestration.lake.process import Endpoint
from orchestration.lake.reachable import DATA, LIST, MANIFEST, METADATA, Root
from orchestration.lake.session import rest_catalog
from orchestration.settings import Settings
from orchestration.tests.faults.small_lake import SmallLake
from orchestration.tests.pages import fault, mutant, promise

TABLE = "marts.t"
FIRST = ("create schema lake.marts", f"create table lake.{TABLE} as select 1 as a")
LATER = timedelta(days=30)
KEEPS = "clean-up beside branches, publications and writers at work"


@pytest.fixture
def small(settings: Settings, lake: Lake, catalog_endpoint: Endpoint) -> SmallLake:
    """A lake with one table in four publications."""
    made = SmallLake(settings, lake)
    again = [
        (f"drop table lake.{TABLE}", f"create table lake.{TABLE} as select {n} as a")
        for n in (2, 3, 4)
    ]
    made.publish(FIRST, *again)
    return made


def sweep(small: SmallLake, *, keep: int = 100, after: timedelta = LATER) -> Plan:
    """Clean, as of a moment after the grace of every file; an engine is at work."""
    now = datetime.now(UTC) + after
    limits = Limits(publications=keep)
    planned = clean.plan(small.lake, small.settings, limits, now=now)
    assert not planned.alone
    return clean.apply(small.lake, small.settings, planned, now=now)


def values(small: SmallLake) -> dict[Any, Any]:
    """What `main` and every publication that is kept read as."""
    kept = [one.id for one in small.lake.log() if not one.cleaned]
    return {"main": small.rows(TABLE)} | {
        number: small.rows_at(TABLE, number) for number in kept
    }


def keeps_what_is_reachable(small: SmallLake) -> None:
    """A sweep beside a branch, an old publication and a file that is being written."""
    small.lake.create_branch("dev", at=1)
    with small.on("dev") as con:
        con.execute(f"insert into lake.{TABLE} values (10)")
    folder = small.file(TABLE, DATA).parent
    sweep(small, keep=3)
    being_written = folder / "unfinished.parquet"
    being_written.write_bytes(b"PAR1")
    sweep(small, keep=3, after=timedelta(0))
    assert being_written.exists()
    assert small.rows(TABLE, "dev") == [(1,), (10,)]
    assert small.rows_in_duckdb(TABLE) == [(4,)]
    assert values(small) == {"main": [(4,)], 4: [(4,)], 3: [(3,)], 2: [(2,)]}


@fault(
    "Growing state",
    KEEPS,
    seen="they stay; `--dry-run` names what goes",
    rerun="nothing more to clean",
)
def test_it_keeps_what_branches_publications_and_writers_need(
    small: SmallLake,
) -> None:
    keeps_what_is_reachable(small)
    again = sweep(small, keep=3, after=timedelta(0))
    assert again.is_empty


@pytest.mark.parametrize(
    "blind",
    [
        pytest.param(
            lambda root: isinstance(root.holder, str) and root.holder != "main",
            marks=mutant(KEEPS, guard="branches' pointers are followed"),
        ),
        pytest.param(
            lambda root: isinstance(root.holder, int),
            marks=mutant(KEEPS, guard="publications' pointers are followed"),
        ),
    ],
    ids=["branches", "publications"],
)
def test_blind_to_some_pointers_it_would_delete_their_files(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch, blind: Any
) -> None:
    real = reachable.roots

    def some(connection: Any) -> list[Root]:
        return [root for root in real(connection) if not blind(root)]

    monkeypatch.setattr(reachable, "roots", some)
    with pytest.raises((AssertionError, OSError)):
        keeps_what_is_reachable(small)


@mutant(KEEPS, guard="main's pointers are followed")
def test_blind_to_main_it_would_delete_what_no_publication_holds(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small.lake.store.write() as connection:
        stale.forget(connection, stale.Stale(publications=(1, 2, 3, 4)))
    sweep(small)
    assert small.rows(TABLE) == [(4,)]
    real = reachable.roots
    monkeypatch.setattr(
        reachable, "roots", lambda c: [r for r in real(c) if r.holder != "main"]
    )
    sweep(small)
    with pytest.raises(OSError, match="metadata"):
        small.rows(TABLE)


@mutant(KEEPS, guard="files younger than the grace stay while engines are at work")
def test_without_grace_it_would_delete_what_is_being_written(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean, "_before", lambda *_, **__: None)
    with pytest.raises(AssertionError, match="unfinished"):
        keeps_what_is_reachable(small)


@promise("and what may go")
def test_a_dry_run_changes_nothing_and_names_what_goes(small: SmallLake) -> None:
    before, files = values(small), small.files()
    now = datetime.now(UTC) + LATER
    planned = clean.plan(small.lake, small.settings, Limits(publications=1), now=now)
    assert planned.stale.publications == (1, 2, 3)
    assert planned.bytes > 0
    assert values(small) == before
    assert small.files() == files
    done = clean.apply(small.lake, small.settings, planned, now=now)
    assert small.files() == files - {one.path for one in planned.files}
    assert done.files == planned.files


def test_a_cleaned_publication_says_so_and_keeps_its_line_in_the_log(
    small: SmallLake,
) -> None:
    sweep(small, keep=2)
    first = small.lake.log()[-1]
    assert first.cleaned
    assert [(str(c.table), c.change) for c in first.changes] == [(TABLE, "added")]
    for undo in (
        lambda: small.lake.rollback(1, first.provenance),
        lambda: small.lake.create_branch("old", at=1),
    ):
        with pytest.raises(NotFoundError, match="cleaned up"):
            undo()
    assert [one.name for one in small.lake.branches()] == ["main"]
    small.lake.rollback(None, first.provenance)
    assert small.rows(TABLE) == [(3,)]


def test_only_old_branches_that_firn_named_itself_go(small: SmallLake) -> None:
    old = ["run_20260101_000000_abcd", "ingest_20260101T000000_abcdef", "read_00000000"]
    others = ["dev_ana", "run_fix", "fix_prices"]
    for name in (*old, *others):
        small.lake.create_branch(name)
    small.lake.create_branch("on_a_run", base=old[0])
    assert sweep(small, after=timedelta(days=6)).stale.branches == ()
    assert set(sweep(small).stale.branches) == set(old[1:])
    left = {one.name for one in small.lake.branches()}
    assert left == {"main", "on_a_run", old[0], *others}


def test_a_branch_that_is_worked_on_stays_however_old(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "run_20260101_000000_abcd"
    small.lake.create_branch(name)
    with small.on(name) as con:
        con.execute(f"insert into lake.{TABLE} values (5)")
    written = small.file(TABLE, METADATA, name)
    later = time.time() + timedelta(days=29).total_seconds()
    os.utime(written, (later, later))
    assert sweep(small).stale.branches == ()


def test_a_branch_that_is_written_to_during_a_clean_up_stays(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "run_20260101_000000_abcd"
    small.lake.create_branch(name)
    later = time.time() + LATER.total_seconds()

    def write(instant: str) -> None:
        if instant == "clean.planned":
            with small.on(name) as con:
                con.execute(f"insert into lake.{TABLE} values (5)")
            os.utime(small.file(TABLE, METADATA, name), (later, later))

    monkeypatch.setattr(clean, "reach", write)
    assert sweep(small).stale.branches == ()
    assert small.rows(TABLE, name) == [(4,), (5,)]


def test_a_table_of_a_killed_build_goes_with_its_files(small: SmallLake) -> None:
    small.lake.create_branch("dev")
    with small.on("dev") as con:
        con.execute("create table lake.marts.x__firn_tmp_1 as select 1 as a")
    assert sweep(small, after=timedelta(hours=1)).stale.tables == ()
    done = sweep(small)
    assert [str(one.table) for one in done.stale.tables] == ["marts.x__firn_tmp_1"]
    assert not list(small.settings.warehouse.rglob("x__firn_tmp_1*/**/*.parquet"))


def test_alone_it_needs_no_grace_and_keeps_others_out(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = small.file(TABLE, DATA).with_name("killed.parquet")
    left.write_bytes(b"PAR1")
    process.release(small.settings)
    planned = clean.plan(small.lake, small.settings, wait=10)
    assert planned.alone
    assert left in {one.path for one in planned.files}
    held: list[bool] = []
    monkeypatch.setattr(
        clean,
        "reach",
        lambda _: held.append(process.leave_alone(small.settings) is None),
    )
    done = clean.apply(small.lake, small.settings, planned, wait=10)
    assert done.alone
    assert not left.exists()
    assert held
    assert all(held)


@pytest.mark.parametrize("role", [METADATA, LIST, MANIFEST, DATA])
def test_a_table_with_a_damaged_file_keeps_its_whole_folder(
    small: SmallLake, role: str
) -> None:
    damaged = small.file(TABLE, role)
    damaged.unlink()
    folder = damaged.parent.parent
    inside = {one for one in small.files() if one.is_relative_to(folder)}
    orphan = folder / "data" / "orphan.parquet"
    orphan.write_bytes(b"PAR1")
    done = sweep(small, keep=1)
    assert done.uncertain == (folder,)
    assert done.files
    assert {one for one in small.files() if one.is_relative_to(folder)} == {
        *inside,
        orphan,
    }


def test_a_damaged_table_keeps_its_files_elsewhere(small: SmallLake) -> None:
    elsewhere = small.settings.warehouse / "elsewhere-0a1b2c3d"
    small.lake.create_branch("dev")
    catalog = rest_catalog(process.ensure_catalog(small.settings), "dev")
    with catalog.load_table(TABLE).transaction() as change:
        change.set_properties({"write.data.path": f"file://{elsewhere}/data"})
    with small.on("dev") as con:
        con.execute(f"insert into lake.{TABLE} values (5)")
    small.lake.create_branch("older", base="dev")
    with small.on("dev") as con:
        con.execute(f"insert into lake.{TABLE} values (6)")
    files = set(elsewhere.rglob("*.parquet"))
    assert len(files) == 2
    small.file(TABLE, METADATA, "dev").write_bytes(b"{")
    sweep(small)
    assert set(elsewhere.rglob("*.parquet")) == files


def test_a_file_is_known_by_what_it_is_not_by_its_path(
    small: SmallLake, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    small.settings.warehouse.rename(elsewhere)
    small.settings.warehouse.symlink_to(elsewhere)
    before = values(small)
    sweep(small)
    assert values(small) == before


def test_what_is_no_file_of_a_table_stays(small: SmallLake) -> None:
    top = small.settings.warehouse
    own = [top / "notes.parquet", top / "marts/photos/data/cat.parquet"]
    own += [small.file(TABLE, DATA).with_name("notes.txt")]
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    sweep(small, keep=1)
    assert all(path.exists() for path in own)


def test_it_refuses_a_warehouse_with_another_lakes_files(
    small: SmallLake, tmp_path: Path
) -> None:
    other = replace(small.settings, warehouse=tmp_path / "warehouse")
    other = replace(other, database_url=f"sqlite:///{tmp_path / 'other.db'}")
    lake = Lake.open(other)
    ownership.claim(lake.store, small.settings)
    lake.close()
    files = small.files()
    with pytest.raises(SetupError, match="another lake"):
        sweep(small)
    assert small.files() == files


def test_it_refuses_a_warehouse_that_nobody_marked(small: SmallLake) -> None:
    for mark in (small.settings.warehouse / ".lakes").iterdir():
        mark.unlink()
    with pytest.raises(SetupError, match="nothing says"):
        sweep(small)


def test_a_file_that_gets_a_pointer_after_the_plan_stays(small: SmallLake) -> None:
    now = datetime.now(UTC) + LATER
    planned = clean.plan(small.lake, small.settings, Limits(publications=1), now=now)
    small.lake.create_branch("just_now", at=1)
    clean.apply(small.lake, small.settings, planned, now=now)
    assert small.rows(TABLE, "just_now") == [(1,)]


def test_old_logs_go_with_their_runs(small: SmallLake) -> None:
    logs = small.settings.log_dir / "run_20260101_000000_abcd"
    logs.mkdir(parents=True)
    (logs / "dbt.log").write_text("x")
    assert not sweep(small, after=timedelta(0)).leftovers
    assert [one.path for one in sweep(small).leftovers] == [logs]
    assert not logs.exists()
