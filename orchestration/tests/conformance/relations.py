"""Where relations are: what the suites' helpers ask, answered for Firn's engines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from dbt.tests import util
from dbt.tests.fixtures.project import TestProjInfo

_stock_relation_from_name = util.relation_from_name


def relation_from_name(adapter: Any, name: str) -> Any:
    """The relation of that name; on DuckDB, views are in memory, not in the lake."""
    found = _stock_relation_from_name(adapter, name)
    if adapter.type() != "duckdb":
        return found
    in_memory = found.incorporate(path={"database": "memory"})
    with util.get_connection(adapter):
        views = adapter.list_relations_without_caching(in_memory.without_identifier())
    names = [view.identifier for view in views]
    return in_memory if found.identifier in names else found


def tables_in_schema(project: TestProjInfo) -> dict[str, str]:
    """Names and kinds. Upstream asks an information schema, which Spark lacks."""
    adapter = project.adapter
    databases = ["lake", "memory"] if adapter.type() == "duckdb" else [None]
    found = {}
    with util.get_connection(adapter):
        for database in databases:
            schema = adapter.Relation.create(
                database=database, schema=project.test_schema
            ).without_identifier()
            for relation in adapter.list_relations_without_caching(schema):
                found[relation.identifier] = str(relation.type)
    return found


@contextmanager
def adapted() -> Iterator[None]:
    """Let the suites use these, also where they imported them by name."""
    patches: list[Any] = [
        mock.patch.object(TestProjInfo, "get_tables_in_schema", tables_in_schema)
    ]
    for name, module in list(sys.modules.items()):
        if getattr(module, "relation_from_name", None) is _stock_relation_from_name:
            assert name.startswith(("dbt.tests.", "orchestration.tests.")), name
            patches.append(
                mock.patch.object(module, "relation_from_name", relation_from_name)
            )
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
