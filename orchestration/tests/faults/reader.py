"""A reader that asks `main` all the time, and remembers what it saw."""

import json
import threading
import time
from contextlib import closing
from typing import Any, Self

import duckdb

from orchestration.errors import FirnError
from orchestration.lake import process
from orchestration.lake.process import Endpoint
from orchestration.lake.rest.reads import PAUSE_SECONDS
from orchestration.lake.session import attach
from orchestration.tests.faults.invariants import WHOLE, is_whole
from orchestration.tests.faults.world import World

_POLL_SECONDS = 0.5


class Reader:
    """Reads in a thread while the context is open; leaving it asserts whole states.

    It starts no catalog: where none runs it waits for the next one, as the fault may
    be about who starts it. `states` are the answers, in order, without repetitions.
    """

    def __init__(self, world: World) -> None:
        self._settings = world.settings
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.states: list[tuple[Any, ...]] = []
        self.torn: list[tuple[Any, ...]] = []
        self.reads = 0
        self.surprise: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._have_read()
        self._over.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive(), "the reader hangs"
        self.assert_whole()

    def _have_read(self) -> None:
        """Wait until it has read once: one that never could has proven nothing."""
        process.ensure_catalog(self._settings)
        deadline = time.monotonic() + 120
        while not self.reads and self._thread.is_alive():
            assert time.monotonic() < deadline, "the reader never had an answer"
            self._thread.join(timeout=0.05)
        process.release(self._settings)

    def assert_whole(self) -> None:
        """Assert that every answer so far was one state of `main`."""
        assert not self.torn, self.torn
        assert self.surprise is None, self.surprise

    def _read(self) -> None:
        try:
            while not self._over.wait(_POLL_SECONDS):
                if endpoint := self._endpoint():
                    self._session(endpoint)
        except BaseException as error:  # noqa: BLE001 - told by who waits for us
            self.surprise = error

    def _session(self, endpoint: Endpoint) -> None:
        """Ask over one connection until it breaks: the catalog may be killed."""
        with closing(duckdb.connect(":memory:")) as con:
            try:
                attach(con, endpoint, "main", read_only=True)
                while not self._over.wait(_POLL_SECONDS):
                    self._ask(con)
            except (duckdb.Error, FirnError, OSError):
                return  # nothing published yet, or no catalog

    def _ask(self, con: duckdb.DuckDBPyConnection) -> None:
        started = time.monotonic()
        [row] = con.execute(WHOLE).fetchall()
        if time.monotonic() - started > PAUSE_SECONDS:
            return  # the catalog may take it for two statements, as is documented
        self.reads += 1
        if not is_whole(row):
            self.torn.append(row)
        if not self.states or self.states[-1] != row:
            self.states.append(row)

    def _endpoint(self) -> Endpoint | None:
        try:
            if not process.is_running(self._settings):
                return None
            text = process.address_file(self._settings).read_text()
            uri = str(json.loads(text)["uri"])
            return Endpoint(uri, self._settings.token_file.read_text().strip())
        except (OSError, ValueError, KeyError):
            return None
