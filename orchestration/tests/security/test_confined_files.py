"""An ingest reads the files that it found, and a sample those that it was given."""

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.ingestion import sample
from orchestration.ingestion.naming import TableFiles
from orchestration.lake import confine, session, views
from orchestration.lake.confine import Limits
from orchestration.lake.model import TableId
from orchestration.lake.process import ensure_catalog
from orchestration.lake.session import connect, rest_catalog
from orchestration.tests.pages import fault, mutant
from orchestration.tests.security.conftest import Held

NAME = "SQL in a file's or spec's text that would run in an ingest"
VIEW = "a stored view whose text is more than one query, or reads a file"


def read(con: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[object, ...]]:
    return con.execute("from read_csv(?)", [str(path)]).fetchall()


def check_ingest(held: Held) -> None:
    """What an ingest's connection can do, whatever makes it do it."""
    mine, other = held.folder / "in [1].csv", held.outside
    mine.write_text("a\n1\n")
    with closing(connect(held.settings, "made", files=[mine])) as con:
        assert con.execute(
            f"from read_csv('{held.folder}/in [[]1].csv')"
        ).fetchall() == [(1,)]
        with pytest.raises(duckdb.PermissionException):
            read(con, other)
        for text in (
            f"copy (select 1) to '{held.folder}/new'",
            "install spatial",
            f"load '{held.folder}/x.duckdb_extension'",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(text)
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            con.execute("set enable_external_access = true")
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            con.execute("set memory_limit = '1TB'")


@fault(
    "Security",
    NAME,
    seen="DuckDB refuses: it reads the found files, writes the warehouse, no more",
)
def test_an_ingest_reads_what_it_found_and_no_more(held: Held) -> None:
    check_ingest(held)


@mutant(NAME, guard="the ingest's connection is confined")
def test_without_limits_an_ingest_would_read_anything(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "confine", lambda *_: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check_ingest(held)


def test_a_sample_is_read_on_its_own(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Limits] = []
    real = confine.confine

    def noted(con: duckdb.DuckDBPyConnection, limits: Limits) -> None:
        asked.append(limits)
        real(con, limits)

    monkeypatch.setattr(confine, "confine", noted)
    table = TableFiles("t", "*", "csv", (held.outside,))
    assert [c.name for c in sample.look_at(table).columns] == ["a"]
    assert asked == [Limits(files=(held.outside,))]
    with confine.reader(held.outside) as con, pytest.raises(duckdb.PermissionException):
        read(con, held.settings.token_file)


def check_view(held: Held, text: str) -> None:
    """A view that somebody stored, read by a session."""
    catalog = rest_catalog(ensure_catalog(held.settings), "made")
    made = held.folder / "new"
    texts = {TableId("staging", "v"): text.format(out=held.outside, new=made)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "_texts", lambda *_: texts)
        patch.setattr(catalog, "list_namespaces", lambda: [("staging",)])
        with closing(connect(held.settings, "made")) as con:
            with pytest.raises(duckdb.InvalidInputException, match="cannot be read"):
                con.execute("from staging.v")
            assert con.execute("from staging.t").fetchall() == [(1,)]
    assert not made.exists()


TEXTS = [
    "select 1 as a; copy (select 1) to '{new}'",
    "select 1 as a; create table lake.staging.x (a int)",
    "from read_csv('{out}')",
]


@fault(
    "Security",
    VIEW,
    seen="the view raises its reason when it is read; all others work",
)
@pytest.mark.parametrize("text", TEXTS)
def test_a_stored_view_is_one_query_of_the_lake(held: Held, text: str) -> None:
    check_view(held, text)


@mutant(VIEW, guard="a view's text is one query")
def test_without_the_check_a_view_s_second_statement_would_run(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "one_query", lambda *_, **__: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check_view(held, "select 1 as a; select 2")


@mutant(VIEW, guard="limits hold before views are made")
def test_without_limits_a_view_would_read_a_file(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "confine", lambda *_: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check_view(held, TEXTS[2])
