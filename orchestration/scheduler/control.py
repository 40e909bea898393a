"""Start and end the local Airflow."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from orchestration import locks
from orchestration.errors import SetupError
from orchestration.scheduler import record
from orchestration.scheduler.client import Client
from orchestration.scheduler.database import named
from orchestration.scheduler.environment import home
from orchestration.scheduler.record import Record
from orchestration.settings import Settings

PORT = 8080
COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_START_SECONDS = 180.0
_END_SECONDS = 60.0
_POLL_SECONDS = 0.2


def up(
    settings: Settings,
    *,
    port: int = PORT,
    on_wait: Callable[[str], None] = lambda _: None,
) -> tuple[Record, bool]:
    """See that one runs and its components are healthy; also whether it is a new one.

    Args:
        port: Of the loopback interface.
        on_wait: Called with what is still awaited.

    Raises:
        SetupError: Airflow is not installed, the port is taken, or a component does not
            start; the message has the reason and names the log.
        UsageError: `FIRN_AIRFLOW_DATABASE` names no database.
    """
    _require()
    home(settings).mkdir(parents=True, exist_ok=True)
    with locks.alone(record.start_lock(settings)):
        if (found := Record.of(settings)) is not None:
            return found, False
        named()  # a bad one is told here, not in a log
        _require_free(port)
        keeper = _spawn(settings, port)
        try:
            _wait(settings, keeper, port, on_wait)
        except BaseException:
            keeper.terminate()  # nobody waits for it any longer
            raise
        started = Record.of(settings)
        assert started is not None
        return started, True


def down(settings: Settings) -> Record | None:
    """End it and wait until it is gone; None if none ran.

    Raises:
        SetupError: It does not end.
    """
    if not home(settings).is_dir():
        return None
    with locks.alone(record.start_lock(settings)):
        running = Record.of(settings)
        if running is None:
            return None
        with suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        while Record.of(settings) is not None:
            if time.monotonic() > deadline:
                raise SetupError(
                    "Airflow does not end",
                    where=f"process {running.pid}",
                    remedy=f"`kill -9 {running.pid}`, and its children.",
                )
            time.sleep(_POLL_SECONDS)
        return running


def running(settings: Settings) -> Record:
    """The one that runs.

    Raises:
        SetupError: There is none.
    """
    if (found := Record.of(settings)) is None:
        raise SetupError(
            "Airflow does not run here",
            where=str(home(settings)),
            remedy="Start it: `firn airflow up`.",
        )
    return found


def _require() -> None:
    if not Path(sys.executable).with_name("airflow").is_file():
        raise SetupError(
            "Airflow is not installed",
            where=sys.executable,
            remedy="`make airflow` installs and starts it, or install the extra: "
            "pip install 'firn[airflow]'.",
        )


def _require_free(port: int) -> None:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(
                f"port {port} cannot be had: {error.strerror}",
                where="127.0.0.1",
                remedy="End what listens there, or choose another: --port 8081.",
            ) from error


def _spawn(settings: Settings, port: int) -> "subprocess.Popen[bytes]":
    path = record.log_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as log:
        return subprocess.Popen(  # noqa: S603  # no shell, our own arguments
            [sys.executable, "-m", "orchestration.scheduler", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.project_dir,
            start_new_session=True,  # Ctrl-C in the terminal is for clients
        )


def _wait(
    settings: Settings,
    keeper: "subprocess.Popen[bytes]",
    port: int,
    on_wait: Callable[[str], None],
) -> None:
    client = Client(f"http://127.0.0.1:{port}")
    deadline = time.monotonic() + _START_SECONDS
    missing: list[str] = list(COMPONENTS)
    while time.monotonic() < deadline and keeper.poll() is None:
        health = client.health()
        missing = [name for name in COMPONENTS if health.get(name) != "healthy"]
        if not missing:
            return
        on_wait(", ".join(missing))
        time.sleep(_POLL_SECONDS)
    log = record.log_file(settings)
    raise SetupError(
        f"Airflow does not start: {', '.join(missing)} did not become healthy",
        where=str(log),
        remedy="That file says why.",
    )
