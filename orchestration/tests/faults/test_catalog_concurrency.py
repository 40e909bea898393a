"""Clients that commit at once, to one server and to two servers of one database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestration.errors import ConflictError
from orchestration.lake import Lake, Provenance, process, publish
from orchestration.lake.catalog.tables import Tables
from orchestration.settings import Settings
from orchestration.tests.faults import clients
from orchestration.tests.faults.clients import Client, at_once, change
from orchestration.tests.pages import fault, mutant
from orchestration.tests.postgres import on_both_databases

ME = Provenance(who="tester")
_commit = Tables._commit  # as it is before a guard is switched off
SITE = Path(__file__).parent / "sitecustomize"


class Size(NamedTuple):
    clients: int
    commits: int


SMALL, FULL = Size(8, 5), Size(16, 100)
sizes = pytest.mark.parametrize(
    "size", [SMALL, pytest.param(FULL, marks=pytest.mark.full)], ids=["small", "full"]
)

Connect = Callable[..., list[Client]]


@pytest.fixture
def connect(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connect]:
    """`connect(8, "dev")`: clients of two servers in turn, which share the database."""
    monkeypatch.setenv("FIRN_CATALOG_IDLE_SECONDS", "0.5")
    homes = [settings, replace(settings, home=settings.home / "other")]
    with ExitStack() as stack:
        for one in homes:
            stack.callback(process.release, one)
        endpoints: list[process.Endpoint] = []

        def make(count: int, *branches: str) -> list[Client]:
            if not endpoints:  # the servers take over the environment of this moment
                endpoints.extend(process.ensure_catalog(one) for one in homes)
            made = [
                Client(endpoints[i % 2], branches[i % len(branches)])
                for i in range(count)
            ]
            for client in made:
                stack.callback(client.close)
            return made

        yield make


@pytest.fixture
def switch_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Replace a guard of the servers, which start after it."""

    def switch(guard: str, replacement: str) -> None:
        module = "orchestration.tests.faults.test_catalog_concurrency"
        monkeypatch.setenv("PYTHONPATH", str(SITE))
        monkeypatch.setenv("FIRN_TEST_MUTANT", f"{guard}={module}:{replacement}")

    return switch


ONE_TABLE = fault(
    "Concurrency",
    clients.ONE_TABLE,
    seen="each commit lands, or gets a 409; none is lost, the history is one line",
    rerun="whoever got a 409 commits again",
)


def commit_to_one_table(lake: Lake, connect: Connect, size: Size) -> None:
    lake.create_branch("dev")
    made = connect(size.clients, "dev")
    made[0].create("t")
    outcome = at_once(made, size.commits, lambda c, n: made[c].name(f"{c}-{n}", "t"))
    history = clients.history(lake, "dev", "t")
    assert sorted(history) == sorted(outcome.landed)
    assert set(history).isdisjoint(outcome.refused)
    files = clients.metadata_files(lake, "dev", "t")
    assert len(files) == len(history) + 1, "what was refused left a file"


@ONE_TABLE
@on_both_databases
@sizes
def test_commits_to_one_table_land_once_or_are_refused(
    lake: Lake, connect: Connect, size: Size
) -> None:
    commit_to_one_table(lake, connect, size)


@ONE_TABLE
@on_both_databases
@sizes
def test_snapshots_of_many_clients_are_one_line(
    lake: Lake, connect: Connect, size: Size
) -> None:
    lake.create_branch("dev")
    made = connect(size.clients, "dev")
    made[0].create("t")
    ids = {
        f"{c}-{n}": 1 + c * size.commits + n
        for c in range(size.clients)
        for n in range(size.commits)
    }
    outcome = at_once(
        made, size.commits, lambda c, n: made[c].append(ids[f"{c}-{n}"], "t")
    )
    line = clients.snapshots(lake, "dev", "t")
    assert sorted(line) == sorted(ids[name] for name in outcome.landed)
    assert len(line) == len(clients.metadata_files(lake, "dev", "t")) - 1


PUBLISHED = "16 clients, 100 commits each, to branches that are being published"
SEVERAL = fault(
    "Concurrency",
    PUBLISHED,
    seen="every commit lands; main moves from whole state to whole state",
)


