"""What conformance says of upstream's tests is complete, and of nothing else."""

import importlib
import inspect
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from orchestration.tests.conformance.expected import (
    EXCEPTIONAL,
    LEFT_OUT,
    Exceptional,
    LeftOut,
)

adapter = pytest.importorskip("dbt.tests.adapter")
SUITES = Path(__file__).parents[1] / "conformance"
UPSTREAM = Path(next(iter(adapter.__path__)))


def classes(module: str) -> dict[str, type]:
    """Those with tests."""
    found = vars(importlib.import_module(module))
    kinds = {k: c for k, c in found.items() if inspect.isclass(c) and methods_of(c)}
    return {k: c for k, c in kinds.items() if c.__module__.startswith("dbt.tests.")} | {
        k: c for k, c in kinds.items() if c.__module__ == module
    }


def methods_of(kind: type) -> list[str]:
    members = inspect.getmembers(kind, inspect.isfunction)
    return [name for name, _ in members if name.startswith("test")]


def ours() -> Iterator[tuple[str, str, type]]:
    for file in sorted(SUITES.glob("test_*.py")):
        module = f"orchestration.tests.conformance.{file.stem}"
        for name, kind in classes(module).items():
            if name.startswith("Test"):
                yield file.stem.removeprefix("test_"), name, kind


def upstream() -> Iterator[tuple[str, type]]:
    """Each class that says something of its own."""
    for file in sorted(UPSTREAM.rglob("*.py")):
        parts = file.relative_to(UPSTREAM).with_suffix("").parts
        module = ".".join(("dbt.tests.adapter", *parts))
        for name, kind in classes(module).items():
            own = {key for key in vars(kind) if not key.startswith("__")}
            if kind.__module__ == module and own - {"pytestmark"}:
                yield f"{'.'.join(parts)}.{name}", kind


@pytest.mark.full
def test_every_class_of_upstream_runs_or_is_left_out_with_a_reason() -> None:
    run = {base for _, _, kind in ours() for base in kind.__mro__}
    missing = [
        name
        for name, kind in upstream()
        if kind not in run
        and not any(fnmatchcase(name, entry.classes) for entry in LEFT_OUT)
    ]
    assert not missing


def test_what_is_left_out_is_there_and_does_not_run() -> None:
    run = {base for _, _, kind in ours() for base in kind.__mro__}
    for entry in LEFT_OUT:
        named = [kind for name, kind in upstream() if fnmatchcase(name, entry.classes)]
        assert named, f"{entry.classes} names nothing"
        assert not run.intersection(named), f"{entry.classes} runs"


def test_every_exception_is_about_some_test_and_gives_its_reference() -> None:
    names = [
        f"{suite}::{name}::{test}"
        for suite, name, kind in ours()
        for test in methods_of(kind)
    ]
    for entry in EXCEPTIONAL:
        pattern = entry.tests.partition("[")[0]
        assert any(fnmatchcase(name, pattern) for name in names), entry.tests
    told: list[Exceptional | LeftOut] = [*EXCEPTIONAL, *LEFT_OUT]
    for reason in told:
        assert reason.why.strip()
        assert (
            "#" in reason.reference
            or "https://" in reason.reference
            or (reason.reference.startswith("docs/"))
        ), reason.reference
