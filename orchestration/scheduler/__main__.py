"""Keep Airflow's components: they end when this process does.

python -m orchestration.scheduler PORT
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from orchestration import locks
from orchestration.scheduler import database
from orchestration.scheduler.environment import home, variables
from orchestration.scheduler.record import Record, server_lock
from orchestration.settings import Settings

COMPONENTS = ("scheduler", "dag-processor", "triggerer", "api-server")
_POLL = 0.5  # seconds
_AT_ONCE = 15.0  # seconds; who ends sooner than that, again and again, is not kept
_TRIES = 3
_PATIENCE = 30.0  # seconds for a component to end
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
        program = str(Path(sys.executable).with_name("airflow"))

        def start(*arguments: str) -> "subprocess.Popen[bytes]":
            return subprocess.Popen(  # noqa: S603  # our own words
                [program, *arguments], env=environ, cwd=settings.project_dir
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


if __name__ == "__main__":
    sys.exit(main())
