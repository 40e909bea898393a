"""A build is made when something is new, and only then."""

import json
import subprocess
import sys

import pytest

from orchestration.build import attempt
from orchestration.build.run import build
from orchestration.lake import Lake, Provenance
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.integration.runs.small_build import Recorder, runs, total


def test_nothing_new_is_said_without_dbt(
    project: Settings, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    first = build(project)
    monkeypatch.delattr(attempt, "Attempt")  # nobody may even ask for it
    again = build(project)
    assert again.status == "unchanged"
    assert lake.log(1)[0] == first.publication
    assert runs(lake) == []


def test_nothing_new_starts_neither_dbt_nor_duckdb(
    project: Settings, land: Land
) -> None:
    land((1, 10.0))
    build(project)
    program = (
        "import sys\n"
        "from orchestration.cli.main import app\n"
        "try: app(['build', '--format', 'json'])\n"
        "except SystemExit as end: assert not end.code\n"
        "print(*({'dbt', 'duckdb', 'rich'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["status"] == "unchanged"
    assert done.stderr.strip() == ""


def test_new_rows_and_new_code_are_built(project: Settings, land: Land) -> None:
    land((1, 10.0))
    build(project)
    land((2, 1.0))
    assert build(project).status == "published"
    assert total(project) == (2, 11.0)

    model = project.project_dir / "models/marts/rpt_totals.sql"
    model.write_text(model.read_text().replace("sum(amount)", "sum(amount) * 2"))
    assert build(project).status == "published"
    assert total(project) == (2, 22.0)


def test_force_builds_although_nothing_is_new(project: Settings, land: Land) -> None:
    land((1, 10.0))
    build(project)
    assert build(project, force=True).status == "published"
    assert build(project, ["--full-refresh"]).status == "published"


def test_freshness_is_asked_again_although_nothing_is_new(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    published = build(project).publication
    (project.home / "last_build.json").unlink()  # as if the moment had come
    progress = Recorder()
    assert build(project, progress=progress).status == "unchanged"
    assert progress.steps == ["source freshness"]
    assert lake.log(1)[0] == published
    assert runs(lake) == []
    again = Recorder()
    assert build(project, progress=again).status == "unchanged"
    assert again.steps == []


def test_a_build_that_changes_no_table_is_not_repeated(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    build(project)
    notes = project.project_dir / "models/notes.yml"
    notes.write_text("models: [{name: rpt_totals, description: New words.}]")
    first = Recorder()
    made = build(project, progress=first)
    assert "dbt build" in first.steps
    again = Recorder()
    assert build(project, progress=again).status == "unchanged"
    assert again.steps == []
    assert made.publication is None or lake.log(1)[0] == made.publication


def test_a_partial_build_publishes_what_it_built_and_claims_no_more(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    build(project)
    land((2, 1.0))
    result = build(project, ["--select", "fct_orders"])
    assert result.publication is not None
    assert [str(c.table) for c in result.publication.changes] == ["marts.fct_orders"]
    assert result.publication.provenance.fingerprint is None
    assert total(project) == (1, 10.0)
    assert build(project).status == "published"
    assert total(project) == (2, 11.0)


def test_a_branch_published_by_hand_is_built_anew_by_the_next_build(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0))
    build(project)
    lake.create_branch("fix")
    with connect(project, "fix") as connection:
        connection.execute("delete from lake.marts.fct_orders")
    assert json.loads(firn("diff", "fix", "--format", "json").stdout) == [
        {
            "table": "marts.fct_orders",
            "kind": "table",
            "change": "changed",
            "rows_before": 1,
            "rows_after": 0,
            "columns": [],
            "layout": [],
        }
    ]
    assert firn("publish", "fix").exit_code == 0
    assert lake.log(1)[0].provenance == Provenance(who="tester")
    # A table that was built is not what the build left: it has to be built again.
    assert build(project).status == "published"
