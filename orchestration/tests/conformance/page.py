"""The page of conformance: each test of upstream's, and what it comes to by engine."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.tests.conformance.engines import ENGINES, Engine
from orchestration.tests.conformance.expected import LEFT_OUT, Verdict
from orchestration.tests.pages import table

_PASS = "pass"
_UNEXPECTED = "FAIL, unexpectedly"


class Collector:
    """Gathers results over a test session, and writes the page at its end."""

    def __init__(self, *, path: Path, title: str, preface: str) -> None:
        self._path = path
        self._head = (title, "", preface)
        # suite → test → engine → what it came to
        self._suites: dict[str, dict[str, dict[str, str]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._reasons: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        for kind, said in report.user_properties:
            if kind == "upstream" and isinstance(said, dict):
                self._take(dict(said), _outcome(report, said))

    def _take(self, said: dict[str, Any], outcome: str) -> None:
        suite, test, engine = said["suite"], said["test"], said["engine"]
        results = self._suites[suite][test]
        # A test has reports of its call and of its end: the worse one counts.
        if results.get(engine) != _UNEXPECTED:
            results[engine] = outcome
        if said["why"]:
            self._reasons[suite, test][f"{said['why']} ({said['reference']})"] = None

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self._path.write_text("\n".join(self._lines(exitstatus)) + "\n")

    def _lines(self, exitstatus: int) -> Iterator[str]:
        yield from self._head
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            yield from ("", "**The run was interrupted:** tests are missing below.")
        yield from ("", "## In all", "", *self._totals())
        for suite in sorted(self._suites):
            yield from ("", f"## {suite.replace('_', ' ')}", "")
            titles = [engine.title for engine in ENGINES]
            yield from table(("test", *titles, "why"), self._rows(suite))
        heads = ("upstream's classes", "why", "reference")
        left_out = ((f"`{e.classes}`", e.why, e.reference) for e in LEFT_OUT)
        yield from ("", "## Not run", "", *table(heads, left_out))

    def _rows(self, suite: str) -> Iterator[tuple[str, ...]]:
        for test, results in sorted(self._suites[suite].items()):
            found = [results.get(engine.name, "not run") for engine in ENGINES]
            yield f"`{test}`", *found, "; ".join(self._reasons[suite, test])

    def _totals(self) -> Iterator[str]:
        heads = ("engine", "pass", "fail", "not applicable", "pass, of what applies")
        yield from table(heads, (self._total(engine) for engine in ENGINES))

    def _total(self, engine: Engine) -> tuple[str, ...]:
        count = Counter(
            results.get(engine.name, "not run")
            for tests in self._suites.values()
            for results in tests.values()
        )
        failed = count[Verdict.FAILS] + count[_UNEXPECTED]
        applicable = count[_PASS] + failed
        share = f"{count[_PASS] / applicable:.1%}" if applicable else "-"
        numbers = (count[_PASS], failed, count[Verdict.NOT_APPLICABLE])
        return engine.title, *map(str, numbers), share


def _outcome(report: pytest.TestReport, said: dict[str, Any]) -> str:
    if report.passed:
        return _PASS
    if hasattr(report, "wasxfail"):
        return str(said["verdict"])
    return "not run" if report.skipped else _UNEXPECTED
