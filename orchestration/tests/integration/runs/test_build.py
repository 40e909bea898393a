"""A build from fork to verdict, on real parts: dbt, DuckDB, the REST catalog, files."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from dbt.cli.main import dbtRunnerResult

from orchestration.build import dbt
from orchestration.build.progress import Silent
from orchestration.build.run import build
from orchestration.errors import FirnError, UsageError
from orchestration.lake import Lake, TableId
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.integration.runs.small_build import Recorder, runs, total
from orchestration.tests.pages import promise


@promise("what was published, and why")
def test_a_good_build_is_published_with_where_it_came_from(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0), (2, 5.5))
    progress = Recorder()
    result = build(project, progress=progress)

    assert result.status == "published"
    assert total(project) == (2, 15.5)
    assert runs(lake) == []
    assert progress.steps[-1] == "publish"
    assert progress.nodes["fct_orders"].rows == 2
    assert progress.nodes["fct_orders"].added == 2
    assert {n.relation: n.rows for n in result.nodes if n.rows} == {
        "marts.fct_orders": 2,
        "marts.rpt_totals": 1,
    }
    publication = lake.log(1)[0]
    assert publication == result.publication
    why = publication.provenance
    assert why.who == "tester"
    assert why.dbt_invocation
    assert why.fingerprint
    raw = lake.load("main", TableId("raw", "shop__orders"))
    assert why.inputs == {"raw.shop__orders": raw.metadata.current_snapshot_id}
    token = project.token_file.read_text().strip()
    written = [p.read_text() for p in project.log_dir.rglob("*") if p.is_file()]
    assert written
    assert not any(token in text for text in written)


def test_main_moving_meanwhile_is_a_conflict_and_the_next_run_is_right(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    build(project)
    land((2, 1.0))

    class Meddler(Silent):
        def step(self, what: str) -> None:
            if what == "publish":
                assert build(project, force=True).status == "published"

    # The other build runs inside this one, in its own connection: as another process.
    result = build(project, force=True, progress=Meddler())
    assert result.status == "conflict"
    assert result.exit_code == 1
    assert "marts.fct_orders" in result.reason
    assert runs(lake) == [result.branch]
    assert total(project) == (2, 11.0)
    assert build(project).status == "unchanged"


def test_a_project_that_does_not_parse_is_wrong_use_and_leaves_no_branch(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0))
    (project.project_dir / "models/marts/bad.sql").write_text("{{ ref('nix') }}")
    with pytest.raises(UsageError, match="nix"):
        build(project)
    assert runs(lake) == []
    assert firn("build").exit_code == 2


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("last", ["Lake.drop_branch", "Memory.keep"])
def test_what_is_published_is_not_called_a_failure(
    project: Settings,
    lake: Lake,
    land: Land,
    firn: Firn,
    monkeypatch: pytest.MonkeyPatch,
    last: str,
) -> None:
    land((1, 10.0))
    with monkeypatch.context() as mutant:
        mutant.setattr(f"orchestration.build.attempt.{last}", full)
        done = firn("build")
    assert done.exit_code == 0, done.output
    assert "published 2" in done.stdout
    assert "it is published, but its branch may be left" in done.stdout
    assert "the disk is full" in done.stdout
    assert [one.id for one in lake.log(9)] == [2, 1]
    assert build(project).status == "unchanged"


def test_nothing_that_dbt_prints_is_on_stdout(project: Settings, land: Land) -> None:
    land((1, 10.0))
    program = "from orchestration.cli.main import app; app()"
    call = ["build", "--format", "json", "--vars", "{a"]
    done = subprocess.run(
        [sys.executable, "-c", program, *call],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "UsageError"


def test_two_builds_in_one_process_keep_to_their_own_branches(
    project: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    with monkeypatch.context() as mutant:
        # dbt-duckdb keeps its connection, and with it the first run's branch.
        mutant.setattr(dbt, "disconnect", lambda: None)
        assert build(project).status == "published"
        with pytest.raises(FirnError):
            build(project, force=True)
    dbt.disconnect()
    assert build(project, force=True).status == "published"


def test_a_killed_build_leaves_its_branch_and_the_next_one_starts_anew(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0))
    before = lake.pointers("main")
    command = [sys.executable, "-c", "from orchestration.cli.main import app; app()"]
    child = subprocess.Popen([*command, "build"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not runs(lake):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()

    assert lake.pointers("main") == before
    (left,) = runs(lake)
    assert left in firn("branches").stdout
    result = build(project)
    assert result.status == "published"
    assert result.branch != left
    assert firn("branches", "drop", "run_*").exit_code == 0
    assert runs(lake) == []


def test_an_interrupt_ends_with_130_and_leaves_main(
    project: Settings,
    lake: Lake,
    land: Land,
    firn: Firn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land((1, 10.0))
    before = lake.pointers("main")

    def interrupted(self: object, command: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dbt.Dbt, "build", interrupted)
    result = firn("build")
    assert result.exit_code == 130
    assert result.stderr.startswith("interrupted: main is as it was")
    assert lake.pointers("main") == before
    assert "FIRN_BRANCH" not in os.environ


def test_a_selection_of_nothing_is_wrong_use(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    with pytest.raises(UsageError, match="nothing to build") as caught:
        build(project, ["--select", "nope"])
    assert "nope" in caught.value.where
    assert [branch.name for branch in lake.branches()] == ["main"]


def test_a_run_is_judged_by_its_own_results(
    project: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run writes its results to target/ in the moment before they are read."""
    land((1, 10.0), (1, 5.0))
    invoke = dbt.Dbt._invoke

    def overtaken(self: dbt.Dbt, *command: str) -> dbtRunnerResult:
        outcome = invoke(self, *command)
        for file in self.target.glob("run_results.json"):
            content = json.loads(file.read_text())
            for result in content["results"]:
                result |= {"status": "pass", "failures": 0}
            file.write_text(json.dumps(content))
        return outcome

    monkeypatch.setattr(dbt.Dbt, "_invoke", overtaken)
    [found] = build(project).refusals
    assert found.finding.subject == "unique_fct_orders_order_id"

    # The guard switched off: what lies in target/ names no failing test.
    monkeypatch.setattr(dbt.Dbt, "_kept", lambda self, _, name: self.target / name)
    subjects = [one.finding.subject for one in build(project).refusals]
    assert "unique_fct_orders_order_id" not in subjects
