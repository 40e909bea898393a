"""The lake's verbs for macros on Spark, and those that Spark's SQL has no words for."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from dbt_common.exceptions import DbtDatabaseError

from orchestration.build.calls import Calls, Payload
from orchestration.build.spark import guard
from orchestration.build.spark.cursor import readable
from orchestration.errors import UsageError
from orchestration.lake.confine import Limits, confine
from orchestration.lake.process import Endpoint
from orchestration.spark.types import lake_type, spark_type

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkCalls(Calls):
    """The verbs on one branch, with a session on the same branch."""

    def __init__(
        self,
        endpoint: Endpoint,
        branch: str,
        spark: "SparkSession",
        *,
        guarded: bool = False,
    ) -> None:
        super().__init__(endpoint, branch)
        self.spark = spark
        self.guarded = guarded

    def _do(self, verb: str, payload: Payload) -> Any:
        own = SPARK_VERBS.get(verb)
        if own is None:
            return super()._do(verb, payload)
        try:
            with readable():
                if self.guarded and verb in _OF_SPARKS_SQL:
                    guard.check(self.spark, payload["sql"])
                return own(self.spark, payload)
        except DbtDatabaseError as error:  # the macro raises it as dbt's own
            raise UsageError(error.msg.rstrip(".")) from error


_OF_SPARKS_SQL = ("describe", "pin")


def _describe(spark: "SparkSession", payload: Payload) -> list[dict[str, str]]:
    """A query's columns, their types by the lake's names; nothing runs."""
    fields = spark.sql(payload["sql"]).schema.fields
    return [{"name": f.name, "type": _type(f)} for f in fields]


def _type(field: Any) -> str:
    try:
        return lake_type(field.dataType)
    except UsageError as error:
        where = f"column {field.name}"
        raise UsageError(error.what, where=where, remedy=error.remedy) from error


def _pin(spark: "SparkSession", payload: Payload) -> None:
    """Run a query once and keep its rows for the session, whatever happens to tables.

    A view would run it again each time it is read, and so would a cached one whose
    tables have changed since.
    """
    frame = spark.sql(payload["sql"]).localCheckpoint()
    frame.createOrReplaceTempView(payload["name"])


def _unpin(spark: "SparkSession", payload: Payload) -> bool:
    return bool(spark.catalog.dropTempView(payload["name"]))


def _read_seed(spark: "SparkSession", payload: Payload) -> None:
    """Read a seed as DuckDB reads it, so that both engines have the same rows."""
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        confine(con, Limits([], [Path(payload["path"])]))
        rows = con.execute(payload["sql"]).to_arrow_table()
    spark.createDataFrame(rows).createOrReplaceTempView(payload["name"])


def _md5_of_file(_: "SparkSession", payload: Payload) -> str:
    sql = "select md5(content) from read_blob($path)"
    with duckdb.connect() as con:
        found = con.execute(sql, {"path": payload["path"]}).fetchone()
    assert found is not None
    return str(found[0])


SPARK_VERBS: dict[str, Callable[["SparkSession", Payload], Any]] = {
    "describe": _describe,
    "pin": _pin,
    "unpin": _unpin,
    "spark_type": lambda _, payload: spark_type(payload["type"]),
    "read_seed": _read_seed,
    "md5_of_file": _md5_of_file,
}
