"""Builds a range of time again, on a branch, and publishes once at its end.

Models of the strategy `microbatch` are built for that range; the others as always.
Select the models, with `+` what follows them.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from orchestration.operators.alerts import alerted
from orchestration.operators.flow import DEFAULTS, ENGINE, FULL_REFRESH, SELECT, flow
from orchestration.operators.graph import Graph
from orchestration.settings import Settings

with DAG(
    "backfill",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    **alerted(within=timedelta(hours=12)),
    tags=["firn", "dbt", "backfill"],
    default_args=dict(DEFAULTS),
    params={
        "engine": ENGINE,
        "select": SELECT,
        "start": Param(None, type=["null", "string"], description="The first day."),
        "end": Param(None, type=["null", "string"], description="The day after."),
        "full_refresh": FULL_REFRESH,
        "force": Param(True, const=True, description="It always builds."),
    },
) as dag:
    flow(Graph(Settings.load()))
