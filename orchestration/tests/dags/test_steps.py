"""What a run's parameters mean for dbt, and when a stage ends its task red."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from orchestration.build.artifacts import NodeResult
from orchestration.build.dbt import check
from orchestration.build.gates import Finding
from orchestration.build.result import Refusal, RunResult
from orchestration.errors import GateError, UsageError
from orchestration.lake.model import TableId
from orchestration.operators import steps
from orchestration.operators.names import asset_of

PLAIN = {"engine": "duckdb", "select": "", "full_refresh": False, "force": False}
RANGE = {"select": "+rpt_totals", "start": "2026-01-01", "end": "2026-01-31"}
TIMES = ("--event-time-start", "2026-01-01", "--event-time-end", "2026-01-31")
ORDERS = "model.firn.fct_orders"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ()),
        ({"engine": "spark"}, ("--target", "spark")),
        ({"select": " +a  b,tag:c "}, ("--select", "+a", "b,tag:c")),
        ({"select": " "}, ()),
        ({"full_refresh": True}, ("--full-refresh",)),
        (RANGE, ("--select", "+rpt_totals", *TIMES)),
        (
            {"engine": "spark", "full_refresh": True, **RANGE},
            ("--target", "spark", "--select", "+rpt_totals", "--full-refresh", *TIMES),
        ),
    ],
)
def test_parameters_are_dbt_s_arguments(
    given: Mapping[str, Any], expected: tuple[str, ...]
) -> None:
    found = steps.dbt_args({**PLAIN, **given})
    assert found == expected
    check(found)


@pytest.mark.parametrize("start", ["2026-01-01 10:00:00", "2026-01-01T10:00:00"])
def test_a_backfill_can_begin_at_an_hour(start: str) -> None:
    found = steps.dbt_args({**PLAIN, **RANGE, "start": start})
    assert found[3] == start
    check(found)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"select": ""}, "what, and which days"),
        ({"select": "  "}, "what, and which days"),
        ({"start": None}, "what, and which days"),
        ({"end": ""}, "what, and which days"),
        ({"start": "yesterday"}, "'yesterday' is no day"),
        ({"end": "2026-02-30"}, "'2026-02-30' is no day"),
        ({"end": "2026-01-31T00:00:00Z"}, "is no day"),
        ({"end": RANGE["start"]}, "nothing lies between 2026-01-01 and 2026-01-01"),
        ({"end": "2025-12-31"}, "nothing lies between"),
    ],
)
def test_a_backfill_without_a_range_is_wrong_use(
    given: Mapping[str, Any], what: str
) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        steps.dbt_args({**PLAIN, **RANGE, **given})
    assert "2026-01-31" in caught.value.remedy


def refusal(severity: Any, look: str | None) -> Refusal:
    finding = Finding(
        gate="test", severity=severity, subject="unique_id", what="3 rows"
    )
    return Refusal(finding=finding, look=look)


def test_a_refusal_says_which_gate_which_rows_and_which_branch() -> None:
    look = "firn sql --branch run_b --file unique_id.sql"
    result = RunResult(
        status="refused",
        seconds=1,
        branch="run_b",
        reason="rebuilt, since a rollback",
        refusals=(refusal("error", look), refusal("warn", "firn diff")),
    )
    with pytest.raises(AirflowFailException) as caught:
        steps._raise_if_refused(result)
    assert str(caught.value).splitlines() == [
        "rebuilt, since a rollback",
        "test: unique_id: 3 rows",
        f"  see the rows: {look}",
        "Nothing was published. Its branch is run_b.",
    ]


def test_a_refusal_without_rows_to_see_names_none() -> None:
    found = (refusal("error", None),)
    result = RunResult(status="refused", seconds=1, branch="run_b", refusals=found)
    with pytest.raises(AirflowFailException) as caught:
        steps._raise_if_refused(result)
    assert "see the rows" not in str(caught.value)


@pytest.mark.parametrize("status", ["built", "published", "unchanged"])
def test_what_is_not_refused_goes_on(status: Any) -> None:
    steps._raise_if_refused(RunResult(status=status, seconds=1, branch="run_b"))


def compare(patch: pytest.MonkeyPatch, *, shown: str, said: str | None) -> None:
    """Compare one task with one node; `said` is None where dbt did not build it."""
    shows = {"r1": {"dbt.fct_orders": shown, "publish": "failed"}}
    patch.setattr(RuntimeTaskInstance, "get_task_states", lambda **_: shows)
    tasks = {"dbt.fct_orders": SimpleNamespace(nodes=[ORDERS]), "publish": object()}
    context: Any = {
        "dag_run": SimpleNamespace(dag_id="build", run_id="r1"),
        "dag": SimpleNamespace(task_dict=tasks),
    }
    nodes = [] if said is None else [_node(said)]
    steps._raise_if_different(context, nodes)


def _node(status: str) -> NodeResult:
    return NodeResult(id=ORDERS, kind="model", status=status, seconds=1)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("success", "success"),
        ("success", "warn"),
        ("failed", "error"),
        ("skipped", "skipped"),
        ("failed", None),
        ("success", None),
    ],
)
def test_tasks_that_show_what_dbt_said_pass(
    monkeypatch: pytest.MonkeyPatch, shown: str, said: str | None
) -> None:
    compare(monkeypatch, shown=shown, said=said)


@pytest.mark.parametrize(
    ("shown", "said", "what"),
    [
        ("success", "error", "dbt.fct_orders is success, dbt said failed"),
        ("skipped", "error", "dbt.fct_orders is skipped, dbt said failed"),
        ("failed", "success", "dbt.fct_orders is failed, dbt said ok"),
    ],
)
def test_neither_a_false_green_nor_a_false_red_passes(
    monkeypatch: pytest.MonkeyPatch, shown: str, said: str, what: str
) -> None:
    with pytest.raises(GateError, match=what) as caught:
        compare(monkeypatch, shown=shown, said=said)
    assert caught.value.where.startswith("branch run_build_r1_")


def test_a_publication_tells_each_table_s_asset_that_it_moved() -> None:
    told: list[Any] = []
    outlet = SimpleNamespace(add=lambda asset, extra: told.append((asset, extra)))
    context: Any = {"outlet_events": {steps.PUBLISHED: outlet}}
    tables = [TableId("marts", "fct_orders"), TableId("marts", "rpt_totals")]
    steps._tell(context, tables, publication=3)
    assert told == [(asset_of(table), {"publication": 3}) for table in tables]
    assert told[0][0].uri == "iceberg://main/marts/fct_orders"
