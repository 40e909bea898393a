"""Cosmos as it comes, for comparison: DAGs that only the benchmark has.

With what is fastest in it: dbt in the task's process, the manifest that is there, a
parse that is there, no second look at dependencies.
"""

from pathlib import Path

WATCHER, LOCAL = "WATCHER", "LOCAL"
DAGS = {WATCHER: "bench_watcher", LOCAL: "bench_local"}
# As Cosmos calls dbt, so that its tasks find the project parsed.
FLAGS = ("--profile", "firn", "--target", "dev", "--no-static-parser")
_TASKS_AT_ONCE = {WATCHER: 16, LOCAL: 3}  # LOCAL: each is a whole dbt

# Tasks are forked from the scheduler: what it has imported, they need not.
PRELOADED = """\
import sys

if "scheduler" in sys.argv:
    import cosmos.operators.local
    import cosmos.operators.watcher
    import dbt.adapters.duckdb.impl
    import dbt.cli.main
"""
_DAG = '''\
"""Cosmos as it comes, for comparison."""

from datetime import timedelta
from pathlib import Path

from cosmos import DbtDag, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior

project = Path({project!r})
dag = DbtDag(
    dag_id="{dag_id}",
    schedule=None,
    catchup=False,
    max_active_tasks={tasks},
    default_args={{"retries": 1, "retry_delay": timedelta(seconds=1)}},
    project_config=ProjectConfig(
        dbt_project_path=project,
        manifest_path=project / "target/manifest.json",
        install_dbt_deps=False,
    ),
    profile_config=ProfileConfig(
        profile_name="firn",
        target_name="dev",
        profiles_yml_filepath=project / "profiles/profiles.yml",
    ),
    execution_config=ExecutionConfig(
        execution_mode=ExecutionMode.{mode},
        invocation_mode=InvocationMode.DBT_RUNNER,
    ),
    render_config=RenderConfig(
        load_method=LoadMode.DBT_MANIFEST,
        test_behavior=TestBehavior.AFTER_EACH,
        should_detach_multiple_parents_tests=True,
        emit_datasets=False,
    ),
    operator_args={{
        "install_deps": False,
        "append_env": True,
        "env": {{"FIRN_BRANCH": "{branch}"}},  # and appended to what is there
        "should_store_compiled_sql": False,
    }},
)
for task in dag.tasks:
    if hasattr(task, "poke_interval"):
        task.poke_interval = {poke}
'''


def dag(arm: str, *, project: Path, branch: str, poke: int) -> str:
    """The file of a DAG.

    Args:
        poke: Seconds after which WATCHER's tasks look again; each look costs, and with
            hundreds of tasks many looks slow the build that they look at.
    """
    return _DAG.format(
        project=str(project),
        dag_id=DAGS[arm],
        branch=branch,
        mode=arm,
        tasks=_TASKS_AT_ONCE[arm],
        poke=poke,
    )
