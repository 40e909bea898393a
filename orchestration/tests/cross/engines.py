"""The same operations on a table, in the words of each engine."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow
from pyarrow.lib import Table
from pyiceberg.catalog.rest import RestCatalog

from orchestration.lake.types import literal, quote
from orchestration.spark.types import spark_type
from orchestration.tests.cross.kinds import Column, table_of

pa: Any = pyarrow  # which has no types

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCHEMA = "cross_read"
_ROWS = "rows_to_write"


class Engine(ABC):
    """Writes and reads tables of one branch; rows come and go as Arrow has them."""

    name: str

    @abstractmethod
    def run(self, sql: str) -> None:
        """Run a statement."""

    @abstractmethod
    def ask(self, sql: str) -> Table:
        """The rows of a query."""

    @abstractmethod
    def show(self, rows: Table) -> None:
        """Make rows readable as the relation `rows_to_write`."""

    @abstractmethod
    def type(self, column: Column) -> str:
        """Its type in the engine's words."""

    @abstractmethod
    def partition(
        self, table: str, transforms: Sequence[str], old: Sequence[str]
    ) -> None:
        """Partition what is written from now on, and no longer by the old fields."""

    def read(self, table: str) -> Table:
        """All rows."""
        return self.ask(f"select * from {self.at(table)}")

    def find(self, table: str, conditions: Sequence[str]) -> list[set[int]]:
        """The ids of the rows that each condition holds for; one scan for each."""
        queries = (
            f"select {number} as number, id from {self.at(table)} where {condition}"
            for number, condition in enumerate(conditions)
        )
        found: list[set[int]] = [set() for _ in conditions]
        for row in self.ask(" union all ".join(queries)).to_pylist():
            found[row["number"]].add(row["id"])
        return found

    def equals(self, column: Column, value: Any) -> str:
        """A condition on a column: it has a value, as `comparable` makes it."""
        name = quote(column.name)
        if value is None:
            return f"{name} is null"
        if value == "NaN" and column.kind.name in ("FLOAT", "DOUBLE"):
            # Compared as a value it is skipped with its file, whose bounds lack it.
            return f"isnan({name})"
        if isinstance(value, bytes):
            return f"{name} = unhex('{value.hex()}')"
        return f"{name} = cast({self.literal(value)} as {self.type(column)})"

    def literal(self, value: Any) -> str:
        """A value as a text that a cast understands."""
        return literal(str(value))

    def at(self, table: str) -> str:
        """The table's whole name."""
        return f"lake.{SCHEMA}.{quote(table)}"

    def create(self, table: str, columns: Sequence[Column]) -> None:
        """An empty table."""
        definitions = (f"{quote(one.name)} {self.type(one)}" for one in columns)
        self.run(f"create table {self.at(table)} ({', '.join(definitions)})")

    def insert(
        self, table: str, columns: Sequence[Column], rows: Sequence[Any]
    ) -> None:
        """Add rows."""
        self.show(table_of(columns, rows))
        self.run(f"insert into {self.at(table)} by name select * from {_ROWS}")

    def merge(self, table: str, columns: Sequence[Column], rows: Sequence[Any]) -> None:
        """Add rows, or put them in the place of those with their id."""
        self.show(table_of(columns, rows))
        names = [quote(one.name) for one in columns]
        sets = ", ".join(f"{name} = s.{name}" for name in names[1:])
        update = f"when matched then update set {sets}" if sets else ""
        self.run(
            f"merge into {self.at(table)} as t using {_ROWS} as s on t.id = s.id "
            f"{update} when not matched then insert ({', '.join(names)}) "
            f"values ({', '.join(f's.{name}' for name in names)})"
        )

    def delete(self, table: str, ids: Iterable[int]) -> None:
        """Delete rows by id."""
        self.run(f"delete from {self.at(table)} where {_among(ids)}")

    def update(
        self, table: str, column: Column, value: Any, ids: Iterable[int]
    ) -> None:
        """Set one column of some rows."""
        text = "null" if value is None else self.literal(value)
        new = f"cast({text} as {self.type(column)})"
        where = _among(ids)
        self.run(
            f"update {self.at(table)} set {quote(column.name)} = {new} where {where}"
        )

    def add(self, table: str, column: Column) -> None:
        """Add a column."""
        definition = f"{quote(column.name)} {self.type(column)}"
        self.run(f"alter table {self.at(table)} add column {definition}")

    def drop(self, table: str, column: Column) -> None:
        """Drop a column."""
        self.run(f"alter table {self.at(table)} drop column {quote(column.name)}")

    def rename(self, table: str, column: Column, name: str) -> None:
        """Rename a column."""
        names = f"{quote(column.name)} to {quote(name)}"
        self.run(f"alter table {self.at(table)} rename column {names}")


