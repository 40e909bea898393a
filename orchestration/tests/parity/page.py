"""The page of parity: each table that dbt makes, and whether the engines agree."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orchestration.tests.pages import table
from orchestration.tests.parity.arms import ARMS, DUCKDB


class Found(NamedTuple):
    """What an arm's table came to, beside that of DuckDB.

    Attributes:
        rows: How many it has after the last day.
        digest: The hash of DuckDB's rows after the last day, types included.
        days: On how many days the two were compared.
        equal: On how many of them columns, types and rows were the same.
    """

    arm: str
    table: str
    rows: int
    digest: str
    days: int
    equal: int

    def __str__(self) -> str:
        """Say on how many days the two agree."""
        return f"{self.equal} of {self.days} days"


class Collector:
    """Gathers what the tests found, and writes the page at the session's end."""

    def __init__(self, *, path: Path, title: str, preface: str) -> None:
        self._path = path
        self._head = (title, "", preface)
        self._tables: dict[str, dict[str, Found]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        for kind, said in report.user_properties:
            if kind == "parity" and isinstance(said, list):
                self._take(Found(*said))

    def _take(self, found: Found) -> None:
        self._tables[found.table][found.arm] = found

    def pytest_sessionfinish(self) -> None:
        self._path.write_text("\n".join(self._lines()) + "\n")

    def _lines(self) -> Iterator[str]:
        others = [arm for arm in ARMS if arm is not DUCKDB]
        titles = [f"{arm.title} = {DUCKDB.title}" for arm in others]
        yield from (*self._head, "")
        rows = (self._row(name, [arm.name for arm in others]) for name in self._tables)
        yield from table(("table", "rows", "row hash", *titles), sorted(rows))

    def _row(self, name: str, arms: list[str]) -> tuple[Any, ...]:
        found = self._tables[name]
        last = next(iter(found.values()))
        cells = [str(found[arm]) if arm in found else "not run" for arm in arms]
        return f"`{name}`", f"{last.rows:,}", f"`{last.digest}`", *cells
