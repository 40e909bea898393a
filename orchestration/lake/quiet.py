"""Being alone with the lake: nobody writes files that no pointer leads to yet."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from orchestration.lake import process
from orchestration.settings import Settings

_POLL_SECONDS = 0.1


@contextmanager
def alone(settings: Settings, *, wait: float = 0.0) -> Iterator[bool]:
    """Yield whether no engine uses the lake; if so, none can until the end of it.

    Every engine reaches the lake through its catalog, and whoever uses that holds a
    lock of the operating system for as long as it lives (`process`). A database that
    other machines may share says nothing about theirs, so there it is never true.

    Args:
        wait: Seconds to wait for a catalog that is about to leave.
    """
    with ExitStack() as stack:
        yield _is_of_this_machine(settings) and _take(settings, stack, wait)


def _take(settings: Settings, stack: ExitStack, wait: float) -> bool:
    deadline = time.monotonic() + wait
    while True:
        with ExitStack() as held:
            # Nobody starts a catalog meanwhile; who wants to waits for us.
            held.enter_context(process.starting(settings))
            users = process.leave_alone(settings)
            if users is not None:
                held.callback(os.close, users)
                if not process.is_running(settings):
                    stack.enter_context(held.pop_all())
                    return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _is_of_this_machine(settings: Settings) -> bool:
    url = sa.make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return False
    database = Path(url.database).resolve()
    return database.is_relative_to(settings.home.resolve())
