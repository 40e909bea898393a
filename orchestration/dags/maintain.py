"""Keeps the lake small: drops stale branches, and files that nobody reads any more.

What may go is decided by `firn clean`; see docs/how-to/clean-up.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from orchestration.operators.alerts import alerted
from orchestration.operators.flow import DEFAULTS
from orchestration.operators.steps import clean_up

with DAG(
    "maintain",
    doc_md=__doc__,
    schedule="30 3 * * *",
    catchup=False,
    max_active_runs=1,
    **alerted(within=timedelta(hours=1)),
    tags=["firn", "maintenance"],
    default_args={**DEFAULTS, "owner": "platform"},
    params={
        "dry_run": Param(False, type="boolean", description="Only say what would go."),
    },
) as dag:
    clean_up()
