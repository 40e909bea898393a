"""DuckDB on a branch: the lake attached as `lake`, its views in memory beside it."""

import importlib.util
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from pyiceberg.catalog.rest import RestCatalog

from orchestration.errors import SetupError, UsageError
from orchestration.lake.confine import Limits, confine
from orchestration.lake.process import Endpoint, ensure_catalog, is_running
from orchestration.lake.spill import spill_to
from orchestration.lake.types import literal, quote
from orchestration.lake.views import MEMORY, recreate_views
from orchestration.settings import Settings

if TYPE_CHECKING:
    from requests import Session

_TIMEOUT = "FIRN_CATALOG_TIMEOUT_SECONDS"
DATABASE = "lake"  # the alias on every branch; `main` is a name DuckDB reserves

# The stamp of `make` only knows that the locks are as they were.
REINSTALL = "Install the locked versions anew: `rm -rf .venv && make run`."

EXTENSIONS = ("avro", "httpfs", "iceberg")  # in the order of their dependencies


def connect(
    settings: Settings,
    branch: str,
    *,
    read_only: bool = False,
    config: dict[str, Any] | None = None,
    files: Sequence[Path] = (),
) -> duckdb.DuckDBPyConnection:
    """Open DuckDB in memory on a branch; `staging.stg_x` and `marts.fct_x` resolve.

    The connection is confined: beside the lake it reads the named files, no others.

    Args:
        branch: A branch that exists.
        read_only: Refuse every write to the lake.
        config: DuckDB's configuration, as `duckdb.connect` takes it.
        files: What else may be read.

    Raises:
        SetupError: The catalog does not start, knows no such branch, or an extension
            is missing.
    """

    def opened() -> duckdb.DuckDBPyConnection:
        return _open(settings, branch, read_only=read_only, config=config, files=files)

    try:
        return opened()
    except (SetupError, OSError):
        if os.environ.get("FIRN_CATALOG_URI") or is_running(settings):
            raise
        return opened()  # it died after it was found: the next one is started


def _open(
    settings: Settings,
    branch: str,
    *,
    read_only: bool,
    config: dict[str, Any] | None,
    files: Sequence[Path],
) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:", config=config or {})
    endpoint = ensure_catalog(settings)
    try:
        spill_to(con, settings)
        within = Limits([settings.warehouse], files)
        attach(con, endpoint, branch, read_only=read_only, within=within)
        _set_search_path(con, endpoint, branch)
    except BaseException:
        con.close()
        raise
    return con


@contextmanager
def engine(
    settings: Settings, branch: str
) -> Iterator[tuple[duckdb.DuckDBPyConnection, RestCatalog]]:
    """DuckDB and pyiceberg's catalog on a branch, for its upkeep.

    Raises:
        SetupError: As `connect`.
    """
    with closing(connect(settings, branch)) as con:
        yield con, rest_catalog(ensure_catalog(settings), branch)


def attach(
    con: duckdb.DuckDBPyConnection,
    endpoint: Endpoint,
    branch: str,
    *,
    read_only: bool = False,
    within: Limits | None = None,
) -> None:
    """Attach a branch as `lake`, and create its views in the database `memory`.

    Args:
        within: Confine the connection before it meets the texts of views, for good.

    Raises:
        SetupError: The catalog refuses, or an extension is missing.
    """
    load_extensions(con)
    _ignore_the_machines_time(con)
    con.execute("set global allow_persistent_secrets = false")
    con.execute(f"set global http_timeout = {math.ceil(_patience())}")
    # The macros sort rows before they insert them; DuckDB itself cannot.
    con.execute("set global unsafe_iceberg_ignore_sort_order = true")
    # A size that other engines heed; DuckDB can, too, where there are no partitions.
    con.execute("set global ignore_target_file_size_for_partitioned_tables = true")
    _trust(con, endpoint)
    con.execute(
        f"create or replace secret firn (type iceberg, token {literal(endpoint.token)})"
    )
    options = ["type iceberg", "secret firn", f"endpoint {literal(endpoint.uri)}"]
    options += ["access_delegation_mode 'none'", *(["read_only"] if read_only else [])]
    try:
        con.execute(f"attach {literal(branch)} as {DATABASE} ({', '.join(options)})")
    except duckdb.Error as error:
        raise SetupError(
            f"the catalog at {endpoint.uri} cannot be attached: {error}",
            where=f"branch {branch}",
            remedy="`firn doctor` says what is wrong; `firn branches` lists branches.",
        ) from error
    if within is not None:
        confine(con, within)
    recreate_views(con, rest_catalog(endpoint, branch))


