"""`firn` in processes of its own, on a lake whose catalog is disturbed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from orchestration.lake import process
from orchestration.settings import Settings

FIRN = Path(sys.executable).with_name("firn")
SITE = Path(__file__).parent / "sitecustomize"
HERE = "orchestration.tests.faults.catalog_machine"
PATIENCE = 60.0  # seconds; far more than anything here takes


# What stands in for guards, in the processes of the command line


def never(*_: Any) -> bool:
    return False


def any_lock(settings: Settings) -> int:
    """`process.become_server` that takes no lock."""
    return os.open(settings.home / "catalog.server", os.O_RDWR | os.O_CREAT)


def nothing(*_: Any, **__: Any) -> None:
    pass


def five(*_: Any) -> float:
    return 5.0


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    with socket.create_server((host, port)) as listener:
        yield listener


SHORT = 300  # milliseconds
explained = nullcontext


@dataclass(frozen=True)
class Done:
    code: int
    said: str  # on both streams


class Machine:
    """`firn` in processes of its own, on the lake of a test."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *args: str, switch_off: str = "", **env: str) -> Any:
        own = {
            "FIRN_PROJECT_DIR": str(self.settings.project_dir),
            "FIRN_HOME": str(self.settings.home),
            "FIRN_CATALOG_IDLE_SECONDS": "0.5",
            "FIRN_TEST_MUTANT": switch_off,
            "PYTHONPATH": str(SITE),
        }
        child = subprocess.Popen(
            [str(FIRN), *args],
            env=os.environ | own | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(child)
        return child

    def firn(self, *args: str, switch_off: str = "", **env: str) -> Done:
        child = self.start(*args, switch_off=switch_off, **env)
        said, _ = child.communicate(timeout=120)
        return Done(child.returncode, said)

    def end(self) -> None:
        for child in self.started:
            if child.poll() is None:
                child.terminate()
            if child.stdout is not None and not child.stdout.closed:
                child.communicate()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def is_clear(done: Done, code: int, *words: str) -> None:
    """It ended with the code and an error for people."""
    assert done.code == code, done.said
    assert "Traceback" not in done.said
    assert "unexpected" not in done.said
    for word in ("error:", "fix:", *words):
        assert word in done.said


def answers(endpoint: process.Endpoint) -> bool:
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    where = f"{endpoint.uri}/v1/config"
    answer = httpx.get(where, params={"warehouse": "main"}, headers=headers)
    return answer.status_code == 200
