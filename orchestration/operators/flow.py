"""The way of a build through its tasks: branch, dbt, gates, one publish or none."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Param

from orchestration.operators import steps
from orchestration.operators.graph import Graph
from orchestration.sensors.turn import TurnSensor

_PATIENCE = 6 * 3600.0  # seconds

DEFAULTS: Mapping[str, Any] = {
    "owner": "analytics",
    "retries": 1,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2,  # with jitter
    "max_retry_delay": timedelta(minutes=5),
}
ENGINE = Param("duckdb", enum=["duckdb", "spark"], description="Who computes.")
SELECT = Param("", type="string", description="As dbt's --select; empty for all.")
FULL_REFRESH = Param(False, type="boolean", description="Rebuild from nothing.")
FORCE = Param(False, type="boolean", description="Build even if nothing is new.")
PARAMS: Mapping[str, Param] = {
    "engine": ENGINE,
    "select": SELECT,
    "full_refresh": FULL_REFRESH,
    "force": FORCE,
}


def flow(graph: Graph, *, first: Sequence[Any] = ()) -> None:
    """Wire the tasks of the DAG that is being made.

    Args:
        first: Tasks on the branch, before dbt.
    """
    turn = TurnSensor(task_id="turn", patience=_PATIENCE)
    opened, built = steps.open_branch(), steps.build()
    turn >> opened
    nodes = graph.task_group(build_task=steps.BUILD)
    nothing = EmptyOperator(task_id=steps.NOTHING_NEW)
    opened >> [*(first or [built]), nothing]
    for task in first:
        task >> built
    built >> nodes
    closed = steps.close_branch().as_teardown()
    [built, nodes] >> steps.gates() >> steps.publish() >> steps.report() >> closed
