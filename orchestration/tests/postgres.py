"""A Postgres of the tests' own: in a temporary folder, behind a unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

_FOLDERS = "/usr/lib/postgresql"  # Debian keeps the server's programs off the path
_USERS = ("postgres", "nobody")  # Postgres refuses to run as root

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
    programs = _programs()
    if programs is None:
        pytest.skip("Postgres is not installed (Debian: apt-get install postgresql)")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="firn-pg-"))
    if user:
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "log"
    start = ("-o", f"{_OPTIONS} -k {folder}", "-l", str(log), "-w", "start")
    try:
        _as(user, programs / "initdb", "-D", str(data), *_INITDB, *_ICU)
        _as(user, programs / "pg_ctl", "-D", str(data), *start)
        try:
            yield str(folder)
        finally:
            _as(user, programs / "pg_ctl", "-D", str(data), "-m", "immediate", "stop")
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


def _programs() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    newest_first = sorted(Path(_FOLDERS).glob("*/bin/initdb"), reverse=True)
    return newest_first[0].parent if newest_first else None


def _user() -> str | None:
    """Whom to become, where the tests run as root."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _USERS if name in known)


def _as(user: str | None, program: Path, *arguments: str) -> None:
    # Not inherited: a server would keep the pipes of the tests' output open.
    subprocess.run(
        [str(program), *arguments],
        user=user,
        group=user and pwd.getpwnam(user).pw_gid,
        extra_groups=[] if user else None,
        cwd="/",
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
