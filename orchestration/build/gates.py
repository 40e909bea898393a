"""The gates: each looks at what a build left behind and says what is wrong with it.

An `error` keeps the branch from being published, a `warn` is only shown.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from orchestration.build.artifacts import NodeResult, SourceAge

Severity = Literal["error", "warn"]
_CLOCKS_DIFFER = timedelta(hours=1)
_TESTS = ("test", "unit_test")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one gate says about one node.

    Attributes:
        rows: How many rows are concerned, where that is known.
        sql: A query that shows them.
    """

    gate: str
    severity: Severity
    subject: str
    what: str
    rows: int | None = None
    sql: str | None = None


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Rows of one table before and after; `max_shrink` is a share from 0 to 1."""

    table: str
    before: int
    after: int
    max_shrink: float | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the gates look at. `success` is dbt's own verdict on its command."""

    sources: tuple[SourceAge, ...] = ()
    source_sql: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[NodeResult, ...] = ()
    success: bool = True
    volumes: tuple[Volume, ...] = ()


Gate = Callable[[Evidence], Iterable[Finding]]


def freshness(evidence: Evidence) -> Iterator[Finding]:
    """A source's newest row is older than its `error_after` (or `warn_after`).

    One from the future (warn) keeps its source fresh, whatever comes or does not come.
    """
    for source in evidence.sources:
        if source.age is not None and source.age < -_CLOCKS_DIFFER:
            yield Finding(
                gate="freshness",
                severity="warn",
                subject=source.name,
                what=f"newest row is {_hours(-source.age)} in the future: "
                "was a clock wrong when it landed?",
                sql=evidence.source_sql.get(source.id),
            )
        if source.outcome == "ok":
            continue
        limit = source.error_after if source.outcome == "failed" else source.warn_after
        what = source.message or (
            f"newest row is {_hours(source.age)} old, limit {_hours(limit)}"
        )
        yield Finding(
            gate="freshness",
            severity="warn" if source.outcome == "warn" else "error",
            subject=source.name,
            what=what,
            sql=evidence.source_sql.get(source.id),
        )


def models(evidence: Evidence) -> Iterator[Finding]:
    """A model, seed, snapshot or hook failed, or broke its contract."""
    for node in evidence.nodes:
        if node.kind in _TESTS or node.outcome not in ("failed", "warn"):
            continue
        yield Finding(
            gate="contract" if "enforced contract" in node.message else "build",
            severity="warn" if node.outcome == "warn" else "error",
            subject=node.name,
            what=node.message.strip() or node.status,
            sql=node.sql,
        )


def tests(evidence: Evidence) -> Iterator[Finding]:
    """A data test found rows, a unit test found a difference, or one could not run."""
    for node in evidence.nodes:
        if node.kind not in _TESTS or node.outcome not in ("failed", "warn"):
            continue
        yield Finding(
            gate="test",
            severity="warn" if node.outcome == "warn" else "error",
            subject=node.name,
            what=node.message.strip() or node.status,
            rows=node.failures,
            sql=node.sql if node.kind == "test" else None,
        )


def volume(evidence: Evidence) -> Iterator[Finding]:
    """A table lost all its rows (warn), or more than its `max_shrink` (error)."""
    for table in evidence.volumes:
        lost = table.before - table.after
        shrunk = lost / table.before if table.before else 0.0
        if table.max_shrink is not None and shrunk > table.max_shrink:
            what = (
                f"lost {shrunk:.0%} of its rows, max_shrink is {table.max_shrink:.0%}"
            )
            severity: Severity = "error"
        elif table.before and not table.after:
            what, severity = "had rows and is empty now", "warn"
        else:
            continue
        yield Finding(
            gate="volume",
            severity=severity,
            subject=table.table,
            what=f"{what} ({table.before:,} before, {table.after:,} after)",
            rows=lost,
        )


def verdict(evidence: Evidence) -> Iterator[Finding]:
    """dbt said no, whatever the other gates make of its artifacts."""
    failed = any(node.outcome == "failed" for node in evidence.nodes)
    skipped = [node.name for node in evidence.nodes if node.outcome == "skipped"]
    what = "dbt ended with an error that no node reports; see dbt.log"
    if skipped:
        what = f"skipped, and not built since: {', '.join(skipped)}"
    if not evidence.success and not failed:
        yield Finding(
            gate="build",
            severity="error",
            subject="dbt",
            what=what,
        )


GATES: tuple[Gate, ...] = (freshness, models, tests, volume, verdict)


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """All that the gates find, errors first."""
    found = [finding for gate in GATES for finding in gate(evidence)]
    return tuple(sorted(found, key=lambda finding: finding.severity != "error"))


def refused(findings: Iterable[Finding]) -> bool:
    """Whether one of them keeps the branch from being published."""
    return any(finding.severity == "error" for finding in findings)


def _hours(span: object) -> str:
    seconds = getattr(span, "total_seconds", lambda: None)()
    if seconds is None:
        return "unknown"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return (
        f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"
    )
