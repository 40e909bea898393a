"""`docs/compatibility.md`: what the kit said, and why a test does not pass."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from orchestration.tests.kit.expected import EXPECTED
from orchestration.tests.kit.report import OUTCOMES, Result, count
from orchestration.tests.kit.tools import HERE

PAGE = Path(__file__).parents[3] / "docs/compatibility.md"
_PREFACE = """\
# Compatibility with Iceberg's REST specification

Written by `make kit`, which starts a catalog on an empty lake and runs Apache Iceberg's
own REST compatibility kit ({version}) against it: the tests that its Java catalogs
have to pass, through its Java client. It needs Maven and a JDK of version 17 or newer;
Maven fetches the kit once.

The tests are the kit's, unchanged. Where its class has fixed answers for its own
reference server, [a class of Firn](../orchestration/tests/kit/FirnCatalogTests.java)
gives Firn's, so that more of them run: nested namespaces, slashes in names, and tables
in unique locations are tested, and the locations that it asks for lie in the warehouse.
To run the kit's class as it is, serve with `FIRN_WAREHOUSE=/tmp`, where it puts tables.

| suite | tests | pass | fail | skipped by the kit |
|---|---|---|---|---|
"""


def write(results: Mapping[str, Sequence[Result]]) -> None:
    """Replace the page."""
    PAGE.write_text("".join(f"{line}\n" for line in _lines(results)))


def _lines(results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    yield _PREFACE.format(version=_version()).rstrip("\n")
    for suite, ran in results.items():
        cells = (len(ran), *(count(ran, outcome) for outcome in OUTCOMES))
        yield f"| {suite} | {' | '.join(map(str, cells))} |"
    yield from ("", "## What does not pass", "", "| suite | test | outcome | reason |")
    yield "|---|---|---|---|"
    for suite, ran in results.items():
        for one in ran:
            if one.outcome != "passed":
                reason = EXPECTED[suite].get(one.name, f"**News**: {one.said}")
                yield f"| {suite} | `{one.name}` | {one.outcome} | {reason} |"


def _version() -> str:
    pom = ET.parse(HERE / "pom.xml").getroot()
    return str(pom.findtext("{*}properties/{*}iceberg"))
