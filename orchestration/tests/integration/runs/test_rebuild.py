"""Incremental models stay true when raw rows are taken away, and given back."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from orchestration.build import rebuild
from orchestration.build.run import build
from orchestration.lake import Lake, Provenance
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Land

ME = Provenance(who="tester")
MODEL = """
{{ config(materialized='incremental', unique_key='id') }}
select * from (
    select 'order' || order_id as id, _loaded_at from {{ source('shop', 'orders') }}
    union all
    select 'refund' || refund_id, _loaded_at from {{ source('shop', 'refunds') }}
) as events
where {{ loaded_since_last_build(['_loaded_at']) }}
"""


@pytest.fixture
def events(project: Settings, lake: Lake) -> None:
    """An incremental model over orders and refunds, of which there are none yet."""
    folder = project.project_dir / "models"
    (folder / "marts/fct_events.sql").write_text(MODEL)
    sources = folder / "staging/shop.yml"
    refunds = (
        "}, {name: refunds, identifier: shop__refunds, config: {freshness: null}}]"
    )
    sources.write_text(sources.read_text().replace("}]", refunds))
    refund(project, lake)


def refund(project: Settings, lake: Lake, *numbers: int) -> int:
    """Publish refunds; returns the publication."""
    branch = lake.create_branch("ingest_refunds").name
    at = datetime.now(UTC).replace(tzinfo=None)
    with closing(connect(project, branch)) as con:
        con.execute("create schema if not exists lake.raw")
        con.execute(
            "create table if not exists lake.raw.shop__refunds "
            "(refund_id integer, _loaded_at timestamp)"
        )
        for number in numbers:
            con.execute(
                "insert into lake.raw.shop__refunds values (?, ?)", [number, at]
            )
    publication = lake.publish(branch, ME)
    lake.drop_branch(branch)
    assert publication is not None
    return publication.id


def found(project: Settings) -> set[str]:
    with closing(connect(project, "main", read_only=True)) as con:
        return {
            row[0] for row in con.execute("select id from marts.fct_events").fetchall()
        }


@pytest.mark.usefixtures("events")
def test_a_rollback_of_raw_rows_rebuilds_and_so_does_undoing_it(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 1.0))
    build(project)
    refunded = refund(project, lake, 7)
    assert build(project).reason == ""
    assert found(project) == {"order1", "refund7"}

    back = lake.rollback(refunded, ME)
    gone = build(project)
    assert found(project) == {"order1"}
    assert gone.reason.startswith(
        f"rebuilt with --full-refresh, since publication {back.id}"
    )

    land((2, 1.0))
    assert build(project).reason == ""
    lake.rollback(back.id, ME)
    partial = build(project, ["--select", "fct_events"])
    assert "run `firn run` to rebuild" in partial.reason
    again = build(project)
    assert found(project) == {"order1", "order2", "refund7"}
    assert "--full-refresh" in again.reason
    assert build(project).status == "unchanged"


@pytest.mark.usefixtures("events")
def test_without_the_rebuild_rows_that_are_gone_would_stay(
    project: Settings, lake: Lake, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "reason", lambda *_: "")
    land((1, 1.0))
    refunded = refund(project, lake, 7)
    build(project)
    lake.rollback(refunded, ME)
    build(project)
    assert found(project) == {"order1", "refund7"}


def test_a_rolled_back_build_is_no_longer_what_main_is_built_on(
    project: Settings, lake: Lake, land: Land
) -> None:
    land((1, 1.0))
    build(project)
    land((2, 1.0))
    rows = lake.log(1)[0].id
    built = build(project)
    lake.rollback(rows, ME)
    rebuilt = build(project).publication
    assert built.publication
    assert rebuilt
    assert "--full-refresh" not in build(project, force=True).reason
    for publication in (lake.log(1)[0].id, rebuilt.id):
        if lake.publication(publication).kind == "publish":
            lake.rollback(publication, ME)
    assert "--full-refresh" in build(project, force=True).reason
