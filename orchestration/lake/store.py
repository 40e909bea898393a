"""The catalog's database: its tables, and transactions on them.

`iceberg_tables` and `iceberg_namespace_properties` are those of pyiceberg's SqlCatalog
and of Java's JdbcCatalog (schema v1), with the branch as `catalog_name`; both of them
can open this database. The `firn_` tables hold what branches and publications add.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.exc import SQLAlchemyError

from orchestration.errors import SetupError
from orchestration.failpoints import reach

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

_BUSY_MS = 30_000


class Store:
    """A connection pool to the catalog's database, with two kinds of transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        # SQLite's transactions are one view each anyway, whatever they are called.
        is_sqlite = engine.dialect.name == "sqlite"
        self._one_view: dict[str, Any] = (
            {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
        )

    @classmethod
    def open(cls, url: str, *, home: Path) -> "Store":
        """Connect, and create the tables where they are missing.

        Args:
            url: SQLAlchemy URL. It may hold a password, so no error repeats it.
            home: The folder of local state; holds the lock under which the tables are
                created, so that two first starts at once do not collide.

        Raises:
            SetupError: The database cannot be opened, or `home` not be written.
        """
        _make_home(home)
        try:
            store = cls(_engine(url))
            if not store._is_ready():
                with FileLock(home / "catalog.create.lock"):
                    store._create()
        except (SQLAlchemyError, ImportError, OSError) as error:
            raise SetupError(
                f"the catalog's database cannot be opened ({type(error).__name__})",
                where="FIRN_CATALOG_DATABASE",
                remedy="Check the URL, that its folder or server can be reached, and "
                "that its driver is installed.",
            ) from error
        return store

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view of the database; nothing in it waits for a writer."""
        with self._engine.connect() as plain:
            connection = plain.execution_options(**self._one_view)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """All or nothing, and alone among the writers where the database is SQLite."""
        with self._engine.connect() as plain:
            connection = plain.execution_options(firn_write=True)
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
            return sa.inspect(connection).has_table(changes.name)

    def _create(self) -> None:
        if self._engine.dialect.name == "sqlite":
            # Persistent. Readers then never wait for the writer, nor it for them.
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            finally:
                raw.close()
        with self.write() as connection:
            metadata.create_all(connection)


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
        return sa.create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, pool_size=16, max_overflow=48)
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(raw: Any, _record: object) -> None:
    # Python's driver would begin transactions by guessing from the SQL text; we begin
    # them ourselves, so that a writer takes the lock first and never has to upgrade.
    raw.isolation_level = None
    raw.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    raw.execute("PRAGMA synchronous = NORMAL")


def _on_begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("firn_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
