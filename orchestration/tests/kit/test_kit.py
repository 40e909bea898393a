"""Iceberg's own compatibility kit says what `expected.py` says, no more and no less."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.tests.kit import page, report, runner, tools
from orchestration.tests.kit.expected import EXPECTED
from orchestration.tests.kit.report import Result
from orchestration.tests.kit.runner import Served
from orchestration.tests.kit.tools import MissingToolError
from orchestration.tests.pages import fault, mutant, promise

REPORT = """\
<testsuite>
<testcase name="good()"/>
<testcase name="bad()"><failure message="no">trace</failure></testcase>
<testcase name="worse()"><error>
 boom
 at x</error></testcase>
<testcase name="off()"><skipped>assumption</skipped></testcase>
</testsuite>
"""


@pytest.fixture(scope="module")
def kit() -> tools.Tools:
    try:
        return tools.find()
    except MissingToolError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def class_path(kit: tools.Tools, tmp_path_factory: pytest.TempPathFactory) -> str:
    try:
        return tools.class_path(kit, tmp_path_factory.mktemp("classes"))
    except MissingToolError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with runner.serving(tmp_path_factory.mktemp("kit")) as catalog:
        yield catalog


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "tests"),
    [
        pytest.param(
            suite,
            tests,
            marks=fault(
                "Catalog",
                f"what Iceberg's compatibility kit tries, {suite} suite",
                seen="what Java's catalogs answer; docs/compatibility.md has the rest",
            ),
        )
        for suite, tests in (("catalog", 106), ("view", 51))
    ],
)
@promise("`make kit` runs Apache Iceberg's own [compatibility kit]")
def test_the_kit_says_what_is_expected(
    kit: tools.Tools, class_path: str, served: Served, suite: str, tests: int
) -> None:
    results = runner.run(suite, served, kit, class_path)
    assert report.news(results, EXPECTED[suite]) == []
    assert len(results) == tests


def test_the_page_lists_what_is_expected() -> None:
    listed = re.findall(r"^\| (\w+) \| `(.+?)` \|", page.PAGE.read_text(), re.MULTILINE)
    expected = [(suite, name) for suite, names in EXPECTED.items() for name in names]
    assert sorted(listed) == sorted(expected)
    assert "**News**" not in page.PAGE.read_text()


def test_a_report_is_read(tmp_path: Path) -> None:
    (tmp_path / "TEST-junit-jupiter.xml").write_text(REPORT)
    assert report.read(tmp_path) == [
        Result("bad()", "failed", "no"),
        Result("good()", "passed"),
        Result("off()", "skipped", "assumption"),
        Result("worse()", "failed", "boom"),
    ]


@mutant(
    "what Iceberg's compatibility kit tries, catalog suite",
    guard="results are compared with the expected ones, both ways",
)
@mutant(
    "what Iceberg's compatibility kit tries, view suite",
    guard="results are compared with the expected ones, both ways",
)
def test_every_difference_from_what_is_expected_is_news(tmp_path: Path) -> None:
    (tmp_path / "TEST-junit-jupiter.xml").write_text(REPORT)
    results = report.read(tmp_path)
    expected = {"bad()", "off()", "worse()"}
    assert report.news(results, expected) == []
    assert report.news(results, expected - {"bad()"}) == ["bad() failed: no"]
    assert report.news(results, expected - {"off()"}) == ["off() skipped: assumption"]
    assert "good() passes now" in report.news(results, expected | {"good()"})[0]
    assert "did not run" in report.news(results, expected | {"new()"})[0]


@pytest.mark.parametrize("missing", ["mvn", "javac"])
def test_a_missing_tool_is_named_and_not_a_failure_of_the_catalog(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    def which(name: str) -> str | None:
        return None if name == missing else f"bin/{name}"

    monkeypatch.setattr(shutil, "which", which)
    with pytest.raises(MissingToolError, match=f"needs {missing}") as refused:
        tools.find()
    assert refused.value.exit_code == 3
    assert "Install Maven" in refused.value.remedy


@pytest.mark.parametrize(
    ("said", "enough"), [("javac 17.0.1", True), ("javac 11.0.2", False)]
)
def test_an_old_jdk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, enough: bool
) -> None:
    javac = tmp_path / "javac"
    javac.write_text(f"#!/bin/sh\necho {said}\n")
    javac.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(javac))
    if enough:
        assert tools.find().javac == str(javac)
    else:
        with pytest.raises(MissingToolError, match="version 17"):
            tools.find()
