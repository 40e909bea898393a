"""What a model may do on Spark in a build that publishes: as on DuckDB, the lake alone.

Spark has no switch for that. Statements are held to a list of kinds, files cannot be
named as tables, and functions that call into the JVM are refused.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from orchestration.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Set for such a build: `select … from csv.`/a/file`` is then no table.
SETTINGS = {"spark.sql.runSQLOnFiles": "false"}
_PLANS = "org.apache.spark.sql.catalyst.plans.logical"
# Whatever is neither is a part of a query, but for those named below.
_STATEMENTS = (f"{_PLANS}.Command", f"{_PLANS}.ParsedStatement")
_ALLOWED = frozenset(
    {
        *("InsertIntoStatement", "MergeIntoTable", "DeleteFromTable", "UpdateTable"),
        # Temporary views: dbt makes some for unit tests.
        *("CreateViewCommand", "DropView", "DropTempViewCommand"),
        *("DescribeRelation", "DescribeQueryCommand", "ShowTables", "ShowNamespaces"),
    }
)
_OUTWARD = frozenset({"InsertIntoDir", "Call", "UnresolvedExecuteImmediate"})
_INTO_THE_JVM = re.compile(r"\b(?:try_)?(?:reflect|java_method)`?\s*\(", re.IGNORECASE)
_OUT = (
    "A build that publishes reads and writes the lake alone: land files with a source "
    "(docs/how-to/add-a-source.md), or try it with plain `dbt build` on your branch."
)


def check(spark: "SparkSession", sql: str) -> None:
    """Refuse a statement that reaches beyond the lake's tables.

    Raises:
        UsageError: It does, or might.
        PySparkException: It is no SQL.
    """
    if found := _INTO_THE_JVM.search(sql):
        raise UsageError(f"{found[0].rstrip('( `').lower()} is refused", remedy=_OUT)
    jvm: Any = spark._jvm  # noqa: SLF001  # pyspark has no parser
    session = spark._jsparkSession  # noqa: SLF001
    # A thread that has no session yet would parse by Spark's defaults.
    session.setActiveSession(session)
    plan = session.sessionState().sqlParser().parsePlan(sql)
    is_a = jvm.py4j.reflection.TypeUtil.isInstanceOf
    for node in _nodes(plan):
        kind = node.getClass().getSimpleName()
        is_statement = any(is_a(name, node) for name in _STATEMENTS)
        if kind in _OUTWARD or (is_statement and kind not in _ALLOWED):
            raise UsageError(f"the statement {kind} is refused", remedy=_OUT)


def _nodes(plan: Any) -> Iterator[Any]:
    """A plan and all below it: a query may come before what it is written to."""
    yield plan
    children = plan.children()
    for index in range(children.size()):
        yield from _nodes(children.apply(index))
