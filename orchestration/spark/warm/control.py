"""Start and end the warm Spark of a lake."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from orchestration import locks
from orchestration.errors import SetupError, UsageError
from orchestration.settings import Settings
from orchestration.spark.warm import record
from orchestration.spark.warm.client import knock
from orchestration.spark.warm.record import Record

_START_SECONDS = 600.0  # the first start fetches Iceberg's jar
_END_SECONDS = 30.0
_POLL_SECONDS = 0.05
_IDLE = "FIRN_SPARK_IDLE_HOURS"


def up(
    settings: Settings,
    conf: Mapping[str, str],
    *,
    on_wait: Callable[[float], None] = lambda _: None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[Record, bool]:
    """See that one runs and lets clients in; also return whether it was started now.

    Args:
        conf: Spark's settings, by name.
        on_wait: Called with the seconds waited so far, now and then.

    Raises:
        SetupError: It does not start; the message has the reason and names its log.
        UsageError: One runs with other settings, or `FIRN_SPARK_IDLE_HOURS` is no
            number of hours.
    """
    home = settings.home
    asked = {"conf": dict(conf), "idle_seconds": idle_seconds(environ)}
    home.mkdir(parents=True, exist_ok=True)
    with locks.alone(record.start_lock(home)):
        if started := not record.is_running(home):
            # What a killed one left must go before the next is alive.
            record.path(home).unlink(missing_ok=True)
        server = _spawn(settings, asked) if started else None
        found = _ready(home, server, on_wait)
        if (door := knock(home, conf)) is not None:
            door.connection.close()
        return found, started


def down(settings: Settings) -> Record | None:
    """End it and wait until it is gone; None if none ran.

    Raises:
        SetupError: It does not end.
    """
    home = settings.home
    if not home.is_dir():
        return None
    with locks.alone(record.start_lock(home)):
        if not record.is_running(home):
            return None
        # On record while its lock is held: the number is that of no other process.
        running = _ready(home, None, lambda _: None)
        with suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        while record.is_running(home):
            if time.monotonic() > deadline:
                raise SetupError(
                    "the warm Spark does not end",
                    where=f"process {running.pid}",
                    remedy=f"`kill -9 {running.pid}`; its JVM ends with it.",
                )
            time.sleep(_POLL_SECONDS)
        return running


def idle_seconds(environ: Mapping[str, str] = os.environ) -> float:
    """How long it stays unused (`FIRN_SPARK_IDLE_HOURS`, 8).

    Raises:
        UsageError: It is no number, or not above zero.
    """
    given = environ.get(_IDLE) or "8"
    with suppress(ValueError):
        hours = float(given)
        if 0 < hours < math.inf:
            return hours * 3600
    raise UsageError(
        f"{given!r} is no number of hours",
        where=_IDLE,
        remedy="Set it to a number like 8 or 0.5, or leave it out.",
    )


def _ready(
    home: Path, server: subprocess.Popen[str] | None, on_wait: Callable[[float], None]
) -> Record:
    began = time.monotonic()
    try:
        while (waited := time.monotonic() - began) < _START_SECONDS:
            if (found := Record.of(home)) is not None:
                return found
            if server is not None and server.poll() is not None:
                break
            if server is None and not record.is_running(home):
                break  # it was just ending
            on_wait(waited)
            time.sleep(_POLL_SECONDS)
    except BaseException:
        if server is not None:
            server.terminate()  # nobody waits for it any longer
        raise
    log = record.log_file(home)
    raise SetupError(
        f"the warm Spark does not start{_last_words(log)}",
        where=str(log),
        remedy="That file says more; `firn doctor` checks Java and the jar.",
    )


def _last_words(log: Path) -> str:
    with suppress(OSError):
        lines = log.read_text(errors="replace").splitlines()
        if said := next((line for line in reversed(lines) if line.strip()), ""):
            return f": {said.strip()[:500]}"
    return ""


def _spawn(settings: Settings, asked: Mapping[str, object]) -> subprocess.Popen[str]:
    path = record.log_file(settings.home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as log:
        server = subprocess.Popen(  # noqa: S603  # no shell, our own arguments
            [sys.executable, "-m", "orchestration.spark.warm", str(settings.home)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=settings.project_dir,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is for clients
        )
    assert server.stdin is not None
    with suppress(BrokenPipeError), server.stdin:  # then it says why in its log
        json.dump(asked, server.stdin)
    # Whenever it ends, it shall not stay a zombie of this process.
    threading.Thread(target=server.wait, daemon=True).start()
    return server
