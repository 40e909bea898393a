"""What failed is built again in stages: all of it, or a node alone."""

from orchestration.build import stages
from orchestration.lake import Lake
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Land
from orchestration.tests.integration.runs.small_build import UNIT_TEST, total
from orchestration.tests.integration.runs.small_stages import (
    BRANCH,
    last,
    make_a_mart,
    names,
    select,
    told,
)

FACT = "models/marts/fct_orders.sql"


def edit(project: Settings, old: str, new: str, name: str = FACT) -> None:
    path = project.project_dir / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_second_build_takes_up_what_failed_or_was_skipped(
    project: Settings, lake: Lake, land: Land
) -> None:
    (project.project_dir / "models/marts/unit.yml").write_text(UNIT_TEST)
    tests = project.project_dir / "tests"
    tests.mkdir()
    wrong = tests / "assert_wrong.sql"
    wrong.write_text("select 1 as row_too_many")
    edit(project, "amount from", "amount * 2 as amount from")
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    first = stages.build(project, BRANCH)
    assert {refusal.finding.subject for refusal in first.refusals} == {
        "assert_wrong",
        "fct_orders.amounts_stay_as_they_are",
    }
    assert stages.judge_branch(project, BRANCH).status == "refused"
    assert stages.publish(project, BRANCH).status == "refused"
    assert names(lake) == ["main", BRANCH]

    wrong.unlink()  # what is no longer part of the project cannot refuse it
    edit(project, "amount * 2 as amount from", "amount from")
    before = last(project)
    assert stages.build(project, BRANCH, attempt=2).status == "built"
    assert told(project, since=before) == [
        "fct_orders",
        "fct_orders.amounts_stay_as_they_are",
        "not_null_fct_orders_order_id",
        "rpt_totals",
        "unique_fct_orders_order_id",
    ]
    assert stages.judge_branch(project, BRANCH).status == "built"
    result = stages.publish(project, BRANCH)
    assert {node.name for node in result.nodes} == {
        "stg_orders",
        *told(project, since=before),
    }
    assert total(project) == (1, 10.0)


def test_what_a_gate_alone_refused_is_built_again_as_a_whole(
    project: Settings, lake: Lake, land: Land
) -> None:
    make_a_mart(project, lake)
    edit(project, "select", "{{ config(meta={'max_shrink': 0.2}) }} select")
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    [refusal] = stages.build(project, BRANCH).refusals
    assert refusal.finding.gate == "volume"
    before = last(project)
    edit(project, "0.2", "0.9")
    assert stages.build(project, BRANCH, attempt=2).status == "built"
    assert told(project, since=before) == sorted(set(told(project)))


def test_a_node_is_built_alone_and_what_hangs_on_it_is_not_forgotten(
    project: Settings, lake: Lake, land: Land
) -> None:
    edit(project, "amount from", "amount + nowhere as amount from")
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    assert stages.build(project, BRANCH).status == "refused"

    edit(project, "amount + nowhere as amount from", "amount from")
    before = last(project)
    [built] = stages.build_nodes(project, BRANCH, select("marts.fct_orders"))
    assert (built.name, built.outcome, built.rows) == ("fct_orders", "ok", 1)
    assert told(project, since=before) == ["fct_orders"]
    [left] = stages.judge_branch(project, BRANCH).refusals
    assert left.finding.what.startswith("skipped, and not built since: ")
    assert "rpt_totals" in left.finding.what
    assert stages.publish(project, BRANCH).status == "refused"

    stages.build_nodes(project, BRANCH, select("marts.rpt_totals"))
    tests = [
        f"fqn:firn.marts.{name}_fct_orders_order_id" for name in ("unique", "not_null")
    ]
    results = stages.build_nodes(project, BRANCH, tests, tests=True)
    assert {result.outcome for result in results} == {"ok"}
    assert stages.judge_branch(project, BRANCH).status == "built"
    assert stages.publish(project, BRANCH).status == "published"
    assert total(project) == (1, 10.0)


def test_a_node_that_fails_alone_refuses_the_run(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 10.0))
    stages.open_branch(project, BRANCH)
    stages.build(project, BRANCH)
    edit(project, "amount from", "amount + nowhere as amount from")
    [built] = stages.build_nodes(project, BRANCH, select("marts.fct_orders"))
    assert built.outcome == "failed"
    assert stages.publish(project, BRANCH).status == "refused"
    assert names(lake) == ["main", BRANCH]
