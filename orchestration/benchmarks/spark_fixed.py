"""What a model costs on Spark beside its MERGE: dbt's seconds ÷ the statement typed.

A small incremental model (ten rows into a hundred) is built by dbt, in a warm
session; then the very MERGE that it ran is typed into the same session on another
branch, with the model's query in place of the delta that dbt has pinned. What is left
is dbt, the checks of keys, and the catalog.

    python -m orchestration.benchmarks.spark_fixed --rounds 10
"""

import re
import tempfile
import time
from pathlib import Path

from orchestration.benchmarks.harness import (
    Ratio,
    Seconds,
    arguments,
    check_equal,
    report,
)
from orchestration.benchmarks.spark_lab import BASE, SCHEMA, Lab
from orchestration.errors import SetupError
from orchestration.lake.model import TEMPORARY

GOAL = 1.3
MODEL, TYPED = "model", "the same MERGE, typed"
_WARM_UP = 3  # rounds that do not count
_QUERY = "select id, v from analytics.delta_fixed"
_MODEL = f"""
{{{{ config(materialized='incremental', unique_key='id') }}}}
{{% if is_incremental() %}}
{_QUERY}
{{% else %}}
select id, v from analytics.rows_fixed
{{% endif %}}
"""
# What dbt's session alone has: the pinned delta, and the draft of the table.
_PINNED = re.compile(r"`?firn_[0-9a-f]{32}_delta`?")
_DRAFT = re.compile(rf"{TEMPORARY}[0-9a-f]+")


def main() -> None:
    """Run both arms in turns, check that they end with the same rows, and report."""
    options = arguments(__doc__ or "", rounds=10).parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lab = _prepare(Path(folder))
        seconds, rows = _measure(lab, rounds=options.rounds)
    report(
        "A model's fixed cost on Spark",
        seconds,
        ratios=[Ratio("model ÷ typed", MODEL, TYPED, goal=GOAL)],
        notes=[check_equal("rows after the model and the statement", *rows)],
        output=options.format,
    )


def _prepare(folder: Path) -> Lab:
    lab = Lab(folder)
    lab.prepare()
    lab.model("fixed", _MODEL)
    session = lab.session(BASE)
    session.sql(f"create namespace {SCHEMA}")
    for name, ids, text in (("rows", (0, 100), "a"), ("delta", (91, 101), "b")):
        session.sql(
            f"create table {SCHEMA}.{name}_fixed using iceberg as "
            f"select id, '{text}' as v from range{ids}"
        )
    lab.ours(BASE, "fixed")
    return lab


def _measure(lab: Lab, *, rounds: int) -> tuple[Seconds, list[object]]:
    seconds: Seconds = {MODEL: [], TYPED: []}
    branches = {MODEL: lab.fork(), TYPED: lab.fork()}
    statements = lab.ours(branches[MODEL], "fixed").statements
    for turn in range(-_WARM_UP, rounds):
        branches = {MODEL: lab.fork(), TYPED: lab.fork()}
        for arm in (MODEL, TYPED) if turn % 2 == 0 else (TYPED, MODEL):
            if arm == TYPED:
                took = _typed(lab, branches[arm], statements)
            else:
                took = lab.ours(branches[arm], "fixed").seconds["fixed"]
            if turn >= 0:
                seconds[arm].append(took)
    return seconds, [lab.digest(branch, "fixed") for branch in branches.values()]


def _typed(lab: Lab, branch: str, statements: list[str]) -> float:
    """Seconds of what dbt has run, by hand; the branch is looked up before."""
    found = [one for one in statements if "merge into" in one.lower()]
    if not found:
        raise SetupError("dbt ran no MERGE", where="the model fixed")
    session = lab.session(branch)
    session.sql(_QUERY).collect()
    started = time.perf_counter()
    for statement in found:
        session.sql(_DRAFT.sub("", _PINNED.sub(f"({_QUERY})", statement)))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
