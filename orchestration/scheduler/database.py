"""Airflow's own database: the one that is named, a Postgres of ours, or SQLite."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.scheduler import postgres

VARIABLE = "FIRN_AIRFLOW_DATABASE"


@dataclass(frozen=True)
class Database:
    """Where Airflow keeps its records.

    Attributes:
        url: SQLAlchemy's. May hold a password: never print it.
        why: Why it is SQLite, which cannot do all; empty if it is another one.
    """

    url: str
    why: str = ""


@contextmanager
def serving(home: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Database]:
    """The one that `FIRN_AIRFLOW_DATABASE` names, or a server that runs until the end.

    SQLite is for machines without Postgres, and stays where it was begun with.

    Args:
        home: Airflow's folder.
    """
    file = home / "airflow.db"
    sqlite = f"sqlite:///{file}"
    if url := environ.get(VARIABLE):
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
