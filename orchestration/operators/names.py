"""What a run and a table are called on both sides: in Airflow and in the lake."""

import hashlib
import re

from airflow.sdk import Asset

from orchestration.lake.model import TableId
from orchestration.settings import MAIN

_LONGEST = 80  # leaves room for the prefix and the hash in a branch's name


def branch_of(dag_id: str, run_id: str) -> str:
    """The one branch of a DAG run, whatever is retried or cleared in it."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", f"{dag_id}_{run_id}").strip("_")
    mark = hashlib.sha256(f"{dag_id}/{run_id}".encode()).hexdigest()[:6]
    return f"run_{readable[:_LONGEST]}_{mark}"


def asset_of(table: TableId) -> Asset:
    """A table as Airflow's asset: the same for every engine, DAG and process."""
    return Asset(uri=f"iceberg://{MAIN}/{table.namespace}/{table.name}")
