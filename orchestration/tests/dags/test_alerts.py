"""What a DAG's callbacks tell, without an Airflow that runs."""

import asyncio
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from orchestration.build import alerts as kept
from orchestration.operators import alerts
from orchestration.settings import Settings

SECRET = "canary-1790"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Settings:
    monkeypatch.setattr(Settings, "load", lambda *_: settings)
    monkeypatch.delenv("FIRN_ALERT_URL", raising=False)
    return settings


def context(run: str) -> Any:
    return {"dag": SimpleNamespace(dag_id="build"), "run_id": run, "reason": "x"}


def test_a_red_run_without_a_result_is_told_of(told: Settings) -> None:
    alerts.failed(context("manual__1"))
    [one] = kept.newest(told)
    assert (one.what, one.run) == ("failed", "dags/build/runs/manual__1")
    assert one.url.endswith("/dags/build/runs/manual__1")
    assert "first red task" in one.text


def test_a_late_run_is_told_of(told: Settings) -> None:
    run = {"dag_id": "build", "dag_run_id": "r", "state": "running", "start_date": "t"}
    asyncio.run(alerts.late({"dag_run": run}))
    [one] = kept.newest(told)
    assert one.what == "late"
    assert "running since t" in one.text


def test_a_late_run_that_has_failed_was_told_of(told: Settings) -> None:
    run = {"dag_id": "build", "dag_run_id": "r", "state": "failed"}
    asyncio.run(alerts.late({"dag_run": run}))
    assert kept.newest(told) == []


def test_an_address_that_fails_leaves_the_callback_whole(
    told: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FIRN_ALERT_URL", SECRET)
    with caplog.at_level(logging.ERROR):
        alerts.failed(context("manual__2"))
    assert "could not be posted" in caplog.text
    assert SECRET not in caplog.text
    assert len(kept.newest(told)) == 1


def test_a_deadline_survives_airflow_s_database() -> None:
    """It is of our own kind, since with Airflow's a cleared task is an error."""
    dag = DAG("timely", schedule=None, **alerts.alerted(within=timedelta(hours=2)))
    encoded = DagSerialization.to_dict(dag)
    [deadline] = cast("list[Any]", encoded["dag"]["deadline"])
    assert "RunCreated" in str(deadline)
