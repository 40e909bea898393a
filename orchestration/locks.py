"""Locks of the operating system on files: the kernel lets go of a dead process's.

So they say who is alive, and no crash can leave them wrong. Locks are `flock`s: local
file systems have them, and not every network one.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL_SECONDS = 0.01
_ATTEMPTS = 100


def opened(path: Path) -> int:
    """The lock's file, made if it is missing; closing it lets go of the lock."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else holds it, and hold it."""
    descriptor = opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_taken(path: Path) -> bool:
    """Whether a living process has taken it."""
    descriptor = opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def take(path: Path) -> int | None:
    """Take it for this process's life; None if another one has it."""
    descriptor = opened(path)
    # Who just looks holds it shared for a moment: try more than once.
    for _ in range(_ATTEMPTS):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        time.sleep(_POLL_SECONDS)
    os.close(descriptor)
    return None


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that has that name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
