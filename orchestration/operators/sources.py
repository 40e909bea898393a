"""Sources as groups of tasks: wait for files, land them."""

from typing import Any

from airflow.sdk import TaskGroup, task
from airflow.sdk.exceptions import AirflowSkipException

from orchestration.ingestion.spec import Source
from orchestration.lake.model import TableId
from orchestration.operators.names import asset_of
from orchestration.sensors.new_files import NewFilesSensor
from orchestration.settings import Settings

_RAW = "raw"


def source_group(source: Source) -> TaskGroup:
    """A source's group; its outlets are the assets of its raw tables."""
    tables = [TableId(_RAW, source.raw_name(table.name)) for table in source.tables]
    with TaskGroup(source.name, tooltip=source.description) as group:
        waits = NewFilesSensor(
            task_id="new_files",
            source=source.name,
            patience=source.schedule.patience.seconds,
        )
        lands = _land.override(
            outlets=[asset_of(table) for table in tables],
            pool=source.pool,
            queue=source.schedule.queue,
            priority_weight=source.schedule.priority_weight,
        )(source.name)
        waits >> lands
    return group


@task(task_id="land")
def _land(source: str) -> dict[str, Any]:
    """Land what is new, and publish it. Files that are known change nothing."""
    from orchestration.ingestion.run import ingest  # noqa: PLC0415 - imports DuckDB

    result = ingest(Settings.load(), [source])
    if result.publication is None:
        raise AirflowSkipException("all of it had landed before")
    return {
        "publication": result.publication.id,
        "rows": {load.table: load.landed for load in result.loads},
        "rejected": sum(load.rejected for load in result.loads),
    }