class DuckDB(Engine):
    """As `firn sql --write` and models do."""

    name = "duckdb"

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def run(self, sql: str) -> None:
        self._con.execute(sql)

    def ask(self, sql: str) -> Table:
        return self._con.execute(sql).to_arrow_table()

    def show(self, rows: Table) -> None:
        self._con.register(_ROWS, rows)

    def type(self, column: Column) -> str:
        return column.kind.name

    def partition(
        self,
        table: str,
        transforms: Sequence[str],
        old: Sequence[str],  # noqa: ARG002  # one statement names all of the new ones
    ) -> None:
        how = f"set partitioned by ({', '.join(transforms)})"
        how = how if transforms else "reset partitioned by"
        self.run(f"alter table {self.at(table)} {how}")


class Spark(Engine):
    """As models on Spark do."""

    name = "spark"

    def __init__(self, spark: "SparkSession") -> None:
        self._spark = spark

    def run(self, sql: str) -> None:
        self._spark.sql(sql)

    def ask(self, sql: str) -> Table:
        return self._spark.sql(sql).toArrow()

    def show(self, rows: Table) -> None:
        self._spark.createDataFrame(rows).createOrReplaceTempView(_ROWS)

    def type(self, column: Column) -> str:
        return spark_type(column.kind.name)

    def literal(self, value: Any) -> str:
        return super().literal(value).replace("\\", "\\\\")

    def partition(
        self, table: str, transforms: Sequence[str], old: Sequence[str]
    ) -> None:
        # Iceberg's own part of Spark's grammar knows no double quotes.
        at = f"lake.{SCHEMA}.{table}"
        for name in old:
            self.run(f"alter table {at} drop partition field `{name}`")
        for one in transforms:
            self.run(f"alter table {at} add partition field {one}")


class PyIceberg:
    """A third reader, with no SQL."""

    name = "pyiceberg"

    def __init__(self, catalog: RestCatalog) -> None:
        self._catalog = catalog

    def read(self, table: str) -> Table:
        """All rows."""
        return self._catalog.load_table((SCHEMA, table)).scan().to_arrow()

    def is_back(self, table: str) -> bool:
        """Whether its columns are as they were before: an older schema is current."""
        loaded = self._catalog.load_table((SCHEMA, table))
        return bool(loaded.schema().schema_id < max(loaded.schemas()))

    def shares_fields(self, table: str) -> bool:
        """Whether two partition specs have a field in common, as Spark makes them."""
        specs = self._catalog.load_table((SCHEMA, table)).specs().values()
        ids = [field.field_id for spec in specs for field in spec.fields]
        return len(ids) > len(set(ids))

    def sees(self, column: Column, value: Any) -> Any:
        """What it makes of a value: a list of structs that is NULL becomes empty.

        See https://github.com/apache/iceberg-python/issues/3833.
        """
        is_list = pa.types.is_list(column.kind.arrow)
        of_structs = is_list and pa.types.is_struct(column.kind.arrow.value_type)
        return [] if of_structs and value is None else value

    def configure(self, table: str, **properties: str) -> None:
        """Set properties."""
        with self._catalog.load_table((SCHEMA, table)).transaction() as change:
            change.set_properties(properties)

    def fields(self, table: str) -> list[str]:
        """The names of what partitions it, but what is void."""
        spec = self._catalog.load_table((SCHEMA, table)).spec()
        return [f.name for f in spec.fields if str(f.transform) != "void"]


def _among(ids: Iterable[int]) -> str:
    return f"id in ({', '.join(map(str, ids)) or 'null'})"
