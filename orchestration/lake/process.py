"""The catalog's process: started by whoever needs it first, gone when nobody does.

Two locks of the operating system say what is true, and no crash can leave them wrong,
because the kernel lets go of a dead process's locks:

- `catalog.users`: every client holds it shared for as long as it lives. The server
  may leave when it can have it alone.
- `catalog.server`: the one running server holds it.

`catalog.start` guards the moment of starting, and `catalog.json` says on which port
the server listens. This module is imported by every dbt process, so it imports nothing
heavy.
"""

import fcntl
import ipaddress
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from orchestration import locks
from orchestration.errors import SetupError, UsageError
from orchestration.lake.credentials import read_token
from orchestration.settings import Settings

__all__ = ["read_token"]

_START_SECONDS = 60.0
_POLL_SECONDS = 0.01

_held: dict[Path, int] = {}
_guard = threading.Lock()


@dataclass(frozen=True)
class Endpoint:
    """Where the catalog listens, and the token that it wants.

    `ca` is a file of certificates to trust where it speaks TLS; empty for the
    system's own.
    """

    uri: str
    token: str = field(repr=False)
    ca: str = ""


def ensure_catalog(
    settings: Settings, *, environ: Mapping[str, str] = os.environ
) -> Endpoint:
    """Return a catalog that runs, and keeps running while this process lives.

    `FIRN_CATALOG_URI` (with `FIRN_CATALOG_TOKEN`) names one that somebody else runs,
    `FIRN_CATALOG_CA` the certificates to trust if it speaks TLS.

    Raises:
        SetupError: It does not start; the message names its log.
        UsageError: The address would carry the token in plain text to another machine,
            or a variable has a value that it cannot have.
    """
    ca = environ.get("FIRN_CATALOG_CA") or ""
    if uri := environ.get("FIRN_CATALOG_URI"):
        _refuse_plain_text(uri)
        _go_directly(uri)
        token = environ.get("FIRN_CATALOG_TOKEN") or read_token(settings)
        return Endpoint(uri.rstrip("/"), token, ca)
    idle_seconds(environ)  # or the server would refuse it, in its log
    read_token(settings)  # says what is wrong with it better than a server's log
    settings.home.mkdir(parents=True, exist_ok=True)
    _hold(settings)
    address = _running(settings) or _start(settings)
    _go_directly(address["uri"])
    return Endpoint(address["uri"], read_token(settings), ca or address.get("ca", ""))


def release(settings: Settings) -> None:
    """Say that this process needs the catalog no longer (it would by ending, too)."""
    with _guard:
        if (descriptor := _held.pop(settings.home, None)) is not None:
            os.close(descriptor)


def idle_seconds(environ: Mapping[str, str] = os.environ) -> float:
    """How long the catalog stays after its last user (`FIRN_CATALOG_IDLE_SECONDS`).

    Raises:
        UsageError: It is no number, or below zero.
    """
    given = environ.get("FIRN_CATALOG_IDLE_SECONDS") or "5"
    with suppress(ValueError):
        seconds = float(given)
        if 0 <= seconds < math.inf:
            return seconds
    raise UsageError(
        f"{given!r} is no number of seconds",
        where="FIRN_CATALOG_IDLE_SECONDS",
        remedy="Set it to a number like 5 or 0.5, or leave it out.",
    )


def address_file(settings: Settings) -> Path:
    """Says where the running server listens."""
    return settings.home / "catalog.json"


@contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """Be the only process that starts a server, or looks whether one runs."""
    with locks.alone(settings.home / "catalog.start"):
        yield


def is_running(settings: Settings) -> bool:
    """Whether a server of this lake is alive."""
    return locks.is_taken(settings.home / "catalog.server")


def become_server(settings: Settings) -> int | None:
    """Take the server's lock for this process's life; None if another one has it."""
    return locks.take(settings.home / "catalog.server")


def is_still_server(settings: Settings, lock: int) -> bool:
    """Whether the lock is that of the lake that is there: somebody may delete it."""
    return locks.is_at(lock, settings.home / "catalog.server")


