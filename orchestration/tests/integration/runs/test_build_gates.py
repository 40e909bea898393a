"""What the gates refuse, what they let pass, and how they say so."""

import json
import shlex

import pytest

from orchestration.build import attempt
from orchestration.build.run import build
from orchestration.lake import Lake, TableId
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.integration.runs.small_build import runs
from orchestration.tests.pages import promise

FACT = TableId("marts", "fct_orders")


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
