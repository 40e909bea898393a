"""A build in stages: each may be called again, whatever became of the call before."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from orchestration.build import stages
from orchestration.build.dbt import Dbt
from orchestration.build.events import EventReader
from orchestration.build.kept import load, path_of
from orchestration.build.nothing_new import Unchanged
from orchestration.errors import SetupError, UsageError
from orchestration.lake import Lake
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Land
from orchestration.tests.integration.runs.small_build import total
from orchestration.tests.integration.runs.small_stages import (
    BRANCH,
    last,
    make_a_mart,
    names,
    select,
    told,
)


def kill(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def killed(
    patch: pytest.MonkeyPatch, where: str, stage: Callable[..., object], *args: Any
) -> None:
    """Call a stage whose process ends as it reaches `where`."""
    with patch.context() as point:
        point.setattr(where, kill)
        with pytest.raises(KeyboardInterrupt):
            stage(*args)


def test_a_run_is_published_once(project: Settings, lake: Lake, land: Land) -> None:
    land((1, 10.0), (2, 5.5))
    assert stages.open_branch(project, BRANCH, run="dags/build/runs/1") is None
    kept = path_of(project, BRANCH).read_bytes()
    assert stages.open_branch(project, BRANCH, ["--full-refresh"]) is None
    assert path_of(project, BRANCH).read_bytes() == kept
    assert stages.run_of(project, BRANCH) == "dags/build/runs/1"
    assert stages.run_of(project, "run_other") == ""

    assert stages.build(project, BRANCH).status == "built"
    assert stages.judge_branch(project, BRANCH).status == "built"
    assert "run_build_1" in names(lake)
    first = stages.publish(project, BRANCH)
    assert (first.status, first.publication) == ("published", lake.log(1)[0])
    assert total(project) == (2, 15.5)
    assert names(lake) == ["main"]

    again = stages.publish(project, BRANCH)
    assert (again.status, again.publication) == ("published", first.publication)
    assert stages.report(project, BRANCH) == {
        "nodes": 5,
        "seconds": round(sum(node.seconds for node in first.nodes), 3),
        "rows_written": 3,
    }
    assert (project.project_dir / "target/catalog.json").is_file()
    idle = stages.open_branch(project, "run_build_2")
    assert isinstance(idle, Unchanged)
    assert names(lake) == ["main"]
    assert stages.open_branch(project, "run_build_2", force=True) is None


def test_a_run_that_is_killed_in_each_stage_is_published_once(
    project: Settings, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    here = (project, BRANCH)
    keep = "orchestration.build.stages.keep"
    killed(monkeypatch, keep, stages.open_branch, *here)
    land((2, 5.5))
    stages.open_branch(*here)

    killed(monkeypatch, keep, stages.build, *here)
    with pytest.raises(SetupError, match="no finished build"):
        stages.judge_branch(*here)
    before = last(project)
    assert stages.build(*here, attempt=2).status == "built"
    assert told(project, since=before) == sorted(set(told(project)))  # all of it

    drop = "orchestration.build.attempt.Attempt._leave"
    killed(monkeypatch, drop, stages.publish, *here)
    published = lake.log(1)[0]
    assert published.branch == BRANCH
    for _ in range(2):
        result = stages.publish(*here)
        assert (result.status, result.publication) == ("published", published)
        assert names(lake) == ["main"]
    assert total(project) == (2, 15.5)
    assert isinstance(stages.open_branch(project, "run_build_2"), Unchanged)

    docs = "orchestration.build.dbt.Dbt.docs"
    with monkeypatch.context() as point:
        # No clean-up runs in a process that is killed.
        point.setattr(Lake, "drop_branch", kill)
        point.setattr(docs, kill)
        with pytest.raises(KeyboardInterrupt):
            stages.report(*here)
    monkeypatch.setattr(docs, lambda _: None)
    stages.report(*here)
    assert names(lake) == ["main"]


def test_only_a_branch_that_was_published_is_closed(
    project: Settings, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    here = (project, BRANCH)
    assert stages.close(*here) == "There is no branch to close."
    stages.open_branch(*here)
    stages.build(*here)
    assert "stays" in stages.close(*here)
    assert names(lake) == ["main", BRANCH]
    drop = "orchestration.build.attempt.Attempt._leave"
    killed(monkeypatch, drop, stages.publish, *here)
    assert "is dropped" in stages.close(*here)
    assert names(lake) == ["main"]


def test_what_a_branch_of_that_name_left_is_not_taken_for_the_new_one_s(
    project: Settings, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    lake.drop_branch(BRANCH)  # as its publication does
    args = ("--target", "spark")
    keep = "orchestration.build.stages.keep"
    killed(monkeypatch, keep, stages.open_branch, project, BRANCH, args)
    stages.open_branch(project, BRANCH, args)
    assert load(path_of(project, BRANCH)).dbt_args == args


def test_a_run_that_changes_no_table_says_so_each_time(
    project: Settings, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_a_mart(project, lake)
    land((1, 10.0))
    here = (project, BRANCH)
    stages.open_branch(*here, ["--select", "unique_fct_orders_order_id"])
    assert stages.build(*here).status == "built"
    before = lake.log(1)
    drop = "orchestration.build.attempt.Attempt._leave"
    killed(monkeypatch, drop, stages.publish, *here)
    for _ in range(3):
        result = stages.publish(*here)
        assert (result.status, result.publication) == ("unchanged", None)
        assert names(lake) == ["main"]
    assert lake.log(1) == before


def test_a_stale_source_ends_it_before_anything_is_built(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0), days=3)
    stages.open_branch(project, BRANCH)
    [refusal] = stages.build(project, BRANCH).refusals
    assert refusal.finding.gate == "freshness"
    events = list(EventReader(project.log_dir / BRANCH).read())
    [source] = [event.node for event in events if event.node]
    assert (source.kind, source.outcome) == ("source", "failed")
    assert events[-1].what == "complete"
    assert stages.publish(project, BRANCH).status == "refused"


def test_without_a_finished_build_nothing_is_judged_or_published(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    with pytest.raises(SetupError, match="no finished build"):
        stages.judge_branch(project, BRANCH)
    assert stages.publish(project, BRANCH).status == "refused"
    assert names(lake) == ["main", BRANCH]


Stage = Callable[[Settings, str], object]


def build_a_node(settings: Settings, branch: str) -> object:
    return stages.build_nodes(settings, branch, select("marts.fct_orders"))


STAGES: Sequence[Stage] = (
    stages.build,
    build_a_node,
    stages.judge_branch,
    stages.publish,
)


def test_a_branch_that_was_dropped_is_wrong_use(
    project: Settings, lake: Lake, land: Land
) -> None:
    make_a_mart(project, lake, BRANCH)  # what one of that name published before
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    lake.drop_branch(BRANCH)
    for stage in STAGES:
        with pytest.raises(UsageError, match="published, or dropped"):
            stage(project, BRANCH)


def test_a_branch_that_is_dropped_while_it_is_built_is_wrong_use(
    project: Settings, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    build = Dbt.build

    def dropped(self: Dbt, command: str = "build") -> Any:
        lake.drop_branch(BRANCH)
        return build(self, command)

    monkeypatch.setattr(Dbt, "build", dropped)
    with pytest.raises(UsageError, match="no branch"):
        stages.build(project, BRANCH)


@pytest.mark.parametrize("content", ["", '{"dbt_args": [', '{"dbt_args": 1}', "\xff"])
def test_what_cannot_be_read_ends_each_stage(
    project: Settings, lake: Lake, land: Land, content: str
) -> None:
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    path = path_of(project, BRANCH)
    path.write_bytes(content.encode("latin-1"))
    for stage in (*STAGES, stages.report):
        with pytest.raises(SetupError, match="Start a new run") as caught:
            stage(project, BRANCH)
        assert caught.value.where == str(path)
    assert names(lake) == ["main", BRANCH]
    assert stages.run_of(project, BRANCH) == ""
