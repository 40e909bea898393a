from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from orchestration.build import nothing_new, rows
from orchestration.build.artifacts import SourceAge
from orchestration.build.nothing_new import Watch, unchanged
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


def asked(*log: Publication, code: object = "code", **lake: object) -> object:
    return unchanged(FakeLake(*log, **lake), str(code))  # type: ignore[arg-type]


def test_same_code_and_same_rows_need_no_build() -> None:
    found = unchanged(FakeLake(BUILD), "code")  # type: ignore[arg-type]
    assert found is not None
    assert found.since is BUILD
    assert "publication 5" in found.reason


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
    undo = publication(6, FACT, reverts=5)
    found = unchanged(FakeLake(BUILD, undo), "code")  # type: ignore[arg-type]
    assert found is not None
    assert found.rolled_back_by is undo
    assert found.reason.endswith("6 rolled it back")


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


def test_freshness_is_asked_again_when_the_first_source_gets_stale(
    settings: Settings,
) -> None:
    settings.home.mkdir(parents=True)
    watch = Watch(settings)
    watch.remember(BUILD, (fresh(48), fresh(24)), NOW)
    assert not watch.is_due(BUILD, NOW + timedelta(hours=23))
    assert watch.is_due(BUILD, NOW + timedelta(hours=24))


def test_freshness_is_asked_when_nothing_is_known_about_it(settings: Settings) -> None:
    watch = Watch(settings)
    assert watch.is_due(BUILD, NOW)
    settings.home.mkdir(parents=True)
    (settings.home / "freshness.json").write_text("{")
    assert watch.is_due(BUILD, NOW)
    watch.remember(replace(BUILD, id=4), (), NOW)
    assert watch.is_due(BUILD, NOW)


def test_without_any_rule_of_freshness_it_is_never_asked_again(
    settings: Settings,
) -> None:
    settings.home.mkdir(parents=True)
    watch = Watch(settings)
    watch.remember(BUILD, (), NOW)
    assert not watch.is_due(BUILD, NOW + timedelta(days=4000))
