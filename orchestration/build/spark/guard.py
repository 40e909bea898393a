"""What a model may do on Spark in a build that publishes: as on DuckDB, the lake alone.

Spark has no switch for that. A statement is parsed, and each part of it held to a list
of kinds, as are the views that it reads; then Spark says what it would do, which is
held to the list again; and that, no second reading of the text, is what runs.

Functions are Spark's own but those that call into the JVM or open what their options
name: the session does not know these, wherever a text comes from.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from orchestration.errors import UsageError
from orchestration.lake.session import DATABASE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SETTINGS = {
    # `select … from csv.`/a/file`` is then no table.
    "spark.sql.runSQLOnFiles": "false",
    # Nor is `${env:HOME}` what the environment says.
    "spark.sql.variable.substitute": "false",
}
_FUNCTIONS = (
    *("java_method", "reflect", "try_reflect"),
    # Their options name files and addresses, as that of a schema.
    *("from_xml", "schema_of_xml"),
    *("from_avro", "schema_of_avro", "to_avro", "from_protobuf", "to_protobuf"),
)
# Whatever is not named is refused: scripts (`transform … using`), names that only
# Spark's analysis builds (`identifier(…)`), all other statements.
_OF_QUERIES = frozenset(
    {
        *("Aggregate", "Distinct", "Except", "Expand", "Filter", "Generate"),
        *("GlobalLimit", "Intersect", "Join", "LateralJoin", "LocalLimit", "Offset"),
        *("PipeOperator", "Pivot", "Project", "Sample", "Sort", "SubqueryAlias"),
        *("Union", "UnionLoop", "UnionLoopRef", "Unpivot", "UnresolvedHaving"),
        *("Window", "WithWindowDefinition"),
        *("CTERelationDef", "CTERelationRef", "UnresolvedWith", "WithCTE"),
        *("UnresolvedSubqueryColumnAliases", "UnresolvedTVFAliases"),
        *("UnresolvedHint", "ResolvedHint", "Repartition"),
        *("RebalancePartitions", "RepartitionByExpression"),
        # What is read: the lake's tables, rows of the text itself, pinned rows.
        *("UnresolvedRelation", "RelationTimeTravel", "DataSourceV2Relation", "View"),
        *("LocalRelation", "LogicalRDD", "OneRowRelation", "Range"),
        *("ResolvedInlineTable", "UnresolvedInlineTable"),
        "UnresolvedTableValuedFunction",
    }
)
_OF_STATEMENTS = _OF_QUERIES | {
    *("InsertIntoStatement", "MergeIntoTable", "DeleteFromTable", "UpdateTable"),
    *("AppendData", "OverwriteByExpression", "OverwritePartitionsDynamic"),
    *("MergeRows", "ReplaceData", "WriteDelta"),
    # Temporary views: dbt makes some for unit tests.
    *("CreateViewCommand", "DropIcebergView", "DropTempViewCommand", "DropView"),
    *("DescribeColumn", "DescribeRelation", "DescribeTableCommand"),
    *("ShowColumns", "ShowNamespaces", "ShowNamespacesCommand", "ShowTables"),
    *("ResolvedIdentifier", "ResolvedNamespace", "ResolvedTable"),
    *("ResolvedPersistentView", "ResolvedTempView", "ResolvedV2View"),
    "UnresolvedIdentifier",
    *("UnresolvedNamespace", "UnresolvedTableOrView", "UnresolvedView"),
}
_OUT = (
    "A build that publishes reads and writes the lake alone: land files with a source "
    "(docs/how-to/add-a-source.md), or try it with plain `dbt build` on your branch."
)


class Guard:
    """Runs statements on a session that nothing but this runs statements on."""

    def __init__(self, spark: "SparkSession") -> None:
        self._spark = spark
        self._session: Any = spark._jsparkSession  # noqa: SLF001  # no public parser
        self._state = self._session.sessionState()
        self._gateway = cast("Any", spark.sparkContext._gateway)  # noqa: SLF001
        self._jvm = self._gateway.jvm
        for name, value in _SETTINGS.items():
            spark.conf.set(name, value)
        identifier = self._jvm.org.apache.spark.sql.catalyst.FunctionIdentifier
        for name in _FUNCTIONS:
            self._state.functionRegistry().dropFunction(identifier(name))

    def run(self, sql: str) -> "DataFrame":
        """Run a statement; of a query, as much as `SparkSession.sql` would.

        Raises:
            UsageError: It reaches beyond the lake's tables, or might.
            PySparkException: It is no SQL, or it failed.
        """
        from pyspark.errors import AnalysisException  # noqa: PLC0415
        from pyspark.sql import DataFrame  # noqa: PLC0415

        # A thread that has no session yet would parse by Spark's defaults.
        self._session.setActiveSession(self._session)
        plan = self._parsed(sql)
        _hold(plan, _OF_STATEMENTS)
        self._hold_views(plan, (), set())
        modes = self._jvm.org.apache.spark.sql.execution.CommandExecutionMode
        execution = self._state.executePlan(plan, modes.ALL())
        try:
            _hold(execution.analyzed(), _OF_STATEMENTS)
        except AnalysisException as error:
            raise _explained(error) from error
        of_plan = self._jvm.org.apache.spark.sql.classic.Dataset.ofRows
        done = of_plan(self._session, execution.commandExecuted())
        return DataFrame(done, self._spark)

    def _parsed(self, sql: str) -> Any:
        return self._state.sqlParser().parsePlan(sql)

    def _hold_views(self, plan: Any, within: tuple[str, ...], seen: set[Any]) -> None:
        """Hold the views that a query reads: analysis already runs some statements.

        Args:
            within: The namespace that names without one are looked up in.
            seen: The views that were held before.
        """
        for name in _relations(plan, within):
            if name in seen or (view := self._view(name)) is None:
                continue
            seen.add(name)
            if view.currentCatalog() != DATABASE:
                what = "a view of another catalog is refused"
                raise UsageError(what, where=".".join(name), remedy=_OUT)
            query = self._parsed(view.query())
            _hold(query, _OF_QUERIES, where=".".join(name))
            self._hold_views(query, tuple(view.currentNamespace()), seen)

    def _view(self, name: tuple[str, ...]) -> Any:
        """The lake's view of that name, if there is one."""
        *namespace, last = name
        strings = self._gateway.new_array(self._jvm.java.lang.String, len(namespace))
        for index, part in enumerate(namespace):
            strings[index] = part
        identifier = self._jvm.org.apache.spark.sql.connector.catalog.Identifier
        found = identifier.of(strings, last)
        lake = self._state.catalogManager().catalog(DATABASE)
        return lake.loadView(found) if lake.viewExists(found) else None


