"""dbt's artifacts as values: what each node and each source's freshness came to.

Formats: `run_results.json` v6 and `sources.json` v3 of dbt-core 1.11
(schemas.getdbt.com/dbt/run-results/v6, …/sources/v3). Reading the files rather than
dbt's objects keeps whoever judges a build independent of the process that ran it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import SetupError

Outcome = Literal["ok", "warn", "failed", "skipped"]
# dbt's status word -> what it means for a publication.
_OUTCOMES: Mapping[str, Outcome] = {
    "success": "ok",
    "pass": "ok",
    "no-op": "ok",
    "warn": "warn",
    "error": "failed",
    "fail": "failed",
    "runtime error": "failed",
    "partial success": "failed",
    "skipped": "skipped",
}


@dataclass(frozen=True, kw_only=True)
class NodeResult:
    """One model, seed, snapshot or test of a build.

    Attributes:
        kind: dbt's resource type: `model`, `seed`, `snapshot`, `test`, `unit_test` …
        status: dbt's own word, such as `success`, `fail`, `skipped`.
        seconds: Wall time that dbt reports.
        relation: `schema.name` in the lake, where the node has one.
        rows: Rows of the table after the build; None for views and tests.
        added: Rows the build wrote.
        failures: Failing rows of a test.
        sql: The compiled query; for a test, the one that returns failing rows.
        message: dbt's message, with its line breaks.
    """

    id: str
    kind: str
    status: str
    seconds: float
    relation: str | None = None
    rows: int | None = None
    added: int | None = None
    failures: int | None = None
    sql: str | None = None
    message: str = ""

    @property
    def name(self) -> str:
        """The name people know: `fct_orders`, `not_null_fct_orders_order_id`."""
        parts = self.id.split(".")
        return ".".join(parts[2:]) if self.kind == "unit_test" else parts[2]

    @property
    def outcome(self) -> Outcome:
        """What the status means; a word this version does not know is a failure."""
        return _OUTCOMES.get(self.status, "failed")

    def with_rows(self, rows: int | None, added: int | None) -> "NodeResult":
        """A copy that also knows the table's size."""
        return replace(self, rows=rows, added=added)


@dataclass(frozen=True, kw_only=True)
class SourceAge:
    """How old a source's newest row is; times are UTC, `status` is dbt's word."""

    id: str
    status: str
    max_loaded_at: datetime | None = None
    age: timedelta | None = None
    warn_after: timedelta | None = None
    error_after: timedelta | None = None
    message: str = ""

    @property
    def name(self) -> str:
        """`source.table`, as dbt selects it."""
        return ".".join(self.id.split(".")[2:])

    @property
    def outcome(self) -> Outcome:
        """What the status means for the run."""
        return _OUTCOMES.get(self.status, "failed")

    def next_threshold(self, now: datetime) -> datetime | None:
        """When this source's status gets worse, if no new row comes; None if never."""
        if self.max_loaded_at is None:
            return None
        limits = (self.warn_after, self.error_after)
        moments = [self.max_loaded_at + limit for limit in limits if limit]
        return min((m for m in moments if m > now), default=None)


@dataclass(frozen=True)
class Results:
    """Everything one `dbt build` said."""

    invocation_id: str
    nodes: tuple[NodeResult, ...]


def read_results(path: Path) -> Results:
    """Read `run_results.json`.

    Raises:
        SetupError: dbt left no such file, or one of another shape.
    """
    data = _load(path)
    return Results(
        invocation_id=data["metadata"]["invocation_id"],
        nodes=tuple(node_result(result) for result in data["results"]),
    )


def node_result(data: Mapping[str, Any]) -> NodeResult:
    """One entry of `run_results.json`'s `results`."""
    return NodeResult(
        id=data["unique_id"],
        kind=data["unique_id"].partition(".")[0],
        status=data["status"],
        seconds=float(data["execution_time"]),
        relation=_relation(data.get("relation_name")),
        failures=data.get("failures"),
        sql=data.get("compiled_code"),
        message=data.get("message") or "",
    )


def read_sources(path: Path) -> tuple[SourceAge, ...]:
    """Read `sources.json`.

    Raises:
        SetupError: dbt left no such file, or one of another shape.
    """
    return tuple(source_age(result) for result in _load(path)["results"])


def source_age(data: Mapping[str, Any]) -> SourceAge:
    """One entry of `sources.json`'s `results`; an error has only id and message."""
    criteria = data.get("criteria") or {}
    loaded = data.get("max_loaded_at")
    age = data.get("max_loaded_at_time_ago_in_s")
    return SourceAge(
        id=data["unique_id"],
        status=data["status"],
        max_loaded_at=datetime.fromisoformat(loaded) if loaded else None,
        age=timedelta(seconds=age) if age is not None else None,
        warn_after=_limit(criteria.get("warn_after")),
        error_after=_limit(criteria.get("error_after")),
        message=str(data.get("error") or ""),
    )


def count(nodes: Iterable[NodeResult]) -> dict[Outcome, int]:
    """How many nodes came to each outcome."""
    counts: dict[Outcome, int] = {"ok": 0, "warn": 0, "failed": 0, "skipped": 0}
    for node in nodes:
        counts[node.outcome] += 1
    return counts


def _limit(data: Mapping[str, Any] | None) -> timedelta | None:
    if not data or not data.get("count") or not data.get("period"):
        return None
    return timedelta(**{f"{data['period']}s": int(data["count"])})


def _relation(name: str | None) -> str | None:
    """`"lake"."marts"."fct_orders"` -> `marts.fct_orders`: branches share the rest."""
    if not name:
        return None
    return ".".join(part.strip('"`') for part in name.split(".")[-2:])


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise SetupError(
            f"dbt left no readable {path.name}: {error}",
            where=str(path),
            remedy="Look at dbt.log beside it, then run again with --verbose.",
        ) from error
