"""A throw-away dbt project: its files, dbt in this process, and what the lake holds."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from dbt.cli.main import dbtRunner
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.table import Table

from orchestration.build.dbt import disconnect
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests.integration.macros.dialect import ENGINE

if TYPE_CHECKING:
    import duckdb

BRANCH = "dev_test"
SCHEMA = "analytics"
# The same tests with other variables: FIRN_TEST_VARS='{name: value}' pytest …
VARS = os.environ.get("FIRN_TEST_VARS", "{}")


@dataclass(frozen=True)
class Outcome:
    """What one dbt command did, node by node."""

    success: bool
    messages: dict[str, str]
    statuses: dict[str, str]
    error: str
    result: Any = field(repr=False, default=None)


class Project:
    """Writes files of a project, runs dbt in this process, and reads the lake."""

    def __init__(self, folder: Path, settings: Settings, catalog: RestCatalog) -> None:
        self.folder = folder
        self.settings = settings
        self.catalog = catalog
        self._con: duckdb.DuckDBPyConnection | None = None

    def write(self, path: str, content: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def model(self, name: str, sql: str, **config: Any) -> None:
        arguments = ", ".join(f"{key}={value!r}" for key, value in config.items())
        self.write(f"models/{name}.sql", f"{{{{ config({arguments}) }}}}\n{sql}\n")

    def properties(self, path: str, content: dict[str, Any]) -> None:
        self.write(path, yaml.safe_dump({"version": 2, **content}))

    def remove(self, path: str) -> None:
        (self.folder / path).unlink()

    def dbt(self, *command: str) -> Outcome:
        """Run one dbt command, as its own process would."""
        folder = str(self.folder)
        options = ["--project-dir", folder, "--profiles-dir", folder]
        options += ["--target", ENGINE.target, "--vars", VARS]
        options += ["--log-level", "none", "--log-level-file", "debug"]
        options += ["--log-path", f"{folder}/logs"]
        try:
            outcome = dbtRunner().invoke([*command, *options])
        finally:
            disconnect()
        found = getattr(outcome.result, "results", [])
        nodes = {one.node.name: one for one in found if hasattr(one, "node")}
        return Outcome(
            success=outcome.success,
            messages={name: node.message or "" for name, node in nodes.items()},
            statuses={name: str(node.status) for name, node in nodes.items()},
            error=str(outcome.exception or ""),
            result=outcome.result,
        )

    def run(self, *names: str, full_refresh: bool = False) -> Outcome:
        """`dbt build` of the named nodes, which must succeed."""
        refresh = ["--full-refresh"] if full_refresh else []
        outcome = self.dbt("build", "--select", *names, *refresh)
        assert outcome.success, outcome
        return outcome

    def fails(self, name: str, command: str = "build") -> str:
        """The message with which one node fails."""
        outcome = self.dbt(command, "--select", name)
        assert not outcome.success, outcome
        return outcome.messages.get(name) or outcome.error

    def table(self, name: str, schema: str = SCHEMA) -> Table:
        """The table's metadata, as another engine reads it."""
        found: Table = self.catalog.load_table((schema, name))
        return found

    def snapshots(self, name: str, schema: str = SCHEMA) -> int:
        return len(self.table(name, schema).metadata.snapshots)

    def commits(self, name: str, schema: str = SCHEMA) -> int:
        """How many commits the table has had, of whatever kind."""
        return len(self.table(name, schema).metadata.metadata_log)

    def log(self) -> str:
        """Everything dbt logged so far."""
        return (self.folder / "logs/dbt.log").read_text()

    def compiled(self, name: str, word: str) -> str:
        """The last statement with a word in it that dbt ran, from its log."""
        marker = f'"node_id": "model.firn.{name}"'
        found = [part for part in self.log().split(marker)[1:] if word in part]
        return found[-1]

    def operations(self, name: str) -> list[str]:
        snapshots = self.table(name).metadata.snapshots
        return [s.summary.operation.value for s in snapshots if s.summary]

    def delete_files(self, name: str) -> int:
        table = self.table(name)
        snapshot = table.current_snapshot()
        if snapshot is None or not snapshot.manifests(table.io):
            return 0  # where pyiceberg's inspection fails
        return len(table.inspect.delete_files())

    def sql(self, query: str) -> list[Any]:
        """Ask DuckDB; a fresh connection, which sees the views as they are now."""
        con = connect(self.settings, BRANCH)
        try:
            return con.execute(query).fetchall()
        finally:
            con.close()

    def rows(self, name: str, order_by: str = "all", schema: str = SCHEMA) -> list[Any]:
        """A table's rows, over a connection that is kept."""
        if self._con is None:
            self._con = connect(self.settings, BRANCH)
        return self._con.execute(
            f'select * from lake.{schema}."{name}" order by {order_by}'
        ).fetchall()

    def close(self) -> None:
        if self._con is not None:
            self._con.close()
