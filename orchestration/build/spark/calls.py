"""The lake's verbs for macros on Spark, and those that Spark's SQL has no words for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from dbt_common.exceptions import DbtDatabaseError

from orchestration.build.calls import Calls, Payload
from orchestration.build.spark.cursor import Run, readable
from orchestration.build.spark.guard import Guard
from orchestration.errors import UsageError
from orchestration.lake.confine import Limits, confine
from orchestration.lake.process import Endpoint
from orchestration.lake.statements import one_query
from orchestration.spark.types import lake_type, spark_type

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkCalls(Calls):
    """The verbs on one branch, with a session on the same branch.

    Args:
        limits: Where seeds may be read from, if this build is held to the lake.

    Attributes:
        run: Runs a statement, within the limits of this build.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        branch: str,
        spark: "SparkSession",
        *,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(endpoint, branch)
        self.run: Run = spark.sql if limits is None else Guard(spark).run
        self._spark = spark
        self._limits = limits

    def interrupt(self) -> None:
        """Stop what the session runs."""
        self._spark.interruptAll()

    def _do(self, verb: str, payload: Payload) -> Any:
        own = SPARK_VERBS.get(verb)
        if own is None:
            return super()._do(verb, payload)
        try:
            with readable():
                return own(self, payload)
        except DbtDatabaseError as error:  # the macro raises it as dbt's own
            raise UsageError(error.msg.rstrip(".")) from error

    def describe(self, payload: Payload) -> list[dict[str, str]]:
        """A query's columns, their types by the lake's names; nothing runs."""
        fields = self.run(payload["sql"]).schema.fields
        return [{"name": f.name, "type": _type(f)} for f in fields]

    def pin(self, payload: Payload) -> None:
        """Run a query once and keep its rows, whatever happens to its tables.

        A view would run it again each time it is read, and so would a cached one whose
        tables have changed since.
        """
        frame = self.run(payload["sql"]).localCheckpoint()
        frame.createOrReplaceTempView(payload["name"])

    def unpin(self, payload: Payload) -> bool:
        """Forget them."""
        return bool(self._spark.catalog.dropTempView(payload["name"]))

    def read_seed(self, payload: Payload) -> None:
        """Read a seed as DuckDB reads it, so that both engines have the same rows."""
        with self._reader(payload) as con:
            one_query(con, payload["sql"], where=payload["path"])
            rows = con.execute(payload["sql"]).to_arrow_table()
        self._spark.createDataFrame(rows).createOrReplaceTempView(payload["name"])

    def md5_of_file(self, payload: Payload) -> str:
        """Of a seed."""
        sql = "select md5(content) from read_blob($path)"
        with self._reader(payload) as con:
            [(digest,)] = con.execute(sql, {"path": payload["path"]}).fetchall()
        return str(digest)

    @contextmanager
    def _reader(self, payload: Payload) -> Iterator[duckdb.DuckDBPyConnection]:
        """DuckDB that reads the seed, as a build on DuckDB itself would."""
        with duckdb.connect() as con:
            con.execute("set timezone = 'UTC'")
            confine(con, self._limits or Limits(files=[Path(payload["path"])]))
            try:
                yield con
            except duckdb.PermissionException as error:
                what = str(error).partition(" - ")[0].strip()
                raise UsageError(what, remedy="Keep seeds in `seed-paths`.") from error


def _type(field: Any) -> str:
    try:
        return lake_type(field.dataType)
    except UsageError as error:
        where = f"column {field.name}"
        raise UsageError(error.what, where=where, remedy=error.remedy) from error


SPARK_VERBS: dict[str, Callable[[SparkCalls, Payload], Any]] = {
    "describe": SparkCalls.describe,
    "pin": SparkCalls.pin,
    "unpin": SparkCalls.unpin,
    "spark_type": lambda _, payload: spark_type(payload["type"]),
    "read_seed": SparkCalls.read_seed,
    "md5_of_file": SparkCalls.md5_of_file,
}
