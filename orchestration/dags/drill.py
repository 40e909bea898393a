"""Proves that a bad input is stopped: it must end red, with nothing published.

A row without its key is put into a raw table, on the run's branch alone. The models are
built from it as always, and a test has to find it.
"""

from datetime import timedelta

from airflow.sdk import DAG

from orchestration.operators.alerts import alerted
from orchestration.operators.flow import DEFAULTS, PARAMS, flow
from orchestration.operators.graph import Graph
from orchestration.operators.steps import plant
from orchestration.settings import Settings

with DAG(
    "drill",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    **alerted(within=timedelta(hours=2)),
    tags=["firn", "dbt", "drill"],
    default_args={**DEFAULTS, "retries": 0},
    params={**PARAMS, "force": True},
) as dag:
    flow(Graph(Settings.load()), first=[plant()])
