"""The DAG `build` at 20, 500 and 5,000 models: time to import it, memory, bytes.

Each figure is of a fresh process. *Base imports* are Airflow and Cosmos, *own modules*
our operators, *DAG* is reading the manifest and making the tasks; then the DAG is
serialized as Airflow keeps it. *A task's start* is what a forked worker does before the
code of any task on a worker begins: it loads the file of the DAG. Memory is the
process's proportional share (PSS), where not said otherwise; of a task without dbt.

    python -m orchestration.benchmarks.airflow_import --rounds 5
    python -m orchestration.benchmarks.airflow_import --sizes 20 --rounds 1
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from orchestration.benchmarks import airflow_project, harness
from orchestration.benchmarks.airflow_lab import ALWAYS
from orchestration.benchmarks.harness import Ratio
from orchestration.benchmarks.spark_lab import PROJECT
from orchestration.scheduler.deploy import deploy
from orchestration.settings import Settings

_SECONDS = ("base imports", "own modules", "DAG", "serialize", "task's start")
_BYTES = ("serialized", "PSS of base imports", "PSS", "RSS", "PSS of a task")
_PROBE = "orchestration.benchmarks.airflow_probe"
Found = Mapping[str, float]


def main() -> None:
    """Measure and report."""
    parser = harness.arguments(__doc__ or "", rounds=5)
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument("--sizes", nargs="+", type=int, default=[20, 500, 5000])
    options = parser.parse_args()
    seconds: harness.Seconds = {}
    sizes: harness.Sizes = {}
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="firn-bench-") as folder:
        projects = {
            size: _project(Path(folder) / str(size), size, notes)
            for size in options.sizes
        }
        found: dict[int, list[Found]] = {size: [] for size in projects}
        for turn in range(options.rounds):
            for size, environ in projects.items():
                _say(f"round {turn + 1}: {size} models")
                found[size].append(_probe(environ))
    for size, rounds in found.items():
        seconds |= collected(rounds, _SECONDS, size)
        sizes |= collected(rounds, _BYTES, size)
        notes.append(f"{size}: {rounds[0]['tasks']:.0f} tasks")
    harness.report(
        "The DAG build, by models",
        seconds,
        sizes=sizes,
        ratios=_ratios(options.sizes),
        notes=notes,
        output=options.format,
    )


def collected(
    rounds: Iterable[Found], names: Iterable[str], size: int
) -> dict[str, list[float]]:
    """The rounds of some figures, by what they are called in the report."""
    rounds = list(rounds)
    return {f"{size}: {name}": [one[name] for one in rounds] for name in names}


def _ratios(sizes: list[int]) -> Iterator[Ratio]:
    """How the DAG grows: each size ÷ the one before."""
    for before, size in pairwise(sizes):
        for name in ("DAG", "serialized", "PSS"):
            yield Ratio(
                f"{name}, {size} ÷ {before} models",
                f"{size}: {name}",
                f"{before}: {name}",
            )


def _project(folder: Path, size: int, notes: list[str]) -> dict[str, str]:
    """A project that is deployed; returns the environment to look at it in."""
    project = folder / "project"
    airflow_project.copy_parts(PROJECT, project, *ALWAYS)
    airflow_project.write(project, size)
    environ = {
        "FIRN_PROJECT_DIR": str(project),
        "FIRN_HOME": str(folder / "home"),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__COSMOS__CACHE_DIR": str(folder / "cosmos_cache"),
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "DO_NOT_TRACK": "1",
    }
    _say(f"dbt parse of {size} models")
    started = time.perf_counter()
    path = deploy(Settings.load(environ))
    notes.append(
        f"{size}: dbt parse {time.perf_counter() - started:.1f} s, "
        f"manifest {path.stat().st_size:,} B"
    )
    return {**os.environ, **environ}


def _probe(environ: Mapping[str, str]) -> Found:
    found: dict[str, float] = {}
    for what in ("parse", "task"):
        dags = str(Path(environ["FIRN_PROJECT_DIR"]) / "orchestration/dags")
        done = subprocess.run(  # our own words
            [sys.executable, "-m", _PROBE, what, dags],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        found |= json.loads(done.stdout)
    return found


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
