"""What it costs to build in Airflow: each way ÷ plain `dbt build`, wall and CPU.

The example project, and one of 200 small models in layers with tests after some. In
turn: `dbt build`, the DAG `build` (from its trigger to its end: turn, branch,
freshness, dbt, gates, publish, docs), and Cosmos' WATCHER and LOCAL. All start from the
same state of the lake, and what they make is compared. CPU is that of all of Airflow's
components and their children, also of those that have ended, whatever else they did.

    python -m orchestration.benchmarks.airflow_run --rounds 3
    python -m orchestration.benchmarks.airflow_run --sizes 20 --rounds 1 --arms build
"""

import statistics
import sys
import tempfile
import time
from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from orchestration.benchmarks import harness
from orchestration.benchmarks.airflow_cosmos import LOCAL, WATCHER
from orchestration.benchmarks.airflow_lab import (
    BUILD,
    DBT,
    EXAMPLE,
    Lab,
    Spent,
    dag_of,
    lab,
)
from orchestration.benchmarks.harness import Ratio, check_equal

_ARMS = {"build": BUILD, "watcher": WATCHER, "local": LOCAL}
_WALL, _CPU = 1.15, 2.0  # goals, at 200 models
_GOAL_SIZE = "200"


@dataclass
class Result:
    """All rounds of one size."""

    size: str
    spent: dict[str, list[Spent]] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)  # CPU-seconds a second
    tasks: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def seconds(self) -> harness.Seconds:
        """Wall and CPU of every arm, by name."""
        found: harness.Seconds = {}
        for arm, rounds in self.spent.items():
            found[self.name(arm, "wall")] = [one.wall for one in rounds]
            found[self.name(arm, "CPU")] = [one.cpu for one in rounds]
        return found

    def ratios(self) -> Iterator[Ratio]:
        """Each way ÷ plain `dbt build`."""
        for arm in self.spent:
            for what, goal in (("wall", _WALL), ("CPU", _CPU)):
                if arm != DBT:
                    yield Ratio(
                        f"{self.size}: {arm} ÷ {DBT}, {what}",
                        self.name(arm, what),
                        self.name(DBT, what),
                        goal if arm == BUILD and self.size == _GOAL_SIZE else None,
                    )

    def remarks(self) -> Iterator[str]:
        """What else a reader has to know: idle load, shares, cost of a task."""
        yield from self.notes
        yield f"{self.size}: idle, CPU-seconds a second: {_listed(self.idle, 3)}"
        base = _median(one.cpu for one in self.spent[DBT])
        yield f"{self.size}: {DBT}, catalog: {self._catalog(DBT):.1f} CPU-s"
        for arm, rounds in self.spent.items():
            if arm == DBT:
                continue
            cpu = _median(one.cpu for one in rounds)
            idle = sum(self.idle.values()) * _median(one.wall for one in rounds)
            names = rounds[0].components
            shares = {
                name: _median(one.components[name] for one in rounds) for name in names
            }
            yield (
                f"{self.size}: {arm}: {self.tasks[arm]} tasks; CPU-s: "
                f"{_listed(shares, 1)}; of these idle load {idle:.1f}; beyond "
                f"{DBT} and idle {per_task(cpu, base, idle, self.tasks[arm]):.3f} a "
                f"task; catalog {self._catalog(arm):.1f}"
            )
        if BUILD in self.spent:
            yield f"{self.size}: {BUILD}, tasks end: {_ends(self.spent[BUILD])}"

    def name(self, arm: str, what: str) -> str:
        """What an arm's figures are called in the report."""
        return f"{self.size}: {arm}, {what}"

    def _catalog(self, arm: str) -> float:
        return _median(one.catalog for one in self.spent[arm])


def per_task(cpu: float, base: float, idle: float, tasks: int) -> float:
    """CPU-seconds that a task adds to dbt's own and to those of an idle Airflow."""
    return (cpu - base - idle) / max(tasks, 1)


