from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from orchestration import locks
from orchestration.scheduler.environment import home
from orchestration.scheduler.record import Record, server_lock
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.small_airflow import one_airflow, small_airflow

__all__ = ["one_airflow", "small_airflow"]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    environment.only(monkeypatch)


@contextmanager
def kept(settings: Settings, record: Record) -> Iterator[None]:
    """As if this process kept one: its record, and the lock."""
    home(settings).mkdir(parents=True, exist_ok=True)
    record.write(settings)
    with locks.alone(server_lock(settings)):
        yield


@pytest.fixture
def roomy() -> Iterator[Path]:
    """A folder that Postgres' own user may enter, where the tests run as root."""
    with TemporaryDirectory(prefix="firn-pg-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)
