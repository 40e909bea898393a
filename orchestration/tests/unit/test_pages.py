"""The pages that tests write say what happened, and nothing better than that."""

from pathlib import Path

import pytest

from orchestration.tests import pages

pytest_plugins = ["pytester"]

TESTS_FOLDER = pages.PROJECT / "orchestration/tests"
TESTS = """
import pytest
from orchestration.tests.pages import fault, mutant

seen = fault("Disk", "full", seen="exit 3", rerun="lands")

@seen
def test_it(): pass

@seen
@pytest.mark.parametrize("broken", [BROKEN, False])
def test_more(broken): assert not broken

@mutant("full", guard="the check")
def test_guard_off(): assert MUTANT_CAUGHT
"""


@pytest.mark.parametrize(
    ("broken", "caught", "cells"),
    [
        (False, True, "| passed (3 tests) | the check: caught |"),
        (True, True, "| failed (3 tests) | the check: caught |"),
        (False, False, "| passed (3 tests) | the check: failed |"),
    ],
)
def test_a_row_is_as_good_as_its_worst_test(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    broken: bool,
    caught: bool,
    cells: str,
) -> None:
    page = tmp_path / "page.md"
    replaced = pages.PAGES["faults"]._replace(path=page)
    monkeypatch.setitem(pages.PAGES, "faults", replaced)
    text = TESTS.replace("BROKEN", str(broken)).replace("MUTANT_CAUGHT", str(caught))
    pytester.makepyfile(text)

    plugin = ["-p", "orchestration.tests.pages", "-p", "no:cacheprovider"]
    pytester.inline_run(*plugin, "--page", "faults")

    assert f"| full | exit 3 | lands {cells}" in page.read_text()


def test_a_promise_is_a_sentence_of_the_readme() -> None:
    with pytest.raises(ValueError, match="does not say"):
        pages.promise("It makes coffee")


def test_an_outcome_is_one_of_four() -> None:
    with pytest.raises(ValueError, match="starts with none"):
        pages.case("JSON", "truncated", outcome="ignored")


@pages.promise("each with its guard switched on and off")
def test_each_fault_has_a_mutant_or_a_reason(
    request: pytest.FixtureRequest,
) -> None:
    config = request.config
    if [(config.rootpath / one).resolve() for one in config.args] != [TESTS_FOLDER]:
        pytest.skip("the mutant of a fault may be in a file that was not asked for")
    assert config.stash[pages.UNPROVEN] == []


def test_a_fault_without_a_mutant_is_found(pytester: pytest.Pytester) -> None:
    more = """
@fault("Disk", "slow", seen="nothing")
def test_slow(): pass

@fault("Disk", "gone", seen="exit 3", unguarded="the system says so")
def test_gone(): pass
"""
    text = TESTS.replace("BROKEN", "False").replace("MUTANT_CAUGHT", "True")
    pytester.makepyfile(text + more)
    plugin = ["-p", "orchestration.tests.pages", "-p", "no:cacheprovider"]
    items, _ = pytester.inline_genitems(*plugin)
    assert items[0].config.stash[pages.UNPROVEN] == ["slow"]


UPSTREAM = """
import pytest

def upstream(test, engine, verdict="", why=""):
    said = {"suite": "hooks", "test": test, "engine": engine, "verdict": verdict}
    return pytest.mark.upstream(**said, why=why, reference="a/b#1")

@upstream("A::test_a", "duckdb")
def test_passes(): pass

@upstream("A::test_a", "spark", "not applicable", "no users")
@pytest.mark.xfail(strict=True)
def test_does_not_apply(): assert False

@upstream("B::test_b", "duckdb", "fail", "not yet")
@pytest.mark.xfail(strict=True)
def test_passes_after_all(): pass

@upstream("B::test_b", "spark")
def test_fails(): assert False
"""


def test_conformance_tells_what_is_known_from_what_is_not(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    replaced = pages.PAGES["conformance"]._replace(path=page)
    monkeypatch.setitem(pages.PAGES, "conformance", replaced)
    pytester.makepyfile(UPSTREAM)
    plugin = ["-p", "orchestration.tests.pages", "-p", "no:cacheprovider"]
    pytester.inline_run(*plugin, "--page", "conformance")

    text = page.read_text()
    assert "| `A::test_a` | pass | not applicable | no users (a/b#1) |" in text
    unexpected = "FAIL, unexpectedly"
    assert f"| `B::test_b` | {unexpected} | {unexpected} | not yet (a/b#1) |" in text
    assert "| DuckDB | 1 | 1 | 0 | 50.0% |" in text
    assert "| Spark | 0 | 1 | 1 | 0.0% |" in text
