"""A Postgres of the tests' own: in a temporary folder, behind a unix socket."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestration.scheduler.postgres import programs, run, user

# A locale that sorts unlike Python does: whoever relies on the order must say so.
_INITDB = ("-A", "trust", "-U", "firn", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
_ICU = ("--locale-provider=icu", "--icu-locale=en-US")
_OPTIONS = "-c fsync=off -c listen_addresses= -c max_connections=200"

on_both_databases = pytest.mark.parametrize(
    "settings", ["sqlite", "postgres"], indirect=True
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The folder of the socket of a server that runs for the whole test session."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    found = programs()
    if found is None:
        pytest.skip("Postgres is not installed (Debian: apt-get install postgresql)")
    owner = user()
    folder = Path(tempfile.mkdtemp(prefix="firn-pg-"))
    if owner:
        shutil.chown(folder, owner)
    data, log = folder / "data", folder / "log"
    start = ("-o", f"{_OPTIONS} -k {folder}", "-l", str(log), "-w", "start")
    try:
        run(found / "initdb", "-D", str(data), *_INITDB, *_ICU)
        run(found / "pg_ctl", "-D", str(data), *start)
        try:
            yield str(folder)
        finally:
            run(found / "pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of an empty database."""
    url = f"postgresql+psycopg://firn@/postgres?host={postgres_server}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Whatever the last test left connected would hold the schema.
        connection.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
        connection.exec_driver_sql("drop schema public cascade; create schema public")
    engine.dispose()
    return url
