"""Builds the project on a branch, judges it and publishes it: all tables, or none.

Runs when raw tables change, and once a day in any case. One dbt process does the work;
each model, snapshot, seed, source and group of tests is a task that shows what became
of it. A run that a gate refuses leaves its branch, and `main` as it was: the log of the
red task says what is wrong, and which query shows the rows.
"""

from datetime import timedelta

from airflow.sdk import DAG, AssetAny
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable

from orchestration.operators.alerts import alerted
from orchestration.operators.flow import DEFAULTS, PARAMS, flow
from orchestration.operators.graph import Graph
from orchestration.operators.names import asset_of
from orchestration.settings import Settings

graph = Graph(Settings.load())

with DAG(
    "build",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 5 * * *", timezone="UTC"),
        assets=AssetAny(*map(asset_of, graph.sources())),  # type: ignore[arg-type]
    ),
    catchup=False,
    max_active_runs=1,
    **alerted(within=timedelta(hours=2)),
    tags=["firn", "dbt"],
    default_args=dict(DEFAULTS),
    params=dict(PARAMS),
) as dag:
    flow(graph)