def commit_and_publish(lake: Lake, connect: Connect, size: Size) -> None:
    branches = [f"dev_{number}" for number in range(4)]
    for branch in branches:
        lake.create_branch(branch)
    made = connect(size.clients, *branches)
    for number in range(4):
        mine = [f"t{c}" for c in range(size.clients) if c % 4 == number]
        made[number].create(*mine)

    def commit(client: int, number: int) -> bool:
        done = made[client].name(f"{client}-{number}", f"t{client}")
        if number % 5 == client % 5:
            lake.publish(branches[client % 4], ME)
        return done

    outcome = at_once(made, size.commits, commit)
    assert outcome.refused == []
    for number, branch in enumerate(branches):
        lake.publish(branch, ME)
        assert lake.diff(branch) == []
        for client in range(number, size.clients, 4):
            expected = [f"{client}-{n}" for n in range(size.commits)]
            assert clients.history(lake, "main", f"t{client}") == expected
    publications_are_one_line(lake)


@SEVERAL
@on_both_databases
@sizes
def test_commits_on_several_branches_do_not_meet(
    lake: Lake, connect: Connect, size: Size
) -> None:
    commit_and_publish(lake, connect, size)


@mutant(PUBLISHED, guard="the fork moves on with a publication")
def test_a_fork_that_stays_ends_in_a_conflict(
    lake: Lake, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "_advance_fork", lambda *_: None)
    with pytest.raises(ConflictError):
        commit_and_publish(lake, connect, SMALL)


def publications_are_one_line(lake: Lake) -> None:
    main: dict[str, str | None] = {}
    for publication in reversed(lake.log(10_000)):
        for move in publication.changes:
            assert main.get(str(move.table)) == move.old, publication.id
            main[str(move.table)] = move.new
    held = {str(t): p.metadata_location for t, p in lake.pointers("main").items()}
    assert {name: new for name, new in main.items() if new} == held


SAME_TABLES = fault(
    "Concurrency",
    clients.SEVERAL_TABLES,
    seen="a commit lands on all three tables, or on none of them",
)


def commit_to_three_tables(lake: Lake, connect: Connect, size: Size) -> None:
    tables = ["a", "b", "c"]
    lake.create_branch("dev")
    made = connect(size.clients, "dev")
    made[0].create(*tables)

    def commit(client: int, number: int) -> bool:
        turned = [tables[(client + i) % 3] for i in range(3)]  # no order to rely on
        return made[client].name(f"{client}-{number}", *turned)

    outcome = at_once(made, size.commits, commit)
    first, *others = [clients.history(lake, "dev", table) for table in tables]
    assert sorted(first) == sorted(outcome.landed)
    assert others == [first, first]


@SAME_TABLES
@on_both_databases
@sizes
def test_commits_of_several_tables_land_in_one_order(
    lake: Lake, connect: Connect, size: Size
) -> None:
    commit_to_three_tables(lake, connect, size)


PARTLY = "one table of a commit of several is refused"
HALF = fault(
    "Catalog",
    PARTLY,
    seen="409, and none of its tables has moved",
    rerun="the same commit, once its requirement holds, moves all of them",
)


def refuse_the_last_of_three(lake: Lake, connect: Connect) -> None:
    lake.create_branch("dev")
    (client,) = connect(1, "dev")
    client.create("a", "b", "c")
    before = lake.pointers("dev")
    updates = [{"action": "set-properties", "updates": {"commit": "x"}}]
    stale = {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 7}
    changes = [change("a", updates), change("b", updates), change("c", updates, stale)]
    refused = client.post("transactions/commit", {"table-changes": changes})
    assert refused.status_code == 409
    assert lake.pointers("dev") == before
    for table in ("a", "b", "c"):
        assert len(clients.metadata_files(lake, "dev", table)) == 1
    assert client.name("x", "a", "b", "c")
    assert [clients.history(lake, "dev", table) for table in "abc"] == [["x"]] * 3


@HALF
@on_both_databases
def test_a_refused_member_refuses_the_whole_commit(
    lake: Lake, connect: Connect
) -> None:
    refuse_the_last_of_three(lake, connect)


def commit_one_by_one(self, branch, commits):  # type: ignore[no-untyped-def]
    """`Tables._commit` that takes each table for itself."""
    return [one for commit in commits for one in _commit(self, branch, [commit])]


@mutant(PARTLY, guard="all of a commit is prepared before any of it moves")
def test_one_by_one_a_part_of_it_moves(
    lake: Lake, connect: Connect, switch_off: Callable[[str, str], None]
) -> None:
    switch_off("orchestration.lake.catalog.tables:Tables._commit", "commit_one_by_one")
    with pytest.raises(AssertionError):
        refuse_the_last_of_three(lake, connect)
