"""Engines on branches through the real server: DuckDB and pyiceberg, side by side."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from pyarrow.lib import Table
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    ForbiddenError,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    NoSuchViewError,
    TableAlreadyExistsError,
    UnauthorizedError,
    ViewAlreadyExistsError,
)
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType
from pyiceberg.view.metadata import ViewVersion

from orchestration.lake import Lake, Provenance, TableId
from orchestration.lake.process import Endpoint
from orchestration.lake.session import attach, rest_catalog
from orchestration.tests.pages import promise

ME = Provenance(who="me")
IDS = Schema(NestedField(1, "id", LongType(), required=False))


@pytest.fixture
def dev(lake: Lake, catalog_endpoint: Endpoint) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB on the branch `dev`, with the schema `marts`."""
    lake.create_branch("dev")
    with duckdb.connect() as con:
        attach(con, catalog_endpoint, "dev")
        con.execute("create schema lake.marts")
        yield con


@pytest.fixture
def catalog(
    dev: duckdb.DuckDBPyConnection, catalog_endpoint: Endpoint
) -> Iterator[RestCatalog]:
    """pyiceberg on the same branch."""
    opened = rest_catalog(catalog_endpoint, "dev")
    yield opened
    opened.close()


def ids(*values: int) -> Table:
    return Table.from_pydict({"id": list(values)})


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = con.execute(sql).fetchall()
    return found


def test_duckdb_creates_changes_and_drops(dev: duckdb.DuckDBPyConnection) -> None:
    dev.execute(
        "create table lake.marts.t as"
        " select i as id, 'n' || i as name from range(1000) r(i)"
    )
    dev.execute("update lake.marts.t set name = 'new' where id = 1")
    dev.execute("delete from lake.marts.t where id >= 998")
    dev.execute(
        "merge into lake.marts.t using (values (2, 'two'), (5000, 'more')) s(id, name)"
        " on t.id = s.id when matched then update set name = s.name"
        " when not matched then insert values (s.id, s.name)"
    )
    dev.execute("alter table lake.marts.t add column x integer")
    dev.execute("alter table lake.marts.t rename to u")
    found = rows(dev, "select id, name, x from lake.marts.u where id in (1, 2, 5000)")
    assert sorted(found) == [(1, "new", None), (2, "two", None), (5000, "more", None)]
    assert rows(dev, "select count(*) from lake.marts.u") == [(999,)]
    dev.execute("drop table lake.marts.u")
    dev.execute("drop schema lake.marts")
    assert rows(dev, "select * from duckdb_tables() where database_name = 'lake'") == []


def test_duckdb_commits_several_tables_at_once_or_none(
    dev: duckdb.DuckDBPyConnection, catalog: RestCatalog, lake: Lake
) -> None:
    dev.execute("create table lake.marts.a (id bigint)")
    dev.execute("create table lake.marts.b (id bigint)")
    dev.execute("begin")
    dev.execute("insert into lake.marts.a values (1)")
    dev.execute("insert into lake.marts.b values (1)")
    # Somebody else moves one of the two before the commit.
    catalog.load_table("marts.b").append(ids(7))
    before = lake.pointers("dev")
    with pytest.raises(duckdb.Error):
        dev.execute("commit")
    assert lake.pointers("dev") == before
    assert len(catalog.load_table("marts.a").scan().to_arrow()) == 0


@promise("Any Iceberg client can read the same tables through `firn catalog serve`")
def test_engines_read_each_other_on_a_branch_and_main_waits(
    dev: duckdb.DuckDBPyConnection,
    catalog: RestCatalog,
    lake: Lake,
    catalog_endpoint: Endpoint,
) -> None:
    dev.execute("create table lake.marts.t as select 1::bigint as id")
    lake.publish("dev", ME)
    reader = duckdb.connect()
    attach(reader, catalog_endpoint, "main", read_only=True)
    count = "select count(*) from lake.marts.t"
    assert rows(reader, count) == [(1,)]
    table = catalog.load_table("marts.t")
    table.append(ids(2, 3))
    with table.update_schema() as update:
        update.add_column("note", StringType())
    found = rows(dev, "select id, note from lake.marts.t order by id")
    assert found == [(1, None), (2, None), (3, None)]
    assert rows(reader, count) == [(1,)]
    lake.publish("dev", ME)
    # An open session sees it at its next query; nobody has to attach again.
    assert rows(reader, count) == [(3,)]
    lake.rollback(None, ME)
    assert rows(reader, count) == [(1,)]
    reader.close()


