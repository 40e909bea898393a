"""Any order of verbs agrees with a simple model; without a guard it would not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test

from orchestration.errors import FirnError
from orchestration.lake import garbage, publish, selects, stale
from orchestration.lake.catalog.updates import Commit
from orchestration.lake.reachable import Root
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant
from orchestration.tests.unit.lake.machine import LakeMachine


def run(
    make: Callable[[Path], Settings],
    *,
    examples: int,
    steps: int,
    phases: tuple[Phase, ...] = tuple(Phase),
) -> None:
    class Machine(LakeMachine):
        new_settings = staticmethod(make)

    run_state_machine_as_test(
        Machine,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def at(settings: Settings, home: Path, database: str) -> Settings:
    warehouse = home / "warehouse"
    return replace(settings, home=home, warehouse=warehouse, database_url=database)


@pytest.fixture
def sqlite(settings: Settings) -> Callable[[Path], Settings]:
    """A lake of its own for each example."""

    def make(home: Path) -> Settings:
        database = f"sqlite:///{home / 'catalog.db'}"
        return at(settings, home, database)

    return make


ANY_ORDER = "commits, publications, rollbacks, drops and clean-up in any order"


@fault(
    "Catalog",
    ANY_ORDER,
    seen="each verb does what a simple model says; readers of main find every file",
)
@pytest.mark.parametrize(
    ("examples", "steps"),
    [(12, 30), pytest.param(500, 50, marks=pytest.mark.full)],
    ids=["small", "full"],
)
def test_any_order_of_verbs_agrees_with_the_oracle(
    sqlite: Callable[[Path], Settings], examples: int, steps: int
) -> None:
    run(sqlite, examples=examples, steps=steps)


@pytest.mark.full
def test_the_same_on_postgres(settings: Settings, postgres: str) -> None:
    def make(home: Path) -> Settings:
        engine = sa.create_engine(postgres)
        with engine.begin() as connection:
            again = "drop schema public cascade; create schema public"
            connection.exec_driver_sql(again)
        engine.dispose()
        return at(settings, home, postgres)

    run(make, examples=60, steps=40)


def nothing(*_: Any, **__: Any) -> None:
    """Stand in for a guard."""


def is_of_no_branch(_: stale.Stale, root: Root) -> bool:
    """Stand in for `Stale.holds`: as if no publication was kept."""
    return isinstance(root.holder, int)


GUARDS: dict[str, tuple[Any, str, Any]] = {
    "publish compares main with the fork": (publish, "_compare", nothing),
    "the fork moves on with a publication": (publish, "_advance_fork", nothing),
    "tables in work stay where they are": (selects, "in_work", lambda _: sa.false()),
    "a requirement is checked": (Commit, "_check", nothing),
    "clean-up keeps what pointers lead to": (garbage.Reach, "needs", lambda *_: False),
    "clean-up lets publications keep files": (stale.Stale, "holds", is_of_no_branch),
}


@pytest.mark.parametrize(
    "guard", [pytest.param(one, marks=mutant(ANY_ORDER, guard=one)) for one in GUARDS]
)
def test_without_a_guard_it_would_not_agree(
    sqlite: Callable[[Path], Settings], guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, replacement = GUARDS[guard]
    monkeypatch.setattr(owner, name, replacement)
    with pytest.raises((AssertionError, FirnError, pytest.fail.Exception)):
        # It ends with the first order of verbs that disagrees: most are found at once.
        run(sqlite, examples=500, steps=40, phases=(Phase.generate,))
