"""What an Airflow-scheduled run does: one real Airflow, one scenario after another."""

import os
import signal
from collections import Counter

import psutil  # type: ignore[import-untyped]
import pytest

from orchestration.build.events import EventReader
from orchestration.operators.names import branch_of
from orchestration.scheduler.control import running
from orchestration.tests.dags.conftest import SECRET, Scheduler, counted, until

pytestmark = pytest.mark.slow
STALE = "loaded_at_field: \"timestamp '2000-01-01'\""
MART = "models/marts/rpt_totals.sql"


@pytest.fixture(scope="module")
def filled(scheduler: Scheduler) -> Scheduler:
    """A first day has landed, and the build that it triggers has published."""
    scheduler.client.pause("build", paused=False)
    scheduler.client.pause("consumer", paused=False)
    scheduler.drop(1)
    ingest = scheduler.run("ingest")
    assert scheduler.states("ingest", ingest) == {
        "shop.new_files": "success",
        "shop.land": "success",
    }
    scheduler.newest("build")
    return scheduler


def test_landed_rows_are_built_and_published(filled: Scheduler) -> None:
    run = filled.newest("build")
    states = filled.states("build", run)
    assert states.pop("nothing_new") == "skipped"
    assert Counter(states.values()) == {"success": len(states)}
    assert counted(states)["success"] >= 10
    built, landed = filled.log()
    assert landed.branch.startswith("ingest_")
    assert built.branch == branch_of("build", run)
    assert filled.branches() == {"main"}


def test_a_published_mart_triggers_who_reads_it(filled: Scheduler) -> None:
    assert filled.client.state("consumer", filled.newest("consumer")) == "success"


def test_with_nothing_new_nothing_is_built(filled: Scheduler) -> None:
    before = filled.log()
    run = filled.run("build")
    states = filled.states("build", run)
    assert filled.client.state("build", run) == "success"
    assert states["nothing_new"] == "success"
    assert states["build"] == states["publish"] == "skipped"
    assert set(counted(states)) == {"skipped"}
    assert filled.log() == before


def test_the_drill_ends_red_and_publishes_nothing(filled: Scheduler) -> None:
    before = filled.log()
    run = filled.run("drill")
    states = filled.states("drill", run)
    assert filled.client.state("drill", run) == "failed"
    assert states["build"] == "failed"
    assert states["publish"] == "upstream_failed"
    assert {"failed", "skipped"} <= set(counted(states))
    assert filled.log() == before
    assert branch_of("drill", run) in filled.branches()
    assert states["close_branch"] == "success"
    alert = until(lambda: filled.alert(run))
    assert alert.what == "failed"
    assert "build: fct_orders: " in alert.text
    assert f"firn sql --branch {branch_of('drill', run)} --file" in alert.text
    assert until(lambda: [text for text in filled.posted if run in text])
    assert "Not published" in filled.page(f"runs/drill/{run}")
    assert run in filled.page("")


def test_a_run_that_is_late_is_told_of(filled: Scheduler) -> None:
    """Its sensor waits for a table, which the next publication changes."""
    run = filled.client.trigger("tardy", {})
    alert = until(lambda: filled.alert(run))
    assert alert.what == "late"
    assert filled.client.state("tardy", run) == "running"
    filled.drop(3)
    filled.run("ingest")
    assert filled.client.wait("tardy", run) == "success"
    filled.client.wait("build", filled.client.runs("build")[0])


def test_a_model_with_another_text_is_a_new_version_of_the_dag(
    filled: Scheduler,
) -> None:
    def version() -> int:
        found = filled.client.get("/api/v2/dags/build/dagVersions?limit=100").json()
        return int(found["total_entries"])

    before = version()
    filled.edit(MART, "count(*) as orders", "count( *) as orders")
    until(lambda: version() == before + 1)
    filled.edit(MART, "count( *) as orders", "count(*) as orders")


def test_a_stale_source_holds_the_build(filled: Scheduler) -> None:
    before = filled.log()
    filled.edit("models/staging/shop.yml", "loaded_at_field: _loaded_at", STALE)
    try:
        run = filled.run("build", force=True)
    finally:
        filled.edit("models/staging/shop.yml", STALE, "loaded_at_field: _loaded_at")
    states = filled.states("build", run)
    assert states["build"] == "failed"
    sources = {name for name in states if name.endswith("_source")}
    assert {states[name] for name in sources} == {"failed"}
    assert counted(states) == {
        "failed": len(sources),
        "skipped": _nodes(states, sources),
    }
    assert filled.log() == before


def _nodes(states: dict[str, str], sources: set[str]) -> int:
    return counted(states).total() - len(sources)


