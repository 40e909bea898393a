"""What JUnit reports: each test with its outcome."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

Outcome = Literal["passed", "failed", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "skipped")
_BY_TAG: dict[str, Outcome] = {
    "failure": "failed",
    "error": "failed",
    "skipped": "skipped",
}


@dataclass(frozen=True)
class Result:
    """One test of the kit; `said` is the first line of why it did not pass."""

    name: str
    outcome: Outcome
    said: str = ""


def read(folder: Path) -> list[Result]:
    """The results in a folder of JUnit's XML reports, sorted by name."""
    results = [
        _result(case)
        for file in sorted(folder.glob("TEST-*.xml"))
        for case in ET.parse(file).getroot().iter("testcase")
    ]
    return sorted(results, key=lambda one: one.name)


def count(results: Iterable[Result], outcome: Outcome) -> int:
    """How many ended so."""
    return sum(one.outcome == outcome for one in results)


def news(results: Iterable[Result], expected: Iterable[str]) -> list[str]:
    """Sentences on tests that end otherwise than expected; none is good news.

    Args:
        expected: The names of tests that need not pass.
    """
    known = set(expected)
    results = list(results)
    found = []
    for one in results:
        if one.outcome != "passed" and one.name not in known:
            found.append(f"{one.name} {one.outcome}: {one.said}")
        if one.outcome == "passed" and one.name in known:
            found.append(f"{one.name} passes now; take it out of expected.py")
    names = {one.name for one in results}
    gone = sorted(known - names)
    found += [f"{name} is listed in expected.py, and did not run" for name in gone]
    return found


def _result(case: ET.Element) -> Result:
    name = case.get("name", "")
    for child in case:
        if outcome := _BY_TAG.get(child.tag):
            text = child.get("message") or child.text or ""
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            return Result(name, outcome, lines[0] if lines else "")
    return Result(name, "passed")
