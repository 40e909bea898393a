"""The catalog's database: its tables, and transactions on them.

`iceberg_tables` and `iceberg_namespace_properties` are those of pyiceberg's SqlCatalog
and of Java's JdbcCatalog (schema v1), with the branch as `catalog_name`; both of them
can open this database. The `firn_` tables hold what branches and publications add.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.exc import SQLAlchemyError

from orchestration.errors import SetupError, UnsureError
from orchestration.failpoints import reach
from orchestration.lake import failures

metadata = sa.MetaData()

tables = sa.Table(
    "iceberg_tables",
    metadata,
    sa.Column("catalog_name", sa.String(255), primary_key=True),
    sa.Column("table_namespace", sa.String(255), primary_key=True),
    sa.Column("table_name", sa.String(255), primary_key=True),
    sa.Column("metadata_location", sa.String(1000)),
    sa.Column("previous_metadata_location", sa.String(1000)),
    sa.Column("iceberg_type", sa.String(5)),
)

namespaces = sa.Table(
    "iceberg_namespace_properties",
    metadata,
    sa.Column("catalog_name", sa.String(255), primary_key=True),
    sa.Column("namespace", sa.String(255), primary_key=True),
    sa.Column("property_key", sa.String(255), primary_key=True),
    sa.Column("property_value", sa.String(1000), nullable=False),
)

branches = sa.Table(
    "firn_branches",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("base", sa.String(255)),
    sa.Column("created_at", sa.String(32), nullable=False),  # ISO 8601, UTC
    sa.Column("created_by", sa.String(255), nullable=False),
)

# What each table of a branch pointed to when it was forked (or last refreshed).
forks = sa.Table(
    "firn_forks",
    metadata,
    sa.Column("branch", sa.String(255), primary_key=True),
    sa.Column("table_namespace", sa.String(255), primary_key=True),
    sa.Column("table_name", sa.String(255), primary_key=True),
    sa.Column("kind", sa.String(5), nullable=False),
    sa.Column("metadata_location", sa.String(1000), nullable=False),
)

publications = sa.Table(
    "firn_publications",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("branch", sa.String(255), nullable=False),
    sa.Column("published_at", sa.String(32), nullable=False),  # ISO 8601, UTC
    sa.Column("who", sa.String(255), nullable=False),
    sa.Column("git_commit", sa.String(64)),
    sa.Column("dbt_invocation", sa.String(64)),
    sa.Column("fingerprint", sa.String(255)),
    sa.Column("inputs", sa.Text, nullable=False),  # JSON: table → snapshot id
    sa.Column("reverts", sa.Integer),
    sqlite_autoincrement=True,  # an id is never given twice
)

changes = sa.Table(
    "firn_publication_changes",
    metadata,
    sa.Column("publication_id", sa.Integer, primary_key=True),
    sa.Column("table_namespace", sa.String(255), primary_key=True),
    sa.Column("table_name", sa.String(255), primary_key=True),
    sa.Column("old_kind", sa.String(5)),
    sa.Column("old_location", sa.String(1000)),
    sa.Column("new_kind", sa.String(5)),
    sa.Column("new_location", sa.String(1000)),
    sa.Index("firn_changes_by_table", "table_namespace", "table_name"),
)

# The content of published files, by which `verify` finds damage. It can be lost.
files = sa.Table(
    "firn_files",
    metadata,
    sa.Column("location", sa.String(1000), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes
    sa.Column("sha256", sa.String(64), nullable=False),
)

# What the tables above mean. A Firn that changes their meaning counts it up, so that an
# older one does not write what it does not understand.
LAYOUT = 1

layout = sa.Table("firn_layout", metadata, sa.Column("version", sa.Integer))

# How long a writer waits for another one. A lock is held for milliseconds; whoever
# holds it for longer is stuck, or is somebody's backup. Shorter than clients wait for
# an answer (60 s): they shall hear that nothing was done, and not wonder.
_BUSY_MS = 45_000
# More than the server has threads: none of them waits for a connection.
_POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": 48}
_CREATE = 0x6669726E  # "firn": any number, the same in every process


class Store:
    """A connection pool to the catalog's database, with two kinds of transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        # SQLite's transactions are one view each anyway, whatever they are called.
        self._reading: dict[str, Any] = (
            {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        )
        # Writers lock the rows of their branches first (branches.get), and each later
        # statement must see what whoever held them before has committed.
        self._writing: dict[str, Any] = (
            {"firn_write": True}
            if self._is_sqlite
            else {"isolation_level": "READ COMMITTED"}
        )

    @classmethod
    def open(cls, url: str, *, home: Path) -> "Store":
        """Connect, and create the tables where they are missing.

        Args:
            url: SQLAlchemy URL. It may hold a password, so no error repeats it.
            home: The folder of local state; holds the lock under which the tables are
                created, so that two first starts at once do not collide.

        Raises:
            SetupError: The database cannot be opened or was written by another Firn,
                or `home` cannot be written.
            BusyError: Another process holds the database.
        """
        _make_home(home)
        try:
            store = cls(_engine(url))
            if not store._is_ready():
                lock = home / "catalog.create.lock"
                with FileLock(lock, timeout=_BUSY_MS / 1000):
                    store._create()
            store._keep_readers_free()
        except UnsureError as error:
            raise _cannot_open(failures.reason(error.__cause__)) from error
        except (SQLAlchemyError, ImportError, OSError, TypeError, ValueError) as error:
            raise _cannot_open(type(error).__name__) from error
        return store

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view of the database; nothing in it waits for a writer.

        Raises:
            FirnError: The database failed, as `failures.explained` has it.
        """
        with failures.explained(), self._engine.connect() as plain:
            connection = plain.execution_options(**self._reading)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """All or nothing, and alone among the writers where the database is SQLite.

        Raises:
            BusyError: Another process holds it; nothing was done.
            UnsureError: The database failed, perhaps after it committed.
            FirnError: Other failures, as `failures.explained` has them.
        """
        with failures.explained(), self._engine.connect() as plain:
            connection = plain.execution_options(**self._writing)
            with connection.begin():
                reach("store.begun")
                yield connection
                reach("store.before-commit")
            reach("store.committed")

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _is_ready(self) -> bool:
        with self.read() as connection:
            known = sa.inspect(connection)
            if not all(known.has_table(one.name) for one in (layout, files)):
                return False
            found = connection.scalar(sa.select(layout.c.version))
        if found not in (None, LAYOUT):
            raise SetupError(
                f"the catalog's database has layout {found}, this Firn knows {LAYOUT}",
                where="FIRN_CATALOG_DATABASE",
                remedy="Use the Firn that wrote it, or name another database.",
            )
        return found is not None

    def _keep_readers_free(self) -> None:
        """Let readers never wait for the writer, nor it for them.

        The mode stays with the database's file, but not with a backup of it.
        """
        if not self._is_sqlite:
            return
        with closing(self._engine.raw_connection()) as raw:
            cursor = raw.cursor()
            if cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                return
            with suppress(sqlite3.OperationalError):  # read-only: nobody writes anyway
                cursor.execute("PRAGMA journal_mode = WAL")

    def _create(self) -> None:
        self._keep_readers_free()
        with self.write() as connection:
            if self._engine.dialect.name == "postgresql":
                # Two processes that make a table at once collide, even "if not there".
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATE)))
            metadata.create_all(connection)
            if connection.execute(sa.select(layout)).first() is None:
                connection.execute(layout.insert().values(version=LAYOUT))


def _cannot_open(reason: str) -> SetupError:
    return SetupError(
        f"the catalog's database cannot be opened ({reason})",
        where="FIRN_CATALOG_DATABASE",
        remedy="Check the URL, that its folder or server can be reached, and "
        "that its driver is installed.",
    )


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise SetupError(
            f"local state cannot be written there ({error.strerror})",
            where=f"FIRN_HOME {home}",
            remedy="Set FIRN_HOME to a folder that you may write to.",
        ) from error


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = sa.create_engine(parsed, pool_pre_ping=True, **_POOL)
        if parsed.get_backend_name() == "postgresql":
            sa.event.listen(engine, "connect", _on_connect_postgres)
        return engine
    if parsed.database and not parsed.database.startswith("file:"):
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, **_POOL)
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect_postgres(raw: Any, _record: object) -> None:
    # Without it, a writer waits for ever for one that is stopped in its transaction.
    with raw.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {_BUSY_MS}")
    raw.commit()  # or the pool's first rollback would take it back


def _on_connect(raw: Any, _record: object) -> None:
    # Python's driver would begin transactions by guessing from the SQL text; we begin
    # them ourselves, so that a writer takes the lock first and never has to upgrade.
    raw.isolation_level = None
    raw.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    # A publication that was told of is there after a power cut, too.
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("PRAGMA case_sensitive_like = ON")  # as LIKE is everywhere else


def _on_begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("firn_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
