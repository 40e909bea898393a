"""A server goes on looking whether it may leave, whatever comes in between."""

import errno
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.lake import Lake, process
from orchestration.lake.rest.presence import Presence
from orchestration.settings import Settings


def test_it_leaves_although_descriptors_ran_out_for_a_while(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = process.become_server(settings)
    assert lock is not None
    left = threading.Event()
    failures = iter(range(2))
    original = process.leave_alone

    def leave_alone(settings: Settings) -> int | None:
        if next(failures, None) is not None:
            raise OSError(errno.EMFILE, "Too many open files")
        return original(settings)

    monkeypatch.setattr(process, "leave_alone", leave_alone)
    monkeypatch.setattr(process, "withdraw", lambda *_: left.set())
    server: Any = SimpleNamespace(should_exit=False)
    app: Any = SimpleNamespace(last_used=0.0)
    presence = Presence(settings, {"uri": "http://127.0.0.1:1"}, lock=lock)
    presence.watch(server, app, idle=0.0)
    assert left.wait(10)
