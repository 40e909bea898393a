"""What a fresh process pays for the DAG `build`: for `airflow_import`, which starts it.

`parse` imports as the DAG processor does, in steps. `task` is a process as those are
that Airflow's executor keeps: it forks a child, which loads the DAG's file and picks a
task, as every task of the DAG does before its own code begins. The answer is JSON.

    python -m orchestration.benchmarks.airflow_probe parse
"""

import json
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

# Airflow by name: logic here stays plain (see pyproject.toml).
_BASE = ("airflow.sdk", "airflow.providers.standard.operators.empty", "cosmos")
_OWN = ("orchestration.operators.flow", "orchestration.operators.graph")
_WORKER = ("airflow.executors.local_executor", "airflow.sdk.execution_time.supervisor")
_RUNNER = ("airflow.sdk.execution_time.task_runner", "airflow.dag_processing.dagbag")
_FIELD = re.compile(r"^(\w+):\s+(\d+) kB", re.MULTILINE)


def main() -> None:
    """Measure what is asked for."""
    sys.stdout = sys.stderr  # Airflow logs to it
    dags = Path(sys.argv[2])
    found = _parse(dags) if sys.argv[1] == "parse" else _task(dags)
    sys.__stdout__.write(json.dumps(found))  # type: ignore[union-attr]


def memory(rollup: str) -> dict[str, int]:
    """Bytes of a process, from the text of /proc/<pid>/smaps_rollup."""
    kib = {name: int(value) for name, value in _FIELD.findall(rollup)}
    return {"RSS": kib["Rss"] * 1024, "PSS": kib["Pss"] * 1024}


def _parse(dags: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    found["base imports"] = _timed(lambda: [import_module(name) for name in _BASE])
    found["PSS of base imports"] = _memory()["PSS"]
    found["own modules"] = _timed(lambda: [import_module(name) for name in _OWN])
    sys.path.insert(0, str(dags))
    found["DAG"] = _timed(lambda: import_module("build"))
    found |= _memory()
    dag = sys.modules["build"].dag
    module = import_module("airflow.serialization.serialized_objects")
    made: list[str] = []
    found["serialize"] = _timed(
        lambda: made.append(json.dumps(module.DagSerialization.to_dict(dag)))
    )
    found["serialized"] = len(made[0].encode())
    found["tasks"] = len(dag.tasks)
    return found


def _task(dags: Path) -> dict[str, float]:
    for name in _WORKER:
        import_module(name)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_load, args=(dags, sender))
    child.start()
    found: dict[str, float] = receiver.recv()
    child.join()
    return found


def _load(dags: Path, sender: Any) -> None:
    def load() -> None:
        for name in _RUNNER:
            import_module(name)
        bag = sys.modules["airflow.dag_processing.dagbag"].BundleDagBag(
            dag_folder=str(dags / "build.py"),
            safe_mode=False,
            load_op_links=False,
            bundle_path=dags,
            bundle_name="dags-folder",
        )
        assert bag.dags["build"].task_dict["gates"]

    seconds = _timed(load)
    sender.send({"task's start": seconds, "PSS of a task": _memory()["PSS"]})


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _memory() -> dict[str, int]:
    return memory(Path(f"/proc/{os.getpid()}/smaps_rollup").read_text())


if __name__ == "__main__":
    main()
