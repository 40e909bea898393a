"""A build from fork to verdict, on real parts: dbt, DuckDB, the REST catalog, files."""

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest
from dbt.cli.main import dbtRunnerResult

from orchestration.build import attempt, dbt
from orchestration.build.artifacts import NodeResult
from orchestration.build.progress import Silent
from orchestration.build.run import build
from orchestration.errors import FirnError, UsageError
from orchestration.lake import Lake, Provenance, TableId
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.pages import promise

FACT = TableId("marts", "fct_orders")


def total(project: Settings, branch: str = "main") -> object:
    with connect(project, branch, read_only=True) as connection:
        query = "select orders, amount from marts.rpt_totals"
        return connection.execute(query).fetchall()[0]


def runs(lake: Lake) -> list[str]:
    return [b.name for b in lake.branches() if b.name.startswith("run_")]


class Recorder(Silent):
    def __init__(self) -> None:
        self.steps: list[str] = []
        self.nodes: dict[str, NodeResult] = {}

    def step(self, what: str) -> None:
        self.steps.append(what)

    def finished(self, node: NodeResult) -> None:
        self.nodes[node.name] = node


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


@promise(
    "A test that fails publishes nothing: the run exits 1, names its branch, and "
    "prints the query that shows the failing rows."
)
def test_a_failing_test_publishes_nothing_and_shows_its_rows(
    project: Settings, lake: Lake, land: Land, firn: Firn
) -> None:
    land((1, 10.0))
    build(project)
    before = lake.pointers("main")
    land((1, 7.0), (None, 1.0))
    result = firn("build", "--format", "json")

    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["status"] == "refused"
    assert lake.pointers("main")[FACT] == before[FACT]
    assert runs(lake) == [answer["branch"]]
    looks = {f["subject"]: (f["rows"], f["look"]) for f in answer["findings"]}
    assert looks.keys() == {
        "unique_fct_orders_order_id",
        "not_null_fct_orders_order_id",
    }
    rows, look = looks["unique_fct_orders_order_id"]
    assert rows == 1
    assert answer["branch"] in look
    shown = firn(*shlex.split(look)[1:], "--format", "json")
    assert json.loads(shown.stdout) == [{"unique_field": 1, "n_records": 2}]


def test_without_the_gates_the_same_build_would_be_published(
    project: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0), (1, 7.0))
    monkeypatch.setattr(attempt, "refused", lambda _: False)
    assert build(project).status == "published"


def test_a_warning_is_shown_and_published(
    project: Settings, land: Land, firn: Firn
) -> None:
    tests = project.project_dir / "models/marts/marts.yml"
    tests.write_text(
        tests.read_text().replace("unique", "unique: {config: {severity: warn}}")
    )
    land((1, 10.0), (1, 7.0))
    result = build(project)
    assert result.status == "published"
    (warning,) = result.refusals
    assert (warning.finding.severity, warning.finding.rows) == ("warn", 1)
    shown = firn(*shlex.split(str(warning.look))[1:], "--format", "json")
    assert json.loads(shown.stdout) == [{"unique_field": 1, "n_records": 2}]


def test_a_broken_contract_is_refused(project: Settings, land: Land) -> None:
    land((1, 10.0))
    (project.project_dir / "models/marts/rpt_totals.yml").write_text(
        "models:\n  - name: rpt_totals\n    config: {contract: {enforced: true}}\n"
        "    columns:\n      - {name: orders, data_type: varchar}\n"
        "      - {name: amount, data_type: double}\n"
    )
    result = build(project)
    assert result.status == "refused"
    (refusal,) = result.refusals
    assert (refusal.finding.gate, refusal.finding.subject) == ("contract", "rpt_totals")


def test_a_stale_source_is_refused_before_anything_is_built(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0), days=3)
    result = build(project)
    assert result.status == "refused"
    (refusal,) = result.refusals
    assert (refusal.finding.gate, refusal.finding.subject) == (
        "freshness",
        "shop.orders",
    )
    assert result.nodes == ()
    assert (result.branch, runs(lake)) == (None, [])
    assert "--branch" not in str(refusal.look)


def test_a_project_without_any_rule_of_freshness_is_built(
    project: Settings, land: Land
) -> None:
    sources = project.project_dir / "models/staging/shop.yml"
    rule = "      freshness: {error_after: {count: 2, period: day}}\n"
    assert rule in sources.read_text()
    sources.write_text(sources.read_text().replace(rule, ""))
    land((1, 10.0), days=30)
    assert build(project).status == "published"
    assert build(project).status == "unchanged"


def test_a_source_that_is_not_there_is_refused(project: Settings) -> None:
    result = build(project)
    assert result.status == "refused"
    (refusal,) = result.refusals
    assert refusal.finding.gate == "freshness"
    assert "shop__orders" in refusal.finding.what


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


def test_a_table_that_shrinks_too_much_is_refused(
    project: Settings, land: Land
) -> None:
    model = project.project_dir / "models/marts/fct_orders.sql"
    config = "{{ config(meta={'max_shrink': 0.2}) }}"
    model.write_text(config + model.read_text())
    land((1, 10.0), (2, 1.0))
    assert build(project).status == "published"
    model.write_text(model.read_text() + " where order_id = 1")
    result = build(project)
    assert result.status == "refused"
    (refusal,) = result.refusals
    assert (refusal.finding.gate, refusal.finding.rows) == ("volume", 1)
    assert refusal.look == f"firn diff {result.branch}"


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
