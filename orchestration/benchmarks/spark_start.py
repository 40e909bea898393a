"""From dbt's start to the first model, where the lake has many tables: ours ÷ stock.

dbt asks what there is before it builds anything. The tables lie in the schema of the
model. `look` is that part alone: from the moment at which dbt has read the project. All
of it is measured in a session that is warm, and once a round in a process of its own,
from the process's start, with a JVM that starts.

    python -m orchestration.benchmarks.spark_start --tables 1000 --rounds 3
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType

from orchestration.benchmarks.harness import (
    Ratio,
    Seconds,
    arguments,
    check_equal,
    report,
)
from orchestration.benchmarks.spark_lab import BASE, SCHEMA, Lab
from orchestration.lake import process
from orchestration.lake.session import rest_catalog

GOAL = 1 / 20
WHO = ("ours", "stock")
_MODEL = "{{ config(materialized='table', file_format='iceberg') }} select 1 as id"


def main() -> None:
    """Make the tables, run both arms in turns, and report."""
    options = _options()
    if options.cold:
        _cold(*options.cold)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lab = _prepare(Path(folder), tables=options.tables)
        seconds = _measure(lab, Path(folder), rounds=options.rounds)
        branches = [lab.fork() for _ in WHO]
        for who, branch in zip(WHO, branches, strict=True):
            getattr(lab, who)(branch, "first")
        rows = [lab.digest(branch, "first") for branch in branches]
        report(
            f"Start on Spark with {options.tables:,} tables",
            seconds,
            ratios=_ratios(),
            notes=[check_equal("rows of the first model", *rows)],
            output=options.format,
        )


def _options() -> argparse.Namespace:
    parser = arguments(__doc__ or "", rounds=3)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--cold", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def _ratios() -> list[Ratio]:
    return [
        Ratio("look, ours ÷ stock", "look, ours", "look, stock", goal=GOAL),
        Ratio("warm session", "warm session, ours", "warm session, stock"),
        Ratio("process", "process, ours", "process, stock"),
    ]


def _prepare(folder: Path, *, tables: int) -> Lab:
    lab = Lab(folder)
    lab.prepare()
    lab.model("first", _MODEL)
    lab.model("first", _MODEL, stock=True)
    endpoint = process.ensure_catalog(lab.settings)
    catalog = rest_catalog(endpoint, BASE)
    catalog.create_namespace(SCHEMA)
    schema = Schema(
        NestedField(1, "id", LongType(), required=False),
        NestedField(2, "name", StringType(), required=False),
    )
    for number in range(tables):
        catalog.create_table((SCHEMA, f"table_{number}"), schema)
    return lab


def _measure(lab: Lab, folder: Path, *, rounds: int) -> Seconds:
    seconds: Seconds = {}
    for who in WHO:
        getattr(lab, who)(lab.fork(), "first")  # what the JVM compiles
    for turn in range(rounds):
        for who in WHO if turn % 2 == 0 else reversed(WHO):
            started = time.perf_counter()
            ran = getattr(lab, who)(lab.fork(), "first")
            seconds.setdefault(f"look, {who}", []).append(ran.first - ran.read)
            seconds.setdefault(f"warm session, {who}", []).append(ran.first - started)
            cold = _in_a_process(who, folder, lab.fork())
            seconds.setdefault(f"process, {who}", []).append(cold)
    return seconds


def _in_a_process(who: str, folder: Path, branch: str) -> float:
    """Seconds from the start of a process to its first model."""
    module = "orchestration.benchmarks.spark_start"
    started = time.time()
    done = subprocess.run(  # our own module
        [sys.executable, "-m", module, "--cold", who, str(folder), branch],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.splitlines()[-1]) - started


def _cold(who: str, folder: str, branch: str) -> None:
    """The arm of `--cold`: print when the first model began."""
    lab = Lab(Path(folder))
    ran = getattr(lab, who)(branch, "first")
    sys.stdout.write(f"{time.time() - (time.perf_counter() - ran.first)}\n")


if __name__ == "__main__":
    main()
