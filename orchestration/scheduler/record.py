"""Which local Airflow runs, and where it listens, as long as it lives."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from orchestration import locks
from orchestration.scheduler.environment import home
from orchestration.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Record:
    """One that was started.

    Attributes:
        pid: Of the process that keeps its components.
        why_sqlite: Why its database is SQLite; empty if it is another one.
    """

    pid: int
    port: int
    why_sqlite: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The one that runs; None if there is none."""
        lock = server_lock(settings)
        if not lock.exists() or not locks.is_taken(lock):
            return None
        with suppress(OSError, ValueError, TypeError):
            return cls(**json.loads(_path(settings).read_text()))
        return None

    def write(self, settings: Settings) -> None:
        """Tell everybody, at once."""
        draft = _path(settings).with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(_path(settings))

    @property
    def url(self) -> str:
        """Of its pages."""
        return f"http://127.0.0.1:{self.port}"


def server_lock(settings: Settings) -> Path:
    """Held by the process that keeps it."""
    return home(settings) / "firn.server"


def start_lock(settings: Settings) -> Path:
    """Held by whoever starts or ends one."""
    return home(settings) / "firn.start"


def log_file(settings: Settings) -> Path:
    """What its components say."""
    return settings.log_dir / "airflow.log"


def _path(settings: Settings) -> Path:
    return home(settings) / "firn.json"
