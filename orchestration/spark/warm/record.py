"""Where the warm Spark of a lake listens, on record as long as it lives.

Two files in the lake's home: `spark.server` is locked by the running one, so the record
`spark.json` counts only while somebody holds that lock, whatever a kill left behind.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from orchestration import locks


@dataclass(frozen=True, kw_only=True)
class Record:
    """One that is ready.

    Attributes:
        pid: The process that keeps the JVM; it ends with it, and by SIGTERM.
        port: Of the loopback interface.
        token: What a client has to know; the file is its owner's alone.
        since: When it was ready, in UTC and as ISO 8601.
        master: Its `spark.master`.
    """

    pid: int
    port: int
    token: str = field(repr=False)
    since: str
    master: str

    @classmethod
    def of(cls, home: Path) -> Self | None:
        """The one that runs and is ready; None if there is none."""
        if not is_running(home):
            return None
        try:
            return cls(**json.loads(path(home).read_text()))
        except (OSError, ValueError, TypeError):
            return None  # not ready yet

    def write(self, home: Path) -> None:
        """Tell everybody, at once."""
        draft = path(home).with_suffix(f".{self.pid}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file)
        draft.replace(path(home))


def path(home: Path) -> Path:
    """The record's file."""
    return home / "spark.json"


def server_lock(home: Path) -> Path:
    """Held by the process that keeps the JVM."""
    return home / "spark.server"


def start_lock(home: Path) -> Path:
    """Held by whoever starts or ends one."""
    return home / "spark.start"


def log_file(home: Path) -> Path:
    """What it and its JVM have to say."""
    return home / "logs" / "spark.log"


def is_running(home: Path) -> bool:
    """Whether one is alive, ready or not."""
    lock = server_lock(home)
    return lock.exists() and locks.is_taken(lock)
