"""What Jinja in a build that publishes may touch: values, and the adapter's own verbs.

dbt's templates run in a sandbox that hides names with underscores alone. Behind other
names lie the profile with its secrets, the engine's connection without our checks,
and methods that read and write files: `run_query('…').to_csv(path)`, say.
"""

from abc import ABC
from typing import Any

import duckdb
from agate.table import Table
from dbt.adapters.contracts.connection import Connection, Credentials
from dbt.adapters.duckdb.environments.local import (
    DuckDBConnectionWrapper,
    DuckDBCursorWrapper,
)
from dbt.adapters.sql.impl import SQLAdapter
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.config.runtime import RuntimeConfig
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.exceptions import CompilationError

from orchestration.errors import UsageError


class _Machinery(ABC):  # noqa: B024  # classes of others are registered with it
    """What runs dbt. No macro has business with it, nor with what lies behind it."""


def keep_out(*classes: type) -> None:
    """Let no held template touch objects of these classes, which an engine brings."""
    for one in classes:
        _Machinery.register(one)


keep_out(RuntimeConfig, Manifest, WritableManifest, Connection, Credentials)
keep_out(DuckDBConnectionWrapper, DuckDBCursorWrapper, duckdb.DuckDBPyConnection)

_OF_TABLES = ("from_", "to_csv", "to_json")
_OF_DBT = ("write", "read")
_is_safe: Any = MacroFuzzEnvironment.is_safe_attribute
_add_query: Any = SQLAdapter.add_query


def hold(*, held: bool) -> None:
    """Hold all templates that dbt renders from now on to these limits, or none."""
    # dbt offers no way to another environment than its own.
    environment: Any = MacroFuzzEnvironment
    environment.is_safe_attribute = _held_attribute if held else _is_safe
    adapters: Any = SQLAdapter  # of either engine
    adapters.add_query = _ask if held else _add_query


def _held_attribute(self: Any, obj: Any, attr: str, value: Any) -> Any:
    shown = isinstance(obj, _Machinery) or isinstance(value, _Machinery)
    if shown or _meets_files(obj, attr):
        refusal = UsageError(
            f"the attribute {attr!r} of a {type(obj).__name__} is refused",
            remedy="In a build that publishes Jinja works on values and by SQL: it "
            "reads and writes no file, and does not see the profile or connections.",
        )
        raise CompilationError(str(refusal))
    return _is_safe(self, obj, attr, value)


def _meets_files(obj: Any, attr: str) -> bool:
    if isinstance(obj, Table):
        return attr.startswith(_OF_TABLES)
    of_dbt = type(obj).__module__.partition(".")[0] in ("dbt", "dbt_common")
    return of_dbt and attr.startswith(_OF_DBT)


def _ask(self: Any, *args: Any, **named: Any) -> tuple[None, None]:
    """As `adapter.add_query`, but the connection, which shows secrets, stays inside."""
    _add_query(self, *args, **named)
    return None, None
