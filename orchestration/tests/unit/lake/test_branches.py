import pytest

from orchestration.errors import NotFoundError, UsageError
from orchestration.lake import Lake, Provenance, TableId, branches
from orchestration.settings import Settings
from orchestration.tests.postgres import on_both_databases
from orchestration.tests.unit.lake.states import Put, state

pytestmark = on_both_databases

ME = Provenance(who="me")


@pytest.fixture
def shop(lake: Lake, put: Put) -> Lake:
    """A lake whose main has a.x and a.y, both at version 1."""
    lake.create_branch("first")
    put("first", "a.x", "x1")
    put("first", "a.y", "y1")
    lake.publish("first", ME)
    lake.drop_branch("first")
    return lake


def test_a_new_lake_has_an_empty_main(lake: Lake) -> None:
    assert [branch.name for branch in lake.branches()] == ["main"]
    assert lake.pointers("main") == {}
    assert lake.branch("main").created_by == "tester"


def test_opening_again_keeps_everything(shop: Lake, settings: Settings) -> None:
    again = Lake.open(settings)
    assert state(again, "main") == {"a.x": "x1", "a.y": "y1"}
    again.close()


def test_a_branch_starts_where_its_base_is(shop: Lake) -> None:
    made = shop.create_branch("dev")
    assert (made.name, made.base, made.created_by) == ("dev", "main", "tester")
    assert made.created_at.utcoffset() is not None
    assert state(shop, "dev") == state(shop, "main")
    assert shop.diff("dev") == []


def test_a_change_on_a_branch_stays_there(shop: Lake, put: Put) -> None:
    shop.create_branch("dev")
    shop.create_branch("other")
    put("dev", "a.x", "x2")
    assert state(shop, "main")["a.x"] == "x1"
    assert state(shop, "other")["a.x"] == "x1"


def test_diff_says_what_was_added_changed_and_removed(shop: Lake, put: Put) -> None:
    shop.create_branch("dev")
    put("dev", "a.x", "x2")
    put("dev", "a.y", None)
    put("dev", "b.z", "z1", "VIEW")
    found = {str(one.table): one for one in shop.diff("dev")}
    assert {name: one.change for name, one in found.items()} == {
        "a.x": "changed",
        "a.y": "removed",
        "b.z": "added",
    }
    assert (found["a.x"].old, found["a.x"].new) == ("x1", "x2")
    assert found["b.z"].kind == "VIEW"


def test_a_table_that_becomes_a_view_differs(shop: Lake, put: Put) -> None:
    shop.create_branch("dev")
    put("dev", "a.x", "v1", "VIEW")
    assert [(one.kind, one.change) for one in shop.diff("dev")] == [("VIEW", "changed")]


def test_a_branch_of_a_branch_starts_there(shop: Lake, put: Put) -> None:
    shop.create_branch("dev")
    put("dev", "a.x", "x2")
    shop.create_branch("child", base="dev")
    assert state(shop, "child")["a.x"] == "x2"
    assert shop.diff("child") == []


def test_refresh_follows_main_only_where_the_branch_is_untouched(
    shop: Lake, put: Put
) -> None:
    shop.create_branch("dev")
    shop.create_branch("run")
    put("dev", "a.x", "x_dev")
    put("run", "a.x", "x2")
    put("run", "a.y", None)
    put("run", "a.z", "z1")
    shop.publish("run", ME)

    moved = shop.refresh("dev")

    assert moved == [TableId("a", "y"), TableId("a", "z")]
    assert state(shop, "dev") == {"a.x": "x_dev", "a.z": "z1"}
    assert [str(one.table) for one in shop.diff("dev")] == ["a.x"]
    assert shop.refresh("dev") == []


def test_refresh_does_not_bring_back_what_the_branch_dropped(
    shop: Lake, put: Put
) -> None:
    shop.create_branch("dev")
    shop.create_branch("run")
    put("dev", "a.x", None)
    put("run", "a.x", "x2")
    shop.publish("run", ME)
    assert shop.refresh("dev") == []
    assert "a.x" not in state(shop, "dev")


def test_a_branch_at_a_publication_shows_main_just_after_it(
    shop: Lake, put: Put
) -> None:
    states = {1: state(shop, "main")}
    shop.create_branch("dev")
    steps: list[dict[str, str | None]] = [
        {"a.x": "x2"},
        {"a.x": "x3", "b.z": "z1"},
        {"a.y": None},
        {"b.z": None},
    ]
    for number, moves in enumerate(steps, 2):
        for name, location in moves.items():
            put("dev", name, location)
        published = shop.publish("dev", ME)
        assert published is not None
        assert published.id == number
        states[number] = state(shop, "main")
    for number, expected in states.items():
        shop.create_branch(f"at_{number}", at=number)
        assert state(shop, f"at_{number}") == expected
        assert shop.diff(f"at_{number}") == []


def test_a_branch_at_an_unknown_publication_is_not_made(shop: Lake) -> None:
    with pytest.raises(NotFoundError, match="publication 99"):
        shop.create_branch("past", at=99)
    assert not any(branch.name == "past" for branch in shop.branches())


def test_dropping_a_branch_leaves_the_others(shop: Lake, put: Put) -> None:
    shop.create_branch("dev")
    put("dev", "a.x", "x2")
    shop.drop_branch("dev")
    assert [branch.name for branch in shop.branches()] == ["main"]
    assert state(shop, "main") == {"a.x": "x1", "a.y": "y1"}
    shop.create_branch("dev")
    assert shop.diff("dev") == []


def test_main_cannot_be_dropped_or_refreshed(shop: Lake) -> None:
    with pytest.raises(UsageError, match="cannot be dropped"):
        shop.drop_branch("main")
    with pytest.raises(UsageError, match="follows no other"):
        shop.refresh("main")
    assert state(shop, "main") == {"a.x": "x1", "a.y": "y1"}


@pytest.mark.parametrize("name", ["main", "", "a/b", "../x", "a b", "ä", "x" * 101])
def test_a_name_that_is_taken_or_impossible_is_refused(shop: Lake, name: str) -> None:
    with pytest.raises(UsageError):
        shop.create_branch(name)


def test_unknown_branches_are_named(lake: Lake) -> None:
    for verb in (lake.branch, lake.diff, lake.refresh, lake.drop_branch, lake.pointers):
        with pytest.raises(NotFoundError, match="branch nowhere"):
            verb("nowhere")
    with pytest.raises(NotFoundError, match="branch nowhere"):
        lake.create_branch("dev", base="nowhere")


def test_tables_in_work_are_on_no_other_branch(shop: Lake, put: Put) -> None:
    shop.create_branch("dev")
    put("dev", "a.x__firn_tmp_1", "t1")
    assert shop.diff("dev") == []
    shop.create_branch("child", base="dev")
    assert "a.x__firn_tmp_1" not in state(shop, "child")
    assert "a.x__firn_tmp_1" in state(shop, "dev")


@pytest.fixture
def orphan(shop: Lake) -> Lake:
    """With a branch `child` whose base was dropped."""
    shop.create_branch("dev")
    shop.create_branch("child", base="dev")
    shop.drop_branch("dev")
    return shop


def test_a_branch_whose_base_was_dropped_keeps_its_tables(orphan: Lake) -> None:
    with pytest.raises(UsageError, match="its base dev was dropped"):
        orphan.refresh("child")
    assert state(orphan, "child") == {"a.x": "x1", "a.y": "y1"}


def test_without_that_guard_it_would_lose_every_table(
    orphan: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "_require_base", lambda *_: None)
    orphan.refresh("child")
    assert state(orphan, "child") == {}
