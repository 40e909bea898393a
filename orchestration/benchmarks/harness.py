"""What every benchmark needs: fair rounds, medians, ratios, and where it was measured.

Arms run interleaved (a b, b a, a b …) in one process, so that a machine that slows
down half-way slows all of them, and a ratio of medians still means something.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

Seconds = dict[str, list[float]]
Sizes = dict[str, list[float]]
_PACKAGES = (
    *("dbt-core", "dbt-duckdb", "duckdb", "pyiceberg", "pyarrow"),
    *("dbt-spark", "pyspark"),  # where the extra is installed
)
_BUSY_BEFORE = os.getloadavg()[0]  # processes, the last minute; ours are not among them


@dataclass(frozen=True)
class Ratio:
    """Median of `ours` ÷ median of `other`; `goal` is the most it should be."""

    name: str
    ours: str
    other: str
    goal: float | None = None

    def value(self, seconds: Mapping[str, list[float]]) -> float:
        """The ratio of medians."""
        return statistics.median(seconds[self.ours]) / statistics.median(
            seconds[self.other]
        )


def interleave(
    arms: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    before_each: Callable[[], object] | None = None,
) -> Seconds:
    """Wall seconds of each arm a round; every other round runs in reverse order.

    Args:
        before_each: Restores the state that every arm starts from; not timed.
    """
    seconds: Seconds = {name: [] for name in arms}
    names = list(arms)
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            if before_each is not None:
                before_each()
            started = time.perf_counter()
            arms[name]()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def check_equal(what: str, left: object, right: object) -> str:
    """Return a line for the report, or stop: a ratio of different results is no ratio.

    Raises:
        AssertionError: The two arms did not produce the same.
    """
    if left != right:
        raise AssertionError(f"{what} differ: {left!r} is not {right!r}")
    return f"{what}: equal"


def machine() -> dict[str, str]:
    """Processor, cores, memory, system and versions that the figures depend on."""
    versions = {name: _version(name) for name in _PACKAGES}
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)))
        if hasattr(os, "sched_getaffinity")
        else str(os.cpu_count()),
        "memory": f"{_memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "busy before": f"{_BUSY_BEFORE:.1f} processes",
        "python": platform.python_version(),
        **versions,
    }


def arguments(description: str, *, rounds: int) -> argparse.ArgumentParser:
    """A parser with what all benchmarks take: `--rounds` and `--format`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def report(  # noqa: PLR0913  # all but two are by name, and may be left out
    title: str,
    seconds: Mapping[str, list[float]],
    *,
    sizes: Mapping[str, list[float]] | None = None,
    ratios: Iterable[Ratio] = (),
    notes: Iterable[str] = (),
    output: str = "text",
) -> None:
    """Print medians and ranges of every arm, ratios with goals, notes and machine.

    Args:
        sizes: Bytes, by name; ratios may be of them, too.
        notes: Lines that belong to the result: sizes, settings, what was checked.
        output: `text` or `json`.
    """
    ratios, sizes = list(ratios), sizes or {}
    values = {**seconds, **sizes}
    result: dict[str, object] = {
        "title": title,
        "command": command(),
        "arms": {name: _spread(values) for name, values in seconds.items()},
        "sizes": {name: _spread(values) for name, values in sizes.items()},
        "ratios": [asdict(r) | {"value": round(r.value(values), 4)} for r in ratios],
        "notes": list(notes),
        "machine": machine(),
    }
    print(
        json.dumps(result, indent=2, default=str) if output == "json" else _text(result)
    )


def command() -> str:
    """The command that was typed, without this machine's paths."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    name = f"-m {spec.name}" if spec else Path(sys.argv[0]).name
    return f"python {name} {shlex.join(sys.argv[1:])}".strip()


def _spread(values: list[float]) -> dict[str, float | int]:
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "rounds": len(values),
    }


def _text(result: dict[str, object]) -> str:
    data = json.loads(json.dumps(result, default=str))
    lines = [data["title"], f"  {data['command']}", ""]
    for name, arm in data["arms"].items():
        lines.append(
            f"  {name:<36} {arm['median']:>9.3f} s   "
            f"({arm['min']:.3f} to {arm['max']:.3f}, {arm['rounds']} rounds)"
        )
    for name, size in data["sizes"].items():
        lines.append(f"  {name:<36} {size['median']:>11,.0f} B")
    for ratio in data["ratios"]:
        goal = f"goal ≤ {ratio['goal']:g}" if ratio["goal"] is not None else ""
        lines.append(f"  {ratio['name']:<36} {ratio['value']:>9.3f}    {goal}")
    lines += [f"  {note}" for note in data["notes"]]
    lines.append(
        "  machine: " + ", ".join(f"{k} {v}" for k, v in data["machine"].items())
    )
    return "\n".join(lines)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