def withdraw(settings: Settings, lock: int) -> None:
    """Take the server's address away, unless the lake and its server are new ones."""
    if is_still_server(settings, lock):
        address_file(settings).unlink(missing_ok=True)


def leave_alone(settings: Settings) -> int | None:
    """Take the users' lock if nobody uses the server; closing it lets users in."""
    descriptor = locks.opened(settings.home / "catalog.users")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _hold(settings: Settings) -> None:
    with _guard:
        path = settings.home / "catalog.users"
        held = _held.get(settings.home)
        if held is not None and not locks.is_at(held, path):
            os.close(_held.pop(settings.home))  # of a lake that was deleted
            held = None
        if held is None:
            descriptor = locks.opened(path)
            # Waits only for a server that is just leaving.
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            _held[settings.home] = descriptor


def _refuse_plain_text(uri: str) -> None:
    try:
        parsed = urlsplit(uri)
        is_address = parsed.scheme in {"http", "https"} and parsed.port != 0
    except ValueError:  # a port that is no number, a bracket that never closes
        is_address = False
    if not is_address:
        raise UsageError(
            "it is not the address of a catalog",
            where="FIRN_CATALOG_URI",
            remedy="Write it as http://127.0.0.1:8181 or https://catalog.example.",
        )
    if parsed.scheme != "https" and not is_loopback(parsed.hostname or ""):
        raise UsageError(
            "this address would carry the catalog's token to another machine in "
            "plain text",
            where="FIRN_CATALOG_URI",
            remedy="Use https there (`firn catalog serve --tls-cert`), or a tunnel.",
        )


def _go_directly(uri: str) -> None:
    """Show the token to no proxy (HTTP_PROXY) on the way to this very machine."""
    host = urlsplit(uri).hostname or ""
    if not is_loopback(host):
        return
    for name in ("NO_PROXY", "no_proxy"):  # DuckDB and pyiceberg read one or the other
        known = os.environ.get(name, "")
        if host not in known.split(","):
            os.environ[name] = f"{known},{host}" if known else host


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _running(settings: Settings) -> dict[str, str] | None:
    """The address of the server, if one is alive and ready."""
    if not is_running(settings):
        return None
    try:
        found = json.loads(address_file(settings).read_text())
    except (FileNotFoundError, ValueError):
        return None  # not ready yet, or damaged: the server repairs it
    is_address = isinstance(found, dict) and isinstance(found.get("uri"), str)
    return found if is_address else None


def _start(settings: Settings) -> dict[str, str]:
    with starting(settings):
        deadline = time.monotonic() + _START_SECONDS
        server: subprocess.Popen[bytes] | None = None
        while time.monotonic() < deadline:
            if address := _running(settings):
                if server is not None:
                    # Whenever it ends, it shall not stay a zombie of this process.
                    threading.Thread(target=server.wait, daemon=True).start()
                return address
            if server is None and not is_running(settings):
                # What a killed server left behind must go before the next one is
                # alive: an address counts while some server is.
                address_file(settings).unlink(missing_ok=True)
                server = _spawn(settings)
            if server is not None and server.poll() is not None:
                break
            time.sleep(_POLL_SECONDS)
    raise SetupError(
        "the catalog does not start",
        where=str(settings.log_dir / "catalog.log"),
        remedy="The end of that file has the reason; `firn doctor` checks the rest.",
    )


def _spawn(settings: Settings) -> subprocess.Popen[bytes]:
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "FIRN_PROJECT_DIR": str(settings.project_dir),
        "FIRN_HOME": str(settings.home),
        "FIRN_WAREHOUSE": str(settings.warehouse),
        "FIRN_CATALOG_DATABASE": settings.database_url,
        "FIRN_USER": settings.user,
        "FIRN_BRANCH": settings.branch,
    }
    with (settings.log_dir / "catalog.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration.lake.rest", "--on-demand"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal is for the client
        )