def test_a_cleared_failure_goes_on_from_what_failed(filled: Scheduler) -> None:
    before = filled.log()
    filled.edit(MART, "count(*) as orders", "count(*) + nowhere as orders")
    run = filled.run("build", force=True)
    assert filled.client.state("build", run) == "failed"
    filled.edit(MART, "count(*) + nowhere as orders", "count(*) as orders")
    filled.client.clear("build", run)
    assert filled.client.wait("build", run) == "success"
    states = filled.states("build", run)
    assert "failed" not in counted(states)
    assert states["publish"] == "success"
    assert len(filled.log()) <= len(before) + 1
    logs = filled.settings.log_dir / branch_of("build", run)
    again = [event.node.id for event in EventReader(logs).read() if event.node]
    assert again.count("model.firn.rpt_totals") == 2
    assert again.count("model.firn.fct_orders") == 1


def test_a_cleared_model_is_built_again_on_its_branch(filled: Scheduler) -> None:
    run = filled.client.runs("drill")[0]
    name = next(
        t for t in filled.states("drill", run) if t.endswith("stg_customers_run")
    )
    filled.client.clear("drill", run, [name])
    filled.client.wait("drill", run)
    logs = filled.settings.log_dir / branch_of("drill", run)
    told = [event.node.id for event in EventReader(logs).read() if event.node]
    assert told.count("model.firn.stg_customers") == 2
    assert filled.states("drill", run)[name] == "success"


def test_a_backfill_and_a_build_at_once_take_turns(filled: Scheduler) -> None:
    client = filled.client
    days = {"start": "2026-01-01", "end": "2026-01-05"}
    runs = {
        "backfill": client.trigger("backfill", {"select": "+rpt_totals", **days}),
        "build": client.trigger("build", {"force": True}),
    }
    for dag, run in runs.items():
        assert client.wait(dag, run) == "success", dag
    spans = sorted(
        (
            client.task(dag, run, "open_branch")["start_date"],
            client.task(dag, run, "report")["end_date"],
        )
        for dag, run in runs.items()
    )
    assert spans[0][1] <= spans[1][0]


def test_a_killed_build_converges_to_one_publication(filled: Scheduler) -> None:
    before = len(filled.log())
    filled.drop(2)
    newest = filled.client.runs("build")[0]
    ingest = filled.run("ingest")
    assert filled.client.state("ingest", ingest) == "success"
    run = until(lambda: next(iter(filled.client.runs("build")), ""), 60)
    run = until(lambda: r if (r := filled.client.runs("build")[0]) != newest else "")
    logs = filled.settings.log_dir / branch_of("build", run)
    until(lambda: any(event.what == "began" for event in EventReader(logs).read()))
    pid = until(lambda: filled.client.task("build", run, "build")["pid"])
    os.kill(pid, signal.SIGKILL)
    assert filled.client.wait("build", run) == "success"
    assert filled.client.task("build", run, "build")["try_number"] == 2
    assert len(filled.log()) == before + 2  # the landing, and one build


def test_no_secret_is_in_logs_templates_or_xcom(filled: Scheduler) -> None:
    secrets = (filled.settings.token_file.read_text().strip(), SECRET)
    home, client = filled.settings.home, filled.client
    shown = {
        str(path): path.read_text(errors="replace")
        for pattern in ("airflow/logs/**/*.log", "logs/**/*.log", "logs/**/*.json*")
        for path in home.glob(pattern)
    }
    every = "/api/v2/dags/~/dagRuns/~/taskInstances"
    shown["tasks"] = client.get(f"{every}?limit=1000").text
    assert "rendered_fields" in shown["tasks"]
    shown["xcom"] = client.get(f"{every}/~/xcomEntries?limit=1000").text
    assert "publish" in shown["xcom"]
    for where, text in shown.items():
        assert not [one for one in secrets if one in text], where


@pytest.mark.full
@pytest.mark.parametrize("component", ["triggerer", "scheduler"])
def test_a_component_that_dies_leads_to_the_same_end(
    filled: Scheduler, component: str
) -> None:
    before = len(filled.log())
    run = filled.client.trigger("build", {"full_refresh": True, "force": True})
    logs = filled.settings.log_dir / branch_of("build", run)
    until(lambda: any(event.node for event in EventReader(logs).read()))
    keeper = psutil.Process(running(filled.settings).pid)
    [dead] = [one for one in keeper.children() if component in one.cmdline()]
    dead.kill()
    assert filled.client.wait("build", run) == "success"
    states = filled.states("build", run)
    assert set(counted(states)) == {"success"}
    assert len(filled.log()) == before + 1
