import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.build.artifacts import (
    NodeResult,
    SourceAge,
    count,
    read_results,
    read_sources,
)
from orchestration.errors import SetupError

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def entry(unique_id: str, status: str, **more: object) -> dict[str, object]:
    return {"unique_id": unique_id, "status": status, "execution_time": 0.25, **more}


def test_run_results_become_values(tmp_path: Path) -> None:
    results = [
        entry("model.p.fct", "success", relation_name='"lake"."marts"."fct"'),
        entry("test.p.not_null_x.ab12", "fail", failures=3, compiled_code="select 1"),
        entry("unit_test.p.fct.a_fact_holds", "pass"),
    ]
    path = tmp_path / "run_results.json"
    path.write_text(
        json.dumps({"metadata": {"invocation_id": "i-1"}, "results": results})
    )
    found = read_results(path)
    assert found.invocation_id == "i-1"
    model, test, unit = found.nodes
    assert (model.name, model.relation, model.kind) == ("fct", "marts.fct", "model")
    assert (test.name, test.failures, test.sql) == ("not_null_x", 3, "select 1")
    assert (unit.name, unit.outcome) == ("fct.a_fact_holds", "ok")


@pytest.mark.parametrize("status", ["error", "fail", "partial success", "a new word"])
def test_what_is_not_known_to_be_good_is_a_failure(status: str) -> None:
    node = NodeResult(id="model.p.a", kind="model", status=status, seconds=0)
    assert node.outcome == "failed"


def test_outcomes_are_counted() -> None:
    nodes = [
        NodeResult(id="test.p.a.1", kind="test", status=status, seconds=0)
        for status in ("pass", "warn", "fail", "skipped", "pass")
    ]
    assert count(nodes) == {"ok": 2, "warn": 1, "failed": 1, "skipped": 1}


@pytest.mark.parametrize("content", [None, "{", ""])
def test_a_missing_or_torn_artifact_says_where_to_look(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "run_results.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SetupError, match=r"run_results\.json") as error:
        read_results(path)
    assert "dbt.log" in error.value.remedy


def test_sources_become_ages(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    path.write_text(
        json.dumps(
            {
                "results": [
                    {
                        "unique_id": "source.p.shop.orders",
                        "status": "warn",
                        "max_loaded_at": "2026-11-20T12:00:00Z",
                        "max_loaded_at_time_ago_in_s": 86400.0,
                        "criteria": {
                            "warn_after": {"count": 12, "period": "hour"},
                            "error_after": {"count": 2, "period": "day"},
                        },
                    },
                    {
                        "unique_id": "source.p.shop.items",
                        "status": "runtime error",
                        "error": "no such table",
                    },
                ]
            }
        )
    )
    orders, items = read_sources(path)
    assert (orders.name, orders.outcome) == ("shop.orders", "warn")
    assert orders.age == timedelta(days=1)
    assert (orders.warn_after, orders.error_after) == (
        timedelta(hours=12),
        timedelta(days=2),
    )
    assert (items.outcome, items.message) == ("failed", "no such table")


def age(
    *, hours_old: int, warn: int | None = None, error: int | None = None
) -> SourceAge:
    return SourceAge(
        id="source.p.s.t",
        status="pass",
        max_loaded_at=NOON - timedelta(hours=hours_old),
        warn_after=timedelta(hours=warn) if warn else None,
        error_after=timedelta(hours=error) if error else None,
    )


@pytest.mark.parametrize(
    ("source", "in_hours"),
    [
        (age(hours_old=1, warn=12, error=24), 11),
        (age(hours_old=13, warn=12, error=24), 11),  # warned already, error is next
        (age(hours_old=30, warn=12, error=24), None),
        (age(hours_old=1), None),
    ],
)
def test_the_next_threshold_is_the_first_that_is_not_passed(
    source: SourceAge, in_hours: int | None
) -> None:
    expected = NOON + timedelta(hours=in_hours) if in_hours else None
    assert source.next_threshold(NOON) == expected
