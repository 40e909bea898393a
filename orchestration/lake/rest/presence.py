"""Being found, and leaving: the address of a running server, for as long as it runs."""

import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import uvicorn

from orchestration.lake import process
from orchestration.lake.rest.app import Guard
from orchestration.settings import Settings

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2


class Presence:
    """What a server says of itself in `catalog.json`, while it holds the lock."""

    def __init__(
        self, settings: Settings, address: Mapping[str, str], *, lock: int
    ) -> None:
        self._settings = settings
        self._text = json.dumps({**address, "pid": os.getpid()})
        self._lock = lock

    def announce(self) -> None:
        """From here on the listener queues requests, so clients may come."""
        target = process.address_file(self._settings)
        aside = target.with_suffix(".new")
        aside.write_text(self._text)
        aside.replace(target)

    def watch(self, server: uvicorn.Server, app: Guard, *, idle: float | None) -> None:
        """Keep the address right until the server ends, and end it when it may.

        Args:
            idle: Seconds after the last user; None to stay without any.
        """
        threading.Thread(
            target=self._watch, args=(server, app, idle), daemon=True
        ).start()

    def _watch(self, server: uvicorn.Server, app: Guard, idle: float | None) -> None:
        last_user = time.monotonic()
        while not server.should_exit:
            time.sleep(_POLL_SECONDS)
            if not process.is_still_server(self._settings, self._lock):
                log.info("this lake was deleted; leaving")
                server.should_exit = True
                return
            self._repair(server)
            if idle is None:
                continue
            try:
                alone = process.leave_alone(self._settings)
            except OSError:  # deleted in this moment, or no descriptor is left
                continue
            if alone is None:
                last_user = time.monotonic()
            elif time.monotonic() - max(last_user, app.last_used) < idle:
                os.close(alone)
            else:
                # The lock is kept until this process is gone: who comes now waits
                # for that, and then starts the next server.
                process.withdraw(self._settings, self._lock)
                log.info("nobody uses the catalog; leaving")
                server.should_exit = True

    def _repair(self, server: uvicorn.Server) -> None:
        """Say the address anew where somebody deleted or damaged it.

        Clients would wait for it in vain: that we live forbids them another server.
        """
        with suppress(OSError, UnicodeDecodeError):
            if process.address_file(self._settings).read_text() == self._text:
                return
        if server.should_exit:
            return  # it was taken away on purpose
        log.warning("the address file was damaged or deleted; writing it anew")
        with suppress(OSError):  # a full disk; the next round tries again
            self.announce()