def main() -> None:
    """Measure and report."""
    options = _options()
    results = [_measure(size, options) for size in options.sizes]
    harness.report(
        "Airflow ÷ dbt build",
        {name: got for one in results for name, got in one.seconds().items()},
        ratios=[ratio for one in results for ratio in one.ratios()],
        notes=[
            *(note for one in results for note in one.remarks()),
            "CPU is in seconds, too. Airflow runs, idle, while dbt builds alone.",
        ],
        output=options.format,
    )


def _options() -> Namespace:
    parser = harness.arguments(__doc__ or "", rounds=3)
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=[EXAMPLE, _GOAL_SIZE],
        help=f"{EXAMPLE}, or a number of models (default: {EXAMPLE} {_GOAL_SIZE})",
    )
    parser.add_argument(
        "--arms",
        nargs="+",
        choices=_ARMS,
        default=list(_ARMS),
        help="what is compared with dbt build (default: all)",
    )
    parser.add_argument("--port", type=int, default=8797, help="Airflow's, on loopback")
    parser.add_argument(
        "--idle",
        type=float,
        default=60,
        help="seconds over which idle load is measured",
    )
    parser.add_argument(
        "--poke",
        type=int,
        default=10,
        help="seconds after which WATCHER's tasks look again (default: Cosmos' own 10)",
    )
    return parser.parse_args()


def _measure(size: str, options: Namespace) -> Result:
    arms = [DBT, *(_ARMS[name] for name in options.arms)]
    result = Result(size, {arm: [] for arm in arms})
    # The catalog may still be writing its farewell when the folder goes.
    with tempfile.TemporaryDirectory(
        prefix="firn-bench-", ignore_cleanup_errors=True
    ) as folder:
        say = partial(_say, size)
        with lab(Path(folder), size, say, poke=options.poke) as made:
            wanted = {dag_of(arm) for arm in arms if arm != DBT}
            with made.airflow(options.port, wanted):
                _rounds(made, result, arms, options.rounds)
                say(f"be idle for {options.idle:.0f} s")
                result.idle = _idle(made, options.idle)
    return result


def _rounds(made: Lab, result: Result, arms: Sequence[str], rounds: int) -> None:
    contents: dict[str, Mapping[str, int]] = {}

    def build(arm: str, *, counts: bool = True) -> None:
        spent = made.spend(arm)
        made.say(f"{arm}: {spent.wall:.1f} s, {spent.cpu:.1f} CPU-s")
        if counts:
            result.spent[arm].append(spent)
        contents[arm] = made.content(arm)
        check_equal(f"rows of {arm}", contents[DBT], contents[arm])

    for arm in arms:
        if arm != LOCAL:  # it takes long, and keeps nothing that it had not before
            made.restore()
            build(arm, counts=False)
    harness.interleave(
        {arm: partial(build, arm) for arm in arms}, rounds, before_each=made.restore
    )
    for arm in arms[1:]:
        result.tasks[arm] = made.count(arm)
    rows = sum(contents[DBT].values())
    result.notes.append(
        f"{result.size}: after each build, the rows of all {len(contents[DBT])} tables "
        f"and views: equal ({rows:,} in all)"
    )


def _idle(made: Lab, seconds: float) -> dict[str, float]:
    before = made.components()
    time.sleep(seconds)
    after = made.components()
    return {name: (after[name] - before[name]) / seconds for name in after}


def _ends(rounds: Sequence[Spent]) -> str:
    """Of the tasks that stand alone, in seconds after the trigger."""
    found = {name: _median(one.ends[name] for one in rounds) for name in rounds[0].ends}
    parts = (
        f"{name} {found[name]:.1f} s" for name in sorted(found, key=found.__getitem__)
    )
    return ", ".join(parts)


def _listed(figures: Mapping[str, float], digits: int) -> str:
    total = sum(figures.values())
    parts = ", ".join(f"{name} {value:.{digits}f}" for name, value in figures.items())
    return f"{total:.{digits}f} ({parts})"


def _median(values: Iterator[float] | Sequence[float]) -> float:
    return statistics.median(values)


def _say(size: str, what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {size}: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
