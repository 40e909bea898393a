"""The process that keeps the JVM, and lets in whoever knows its token.

A client has a connection to it for as long as it lives, and for that long a door of its
own into the JVM: a py4j server with a secret, a session, and nothing shared with other
clients but the machine's cores and memory. The kernel closes a dead client's
connection; then what it still runs is cancelled, and what it held is let go.
"""

import hmac
import json
import logging
import os
import secrets
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import locks
from orchestration.spark.warm import record
from orchestration.spark.warm.record import Record

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.5
_END_SECONDS = 20.0
_ASKING_SECONDS = 10.0  # to say the first word
_LONGEST = 1_000_000  # bytes of a question
_CLASSIC = "org.apache.spark.sql.classic.SparkSession"


def serve(
    home: Path,
    spark: "SparkSession",
    conf: Mapping[str, str],
    *,
    lock: int,
    idle_seconds: float,
) -> None:
    """Let clients in until told to end, unused for that long, or without a JVM.

    Args:
        spark: A session that nobody works in: each client gets one of its own.
        conf: The settings that it was started with.
        lock: The held `spark.server`.
    """
    with _Server(spark, conf) as server, _ending() as ended:
        Record(
            pid=os.getpid(),
            port=server.server_address[1],
            token=server.token,
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            master=str(spark.sparkContext.master),
        ).write(home)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            while not ended.wait(_POLL_SECONDS):
                if why := _reason_to_end(home, server, lock, idle_seconds):
                    log.info("ends: %s", why)
                    break
        finally:
            if locks.is_at(lock, record.server_lock(home)):
                record.path(home).unlink(missing_ok=True)
            server.shutdown()


def end(spark: "SparkSession") -> None:
    """End the JVM, and wait until it is gone."""
    jvm = spark.sparkContext._gateway.proc  # type: ignore[union-attr]  # noqa: SLF001
    with suppress(Exception):  # it may be dead already
        spark.stop()
    jvm.stdin.close()  # what it ends by
    try:
        jvm.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        jvm.kill()


def _reason_to_end(
    home: Path, server: "_Server", lock: int, idle_seconds: float
) -> str:
    jvm = server.spark.sparkContext._gateway.proc  # type: ignore[union-attr]  # noqa: SLF001
    if jvm.poll() is not None:
        return f"its JVM ended with {jvm.returncode}"
    if not locks.is_at(lock, record.server_lock(home)):
        return "its lake was deleted"
    if server.idle_for() > idle_seconds:
        return f"nobody used it for {idle_seconds / 3600:g} hours"
    return ""


@contextmanager
def _ending() -> Iterator[threading.Event]:
    """Set by SIGTERM and SIGINT."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    yield ended


class _Server(socketserver.ThreadingTCPServer):
    """Counts its clients."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, spark: "SparkSession", conf: Mapping[str, str]) -> None:
        super().__init__((_LOOPBACK, 0), _Client)
        self.spark = spark
        self.token = secrets.token_urlsafe(32)
        self._conf = dict(conf)
        self._lock = threading.Lock()
        self._clients = 0
        self._last_left = time.monotonic()

    def idle_for(self) -> float:
        """Seconds since the last client left; 0 while one is here."""
        with self._lock:
            return 0.0 if self._clients else time.monotonic() - self._last_left

    def differences(self, conf: Mapping[str, str]) -> list[str]:
        """The settings that made this JVM, and are others in `conf`."""
        return sorted(
            name
            for name, value in conf.items()
            if self._conf.get(name) != value and not self.spark.conf.isModifiable(name)
        )

    def handle_error(self, *_: Any) -> None:
        """A client's end must not fill the log with traces of a JVM that is gone."""
        log.warning("a client's end: %s", sys.exc_info()[1])

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """A client is here."""
        with self._lock:
            self._clients += 1
        try:
            yield
        finally:
            with self._lock:
                self._clients -= 1
                self._last_left = time.monotonic()


class _Client(socketserver.StreamRequestHandler):
    """One line in, one line out, and then nothing until one side ends."""

    timeout = _ASKING_SECONDS
    server: _Server

    def handle(self) -> None:
        if (conf := self._asked()) is None:
            return
        if differs := self.server.differences(conf):
            self._answer({"differs": differs})
            return
        with self.server.one_more(), _door(self.server.spark) as door:
            self._answer(door)
            self.connection.settimeout(None)
            with suppress(OSError):
                self.connection.recv(1)  # ends when the client does

    def _asked(self) -> dict[str, str] | None:
        """The settings of a client that knows the token."""
        with suppress(OSError, ValueError):
            asked = json.loads(self.rfile.readline(_LONGEST))
            token = str(asked.get("token") if isinstance(asked, dict) else "")
            if hmac.compare_digest(token.encode(), self.server.token.encode()):
                return dict(asked["conf"])
        return None

    def _answer(self, content: Mapping[str, Any]) -> None:
        self.wfile.write(json.dumps(content).encode() + b"\n")


@contextmanager
def _door(spark: "SparkSession") -> Iterator[dict[str, Any]]:
    """A way into the JVM for one client: where, and the secret that opens it."""
    jvm: Any = spark._jvm  # noqa: SLF001  # py4j's side of pyspark has no public way
    # Not `newSession`: that shares global temporary views, jars and the tables of
    # `spark_catalog` with the sessions of all clients.
    session = getattr(jvm, _CLASSIC)(spark.sparkContext._jsc.sc())  # noqa: SLF001
    secret = secrets.token_hex(32)
    builder = jvm.py4j.ClientServer.ClientServerBuilder(session)
    # It listens on loopback, and on a free port.
    java = builder.javaPort(0).authToken(secret).build().getJavaServer()
    try:
        yield {"port": java.getListeningPort(), "secret": secret}
    finally:
        _let_go(spark, session, java)


def _let_go(spark: "SparkSession", session: Any, java: Any) -> None:
    """Cancel what a client that left still runs, and forget what it had."""
    jvm: Any = spark._jvm  # noqa: SLF001
    for one in list(java.getGateway().getBindings().values()):
        if jvm.py4j.reflection.TypeUtil.isInstanceOf(_CLASSIC, one):
            one.interruptAll()
    java.shutdown(True)  # closes connections, too
    # pyspark makes a process's first session the default of the whole JVM.
    getattr(jvm, _CLASSIC).setDefaultSession(spark._jsparkSession)  # noqa: SLF001
    listener = session.sharedState().statusStore().listener()
    if listener.isDefined():
        spark.sparkContext._jsc.sc().removeSparkListener(listener.get())  # noqa: SLF001
