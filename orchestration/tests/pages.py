"""Pages that tests write: one row a promise, a fault or a bad input, with its result.

A mark says what a test proves; `pytest --page faults`, for one, collects the marks and
the results of the tests that ran into a page of `docs/`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PROJECT = Path(__file__).parents[2]
_BAD_INPUT = Path(__file__).parent / "bad_input"
_KINDS = ("fault", "mutant", "case", "promise", "upstream", "parity")
_SAID = {"fault": ("seen", "rerun"), "case": ("outcome",)}
_HEADS = {
    "fault": ("fault", "what you see", "what a re-run does", "result", "guard off"),
    "case": ("input", "outcome", "result", "guard off"),
}
UNPROVEN = pytest.StashKey[list[str]]()  # of all tests, also those that do not run
_OUTCOMES = ("accepted", "rejected row", "refused file", "refused run")


class Page(NamedTuple):
    """Where a page is, what begins it, and the marks that it has rows of."""

    path: Path
    title: str
    preface: str
    kinds: tuple[str, ...]


PAGES = {
    "faults": Page(
        PROJECT / "docs/reliability.md",
        "# What happens when something goes wrong",
        "Written by `make faults`, which causes each of these faults and then checks: "
        "every source row landed or was rejected, no key is twice, readers saw whole "
        "states only, every file of every live snapshot is there and both DuckDB and "
        "pyiceberg read it, histories have no gap and no overlap, the exit code says "
        "what happened, and an undisturbed run afterwards comes to what it would have "
        "come to without the fault. *Guard off* is a second test of the same fault "
        "with the named guard switched off: it counts as caught when the first test's "
        "checks then fail. Where Firn has no guard of its own that could be switched "
        "off, the column says what the fault is left to.",
        ("promise", "fault"),
    ),
    "bad-input": Page(
        PROJECT / "docs/bad-input.md",
        "# What becomes of bad input",
        "Written by `make bad-input`, which feeds each of these to Firn. *Accepted*: "
        "it lands as described. *Rejected row*: the row goes to "
        "`raw.<source>__rejects` with its line and the reason, the rest lands. "
        "*Refused file* and *refused run*: nothing of it lands, and the message names "
        "the file, what is wrong, and what to do.",
        ("case",),
    ),
    "conformance": Page(
        PROJECT / "docs/conformance.md",
        "# What dbt's own suites for adapters say",
        "Written by `make conformance`, which runs the classes of dbt-tests-adapter "
        "1.20.0 on both engines: each makes a small project, which gets Firn's macros, "
        "its profile and a branch of a lake. Where upstream's SQL is Postgres's own, "
        "a subclass says it in words that these engines have, as other adapters do "
        "(`orchestration/tests/conformance/`). *Fail* and *not applicable* are known "
        "and explained; such tests run, too, and one that passes after all fails the "
        "command. *Not applicable* is about what a lake of Iceberg tables has not, "
        "or what Firn refuses on purpose and says so.",
        ("upstream",),
    ),
    "parity": Page(
        PROJECT / "docs/parity.md",
        "# What the two engines make of the same rows",
        "Written by `make parity`, which builds the example project on DuckDB, on "
        "Spark, and on both in turns, each on a branch of one lake: 30 days of history "
        "at once, then five further days with late, corrected, changed and malformed "
        "rows. After each day every model, seed and snapshot is read by DuckDB, and "
        "its columns, their types and a SHA-256 of its rows (as JSON, sorted; floats "
        "by every digit, timestamps by the microsecond) are compared. Rows and hash "
        "are those of DuckDB after the last day.",
        ("parity",),
    ),
}
# Pages of other shapes than a row a mark.
_COLLECTORS = {
    "conformance": "orchestration.tests.conformance.page",
    "parity": "orchestration.tests.parity.page",
}


def fault(
    section: str, name: str, *, seen: str, rerun: str = "-", unguarded: str = ""
) -> pytest.MarkDecorator:
    """The test causes a fault: what a user sees of it, and what a re-run does.

    Args:
        unguarded: Why nothing of Firn's own stands against it that a mutant could
            switch off. A fault has this or a mutant.
    """
    said = {"section": section, "name": name, "seen": seen, "rerun": rerun}
    return pytest.mark.fault(**said, unguarded=unguarded)


def mutant(name: str, *, guard: str) -> pytest.MarkDecorator:
    """The test switches off a guard against the fault `name`, and sees checks fail."""
    return pytest.mark.mutant(name=name, guard=guard)


def case(section: str, name: str, *, outcome: str) -> pytest.MarkDecorator:
    """The test feeds a bad input; the outcome is one of four, and what follows a colon.

    Raises:
        ValueError: The outcome is another one.
    """
    if not outcome.startswith(_OUTCOMES):
        raise ValueError(f"{outcome!r} starts with none of {', '.join(_OUTCOMES)}")
    return pytest.mark.case(section=section, name=name, outcome=outcome)


def promise(sentence: str) -> pytest.MarkDecorator:
    """The test proves a sentence of the README, given as it stands there.

    Raises:
        ValueError: The README does not say so.
    """
    if " ".join(sentence.split()) not in _readme():
        raise ValueError(f"the README does not say {sentence!r}")
    return pytest.mark.promise(name=sentence)


@dataclass
class _Row:
    """What the tests of one name said."""

    said: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)  # test → result


class _Collector:
    """Gathers marks and results over a test session, and writes the page at its end."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._rows: dict[str, dict[str, _Row]] = defaultdict(lambda: defaultdict(_Row))
        # Fault or case → guard → the worst result of the tests without that guard.
        self._guards: dict[str, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        for kind, said in report.user_properties:
            if kind in _KINDS and isinstance(said, dict):
                self._take(kind, dict(said), report)

    def _take(self, kind: str, said: dict[str, str], report: pytest.TestReport) -> None:
        if kind == "mutant":
            guards = self._guards[said["name"]]
            caught = "caught" if report.passed else report.outcome
            guards[said["guard"]] = _worse(guards.get(said["guard"]), caught)
            return
        row = self._rows[kind][said["name"]]
        row.said |= said
        row.results[report.nodeid] = _worse(
            row.results.get(report.nodeid), report.outcome
        )

    def pytest_sessionfinish(self) -> None:
        self._page.path.write_text("\n".join(self._lines()) + "\n")

    def _lines(self) -> Iterator[str]:
        yield from (self._page.title, "", self._page.preface)
        for kind in self._page.kinds:
            if kind == "promise":
                yield from ("", "## What the README promises", "")
                rows = _promise_rows(self._rows[kind])
                yield from table(("promise", "result"), rows)
                continue
            for section, found in _sections(self._rows[kind]):
                yield from ("", f"## {section}", "")
                cells = (self._cells(kind, *pair) for pair in found)
                yield from table(_HEADS[kind], cells)

    def _cells(self, kind: str, name: str, row: _Row) -> tuple[str, ...]:
        said = [row.said[key] for key in _SAID[kind]]
        guards = self._guards.get(name, {}).items()
        off = "; ".join(f"{guard}: {state}" for guard, state in guards)
        return name, *said, _result(row), off or row.said.get("unguarded", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--page", choices=sorted(PAGES), help="write a page of docs/")


def pytest_configure(config: pytest.Config) -> None:
    for kind in _KINDS:
        config.addinivalue_line(
            "markers", f"{kind}(...): a row of a page, see pages.py"
        )
    # Workers of xdist run tests; the process that started them hears of every result.
    if (name := config.getoption("--page")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_collector(str(name)))


def _collector(name: str) -> object:
    page = PAGES[name]
    if (module := _COLLECTORS.get(name)) is None:
        return _Collector(page)
    make: Any = import_module(module).Collector
    return make(path=page.path, title=page.title, preface=page.preface)


@pytest.hookimpl(tryfirst=True)  # before `-m` leaves any out
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    for item in items:
        for kind in _KINDS:
            for mark in item.iter_markers(kind):
                item.user_properties.append((kind, dict(mark.kwargs)))
    config.stash[UNPROVEN] = list(_without_mutant(items))
    if name := config.getoption("--page"):
        kept = [item for item in items if _belongs(item, PAGES[str(name)])]
        config.hook.pytest_deselected(items=[i for i in items if i not in kept])
        items[:] = kept


def _belongs(item: pytest.Item, page: Page) -> bool:
    """Whether it has a row of the page, or is the mutant of one."""
    is_case = item.path.is_relative_to(_BAD_INPUT)
    is_mutant = _has(item, ("mutant",)) and is_case == ("case" in page.kinds)
    has_mutants = "upstream" not in page.kinds
    return (is_mutant and has_mutants) or _has(item, page.kinds)


def _without_mutant(items: Iterable[pytest.Item]) -> Iterator[str]:
    """The faults that have neither a mutant nor a word on why they have none."""
    names: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for kind in ("fault", "mutant"):
            for mark in item.iter_markers(kind):
                if not mark.kwargs.get("unguarded"):
                    names[kind].add(mark.kwargs["name"])
    yield from sorted(names["fault"] - names["mutant"])


def _has(item: pytest.Item, kinds: Iterable[str]) -> bool:
    return any(item.get_closest_marker(kind) for kind in kinds)


def _sections(
    rows: dict[str, _Row],
) -> Iterator[tuple[str, list[tuple[str, _Row]]]]:
    grouped: dict[str, list[tuple[str, _Row]]] = defaultdict(list)
    for name, row in rows.items():
        grouped[row.said["section"]].append((name, row))
    for section in sorted(grouped):
        yield section, sorted(grouped[section], key=lambda pair: pair[0])


def _promise_rows(rows: dict[str, _Row]) -> Iterator[tuple[str, ...]]:
    for name, row in rows.items():
        yield name, _result(row)


def _result(row: _Row) -> str:
    worst: str | None = None
    for result in row.results.values():
        worst = _worse(worst, result)
    count = len(row.results)
    return f"{worst or 'not run'}" + (f" ({count} tests)" if count > 1 else "")


def _worse(one: str | None, other: str) -> str:
    order = ("caught", "passed", "skipped", "failed")
    return max(one or "caught", other, key=order.index) if one else other


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table in Markdown."""
    yield _line(heads)
    yield _line(["---"] * len(heads))
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _readme() -> str:
    return " ".join((PROJECT / "README.md").read_text().split())
