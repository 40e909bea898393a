"""Runs the catalog: in the foreground, or on demand until nobody uses it."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import uvicorn

from orchestration.errors import SetupError, UsageError
from orchestration.lake import ownership, process
from orchestration.lake.lake import Lake
from orchestration.lake.rest.app import application
from orchestration.lake.rest.presence import Presence
from orchestration.lake.rest.tls import Certificate
from orchestration.limits import allow_open_files
from orchestration.settings import Settings

log = logging.getLogger(__name__)

_ANY = ("0.0.0.0", "::")  # noqa: S104 - how to name one that listens on all


@dataclass(frozen=True)
class _Door:
    """Where the catalog listens, and by what it is known."""

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Certificate | None = None


def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    certificate: Certificate | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve in the foreground until interrupted.

    Args:
        host: A loopback address, or with a certificate any of this machine's.
        port: 0 for any that is free.
        certificate: Speak TLS; without it the token travels in plain text.
        on_ready: Called with the address, once it takes requests.

    Raises:
        UsageError: Other machines would be served in plain text, or the lake is served
            already.
        SetupError: The port is taken, or the database cannot be opened.
    """
    if certificate is None:
        _refuse_other_than_loopback(host)
    settings.home.mkdir(parents=True, exist_ok=True)
    with process.starting(settings):
        if process.is_running(settings):
            raise UsageError(
                "the catalog of this lake is being served already",
                where=str(process.address_file(settings)),
                remedy="Use that one, or end it first.",
            )
        process.address_file(settings).unlink(missing_ok=True)
        lock = process.become_server(settings)
    assert lock is not None  # nobody else can start while we hold `starting`
    try:
        _run(settings, _Door(host, port, certificate), lock=lock, on_ready=on_ready)
    finally:
        os.close(lock)


def serve_on_demand(settings: Settings) -> None:
    """Serve on a free port until nobody used it for `FIRN_CATALOG_IDLE_SECONDS`.

    The process that starts this one holds the lock on starting.
    """
    lock = process.become_server(settings)
    if lock is None:
        return
    _run(settings, _Door(), lock=lock, idle=process.idle_seconds())


def _run(
    settings: Settings,
    door: _Door,
    *,
    lock: int,
    idle: float | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    allow_open_files()  # or it tries to accept a connection again and again
    lake = Lake.open(settings)
    ownership.claim(lake.store, settings)
    app = application(
        lake.store, warehouse=settings.warehouse, token=process.read_token(settings)
    )
    tls = door.certificate
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            ws="none",
            ssl_certfile=tls.cert if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
            timeout_graceful_shutdown=5,
            # Seconds. A connection that is closed as a client is about to use it fails
            # a build; between two requests of one model there may be a long query.
            timeout_keep_alive=600,
        )
    )
    with _ending_by_signal(), _listening(door.host, door.port) as listener:
        try:
            address = _address(door, listener)
            log.info("the catalog listens on %s", address["uri"])
            presence = Presence(settings, address, lock=lock)
            presence.announce()
            presence.watch(server, app, idle=idle)
            threading.Thread(target=_warm_up, daemon=True).start()
            if on_ready is not None:
                on_ready(address["uri"])
            server.run(sockets=[listener])
        finally:
            process.withdraw(settings, lock)
            lake.close()


@contextmanager
def _ending_by_signal() -> Iterator[None]:
    """Clean up after SIGTERM as after Ctrl-C, and take both for a wish, not a failure.

    uvicorn ends its work first, and then sends itself the signal that it was sent.
    """
    is_main_thread = threading.current_thread() is threading.main_thread()
    if is_main_thread:
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        if is_main_thread:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named. Without it, every
    # answer waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SetupError(
            f"cannot listen ({error.strerror})",
            where=f"{host}:{port}",
            remedy="Choose another port, or 0 for any that is free.",
        ) from error
    with listener:
        yield listener


def _address(door: _Door, listener: socket.socket) -> dict[str, str]:
    host, certificate = door.host, door.certificate
    shown = "localhost" if host in _ANY else f"[{host}]" if ":" in host else host
    scheme = "https" if certificate else "http"
    address = {"uri": f"{scheme}://{shown}:{listener.getsockname()[1]}"}
    if certificate:
        address["ca"] = str(certificate.cert.resolve())
    return address


def _warm_up() -> None:
    # pyiceberg takes most of the start; the first requests (config, namespaces, loads)
    # do without it.
    import orchestration.lake.catalog.updates  # noqa: F401, PLC0415


def _refuse_other_than_loopback(host: str) -> None:
    if not process.is_loopback(host):
        raise UsageError(
            "the catalog leaves this machine by TLS alone",
            where=host,
            remedy="Add --tls-cert and --tls-key, or use 127.0.0.1 and a tunnel.",
        )
