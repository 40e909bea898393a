"""What dbt-spark gets where its profile says `firn`: our session, and the lake's verbs.

dbt-spark has no plugins, so this replaces how it opens a session, and adds to its
adapter what the macros call on either engine.
"""

import json
import threading
from typing import TYPE_CHECKING, Any

from dbt.adapters.capability import Capability, CapabilitySupport, Support
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.exceptions.connection import FailedToConnectError
from dbt.adapters.spark.connections import SparkConnectionManager
from dbt.adapters.spark.impl import SparkAdapter
from dbt.adapters.spark.session import Cursor as StockCursor
from dbt.adapters.spark.session import SessionConnectionWrapper
from dbt_common.clients.agate_helper import table_from_rows
from dbt_common.exceptions import DbtRuntimeError
from py4j.java_gateway import (
    JavaClass,
    JavaGateway,
    JavaMember,
    JavaObject,
    JavaPackage,
    JVMView,
)
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession

from orchestration.build import guard, templates
from orchestration.build.spark import cursor, profile
from orchestration.build.spark.calls import SparkCalls
from orchestration.build.way_in import close_when_done, open_branch
from orchestration.errors import FirnError
from orchestration.spark.session import connect

if TYPE_CHECKING:
    from dbt.adapters.spark.connections import SparkCredentials

# What no template has business with, as `templates` says.
_MACHINERY = (
    *(SessionConnectionWrapper, StockCursor, cursor.Handle),
    *(SparkSession, SparkContext, DataFrame),
    *(JavaClass, JavaGateway, JavaMember, JavaObject, JavaPackage, JVMView),
)
_stock_open: Any = SparkConnectionManager.open
_lock = threading.Lock()
_open: list[SparkCalls] = []  # at most one: dbt builds on one branch at a time


def install() -> None:
    """Prepare dbt-spark. Doing it twice changes nothing."""
    for_macros = {
        "firn_call": _firn_call,
        "commit": _commit,
        "get_seed_file_path": _seed_file_path,
    }
    replaced = {"_get_one_catalog": _catalog}
    for name, function in {**for_macros, **replaced}.items():
        setattr(SparkAdapter, name, function)
    for name, opened in {"open": classmethod(_opened)}.items():
        setattr(SparkConnectionManager, name, opened)
    SparkAdapter._available_ |= frozenset(for_macros)  # no public way
    templates.keep_out(*_MACHINERY)
    # Batches of a microbatch model replace ranges of one table: one at a time.
    SparkAdapter._capabilities[Capability.MicrobatchConcurrency] = (  # noqa: SLF001
        CapabilitySupport(support=Support.Unsupported)
    )


def disconnect() -> None:
    """Forget the session, for the next command may build on another branch."""
    with _lock:
        while _open:
            _open.pop().close()


def _opened(cls: Any, connection: Connection) -> Connection:
    credentials: SparkCredentials = connection.credentials
    if connection.state == ConnectionState.OPEN or not _is_ours(credentials):
        stock: Connection = _stock_open.__func__(cls, connection)
        return stock
    connection.state = ConnectionState.FAIL
    calls = _calls(credentials)
    handle: Any = cursor.Handle(calls.run, calls.interrupt)
    connection.handle = cursor.Connection(handle)
    connection.state = ConnectionState.OPEN
    return connection


def _is_ours(credentials: "SparkCredentials") -> bool:
    settings = credentials.server_side_parameters
    return any(name.startswith(profile.PREFIX) for name in settings)


def _calls(credentials: "SparkCredentials") -> SparkCalls:
    """The one session that all of dbt's threads share, with its verbs."""
    try:
        return _session(credentials)
    except FirnError as error:
        raise FailedToConnectError(str(error)) from error


def _session(credentials: "SparkCredentials") -> SparkCalls:
    with _lock:
        if not _open:
            given = credentials.server_side_parameters
            own = {k.removeprefix(profile.PREFIX): v for k, v in given.items()}
            needs_branch = own.get("needs_branch", "").lower() == "true"
            guarded = needs_branch or guard.is_asked_for()
            way_in = open_branch(
                named=bool(own.get("branch")), needs_branch=needs_branch
            )
            conf = profile.sparks_own(given)
            branch = way_in.settings.branch
            home = way_in.settings.home
            spark = connect(way_in.endpoint, branch, conf, home=home)
            limits = guard.limits(way_in.settings) if guarded else None
            calls = SparkCalls(way_in.endpoint, branch, spark, limits=limits)
            templates.hold(held=guarded)
            _open.append(calls)
            close_when_done(calls)
        return _open[0]


def _firn_call(self: SparkAdapter, verb: str, payload: str) -> str:
    """The lake's verbs: JSON in, JSON out. On DuckDB this is a function of SQL.

    Raises:
        FailedToConnectError: It is the first call, and the lake cannot be reached.
    """
    return _calls(self.config.credentials).answer(verb, payload)


def _commit(_: SparkAdapter) -> None:
    """Spark has no transactions: what a statement did is done."""


def _seed_file_path(self: SparkAdapter, model: dict[str, Any]) -> str:
    """As dbt-duckdb finds it."""
    from dbt.adapters.duckdb.impl import DuckDBAdapter  # noqa: PLC0415

    return str(DuckDBAdapter.get_seed_file_path(self, model))


def _catalog(self: SparkAdapter, *args: Any) -> Any:
    """What `dbt docs generate` shows of a schema; dbt-spark asks table by table."""
    schemas = list(args[1])
    rows: list[dict[str, Any]] = []
    for kind in ("table", "view"):
        payload = {"type": kind, "schemas": schemas}
        answer = json.loads(_firn_call(self, "catalog", json.dumps(payload)))
        if "error" in answer:
            raise DbtRuntimeError(answer["error"])
        rows += [_catalog_row(entry) for entry in answer["result"]]
    # A view has no statistics, and dbt wants every column in every row.
    names = sorted({name for row in rows for name in row})
    whole = [[row.get(name) for name in names] for row in rows]
    # A statistic that is a number is one, as dbt reads it from DuckDB.
    texts = [
        name
        for name, values in zip(names, zip(*whole, strict=True), strict=True)
        if not name.endswith(":value") and any(isinstance(v, str) for v in values)
    ]
    return table_from_rows(whole, names, text_only_columns=texts)


def _catalog_row(entry: dict[str, Any]) -> dict[str, Any]:
    """A column in the words of dbt's catalog, the statistics of its table beside it."""
    row = {name: value for name, value in entry.items() if name != "stats"}
    row |= {"table_database": None, "table_owner": None}
    for name, parts in entry["stats"].items():
        row |= {f"stats:{name}:{part}": value for part, value in parts.items()}
        row[f"stats:{name}:include"] = bool(parts["value"])
    return row
