"""Lands what is new in each source, and tells who reads its raw tables.

One group a source: a new file in `orchestration/ingestion/sources/` is a new group. A
group waits for files in the triggerer, without a worker, and is skipped if none come.
"""

from datetime import timedelta

from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from orchestration.ingestion.specs import load_sources
from orchestration.operators.alerts import alerted
from orchestration.operators.sources import source_group
from orchestration.settings import Settings

with DAG(
    "ingest",
    doc_md=__doc__,
    schedule=CronTriggerTimetable(
        "*/15 * * * *", timezone="UTC", run_immediately=False
    ),
    catchup=False,
    max_active_runs=1,
    **alerted(within=timedelta(hours=1)),
    tags=["firn", "ingest"],
    default_args={
        "owner": "platform",
        "retries": 3,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2,  # with jitter
        "max_retry_delay": timedelta(minutes=5),
    },
) as dag:
    for source in load_sources(Settings.load()):
        source_group(source)
