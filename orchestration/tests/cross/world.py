"""A table under test: what it must hold, and all engines' reading of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyarrow.lib import Table

from orchestration.tests.cross.engines import Engine, PyIceberg
from orchestration.tests.cross.kinds import ID, Column, comparable

Rows = dict[int, dict[str, Any]]


class World:
    """Applies each operation to the table by one engine, and to the model in Python."""

    def __init__(
        self,
        table: str,
        engines: Mapping[str, Engine],
        third: PyIceberg,
        columns: Sequence[Column],
    ) -> None:
        self.table = table
        self.engines = engines
        self.third = third
        self.columns = [Column("id", ID), *columns]
        self.rows: Rows = {}
        self.history: list[str] = []
        self.pinned: set[str] = set()  # columns that a partition spec has used
        self.mode = ""
        self.mixed = False  # of more than one partition spec, see `changer`

    def create(self, engine: str, mode: str) -> None:
        """The empty table; `mode` is how rows are replaced, as Iceberg calls it."""
        self.engines[engine].create(self.table, self.columns)
        modes = {f"write.{verb}.mode": mode for verb in ("delete", "merge", "update")}
        self.third.configure(self.table, **modes)
        self.mode = mode
        self._done(f"{engine} creates, {mode}")

    def changer(self, engine: str) -> str:
        """The engine, or the one that can change rows of such a table instead.

        DuckDB (1.5) refuses to where files are to be written anew, and where rows are
        partitioned by what the table was partitioned by before: at best, see
        https://github.com/duckdb/duckdb-iceberg/issues/1274.
        """
        refused = self.mode == "copy-on-write" or self.mixed
        return "spark" if refused else engine

    def alterer(self, engine: str) -> str:
        """The engine, or the one that can alter columns which are as they once were.

        DuckDB (1.5) would give the new schema an id that is taken, and says so: akin to
        https://github.com/duckdb/duckdb-iceberg/issues/935.
        """
        return "spark" if self.third.is_back(self.table) else engine

    def insert(self, engine: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows of ids that the table does not have."""
        new = {row["id"]: dict(row) for row in rows if row["id"] not in self.rows}
        self.engines[engine].insert(self.table, self.columns, list(new.values()))
        self.rows |= new
        self._done(f"{engine} inserts {len(new)}")

    def merge(self, engine: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows, or replace those of their ids."""
        new = {row["id"]: dict(row) for row in rows}
        engine = self.changer(engine)
        self.engines[engine].merge(self.table, self.columns, list(new.values()))
        self.rows |= new
        self._done(f"{engine} merges {len(new)}")

    def delete(self, engine: str, ids: Iterable[int]) -> None:
        """Delete rows, whether they are there or not."""
        ids = list(ids)
        engine = self.changer(engine)
        self.engines[engine].delete(self.table, ids)
        self.rows = {id_: row for id_, row in self.rows.items() if id_ not in ids}
        self._done(f"{engine} deletes {ids}")

    def update(
        self, engine: str, column: Column, value: Any, ids: Iterable[int]
    ) -> None:
        """Set one column of some rows."""
        ids = list(ids)
        engine = self.changer(engine)
        self.engines[engine].update(self.table, column, value, ids)
        for id_ in self.rows.keys() & set(ids):
            self.rows[id_][column.name] = value
        self._done(f"{engine} updates {column.name} of {ids}")

    def add(self, engine: str, column: Column) -> None:
        """A new column, which is NULL in the rows that are there."""
        engine = self.alterer(engine)
        self.engines[engine].add(self.table, column)
        self.columns.append(column)
        for row in self.rows.values():
            row[column.name] = None
        self._done(f"{engine} adds {column.name} {column.kind.name}")

    def drop(self, engine: str, column: Column) -> None:
        """A column goes, its values with it."""
        engine = self.alterer(engine)
        self.engines[engine].drop(self.table, column)
        self.columns.remove(column)
        for row in self.rows.values():
            del row[column.name]
        self._done(f"{engine} drops {column.name}")

    def rename(self, engine: str, column: Column, name: str) -> None:
        """A column has another name, and the values that it had."""
        engine = self.alterer(engine)
        self.engines[engine].rename(self.table, column, name)
        self.columns[self.columns.index(column)] = Column(name, column.kind)
        for row in self.rows.values():
            row[name] = row.pop(column.name)
        self._done(f"{engine} renames {column.name} to {name}")

    def partition(self, engine: str, parts: Sequence[tuple[Column, str]]) -> None:
        """What is written from now on is partitioned by these columns' transforms."""
        transforms = [transform.format(column.name) for column, transform in parts]
        old = self.third.fields(self.table)
        self.engines[engine].partition(self.table, transforms, old)
        self.pinned |= {column.name for column, _ in parts}
        self.mixed |= bool(self.rows) or self.third.shares_fields(self.table)
        self._done(f"{engine} partitions by {transforms}")

    def check(self) -> None:
        """Assert that every engine reads the rows, as a whole and by each value."""
        expected = _compared(self.rows.values())
        for name, engine in self.engines.items():
            self._equal(name, engine.read(self.table), expected)
        third = [
            {one.name: self.third.sees(one, row[one.name]) for one in self.columns}
            for row in expected
        ]
        self._equal("pyiceberg", self.third.read(self.table), third)

    def _equal(self, name: str, rows: Table, expected: list[dict[str, Any]]) -> None:
        found = _compared(rows.to_pylist())
        differing = [
            pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]
        ]
        told = f"{name} reads otherwise after {self.history}: {differing[:1]}"
        assert found == expected, told

    def check_lookups(self, column: Column) -> None:
        """Assert that rows are found by a column's value: files are skipped rightly."""
        expected: dict[Any, set[int]] = {}
        for id_, row in self.rows.items():
            expected.setdefault(comparable(row[column.name]), set()).add(id_)
        for name, engine in self.engines.items():
            conditions = [engine.equals(column, value) for value in expected]
            found = engine.find(self.table, conditions)
            for condition, ids, wanted in zip(
                conditions, found, expected.values(), strict=True
            ):
                told = f"{name} finds others by {condition} after {self.history}"
                assert ids == wanted, told

    def _done(self, what: str) -> None:
        self.history.append(what)


def _compared(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    compared = [{key: comparable(value) for key, value in row.items()} for row in rows]
    return sorted(compared, key=lambda row: row["id"])