def _hold(plan: Any, allowed: frozenset[str], *, where: str = "") -> None:
    for node in _nodes(plan):
        if (kind := node.getClass().getSimpleName()) not in allowed:
            what = f"{kind} is refused"
            raise UsageError(what, where=where, remedy=_OUT)


def _nodes(plan: Any) -> Iterator[Any]:
    """A plan and all below it, in its subqueries and its `with` as well."""
    yield plan
    inner, queries = plan.innerChildren(), plan.subqueries()
    for below in (
        plan.children(),
        inner,
        *(() if inner.equals(queries) else [queries]),
    ):
        for index in range(below.size()):
            yield from _nodes(below.apply(index))


def _relations(plan: Any, within: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The names in the lake of all that a parsed query reads, without the catalog's."""
    for node in _nodes(plan):
        kind = node.getClass().getSimpleName()
        relation = node.relation() if kind == "RelationTimeTravel" else node
        if relation.getClass().getSimpleName() == "UnresolvedRelation":
            parts = relation.multipartIdentifier()
            name = tuple(str(parts.apply(index)) for index in range(parts.size()))
            name = name[1:] if name[0] == DATABASE else name
            # Without a namespace it is a temporary view's, or that of a `with`.
            if len(name := within + name if len(name) == 1 else name) > 1:
                yield name


def _explained(error: Any) -> Exception:
    """Say what became of a function that every Spark has."""
    if error.getCondition() in ("ROUTINE_NOT_FOUND", "UNRESOLVED_ROUTINE"):
        name = error.getMessageParameters()["routineName"].replace("`", "").lower()
        if name.rpartition(".")[2] in _FUNCTIONS:
            return UsageError(f"the function {name} is refused", remedy=_OUT)
    return error  # type: ignore[no-any-return]