@promise("every load and every build works on a zero-copy branch of the lake")
def test_main_cannot_be_written_by_any_engine(
    dev: duckdb.DuckDBPyConnection,
    catalog: RestCatalog,
    lake: Lake,
    catalog_endpoint: Endpoint,
) -> None:
    dev.execute("create table lake.marts.t as select 1::bigint as id")
    lake.publish("dev", ME)
    before = lake.pointers("main")
    with duckdb.connect() as con:
        attach(con, catalog_endpoint, "main")
        for statement in (
            "insert into lake.marts.t values (2)",
            "delete from lake.marts.t",
            "drop table lake.marts.t",
            "alter table lake.marts.t add column x integer",
            "create table lake.marts.u (id bigint)",
            "create schema lake.other",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(statement)
    on_main = rest_catalog(catalog_endpoint, "main")
    with pytest.raises(ForbiddenError):
        on_main.load_table("marts.t").append(ids(2))
    with pytest.raises(ForbiddenError):
        on_main.drop_table("marts.t")
    on_main.close()
    assert lake.pointers("main") == before


def test_pyiceberg_gets_the_exceptions_it_expects(
    catalog: RestCatalog, catalog_endpoint: Endpoint
) -> None:
    catalog.create_table("marts.t", IDS)
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace("marts")
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace("marts")
    with pytest.raises(NoSuchNamespaceError):
        catalog.list_tables("nowhere")
    with pytest.raises(NoSuchNamespaceError):
        catalog.create_table("nowhere.t", IDS)
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table("marts.t", IDS)
    with pytest.raises(NoSuchTableError):
        catalog.load_table("marts.nope")
    with pytest.raises(NoSuchViewError):
        catalog.load_view("marts.nope")
    first, second = catalog.load_table("marts.t"), catalog.load_table("marts.t")
    with first.update_schema() as update:
        update.add_column("a", LongType())
    with pytest.raises(CommitFailedException), second.update_schema() as update:
        update.add_column("b", LongType())
    wrong = Endpoint(catalog_endpoint.uri, "wrong")
    with pytest.raises(UnauthorizedError):
        rest_catalog(wrong, "dev")


def test_pyiceberg_namespaces_and_pages(catalog: RestCatalog) -> None:
    catalog.properties["rest-page-size"] = "2"
    catalog.create_namespace("raw", {"owner": "us"})
    summary = catalog.update_namespace_properties("raw", {"owner"}, {"team": "we"})
    assert (summary.removed, summary.updated) == (["owner"], ["team"])
    assert catalog.load_namespace_properties("raw") == {"team": "we"}
    for number in range(5):
        catalog.create_table(f"raw.t{number}", IDS)
    assert len(catalog.list_tables("raw")) == 5
    assert catalog.list_namespaces() == [("marts",), ("raw",)]


def test_pyiceberg_creates_in_a_transaction_and_registers(catalog: RestCatalog) -> None:
    with catalog.create_table_transaction("marts.t", IDS) as transaction:
        transaction.set_properties(owner="us")
        assert not catalog.table_exists("marts.t")
    made = catalog.load_table("marts.t")
    assert made.properties["owner"] == "us"
    made.append(ids(1))
    again = catalog.register_table(
        "marts.r", catalog.load_table("marts.t").metadata_location
    )
    assert again.scan().to_arrow()["id"].to_pylist() == [1]
    catalog.purge_table("marts.t")
    assert again.scan().to_arrow()["id"].to_pylist() == [1]


def test_dropping_with_purge_on_a_branch_leaves_main_whole(
    dev: duckdb.DuckDBPyConnection, catalog: RestCatalog, lake: Lake
) -> None:
    dev.execute("create table lake.marts.t as from range(100) r(id)")
    lake.publish("dev", ME)
    catalog.purge_table("marts.t")
    assert len(lake.load("main", TableId("marts", "t")).scan().to_arrow()) == 100


def version(sql: str) -> ViewVersion:
    return ViewVersion.model_validate(
        {
            "version-id": 1,
            "schema-id": 0,
            "representations": [{"type": "sql", "sql": sql, "dialect": "duckdb"}],
            "default-namespace": ["marts"],
        }
    )


def test_pyiceberg_views(catalog: RestCatalog, lake: Lake) -> None:
    made = catalog.create_view("marts.v", IDS, version("select 1 as id"))
    assert made.current_version().version_id == 1
    with pytest.raises(ViewAlreadyExistsError):
        catalog.create_view("marts.v", IDS, version("select 2 as id"))
    assert catalog.list_views("marts") == [("marts", "v")]
    assert catalog.list_tables("marts") == []
    assert catalog.view_exists("marts.v")
    assert not catalog.table_exists("marts.v")
    lake.publish("dev", ME)
    assert lake.pointers("main")[TableId("marts", "v")].kind == "VIEW"
    catalog.drop_view("marts.v")
    assert not catalog.view_exists("marts.v")
    lake.publish("dev", ME)
    assert lake.pointers("main") == {}


def test_writers_of_one_table_at_once_lose_nothing(
    catalog: RestCatalog, catalog_endpoint: Endpoint
) -> None:
    catalog.create_table("marts.t", IDS)
    writers, appends = 4, 5
    barrier = threading.Barrier(writers)

    def write(number: int) -> int:
        mine, done = rest_catalog(catalog_endpoint, "dev"), 0
        barrier.wait()
        while done < appends:
            try:
                mine.load_table("marts.t").append(ids(number))
                done += 1
            except CommitFailedException:
                continue
        mine.close()
        return done

    with ThreadPoolExecutor(writers) as pool:
        assert sum(pool.map(write, range(writers))) == writers * appends
    table = catalog.load_table("marts.t")
    found = table.scan().to_arrow()["id"].to_pylist()
    assert sorted(found) == sorted(list(range(writers)) * appends)
    folder = Path(table.metadata_location.removeprefix("file://")).parent
    assert len(list(folder.glob("*.metadata.json"))) == 1 + writers * appends
