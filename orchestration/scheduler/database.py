"""Airflow's own database: the one that is named, a Postgres of ours, or SQLite."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from orchestration.errors import UsageError
from orchestration.scheduler import postgres

_VARIABLE = "FIRN_AIRFLOW_DATABASE"


@dataclass(frozen=True)
class Database:
    """Where Airflow keeps its records.

    Attributes:
        url: SQLAlchemy's. May hold a password: never print it.
        why: Why it is SQLite, which cannot do all; empty if it is another one.
    """

    url: str
    why: str = ""


def named(environ: Mapping[str, str] = os.environ) -> str:
    """The URL in `FIRN_AIRFLOW_DATABASE`; empty if it is not set.

    Raises:
        UsageError: It is no URL, or its driver is not installed.
    """
    url = environ.get(_VARIABLE, "")
    try:
        if url:
            make_url(url).get_dialect().import_dbapi()
    except (ArgumentError, ValueError, ImportError) as error:
        raise UsageError(
            f"it is no URL of a database with a driver here ({type(error).__name__})",
            where=_VARIABLE,
            remedy="Write it as SQLAlchemy does, dialect+driver://user:password@host/"
            "name, and install the driver.",
        ) from None  # the cause may repeat the password
    return url


@contextmanager
def serving(home: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Database]:
    """The one that `FIRN_AIRFLOW_DATABASE` names, or a server that runs until the end.

    SQLite is for machines without Postgres, and stays where it was begun with.

    Args:
        home: Airflow's folder.

    Raises:
        UsageError: `FIRN_AIRFLOW_DATABASE` names no database.
    """
    file = home / "airflow.db"
    sqlite = f"sqlite:///{file}"
    if url := named(environ):
        yield Database(url, why="as you named it" if url.startswith("sqlite") else "")
    elif file.exists():
        yield Database(sqlite, why="as it was when it was first started here")
    else:
        with ExitStack() as stack:
            try:
                url = stack.enter_context(postgres.serving(home / "postgres"))
                found = Database(url)
            except OSError as error:
                found = Database(sqlite, why=str(error))
            except subprocess.CalledProcessError as error:
                program = Path(error.cmd[0]).name
                found = Database(sqlite, why=f"{program} failed, see postgres.log")
            yield found