def _ignore_the_machines_time(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("set global timezone = 'UTC'")
    # Or a table that is newer than the clock is read as it was before, or not at all:
    # the clock may have been set back, or another machine's be ahead.
    con.execute("set global iceberg_use_metadata_log = false")


def _trust(con: duckdb.DuckDBPyConnection, endpoint: Endpoint) -> None:
    """Give the token to nobody but the catalog: by default DuckDB checks no server."""
    if endpoint.uri.startswith("https:"):
        con.execute("set global enable_server_cert_verification = true")
        con.execute("set global enable_curl_server_cert_verification = true")
    if endpoint.ca:
        con.execute(f"set global ca_cert_file = {literal(endpoint.ca)}")


def _patience() -> float:
    """Seconds to wait for an answer of the catalog, which waits for others in turn.

    Raises:
        UsageError: `FIRN_CATALOG_TIMEOUT_SECONDS` is no number above zero.
    """
    given = os.environ.get(_TIMEOUT) or "60"
    with suppress(ValueError):
        if (seconds := float(given)) > 0:
            return seconds
    raise UsageError(
        f"{given!r} is no number of seconds", where=_TIMEOUT, remedy="Write 60, say."
    )


def rest_catalog(endpoint: Endpoint, branch: str) -> RestCatalog:
    """The branch as pyiceberg's catalog."""
    trust: dict[str, Any] = {"ssl": {"cabundle": endpoint.ca}} if endpoint.ca else {}
    return _Catalog(
        DATABASE, uri=endpoint.uri, token=endpoint.token, warehouse=branch, **trust
    )


class _Catalog(RestCatalog):
    """Trusts the certificates it is given, whatever REQUESTS_CA_BUNDLE says.

    Nor does it wait for ever for a catalog that does not answer, as pyiceberg would.
    """

    def _create_session(self) -> "Session":
        session = super()._create_session()
        session.request = partial(session.request, timeout=_patience())  # type: ignore[method-assign]
        session.trust_env = "ssl" not in self.properties
        return session


def load_extensions(con: duckdb.DuckDBPyConnection) -> None:
    """Load the extensions from their Python packages; nothing is downloaded.

    Raises:
        SetupError: A package is missing, or made for another version of DuckDB.
    """
    for name in EXTENSIONS:
        try:
            con.execute(f"load {literal(str(extension_file(name)))}")
        except duckdb.Error as error:
            raise SetupError(
                f"DuckDB cannot load its extension {name}: {error}",
                remedy=REINSTALL,
            ) from error


def extension_file(name: str) -> Path:
    """Where an extension's binary is, for this version of DuckDB.

    Raises:
        SetupError: Its package is not installed.
    """
    package = f"duckdb_extension_{name}"
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SetupError(
            f"the package {package.replace('_', '-')} is not installed",
            remedy=REINSTALL,
        )
    folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
    return folder / f"{name}.duckdb_extension"


def _set_search_path(
    con: duckdb.DuckDBPyConnection, endpoint: Endpoint, branch: str
) -> None:
    names = rest_catalog(endpoint, branch).list_namespaces()
    schemas = [quote(".".join(name)) for name in names]
    path = [f"{MEMORY}.main"]
    path += [f"{base}.{schema}" for schema in schemas for base in (MEMORY, DATABASE)]
    con.execute(f"set search_path = {literal(','.join(path))}")
