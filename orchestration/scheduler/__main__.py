"""Keep Airflow's components: they end when this process does.

python -m orchestration.scheduler PORT
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from orchestration import locks
from orchestration.scheduler import component, database
from orchestration.scheduler.environment import home, variables
from orchestration.scheduler.record import Record, server_lock
from orchestration.settings import Settings

COMPONENTS = ("scheduler", "dag-processor", "triggerer", "api-server")
_POLL = 0.5  # seconds
_AT_ONCE = 15.0  # seconds; who ends sooner than that, again and again, is not kept
_TRIES = 3
_PATIENCE = 30.0  # seconds for a component to end
_TELL_WHEN_PARENT_ENDS = 1  # PR_SET_PDEATHSIG of prctl(2)
log = logging.getLogger("keeper")
Start = Callable[[str], "subprocess.Popen[bytes]"]


def main() -> int:
    """Run Airflow with our settings until somebody ends us, or it cannot run."""
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.INFO)
    settings, port = Settings.load(), int(sys.argv[1])
    ended = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ended.set())
    with (
        locks.alone(server_lock(settings)),
        database.serving(home(settings)) as records,
    ):
        environ = {**os.environ, **variables(settings, port=port, database=records.url)}

        def start(*arguments: str) -> "subprocess.Popen[bytes]":
            return subprocess.Popen(  # noqa: S603  # our own words
                [sys.executable, "-m", component.__name__, *arguments],
                env=environ,
                cwd=settings.project_dir,
                start_new_session=True,  # so that all of its processes can be ended
                preexec_fn=_end_with_us,  # noqa: PLW1509 - there is one thread
            )

        if code := start("db", "migrate").wait():
            return code
        Record(pid=os.getpid(), port=port, why_sqlite=records.why).write(settings)
        return keep(start, ended)


def keep(start: Start, ended: threading.Event) -> int:
    """Let all components run until `ended`; one that dies is started again.

    Returns:
        0, or 1 where a component ends as soon as it has started.
    """
    children = {name: start(name) for name in COMPONENTS}
    since = dict.fromkeys(COMPONENTS, time.monotonic())
    quick = dict.fromkeys(COMPONENTS, 0)
    try:
        while not ended.wait(_POLL):
            for name, child in children.items():
                if child.poll() is None:
                    continue
                at_once = time.monotonic() - since[name] < _AT_ONCE
                quick[name] = quick[name] + 1 if at_once else 0
                if quick[name] == _TRIES:
                    log.error("%s ends with %s at once", name, child.returncode)
                    return 1
                log.warning("%s ended with %s: again", name, child.returncode)
                _sweep(child)
                children[name], since[name] = start(name), time.monotonic()
    finally:
        _end(children.values())
    return 0


def _end(children: "Collection[subprocess.Popen[bytes]]") -> None:
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        _sweep(child)


def _sweep(ended: "subprocess.Popen[bytes]") -> None:
    """End what a component has left.

    A scheduler's workers hold its connections, and Postgres its locks for as long: no
    other scheduler could start a task.
    """
    with suppress(ProcessLookupError):
        os.killpg(ended.pid, signal.SIGKILL)


def _end_with_us() -> None:
    """Let Linux tell a component when we are gone, however that happened."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_TELL_WHEN_PARENT_ENDS, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
