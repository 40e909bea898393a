import os
import stat
from pathlib import Path

import pytest

from orchestration import locks
from orchestration.errors import SetupError, UsageError
from orchestration.spark.warm import client, record
from orchestration.spark.warm.control import idle_seconds
from orchestration.spark.warm.record import Record

NOBODY = Record(pid=1, port=1, token="t" * 32, since="2026-01-01", master="local[1]")


def test_a_record_counts_while_its_process_holds_the_lock(tmp_path: Path) -> None:
    assert Record.of(tmp_path) is None
    assert list(tmp_path.iterdir()) == [], "who looks leaves nothing"
    NOBODY.write(tmp_path)
    assert Record.of(tmp_path) is None
    lock = locks.take(record.server_lock(tmp_path))
    assert lock is not None
    assert locks.take(record.server_lock(tmp_path)) is None
    assert Record.of(tmp_path) == NOBODY
    assert stat.S_IMODE(record.path(tmp_path).stat().st_mode) == 0o600
    record.path(tmp_path).write_text('{"pid": 1')
    assert Record.of(tmp_path) is None
    os.close(lock)


def test_one_that_does_not_answer_is_named(tmp_path: Path) -> None:
    NOBODY.write(tmp_path)
    lock = locks.take(record.server_lock(tmp_path))
    assert lock is not None
    with pytest.raises(SetupError, match="process 1: the warm Spark does not answer"):
        client.knock(tmp_path, {})
    os.close(lock)
    assert client.knock(tmp_path, {}) is None


@pytest.mark.parametrize("given", ["", "0.5", "8"])
def test_hours_without_a_build(given: str) -> None:
    found = idle_seconds({"FIRN_SPARK_IDLE_HOURS": given})
    assert found == float(given or 8) * 3600


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "a day"])
def test_hours_that_are_none(given: str) -> None:
    with pytest.raises(UsageError, match="no number of hours"):
        idle_seconds({"FIRN_SPARK_IDLE_HOURS": given})
