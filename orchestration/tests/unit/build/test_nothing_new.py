from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from orchestration.build import nothing_new, rows
from orchestration.build.artifacts import SourceAge
from orchestration.build.nothing_new import (
    Built,
    Memory,
    Unchanged,
    freshness_is_due,
    unchanged,
)
from orchestration.lake.model import (
    Kind,
    Pointer,
    Provenance,
    Publication,
    TableChange,
    TableId,
)
from orchestration.settings import Settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORDERS, FACT = TableId("raw", "shop__orders"), TableId("marts", "fct")


def publication(
    number: int,
    *tables: TableId,
    fingerprint: str | None = None,
    inputs: Mapping[str, int | None] | None = None,
    reverts: int | None = None,
) -> Publication:
    return Publication(
        id=number,
        kind="rollback" if reverts else "publish",
        branch="b",
        published_at=NOW,
        provenance=Provenance(
            who="t", fingerprint=fingerprint, inputs=dict(inputs or {})
        ),
        changes=tuple(TableChange(t, "TABLE", "old", "new") for t in tables),
        reverts=reverts,
    )


class FakeLake:
    """A lake of one raw table at snapshot `orders`, with publications as given."""

    def __init__(self, *log: Publication, orders: int = 1, kind: Kind = "TABLE"):
        self._log = sorted(log, key=lambda p: -p.id)
        self._orders, self._kind = orders, kind

    def log(self, limit: int) -> list[Publication]:
        return self._log[:limit]

    def pointers(self, branch: str) -> dict[TableId, Pointer]:
        assert branch == "main"
        return {ORDERS: Pointer(self._kind, "x")}

    def load(self, branch: str, table: TableId) -> SimpleNamespace:
        assert (branch, table) == ("main", ORDERS)
        metadata = SimpleNamespace(current_snapshot_id=self._orders)
        return SimpleNamespace(metadata=metadata)


BUILD = publication(5, FACT, fingerprint="code", inputs={"raw.shop__orders": 1})


KEPT = Built(since=6, fingerprint="code", inputs={"raw.shop__orders": 1})


def asked(
    *log: Publication, code: object = "code", kept: object = None, **lake: object
) -> Unchanged | None:
    memory = cast("Memory", SimpleNamespace(built=lambda: kept))
    return unchanged(FakeLake(*log, **lake), str(code), memory)  # type: ignore[arg-type]


def test_same_code_and_same_rows_need_no_build() -> None:
    found = asked(BUILD)
    assert found is not None
    assert found.reason == "nothing new since publication 5"


def test_a_build_that_published_nothing_is_known_from_memory() -> None:
    loaded = publication(6, ORDERS)
    assert asked(BUILD, loaded, kept=KEPT, orders=1) is not None
    assert asked(BUILD, loaded, kept=KEPT, orders=2) is None
    assert asked(loaded, kept=KEPT) is not None
    assert asked(loaded) is None


def test_memory_of_another_lake_does_not_count() -> None:
    assert asked(publication(5, FACT), kept=KEPT) is None


def test_memory_of_other_code_does_not_hide_what_was_published() -> None:
    other = replace(KEPT, since=5, fingerprint="other")
    assert asked(BUILD, kept=other) is not None


@pytest.mark.parametrize(
    ("log", "lake"),
    [
        ([], {}),
        ([BUILD], {"code": "other code"}),
        ([BUILD], {"orders": 2}),
        ([BUILD], {"kind": "VIEW"}),
        ([BUILD, publication(6, FACT)], {}),
        ([replace(BUILD, provenance=Provenance(who="t"))], {}),
    ],
    ids=[
        "never built",
        "code changed",
        "rows came",
        "a view is read",
        "somebody moved a built table",
        "only partial builds",
    ],
)
def test_a_build_is_needed(log: list[Publication], lake: dict[str, object]) -> None:
    assert asked(*log, **lake) is None


def test_a_load_that_no_model_reads_needs_no_build() -> None:
    other = publication(6, TableId("raw", "shop__rejects"))
    assert asked(BUILD, other) is not None


def test_what_was_rolled_back_is_not_built_again_by_itself() -> None:
    found = asked(BUILD, publication(6, FACT, reverts=5))
    assert found is not None
    assert found.reason == "nothing new since publication 5, and 6 rolled it back"


def test_without_the_look_at_the_inputs_new_rows_would_be_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        nothing_new, "snapshot_ids", lambda *_: dict(BUILD.provenance.inputs)
    )
    assert asked(BUILD, orders=2) is not None


def test_a_table_that_is_not_there_yet_has_no_snapshot() -> None:
    lake = FakeLake()
    missing = TableId("raw", "nix")
    ids = rows.snapshot_ids(lake, "main", lake.pointers("main"), {missing, ORDERS})  # type: ignore[arg-type]
    assert ids == {"raw.nix": None, "raw.shop__orders": 1}


def fresh(hours: int) -> SourceAge:
    return SourceAge(
        id="source.p.s.t",
        status="pass",
        max_loaded_at=NOW,
        error_after=timedelta(hours=hours),
    )


@pytest.fixture
def memory(settings: Settings) -> Memory:
    settings.home.mkdir(parents=True)
    return Memory(settings)


def remembered(memory: Memory) -> Built:
    built = memory.built()
    assert built is not None
    return built


def test_freshness_is_asked_again_when_the_first_source_gets_stale(
    memory: Memory,
) -> None:
    memory.keep(KEPT, (fresh(48), fresh(24)), NOW)
    built = remembered(memory)
    assert (built.since, built.fingerprint, built.inputs) == (
        KEPT.since,
        KEPT.fingerprint,
        KEPT.inputs,
    )
    assert not freshness_is_due(built, NOW + timedelta(hours=23))
    assert freshness_is_due(built, NOW + timedelta(hours=24))


def test_freshness_is_asked_when_nothing_is_known_about_it() -> None:
    assert freshness_is_due(KEPT, NOW)


def test_without_any_rule_of_freshness_it_is_never_asked_again(
    memory: Memory,
) -> None:
    memory.keep(KEPT, (), NOW)
    assert not freshness_is_due(remembered(memory), NOW + timedelta(days=4000))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"since": "x"}'])
def test_a_torn_file_is_no_memory(
    memory: Memory, settings: Settings, text: str
) -> None:
    assert memory.built() is None
    (settings.home / "last_build.json").write_text(text)
    assert memory.built() is None
