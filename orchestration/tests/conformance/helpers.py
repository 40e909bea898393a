"""What the suites' helpers ask of an adapter, answered for Firn's two engines.

Two things differ from what upstream takes for granted. On DuckDB a view is in memory,
a table in the lake. And fixtures are in Postgres's SQL: DuckDB nearly speaks it, so it
also writes the fixtures of Spark's tests, into the lake that both engines share; what
dbt runs and what is asked afterwards runs on the engine under test.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from dbt.tests import util
from dbt.tests.fixtures.project import TestProjInfo

from orchestration.lake.session import DATABASE, connect
from orchestration.settings import Settings

_FIRST_WORD = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*(\w+)", re.DOTALL)
_DEFAULT = re.compile(r"\s+default\s+(?P<value>'[^']*'|\w+)", re.IGNORECASE)
_NEW_COLUMN = re.compile(
    r"alter\s+table\s+(?P<table>\S+)\s+add\s+column\s+(?P<column>\w+)\s+.+?"
    + _DEFAULT.pattern,
    re.IGNORECASE,
)
_NO_DATABASE = re.compile(r"\bNone\.")  # what upstream writes where there is none
_QUERIES = {"select", "with", "describe", "show"}
_stock_relation_from_name = util.relation_from_name
_stock_run_sql = util.run_sql_with_adapter


def relation_from_name(adapter: Any, name: str) -> Any:
    """The relation of that name, where it is."""
    found = _stock_relation_from_name(adapter, name)
    if adapter.type() != "duckdb":
        return found
    in_memory = found.incorporate(path={"database": "memory"})
    with util.get_connection(adapter):
        views = adapter.list_relations_without_caching(in_memory.without_identifier())
    names = [view.identifier for view in views]
    return in_memory if found.identifier in names else found


def run_sql_with_adapter(adapter: Any, sql: str, fetch: str | None = None) -> Any:
    """Run what a test says about its schema."""
    if not sql.strip():
        return None
    schema = adapter.config.credentials.schema
    sql = sql.format(schema=schema, database=DATABASE)
    sql = _NO_DATABASE.sub(f"{DATABASE}.", _without_default(sql))
    if adapter.type() == "spark" and not _is_query(sql):
        return _on_duckdb(_in_lake(sql.replace("`", '"'), schema))
    if adapter.type() == "duckdb":
        sql = _in_lake(sql, schema)
    with util.get_connection(adapter) as connection:
        return adapter.run_sql_for_tests(sql.rstrip(" \n;"), fetch, connection)


def _without_default(sql: str) -> str:
    """A new column and then its value: Iceberg's second format has no defaults."""
    if (found := _NEW_COLUMN.search(sql)) is None or found["value"] == "null":
        return _DEFAULT.sub("", sql) if found else sql
    update = "update {table} set {column} = {value}".format(**found.groupdict())
    return f"{_DEFAULT.sub('', sql).rstrip(' ;' + chr(10))}; {update}"


def _in_lake(sql: str, schema: str) -> str:
    """A schema alone would be one in memory."""
    return re.sub(rf'(?<![\w."])"?{schema}"?\.', rf"{DATABASE}.\g<0>", sql)


def _is_query(sql: str) -> bool:
    found = _FIRST_WORD.match(sql)
    return found is not None and found[1].lower() in _QUERIES


def _on_duckdb(sql: str) -> None:
    settings = Settings.load()
    with connect(settings, settings.branch) as con:
        con.execute(sql)


def tables_in_schema(project: TestProjInfo) -> dict[str, str]:
    """Names and kinds. Upstream asks an information schema, which Spark lacks."""
    adapter = project.adapter
    databases: list[str | None]
    databases = [DATABASE, "memory"] if adapter.type() == "duckdb" else [None]
    found = {}
    with util.get_connection(adapter):
        for database in databases:
            schema = adapter.Relation.create(
                database=database, schema=project.test_schema
            ).without_identifier()
            for relation in adapter.list_relations_without_caching(schema):
                found[relation.identifier] = str(relation.type)
    return found


_OURS = {
    "relation_from_name": (_stock_relation_from_name, relation_from_name),
    "run_sql_with_adapter": (_stock_run_sql, run_sql_with_adapter),
}


@contextmanager
def adapted() -> Iterator[None]:
    """Let the suites use these, also where they have imported them by name."""
    patches: list[Any] = [
        mock.patch.object(TestProjInfo, "get_tables_in_schema", tables_in_schema)
    ]
    for module in list(sys.modules.values()):
        for name, (stock, ours) in _OURS.items():
            if getattr(module, name, None) is stock:
                patches.append(mock.patch.object(module, name, ours))
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in reversed(patches):
            patch.stop()
