"""The stages of a build as tasks."""

import logging
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

import click
from airflow.sdk import AssetAlias, Context, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from orchestration.build.alerts import explanation
from orchestration.build.artifacts import NodeResult
from orchestration.build.result import RunResult
from orchestration.errors import GateError, UsageError
from orchestration.lake.model import TableId
from orchestration.operators.names import asset_of, branch_of
from orchestration.settings import Settings

PUBLISHED = AssetAlias("firn_published", group="firn")
log = logging.getLogger(__name__)

NOTHING_NEW, BUILD = "nothing_new", "build"
_ENGINES: Mapping[str, tuple[str, ...]] = {
    "duckdb": (),
    "spark": ("--target", "spark"),
}


def branch() -> str:
    """The branch of the DAG run that asks."""
    run = get_current_context()["dag_run"]
    return branch_of(run.dag_id, run.run_id)


def dbt_args(params: Mapping[str, Any]) -> tuple[str, ...]:
    """What a run's parameters mean for dbt.

    Raises:
        UsageError: A backfill without a selection or a range of days. Not said by the
            parameters themselves: Airflow 3.3.2's triggerer ends where one of them has
            no default, and a task starts in it.
    """
    chosen = (params["select"] or "").split()
    selected = ("--select", *chosen) if chosen else ()
    refresh = ("--full-refresh",) if params["full_refresh"] else ()
    times = _range(params, what=chosen) if "start" in params else ()
    return (*_ENGINES[params["engine"]], *selected, *refresh, *times)


def _range(params: Mapping[str, Any], *, what: Collection[str]) -> tuple[str, ...]:
    """A backfill's range of time; said here, since dbt says it after the fork."""
    start, end = params["start"], params["end"]
    if not (what and start and end):
        raise _backfill("a backfill wants to know what, and which days")
    if _moment(start) >= _moment(end):
        raise _backfill(f"nothing lies between {start} and {end}")
    return "--event-time-start", start, "--event-time-end", end


def _moment(given: str) -> datetime:
    try:
        moment: datetime = click.DateTime().convert(given, None, None)  # as dbt does
    except click.BadParameter as error:
        raise _backfill(f"{given!r} is no day") from error
    return moment


def _backfill(what: str) -> UsageError:
    return UsageError(
        what,
        where="the backfill's parameters",
        remedy="Give select, start, and end, which is not included: 2026-01-31.",
    )


@task.branch(task_id="open_branch")
def open_branch() -> list[str]:
    """Fork the run's branch, unless there is nothing new."""
    from orchestration.build import stages  # noqa: PLC0415 - imports dbt

    context = get_current_context()
    params, run = context["params"], context["dag_run"]
    idle = stages.open_branch(
        Settings.load(),
        branch(),
        dbt_args(params),
        force=params["force"],
        run=f"dags/{run.dag_id}/runs/{run.run_id}",
    )
    if idle is None:
        return sorted(context["task"].downstream_task_ids - {NOTHING_NEW})
    log.info(idle.reason)
    return [NOTHING_NEW]


@task(task_id="plant")
def plant() -> str:
    """Put a row without its key into a raw table, on the run's branch alone."""
    from orchestration.operators.drill import plant_a_row  # noqa: PLC0415 - slow

    return plant_a_row(Settings.load(), branch())


@task(task_id=BUILD)
def build() -> str:
    """Run dbt on the branch. The tasks of the group show what it does."""
    from orchestration.build import stages  # noqa: PLC0415 - imports dbt

    attempt = get_current_context()["ti"].try_number
    result = stages.build(Settings.load(), branch(), attempt=attempt)
    _raise_if_refused(result)
    return branch()


@task(task_id="gates", trigger_rule="none_failed_min_one_success")
def gates() -> None:
    """Judge volumes and contracts; compare what Airflow shows with dbt's results."""
    from orchestration.build import stages  # noqa: PLC0415 - imports dbt

    result = stages.judge_branch(Settings.load(), branch())
    _raise_if_refused(result)
    _raise_if_different(get_current_context(), result.nodes)


@task(task_id="publish", outlets=[PUBLISHED], retries=3)
def publish() -> dict[str, Any]:
    """Move `main`, once for each DAG run."""
    from orchestration.build import stages  # noqa: PLC0415 - imports dbt

    result = stages.publish(Settings.load(), branch())
    _raise_if_refused(result)
    context = get_current_context()
    if result.publication is None:
        return {"publication": None, "tables": 0}
    moved = [TableId.parse(str(change.table)) for change in result.publication.changes]
    _tell(context, moved, publication=result.publication.id)
    return {"publication": result.publication.id, "tables": len(moved)}


@task(task_id="report")
def report() -> dict[str, Any]:
    """Write dbt's docs anew, and what the run took."""
    from orchestration.build import stages  # noqa: PLC0415 - imports dbt

    return stages.report(Settings.load(), branch())


@task(task_id="close_branch")
def close_branch() -> str:
    """Drop the branch of a run that has published. Any other one stays to be read."""
    from orchestration.build import stages  # noqa: PLC0415 - imports dbt

    return stages.close(Settings.load(), branch())


@task(task_id="clean")
def clean_up() -> dict[str, Any]:
    """What `firn clean` does."""
    from orchestration.lake import Lake, clean  # noqa: PLC0415 - slow

    settings = Settings.load()
    with closing(Lake.open(settings)) as lake:
        found = clean.plan(lake, settings, clean.Limits(), wait=0)
        if not get_current_context()["params"]["dry_run"]:
            found = clean.apply(lake, settings, found, wait=0)
    return {"bytes": found.bytes, "nothing": found.is_empty}


def _tell(context: Context, tables: Iterable[TableId], *, publication: int) -> None:
    events = context["outlet_events"][PUBLISHED]
    for table in tables:
        events.add(asset_of(table), extra={"publication": publication})


def _raise_if_refused(result: RunResult) -> None:
    """End the task red, for good: trying again would find the same."""
    if result.exit_code == 0:
        return
    raise AirflowFailException(explanation(result))


def _raise_if_different(context: Context, nodes: Iterable[NodeResult]) -> None:
    """No false green, no false red: a task's state is its node's outcome."""
    run = context["dag_run"]
    states = RuntimeTaskInstance.get_task_states(
        dag_id=run.dag_id, run_ids=[run.run_id]
    )
    found = states.get(run.run_id, {})
    outcomes = {node.id: node.outcome for node in nodes}
    different = []
    for name, one in context["dag"].task_dict.items():
        said = {
            outcomes[node] for node in getattr(one, "nodes", ()) if node in outcomes
        }
        if said and (found.get(name) == "failed") != ("failed" in said):
            different.append(f"{name} is {found.get(name)}, dbt said {', '.join(said)}")
    if different:
        raise GateError(
            f"Airflow and dbt disagree: {'; '.join(different)}",
            where=f"branch {branch_of(run.dag_id, run.run_id)}",
            remedy="Clear these tasks, so that they show what was built.",
        )
