from pathlib import Path

import pytest

from orchestration.benchmarks.airflow_cosmos import DAGS, WATCHER, dag
from orchestration.benchmarks.airflow_import import collected
from orchestration.benchmarks.airflow_lab import BUILD, DBT, Spent
from orchestration.benchmarks.airflow_probe import memory
from orchestration.benchmarks.airflow_run import Result, per_task


def result(size: str) -> Result:
    shares = {"scheduler": 8.0, "triggerer": 2.0}
    return Result(
        size,
        spent={
            DBT: [Spent(10, 8), Spent(12, 9)],
            BUILD: [
                Spent(11, 10, shares, 0.5, {"publish": 9, "turn": 1}),
                Spent(13, 12, shares, 0.5, {"publish": 10, "turn": 2}),
            ],
            WATCHER: [Spent(20, 30, shares, 1.0)],
        },
        idle={"scheduler": 0.1, "triggerer": 0.0},
        tasks={BUILD: 5, WATCHER: 4},
    )


def test_wall_and_cpu_of_every_arm_are_arms_of_the_report() -> None:
    seconds = result("200").seconds()
    assert seconds["200: dbt build, wall"] == [10, 12]
    assert seconds["200: DAG build, CPU"] == [10, 12]
    assert len(seconds) == 6


@pytest.mark.parametrize(("size", "goals"), [("200", [1.15, 2.0]), ("20", [None] * 2)])
def test_goals_are_those_of_our_dag_at_200_models(
    size: str, goals: list[float | None]
) -> None:
    ratios = list(result(size).ratios())
    assert [ratio.goal for ratio in ratios if BUILD in ratio.name] == goals
    assert {ratio.goal for ratio in ratios if WATCHER in ratio.name} == {None}


def test_a_task_costs_what_dbt_and_an_idle_airflow_do_not() -> None:
    assert per_task(cpu=30, base=10, idle=5, tasks=100) == pytest.approx(0.15)
    assert per_task(cpu=30, base=10, idle=5, tasks=0) == 15


def test_remarks_tell_components_idle_load_and_cost_of_a_task() -> None:
    text = "\n".join(result("200").remarks())
    assert "idle, CPU-seconds a second: 0.100 (scheduler 0.100" in text
    # 11 of the run, 8.5 of dbt, 1.2 of idling through 12 seconds; five tasks
    assert "DAG build: 5 tasks; CPU-s: 10.0 (scheduler 8.0" in text
    assert "idle load 1.2; beyond dbt build and idle 0.260 a task" in text
    assert "DAG build, tasks end: turn 1.5 s, publish 9.5 s" in text


def test_figures_of_a_size_are_named_after_it() -> None:
    rounds = [{"DAG": 1.0, "tasks": 7.0}, {"DAG": 3.0, "tasks": 7.0}]
    assert collected(rounds, ["DAG"], 20) == {"20: DAG": [1.0, 3.0]}


def test_memory_is_read_from_the_kernel_s_text() -> None:
    text = "5581-7ffd ---p 00000000 00:00 0 [rollup]\nRss:    2048 kB\nPss:   1024 kB\n"
    assert memory(text) == {"RSS": 2 * 1024 * 1024, "PSS": 1024 * 1024}


@pytest.mark.parametrize("arm", DAGS)
def test_a_dag_of_cosmos_is_python_and_names_its_branch(arm: str) -> None:
    text = dag(arm, project=Path("there"), branch="bench", poke=7)
    compile(text, arm, "exec")
    assert f"ExecutionMode.{arm}" in text
    assert '"env": {"FIRN_BRANCH": "bench"}' in text
    assert "poke_interval = 7" in text
