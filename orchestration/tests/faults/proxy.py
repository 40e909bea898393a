"""A proxy between `firn` and the catalog that fails the requests it is told to."""

import http.client
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch
from urllib.parse import urlsplit

from orchestration.lake import process
from orchestration.tests.faults.world import SITE, World

_DROPPED = ("connection", "keep-alive", "transfer-encoding", "content-length")


@dataclass
class Rule:
    """What happens to some requests.

    Args:
        method: Of the request.
        path: A pattern that is found in its path.
        act: `cut` loses the answer, after the catalog has done what it was asked;
            `gone` loses the connection to it, for good; `hang` never answers; `refuse`
            answers 503 in the catalog's place; `slow` answers after `seconds`.
        times: How many of them, from the first on.
        body: A text that the request's body has to hold.
        before: Called when the request is there, and before the catalog sees it.
    """

    method: str
    path: str
    act: str
    times: int = 1
    body: bytes = b""
    seconds: float = 0.0
    before: Callable[[], None] | None = None
    hits: int = 0

    def matches(self, method: str, path: str, body: bytes) -> bool:
        """Whether this is one of the requests; counts it if it is."""
        fits = method == self.method and re.search(self.path, path) is not None
        if not fits or self.body not in body or self.hits >= self.times:
            return False
        self.hits += 1
        return True


@dataclass
class Proxy:
    """Where it listens, and every request that came."""

    uri: str
    rules: list[Rule]
    seen: list[tuple[str, str]] = field(default_factory=list)
    statuses: list[tuple[str, str, int]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def env(self) -> dict[str, str]:
        """The variables that lead `firn` here."""
        return {"FIRN_CATALOG_URI": self.uri}

    def rule(self, method: str, path: str, body: bytes) -> Rule | None:
        """The rule that this request falls under."""
        with self.lock:
            self.seen.append((method, path))
            found = (one for one in self.rules if one.matches(method, path, body))
            return next(found, None)


@contextmanager
def proxy(world: World, *rules: Rule, mutant: str = "") -> Iterator[Proxy]:
    """Listen on loopback, in front of the world's catalog, which starts on demand.

    Args:
        mutant: As `World.firn` takes it, for the catalog, which this process starts.
    """
    own = {"FIRN_TEST_MUTANT": mutant, "PYTHONPATH": str(SITE)} if mutant else {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    made = Proxy(f"http://127.0.0.1:{server.server_port}", list(rules))
    _Handler.of[server.server_port] = (made, world)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        with patch.dict(os.environ, own):
            yield made
    finally:
        made.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
        process.release(world.settings)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    of: dict[int, tuple[Proxy, World]] = {}  # noqa: RUF012 - by port

    def _pass(self) -> None:
        made, world = self.of[self.server.server_address[1]]  # type: ignore[index]
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if made.gone.is_set():
            self.close_connection = True
            return
        rule = made.rule(self.command, self.path, body)
        if rule and rule.before:
            rule.before()
        act = rule.act if rule else "pass"
        if act == "gone":
            made.gone.set()
            self.close_connection = True
            return
        if act == "hang":
            made.over.wait()
            self.close_connection = True
            return
        if rule and act == "slow":
            made.over.wait(rule.seconds)
        if act == "refuse":
            self._answer(503, b'{"error":{"message":"busy","type":"x","code":503}}')
            return
        try:
            status, content = self._ask(world, body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # the catalog was killed: so it looks
            return
        made.statuses.append((self.command, self.path, status))
        if act == "cut":
            self.close_connection = True
            return
        self._answer(status, content)

    def _ask(self, world: World, body: bytes) -> tuple[int, bytes]:
        where = urlsplit(process.ensure_catalog(world.settings).uri)
        connection = http.client.HTTPConnection(str(where.hostname), where.port)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in _DROPPED}
        try:
            connection.request(self.command, self.path, body or None, kept)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, content: bytes) -> None:
        with suppress(OSError):
            self.send_response(status)
            self.send_header("content-type", "application/json")
            if status != 204:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    do_GET = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 - as the base has it

    def log_message(self, *_: object) -> None:
        pass
